//! A GPU machine is up and offers no GPU: looks like a shortage, is a dead device plugin.

use super::Rule;
use super::node_joining::arrived;
use crate::domain::id::ResourceKey;
use crate::domain::node::Node;
use crate::domain::text::Text;
use crate::domain::time::{Duration, age};
use crate::explain::commands::{self, remedy};
use crate::explain::condition::Condition;
use crate::explain::dialect::pick;
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::{Confidence, Risk};
use crate::explain::placement::Waiting;
use crate::explain::places;
use crate::explain::words::short_name;
use crate::explain::world::{Group, Said, World};

pub(super) const RULE: Rule = Rule {
    slug: "gpu_not_allocatable",
    explains: Condition::NodesRefuse,
    causes: &["cortex/update-gpu-not-allocatable", "kubernetes/gpu-plugin-missing"],
    check,
};

/// How long a device plugin may take to register on a new machine.
const REGISTERS: Duration = Duration::from_mins(10);

/// Whether this explains the wait.
pub(crate) fn applies<'a>(world: &World<'a>, waiting: Waiting<'a>) -> bool {
    find(world, waiting).is_some()
}

/// Whether the node has been up for longer than registering takes. A machine whose arrival nobody
/// saw counts as old once the wait itself is that long.
fn is_late(world: &World<'_>, group: &Group<'_>, node: &Node, waited: Duration) -> bool {
    match node.created_at.or_else(|| arrived(group)) {
        Some(at) => age(world.now, at) > REGISTERS,
        None => waited > REGISTERS,
    }
}

fn find<'a>(world: &World<'a>, waiting: Waiting<'a>) -> Option<Said<'a, Node>> {
    waiting.demand().filter(|demand| demand.wants_accelerator())?;
    let waited = waiting.since(world).map(|since| age(world.now, since)).unwrap_or_default();
    let places = places::of(world, waiting.workload);
    let late = |(group, (_, node)): &&(&Text, Said<'a, Node>)| {
        let group = world.context(&waiting.workload.key.context).groups.get(*group);
        group.is_some_and(|group| is_late(world, group, node, waited))
    };
    places.dead.iter().find(late).map(|(_, said)| *said)
}

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let Some((source, node)) = find(world, waiting) else { return Verdict::Clear };
    let name = &node.key.name;
    let (quoted, short) = (commands::quoted(name), short_name(name));
    Held::new(
        pick(waiting.workload, "cortex/update-gpu-not-allocatable", "kubernetes/gpu-plugin-missing"),
        &node.key,
        world.confidence(source, Confidence::Certain),
        format!("machine {short} ({}) is up but offers no GPU: its device plugin does not run or has not registered", node.instance_type),
        format!("{short} offers no GPU"),
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
