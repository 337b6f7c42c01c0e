//! Replicas are killed or evicted for memory. The counter of evicted replicas lags by an hour or
//! two, so it says nothing about a workload that has all it asked for.

use super::Rule;
use super::unfinished::is_satisfied;
use crate::domain::id::ResourceKey;
use crate::domain::workload::Phase;
use crate::explain::commands::{self, remedy};
use crate::explain::condition::Condition;
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::{Confidence, Risk};
use crate::explain::placement::Waiting;
use crate::explain::words::{bytes, count};
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule { slug: "out_of_memory", explains: Condition::ReplicaDies, causes: &["cortex/update-oom"], check };

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let counts = match (waiting.job, waiting.workload.replicas) {
        (Some(job), _) => job.counts,
        (None, Some(counts)) => counts,
        (None, None) => return Verdict::Clear,
    };
    if counts.out_of_memory == 0 || (waiting.job.is_none() && is_satisfied(&counts)) {
        return Verdict::Clear;
    }
    let asked = waiting.demand().map(|demand| demand.memory_bytes).filter(|memory| *memory > 0);
    let memory = asked.map(|memory| format!(" (it asks for {})", bytes(memory))).unwrap_or_default();
    // Elsewhere work goes on, so the counter may be about the past.
    let lagging = waiting.workload.status.phase == Phase::Short || counts.unplaced() + counts.creating > 0;
    let confidence = if lagging { Confidence::Likely } else { Confidence::Certain };
    let lost = count(counts.out_of_memory, waiting.unit());
    let mut remedies = Vec::new();
    if waiting.workload.platform.as_str() == "cortex" {
        let workload = waiting.workload;
        remedies.push(remedy(
            Risk::Inspect,
            "see where it was when memory ran out; the log may end with \"Killed\"",
            commands::logs(workload),
        ));
        remedies.push(remedy(
            Risk::Mutating,
            "raise compute.mem of the container and deploy (--force, because an update is still going on); the new figure must fit a machine of the group",
            commands::deploy_forced(workload),
        ));
    }
    Held::new(
        "cortex/update-oom",
        key,
        world.confidence(waiting.source, confidence),
        format!("{lost} ran out of memory{memory}"),
        format!("out of memory ({lost})"),
    )
    .evidence([
        world.evidence(waiting.source, key, "replica_counts.killed_oom", counts.out_of_memory.to_string()),
        world.evidence(waiting.source, key, "replica_counts.ready", counts.ready.to_string()),
    ])
    .evidence(asked.map(|memory| world.evidence(waiting.source, key, "compute.mem", bytes(memory))))
    .remedies(remedies)
    .verdict()
}
