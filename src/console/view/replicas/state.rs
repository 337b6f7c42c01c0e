//! How a replica stands, and why it is not ready, in words short enough for a cell.

use crate::console::meaning::Meaning;
use crate::domain::condition;
use crate::domain::replica::{Container, ContainerState, ProbeKind, Replica, ReplicaPhase, Termination};

/// Glyph and meaning of a replica.
pub fn look(replica: &Replica) -> (&'static str, Meaning) {
    let troubled = replica.reason.is_some() || replica.restarts > 0;
    let is_sick = match replica.phase {
        ReplicaPhase::Failing | ReplicaPhase::Evicted => true,
        ReplicaPhase::Unready => replica.restarts > 0,
        ReplicaPhase::Unknown => troubled && !replica.ready,
        _ => false,
    };
    match replica.phase {
        _ if is_sick => ("✖", Meaning::Failed),
        ReplicaPhase::Ready => ("●", Meaning::Live),
        ReplicaPhase::Unplaced if replica.reason.is_some() => ("✖", Meaning::Held),
        ReplicaPhase::Done | ReplicaPhase::Terminating => ("○", Meaning::Idle),
        _ if replica.ready => ("●", Meaning::Live),
        _ => ("◌", Meaning::Progressing),
    }
}

/// Where it comes in a list: the worst first.
pub fn rank(replica: &Replica) -> (u8, bool, u32) {
    let order = match (look(replica).0, replica.phase) {
        ("✖", ReplicaPhase::Failing | ReplicaPhase::Unknown | ReplicaPhase::Unready) => 0,
        ("✖", ReplicaPhase::Unplaced) => 1,
        // What was evicted is gone; what took its place is somewhere above.
        (_, ReplicaPhase::Evicted) => 3,
        ("●", _) => 5,
        ("○", _) => 4,
        _ => 2,
    };
    (order, !replica.is_current, u32::MAX - replica.restarts)
}

/// Whether it wants attention.
pub fn is_problem(replica: &Replica) -> bool {
    look(replica).0 == "✖" && replica.phase != ReplicaPhase::Evicted
}

/// Ready containers of those that serve; empty where nobody lists them.
pub fn ready_containers(replica: &Replica) -> String {
    let serving = || replica.containers.iter().filter(|container| !container.init);
    let count = serving().count();
    if count == 0 { String::new() } else { format!("{}/{count}", serving().filter(|container| container.ready).count()) }
}

/// Why it is not ready: what its containers say, else what was said of it as a whole.
pub fn why(replica: &Replica) -> String {
    let said = || replica.message.as_deref().map(one_line).unwrap_or_default();
    match replica.phase {
        ReplicaPhase::Ready if replica.restarts == 0 => return String::new(),
        ReplicaPhase::Unplaced => return scheduling(replica),
        ReplicaPhase::Evicted | ReplicaPhase::Unknown => return joined(replica.reason.as_deref().unwrap_or_default(), &said()),
        ReplicaPhase::Terminating => {
            return if replica.reason.is_some() { joined(replica.reason.as_deref().unwrap_or_default(), &said()) } else { String::new() };
        }
        _ => {}
    }
    let several = replica.containers.iter().filter(|container| !container.init).count() > 1;
    let found = replica.containers.iter().find_map(|container| Some((container, of_container(container)?)));
    match found {
        Some((container, why)) if several || container.init => format!("{}: {why}", container.name),
        Some((_, why)) => why,
        None => joined(replica.reason.as_deref().unwrap_or_default(), &said()),
    }
}

/// Why a container is not ready; of one that is, how it last ended.
pub fn of_container(container: &Container) -> Option<String> {
    let last = || container.last.as_ref().map(|end| format!("last {}", ended(end)));
    match &container.state {
        ContainerState::Waiting { reason, message } => {
            let mut text = joined(reason, &one_line(message));
            if let Some(last) = last() {
                // The back-off's own sentence says nothing that the reason does not.
                text = format!("{reason}, {last}");
            }
            Some(text)
        }
        ContainerState::Terminated(end) if container.init && end.exit_code == 0 => None,
        ContainerState::Terminated(end) => Some(ended(end)),
        ContainerState::Running { .. } if container.ready => last(),
        ContainerState::Running { .. } => Some(match last() {
            Some(last) => format!("{}, {last}", unready(container)),
            None => unready(container),
        }),
        ContainerState::Unknown => last(),
    }
}

/// What a running container that is not ready waits for.
fn unready(container: &Container) -> String {
    let of = |kind| container.probes.iter().find(|probe| probe.kind == kind);
    match (of(ProbeKind::Startup), of(ProbeKind::Readiness)) {
        (Some(probe), _) => format!("runs; startup or readiness probe not passed: {}", probe.asks),
        (None, Some(probe)) => format!("runs; readiness probe not passed: {}", probe.asks),
        (None, None) => "runs, not ready".to_owned(),
    }
}

/// How a container ended: `OOMKilled (exit 137)`.
pub fn ended(end: &Termination) -> String {
    let reason = if end.reason.is_empty() { "ended" } else { end.reason.as_str() };
    let how = match end.signal {
        Some(signal) => format!("{reason} (signal {signal})"),
        None => format!("{reason} (exit {})", end.exit_code),
    };
    let message = end.message.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    if message.is_empty() { how } else { format!("{how}: {message}") }
}

/// The scheduler's sentence without its frame: `3 Insufficient nvidia.com/gpu, 2 had taints`.
fn scheduling(replica: &Replica) -> String {
    let scheduled = condition::named(&replica.conditions, "PodScheduled").map(|condition| condition.message.as_str());
    let said = scheduled.filter(|said| !said.is_empty()).or(replica.message.as_deref()).unwrap_or_default();
    let reason = replica.reason.as_deref().unwrap_or_default();
    let said = one_line(said);
    let Some((nodes, rest)) = said.split_once(" nodes are available: ") else { return joined(reason, &said) };
    // What follows is of preemption, which serving replicas rarely have.
    let rest = rest.split(". preemption:").next().unwrap_or(rest);
    format!("{nodes} nodes: {}", rest.trim_end_matches('.'))
}

fn joined(reason: &str, message: &str) -> String {
    match (reason.is_empty(), message.is_empty()) {
        (false, false) => format!("{reason}: {message}"),
        (false, true) => reason.to_owned(),
        (true, _) => message.to_owned(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{ResourceKey, ResourceKind};

    fn replica(phase: ReplicaPhase) -> Replica {
        Replica { phase, ..Replica::unknown(ResourceKey::new(&"prod".into(), ResourceKind::Replica, "ml/a")) }
    }

    fn container(name: &str, state: ContainerState) -> Container {
        Container {
            name: name.into(),
            init: false,
            image: "registry.test/model:2".into(),
            ready: false,
            restarts: 0,
            state,
            last: None,
            probes: Vec::new(),
            ports: Vec::new(),
            memory_limit: None,
        }
    }

    #[test]
    fn the_schedulers_sentence_loses_its_frame() {
        let said = "0/9 nodes are available: 3 Insufficient nvidia.com/gpu, 6 node(s) had untolerated taint {a: b}. preemption: 0/9 nodes are available: 9 No preemption victims.";
        let waiting = Replica { reason: Some("Unschedulable".into()), message: Some(said.into()), ..replica(ReplicaPhase::Unplaced) };
        assert_eq!(why(&waiting), "0/9 nodes: 3 Insufficient nvidia.com/gpu, 6 node(s) had untolerated taint {a: b}");
        assert!(is_problem(&waiting));
    }

    #[test]
    fn a_crash_is_told_by_how_it_ended() {
        let end = Termination { reason: "OOMKilled".into(), exit_code: 137, ..Termination::default() };
        let waiting =
            ContainerState::Waiting { reason: "CrashLoopBackOff".into(), message: "back-off 5m0s restarting failed container".into() };
        let crashing = Container { last: Some(end), ..container("api", waiting) };
        let crashing = Replica { containers: vec![crashing], restarts: 7, ..replica(ReplicaPhase::Failing) };
        assert_eq!(why(&crashing), "CrashLoopBackOff, last OOMKilled (exit 137)");
        let two =
            Replica { containers: [crashing.containers.clone(), vec![container("proxy", ContainerState::Unknown)]].concat(), ..crashing };
        assert_eq!(why(&two), "api: CrashLoopBackOff, last OOMKilled (exit 137)");
        assert_eq!(ready_containers(&two), "0/2");
    }

    #[test]
    fn the_worst_come_first() {
        let mut all = [ReplicaPhase::Ready, ReplicaPhase::Starting, ReplicaPhase::Failing, ReplicaPhase::Done].map(replica);
        all.sort_by_key(rank);
        assert_eq!(
            all.map(|replica| replica.phase),
            [ReplicaPhase::Failing, ReplicaPhase::Starting, ReplicaPhase::Done, ReplicaPhase::Ready]
        );
    }
}
