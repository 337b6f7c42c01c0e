//! Replicas of the new version exit with an error or are killed.

use super::{Rule, replica_tells};
use crate::domain::event::Event;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::replica::{Container, Replica, Termination};
use crate::domain::time::{Duration, age};
use crate::explain::broken;
use crate::explain::commands::{self, advice, remedy};
use crate::explain::condition::{Condition, Symptom};
use crate::explain::dialect::{self, pick};
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{Confidence, Evidence, Remedy, Risk};
use crate::explain::known;
use crate::explain::placement::Waiting;
use crate::explain::signature::{self, Field, Hints};
use crate::explain::troubles::Trouble;
use crate::explain::words::{count, lower, short_name};
use crate::explain::world::{Said, World};

pub(super) const RULE: Rule = Rule {
    slug: "crash",
    explains: Condition::ReplicaDies,
    causes: &[
        "cortex/update-crash",
        "kubernetes/cont-bad-command",
        "kubernetes/cont-exit-139",
        "kubernetes/cont-exit-143",
        "kubernetes/cont-exit-error",
        "kubernetes/cont-init-failed",
        "kubernetes/cont-sigkill",
        "kubernetes/cont-status-unknown",
        NODE_OOM,
    ],
    check,
};

/// The machine had no memory left, whatever the container itself may have.
const NODE_OOM: &str = "kubernetes/node-system-oom";

/// How far the kernel's word and the end of a container may lie apart and still be one thing.
const SAME: Duration = Duration::from_mins(1);

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((waiting, counts)) = broken::find(world, key) else { return Verdict::Clear };
    let replicas = if waiting.job.is_some() { Vec::new() } else { broken::replicas(world, key, Trouble::Dies) };
    let died: Vec<(Said<'_, Replica>, (&Container, &Termination))> = replicas
        .iter()
        .filter_map(|said| broken::death(said.1).filter(|(_, end)| !broken::is_oom(end)).map(|death| (*said, death)))
        .collect();
    let dead = counts.failed + counts.killed;
    if dead == 0 && died.is_empty() {
        return Verdict::Clear;
    }
    let how = match (counts.failed, counts.killed) {
        (0, 0) => format!("{} died", count(u32::try_from(died.len()).unwrap_or(u32::MAX), waiting.unit())),
        (failed, 0) => format!("{} exited with an error", count(failed, waiting.unit())),
        (0, killed) => format!("{} killed by a signal", count(killed, waiting.unit())),
        (failed, killed) => format!("{} exited with an error and {killed} killed by a signal", count(failed, waiting.unit())),
    };
    let still = if counts.ready_old > 0 { "; the old version still answers" } else { "" };
    let first = died.first();
    let ended = first.map(|((_, replica), death)| format!(": {}", ending(replica, *death))).unwrap_or_default();
    // A signal may also come from a failing probe or a vanishing machine.
    let confidence = if counts.failed > 0 || first.is_some() { Confidence::Certain } else { Confidence::Likely };
    let machine = first.and_then(|((_, replica), (_, end))| killed_for_its_machine(world, replica, end));
    let specific = match first {
        _ if machine.is_some() => NODE_OOM.to_owned(),
        Some((_, death)) => cause(*death),
        None => "kubernetes/cont-exit-error".to_owned(),
    };
    let own = pick(waiting.workload, "cortex/update-crash", "");
    let cause = if own.is_empty() { specific.as_str() } else { own };
    let mut remedies = way_back(world, waiting, "read why: the last lines before the exit");
    if let (Some(((_, replica), _)), true) = (first, waiting.workload.platform.as_str() == dialect::KUBERNETES) {
        remedies = Fill::of(world, &key.context).replica(replica).remedies(&specific).into_iter().chain(remedies).collect();
    }
    let (says, headline) = match machine.filter(|_| own.is_empty()) {
        Some((_, event)) => {
            let name = short_name(&event.of.name);
            let says = format!("machine {name} ran out of memory and its kernel killed a process: {how}{ended}{still}");
            (says, format!("machine {name} out of memory ({how})"))
        }
        None => (format!("the new version crashes: {how}{ended}{still}"), format!("new version crashes ({how})")),
    };
    Held::new(cause, key, world.confidence(waiting.source, confidence), says, headline)
        .evidence(died.iter().take(2).map(|(said, death)| of_death(world, *said, *death)))
        .evidence(machine.map(|said| world.told(said)))
        .evidence(
            [("replica_counts.failed", counts.failed), ("replica_counts.killed", counts.killed)]
                .into_iter()
                .filter(|(_, number)| *number > 0)
                .map(|(field, number)| world.evidence(waiting.source, key, field, number.to_string())),
        )
        .evidence(super::log_tells::last_words(world, waiting))
        .remedies(remedies)
        .asks([Symptom::new(Condition::LogTells, key)])
        .asks_each(replica_tells::asks(first.map(|(said, _)| said)))
        .verdict()
}

/// What the machine said when its kernel killed a process, if a container was killed just then.
fn killed_for_its_machine<'a>(world: &World<'a>, replica: &Replica, end: &Termination) -> Option<Said<'a, Event>> {
    let (node, at) = (replica.node.as_ref()?, end.finished_at.filter(|_| end.exit_code == 137)?);
    let machine = ResourceKey::new(&replica.key.context, ResourceKind::Node, node.clone());
    let is_it =
        |event: &Event| matches!(event.reason.as_str(), "SystemOOM" | "OOMKilling") && age(event.at.max(at), event.at.min(at)) <= SAME;
    world.events(&machine).into_iter().find(|(_, event)| is_it(event))
}

/// How the container of one replica ended, beneath a platform that only counts ends: where the end
/// says more than that there was one.
pub(super) fn of_replica<'a>(world: &World<'a>, said: Said<'a, Replica>) -> Verdict {
    let (source, replica) = said;
    let Some(death) = broken::death(replica).filter(|(_, end)| !broken::is_oom(end)) else { return Verdict::Clear };
    let cause = cause(death);
    if matches!(cause.as_str(), "kubernetes/cont-exit-error" | "kubernetes/cont-sigkill") {
        return Verdict::Clear;
    }
    // The workload's, like what its log tells: one story told twice is one link.
    let of = replica.workload.as_ref().unwrap_or(&replica.key);
    let title = known::title(&cause.as_str().into()).map(lower).unwrap_or_default();
    Held::new(&cause, of, world.confidence(source, Confidence::Certain), format!("{title}: {}", ending(replica, death)), title)
        .evidence([of_death(world, said, death)])
        .remedies(Fill::of(world, &replica.key.context).replica(replica).remedies(&cause))
        .verdict()
}

/// `container main ended with exit code 1 after 7 restarts: ModuleNotFoundError …`.
fn ending(replica: &Replica, (container, end): (&Container, &Termination)) -> String {
    let kind = if container.init { "init container" } else { "container" };
    let restarts = if container.restarts > 0 { format!(" after {}", count(container.restarts, "restart")) } else { String::new() };
    let message = last_line(&end.message).map(|line| format!(" (\"{line}\")")).unwrap_or_default();
    format!("{kind} {} of {} ended with exit code {}{restarts}{message}", container.name, replica.key.name, end.exit_code)
}

/// The last line of what a container left behind.
fn last_line(message: &str) -> Option<String> {
    let line = message.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    let mut short: String = line.chars().take(140).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    Some(short)
}

/// How a container ended, as evidence.
pub(super) fn of_death(world: &World<'_>, (source, replica): Said<'_, Replica>, (container, end): (&Container, &Termination)) -> Evidence {
    let message = last_line(&end.message).map(|line| format!(": {line}")).unwrap_or_default();
    let value = format!("{} exit {}{message}", end.reason, end.exit_code);
    let mut evidence = world.evidence(source, &replica.key, &format!("{} lastState.terminated", container.name), value);
    evidence.observed_at = end.finished_at.unwrap_or(evidence.observed_at);
    evidence
}

/// The cause of an end: what its last words say, or else its exit code.
fn cause((container, end): (&Container, &Termination)) -> String {
    if !end.message.is_empty() {
        let found = signature::classify(&end.message, &Hints::field("kubernetes", Field::LogLine));
        if let Some(cause) = found.cause.filter(|_| !found.benign) {
            return cause.0;
        }
    }
    let cause = match end.exit_code {
        _ if container.init => "kubernetes/cont-init-failed",
        _ if end.reason.as_str() == "ContainerStatusUnknown" => "kubernetes/cont-status-unknown",
        126..=128 => "kubernetes/cont-bad-command",
        137 => "kubernetes/cont-sigkill",
        139 | 134 => "kubernetes/cont-exit-139",
        143 => "kubernetes/cont-exit-143",
        _ => "kubernetes/cont-exit-error",
    };
    cause.to_owned()
}

/// Read the log, or go back to the version before: the ways out of a broken version.
pub(super) fn way_back(world: &World<'_>, waiting: Waiting<'_>, read: &str) -> Vec<Remedy> {
    let workload = waiting.workload;
    if workload.platform.as_str() == dialect::KUBERNETES {
        return roll_back(world, waiting).into_iter().collect();
    }
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

/// Back to the revision before, where the controller keeps one.
fn roll_back(world: &World<'_>, waiting: Waiting<'_>) -> Option<Remedy> {
    let (_, rollout) = world.inside(&waiting.workload.key.context).rollouts(&waiting.workload.key).first()?;
    let (kind, name) = rollout.key.name.split_once(' ')?;
    let (namespace, name) = name.split_once('/')?;
    let kubectl = Fill::of(world, &waiting.workload.key.context).kubectl();
    if !matches!(kind, "Deployment" | "StatefulSet") {
        return Some(advice(Risk::Mutating, "apply the version before again, or a corrected one"));
    }
    let command = format!("{kubectl} -n {} rollout undo {}/{}", commands::quoted(namespace), kind.to_lowercase(), commands::quoted(name));
    Some(remedy(Risk::Mutating, "go back to the revision before", command))
}
