//! Where a pod stands: the word `kubectl get pods` prints, the common phase, and why it is not
//! ready.
//!
//! Decided from one pod alone, when it is read; what its node says is added later.

use serde_json::Value;

use super::super::tree::{Fields, intern};
use crate::domain::condition::{StatusCondition, named};
use crate::domain::replica::{Container, ContainerState, ReplicaPhase, Termination};
use crate::domain::text::Text;

/// Waiting reasons that say no more than that the start is under way.
const STARTING: [&str; 3] = ["", "ContainerCreating", "PodInitializing"];

/// Reasons of a failed pod that was taken from its node, rather than failing by itself. Source:
/// the Kubernetes documentation of pod disruption conditions and node shutdown.
const TAKEN: [&str; 8] =
    ["Evicted", "Preempted", "Preempting", "NodeShutdown", "Shutdown", "Terminated", "NodeLost", "DeletionByTaintManager"];

/// Restarts after which a container that runs just now is still one that dies again and again.
const AGAIN: u32 = 2;

/// What decides where a pod stands.
pub struct Seen<'a> {
    phase: &'a str,
    reason: Text,
    conditions: &'a [StatusCondition],
    containers: &'a [Container],
    /// For each container that runs first: whether it has started and is meant to stay.
    staying: Vec<bool>,
    on_node: bool,
    deleting: bool,
}

impl<'a> Seen<'a> {
    /// Collects it.
    pub fn read(
        spec: &'a Value,
        status: &'a Value,
        conditions: &'a [StatusCondition],
        containers: &'a [Container],
        on_node: bool,
        deleting: bool,
    ) -> Self {
        let started = |name: &Value| {
            let status = status.list("initContainerStatuses").iter().find(|status| status.at("name") == name);
            status.is_some_and(|status| status.flag("started"))
        };
        let first = spec.list("initContainers").iter();
        let staying = first.map(|part| part.at("restartPolicy").as_str() == Some("Always") && started(part.at("name"))).collect();
        let phase = status.at("phase").as_str().unwrap_or_default();
        Self { phase, reason: status.word("reason"), conditions, containers, staying, on_node, deleting }
    }

    /// Whether it has ended for good.
    pub fn has_ended(&self) -> bool {
        matches!(self.phase, "Succeeded" | "Failed")
    }

    /// Whether it gets requests.
    pub fn is_ready(&self) -> bool {
        !self.has_ended() && !self.deleting && self.holds("Ready")
    }

    fn holds(&self, condition: &str) -> bool {
        named(self.conditions, condition).is_some_and(|condition| condition.holds == Some(true))
    }

    fn is_gated(&self) -> bool {
        named(self.conditions, "PodScheduled").is_some_and(|condition| condition.reason == "SchedulingGated")
    }

    fn first(&self) -> impl Iterator<Item = (&'a Container, bool)> + '_ {
        self.containers.iter().filter(|container| container.init).zip(self.staying.iter().copied())
    }

    fn serving(&self) -> impl DoubleEndedIterator<Item = &'a Container> + '_ {
        self.containers.iter().filter(|container| !container.init)
    }

    /// The first container of the start that is not done yet, with its place in line.
    fn unfinished(&self) -> Option<(usize, &'a Container)> {
        let done = |container: &Container| matches!(&container.state, ContainerState::Terminated(end) if end.exit_code == 0);
        self.first()
            .enumerate()
            .find(|(_, (container, stays))| !done(container) && !stays)
            .map(|(index, (container, _))| (index, container))
    }

    /// The common phase.
    pub fn phase(&self) -> ReplicaPhase {
        if self.phase == "Succeeded" {
            return ReplicaPhase::Done;
        }
        if self.phase == "Failed" {
            let taken = TAKEN.contains(&self.reason.as_str()) || self.holds("DisruptionTarget");
            return if taken { ReplicaPhase::Evicted } else { ReplicaPhase::Failing };
        }
        if self.reason == "NodeLost" || self.phase == "Unknown" {
            return ReplicaPhase::Unknown;
        }
        if self.deleting {
            return ReplicaPhase::Terminating;
        }
        if !self.on_node {
            return ReplicaPhase::Unplaced;
        }
        if self.is_ready() {
            return ReplicaPhase::Ready;
        }
        if self.containers.iter().any(is_failing) {
            return ReplicaPhase::Failing;
        }
        let waits = |container: &Container| !matches!(container.state, ContainerState::Running { .. } | ContainerState::Terminated(_));
        let is_starting = self.phase != "Running" || self.unfinished().is_some() || self.serving().any(waits);
        if is_starting { ReplicaPhase::Starting } else { ReplicaPhase::Unready }
    }

    /// Why it is not ready: machine word and sentence. `message` is the status's own.
    pub fn reason(&self, message: &Text) -> (Option<Text>, Option<Text>) {
        let some = |reason: &Text, message: &Text| {
            (Some(reason.clone()).filter(|it| !it.is_empty()), Some(message.clone()).filter(|it| !it.is_empty()))
        };
        if !self.reason.is_empty() {
            return some(&self.reason, message);
        }
        if let Some(scheduled) = named(self.conditions, "PodScheduled").filter(|_| !self.on_node && !self.has_ended()) {
            return some(&scheduled.reason, &scheduled.message);
        }
        for container in self.containers {
            match &container.state {
                ContainerState::Waiting { reason, message } if !STARTING.contains(&reason.as_str()) => return some(reason, message),
                ContainerState::Terminated(end) if end.exit_code != 0 => return (Some(ending(end)), some(&end.reason, &end.message).1),
                ContainerState::Waiting { .. }
                | ContainerState::Terminated(_)
                | ContainerState::Running { .. }
                | ContainerState::Unknown => {}
            }
        }
        let ends_again = |container: &&Container| !container.ready && container.restarts > 0;
        if let Some(end) = self.serving().find(ends_again).and_then(|container| container.last.as_ref()) {
            return (Some(ending(end)), some(&end.reason, &end.message).1);
        }
        let waiting = self.containers.iter().find_map(|container| match &container.state {
            ContainerState::Waiting { reason, message } if !reason.is_empty() => Some((reason, message)),
            _ => None,
        });
        if let Some((reason, message)) = waiting {
            return some(reason, message);
        }
        let unready = named(self.conditions, "Ready").filter(|ready| ready.holds != Some(true));
        unready.map_or((None, some(message, message).1), |ready| some(&ready.reason, &ready.message))
    }
}

/// Whether a container cannot start, or starts and dies.
fn is_failing(container: &Container) -> bool {
    match &container.state {
        ContainerState::Waiting { reason, .. } => !STARTING.contains(&reason.as_str()),
        ContainerState::Terminated(end) => end.exit_code != 0,
        ContainerState::Running { .. } => {
            !container.ready && container.restarts >= AGAIN && container.last.as_ref().is_some_and(|end| end.exit_code != 0)
        }
        ContainerState::Unknown => false,
    }
}

/// The word for an end: its reason, or the signal or code where it has none.
fn ending(end: &Termination) -> Text {
    match (&end.reason, end.signal) {
        (reason, _) if !reason.is_empty() => reason.clone(),
        (_, Some(signal)) => intern(&format!("Signal:{signal}")),
        (_, None) => intern(&format!("ExitCode:{}", end.exit_code)),
    }
}

/// The word `kubectl get pods` prints, by the documented order: the last word of those that serve
/// counts, unless those that run first are not done; going away comes last.
pub fn word(seen: &Seen<'_>) -> Text {
    let mut word = if seen.reason.is_empty() { intern(seen.phase) } else { seen.reason.clone() };
    if seen.is_gated() {
        word = intern("SchedulingGated");
    }
    let unfinished = seen.unfinished().filter(|_| !seen.containers.is_empty() && seen.on_node && reports(seen));
    if let Some((index, container)) = unfinished {
        word = match &container.state {
            ContainerState::Terminated(end) => format!("Init:{}", ending(end)).into(),
            ContainerState::Waiting { reason, .. } if !reason.is_empty() && *reason != "PodInitializing" => format!("Init:{reason}").into(),
            _ => intern(&format!("Init:{index}/{}", seen.staying.len())),
        };
    }
    if unfinished.is_none() || seen.holds("Initialized") {
        word = serving_word(seen, word);
    }
    match (seen.deleting, seen.reason.as_str()) {
        (true, "NodeLost") => intern("Unknown"),
        (true, _) if !seen.has_ended() => intern("Terminating"),
        _ => word,
    }
}

/// Whether the node agent has said anything of the containers that run first.
fn reports(seen: &Seen<'_>) -> bool {
    seen.first().any(|(container, _)| container.state != ContainerState::Unknown)
}

fn serving_word(seen: &Seen<'_>, before: Text) -> Text {
    let mut word = before;
    let mut runs = false;
    for container in seen.serving().rev() {
        match &container.state {
            ContainerState::Waiting { reason, .. } if !reason.is_empty() => word = reason.clone(),
            ContainerState::Terminated(end) => word = ending(end),
            ContainerState::Running { .. } if container.ready => runs = true,
            ContainerState::Waiting { .. } | ContainerState::Running { .. } | ContainerState::Unknown => {}
        }
    }
    match (word.as_str(), runs) {
        ("Completed", true) => intern(if seen.holds("Ready") { "Running" } else { "NotReady" }),
        _ => word,
    }
}
