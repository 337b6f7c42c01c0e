//! A GPU machine is up and offers no GPU: looks like a shortage, is a dead device plugin.

use super::Rule;
use super::node_joining::arrived;
use crate::domain::id::ResourceKey;
use crate::domain::node::Node;
use crate::domain::time::{Duration, age};
use crate::explain::commands::{self, remedy};
use crate::explain::condition::Condition;
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::{Confidence, Risk};
use crate::explain::placement::{self, Waiting};
use crate::explain::shape;
use crate::explain::world::{Group, Said, World};

pub(super) const RULE: Rule =
    Rule { slug: "gpu_not_allocatable", explains: Condition::NodesRefuse, causes: &["cortex/update-gpu-not-allocatable"], check };

/// How long a device plugin may take to register on a new machine.
const REGISTERS: Duration = Duration::from_mins(10);

/// Whether this explains the wait.
pub(crate) fn applies(world: &World<'_>, waiting: Waiting<'_>) -> bool {
    find(world, waiting).is_some()
}

/// Whether a node should carry accelerators, by its type, and offers none.
pub(crate) fn offers_none(node: &Node) -> bool {
    let meant_to = shape::of(&node.instance_type).is_some_and(|shape| shape.accelerators != Some(0));
    meant_to && node.is_worker && node.capacity.gpus == 0 && node.capacity.neuron == 0
}

/// Whether the node has been up for longer than registering takes. A machine whose arrival nobody
/// saw counts as old once the wait itself is that long.
fn is_late(world: &World<'_>, group: &Group<'_>, node: &Node, waited: Duration) -> bool {
    match node.created_at.or_else(|| arrived(group)) {
        Some(at) => age(world.now, at) > REGISTERS,
        None => waited > REGISTERS,
    }
}

fn find<'a>(world: &World<'a>, waiting: Waiting<'_>) -> Option<Said<'a, Node>> {
    waiting.demand().filter(|demand| demand.wants_accelerator())?;
    let waited = waiting.since(world).map(|since| age(world.now, since)).unwrap_or_default();
    let context = world.context(&waiting.workload.key.context);
    let dead = |group: &Group<'a>| group.nodes.iter().copied().find(|(_, node)| offers_none(node) && is_late(world, group, node, waited));
    placement::groups(context, waiting.workload).find_map(dead)
}

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let Some((source, node)) = find(world, waiting) else { return Verdict::Clear };
    let name = &node.key.name;
    let quoted = commands::quoted(name);
    Held::new(
        "cortex/update-gpu-not-allocatable",
        &node.key,
        world.confidence(source, Confidence::Certain),
        format!("machine {name} ({}) is up but offers no GPU: its device plugin does not run or has not registered", node.instance_type),
        format!("{name} offers no GPU"),
    )
    .evidence([
        world.evidence(source, &node.key, "compute_user_capacity.gpu", node.capacity.gpus.to_string()),
        world.evidence(source, &node.key, "instance_type", node.instance_type.clone()),
    ])
    .remedies([
        remedy(
            Risk::Inspect,
            "see whether the device plugin runs on that machine",
            format!("kubectl -n kube-system get pods -o wide --field-selector spec.nodeName={quoted}"),
        ),
        remedy(Risk::Inspect, "read what the plugin says", "kubectl -n kube-system logs -l name=nvidia-device-plugin-ds --tail=50"),
        remedy(
            Risk::Destructive,
            "replace the machine: what else runs on it is moved or interrupted, and a new one takes some minutes",
            format!("kubectl drain {quoted} --ignore-daemonsets --delete-emptydir-data && kubectl delete node {quoted}"),
        ),
    ])
    .verdict()
}
