//! Replicas are killed or evicted for memory. The counter of evicted replicas lags by an hour or
//! two, so it says nothing about a workload that has all it asked for.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::domain::workload::Phase;
use crate::explain::broken;
use crate::explain::commands::{self, remedy};
use crate::explain::condition::{Condition, Symptom};
use crate::explain::dialect::{self, pick};
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{Confidence, Risk};
use crate::explain::troubles::Trouble;
use crate::explain::words::{bytes, count};
use crate::explain::world::World;

pub(super) const RULE: Rule =
    Rule { slug: "out_of_memory", explains: Condition::ReplicaDies, causes: &["cortex/update-oom", "kubernetes/cont-oom"], check };

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((waiting, counts)) = broken::find(world, key) else { return Verdict::Clear };
    let replicas = if waiting.job.is_some() { Vec::new() } else { broken::replicas(world, key, Trouble::Dies) };
    let killed: Vec<_> =
        replicas.iter().filter_map(|said| Some((*said, broken::death(said.1).filter(|(_, end)| broken::is_oom(end))?))).collect();
    if counts.out_of_memory == 0 && killed.is_empty() {
        return Verdict::Clear;
    }
    let asked = waiting.demand().map(|demand| demand.memory_bytes).filter(|memory| *memory > 0);
    let memory = asked.map(|memory| format!(" (it asks for {})", bytes(memory))).unwrap_or_default();
    // Elsewhere work goes on, so the counter may be about the past.
    let lagging = waiting.workload.status.phase == Phase::Short || counts.unplaced() + counts.creating > 0;
    let confidence = if lagging && killed.is_empty() { Confidence::Likely } else { Confidence::Certain };
    let number = counts.out_of_memory.max(u32::try_from(killed.len()).unwrap_or(u32::MAX));
    let lost = count(number, waiting.unit());
    let restarts = killed.first().map(|(_, (container, _))| container.restarts).filter(|restarts| *restarts > 0);
    let again = restarts.map(|restarts| format!(", {} so far", count(restarts, "restart"))).unwrap_or_default();
    let limit = killed.first().and_then(|(_, (container, _))| {
        container.memory_limit.map(|limit| format!("; container {} was killed at its limit of {}", container.name, bytes(limit)))
    });
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
    if let (Some(((_, replica), _)), dialect::KUBERNETES) = (killed.first(), waiting.workload.platform.as_str()) {
        remedies.extend(Fill::of(world, &key.context).replica(replica).remedies("kubernetes/cont-oom"));
    }
    Held::new(
        pick(waiting.workload, "cortex/update-oom", "kubernetes/cont-oom"),
        key,
        world.confidence(waiting.source, confidence),
        format!("{lost} ran out of memory{memory}{}{again}", limit.unwrap_or_default()),
        format!("out of memory ({lost})"),
    )
    .evidence(killed.iter().take(2).map(|(said, death)| super::crash::of_death(world, *said, *death)))
    .evidence([
        world.evidence(waiting.source, key, "replica_counts.killed_oom", counts.out_of_memory.to_string()),
        world.evidence(waiting.source, key, "replica_counts.ready", counts.ready.to_string()),
    ])
    .evidence(asked.map(|memory| world.evidence(waiting.source, key, "compute.mem", bytes(memory))))
    .remedies(remedies)
    // What was killed at its limit has written nothing that knows better; its "Killed" reads like any signal.
    .asks_each(killed.is_empty().then(|| vec![Symptom::new(Condition::LogTells, key)]))
    .verdict()
}
