//! Pods as replicas, and replicas by state.

use std::collections::BTreeMap;

use super::Settings;
use super::belonging::{Belonging, Membership};
use crate::domain::condition;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::replica::{Container, ContainerState, Replica, ReplicaPhase, Termination};
use crate::domain::text::Text;
use crate::domain::workload::ReplicaCounts;
use crate::source::kubernetes::objects::{Node, Pod};
use crate::source::kubernetes::stores::Stores;

/// Waiting reasons of an image that cannot be had. Source: the node agent's image manager.
const IMAGE: [&str; 7] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
];

/// Reasons of containers that were never made: nothing ended, the node agent tries on.
const UNMADE: [&str; 2] = ["CreateContainerConfigError", "CreateContainerError"];

/// All pods, tenants included, in the order of their keys.
pub fn replicas(stores: &Stores, settings: &Settings, belonging: &Belonging<'_>) -> Vec<Replica> {
    let lost: BTreeMap<&Text, bool> = stores.nodes.values().map(|node| (&node.meta.name, is_lost(node))).collect();
    let mut replicas: Vec<Replica> = stores.pods.values().map(|pod| replica(pod, settings, belonging.of_pod(pod), &lost)).collect();
    replicas.sort_by(|a, b| a.key.cmp(&b.key));
    replicas
}

/// Whether nobody hears from a node.
fn is_lost(node: &Node) -> bool {
    condition::named(&node.conditions, "Ready").is_some_and(|ready| ready.holds.is_none())
}

fn replica(pod: &Pod, settings: &Settings, membership: Option<Membership>, lost: &BTreeMap<&Text, bool>) -> Replica {
    let key = ResourceKey::new(&settings.context, ResourceKind::Replica, pod.meta.path());
    let (workload, version, is_current) = match membership {
        Some(member) => (Some(member.workload), member.version, member.is_current),
        None => (None, Text::default(), true),
    };
    let mut replica = Replica {
        key,
        workload,
        version,
        is_current,
        phase: pod.phase,
        state: pod.state.clone(),
        ready: pod.ready,
        node: pod.node.clone(),
        demand: pod.demand.common,
        extended: pod.demand.extended.clone(),
        restarts: pod.restarts,
        reason: pod.reason.clone(),
        message: pod.message.clone(),
        conditions: pod.conditions.clone(),
        containers: pod.containers.clone(),
        placement: pod.placement.clone(),
        created_at: pod.meta.created_at,
        placed_at: pod.placed_at,
        deleting_since: pod.meta.deleting_since,
    };
    let is_gone = replica.node.as_ref().is_some_and(|node| if lost.is_empty() { false } else { lost.get(node).copied().unwrap_or(true) });
    if is_gone && replica.phase.holds_node() && !pod.ended {
        // What it last reported is no longer known to be true; kubectl goes on printing it.
        replica.phase = ReplicaPhase::Unknown;
        replica.ready = false;
        replica.reason = Some("NodeLost".into());
        replica.message = Some("its node no longer reports".into());
    }
    replica
}

/// Replicas of one workload by state. What ended long ago and was replaced is left out: the
/// cluster keeps such pods until somebody removes them.
pub fn counts<'r>(desired: u32, up_to_date: u32, replicas: impl Iterator<Item = &'r Replica>) -> ReplicaCounts {
    let mut counts = ReplicaCounts { desired: Some(desired), up_to_date, ..ReplicaCounts::default() };
    for replica in replicas {
        let ended = replica.demand.pods == 0;
        let slot = match replica.phase {
            ReplicaPhase::Ready if replica.is_current => &mut counts.ready,
            ReplicaPhase::Ready => &mut counts.ready_old,
            ReplicaPhase::Unplaced => &mut counts.pending,
            ReplicaPhase::Starting => &mut counts.creating,
            ReplicaPhase::Unready => &mut counts.not_ready,
            ReplicaPhase::Failing if !ended => broken(replica, &mut counts),
            ReplicaPhase::Terminating => &mut counts.terminating,
            ReplicaPhase::Unknown => &mut counts.unknown,
            ReplicaPhase::Failing | ReplicaPhase::Evicted | ReplicaPhase::Done => continue,
        };
        *slot = slot.saturating_add(1);
    }
    counts
}

fn broken<'c>(replica: &Replica, counts: &'c mut ReplicaCounts) -> &'c mut u32 {
    let reason = replica.reason.as_deref().unwrap_or_default();
    let ends = || replica.containers.iter().filter_map(ending);
    if IMAGE.contains(&reason) {
        &mut counts.image_error
    } else if UNMADE.contains(&reason) {
        &mut counts.creating
    } else if reason == "OOMKilled" || ends().any(|end| end.reason == "OOMKilled") {
        &mut counts.out_of_memory
    } else if ends().any(|end| end.signal.is_some() || end.exit_code > 128) {
        &mut counts.killed
    } else {
        &mut counts.failed
    }
}

/// How a container that is not ready ended.
fn ending(container: &Container) -> Option<&Termination> {
    match &container.state {
        ContainerState::Terminated(end) => Some(end),
        _ if container.ready => None,
        _ => container.last.as_ref(),
    }
}
