//! What happened, newest first: events, scaling activities, rollouts and phase changes of all sources
//! in one list, or those of one object and what it runs on. What repeats is one row with its count.

mod moment;
mod related;

use moment::Moment;
pub use moment::Sort;

use super::content::{Column, Content, Line, Span};
use super::{contexts, status};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::Route;
use crate::domain::time::Timestamp;

/// The most moments shown: the newest. What is older is counted.
const MOMENTS: usize = 20_000;

/// Everything, as the tab of events, or what concerns the route's object.
pub fn view(model: &Model, route: &Route, now: Timestamp) -> Content {
    let about = route.subject().map(|key| related::of(model, key));
    let concerns = |key: &crate::domain::id::ResourceKey| about.as_ref().is_none_or(|about| about.has(key));
    let mut moments: Vec<Moment<'_>> = Vec::new();
    for view in model.snapshot().views.values().map(|source| &*source.view) {
        moments.extend(view.events.iter().filter(|event| concerns(&event.of)).map(Moment::Event));
        moments.extend(view.activities.iter().filter(|activity| concerns(&activity.group)).map(Moment::Activity));
        for rollout in view.rollouts.iter().filter(|rollout| concerns(&rollout.key)) {
            moments.extend(moment::of_rollout(rollout));
        }
    }
    for (key, changes) in model.snapshot().history.phases.iter().filter(|(key, _)| concerns(key)) {
        moments.extend(changes.iter().map(|change| Moment::Phase(key, change)));
    }
    let all = moments.len();
    moments.retain(|moment| model.moments.is_none_or(|sort| moment.sort() == sort));
    let other = all - moments.len();
    let owners = moment::owners(model);
    let folded = moment::fold(moments, &owners);
    let older = folded.len().saturating_sub(MOMENTS);
    let mut facts = status::troubles(model, now);
    if older > 0 {
        facts.push(vec![Span::new(format!("{older} older moments are not shown"), Meaning::Warning)]);
    }
    Content {
        heading: heading(model, other),
        columns: vec![
            Column::fit("", 1, 0),
            Column::fit("AGE", 6, 0).right(),
            contexts::COLUMN,
            Column::fit("TIME", 8, 5),
            Column::fit("OF", 30, 1).keep_end(),
            Column::fit("WHAT", 24, 0),
            Column::fill("SAID", 16),
        ],
        rows: folded.iter().take(MOMENTS).map(|moment| moment.row(model, now)).collect(),
        facts,
        empty: "nothing happened since holdup can see".to_owned(),
        ..Content::default()
    }
}

/// Which sort of moments is shown, where it is only one.
fn heading(model: &Model, other: usize) -> Vec<Line> {
    let Some(sort) = model.moments else { return Vec::new() };
    vec![vec![
        Span::new(format!("only {}", sort.word()), Meaning::Warning),
        Span::muted(format!(" · {other} others hidden · t shows the next sort")),
    ]]
}
