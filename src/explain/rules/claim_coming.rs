//! A pool has asked for a machine: where it is on its way, and when it is late.

use super::Rule;
use crate::domain::condition;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::provisioner::NodeClaim;
use crate::domain::replica::Replica;
use crate::domain::time::{Timestamp, age, words};
use crate::explain::condition::{Condition, Symptom};
use crate::explain::durations::{self, Stage};
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{Confidence, Evidence};
use crate::explain::signature::{self, Hints};
use crate::explain::world::{Said, World};

pub(super) const RULE: Rule = Rule {
    slug: "claim_coming",
    explains: Condition::NoMachineComes,
    causes: &[
        "kubernetes/karp-launch-failed",
        "kubernetes/karp-not-initialized",
        "kubernetes/karp-not-registered",
        "kubernetes/karp-quota",
        "kubernetes/karp-denied",
        "kubernetes/karp-launch-config",
        "kubernetes/karp-subnet-ips",
    ],
    check,
};

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((_, replica)) = world.replica(key) else { return Verdict::Clear };
    let Some(said) = find(world, replica) else { return Verdict::Clear };
    let claim = said.1;
    let elapsed = claim.created_at.map(|at| age(world.now, at)).unwrap_or_default();
    let (stage, open) = stage(claim);
    let told = condition::named(&claim.conditions, open);
    let reason = told.map(|told| told.reason.as_str()).unwrap_or_default();
    let failed = open == "Launched" && told.is_some_and(|told| told.holds != Some(true) && !is_calm(&told.reason));
    let typical = durations::of("karpenter", Stage::Machine);
    if !failed && elapsed < typical.stuck {
        return typical.moving(stage, elapsed);
    }
    let machine = claim.instance_type.as_deref().unwrap_or("a machine");
    let message = told.map(|told| told.message.as_str()).unwrap_or_default();
    let (cause, says, headline) = match open {
        "Launched" if failed => (
            launch_cause(reason, message),
            format!("pool {} could not start {machine}: {reason}: {message}", claim.pool),
            format!("launch refused: {reason}"),
        ),
        "Launched" => (
            "kubernetes/karp-launch-failed",
            format!("pool {} asked for {machine} {} ago and none was started", claim.pool, words(elapsed)),
            "machine not started".to_owned(),
        ),
        "Registered" => (
            "kubernetes/karp-not-registered",
            format!("{machine} of pool {} was started {} ago and has not joined the cluster", claim.pool, words(elapsed)),
            "machine does not join".to_owned(),
        ),
        _ => (
            "kubernetes/karp-not-initialized",
            format!("{machine} of pool {} joined and is not ready for replicas after {}: {message}", claim.pool, words(elapsed)),
            format!("node not initialised ({reason})"),
        ),
    };
    let node = claim.node.as_ref().map(|node| ResourceKey::new(&key.context, ResourceKind::Node, node.clone()));
    let fill = Fill::of(world, &key.context).replica(replica).and("nodeclaim", &claim.key.name).and("nodepool", &claim.pool);
    let fill = claim.node.as_ref().map_or(fill.clone(), |node| fill.and("node", node));
    let held = Held::new(cause, &claim.key, world.confidence(said.0, Confidence::Certain), says, headline)
        .evidence(conditions(world, said))
        .remedies(fill.remedies(cause));
    match (open, node) {
        ("Launched", _) => held.asks([Symptom::new(Condition::PurchaseRefused, &claim.key)]).verdict(),
        // The node carries the claim further: what ails it lies at the same depth.
        _ => held.verdict(),
    }
}

/// The claim made for a replica: the one its events name, or one of its size made after it.
pub(crate) fn find<'a>(world: &World<'a>, replica: &Replica) -> Option<Said<'a, NodeClaim>> {
    let claims = &world.inside(&replica.key.context).node_claims;
    let open = |claim: &NodeClaim| claim.deleting_since.is_none() && stage(claim).1 != "done";
    let nominated = world.event(&replica.key, &["Nominated"]);
    let named =
        nominated.and_then(|(_, event)| claims.values().copied().find(|(_, claim)| event.message.contains(claim.key.name.as_str())));
    if let Some(named) = named.filter(|(_, claim)| open(claim)) {
        return Some(named);
    }
    let wished = |claim: &NodeClaim| match (claim.created_at, replica.created_at) {
        (Some(made), Some(wished)) => made >= wished,
        _ => true,
    };
    let large = |claim: &NodeClaim| claim.requested.holds(replica.demand) || !replica.demand.wants_accelerator();
    let mut fitting: Vec<Said<'a, NodeClaim>> =
        claims.values().copied().filter(|(_, claim)| open(claim) && wished(claim) && large(claim)).collect();
    fitting.sort_by_key(|(_, claim)| (claim.created_at, &claim.key));
    fitting.first().copied()
}

/// Where a claim is, and the condition it waits for.
fn stage(claim: &NodeClaim) -> (&'static str, &'static str) {
    let holds = |name: &str| condition::named(&claim.conditions, name).and_then(|told| told.holds) == Some(true);
    if !holds("Launched") {
        ("machine starting", "Launched")
    } else if !holds("Registered") {
        ("node joining", "Registered")
    } else if !holds("Initialized") {
        ("node getting ready", "Initialized")
    } else {
        ("node ready", "done")
    }
}

/// Words that say "not yet" rather than "no".
fn is_calm(reason: &str) -> bool {
    reason.is_empty() || matches!(reason, "AwaitingReconciliation" | "Launched" | "Pending")
}

/// The cause of a refused launch. Source: Karpenter's fixed table of reasons.
pub(crate) fn launch_cause(reason: &str, message: &str) -> &'static str {
    match reason {
        "VCPULimitExceeded" | "SpotQuotaExceeded" | "FleetQuotaExceeded" => return "kubernetes/karp-quota",
        "Unauthorized" | "SpotSLRCreationFailed" | "AMIAuthorizationFailure" => return "kubernetes/karp-denied",
        "InsufficientFreeAddressesInSubnet" => return "kubernetes/karp-subnet-ips",
        "SecurityGroupSubnetVPCMismatch"
        | "InstanceProfileNameInvalid"
        | "LaunchTemplateNotFound"
        | "UserDataSizeLimitExceeded"
        | "InvalidAMIID"
        | "AMINotFound" => return "kubernetes/karp-launch-config",
        _ => {}
    }
    wrapped(message).unwrap_or("kubernetes/karp-launch-failed")
}

/// What stands inside a wrapper of Karpenter's, a quota first.
pub(crate) fn wrapped(message: &str) -> Option<&'static str> {
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if has(&["VcpuLimitExceeded", "MaxSpotInstanceCountExceeded", "MaxFleetCountExceeded", "vCPU limit"]) {
        return Some("kubernetes/karp-quota");
    }
    if has(&["UnauthorizedOperation", "AccessDenied", "AuthFailure", "not authorized"]) {
        return Some("kubernetes/karp-denied");
    }
    if has(&["InsufficientFreeAddresses"]) {
        return Some("kubernetes/karp-subnet-ips");
    }
    let found = signature::classify(message, &Hints::platform("kubernetes")).cause?;
    ["kubernetes/karp-launch-config", "kubernetes/karp-launch-failed"].into_iter().find(|cause| *cause == found.as_str())
}

fn conditions(world: &World<'_>, (source, claim): Said<'_, NodeClaim>) -> Vec<Evidence> {
    let told = claim.conditions.iter().filter(|told| matches!(told.name.as_str(), "Launched" | "Registered" | "Initialized"));
    told.map(|told| {
        let holds = told.holds.map_or("Unknown", |holds| if holds { "True" } else { "False" });
        let mut evidence = world.evidence(source, &claim.key, &told.name, format!("{holds} {} {}", told.reason, told.message));
        let since: Option<Timestamp> = told.since;
        evidence.observed_at = since.unwrap_or(evidence.observed_at);
        evidence
    })
    .collect()
}
