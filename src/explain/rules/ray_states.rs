//! What a state of an Anyscale service and its age come to, a deployment of Ray Serve that served
//! and whose replacements do not start, and a full disk of a Ray cluster's head: facts that no
//! sentence of the platform tells.

use super::Rule;
use crate::domain::condition;
use crate::domain::id::ResourceKey;
use crate::domain::time::{Duration, age, words};
use crate::domain::workload::Workload;
use crate::explain::condition::Condition;
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{Confidence, Evidence};
use crate::explain::world::{Said, World};

pub(super) const RULE: Rule = Rule {
    slug: "ray_states",
    explains: Condition::PlatformSays,
    causes: &[
        "anyscale/head-disk-full",
        "anyscale/rollout-canary-not-healthy",
        "anyscale/serve-deploy-health-check-then-restart-loop",
        "anyscale/stuck-starting",
        "anyscale/stuck-starting-cluster",
        "anyscale/stuck-starting-networking",
        "anyscale/stuck-terminating",
    ],
    check,
};

/// The condition that the adapter of Ray gives a head whose disk is full.
const HEAD_DISK: &str = "HeadDiskFull";

/// The condition that it gives every deployment: Serve's state, and what brought it about.
const HEALTHY: &str = "Healthy";

/// Parts of a service that are network, not machines.
const NETWORK: [&str; 9] = [
    "LOAD_BALANCER",
    "LISTENER",
    "LISTENER_RULE",
    "TARGET_NODE_GROUP",
    "CERTIFICATE",
    "DNS",
    "IP_ADDR",
    "LB_RESOURCES",
    "CLOUD_NETWORKING_STACK",
];

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(said) = world.workload(key).filter(|(_, workload)| workload.platform.as_str() == "anyscale") else { return Verdict::Clear };
    let mut held: Vec<Held> = Vec::new();
    held.extend(full_head(world, said));
    held.extend(stuck(world, said));
    held.extend(replacements_fail(world, said));
    if held.is_empty() { Verdict::Clear } else { Verdict::Several(held) }
}

fn found(world: &World<'_>, (source, workload): Said<'_, Workload>, cause: &str, wanted: Confidence, says: &str, headline: &str) -> Held {
    let fill = Fill::of(world, &workload.key.context).known_of(workload);
    Held::new(cause, &workload.key, world.confidence(source, wanted), says, headline).remedies(fill.remedies(cause))
}

/// A head that can write nothing any more loses sight of its cluster, whatever else is said.
fn full_head(world: &World<'_>, said: Said<'_, Workload>) -> Option<Held> {
    let context = &said.1.key.context;
    let (source, node, told) = world.inside(context).nodes.values().find_map(|(source, node)| {
        let told = condition::named(&node.detail.as_deref()?.conditions, HEAD_DISK)?;
        Some((*source, *node, told))
    })?;
    let says = format!("the head node {} cannot write any more: {}", node.key.name, told.message);
    let held = found(world, said, "anyscale/head-disk-full", Confidence::Certain, &says, "the head node's disk is full");
    let state = world.evidence(said.0, &said.1.key, "status", said.1.status.native.clone());
    let felt = said.1.messages.iter().filter(|message| message.text.contains("No space left on device"));
    let felt = felt.map(|message| world.evidence(said.0, &said.1.key, &message.field, message.text.clone()));
    Some(held.evidence([world.evidence(source, &node.key, "disk", told.message.clone()), state].into_iter().chain(felt)))
}

/// Serve tells a constructor that gave up and replacements that fail for ever in one and the same
/// sentence. The state tells them apart: only what has once been healthy becomes `UNHEALTHY`.
fn replacements_fail(world: &World<'_>, said: Said<'_, Workload>) -> Option<Held> {
    let (source, key) = (said.0, &said.1.key);
    let own = world.snapshot.views.get(source)?.view.rollouts.iter().filter(|rollout| rollout.workload == *key);
    let (rollout, told) = own.into_iter().find_map(|rollout| {
        let told = condition::named(&rollout.conditions, HEALTHY)?;
        let is_so = told.reason.as_str() == "UNHEALTHY" && told.message.as_str() == "REPLICA_STARTUP_FAILED";
        is_so.then_some((rollout, told))
    })?;
    let part = rollout.key.name.rsplit('/').next().unwrap_or_default();
    let messages = said.1.messages.iter().filter(|message| message.field.starts_with(&format!("deployments.{part}.")));
    let messages: Vec<_> = messages.collect();
    let fails = if messages.iter().any(|message| message.text.contains("in check_health")) {
        "its replacements fail their first health check"
    } else {
        "its replacements do not start"
    };
    let says = format!("{part} has served before, and {fails}; Serve tries again for ever");
    let cause = "anyscale/serve-deploy-health-check-then-restart-loop";
    let held = found(world, said, cause, Confidence::Certain, &says, "every replacement replica fails as well");
    let state = world.evidence(source, &rollout.key, "status", format!("{} ({})", told.reason, told.message));
    let replicas = world.evidence(source, &rollout.key, "replicas", format!("{} of {} ready", rollout.ready, rollout.desired));
    let told = messages.into_iter().rev().map(|message| world.evidence(source, key, &message.field, message.text.clone()));
    Some(held.evidence([state, replicas].into_iter().chain(told)))
}

/// A state that has lasted longer than it may.
fn stuck(world: &World<'_>, said: Said<'_, Workload>) -> Option<Held> {
    let (source, workload) = said;
    let began = world.since(workload)?;
    let lasted = age(world.now, began);
    let evidence = |field: &str, value: String| {
        let mut evidence = world.evidence(source, &workload.key, field, value);
        evidence.observed_at = world.snapshot.read_at(source).unwrap_or(evidence.observed_at);
        evidence
    };
    let state = evidence("current_state", format!("{} for {}", workload.status.native, words(lasted)));
    match workload.status.native.as_str() {
        "TERMINATING" => {
            let says = format!("the service has been ending for {}, and ends by itself in minutes or never", words(lasted));
            let held = found(world, said, "anyscale/stuck-terminating", Confidence::Certain, &says, "TERMINATING does not end");
            Some(held.evidence([state]))
        }
        "STARTING" if lasted > workload.usual_rollout => Some(starting(world, said, lasted, state)),
        "ROLLING_OUT" if lasted > workload.usual_rollout => {
            let canary = workload.versions.first().filter(|_| workload.versions.len() > 1)?;
            let share = canary.traffic.unwrap_or_default();
            if share > 0 {
                return None;
            }
            let says = format!("version {} has got no traffic for {}: it does not become healthy", canary.id, words(lasted));
            let held = found(
                world,
                said,
                "anyscale/rollout-canary-not-healthy",
                Confidence::Likely,
                &says,
                "the new version does not become healthy",
            );
            Some(held.evidence([state, evidence("canary_version.current_weight", share.to_string())]))
        }
        _ => None,
    }
}

/// Which part a service that starts for too long waits for.
fn starting(world: &World<'_>, said: Said<'_, Workload>, lasted: Duration, state: Evidence) -> Held {
    let (source, workload) = said;
    let part = workload.messages.iter().find_map(|message| Some((message, message.field.strip_prefix("checklist.")?)));
    let Some((message, kind)) = part else {
        let says = format!("the service has been STARTING for {}, and its checklist names no part", words(lasted));
        return found(world, said, "anyscale/stuck-starting", Confidence::Likely, &says, "STARTING does not end").evidence([state]);
    };
    let (cause, what) = match kind {
        "CLUSTER" => ("anyscale/stuck-starting-cluster", "the version's cluster does not come up"),
        kind if NETWORK.contains(&kind) => ("anyscale/stuck-starting-networking", "its network part is not ready"),
        _ => ("anyscale/stuck-starting", "STARTING does not end"),
    };
    let says = format!("the service has been STARTING for {}: {what} ({kind})", words(lasted));
    let mut item = world.evidence(source, &workload.key, &message.field, message.text.clone());
    item.observed_at = message.at.unwrap_or(item.observed_at);
    found(world, said, cause, Confidence::Likely, &says, what).evidence([item, state])
}
