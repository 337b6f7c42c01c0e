//! The group may grow, something waits for it, and nothing happens. What keeps it may lie where
//! holdup cannot look: then the chain goes on to what could not be read.

use super::Rule;
use super::at_max::is_full;
use super::node_joining::underway;
use super::suspended;
use crate::domain::id::ResourceKey;
use crate::domain::time::age;
use crate::explain::condition::{Condition, Symptom};
use crate::explain::dialect;
use crate::explain::durations::{self, Stage};
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::{Confidence, Evidence};
use crate::explain::places::offers_none;
use crate::explain::words::count;
use crate::explain::world::{Group, World};

pub(super) const RULE: Rule = Rule { slug: "group_idle", explains: Condition::GroupFixed, causes: &["aws/resize-timeout"], check };

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(group) = world.group(key) else { return Verdict::Clear };
    if is_full(group)
        || !group.refusals().is_empty()
        || suspended::applies(group)
        || underway(world, group).is_some()
        || super::group_backoff::applies(world, group)
    {
        return Verdict::Clear;
    }
    // A machine whose GPU is not registered counts as on its way for the autoscaler.
    if group.nodes.iter().any(|(_, node)| offers_none(node)) {
        return Verdict::Clear;
    }
    let elapsed = group.wanted_since.map(|since| age(world.now, since)).unwrap_or_default();
    let platform = dialect::pick_shared(world, &key.context, "cortex", dialect::KUBERNETES);
    let typical = durations::of(platform, Stage::Asking);
    // After that the silence needs a reason.
    if elapsed < typical.stuck {
        return typical.moving("asking for a machine", elapsed);
    }
    let Some((source, max)) = group.max() else { return Verdict::Clear };
    let (running, name) = (group.running(), &key.name);
    let taken_back = taken_back(world, group);
    let tried = if taken_back.is_some() { "was asked for one more machine and gave the wish up" } else { "did not" };
    let says = format!("group {name} may grow ({} of at most {max}) and {tried}", count(running, "machine"));
    Held::new("aws/resize-timeout", key, world.confidence(source, Confidence::Certain), says, format!("group {name} does not grow"))
        .evidence([world.evidence(source, key, "instances / max_instances", format!("{running} / {max}"))])
        .evidence(taken_back)
        .asks([Symptom::new(Condition::LaunchRefused, key)])
        .verdict()
}

/// A wish for a machine that rose and fell again without one, as holdup itself saw it.
fn taken_back(world: &World<'_>, group: &Group<'_>) -> Option<Evidence> {
    let series = world.snapshot.history.groups.get(group.key)?;
    let waiting = |at| group.wanted_since.is_none_or(|since| at >= since);
    let (up, down) =
        series.iter().zip(series.iter().skip(1)).rev().find(|(up, down)| {
            waiting(up.at) && up.desired > up.in_service && down.desired < up.desired && down.in_service <= up.in_service
        })?;
    let (source, _) = group.actual?;
    let mut evidence = world.evidence(
        source,
        group.key,
        "DesiredCapacity over time",
        format!("{} → {} with {} in service", up.desired, down.desired, down.in_service),
    );
    evidence.observed_at = down.at;
    Some(evidence)
}
