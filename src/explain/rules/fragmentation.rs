//! There is a free GPU, but not together with what the replica needs beside it.

use super::Rule;
use crate::domain::capacity::Resources;
use crate::domain::id::ResourceKey;
use crate::domain::node::Node;
use crate::explain::commands::{self, advice, remedy};
use crate::explain::condition::Condition;
use crate::explain::dialect::pick;
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::{Confidence, Remedy, Risk};
use crate::explain::placement::Waiting;
use crate::explain::places;
use crate::explain::words::{bytes, cores, list, short_name};
use crate::explain::world::{Said, World};

pub(super) const RULE: Rule = Rule {
    slug: "fragmentation",
    explains: Condition::NodesRefuse,
    causes: &["cortex/update-fragmentation", "kubernetes/sched-insufficient-gpu"],
    check,
};

/// Whether this explains the wait.
pub(crate) fn applies<'a>(world: &World<'a>, waiting: Waiting<'a>) -> bool {
    find(world, waiting).is_some()
}

/// Machines shown as evidence.
const SHOWN: usize = 3;

/// Nodes whose free accelerators would do if only they were in one place, or if the rest were there.
struct Fragments<'a> {
    nodes: Vec<Said<'a, Node>>,
    machines: usize,
    free: i64,
    /// Whether one of them has all the accelerators, and lacks something else.
    beside: Option<Said<'a, Node>>,
}

fn find<'a>(world: &World<'a>, waiting: Waiting<'a>) -> Option<Fragments<'a>> {
    let demand = waiting.demand().filter(|demand| demand.wants_accelerator())?;
    let places = places::of(world, waiting.workload);
    if places.room.is_some() || places.free < demand.gpus.max(demand.neuron) {
        return None;
    }
    let (nodes, total) = (&places.partly_free, places.free_together);
    if total.gpus < demand.gpus || total.neuron < demand.neuron {
        return None;
    }
    (places.short_beside.is_some() || !places.has_accelerators).then(|| Fragments {
        nodes: nodes.iter().take(SHOWN).copied().collect(),
        machines: nodes.len(),
        free: total.gpus.max(total.neuron),
        beside: places.short_beside,
    })
}

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let (Some(found), Some(demand)) = (find(world, waiting), waiting.demand()) else { return Verdict::Clear };
    let word = waiting.need_word();
    let (says, headline) = if let Some((_, node)) = found.beside {
        let (lack, short) = (list(&lacking(node.free, demand)), list(&short(node.free, demand)));
        let says = format!("a {word} is free on {}, but beside it the replica lacks {lack}", short_name(&node.key.name));
        (says, format!("1 {word} free, {short}"))
    } else {
        let (free, machines, wanted) = (found.free, found.machines, demand.gpus.max(demand.neuron));
        let says = format!("{free} {word}s are free, but on {machines} machines; one replica needs {wanted} on one machine");
        (says, format!("{free} {word}s free, on {machines} machines"))
    };
    let source = found.beside.or_else(|| found.nodes.first().copied()).map_or(waiting.source, |(source, _)| source);
    let evidence = found.nodes.iter().map(|(source, node)| world.evidence(source, &node.key, "compute_available", amounts(node.free)));
    Held::new(
        pick(waiting.workload, "cortex/update-fragmentation", "kubernetes/sched-insufficient-gpu"),
        key,
        world.confidence(source, Confidence::Certain),
        says,
        headline,
    )
    .evidence(evidence)
    .evidence([world.evidence(waiting.source, key, "compute", amounts(demand))])
    .remedies(remedies(waiting))
    .verdict()
}

/// What is short, with figures: `CPU (1.9 of 3 cores free)`.
fn lacking(free: Resources, demand: Resources) -> Vec<String> {
    let mut lacking = Vec::new();
    if free.cpu_millis < demand.cpu_millis {
        lacking.push(format!("CPU ({} free, {} asked for)", cores(free.cpu_millis.max(0)), cores(demand.cpu_millis)));
    }
    if free.memory_bytes < demand.memory_bytes {
        lacking.push(format!("memory ({} free, {} asked for)", bytes(free.memory_bytes.max(0)), bytes(demand.memory_bytes)));
    }
    lacking
}

/// The same for a table cell: `CPU short (2.9 of 12 cores)`.
fn short(free: Resources, demand: Resources) -> Vec<String> {
    let mut short = Vec::new();
    if free.cpu_millis < demand.cpu_millis {
        short.push(format!("CPU short ({} of {})", cores(free.cpu_millis.max(0)).trim_end_matches(" cores"), cores(demand.cpu_millis)));
    }
    if free.memory_bytes < demand.memory_bytes {
        short.push(format!("memory short ({} of {})", bytes(free.memory_bytes.max(0)), bytes(demand.memory_bytes)));
    }
    short
}

fn amounts(resources: Resources) -> String {
    let accelerators = resources.gpus.max(resources.neuron);
    format!("cpu {}, mem {}, gpu {accelerators}", cores(resources.cpu_millis.max(0)), bytes(resources.memory_bytes.max(0)))
}

fn remedies(waiting: Waiting<'_>) -> Vec<Remedy> {
    let workload = waiting.workload;
    let larger = advice(Risk::Mutating, "or give the node group a larger machine type, so that CPU and memory suffice beside every GPU");
    if workload.platform.as_str() != "cortex" {
        return vec![larger];
    }
    let text = format!(
        "ask for less: lower compute.cpu or compute.mem of {} to what is free, and deploy (--force, because an update is still going on)",
        workload.key.name
    );
    let who = format!("kubectl get pods -l apiName -o wide --sort-by={}", commands::quoted(".spec.nodeName"));
    vec![
        remedy(Risk::Mutating, text, commands::deploy_forced(workload)),
        remedy(
            Risk::Inspect,
            "see what else runs on those machines; a CPU-only API can be moved to groups of its own with node_groups",
            who,
        ),
        larger,
    ]
}
