//! The group tried to grow and the provider refused. The present size looks healthy most of the
//! time, because the autoscaler gives up and takes the wish back: the history decides.

use super::Rule;
use super::at_max::is_full;
use super::node_joining::underway;
use crate::domain::group::ScalingActivity;
use crate::domain::id::ResourceKey;
use crate::domain::time::{Duration, age};
use crate::explain::commands::{self, remedy};
use crate::explain::condition::{Condition, Symptom};
use crate::explain::dialect::pick_shared;
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::{Confidence, Evidence, Risk};
use crate::explain::words::{clock_time, count};
use crate::explain::world::{Said, World};

pub(super) const RULE: Rule = Rule {
    slug: "launch_refused",
    explains: Condition::GroupFixed,
    causes: &["cortex/update-asg-activity", "kubernetes/ca-scaleup-failed"],
    check,
};

/// The longest pause between two tries: what is older than two of them may have passed.
const RECENT: Duration = Duration::from_hours(1);

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(group) = world.group(key) else { return Verdict::Clear };
    let refusals = group.refusals();
    let Some((source, newest)) = refusals.first().copied() else { return Verdict::Clear };
    if is_full(group) || underway(world, group).is_some_and(|(_, began)| began > newest.started_at) {
        return Verdict::Clear;
    }
    let recent = age(world.now, newest.started_at) <= RECENT;
    let confidence = if recent { Confidence::Certain } else { Confidence::Likely };
    let (running, name) = (group.running(), &key.name);
    let tries = count(u32::try_from(refusals.len()).unwrap_or(u32::MAX), "launch");
    let first = refusals.last().map(|(_, launch)| launch.started_at).filter(|first| *first != newest.started_at);
    let since = first.map(|first| format!(" since {}", clock_time(world.now, first))).unwrap_or_default();
    let says = format!("group {name} could not grow from {running} to {}: AWS refused {tries}{since}", running + 1);
    Held::new(
        pick_shared(world, &key.context, "cortex/update-asg-activity", "kubernetes/ca-scaleup-failed"),
        key,
        world.confidence(source, confidence),
        says,
        format!("AWS refused {tries} of group {name}"),
    )
    .evidence([happened(world, (source, newest))])
    .evidence(group.actual.map(|(source, actual)| {
        let desired = actual.desired.map_or_else(|| "?".to_owned(), |desired| desired.to_string());
        world.evidence(source, key, "DesiredCapacity / InService / MaxSize", format!("{desired} / {running} / {}", actual.max))
    }))
    .remedies([remedy(Risk::Inspect, "read the group's own history", commands::activities(world, group))])
    .asks([Symptom::new(Condition::LaunchRefused, key)])
    .verdict()
}

/// A refusal as evidence, at the time it happened.
pub(crate) fn happened(world: &World<'_>, (source, launch): Said<'_, ScalingActivity>) -> Evidence {
    let message = launch.message.clone().unwrap_or_else(|| launch.description.clone());
    let mut evidence = world.evidence(source, &launch.key, "StatusMessage", message);
    evidence.observed_at = launch.ended_at.unwrap_or(launch.started_at);
    evidence
}
