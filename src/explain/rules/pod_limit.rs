//! A machine has everything free but a pod slot.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::explain::commands::advice;
use crate::explain::condition::Condition;
use crate::explain::dialect::pick;
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::{Confidence, Risk};
use crate::explain::placement::Waiting;
use crate::explain::places;
use crate::explain::words::short_name;
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule {
    slug: "pod_limit",
    explains: Condition::NodesRefuse,
    causes: &["cortex/update-pod-limit", "kubernetes/sched-too-many-pods"],
    check,
};

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let slotless = waiting.demand().and_then(|_| places::of(world, waiting.workload).slotless);
    let Some((source, node)) = slotless else { return Verdict::Clear };
    Held::new(
        pick(waiting.workload, "cortex/update-pod-limit", "kubernetes/sched-too-many-pods"),
        &node.key,
        world.confidence(source, Confidence::Certain),
        format!(
            "machine {} has room but no pod slot left: {} carries {} pods",
            short_name(&node.key.name),
            node.instance_type,
            node.capacity.pods
        ),
        format!("no pod slot on {}", short_name(&node.key.name)),
    )
    .evidence([world.evidence(source, &node.key, "allocatable.pods", format!("{} of {} free", node.free.pods.max(0), node.capacity.pods))])
    .remedies([advice(Risk::Mutating, "use a larger machine type in the group: the slots come with its network interfaces")])
    .verdict()
}
