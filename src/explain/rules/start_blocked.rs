//! A replica has a node and its containers are not made: configuration, volumes, the sandbox.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::domain::replica::{ContainerState, Replica};
use crate::domain::time::age;
use crate::explain::broken;
use crate::explain::condition::Condition;
use crate::explain::durations::{self, Stage};
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{Confidence, Evidence};
use crate::explain::signature::{self, Field, Hints};
use crate::explain::troubles::{START_EVENTS, Trouble};
use crate::explain::words::count;
use crate::explain::world::{Said, World};

pub(super) const RULE: Rule = Rule { slug: "start_blocked", explains: Condition::StartBlocked, causes: &[], check };

/// What keeps the containers from being made.
struct Obstruction {
    cause: String,
    words: String,
    /// Whether it is a definite refusal rather than something that is tried again.
    final_: bool,
    evidence: Vec<Evidence>,
}

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    if broken::find(world, key).is_none() {
        return Verdict::Clear;
    }
    let replicas = broken::replicas(world, key, Trouble::Start);
    let Some(said) = replicas.first().copied() else { return Verdict::Clear };
    let replica = said.1;
    let Some(found) = container(world, said).or_else(|| event(world, said)) else { return Verdict::Clear };
    let elapsed = replica.placed_at.or(replica.created_at).map(|at| age(world.now, at)).unwrap_or_default();
    let typical = durations::of("kubernetes", Stage::Mounting);
    if !found.final_ && elapsed < typical.stuck {
        return typical.moving("mounting volumes, wiring the network", elapsed);
    }
    let affected = count(u32::try_from(replicas.len()).unwrap_or(u32::MAX), "replica");
    let title = crate::explain::known::title(&found.cause.as_str().into()).unwrap_or("containers are not made");
    Held::new(
        &found.cause,
        &replica.key,
        world.confidence(said.0, Confidence::Certain),
        format!("the containers of {affected} are not made: {}", found.words),
        format!(
            "{}{} ({affected})",
            title.chars().next().map(|c| c.to_lowercase().to_string()).unwrap_or_default(),
            title.chars().skip(1).collect::<String>()
        ),
    )
    .evidence(found.evidence)
    .remedies(Fill::of(world, &key.context).replica(replica).said(&found.words).remedies(&found.cause))
    .verdict()
}

/// A container that waits for something that cannot be given.
fn container(world: &World<'_>, (source, replica): Said<'_, Replica>) -> Option<Obstruction> {
    let (container, reason, message) = replica.containers.iter().find_map(|container| match &container.state {
        ContainerState::Waiting { reason, message } if !matches!(reason.as_str(), "ContainerCreating" | "PodInitializing" | "") => {
            Some((container, reason, message))
        }
        _ => None,
    })?;
    let fallback = match reason.as_str() {
        "CreateContainerConfigError" => "kubernetes/config-create-config-error",
        "CreateContainerError" => "kubernetes/cont-create-error",
        "PostStartHookError" => "kubernetes/cont-post-start",
        _ => "kubernetes/cont-run-error",
    };
    let cause = named(reason, message).map_or_else(|| recognised(message, fallback), str::to_owned);
    let words = if message.is_empty() { reason.to_string() } else { message.to_string() };
    let mut evidence =
        vec![world.evidence(source, &replica.key, &format!("{} state.waiting", container.name), format!("{reason}: {message}"))];
    evidence.extend(world.event(&replica.key, &["Failed"]).map(|event| world.told(event)));
    Some(Obstruction { cause, words, final_: reason.as_str() != "RunContainerError", evidence })
}

/// Which object of the configuration is missing, by the kubelet's words.
fn named(reason: &str, message: &str) -> Option<&'static str> {
    if reason != "CreateContainerConfigError" {
        return None;
    }
    let lower = message.to_ascii_lowercase();
    if lower.contains("couldn't find key") {
        Some("kubernetes/config-key-missing")
    } else if lower.contains("secret \"") && lower.contains("not found") {
        Some("kubernetes/config-secret-missing")
    } else if lower.contains("configmap \"") && lower.contains("not found") {
        Some("kubernetes/config-configmap-missing")
    } else if lower.contains("run as non-root") || lower.contains("runasnonroot") {
        Some("kubernetes/config-run-as-non-root")
    } else {
        None
    }
}

/// A volume or a sandbox that cannot be had.
fn event(world: &World<'_>, (_, replica): Said<'_, Replica>) -> Option<Obstruction> {
    let events = world.events(&replica.key);
    let about: Vec<_> = events.into_iter().filter(|(_, event)| START_EVENTS.contains(&event.reason.as_str())).collect();
    // "Not ready in time" is what follows; the mount that failed says more.
    let umbrella = |text: &str| text.contains("timed out waiting for the condition") || text.contains("Unable to attach or mount volumes");
    let said = about.iter().find(|(_, event)| !umbrella(&event.message)).or_else(|| about.first()).copied()?;
    let text = &said.1.message;
    let lower = text.to_ascii_lowercase();
    let fallback = match said.1.reason.as_str() {
        "FailedAttachVolume" if lower.contains("multi-attach") => "kubernetes/vol-multi-attach",
        "FailedAttachVolume" => "kubernetes/vol-attach-failed",
        "FailedCreatePodSandBox" if lower.contains("assign an ip") => "kubernetes/net-ip-exhausted",
        "FailedCreatePodSandBox" => "kubernetes/net-sandbox-generic",
        "NetworkNotReady" => "kubernetes/net-cni-not-ready",
        _ if lower.contains("secret \"") && lower.contains("not found") => "kubernetes/vol-secret-missing",
        _ if lower.contains("configmap \"") && lower.contains("not found") => "kubernetes/vol-configmap-missing",
        _ if umbrella(text) => "kubernetes/vol-timeout",
        _ => "kubernetes/vol-mount-failed",
    };
    let cause = if fallback.ends_with("-missing") { fallback.to_owned() } else { recognised(text, fallback) };
    Some(Obstruction { cause, words: text.to_string(), final_: fallback.ends_with("-missing"), evidence: vec![world.told(said)] })
}

/// What the catalogue recognises in the words, among the causes that belong here.
fn recognised(text: &str, fallback: &'static str) -> String {
    let found = signature::classify(text, &Hints::field("kubernetes", Field::EventMessage));
    let fits = |cause: &str| {
        ["vol-", "config-", "net-", "cont-", "gpu-", "kubelet-"].iter().any(|prefix| cause.starts_with(&format!("kubernetes/{prefix}")))
    };
    found.cause.filter(|cause| fits(cause.as_str()) && !found.benign).map_or_else(|| fallback.to_owned(), |cause| cause.0)
}
