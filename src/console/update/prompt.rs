//! The line one types into: filter, palette, log search, log filter. It applies while typing.

use super::{act, palette};
use crate::console::effect::Effect;
use crate::console::event::{Key, KeyCode};
use crate::console::filter::Filter;
use crate::console::model::{Model, Prompt, PromptKind};
use crate::console::navigation::Route;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// The longest line that can be typed, in characters.
const LONGEST: usize = 200;

/// Opens a prompt with what applies now.
pub(super) fn open(model: &mut Model, kind: PromptKind) {
    let before = match kind {
        PromptKind::Filter | PromptKind::Palette => model.list(&model.focus()).map(|list| list.filter.clone()).unwrap_or_default(),
        PromptKind::LogSearch => model.log.search.clone(),
        PromptKind::LogFilter => model.log.filter.clone(),
    };
    model.prompt = Some(Prompt { kind, text: before.clone(), before });
}

/// A key while a prompt is open.
pub(super) fn key(model: &mut Model, key: Key, at: Timestamp) -> Vec<Effect> {
    let Some(mut prompt) = model.prompt.take() else { return Vec::new() };
    match (key.code, key.ctrl) {
        (KeyCode::Char('c'), true) => return vec![Effect::Quit],
        (KeyCode::Char('u'), true) => prompt.text.clear(),
        (KeyCode::Char('w'), true) => {
            let kept = prompt.text.trim_end().rfind(' ').map_or(0, |space| space + 1);
            prompt.text.truncate(kept);
        }
        (KeyCode::Char(letter), false) if prompt.text.chars().count() < LONGEST && !letter.is_control() => prompt.text.push(letter),
        (KeyCode::Up, _) | (KeyCode::Char('p'), true) => act::step(model, -1, at),
        (KeyCode::Down, _) | (KeyCode::Char('n'), true) => act::step(model, 1, at),
        (KeyCode::Backspace, _) if prompt.text.is_empty() => {
            leave(model, &prompt);
            return Vec::new();
        }
        (KeyCode::Backspace, _) => {
            prompt.text.pop();
        }
        (KeyCode::Esc, _) => {
            prompt.text.clone_from(&prompt.before);
            apply(model, &prompt);
            leave(model, &prompt);
            return Vec::new();
        }
        (KeyCode::Enter, _) => {
            apply(model, &prompt);
            return finish(model, &prompt, at);
        }
        _ => {}
    }
    apply(model, &prompt);
    model.prompt = Some(prompt);
    Vec::new()
}

/// Pasted text goes into the open prompt, or nowhere.
pub(super) fn paste(model: &mut Model, text: &Text) {
    let Some(mut prompt) = model.prompt.take() else { return };
    let room = LONGEST.saturating_sub(prompt.text.chars().count());
    prompt.text.extend(text.chars().filter(|letter| !letter.is_control()).take(room));
    apply(model, &prompt);
    model.prompt = Some(prompt);
}

fn apply(model: &mut Model, prompt: &Prompt) {
    match prompt.kind {
        PromptKind::Filter | PromptKind::Palette => {
            let route = model.focus();
            let list = model.lists.entry(route).or_default();
            if prompt.kind == PromptKind::Palette && list.filter != prompt.text {
                // What fits best is meant, until the arrows say otherwise.
                (list.index, list.selected) = (0, None);
            }
            list.filter.clone_from(&prompt.text);
            model.message = Filter::problem(&prompt.text).map(Text::from);
        }
        PromptKind::LogSearch => model.log.search.clone_from(&prompt.text),
        PromptKind::LogFilter => {
            model.log.filter.clone_from(&prompt.text);
            model.log.sift();
        }
    }
}

fn finish(model: &mut Model, prompt: &Prompt, at: Timestamp) -> Vec<Effect> {
    match prompt.kind {
        PromptKind::Palette => return palette::choose(model, at),
        PromptKind::LogSearch if !prompt.text.is_empty() => {
            model.log.mark = None;
            super::log::search(model, false);
        }
        PromptKind::LogSearch | PromptKind::LogFilter | PromptKind::Filter => {}
    }
    Vec::new()
}

fn leave(model: &mut Model, prompt: &Prompt) {
    if prompt.kind == PromptKind::Palette {
        model.navigation.dismiss(&Route::Palette);
    }
}
