//! One event changes the model and asks for effects. Total: any list of events in any order gives
//! a model; no IO, no clock.

mod act;
mod log;
mod open;
mod palette;
mod prompt;
mod select;

use std::sync::Arc;

use super::effect::Effect;
use super::event::{Event, Key, Stamped};
use super::model::Model;
use super::navigation::Route;
use crate::domain::store::{self, Change};
use crate::domain::text::Text;
use crate::domain::time::{self, Duration, Timestamp};
use crate::explain::{Explanations, Verdict, changes};

pub(super) use select::settle;

/// How long an explanation stands while nothing but time changes: rules have thresholds.
pub(super) const REEXPLAIN: Duration = Duration::from_secs(20);

/// Folds one event into the model.
pub fn update(model: &mut Model, stamped: Stamped) -> Vec<Effect> {
    let Stamped { at, event } = stamped;
    let mut effects = Vec::new();
    match event {
        Event::Key(key) => effects.extend(press(model, key, at)),
        Event::Paste(text) => {
            model.revision += 1;
            prompt::paste(model, &text);
        }
        Event::Resize { width, height } => model.size = (width, height),
        Event::Update(update) => {
            let change = store::apply(&mut model.snapshot, *update);
            if let Some(frozen) = &mut model.frozen {
                frozen.held = frozen.held.saturating_add(1);
            }
            if change == Change::Data {
                model.told += 1;
                effects.extend(explain_again(model, at));
            }
        }
        Event::Log { stream, items } => {
            if stream == model.log.stream {
                model.log.take(at, items);
            }
        }
        Event::Tick => {
            let due = model.explained_at.is_none_or(|explained| time::age(at, explained) >= REEXPLAIN);
            if due {
                model.told += 1;
                effects.extend(explain_again(model, at));
            }
        }
        Event::Resumed => effects.push(Effect::Repaint),
        Event::Done(text) => model.message = Some(text),
    }
    settle(model, at);
    effects.extend(leave_log(model));
    effects.extend(look(model));
    effects
}

/// The log is read only while somebody looks at it.
fn leave_log(model: &mut Model) -> Option<Effect> {
    let open = model.navigation.crumbs().iter().any(|route| matches!(route, Route::Logs(_)));
    let reading = model.log.stream != 0 && model.log.ended.is_none();
    if open || !reading {
        return None;
    }
    model.log.ended = Some(Text::from("closed"));
    Some(Effect::CloseLog)
}

/// Tells the sources which workload is looked at, when that changes.
fn look(model: &mut Model) -> Option<Effect> {
    let looked_at = model.looked_at();
    if looked_at == model.focused {
        return None;
    }
    model.focused.clone_from(&looked_at);
    Some(Effect::Focus(looked_at))
}

fn explain_again(model: &mut Model, at: Timestamp) -> Vec<Effect> {
    let mut fresh = (model.explain)(&model.snapshot, at);
    changes(&model.explanations, &mut fresh, &model.snapshot, at);
    let effects = turns(&model.explanations, &fresh);
    model.explained_at = Some(at);
    model.explained_generation = model.snapshot.generation;
    if *model.explanations != fresh {
        model.explanations = Arc::new(fresh);
    }
    effects
}

/// What became held up or freed itself between two explanations of the world.
fn turns(before: &Explanations, after: &Explanations) -> Vec<Effect> {
    let mut effects = Vec::new();
    for (workload, now) in after {
        let Some(was) = before.get(workload) else { continue };
        let name = &workload.name;
        match (was.verdict, now.verdict) {
            (Verdict::Clear | Verdict::CannotTell, Verdict::Held) => {
                effects.push(Effect::Notify(Text::from(format!("{name} is held up: {}", now.headline))));
            }
            (Verdict::Held, Verdict::Clear) => effects.push(Effect::Notify(Text::from(format!("{name} is no longer held up")))),
            _ => {}
        }
    }
    effects
}

fn press(model: &mut Model, key: Key, at: Timestamp) -> Vec<Effect> {
    model.message = None;
    if model.prompt.is_some() {
        model.revision += 1;
        return prompt::key(model, key, at);
    }
    let layer = model.layer(&model.focus());
    let Some(action) = model.keymap.action(layer, key) else { return Vec::new() };
    let effects = act::act(model, action, at);
    if !action.only_moves() {
        model.revision += 1;
    }
    effects
}
