//! Where things go: status line, tab line, body, hint line; from 120 columns the dashboard.
//!
//! ```text
//! status
//! tabs
//! workloads            │ why
//! ── groups ── │ ── quotas ── │ ── nodes ──
//! hints
//! ```

use ratatui::layout::Rect;

use super::model::Model;
use super::navigation::Route;
use crate::domain::topology;

/// Lines that a chain with its ways out takes: the lower panels leave so many if they can.
const EXPLAINED: u16 = 37;

/// Lines around the body.
const AROUND: u16 = 3;

/// The area between tab line and hint line.
pub fn body(size: (u16, u16)) -> Rect {
    Rect { x: 0, y: 2.min(size.1), width: size.0, height: size.1.saturating_sub(AROUND) }
}

/// Every view on the screen with the area of its rows.
pub fn bodies(model: &Model) -> Vec<(Route, Rect)> {
    if model.dashboard() {
        return panels(model).into_iter().map(|(route, _, area)| (route, area)).collect();
    }
    vec![(model.navigation.top().clone(), margin(body(model.size)))]
}

/// Rows the view can show at once.
pub fn page(model: &Model, route: &Route) -> u16 {
    let area = bodies(model).into_iter().find(|(body, _)| body == route).map(|(_, area)| area);
    area.map_or(1, |area| area.height.saturating_sub(1).max(1))
}

fn margin(area: Rect) -> Rect {
    Rect { x: area.x + 1.min(area.width), width: area.width.saturating_sub(2), ..area }
}

/// Lines for the lower panels: as many as they need, in steps, so that one more machine does not
/// move the screen.
fn below(model: &Model) -> u16 {
    let views = || model.snapshot().views.values().map(|view| &view.view);
    let groups = views().map(|view| view.groups.len()).max().unwrap_or_default();
    let quotas: usize = views().map(|view| view.quotas.len()).sum();
    let nodes = topology::count_nodes(model.snapshot());
    let lines = groups.max(quotas).max(nodes) + 2;
    u16::try_from(lines.div_ceil(4) * 4).unwrap_or(u16::MAX).max(8)
}

/// The panels of the dashboard: view, title line, area of its rows.
pub fn panels(model: &Model) -> Vec<(Route, Rect, Rect)> {
    let body = body(model.size);
    let low = below(model).min(body.height.saturating_sub(EXPLAINED).max(8)).min(body.height * 2 / 5);
    let high = body.height.saturating_sub(low);
    // Where there is room, the workloads get enough for all their columns.
    let left = body.width * if body.width >= 150 { 57 } else { 55 } / 100;
    let place = |x: u16, y: u16, width: u16, height: u16| {
        let title = Rect { x, y, width, height: 1.min(height) };
        let rows = margin(Rect { x, y: y + 1.min(height), width, height: height.saturating_sub(1) });
        (title, rows)
    };
    let thirds = [body.width * 9 / 25, body.width * 8 / 25];
    let mut areas = vec![place(0, body.y, left, high)];
    if model.selected_workload().is_some() {
        areas.push(place(left + 1, body.y, body.width.saturating_sub(left + 1), high));
    }
    let y = body.y + high;
    areas.push(place(0, y, thirds[0], low));
    areas.push(place(thirds[0] + 1, y, thirds[1].saturating_sub(1), low));
    let rest = thirds[0] + thirds[1] + 1;
    areas.push(place(rest, y, body.width.saturating_sub(rest), low));
    model.panels().into_iter().zip(areas).map(|(route, (title, rows))| (route, title, rows)).collect()
}
