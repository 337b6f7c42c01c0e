//! What keys do in a log.

use super::prompt;
use crate::console::action::Action;
use crate::console::effect::Effect;
use crate::console::layout;
use crate::console::logs::{LineKind, LogEntry};
use crate::console::model::{Model, PromptKind};
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp};

/// Actions that mean something else, or only something, in a log.
pub(super) fn act(model: &mut Model, action: Action, at: Timestamp) -> Option<Vec<Effect>> {
    let rows = layout::page(model, &model.focus());
    let page = usize::from(rows.max(2));
    let whole = rows.max(2).cast_signed();
    let log = &mut model.log;
    if let Some(minutes) = action.since_minutes() {
        log.since = minutes.and_then(|minutes| at.checked_sub(Duration::from_secs(minutes.unsigned_abs() * 60)).ok());
        log.since_minutes = minutes;
        log.sift();
        return Some(Vec::new());
    }
    match action {
        Action::MoveDown => log.scroll(1, page),
        Action::MoveUp => log.scroll(-1, page),
        Action::MoveFirst => log.scroll(isize::MIN + 1, page),
        Action::HalfPageDown => log.scroll(isize::from(whole) / 2, page),
        Action::HalfPageUp => log.scroll(-isize::from(whole) / 2, page),
        Action::PageDown => log.scroll(isize::from(whole), page),
        Action::PageUp => log.scroll(-isize::from(whole), page),
        Action::PanLeft => log.pan = log.pan.saturating_sub(16),
        Action::PanRight => log.pan = (log.pan + 16).min(8192),
        Action::LogFollow if log.follow => log.scroll(0, page),
        Action::MoveLast | Action::LogFollow => {
            log.follow = true;
            log.mark = None;
        }
        Action::LogWrap => log.wrap = !log.wrap,
        Action::LogTimestamps => log.timestamps = !log.timestamps,
        Action::LogSearch => prompt::open(model, PromptKind::LogSearch),
        Action::LogFilter => prompt::open(model, PromptKind::LogFilter),
        Action::NextMatch => search(model, true),
        Action::PreviousMatch => search(model, false),
        Action::NextProblem | Action::PreviousProblem => jump_to_error(model, action == Action::NextProblem, page),
        Action::LogSave => return Some(save_log(model, at)),
        _ => return None,
    }
    Some(Vec::new())
}

/// Goes to the next line that the search matches.
pub(super) fn search(model: &mut Model, forward: bool) {
    let page = usize::from(layout::page(model, &model.focus()).max(2));
    let Some(pattern) = model.log.search_pattern() else {
        model.message = Some(Text::from("no search is set; / sets one"));
        return;
    };
    let matches = |entry: &LogEntry| pattern.is_match(&entry.text);
    if !model.log.jump(forward, page, matches) {
        model.message = Some(Text::from("no further match in the lines held"));
    }
}

fn jump_to_error(model: &mut Model, forward: bool, page: usize) {
    if !model.log.jump(forward, page, |entry| entry.kind == LineKind::Error) {
        model.message = Some(Text::from("no further error in the lines held"));
    }
}

fn save_log(model: &mut Model, at: Timestamp) -> Vec<Effect> {
    let Some(workload) = model.focus().subject().cloned() else { return Vec::new() };
    let safe: String = workload.name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    let name = Text::from(format!("{safe}-{}.log", at.strftime("%Y%m%dT%H%M%SZ")));
    vec![Effect::SaveLog { name, lines: model.log.lines() }]
}
