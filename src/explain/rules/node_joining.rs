//! A machine is on its way: an estimate. One that runs and never joins is a fault.

use super::Rule;
use crate::domain::group::ActivityOutcome;
use crate::domain::id::ResourceKey;
use crate::domain::time::{Duration, Timestamp, age, words};
use crate::explain::commands::{self, remedy};
use crate::explain::condition::Condition;
use crate::explain::durations::{self, Stage};
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::{Confidence, Risk};
use crate::explain::places::offers_none;
use crate::explain::words::span;
use crate::explain::world::{Group, World};

pub(super) const RULE: Rule = Rule { slug: "node_joining", explains: Condition::GroupFixed, causes: &["aws/node-join-failure"], check };

/// A launch whose machine is not named yet may still be refused within this time.
const UNDECIDED: Duration = Duration::from_mins(2);

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(group) = world.group(key) else { return Verdict::Clear };
    let Some((stage, began)) = underway(world, group) else { return Verdict::Clear };
    let elapsed = age(world.now, began);
    let typical = durations::of("aws", Stage::Machine);
    if elapsed < typical.stuck {
        return typical.moving(stage, elapsed);
    }
    if stage != JOINING && stage != LAUNCHING {
        return Verdict::Clear;
    }
    let Some((source, launch)) = group.launches().next() else { return Verdict::Clear };
    let name = &key.name;
    let machine = launch.instance.as_deref().unwrap_or("a machine");
    Held::new(
        "aws/node-join-failure",
        key,
        world.confidence(source, Confidence::Likely),
        format!(
            "{machine} of group {name} was launched and did not join the cluster in {}; typically it takes {}",
            words(elapsed),
            span(typical.least, typical.most)
        ),
        format!("machine of {name} does not join"),
    )
    .evidence([
        world.evidence(source, &launch.key, "StatusCode", launch.native.clone()),
        world.evidence(source, key, "machines joined", group.nodes.len().to_string()),
    ])
    .remedies([remedy(
        Risk::Inspect,
        "read the group's history, then the console output of the machine",
        commands::activities(world, group),
    )])
    .verdict()
}

const LAUNCHING: &str = "machine starting";
const JOINING: &str = "node joining";
const REGISTERING: &str = "GPU registering";

/// What is on its way in a group, and since when.
pub(crate) fn underway(world: &World<'_>, group: &Group<'_>) -> Option<(&'static str, Timestamp)> {
    let refused = group.refusals().first().map(|(_, launch)| launch.started_at);
    let running = group.launches().find(|(_, launch)| launch.outcome == ActivityOutcome::Running);
    if let Some((_, launch)) = running {
        // A retry after refusals proves nothing until a machine exists.
        let accepted = launch.instance.is_some() || refused.is_none();
        let newest = refused.is_none_or(|refused| launch.started_at > refused);
        if accepted && newest {
            let stage = if launch.instance.is_some() { JOINING } else { LAUNCHING };
            return Some((stage, launch.started_at));
        }
    }
    if let Some(at) = arrived(group) {
        let there = u32::try_from(group.nodes.len()).unwrap_or(u32::MAX);
        if refused.is_none() && there < group.running() {
            return Some((JOINING, at));
        }
        if group.nodes.iter().any(|(_, node)| offers_none(node)) {
            return Some((REGISTERING, at));
        }
    }
    if let Some(at) = group.nodes.iter().filter(|(_, node)| offers_none(node)).find_map(|(_, node)| node.created_at) {
        return Some((REGISTERING, at));
    }
    let pending = group.actual.and_then(|(_, group)| group.pending).unwrap_or(0);
    let sampled = world.snapshot.history.groups.get(group.key).and_then(|series| series.back()).map(|sample| sample.at);
    let since = sampled.or_else(|| world.now.checked_sub(UNDECIDED).ok());
    if pending > 0 && refused.is_none() { since.map(|since| (LAUNCHING, since)) } else { None }
}

/// When the group's newest machine was launched.
pub(crate) fn arrived(group: &Group<'_>) -> Option<Timestamp> {
    group.last_success().map(|(_, launch)| launch.ended_at.unwrap_or(launch.started_at))
}
