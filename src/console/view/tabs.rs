//! The second line: tabs with counts, or the way from the tab to here.

use std::collections::VecDeque;

use super::content::{Line, Span};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::console::view::{contexts, explanation};
use crate::console::widgets::wrap::line_columns;
use crate::domain::snapshot::View;
use crate::domain::time::Timestamp;
use crate::domain::topology;
use crate::explain::Verdict;

/// All tabs that fit. The open one is always there.
pub fn tabs(model: &Model, width: usize) -> Line {
    let open = model.navigation.tab();
    let texts: Vec<String> = Route::TABS.iter().map(|route| format!("{} {}", route.word(), count(model, route))).collect();
    let wide = texts.iter().map(|text| text.len() + 3).sum::<usize>() <= width;
    let between = if wide { " │ " } else { "│" };
    let mut left_out = false;
    let mut line: Line = vec![Span::plain(" ")];
    for (route, text) in Route::TABS.into_iter().zip(texts) {
        let meaning = if route == *open { Meaning::TabOpen } else { Meaning::Tab };
        let separator = if line.len() > 1 { between } else { "" };
        if line_columns(&line) + text.len() + 1 > width && route != *open {
            left_out = true;
            continue;
        }
        line.push(Span::new(separator, Meaning::Rule));
        line.push(Span::new(text, meaning));
    }
    if left_out {
        line.push(Span::muted(" …"));
    }
    line
}

/// How many rows a tab has, counted without making them.
pub fn count(model: &Model, route: &Route) -> usize {
    let snapshot = model.snapshot();
    let sum = |of: fn(&View) -> usize| snapshot.views.values().map(|source| of(&source.view)).sum::<usize>();
    match route {
        Route::Workloads => sum(|view| view.workloads.len()),
        Route::Holdups => model.explanations().values().filter(|explanation| explanation.verdict != Verdict::Clear).count(),
        Route::Groups => snapshot.contexts().into_iter().map(|context| topology::groups(snapshot, context).len()).sum(),
        Route::Activity => sum(|view| view.activities.len()),
        Route::Quotas => sum(|view| view.quotas.len()),
        Route::Nodes => topology::count_nodes(snapshot),
        Route::Events => {
            sum(|view| view.events.len() + view.activities.len()) + snapshot.history.phases.values().map(VecDeque::len).sum::<usize>()
        }
        Route::Sources => snapshot.views.len(),
        _ => 0,
    }
}

/// Where one is: `Workloads › text-generator › why`, and how it stands.
pub fn crumbs(model: &Model, now: Timestamp) -> Line {
    let mut line: Line = vec![Span::plain(" ")];
    let mut subject = None;
    for route in model.navigation.crumbs() {
        if line.len() > 1 {
            line.push(Span::new(" › ", Meaning::Rule));
        }
        let of = route.subject();
        if let Some(key) = of.filter(|_| of != subject) {
            line.push(Span::new(key.name.as_str(), Meaning::Subject));
            line.push(Span::muted(contexts::suffix(model, &key.context)));
            line.push(Span::new(" › ", Meaning::Rule));
            subject = of;
        }
        if let Route::Details(ObjectId::Source(id)) = route {
            line.push(Span::new(format!("{} › ", id.kind), Meaning::Subject));
        }
        line.push(Span::new(route.word(), if route == model.navigation.top() { Meaning::TabOpen } else { Meaning::Tab }));
    }
    if let Route::Explanation(workload) = model.navigation.top() {
        line.push(Span::plain("   "));
        line.extend(explanation::standing_line(model, workload, now));
    }
    line
}
