//! Beneath a platform that only counts its replicas, the cluster says why one of them breaks: the
//! registry's answer, the probe's, the way a container ended. The platform's own finding leads here.

use super::{Rule, crash, image_pull, probe_fails};
use crate::domain::id::ResourceKey;
use crate::domain::replica::Replica;
use crate::explain::condition::{Condition, Symptom};
use crate::explain::dialect::KUBERNETES;
use crate::explain::engine::Verdict;
use crate::explain::troubles::{self, Trouble};
use crate::explain::world::{Said, World};

pub(super) const RULE: Rule = Rule { slug: "replica_tells", explains: Condition::ReplicaTells, causes: &[], check };

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(said) = world.replica(key) else { return Verdict::Clear };
    if !is_beneath(world, said.1) {
        return Verdict::Clear;
    }
    match troubles::trouble(world, said.1) {
        Some(Trouble::Image) => image_pull::of_replica(world, said),
        Some(Trouble::Dies) => crash::of_replica(world, said),
        Some(Trouble::Probe) => probe_fails::of_replica(world, said),
        _ => Verdict::Clear,
    }
}

/// Whether a platform of its own stands above: where there is none, the finding is the cluster's
/// from the start.
fn is_beneath(world: &World<'_>, replica: &Replica) -> bool {
    let workload = replica.workload.as_ref().and_then(|key| world.workload(key));
    workload.is_some_and(|(_, workload)| workload.platform.as_str() != KUBERNETES)
}

/// What a finding about broken replicas asks on.
pub(super) fn asks(replica: Option<&Said<'_, Replica>>) -> Option<Vec<Symptom>> {
    replica.map(|(_, replica)| vec![Symptom::new(Condition::ReplicaTells, &replica.key)])
}
