//! What is wrong with each replica of a workload, where replicas are known one by one: sorted by
//! the question it leads to.

use std::collections::BTreeMap;

use super::world::{Said, World};
use crate::domain::id::ResourceKey;
use crate::domain::replica::{Container, ContainerState, ProbeKind, Replica, ReplicaPhase, Termination};
use crate::domain::time::{Duration, age};

/// The sorts of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// No node.
    Unplaced,
    /// An image does not arrive.
    Image,
    /// The containers are not made: configuration, volume, sandbox.
    Start,
    /// A container dies again and again.
    Dies,
    /// Runs, and does not answer its probe.
    Probe,
    /// Taken away, or does not go away.
    Lost,
}

/// Longer than any usual grace period: a replica that is still going away after this hangs.
pub const HANGS: Duration = Duration::from_mins(3);

/// States of a container that an image brings about.
const IMAGE: &[&str] = &[
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
];

/// States of a container that cannot be made.
const START: &[&str] =
    &["CreateContainerConfigError", "CreateContainerError", "RunContainerError", "ContainerCannotRun", "PostStartHookError", "StartError"];

/// Events that tell why containers are not made.
pub const START_EVENTS: &[&str] = &["FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox", "FailedMapVolume", "NetworkNotReady"];

/// The troubles of a workload's replicas, those of the new version where there is one.
pub fn of<'a>(world: &World<'a>, workload: &ResourceKey) -> BTreeMap<Trouble, Vec<Said<'a, Replica>>> {
    let mut found: BTreeMap<Trouble, Vec<Said<'a, Replica>>> = BTreeMap::new();
    let all = world.inside(&workload.context).of(workload);
    let updating = all.iter().any(|(_, replica)| replica.is_current);
    for said in all.iter().copied() {
        if let Some(trouble) = trouble(world, said.1)
            && (said.1.is_current || !updating || trouble == Trouble::Lost)
        {
            found.entry(trouble).or_default().push(said);
        }
    }
    found
}

/// What is wrong with one replica, if anything.
pub fn trouble(world: &World<'_>, replica: &Replica) -> Option<Trouble> {
    if let Some(since) = replica.deleting_since {
        return (age(world.now, since) > HANGS).then_some(Trouble::Lost);
    }
    match replica.phase {
        ReplicaPhase::Unplaced => return Some(Trouble::Unplaced),
        ReplicaPhase::Evicted | ReplicaPhase::Unknown => return Some(Trouble::Lost),
        ReplicaPhase::Ready | ReplicaPhase::Done | ReplicaPhase::Terminating => return None,
        ReplicaPhase::Starting | ReplicaPhase::Unready | ReplicaPhase::Failing => {}
    }
    let waits =
        |words: &[&str]| replica.containers.iter().any(|container| waiting(container).is_some_and(|reason| words.contains(&reason)));
    if waits(IMAGE) {
        return Some(Trouble::Image);
    }
    if waits(START) {
        return Some(Trouble::Start);
    }
    if replica.containers.iter().any(|container| waiting(container) == Some("CrashLoopBackOff") || died(container).is_some_and(is_bad)) {
        // A container that its own probe kills is a matter of the probe.
        let killed = world.event(&replica.key, &["Killing"]).is_some_and(|(_, event)| event.message.contains("probe"));
        return Some(if killed { Trouble::Probe } else { Trouble::Dies });
    }
    if world.event(&replica.key, START_EVENTS).is_some() && replica.containers.iter().all(|container| !is_running(container)) {
        return Some(Trouble::Start);
    }
    match replica.phase {
        ReplicaPhase::Failing => Some(Trouble::Dies),
        ReplicaPhase::Unready if idles(world, replica) => None,
        ReplicaPhase::Unready => Some(Trouble::Probe),
        _ => None,
    }
}

/// Whether it is not ready by design: a worker of Ray without a replica of Serve has nobody who answers
/// the probe that KubeRay gives every worker. Once another one of its version answers that is no trouble.
fn idles(world: &World<'_>, replica: &Replica) -> bool {
    let asks_serve = |container: &Container| {
        let mut asked = container.probes.iter().filter(|probe| probe.kind == ProbeKind::Readiness);
        container.name.as_str() != "ray-head" && asked.any(|probe| probe.asks.contains("/-/healthz"))
    };
    let Some(workload) = replica.workload.as_ref().filter(|_| replica.containers.iter().any(asks_serve)) else { return false };
    let answers = |other: &Replica| other.phase == ReplicaPhase::Ready && other.is_current == replica.is_current;
    world.inside(&workload.context).of(workload).iter().any(|(_, other)| answers(other))
}

/// Why a container waits.
pub fn waiting(container: &Container) -> Option<&str> {
    match &container.state {
        ContainerState::Waiting { reason, .. } => Some(reason.as_str()),
        _ => None,
    }
}

/// How a container ended, now or the last time.
pub fn died(container: &Container) -> Option<&Termination> {
    match &container.state {
        ContainerState::Terminated(end) => Some(end),
        _ => container.last.as_ref(),
    }
}

/// Whether an end is one that should not have happened.
pub fn is_bad(end: &Termination) -> bool {
    end.exit_code != 0 || end.signal.is_some() || end.reason.as_str() == "OOMKilled"
}

fn is_running(container: &Container) -> bool {
    matches!(container.state, ContainerState::Running { .. })
}
