//! Replicas of the new version exit with an error or are killed.

use super::Rule;
use super::unfinished::is_satisfied;
use crate::domain::id::ResourceKey;
use crate::explain::commands::{self, advice, remedy};
use crate::explain::condition::Condition;
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::{Confidence, Remedy, Risk};
use crate::explain::placement::Waiting;
use crate::explain::words::count;
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule { slug: "crash", explains: Condition::ReplicaDies, causes: &["cortex/update-crash"], check };

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let counts = match (waiting.job, waiting.workload.replicas) {
        (Some(job), _) => job.counts,
        (None, Some(counts)) => counts,
        (None, None) => return Verdict::Clear,
    };
    let dead = counts.failed + counts.killed;
    if dead == 0 || (waiting.job.is_none() && is_satisfied(&counts)) {
        return Verdict::Clear;
    }
    let how = match (counts.failed, counts.killed) {
        (failed, 0) => format!("{} exited with an error", count(failed, waiting.unit())),
        (0, killed) => format!("{} killed by a signal", count(killed, waiting.unit())),
        (failed, killed) => format!("{} exited with an error and {killed} killed by a signal", count(failed, waiting.unit())),
    };
    let still = if counts.ready_old > 0 { "; the old version still answers" } else { "" };
    // A signal may also come from a failing probe or a vanishing machine.
    let confidence = if counts.failed > 0 { Confidence::Certain } else { Confidence::Likely };
    Held::new(
        "cortex/update-crash",
        key,
        world.confidence(waiting.source, confidence),
        format!("the new version crashes: {how}{still}"),
        format!("new version crashes ({how})"),
    )
    .evidence([
        world.evidence(waiting.source, key, "replica_counts.failed", counts.failed.to_string()),
        world.evidence(waiting.source, key, "replica_counts.killed", counts.killed.to_string()),
        world.evidence(waiting.source, key, "replica_counts.ready", counts.ready.to_string()),
    ])
    .remedies(way_back(waiting, "read why: the last lines before the exit"))
    .verdict()
}

/// Read the log, or go back to the version before: the ways out of a broken version.
pub(super) fn way_back(waiting: Waiting<'_>, read: &str) -> Vec<Remedy> {
    let workload = waiting.workload;
    if workload.platform.as_str() != "cortex" {
        return vec![advice(Risk::Mutating, "read the log of the new version, then deploy a corrected one or the one before")];
    }
    let back = match workload.versions.get(1) {
        Some(before) => format!("go back: deploy the configuration of {} again", before.id),
        None => "go back: deploy the configuration of the version before again".to_owned(),
    };
    vec![
        remedy(Risk::Inspect, read, commands::logs(workload)),
        remedy(Risk::Inspect, "list the versions, to find the one that worked", commands::versions(workload)),
        remedy(Risk::Mutating, format!("{back} (--force, because an update is still going on)"), commands::deploy_forced(workload)),
    ]
}
