//! No machine of any group could ever hold the replica.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::explain::commands::{advice, deploy_forced, remedy};
use crate::explain::condition::Condition;
use crate::explain::dialect::pick;
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::{Confidence, Risk};
use crate::explain::placement::Waiting;
use crate::explain::places;
use crate::explain::words::cores;
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule {
    slug: "too_big",
    explains: Condition::NodesRefuse,
    causes: &["cortex/api-too-big", "cortex/api-no-node-groups", "kubernetes/ca-no-fit"],
    check,
};

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let Some(demand) = waiting.demand() else { return Verdict::Clear };
    let places = places::of(world, waiting.workload);
    if !places.has_workers || !places.groups.is_empty() {
        return Verdict::Clear;
    }
    let wanted = demand.gpus.max(demand.neuron);
    let asks = if wanted > 0 { format!("{wanted} GPU and {}", cores(demand.cpu_millis)) } else { cores(demand.cpu_millis) };
    let forced = (waiting.workload.platform.as_str() == "cortex").then(|| {
        let text = "ask for less in compute, and deploy (--force, because an update is still going on)";
        remedy(Risk::Mutating, text, deploy_forced(waiting.workload))
    });
    // Types are told apart by the embedded table or by their names, so this is a strong guess.
    Held::new(
        pick(waiting.workload, "cortex/api-too-big", "kubernetes/ca-no-fit"),
        key,
        world.confidence(waiting.source, Confidence::Likely),
        format!("no machine type of its node groups can hold one replica ({asks})"),
        "no machine type is large enough",
    )
    .evidence([world.evidence(waiting.source, key, "compute", asks.as_str())])
    .remedies(forced)
    .remedies([advice(Risk::Mutating, "or add a node group with a larger machine type")])
    .verdict()
}
