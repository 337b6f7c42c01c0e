//! Opens the palette, and goes where the chosen row leads.

use super::{act, open, prompt, select};
use crate::console::effect::Effect;
use crate::console::model::{Model, PromptKind};
use crate::console::navigation::{ObjectId, Route};
use crate::console::view::palette::Goal;
use crate::domain::time::Timestamp;

/// Opens it with an empty line: what was typed last time is of no use now.
pub(super) fn open(model: &mut Model) {
    model.lists.remove(&Route::Palette);
    model.navigation.glance(Route::Palette);
    prompt::open(model, PromptKind::Palette);
}

/// Goes to the selected row's goal, from where the palette was opened.
pub(super) fn choose(model: &mut Model, at: Timestamp) -> Vec<Effect> {
    super::settle(model, at);
    let chosen = select::selected(model, &Route::Palette);
    // Nothing is left after a filter that fits nothing: then one stays.
    let found = crate::console::view::listing(model, &Route::Palette, at).rows.iter().any(|row| Some(&row.id) == chosen.as_ref());
    model.navigation.dismiss(&Route::Palette);
    match chosen.filter(|_| found) {
        Some(ObjectId::Part(part)) => Goal::of(&part).map(|goal| go(model, goal, at)).unwrap_or_default(),
        Some(ObjectId::Resource(key)) => match open::drill(model, &Route::Palette, &key) {
            Some(Route::Logs(log)) => open::open_log(model, log),
            Some(target) => {
                model.navigation.push(target);
                Vec::new()
            }
            None => Vec::new(),
        },
        Some(ObjectId::Source(_) | ObjectId::Event { .. }) | None => Vec::new(),
    }
}

fn go(model: &mut Model, goal: Goal, at: Timestamp) -> Vec<Effect> {
    match goal {
        Goal::Tab(index) => {
            if let Some(route) = Route::TABS.get(index) {
                model.navigation.open_tab(route.clone());
            }
            Vec::new()
        }
        Goal::Context(name) => {
            model.navigation.open_tab(Route::Workloads);
            model.panel = 0;
            model.lists.entry(Route::Workloads).or_default().filter = format!("context:{name}");
            Vec::new()
        }
        Goal::Action(action) => act::act(model, action, at),
    }
}
