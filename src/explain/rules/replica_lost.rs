//! Replicas were taken away: evicted, preempted, lost with their machine. Or they do not go away.

use super::Rule;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::replica::{Replica, ReplicaPhase};
use crate::domain::time::{age, words};
use crate::explain::broken;
use crate::explain::condition::{Condition, Symptom};
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::Confidence;
use crate::explain::troubles::Trouble;
use crate::explain::words::{count, short_name};
use crate::explain::world::{Said, World};

pub(super) const RULE: Rule = Rule {
    slug: "replica_lost",
    explains: Condition::ReplicaLost,
    causes: &[
        "kubernetes/cont-status-unknown",
        "kubernetes/evict-api",
        "kubernetes/evict-emptydir",
        "kubernetes/evict-ephemeral",
        "kubernetes/evict-ephemeral-limit",
        "kubernetes/evict-inodes",
        "kubernetes/evict-memory",
        "kubernetes/evict-node-shutdown",
        "kubernetes/evict-pid",
        "kubernetes/node-taint-noexecute",
        "kubernetes/rollout-stuck-terminating",
        "kubernetes/sched-preempted",
    ],
    check,
};

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    if broken::find(world, key).is_none() {
        return Verdict::Clear;
    }
    let replicas = broken::replicas(world, key, Trouble::Lost);
    // The newest loss is the one that matters now; older ones were replaced.
    let newest = |said: &&Said<'_, Replica>| (said.1.phase == ReplicaPhase::Evicted, said.1.created_at);
    let Some(said) = replicas.iter().max_by_key(newest).copied() else { return Verdict::Clear };
    let replica = said.1;
    let (cause, what) = loss(world, replica);
    let lost = count(u32::try_from(replicas.len()).unwrap_or(u32::MAX), "replica");
    let on = replica.node.as_ref().map(|node| format!(" on {}", short_name(node))).unwrap_or_default();
    let told = replica.message.as_ref().map(|message| format!(": {}", message.trim())).unwrap_or_default();
    let event = world.event(&replica.key, &["Evicted", "Preempted", "TaintManagerEviction", "NodeNotReady", "NodeShutdown"]);
    let held = Held::new(
        cause,
        &replica.key,
        world.confidence(said.0, Confidence::Certain),
        format!("{lost} {what}{on}{told}"),
        format!("{lost} {what}{on}"),
    )
    .evidence([world.evidence(said.0, &replica.key, "status.reason", replica.reason.clone().unwrap_or_else(|| replica.state.clone()))])
    .evidence(event.map(|event| world.told(event)))
    .remedies(Fill::of(world, &key.context).replica(replica).remedies(cause));
    match &replica.node {
        Some(node) => {
            held.asks([Symptom::new(Condition::NodeSick, &ResourceKey::new(&key.context, ResourceKind::Node, node.clone()))]).verdict()
        }
        None => held.verdict(),
    }
}

/// How it was lost, by its reason and words.
fn loss(world: &World<'_>, replica: &Replica) -> (&'static str, String) {
    if let Some(since) = replica.deleting_since {
        return ("kubernetes/rollout-stuck-terminating", format!("does not go away since {}", words(age(world.now, since))));
    }
    let message = replica.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    let reason = replica.reason.as_deref().unwrap_or_default();
    let has = |word: &str| message.contains(word);
    let evicted = |cause| (cause, "was evicted".to_owned());
    match reason {
        "Preempting" | "PreemptionByScheduler" | "Preempted" => {
            ("kubernetes/sched-preempted", "made room for one of higher priority".to_owned())
        }
        "NodeShutdown" | "Shutdown" | "Terminated" => ("kubernetes/evict-node-shutdown", "ended with its machine".to_owned()),
        "NodeLost" | "NodeUnreachable" => ("kubernetes/cont-status-unknown", "was lost with its machine".to_owned()),
        "DeletionByTaintManager" | "TaintManagerEviction" => ("kubernetes/node-taint-noexecute", "was driven off its machine".to_owned()),
        "EvictionByEvictionAPI" => evicted("kubernetes/evict-api"),
        _ if has("emptydir") => evicted("kubernetes/evict-emptydir"),
        _ if has("exceeds the total limit")
            || has("exceeded its local ephemeral storage limit")
            || has("ephemeral local storage usage exceeds") =>
        {
            evicted("kubernetes/evict-ephemeral-limit")
        }
        _ if has("resource: memory") => evicted("kubernetes/evict-memory"),
        _ if has("inodes") => evicted("kubernetes/evict-inodes"),
        _ if has("resource: pids") || has("resource: pid") => evicted("kubernetes/evict-pid"),
        _ if has("ephemeral-storage") || has("low on resource") => evicted("kubernetes/evict-ephemeral"),
        _ if replica.phase == ReplicaPhase::Unknown => ("kubernetes/cont-status-unknown", "was lost with its machine".to_owned()),
        _ => evicted("kubernetes/evict-api"),
    }
}
