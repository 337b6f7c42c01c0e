//! What happened, newest first: events, scaling activities and phase changes of all sources in
//! one list, or those of one object and what it runs on.

use std::collections::BTreeSet;

use super::content::{Cell, Column, Content, Row};
use super::{groups, status};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::domain::group::ActivityOutcome;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::time::Timestamp;
use crate::domain::workload::Phase;

/// Everything, as the tab of events, or what concerns the route's object.
pub fn view(model: &Model, route: &Route, now: Timestamp) -> Content {
    let about = route.subject().map(|key| related(model, key));
    let concerns = |key: &ResourceKey| about.as_ref().is_none_or(|about| about.contains(key));
    let mut moments: Vec<(Timestamp, Row)> = Vec::new();
    for view in model.snapshot().views.values() {
        let events = view.view.events.iter().filter(|event| concerns(&event.of));
        moments.extend(events.enumerate().map(|(index, event)| {
            let tone = if event.warning { Meaning::Warning } else { Meaning::Plain };
            let glyph = if event.warning { "✖" } else { "·" };
            let times = if event.count > 1 { format!("{} (×{})", event.message, event.count) } else { event.message.to_string() };
            let id = ObjectId::Part(format!("{}:{}:{}:{index}", event.of, event.reason, event.first_at.unwrap_or(event.at)));
            (event.at, moment(id, now, event.at, (glyph, tone), &event.of, &event.reason, &times).problem(event.warning))
        }));
        let activities = view.view.activities.iter().filter(|activity| concerns(&activity.group));
        moments.extend(activities.map(|activity| {
            let said = activity.message.as_ref().unwrap_or(&activity.description);
            let what = format!("{} {}", groups::kind(activity.kind), activity.native);
            let id = ObjectId::Resource(activity.key.clone());
            let row = moment(id, now, activity.started_at, groups::outcome(activity.outcome), &activity.group, &what, said);
            (activity.started_at, row.problem(activity.outcome == ActivityOutcome::Failed))
        }));
    }
    for (key, changes) in model.snapshot().history.phases.iter().filter(|(key, _)| concerns(key)) {
        moments.extend(changes.iter().map(|change| {
            let seen = if change.observed { "holdup saw it change" } else { "as holdup saw it first" };
            let id = ObjectId::Part(format!("{key}:{}", change.at));
            (change.at, moment(id, now, change.at, ("▸", Meaning::Subject), key, phase(change.phase), seen))
        }));
    }
    moments.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    Content {
        columns: vec![
            Column::fit("", 1, 0),
            Column::fit("AGE", 6, 0).right(),
            Column::fit("TIME", 8, 5),
            Column::fit("OF", 24, 1).keep_end(),
            Column::fit("WHAT", 20, 0),
            Column::fill("SAID", 16),
        ],
        rows: moments.into_iter().map(|(_, row)| row).collect(),
        facts: status::troubles(model, now),
        empty: "nothing happened since holdup can see".to_owned(),
        ..Content::default()
    }
}

fn moment(
    id: ObjectId,
    now: Timestamp,
    at: Timestamp,
    (glyph, tone): (&'static str, Meaning),
    of: &ResourceKey,
    what: &str,
    said: &str,
) -> Row {
    let cells = vec![
        Cell::new(glyph, tone),
        Cell::age(now, Some(at)),
        Cell::muted(at.strftime("%H:%M:%S").to_string()),
        Cell::muted(of.to_string()),
        Cell::new(what, tone),
        Cell::plain(said),
    ];
    Row::new(id, cells)
}

/// The object, its replicas and jobs, and the groups its explanation speaks of.
fn related(model: &Model, key: &ResourceKey) -> BTreeSet<ResourceKey> {
    let mut related = BTreeSet::from([key.clone()]);
    if key.kind == ResourceKind::Workload {
        let views = || model.snapshot().sources(&key.context).map(|(_, view)| &view.view);
        let replicas = views().flat_map(|view| &view.replicas).filter(|replica| replica.workload == *key);
        related.extend(replicas.map(|replica| replica.key.clone()));
        let workload = model.snapshot().workload(key).map(|(_, workload)| workload);
        related.extend(workload.into_iter().flat_map(|workload| &workload.jobs).map(|job| job.key.clone()));
        let chain = model.explanation(key).into_iter().flat_map(|explanation| &explanation.chain);
        related.extend(chain.map(|link| link.finding.resource.clone()));
    }
    related
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Live => "live",
        Phase::Short => "short of replicas",
        Phase::Updating => "updating",
        Phase::Failed => "failed",
        Phase::Zero => "at zero",
        Phase::Idle => "idle",
        Phase::Stopping => "stopping",
        Phase::Unrecognized => "unknown phase",
    }
}
