//! Every GPU it could use is held by other workloads.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::explain::commands::{self, advice, remedy};
use crate::explain::condition::Condition;
use crate::explain::dialect::pick;
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::{Confidence, Risk};
use crate::explain::placement::{self, Waiting};
use crate::explain::places;
use crate::explain::words::names;
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule {
    slug: "gpu_held",
    explains: Condition::NodesRefuse,
    causes: &["cortex/update-gpu-held", "kubernetes/sched-insufficient-gpu"],
    check,
};

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let Some(demand) = waiting.demand().filter(|demand| demand.wants_accelerator()) else { return Verdict::Clear };
    let context = world.context(&waiting.workload.key.context);
    let places = places::of(world, waiting.workload);
    let (capacity, free) = (places.capacity, places.free);
    let own = placement::accelerators_held(waiting.workload);
    let wanted = demand.gpus.max(demand.neuron);
    if capacity == 0 || free >= wanted || own > 0 {
        return Verdict::Clear;
    }
    // It holds none itself, so all that is held is held by others.
    let (holders, held) = (&context.holders, context.held);
    if holders.is_empty() {
        return Verdict::Clear;
    }
    let word = waiting.need_word();
    let who = names(holders.iter().map(|(key, _)| &key.name));
    let confidence = if held >= capacity - free { Confidence::Certain } else { Confidence::Likely };
    let mut remedies = vec![advice(Risk::Low, format!("wait, if what {who} does will end: its {word} is free then"))];
    if let (Some((largest, _)), "cortex") = (holders.first(), waiting.workload.platform.as_str()) {
        let text =
            format!("make room: give {} fewer replicas, or delete it; its requests go unanswered until it is deployed again", largest.name);
        let command =
            format!("cortex delete {} --env {} --keep-cache", commands::quoted(&largest.name), commands::quoted(&largest.context));
        remedies.push(remedy(Risk::Destructive, text, command));
    }
    let first = places.told_by.unwrap_or(waiting.source);
    Held::new(
        pick(waiting.workload, "cortex/update-gpu-held", "kubernetes/sched-insufficient-gpu"),
        key,
        world.confidence(first, confidence),
        format!("{} of {capacity} {word}s it could use are taken, by {who}", capacity - free),
        format!("all {capacity} {word}s held by {who}"),
    )
    .evidence([world.evidence(first, key, "compute_available.gpu", format!("{free} of {capacity}"))])
    .evidence(
        holders.iter().take(3).map(|(holder, held)| world.evidence(waiting.source, holder, "replicas × compute.gpu", held.to_string())),
    )
    .remedies(remedies)
    .verdict()
}
