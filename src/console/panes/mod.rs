//! The panes: which view shows a route, and what keys it hints at. Adding a pane is a route, a
//! file in `view` and a line in [`PANES`]; most panes are tables and need no drawing of their own.

pub mod dashboard;
pub mod frame;
pub mod logs;

use std::sync::Arc;

use super::action::Action;
use super::filter::Filter;
use super::meaning::Meaning;
use super::model::{ListState, Model};
use super::navigation::Route;
use super::view;
use super::view::content::{Content, Row, Span};
use crate::domain::time::Timestamp;

/// One pane.
pub struct Pane {
    /// Whether it shows this route.
    pub shows: fn(&Route) -> bool,
    /// Its view model.
    pub view: fn(&Model, &Route, Timestamp) -> Content,
    /// The keys worth a hint, the most useful first.
    pub hints: &'static [Action],
}

/// All panes.
pub const PANES: &[Pane] = &[
    Pane {
        shows: |route| matches!(route, Route::Workloads),
        view: view::workloads::view,
        hints: &[Action::Explain, Action::Logs, Action::Replicas, Action::Timeline, Action::Fit, Action::OnlyProblems, Action::Sort],
    },
    Pane {
        shows: |route| matches!(route, Route::Holdups),
        view: view::holdups::view,
        hints: &[Action::Explain, Action::Logs, Action::Timeline, Action::CopyCommand],
    },
    Pane {
        shows: |route| matches!(route, Route::Explanation(_)),
        view: view::explanation::view,
        hints: &[Action::CopyRemedy, Action::Expand, Action::ExpandAll, Action::Logs, Action::Replicas, Action::Timeline],
    },
    Pane {
        shows: |route| matches!(route, Route::Fit(_)),
        view: view::fit::view,
        hints: &[Action::MoreReplicas, Action::FewerReplicas, Action::NextSurge, Action::FewerGpus, Action::MoreGpus, Action::CopyRemedy],
    },
    Pane {
        shows: |route| matches!(route, Route::Groups),
        view: view::groups::view,
        hints: &[Action::Open, Action::Details, Action::Timeline, Action::Sort],
    },
    Pane {
        shows: |route| matches!(route, Route::Activity | Route::GroupActivity(_)),
        view: view::activity::view,
        hints: &[Action::Open, Action::Raw, Action::NextProblem],
    },
    Pane { shows: |route| matches!(route, Route::OneActivity(_)), view: view::activity::one, hints: &[Action::Raw, Action::CopyCell] },
    Pane {
        shows: |route| matches!(route, Route::Quotas),
        view: view::quotas::view,
        hints: &[Action::Open, Action::CopyCell, Action::Sort],
    },
    Pane { shows: |route| matches!(route, Route::Quota(_)), view: view::quotas::one, hints: &[Action::Raw, Action::CopyCell] },
    Pane {
        shows: |route| matches!(route, Route::Nodes),
        view: view::nodes::view,
        hints: &[Action::Open, Action::Details, Action::Timeline, Action::Sort],
    },
    Pane {
        shows: |route| matches!(route, Route::Node(_)),
        view: view::nodes::tenants::view,
        hints: &[Action::Logs, Action::Details, Action::Explain, Action::Raw],
    },
    Pane {
        shows: |route| matches!(route, Route::Replicas(_)),
        view: view::replicas::view,
        hints: &[Action::Logs, Action::PreviousLogs, Action::Details, Action::Timeline, Action::Raw],
    },
    Pane { shows: |route| matches!(route, Route::Jobs(_)), view: view::jobs::view, hints: &[Action::Logs, Action::Raw] },
    Pane {
        shows: |route| matches!(route, Route::Events | Route::Timeline(_)),
        view: view::timeline::view,
        hints: &[Action::NextSort, Action::Details, Action::NextProblem, Action::OnlyProblems],
    },
    Pane { shows: |route| matches!(route, Route::Sources), view: view::sources::view, hints: &[Action::Open, Action::Refetch] },
    Pane {
        shows: |route| matches!(route, Route::Logs(_)),
        view: view::logs::none,
        hints: &[
            Action::LogFollow,
            Action::LogSearch,
            Action::LogFilter,
            Action::NextContainer,
            Action::PreviousLogs,
            Action::NextProblem,
            Action::LogWrap,
            Action::LogTimestamps,
            Action::LogSave,
        ],
    },
    Pane { shows: |route| matches!(route, Route::Details(_)), view: view::details::view, hints: &[Action::Raw, Action::CopyCell] },
    Pane {
        shows: |route| matches!(route, Route::Raw(_)),
        view: view::raw::view,
        hints: &[Action::Filter, Action::PanRight, Action::CopyCell],
    },
    Pane { shows: |route| matches!(route, Route::Palette), view: view::palette::view, hints: &[Action::Open, Action::Filter] },
    Pane { shows: |route| matches!(route, Route::Help), view: view::help::view, hints: &[] },
];

/// The pane of a route.
pub fn pane(route: &Route) -> Option<&'static Pane> {
    PANES.iter().find(|pane| (pane.shows)(route))
}

/// The view of a route as the list state wants it: filtered, sorted, with a count of what is
/// hidden.
pub fn listing(model: &Model, route: &Route, now: Timestamp) -> Arc<Content> {
    let now = model.time(now);
    let dashboard = model.dashboard();
    let list = model.list(route);
    model.cache.listing(model, route, now, || {
        let mut content = pane(route).map(|pane| (pane.view)(model, route, now)).unwrap_or_default();
        if dashboard {
            trim(&mut content, route);
        }
        let mut content = match list {
            Some(list) => arranged(content, list),
            None => content,
        };
        content.measure();
        content
    })
}

/// What the panels of the dashboard need not say, because another one does.
fn trim(content: &mut Content, route: &Route) {
    if *route != Route::Workloads {
        content.facts.clear();
    }
    if matches!(route, Route::Explanation(_)) {
        // The title line says whose explanation it is.
        content.heading.clear();
    }
}

/// The same, filtered and sorted.
fn arranged(mut content: Content, list: &ListState) -> Content {
    let before = content.rows.len();
    if list.only_problems {
        content.rows.retain(|row| row.problem);
    }
    if !list.filter.trim().is_empty() {
        let mut filter = Filter::parse(&list.filter, &content.columns);
        content.rows.retain(|row| filter.keeps(row));
        if content.ranked {
            content.rows.sort_by_cached_key(|row| std::cmp::Reverse(filter.fit(row)));
        }
    }
    content.hidden = before - content.rows.len();
    if content.hidden > 0 {
        content.facts.push(vec![Span::new(hidden_text(content.hidden, list), Meaning::Warning)]);
        if content.rows.is_empty() {
            "nothing matches".clone_into(&mut content.empty);
        }
    }
    if let Some(column) = list.sort {
        content.rows.sort_by(|a, b| compare(a, b, column));
    }
    if list.reverse {
        content.rows.reverse();
    }
    content
}

fn hidden_text(hidden: usize, list: &ListState) -> String {
    let rows = if hidden == 1 { "row" } else { "rows" };
    match (list.only_problems, list.filter.is_empty()) {
        (true, true) => format!("{hidden} {rows} without a problem hidden · z shows all"),
        (true, false) => format!("{hidden} {rows} hidden by filter `{}` and only problems · Esc, z", list.filter),
        (false, _) => format!("{hidden} {rows} hidden by filter `{}` · Esc shows all", list.filter),
    }
}

fn compare(a: &Row, b: &Row, column: usize) -> std::cmp::Ordering {
    match (a.cells.get(column), b.cells.get(column)) {
        (Some(a), Some(b)) => match (a.order, b.order) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.text().to_lowercase().cmp(&b.text().to_lowercase()),
        },
        _ => std::cmp::Ordering::Equal,
    }
}
