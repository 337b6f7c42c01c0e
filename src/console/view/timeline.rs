//! What happened, newest first: events, scaling activities and phase changes of all sources in
//! one list, or those of one object and what it runs on.

use std::collections::BTreeSet;

use super::content::{Cell, Column, Content, Row, Span};
use super::{groups, status};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::domain::event::Event;
use crate::domain::group::{ActivityOutcome, ScalingActivity};
use crate::domain::history::PhaseChange;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::time::Timestamp;
use crate::domain::workload::Phase;

/// The most moments shown: the newest. What is older is counted.
const MOMENTS: usize = 2_000;

/// Something that happened, not yet a row.
enum Moment<'a> {
    Event(&'a Event),
    Activity(&'a ScalingActivity),
    Phase(&'a ResourceKey, &'a PhaseChange),
}

impl Moment<'_> {
    fn at(&self) -> Timestamp {
        match self {
            Self::Event(event) => event.at,
            Self::Activity(activity) => activity.started_at,
            Self::Phase(_, change) => change.at,
        }
    }

    fn row(&self, now: Timestamp) -> Row {
        match self {
            Self::Event(event) => {
                let look = if event.warning { ("✖", Meaning::Warning) } else { ("·", Meaning::Plain) };
                let said = if event.count > 1 { format!("{} (×{})", event.message, event.count) } else { event.message.to_string() };
                let id = ObjectId::Part(format!("{}:{}:{}", event.of, event.reason, event.message));
                moment(id, (now, event.at), look, &event.of, &event.reason, &said).problem(event.warning)
            }
            Self::Activity(activity) => {
                let said = activity.message.as_ref().unwrap_or(&activity.description);
                let what = format!("{} {}", groups::kind(activity.kind), activity.native);
                let id = ObjectId::Resource(activity.key.clone());
                let row = moment(id, (now, activity.started_at), groups::outcome(activity.outcome), &activity.group, &what, said);
                row.problem(activity.outcome == ActivityOutcome::Failed)
            }
            Self::Phase(key, change) => {
                let said = if change.observed { "holdup saw it change" } else { "as holdup saw it first" };
                let id = ObjectId::Part(format!("{key}:{}", change.at));
                moment(id, (now, change.at), ("▸", Meaning::Subject), key, phase(change.phase), said)
            }
        }
    }
}

/// Everything, as the tab of events, or what concerns the route's object.
pub fn view(model: &Model, route: &Route, now: Timestamp) -> Content {
    let about = route.subject().map(|key| related(model, key));
    let concerns = |key: &ResourceKey| about.as_ref().is_none_or(|about| about.contains(key));
    let mut moments: Vec<Moment<'_>> = Vec::new();
    for view in model.snapshot().views.values().map(|source| &source.view) {
        moments.extend(view.events.iter().filter(|event| concerns(&event.of)).map(Moment::Event));
        moments.extend(view.activities.iter().filter(|activity| concerns(&activity.group)).map(Moment::Activity));
    }
    for (key, changes) in model.snapshot().history.phases.iter().filter(|(key, _)| concerns(key)) {
        moments.extend(changes.iter().map(|change| Moment::Phase(key, change)));
    }
    moments.sort_by_key(|moment| std::cmp::Reverse(moment.at()));
    let older = moments.len().saturating_sub(MOMENTS);
    let mut facts = status::troubles(model, now);
    if older > 0 {
        facts.push(vec![Span::new(format!("{older} older moments are not shown"), Meaning::Warning)]);
    }
    Content {
        columns: vec![
            Column::fit("", 1, 0),
            Column::fit("AGE", 6, 0).right(),
            Column::fit("TIME", 8, 5),
            Column::fit("OF", 24, 1).keep_end(),
            Column::fit("WHAT", 20, 0),
            Column::fill("SAID", 16),
        ],
        rows: moments.iter().take(MOMENTS).map(|moment| moment.row(now)).collect(),
        facts,
        empty: "nothing happened since holdup can see".to_owned(),
        ..Content::default()
    }
}

fn moment(
    id: ObjectId,
    (now, at): (Timestamp, Timestamp),
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
        let replicas = views().flat_map(|view| &view.replicas).filter(|replica| replica.workload.as_ref() == Some(key));
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
