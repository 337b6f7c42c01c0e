//! Draws a log: a line about the stream, then the lines, newest at the bottom while following.

use ratatui::layout::Rect;

use crate::console::logs::{LogEntry, LogState};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::LogRoute;
use crate::console::paint::Painter;
use crate::console::view::content::{Line, Span};
use crate::console::view::logs as view;
use crate::console::widgets::wrap::wrap;

/// Draws the open log.
pub fn draw(painter: &mut Painter<'_>, model: &Model, route: &LogRoute, area: Rect) {
    let log = &model.log;
    let mut head = view::heading(log);
    head.extend(view::which(route));
    let labels = view::labels(model, route);
    painter.line(area.x, area.y, area.width, &head);
    let rows = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
    if log.shown() == 0 {
        painter.line(rows.x, rows.y, rows.width, &[Span::muted(view::empty(log))]);
        return;
    }
    let search = log.search_pattern();
    let lines = |entry: &LogEntry| pieces(&view::line(log, &labels, entry, search.as_ref()), log, usize::from(rows.width));
    if log.follow {
        let mut bottom = rows.bottom();
        for position in (0..log.shown()).rev() {
            let Some(entry) = log.entry(position) else { continue };
            for line in lines(entry).iter().rev() {
                if bottom == rows.y {
                    return;
                }
                bottom -= 1;
                painter.line(rows.x, bottom, rows.width, line);
            }
        }
        lift(painter, rows, bottom);
        return;
    }
    let mut y = rows.y;
    for position in log.position(log.top)..log.shown() {
        let Some(entry) = log.entry(position) else { continue };
        let start = y;
        for line in lines(entry) {
            if y == rows.bottom() {
                return;
            }
            painter.line(rows.x, y, rows.width, &line);
            y += 1;
        }
        if log.mark == Some(entry.number) {
            painter.tint(Rect { y: start, height: y - start, ..rows }, Meaning::Selected);
        }
    }
}

/// A short log stands at the top, not at the bottom.
fn lift(painter: &mut Painter<'_>, rows: Rect, first: u16) {
    let by = first - rows.y;
    if by == 0 {
        return;
    }
    for y in rows.y..rows.bottom() {
        for x in rows.x..rows.right() {
            let from = painter.buffer.cell((x, y.saturating_add(by))).filter(|_| y + by < rows.bottom()).cloned();
            if let Some(cell) = painter.buffer.cell_mut((x, y)) {
                *cell = from.unwrap_or_default();
            }
        }
    }
}

fn pieces(line: &Line, log: &LogState, width: usize) -> Vec<Line> {
    if log.wrap {
        return wrap(line, width, "  ");
    }
    if log.pan == 0 {
        return vec![line.clone()];
    }
    let mut left = log.pan;
    let mut rest: Line = Vec::new();
    for span in line {
        let skip = span.text.chars().take(left).count();
        left -= skip;
        rest.push(Span { text: span.text.chars().skip(skip).collect(), ..span.clone() });
    }
    vec![rest]
}
