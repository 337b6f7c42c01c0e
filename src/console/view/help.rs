//! Keys as they are bound now; those of the view one came from first.

use super::content::{Cell, Column, Content, Row};
use crate::console::keymap::Layer;
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::domain::time::Timestamp;

/// The table of keys.
pub fn view(model: &Model, _route: &Route, _now: Timestamp) -> Content {
    let from = model.navigation.crumbs().iter().rev().find(|route| **route != Route::Help);
    let first = from.map_or(Layer::List, |route| model.layer(route));
    let mut layers = vec![first, Layer::Global];
    layers.extend(Layer::ALL.into_iter().filter(|layer| *layer != first && *layer != Layer::Global));
    let mut rows = Vec::new();
    for layer in layers {
        for action in model.keymap.actions(layer) {
            let cells = vec![
                Cell::new(model.keymap.keys(layer, action).join(" "), Meaning::Key),
                Cell::plain(action.description()),
                Cell::muted(layer.title()),
                Cell::muted(action.name()),
            ];
            rows.push(Row::new(ObjectId::Part(format!("{}:{action}", layer.title())), cells));
        }
    }
    Content {
        columns: vec![
            Column::fit("KEY", 16, 0),
            Column::fill("DOES", 24),
            Column::fit("WHERE", 18, 1),
            Column::fit("NAME IN THE CONFIG", 20, 2),
        ],
        rows,
        empty: "no key matches".to_owned(),
        ..Content::default()
    }
}
