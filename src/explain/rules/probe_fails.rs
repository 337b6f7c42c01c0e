//! A replica runs and its probe says no: which probe, what it asks, what came back. Loading a
//! model takes time: slow is not stuck, unless the question itself cannot succeed.

use super::crash::way_back;
use super::{Rule, replica_tells};
use crate::domain::event::Event;
use crate::domain::id::ResourceKey;
use crate::domain::replica::{Container, ContainerState, Probe, ProbeKind, Replica};
use crate::domain::time::{age, words};
use crate::explain::broken;
use crate::explain::commands::advice;
use crate::explain::condition::{Condition, Symptom};
use crate::explain::dialect::{self, pick};
use crate::explain::durations;
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{Confidence, Evidence, Remedy, Risk};
use crate::explain::troubles::Trouble;
use crate::explain::words::{count, excerpt, span};
use crate::explain::world::{Said, World};

pub(super) const RULE: Rule = Rule {
    slug: "probe_fails",
    explains: Condition::ProbeFails,
    causes: &[
        "cortex/update-never-ready",
        "kubernetes/probe-conn-reset",
        "kubernetes/probe-exec-failed",
        "kubernetes/probe-grpc-failed",
        "kubernetes/probe-http-status",
        "kubernetes/probe-liveness",
        "kubernetes/probe-readiness",
        "kubernetes/probe-readiness-gate",
        "kubernetes/probe-refused",
        "kubernetes/probe-startup",
        "kubernetes/probe-timeout",
    ],
    check,
};

/// The platform whose own word for it stands above the cluster's.
const CORTEX: &str = "cortex";

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((waiting, counts)) = broken::find(world, key) else { return Verdict::Clear };
    if waiting.job.is_some() {
        return Verdict::Clear;
    }
    let replicas = broken::replicas(world, key, Trouble::Probe);
    let Some(said) = replicas.first().copied() else { return Verdict::Clear };
    let replica = said.1;
    let trial = Trial::of(world, replica);
    let &Trial { failed, killed, kind, container, probe, ref wrong } = &trial;
    let elapsed = running_since(replica).or(replica.placed_at).or(replica.created_at).map(|at| age(world.now, at)).unwrap_or_default();
    let typical = durations::start(waiting.workload, super::never_ready::waves(world, waiting, counts.ready));
    let hopeless = wrong.is_some() || (killed.is_some() && replica.restarts > 0);
    if !hopeless && elapsed < typical.stuck {
        return typical.moving("starting, not ready yet", elapsed);
    }
    let specific = cause(kind, failed.map(|(_, event)| event), replica);
    let affected = count(u32::try_from(replicas.len()).unwrap_or(u32::MAX), "replica");
    let slow = killed.and_then(|_| allowance(replica, probe)).map(|words| format!(". {words}")).unwrap_or_default();
    let deeper = waiting.workload.platform.as_str() == CORTEX && trial.says_more(specific);
    let says = if deeper {
        let (runs, does) = if replicas.len() == 1 { ("runs", "does") } else { ("run", "do") };
        format!("{affected} of the new version {runs} and {does} not get ready")
    } else {
        format!("{affected} of the new version: {}{slow}", trial.says())
    };
    let headline = match wrong {
        Some(_) => format!("{} probe asks the wrong port", word(kind)),
        None => format!("{} probe fails ({affected})", word(kind)),
    };
    let mut remedies = Vec::new();
    if waiting.workload.platform.as_str() == dialect::KUBERNETES {
        remedies = trial.remedies(world, replica, specific);
    }
    remedies.extend(way_back(world, waiting, "see whether it still loads or listens on another port than the probe asks"));
    let confidence = if failed.is_some() || wrong.is_some() { Confidence::Certain } else { Confidence::Likely };
    Held::new(pick(waiting.workload, "cortex/update-never-ready", specific), key, world.confidence(said.0, confidence), says, headline)
        .evidence(failed.filter(|_| !deeper).map(|event| world.told(event)))
        .evidence(killed.map(|event| world.told(event)))
        .evidence(if deeper { Vec::new() } else { specification(world, said, container, probe) })
        .evidence([world.evidence(
            said.0,
            &replica.key,
            "running for",
            format!("{} (typically {})", words(elapsed), span(typical.least, typical.most)),
        )])
        .remedies(remedies)
        // A program that answers where it was told to is well; its log has nothing to do with it.
        .asks_each(wrong.is_none().then(|| vec![Symptom::new(Condition::LogTells, key)]))
        .asks_each(replica_tells::asks(Some(&said)))
        .verdict()
}

/// What the probe of one replica asks and gets, beneath a platform that only counts those that are
/// not ready: where the answer says more than no.
pub(super) fn of_replica<'a>(world: &World<'a>, said: Said<'a, Replica>) -> Verdict {
    let (source, replica) = said;
    let trial = Trial::of(world, replica);
    let cause = cause(trial.kind, trial.failed.map(|(_, event)| event), replica);
    if !trial.says_more(cause) {
        return Verdict::Clear;
    }
    let headline = match (&trial.wrong, trial.failed) {
        (None, Some((_, event))) => format!("{} probe: {}", word(trial.kind), excerpt(answer(&event.message))),
        _ => format!("{} probe asks the wrong port", word(trial.kind)),
    };
    Held::new(cause, &replica.key, world.confidence(source, Confidence::Certain), trial.says(), headline)
        .evidence(trial.failed.map(|event| world.told(event)))
        .evidence(specification(world, said, trial.container, trial.probe))
        .remedies(trial.remedies(world, replica, cause))
        .verdict()
}

/// One probe of one replica: what it asks, what it got.
struct Trial<'a> {
    failed: Option<Said<'a, Event>>,
    killed: Option<Said<'a, Event>>,
    kind: ProbeKind,
    container: Option<&'a Container>,
    probe: Option<&'a Probe>,
    wrong: Option<String>,
}

impl<'a> Trial<'a> {
    fn of(world: &World<'a>, replica: &'a Replica) -> Self {
        let failed = world.events(&replica.key).into_iter().find(|(_, event)| event.reason.as_str() == "Unhealthy");
        let killed = world.event(&replica.key, &["Killing"]).filter(|(_, event)| event.message.contains("probe"));
        let kind = asked(failed.map(|(_, event)| event), killed.map(|(_, event)| event));
        let (container, probe) = probe(replica, kind);
        let wrong = probe.and_then(|probe| wrong_port(container, probe));
        Self { failed, killed, kind, container, probe, wrong }
    }

    /// Whether more is known than that it fails.
    fn says_more(&self, cause: &str) -> bool {
        self.wrong.is_some() || !matches!(cause, "kubernetes/probe-readiness" | "kubernetes/probe-startup" | "kubernetes/probe-liveness")
    }

    /// The ways out; time does not help a probe that knocks at the wrong door.
    fn remedies(&self, world: &World<'_>, replica: &Replica, cause: &str) -> Vec<Remedy> {
        let fill = Fill::of(world, &replica.key.context).replica(replica);
        let fill = match self.container {
            Some(container) => fill.and("container", &container.name),
            None => fill,
        };
        let fill = match self.probe.and_then(|probe| probe.port) {
            Some(port) => fill.and("port", &port.to_string()),
            None => fill,
        };
        let fill = fill.and("path", &self.probe.map_or_else(|| "/".to_owned(), path));
        let (Some(_), Some(port), Some(container)) = (&self.wrong, self.probe.and_then(|probe| probe.port), self.container) else {
            return fill.remedies(cause);
        };
        let ports: Vec<String> = container.ports.iter().map(u16::to_string).collect();
        let text = format!("let the probe ask port {}, or let container {} listen on {port}", ports.join(" or "), container.name);
        std::iter::once(advice(Risk::Mutating, text)).chain(fill.commands(cause)).collect()
    }

    /// `the readiness probe (GET port 8080/healthz) fails; the answer: …`.
    fn says(&self) -> String {
        let answer = self.failed.map(|(_, event)| format!("; the answer: {}", answer(&event.message))).unwrap_or_default();
        let asks = self.probe.map(|probe| format!(" ({})", probe.asks)).unwrap_or_default();
        let port = self.wrong.as_ref().map(|words| format!(". {words}")).unwrap_or_default();
        format!("the {} probe{asks} fails{answer}{port}", word(self.kind))
    }
}

/// The path that a probe asks for (`http :8080/healthz`).
fn path(probe: &Probe) -> String {
    let asked = probe.asks.strip_prefix("http").and_then(|asked| asked.split_once('/'));
    format!("/{}", asked.map_or("", |(_, path)| path))
}

/// Which probe failed, by the kubelet's words.
fn asked(failed: Option<&Event>, killed: Option<&Event>) -> ProbeKind {
    let text = killed.or(failed).map(|event| event.message.to_ascii_lowercase()).unwrap_or_default();
    if text.contains("liveness") {
        ProbeKind::Liveness
    } else if text.contains("startup") {
        ProbeKind::Startup
    } else {
        ProbeKind::Readiness
    }
}

fn word(kind: ProbeKind) -> &'static str {
    match kind {
        ProbeKind::Startup => "startup",
        ProbeKind::Readiness => "readiness",
        ProbeKind::Liveness => "liveness",
    }
}

/// The probe of that kind, of the container that is not ready.
fn probe(replica: &Replica, kind: ProbeKind) -> (Option<&Container>, Option<&Probe>) {
    let of_kind = |container: &&Container| container.probes.iter().any(|probe| probe.kind == kind);
    let mut serving = replica.containers.iter().filter(|container| !container.init && !container.ready);
    let container = serving.clone().find(of_kind).or_else(|| serving.next());
    (container, container.and_then(|container| container.probes.iter().find(|probe| probe.kind == kind)))
}

/// A port that no container declares. Declaring is optional, so one that declares none proves nothing.
fn wrong_port(container: Option<&Container>, probe: &Probe) -> Option<String> {
    let (container, port) = (container?, probe.port?);
    if container.ports.is_empty() || container.ports.contains(&port) {
        return None;
    }
    let declared: Vec<String> = container.ports.iter().map(u16::to_string).collect();
    Some(format!("It asks port {port}, and container {} declares {}", container.name, declared.join(", ")))
}

fn running_since(replica: &Replica) -> Option<crate::domain::time::Timestamp> {
    replica.containers.iter().filter(|container| !container.init).find_map(|container| match &container.state {
        ContainerState::Running { since } => *since,
        _ => None,
    })
}

/// How long the probe lets a start take, where it kills.
fn allowance(replica: &Replica, probe: Option<&Probe>) -> Option<String> {
    let probe = probe?;
    let seconds = probe.initial_delay.saturating_add(probe.period.saturating_mul(probe.failures));
    let what = if replica.restarts > 0 {
        format!("killed {}", count(replica.restarts, "time").replace("1 time", "once"))
    } else {
        "killed".to_owned()
    };
    Some(format!("It was {what}: the probe allows {seconds} s for a start, and a slower one never ends"))
}

/// What came back, without the kubelet's opening.
fn answer(message: &str) -> &str {
    message.split_once("probe failed: ").map_or(message, |(_, answer)| answer)
}

fn cause(kind: ProbeKind, failed: Option<&Event>, replica: &Replica) -> &'static str {
    let Some(event) = failed else {
        let gate = replica.conditions.iter().any(|told| told.reason.as_str() == "ReadinessGatesNotReady");
        return if gate { "kubernetes/probe-readiness-gate" } else { "kubernetes/probe-readiness" };
    };
    let text = event.message.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["connection refused", "no route to host"]) {
        "kubernetes/probe-refused"
    } else if has(&["statuscode", "status code"]) {
        "kubernetes/probe-http-status"
    } else if has(&["deadline exceeded", "client.timeout", "i/o timeout", "timed out"]) {
        "kubernetes/probe-timeout"
    } else if has(&["reset by peer", "eof", "broken pipe"]) {
        "kubernetes/probe-conn-reset"
    } else if has(&["grpc", "service unhealthy"]) {
        "kubernetes/probe-grpc-failed"
    } else if has(&["probe errored", "command", "exec"]) {
        "kubernetes/probe-exec-failed"
    } else {
        match kind {
            ProbeKind::Startup => "kubernetes/probe-startup",
            ProbeKind::Readiness => "kubernetes/probe-readiness",
            ProbeKind::Liveness => "kubernetes/probe-liveness",
        }
    }
}

fn specification(
    world: &World<'_>,
    (source, replica): Said<'_, Replica>,
    container: Option<&Container>,
    probe: Option<&Probe>,
) -> Vec<Evidence> {
    let (Some(container), Some(probe)) = (container, probe) else { return Vec::new() };
    let value =
        format!("{}, first after {} s, every {} s, {} failures count", probe.asks, probe.initial_delay, probe.period, probe.failures);
    let ports: Vec<String> = container.ports.iter().map(u16::to_string).collect();
    let mut evidence = vec![world.evidence(source, &replica.key, &format!("{} {} probe", container.name, word(probe.kind)), value)];
    if !ports.is_empty() {
        evidence.push(world.evidence(source, &replica.key, &format!("{} ports", container.name), ports.join(", ")));
    }
    evidence
}
