//! The common opening of all rules about replicas that break by themselves: the workload or job,
//! and its counts, unless it has what it asked for.

use super::placement::Waiting;
use super::rules::unfinished::is_satisfied;
use super::troubles::{self, Trouble};
use super::world::{Said, World};
use crate::domain::id::ResourceKey;
use crate::domain::replica::{Container, Replica, Termination};
use crate::domain::workload::ReplicaCounts;

/// A workload or job with its counts, if it still lacks something.
pub fn find<'a>(world: &World<'a>, key: &ResourceKey) -> Option<(Waiting<'a>, ReplicaCounts)> {
    let waiting = Waiting::find(world, key)?;
    let counts = match (waiting.job, waiting.workload.replicas) {
        (Some(job), _) => job.counts,
        (None, Some(counts)) => counts,
        (None, None) => return None,
    };
    (waiting.job.is_some() || !is_satisfied(&counts)).then_some((waiting, counts))
}

/// Its replicas with one sort of trouble, where replicas are known one by one.
pub fn replicas<'a>(world: &World<'a>, key: &ResourceKey, trouble: Trouble) -> Vec<Said<'a, Replica>> {
    troubles::of(world, key).remove(&trouble).unwrap_or_default()
}

/// The container of a replica that died, with how it ended; the newest end first.
pub fn death(replica: &Replica) -> Option<(&Container, &Termination)> {
    let bad = replica.containers.iter().filter_map(|container| Some((container, troubles::died(container)?)));
    bad.filter(|(_, end)| troubles::is_bad(end)).max_by_key(|(container, end)| (container.init, end.finished_at))
}

/// Whether a container was killed for its memory.
pub fn is_oom(end: &Termination) -> bool {
    end.reason.as_str() == "OOMKilled"
}
