//! Keeps the selection on its object and inside the screen, whatever happened to the rows.

use crate::console::layout;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::console::view;
use crate::console::view::content::Content;
use crate::console::widgets::table;
use crate::domain::time::Timestamp;

/// After every event: each list on the screen finds its selected object again, or the nearest row.
pub(crate) fn settle(model: &mut Model, now: Timestamp) {
    for (route, area) in layout::bodies(model) {
        if matches!(route, Route::Logs(_)) {
            continue;
        }
        let content = view::listing(model, &route, now);
        let index = match find(model, &route, &content) {
            Some(index) => index,
            None => model.lists.get(&route).map_or(0, |list| list.index).min(content.rows.len().saturating_sub(1)),
        };
        let list = model.lists.entry(route).or_default();
        list.index = index;
        // An empty list keeps the identity: a source that comes back finds its row selected.
        if let Some(row) = content.rows.get(index) {
            list.selected = Some(row.id.clone());
        }
        list.offset = table::scrolled(&content, area, list.offset, index);
    }
}

fn find(model: &Model, route: &Route, content: &Content) -> Option<usize> {
    let list = model.lists.get(route)?;
    let selected = list.selected.as_ref()?;
    if content.rows.get(list.index).is_some_and(|row| row.id == *selected) {
        return Some(list.index);
    }
    content.rows.iter().position(|row| row.id == *selected)
}

/// Selects the row at `index` of the focused list, within its bounds.
pub(super) fn select(model: &mut Model, route: Route, content: &Content, index: usize) {
    let index = index.min(content.rows.len().saturating_sub(1));
    let Some(row) = content.rows.get(index) else { return };
    let list = model.lists.entry(route).or_default();
    list.index = index;
    list.selected = Some(row.id.clone());
}

/// The object selected in a view.
pub(super) fn selected(model: &Model, route: &Route) -> Option<ObjectId> {
    model.lists.get(route)?.selected.clone()
}
