//! Everything one can go to or do: views, contexts, workloads, groups, machines, quotas, and the
//! actions of the view one came from. Typing narrows it; it shows nothing that has no name.

use super::content::{Cell, Column, Content, Row};
use crate::console::action::Action;
use crate::console::keymap::Layer;
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::domain::id::ResourceKey;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// What a row that is no resource leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A tab, by its place.
    Tab(usize),
    /// The workloads of one context.
    Context(Text),
    /// An action.
    Action(Action),
}

impl Goal {
    /// The goal of a row's part.
    pub fn of(part: &str) -> Option<Self> {
        let (kind, name) = part.split_once(':')?;
        match kind {
            "view" => Some(Self::Tab(name.parse().ok()?)),
            "context" => Some(Self::Context(Text::from(name))),
            "do" => Action::named(name).map(Self::Action),
            _ => None,
        }
    }

    fn part(&self) -> ObjectId {
        ObjectId::Part(match self {
            Self::Tab(index) => format!("view:{index}"),
            Self::Context(name) => format!("context:{name}"),
            Self::Action(action) => format!("do:{action}"),
        })
    }
}

/// The table: what is held up first among the objects, as everywhere.
pub fn view(model: &Model, _route: &Route, now: Timestamp) -> Content {
    let mut rows: Vec<Row> = Route::TABS.iter().enumerate().map(|(index, tab)| goal(&Goal::Tab(index), "view", tab.word(), "")).collect();
    let contexts = super::contexts::names(model);
    if contexts.len() > 1 {
        rows.extend(contexts.iter().map(|name| goal(&Goal::Context(name.clone()), "context", name, "")));
    }
    let workloads = super::workloads::view(model, &Route::Workloads, now);
    rows.extend(workloads.rows.iter().filter_map(|row| row.id.resource()).map(|key| object(model, "workload", key)));
    let views = || model.snapshot().views.values().map(|source| &source.view);
    rows.extend(views().flat_map(|view| &view.groups).map(|group| object(model, "group", &group.key)));
    rows.extend(views().flat_map(|view| &view.nodes).map(|node| object(model, "node", &node.key)));
    rows.extend(views().flat_map(|view| &view.quotas).map(|quota| named(model, "quota", &quota.key, &quota.title)));
    rows.extend(actions(model));
    let mut seen = std::collections::BTreeSet::new();
    rows.retain(|row| seen.insert(row.id.clone()));
    Content {
        columns: vec![Column::fit("WHAT", 8, 0), Column::fill("NAME", 24), Column::fit("CONTEXT", 14, 1), Column::fit("KEY", 8, 2)],
        rows,
        ranked: true,
        ..Content::default()
    }
}

fn object(model: &Model, kind: &str, key: &ResourceKey) -> Row {
    named(model, kind, key, &key.name)
}

fn named(model: &Model, kind: &str, key: &ResourceKey, name: &Text) -> Row {
    let cells = vec![Cell::muted(kind), Cell::plain(name.as_str()), super::contexts::cell(model, &key.context), Cell::muted("")];
    Row::new(ObjectId::Resource(key.clone()), cells)
}

fn goal(goal: &Goal, kind: &str, name: &str, key: &str) -> Row {
    Row::new(goal.part(), vec![Cell::muted(kind), Cell::plain(name), Cell::muted(""), Cell::new(key, Meaning::Key)])
}

/// Actions that mean something in the view one came from, save those that only make sense at once.
fn actions(model: &Model) -> Vec<Row> {
    let from = model.navigation.crumbs().iter().rev().find(|route| **route != Route::Palette);
    let layer = from.map_or(Layer::List, |route| model.layer(route));
    let reach = layer.reach().iter().flat_map(|layer| model.keymap.actions(*layer));
    let worth = reach.filter(|action| !action.only_moves() && !matches!(action, Action::Palette | Action::Open) && action.tab().is_none());
    worth.map(|action| goal(&Goal::Action(action), "do", action.description(), &model.keymap.keys(layer, action).join(" "))).collect()
}
