//! The dashboard: workloads beside the selected one's explanation, over groups, quotas and nodes.

use ratatui::layout::Rect;

use super::listing;
use crate::console::layout;
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::Route;
use crate::console::paint::Painter;
use crate::console::view::content::{Line, Span};
use crate::console::view::contexts;
use crate::console::widgets::table;
use crate::console::widgets::wrap::line_columns;
use crate::domain::time::Timestamp;

/// Draws all panels.
pub fn draw(painter: &mut Painter<'_>, model: &Model, now: Timestamp) {
    let focus = model.focus();
    let panels = layout::panels(model);
    for (route, title, rows) in panels {
        let focused = route == focus;
        let content = listing(model, &route, now);
        let count = content.rows.len();
        let line = heading(model, &route, count, focused, title.width);
        painter.line(title.x, title.y, title.width, &line);
        if title.x > 0 {
            for y in title.y..rows.bottom() {
                painter.line(title.x - 1, y, 1, &[Span::new("│", Meaning::Rule)]);
            }
        }
        let list = model.list(&route).cloned().unwrap_or_default();
        // The selection of the workloads stays visible: it says whose explanation is shown.
        table::draw(painter, &content, Rect { ..rows }, &list, focused || route == Route::Workloads);
    }
}

fn heading(model: &Model, route: &Route, count: usize, focused: bool, width: u16) -> Line {
    let word = match route {
        Route::Explanation(key) => {
            let age = crate::console::view::explanation::standing(model, key);
            format!(" {}{} › why{age} ", key.name, contexts::suffix(model, &key.context))
        }
        route => format!(" {} {count} ", route.word()),
    };
    let (mark, meaning) = if focused { ("▸", Meaning::TabOpen) } else { ("─", Meaning::Heading) };
    let mut line = vec![Span::new(mark, if focused { Meaning::Key } else { Meaning::Rule }), Span::new(word, meaning)];
    let rest = usize::from(width).saturating_sub(line_columns(&line));
    line.push(Span::new("─".repeat(rest), Meaning::Rule));
    line
}
