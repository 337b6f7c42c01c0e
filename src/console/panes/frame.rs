//! The lines around every pane: status, tabs or breadcrumb, hints, prompt and message.

use ratatui::layout::Rect;

use super::pane;
use crate::console::action::Action;
use crate::console::meaning::Meaning;
use crate::console::model::{Model, PromptKind};
use crate::console::navigation::Route;
use crate::console::paint::Painter;
use crate::console::view::content::{Line, Span};
use crate::console::view::{status, tabs as tab_view};
use crate::console::widgets::wrap::line_columns;
use crate::domain::time::Timestamp;

/// Draws the status line, or the banner of a paused screen.
pub fn status(painter: &mut Painter<'_>, model: &Model, now: Timestamp) {
    let area = Rect { height: 1, ..painter.buffer.area };
    painter.tint(area, Meaning::Status);
    if let Some(frozen) = &model.frozen {
        painter.tint(area, Meaning::Paused);
        let text = format!(
            " PAUSED at {} · {} update{} held back · P goes on",
            frozen.at.strftime("%H:%M:%S UTC"),
            frozen.held,
            if frozen.held == 1 { "" } else { "s" }
        );
        painter.line(area.x, area.y, area.width, &[Span::new(text, Meaning::Paused)]);
        return;
    }
    let width = usize::from(area.width).saturating_sub(1);
    let pieces = status::sources(model, now);
    let whole = line_columns(&status::fitting(pieces.clone(), usize::MAX));
    let [full, region, bare] = status::places(model);
    // Ages of sources matter more than where one is: the left end gives way first.
    let left = [full, region].into_iter().find(|left| line_columns(left) + 2 + whole <= width).unwrap_or(bare);
    let right = status::fitting(pieces, width.saturating_sub(line_columns(&left) + 2));
    let taken = u16::try_from(line_columns(&right)).unwrap_or(u16::MAX).min(area.width.saturating_sub(1));
    let left_room = area.width.saturating_sub(taken + 2);
    painter.line(area.x, area.y, left_room, &left);
    painter.line(area.right().saturating_sub(taken + 1), area.y, taken, &right);
}

/// Draws the tabs, or where one is beneath a tab.
pub fn tabs(painter: &mut Painter<'_>, model: &Model, now: Timestamp) {
    let area = Rect { y: 1, height: 1, ..painter.buffer.area };
    let crumbs = model.navigation.crumbs();
    if crumbs.len() > 1 {
        painter.line(area.x, area.y, area.width, &tab_view::crumbs(model, now));
        return;
    }
    let line = tab_view::tabs(model, usize::from(area.width));
    painter.line(area.x, area.y, area.width, &line);
}

/// Draws the last line: prompt, message or hints.
pub fn hints(painter: &mut Painter<'_>, model: &Model) {
    let screen = painter.buffer.area;
    let area = Rect { y: screen.bottom().saturating_sub(1), height: 1, ..screen };
    let line = match (&model.prompt, &model.message) {
        (Some(prompt), message) => {
            let word = match prompt.kind {
                PromptKind::Filter => " filter ",
                PromptKind::Palette => " go to ",
                PromptKind::LogSearch => " search ",
                PromptKind::LogFilter => " only lines with ",
            };
            let help = message.as_ref().map_or_else(
                || match prompt.kind {
                    PromptKind::Filter => "   ! not · col:text · re:pattern · Enter keeps · Esc undoes".to_owned(),
                    PromptKind::Palette => "   ↑ ↓ choose · Enter goes there · Esc stays here".to_owned(),
                    PromptKind::LogSearch => "   pattern · Enter goes there · n N".to_owned(),
                    PromptKind::LogFilter => "   pattern · ! not · Enter keeps · Esc undoes".to_owned(),
                },
                |message| format!("   {message}"),
            );
            vec![Span::muted(word), Span::new(prompt.text.as_str(), Meaning::Prompt), Span::new("▏", Meaning::Prompt), Span::muted(help)]
        }
        (None, Some(message)) => vec![Span::new(format!(" {message}"), Meaning::Message)],
        (None, None) => hint_line(model, usize::from(area.width)),
    };
    painter.line(area.x, area.y, area.width, &line);
}

fn hint_line(model: &Model, width: usize) -> Line {
    let route = model.focus();
    let layer = model.layer(&route);
    let hint = |action: Action| -> Option<Line> {
        let key = model.keymap.keys(layer, action).into_iter().next()?;
        Some(vec![Span::new(key, Meaning::Key), Span::muted(format!(" {}", short(action))), Span::plain("   ")])
    };
    let back = if model.navigation.crumbs().len() > 1 { Action::Back } else { Action::BackOrQuit };
    // The way back and the help are always there; the rest as far as there is room.
    let end: Line = [back, Action::Help].into_iter().filter_map(hint).flatten().collect();
    let mut line: Line = vec![Span::plain(" ")];
    let filter = (!matches!(route, Route::Logs(_))).then_some(Action::Filter);
    for hint in pane(&route).map_or(&[][..], |pane| pane.hints).iter().copied().chain(filter).filter_map(hint) {
        if line_columns(&line) + line_columns(&hint) + line_columns(&end) <= width + 3 {
            line.extend(hint);
        }
    }
    line.extend(end);
    // What sets the last hint off from a next one would have it cut.
    line.pop();
    line
}

/// A word or two for the hint line, where the description is longer.
fn short(action: Action) -> &'static str {
    match action {
        Action::Explain => "why",
        Action::OnlyProblems => "problems",
        Action::BackOrQuit => "quit",
        Action::Raw => "raw",
        Action::CopyRemedy => "copy remedy",
        Action::CopyCommand => "copy command",
        Action::Expand => "evidence",
        Action::ExpandAll => "all evidence",
        Action::PreviousLogs => "previous",
        Action::NextPanel => "next",
        Action::Sort => "sort",
        Action::LogFollow => "follow",
        Action::Fit => "fit",
        Action::MoreReplicas => "more",
        Action::FewerReplicas => "fewer",
        Action::NextSurge => "surge",
        Action::FewerGpus => "GPU less",
        Action::MoreGpus => "GPU more",
        Action::NextSort => "sort of moments",
        Action::NextContainer => "container",
        Action::LogWrap => "wrap",
        Action::LogTimestamps => "times",
        Action::Filter | Action::LogFilter => "filter",
        Action::LogSave => "save",
        Action::NextProblem => "next problem",
        Action::Open => "open",
        other => other.description(),
    }
}
