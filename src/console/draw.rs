//! Draws the model. Changes nothing, reads no clock, draws at any size.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::layout;
use super::meaning::Meaning;
use super::model::Model;
use super::navigation::Route;
use super::paint::Painter;
use super::panes::{self, dashboard, frame, logs};
use super::theme::Appearance;
use super::update::REEXPLAIN;
use super::view::worst;
use super::widgets::table;
use crate::domain::time::{self, Duration, Timestamp};
use crate::explain::Verdict;

/// Below this there is room for one line: the worst problem.
const SMALLEST: (u16, u16) = (24, 5);

/// Draws the whole screen. The buffer's area counts, not the size the model was told. Returns when
/// something on it will read differently without any event; `None` if never.
pub fn draw(buffer: &mut Buffer, model: &Model, look: &Appearance, now: Timestamp) -> Option<Duration> {
    let words = paint(buffer, model, look, now);
    if model.frozen.is_some() {
        return None;
    }
    let unsettled =
        model.explanations().values().any(|explanation| explanation.verdict != Verdict::Clear || explanation.progress.is_some());
    let rules = unsettled.then(|| {
        let since = model.explained_at.map_or(REEXPLAIN, |at| time::age(now, at));
        REEXPLAIN.saturating_sub(since).max(Duration::from_secs(1))
    });
    words.into_iter().chain(rules).min()
}

/// The same without a screen.
pub fn next_tick(model: &Model, now: Timestamp) -> Option<Duration> {
    let mut buffer = Buffer::empty(Rect::new(0, 0, model.size.0, model.size.1));
    draw(&mut buffer, model, &Appearance::default(), now)
}

fn paint(buffer: &mut Buffer, model: &Model, look: &Appearance, now: Timestamp) -> Option<Duration> {
    let area = buffer.area;
    let now = model.time(now);
    let mut painter = Painter::new(buffer, look, now);
    if area.width == 0 || area.height == 0 {
        return None;
    }
    painter.tint(area, Meaning::Plain);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let lines = super::widgets::wrap::wrap(&worst::line(model, now), usize::from(area.width), "");
        for (line, y) in lines.iter().zip(area.top()..area.bottom()) {
            painter.line(area.x, y, area.width, line);
        }
        return painter.next_change();
    }
    // The terminal may have changed size before the model heard of it.
    let resized;
    let model = if (area.width, area.height) == model.size {
        model
    } else {
        let mut told = model.clone();
        told.size = (area.width, area.height);
        super::update::settle(&mut told, now);
        resized = told;
        &resized
    };
    frame::status(&mut painter, model, now);
    frame::tabs(&mut painter, model, now);
    body(&mut painter, model, now);
    frame::hints(&mut painter, model);
    painter.next_change()
}

fn body(painter: &mut Painter<'_>, model: &Model, now: Timestamp) {
    if model.dashboard() {
        dashboard::draw(painter, model, now);
        return;
    }
    for (route, area) in layout::bodies(model) {
        match route {
            Route::Logs(log) => logs::draw(painter, model, &log, area),
            route => {
                let content = panes::listing(model, &route, now);
                let list = model.list(&route).cloned().unwrap_or_default();
                table::draw(painter, &content, area, &list, true);
            }
        }
    }
}
