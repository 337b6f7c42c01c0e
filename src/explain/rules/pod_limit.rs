//! A machine has everything free but a pod slot.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::explain::commands::advice;
use crate::explain::condition::Condition;
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::{Confidence, Risk};
use crate::explain::placement::{self, Waiting};
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule { slug: "pod_limit", explains: Condition::NodesRefuse, causes: &["cortex/update-pod-limit"], check };

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let Some(demand) = waiting.demand() else { return Verdict::Clear };
    let context = world.context(&waiting.workload.key.context);
    let mut nodes = placement::groups(context, waiting.workload).flat_map(|group| group.nodes.iter().copied());
    let full =
        |node: &crate::domain::node::Node| node.is_worker && node.capacity.pods > 0 && node.free.pods <= 0 && node.free.holds(demand);
    let Some((source, node)) = nodes.find(|(_, node)| full(node)) else { return Verdict::Clear };
    Held::new(
        "cortex/update-pod-limit",
        &node.key,
        world.confidence(source, Confidence::Certain),
        format!("machine {} has room but no pod slot left: {} carries {} pods", node.key.name, node.instance_type, node.capacity.pods),
        format!("no pod slot on {}", node.key.name),
    )
    .evidence([world.evidence(source, &node.key, "allocatable.pods", format!("{} of {} free", node.free.pods.max(0), node.capacity.pods))])
    .remedies([advice(Risk::Mutating, "use a larger machine type in the group: the slots come with its network interfaces")])
    .verdict()
}
