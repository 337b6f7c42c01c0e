//! Node groups: how many machines there are and may be, how that went, what was tried last.

use super::content::{Cell, Column, Content, Line, Row, Span};
use super::{contexts, status};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::console::widgets::sparkline::sparkline;
use crate::domain::group::{ActivityKind, ActivityOutcome, NodeGroup, ScalingActivity};
use crate::domain::source::Health;
use crate::domain::time::Timestamp;
use crate::domain::topology::{self, JoinedGroup};

/// Samples in the sparkline.
const SAMPLES: usize = 7;

/// The table of node groups.
pub fn view(model: &Model, _route: &Route, now: Timestamp) -> Content {
    let snapshot = model.snapshot();
    let mut rows = Vec::new();
    for context in snapshot.contexts() {
        let mut groups: Vec<_> = topology::groups(snapshot, context);
        // Groups for workloads first; the platform's own at the end.
        groups.sort_by_key(|joined| !joined.group().is_some_and(|group| group.is_worker));
        rows.extend(groups.iter().filter_map(|joined| row(model, joined, now)));
    }
    Content {
        columns: vec![
            Column::fit("", 1, 0),
            contexts::COLUMN,
            Column::fit("GROUP", 24, 0).keep_end(),
            Column::fit("NOW/MAX", 8, 0).right(),
            Column::fit("READY", 5, 8).right(),
            Column::fit("HISTORY", 12, 4),
            Column::fit("TYPE", 16, 6),
            Column::fit("SPOT", 9, 7),
            Column::fill("LAST", 11),
        ],
        rows,
        facts: status::troubles(model, now),
        empty: "no node group is known yet".to_owned(),
        ..Content::default()
    }
}

fn row(model: &Model, joined: &JoinedGroup<'_>, now: Timestamp) -> Option<Row> {
    let group = joined.group()?;
    let configured = joined.configured.map(|(_, group)| group);
    let last = topology::activities(model.snapshot(), joined.key).next().map(|(_, activity)| activity);
    let (glyph, meaning, problem) = standing(group, last);
    let source = joined.actual.or(joined.configured).map(|(source, _)| source)?;
    let stale = model.snapshot().views.get(source).is_some_and(|view| matches!(view.health, Health::Stale { .. }));
    let size = group.desired.map_or_else(|| format!("?/{}", group.max), |desired| format!("{desired}/{}", group.max));
    let types = configured.filter(|_| group.instance_types.is_empty()).map_or(&group.instance_types, |group| &group.instance_types);
    let cells = vec![
        Cell::new(glyph, meaning),
        contexts::cell(model, &group.key.context),
        Cell::plain(group.key.name.as_str()),
        Cell::plain(size).ordered(group.desired.unwrap_or_default()),
        group.in_service.map(Cell::number).unwrap_or_default(),
        Cell::muted(history(model, group)),
        Cell::muted(types.first().map_or("", |kind| kind.as_str())),
        Cell::muted(if group.spot { "spot" } else { "on demand" }),
        Cell::line(last_line(group, last, now)),
    ];
    Some(Row::new(ObjectId::Resource(joined.key.clone()), cells).problem(problem).stale(stale))
}

fn standing(group: &NodeGroup, last: Option<&ScalingActivity>) -> (&'static str, Meaning, bool) {
    let failed = last.is_some_and(|activity| activity.outcome == ActivityOutcome::Failed);
    if failed || !group.suspended.is_empty() {
        ("✖", Meaning::Held, true)
    } else if group.pending.unwrap_or_default() > 0 {
        ("◌", Meaning::Progressing, false)
    } else if group.desired == Some(0) {
        ("○", Meaning::Idle, false)
    } else if group.desired.is_some_and(|desired| desired >= group.max) {
        ("◐", Meaning::Warning, false)
    } else {
        ("●", Meaning::Live, false)
    }
}

fn history(model: &Model, group: &NodeGroup) -> String {
    let series = model.snapshot().history.groups.get(&group.key);
    let values: Vec<u32> = series.into_iter().flatten().map(|sample| sample.desired).collect();
    if values.len() < 2 { String::new() } else { sparkline(&values, group.max.min(64), SAMPLES) }
}

fn last_line(group: &NodeGroup, last: Option<&ScalingActivity>, now: Timestamp) -> Line {
    if let Some(suspended) = group.suspended.first() {
        return vec![Span::new(format!("{} suspended: {}", suspended.process, suspended.reason), Meaning::Held)];
    }
    if let Some(activity) = last {
        return activity_line(activity, now);
    }
    if group.desired.is_some_and(|desired| desired >= group.max) {
        return vec![Span::new("at its maximum", Meaning::Warning)];
    }
    Vec::new()
}

/// An activity in a cell: glyph, what, how long ago, what was said.
pub fn activity_line(activity: &ScalingActivity, now: Timestamp) -> Line {
    let (glyph, meaning) = outcome(activity.outcome);
    let mut line = vec![Span::new(format!("{glyph} "), meaning), Span::age(now, activity.started_at, meaning)];
    line.push(Span::new(format!(" {}", kind(activity.kind)), meaning));
    if let Some(message) = activity.message.as_ref().filter(|_| activity.outcome != ActivityOutcome::Succeeded) {
        line.push(Span::new(format!(": {message}"), Meaning::Plain));
    }
    line
}

/// Glyph and meaning of an outcome.
pub fn outcome(outcome: ActivityOutcome) -> (&'static str, Meaning) {
    match outcome {
        ActivityOutcome::Running => ("◌", Meaning::Progressing),
        ActivityOutcome::Succeeded => ("●", Meaning::Live),
        ActivityOutcome::Failed => ("✖", Meaning::Failed),
    }
}

/// The word for what was tried.
pub fn kind(kind: ActivityKind) -> &'static str {
    match kind {
        ActivityKind::Launch => "launch",
        ActivityKind::Terminate => "terminate",
        ActivityKind::Other => "other",
    }
}
