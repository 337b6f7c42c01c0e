//! The group is as large as it may be. Its activity history stays empty then: the evidence is
//! the size itself.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::explain::commands::{self, remedy};
use crate::explain::condition::Condition;
use crate::explain::dialect::{KUBERNETES, pick_shared};
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::{Confidence, Evidence, Remedy, Risk};
use crate::explain::placement;
use crate::explain::words::count;
use crate::explain::world::{Group, World};

pub(super) const RULE: Rule =
    Rule { slug: "at_max", explains: Condition::GroupFixed, causes: &["cortex/update-max-instances", "kubernetes/ca-max-size"], check };

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(group) = world.group(key) else { return Verdict::Clear };
    let Some((source, max)) = group.max() else { return Verdict::Clear };
    if !is_full(group) {
        return Verdict::Clear;
    }
    let name = &key.name;
    let needed = max.saturating_add(placement::machines_wanted(group));
    let raise = format!(
        "let the group grow: set max_instances of node group {name} to {needed} in the cluster file and apply it. Each further machine is paid for while it runs"
    );
    let (free, capacity) = accelerators(group);
    let free = if capacity > 0 { format!(", and {free} of {capacity} GPUs are free") } else { String::new() };
    Held::new(
        pick_shared(world, &key.context, "cortex/update-max-instances", "kubernetes/ca-max-size"),
        key,
        world.confidence(source, Confidence::Certain),
        format!("group {name} is at its maximum: {} of at most {max}{free}", count(group.running(), "machine")),
        format!("group {name} at its maximum of {max}"),
    )
    .evidence(evidence(world, group, max))
    .remedies([way_out(world, key, raise)])
    .verdict()
}

/// Raise the maximum, by the means of the platform.
fn way_out(world: &World<'_>, key: &ResourceKey, raise: String) -> Remedy {
    let Some(group) = world.group(key).filter(|_| pick_shared(world, &key.context, "own", KUBERNETES) == KUBERNETES) else {
        return remedy(Risk::Mutating, raise, commands::configure());
    };
    let needed = group.max().map_or(1, |(_, max)| max.saturating_add(placement::machines_wanted(group)));
    let text = format!("let group {} grow: raise its maximum to {needed}. Each further machine is paid for while it runs", key.name);
    remedy(Risk::Mutating, text, commands::enlarge(world, group, needed))
}

/// Whether the group has all the machines it may have. A group that asked for its last machine
/// and did not get it is not full.
pub(crate) fn is_full(group: &Group<'_>) -> bool {
    let Some((_, max)) = group.max() else { return false };
    let desired = group.actual.and_then(|(_, group)| group.desired);
    group.running() >= max && desired.is_none_or(|desired| desired >= max)
}

fn accelerators(group: &Group<'_>) -> (i64, i64) {
    let sum = |amount: fn(&crate::domain::node::Node) -> i64| group.nodes.iter().map(|(_, node)| amount(node)).sum();
    (sum(|node| node.free.gpus.max(node.free.neuron)), sum(|node| node.capacity.gpus.max(node.capacity.neuron)))
}

fn evidence(world: &World<'_>, group: &Group<'_>, max: u32) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    if let Some((source, actual)) = group.actual {
        let desired = actual.desired.unwrap_or_else(|| group.running());
        evidence.push(world.evidence(source, group.key, "DesiredCapacity / MaxSize", format!("{desired} / {}", actual.max)));
    } else if let Some((source, configured)) = group.configured {
        evidence.push(world.evidence(source, group.key, "instances / max_instances", format!("{} / {}", group.running(), configured.max)));
    }
    let (free, capacity) = accelerators(group);
    if let (Some((source, _)), true) = (group.nodes.first(), capacity > 0) {
        evidence.push(world.evidence(source, group.key, "compute_available.gpu", format!("{free} of {capacity}")));
    }
    if let Some((source, _)) = group.actual {
        let failed = group.refusals().len();
        let value = if failed == 0 {
            "no failed launch while it waits".to_owned()
        } else {
            format!("{failed} failed launches, before it reached {max}")
        };
        evidence.push(world.evidence(source, group.key, "activities", value));
    }
    evidence
}
