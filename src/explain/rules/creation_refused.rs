//! Replicas are not even made: a quota, a policy or a missing object refuses them at admission.
//! There is no replica to look at then, only the controller's word.

use super::Rule;
use crate::domain::condition::{self, StatusCondition};
use crate::domain::id::ResourceKey;
use crate::domain::limits::{LimitRule, NamespaceQuota};
use crate::domain::rollout::Rollout;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use crate::explain::condition::Condition;
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{Confidence, Evidence};
use crate::explain::known;
use crate::explain::signature::{self, Field, Hints};
use crate::explain::words::lower;
use crate::explain::world::{Said, World};

pub(super) const RULE: Rule = Rule {
    slug: "creation_refused",
    explains: Condition::RolloutBlocked,
    causes: &[
        "kubernetes/quota-exceeded",
        "kubernetes/quota-limit-range",
        "kubernetes/quota-webhook-denied",
        "kubernetes/quota-webhook-down",
        "kubernetes/rollout-replica-failure",
    ],
    check,
};

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let rollouts = world.inside(&key.context).rollouts(key);
    let Some((said, text, evidence)) =
        rollouts.iter().copied().find_map(|said| refusal(world, said).map(|(text, evidence)| (said, text, evidence)))
    else {
        return Verdict::Clear;
    };
    let (source, rollout) = said;
    let cause = cause(&text);
    let full = rollout.key.name.split_once(' ').map_or(rollout.key.name.as_str(), |(_, name)| name);
    let namespace = full.split('/').next().unwrap_or_default();
    let quotas = if cause == "kubernetes/quota-exceeded" { quotas(world, &key.context, namespace, &text) } else { Vec::new() };
    let sizes = if cause == "kubernetes/quota-limit-range" { sizes(world, &key.context, namespace, &text) } else { Vec::new() };
    let (says, headline) = if let Some((_, rule)) = sizes.first() {
        let name = rule.key.name.rsplit('/').next().unwrap_or_default();
        let (bound, amount) = bound(rule, &text);
        let asked = asked(&text).map(|asked| format!("; the new version asks for {asked}")).unwrap_or_default();
        let unit = rule.applies_to.to_lowercase();
        (
            format!("the namespace's LimitRange {name} allows a {unit} {bound} {amount} {}{asked}: no replica is made", rule.resource),
            format!("LimitRange {name}: {bound} {amount} {} a {unit}", rule.resource),
        )
    } else if let Some((_, quota)) = quotas.first() {
        let name = quota.key.name.rsplit('/').next().unwrap_or_default();
        let deadlock = if rollout.surge > 0 && rollout.max_unavailable == 0 {
            "; the update needs room for one more, although the old one will go"
        } else {
            ""
        };
        (
            format!(
                "the namespace's quota {name} refuses a new replica: {} of {} {} are used{deadlock}",
                quota.used, quota.hard, quota.resource
            ),
            format!("quota {name}: {} of {} {} used", quota.used, quota.hard, quota.resource),
        )
    } else {
        let title = known::title(&cause.as_str().into()).map_or_else(|| "replicas are refused".to_owned(), lower);
        // Who said no stands in quotes behind the word: `admission webhook "validate.kyverno.svc-fail" denied …`.
        let webhook = text.split_once("webhook \"").and_then(|(_, rest)| rest.split_once('"')).map(|(name, _)| name);
        let headline = match (cause.as_str(), webhook) {
            ("kubernetes/quota-webhook-denied", Some(name)) => format!("webhook {name} refuses new replicas"),
            ("kubernetes/quota-webhook-down", Some(name)) => format!("webhook {name} does not answer"),
            _ => title,
        };
        (format!("{}: no replica is made: {text}", rollout.key.name), headline)
    };
    Held::new(&cause, &rollout.key, world.confidence(source, Confidence::Certain), says, headline)
        .evidence([evidence])
        .evidence(
            quotas.iter().map(|(source, quota)| {
                world.evidence(source, &quota.key, &quota.resource, format!("{} of {} used", quota.used, quota.hard))
            }),
        )
        .evidence(sizes.iter().map(|(source, rule)| {
            let (bound, amount) = bound(rule, &text);
            let field = format!("{} {bound}, {}", rule.resource, rule.applies_to);
            let asked = asked(&text).map(|asked| format!(", asked for {asked}")).unwrap_or_default();
            world.evidence(source, &rule.key, &field, format!("{amount}{asked}"))
        }))
        .remedies(Fill::of(world, &key.context).workload(&rollout.workload).and("namespace", namespace).remedies(&cause))
        .verdict()
}

/// The controller's word that it could not make replicas, while some are missing.
fn refusal(world: &World<'_>, (source, rollout): Said<'_, Rollout>) -> Option<(Text, Evidence)> {
    let failing = |told: &&StatusCondition| told.holds == Some(true);
    let current = rollout.revisions.iter().find(|revision| revision.is_current);
    if current.is_some_and(|current| current.existing >= current.desired && current.desired > 0) {
        return None;
    }
    let of_revision = current.and_then(|current| condition::named(&current.conditions, "ReplicaFailure"));
    let told = of_revision.or_else(|| condition::named(&rollout.conditions, "ReplicaFailure")).filter(failing);
    if let Some(told) = told {
        let mut evidence = world.evidence(source, &rollout.key, "ReplicaFailure", format!("{}: {}", told.reason, told.message));
        evidence.observed_at = told.since.unwrap_or(evidence.observed_at);
        return Some((told.message.clone(), evidence));
    }
    let since: Option<Timestamp> = current.and_then(|current| current.created_at);
    let namespace = rollout.key.name.split_once(' ').and_then(|(_, full)| full.split_once('/')).map_or("", |(namespace, _)| namespace);
    let revisions = rollout.revisions.iter().flat_map(|revision| {
        ["ReplicaSet", "ControllerRevision"]
            .map(|kind| ResourceKey { name: format!("{kind} {namespace}/{}", revision.name).into(), ..rollout.key.clone() })
    });
    let keys = std::iter::once(rollout.key.clone()).chain(revisions);
    let words = ["FailedCreate", "ReplicaSetCreateError", "FailedToCreateWorkerPod", "FailedToCreateHeadPod"];
    let event = keys.filter_map(|key| world.event(&key, &words)).max_by_key(|(_, event)| event.at)?;
    since.is_none_or(|since| event.1.at >= since).then(|| (event.1.message.clone(), world.told(event)))
}

fn cause(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let known = [
        ("exceeded quota", "kubernetes/quota-exceeded"),
        ("failed calling webhook", "kubernetes/quota-webhook-down"),
        ("failed to call webhook", "kubernetes/quota-webhook-down"),
        ("denied the request", "kubernetes/quota-webhook-denied"),
    ];
    if let Some((_, cause)) = known.iter().find(|(words, _)| lower.contains(words)) {
        return (*cause).to_owned();
    }
    let found = signature::classify(text, &Hints::field("kubernetes", Field::EventMessage));
    found
        .cause
        .filter(|cause| cause.as_str().starts_with("kubernetes/quota-"))
        .map_or_else(|| "kubernetes/rollout-replica-failure".to_owned(), |cause| cause.0)
}

/// The rules of the namespace that the refusal is about.
fn sizes<'a>(world: &World<'a>, context: &Text, namespace: &str, text: &str) -> Vec<Said<'a, LimitRule>> {
    let own = |rule: &LimitRule| rule.key.name.split('/').next() == Some(namespace);
    let named = |rule: &LimitRule| text.contains(&format!("{} usage per {} is {}", rule.resource, rule.applies_to, bound(rule, text).1));
    world.inside(context).limit_rules.iter().copied().filter(|(_, rule)| own(rule) && named(rule)).take(3).collect()
}

/// The side of a rule that a refusal is about: `at most 8Gi`.
fn bound<'r>(rule: &'r LimitRule, text: &str) -> (&'static str, &'r str) {
    let (side, amount) = if text.contains("minimum ") { ("at least", &rule.min) } else { ("at most", &rule.max) };
    (side, amount.as_deref().unwrap_or_default())
}

/// What was asked for, where the refusal says it: `…, but limit is 12Gi`.
fn asked(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(", but ").and_then(|(_, rest)| rest.split_once(" is "))?;
    rest.split([',', ']', ' ']).next().map(|amount| amount.trim_end_matches('.')).filter(|amount| !amount.is_empty())
}

/// The figures of the namespace that the refusal names, those that are used up first.
fn quotas<'a>(world: &World<'a>, context: &Text, namespace: &str, text: &str) -> Vec<Said<'a, NamespaceQuota>> {
    let own = |quota: &NamespaceQuota| quota.key.name.split('/').next() == Some(namespace);
    let named = |quota: &NamespaceQuota| text.contains(quota.resource.as_str());
    let mut quotas: Vec<Said<'a, NamespaceQuota>> =
        world.inside(context).quotas.iter().copied().filter(|(_, quota)| own(quota) && named(quota)).collect();
    quotas.sort_by_key(|(_, quota)| (quota.used_amount < quota.hard_amount, quota.key.clone(), quota.resource.clone()));
    quotas.truncate(3);
    quotas
}
