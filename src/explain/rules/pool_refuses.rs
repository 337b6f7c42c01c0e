//! Pools that claim machines one by one, and why none claims one for this replica.

use std::collections::BTreeSet;

use super::Rule;
use super::claim_coming::{find, wrapped};
use crate::domain::condition;
use crate::domain::event::Event;
use crate::domain::id::ResourceKey;
use crate::domain::placement::LabelOperator;
use crate::domain::provisioner::NodePool;
use crate::domain::replica::Replica;
use crate::domain::text::Text;
use crate::domain::time::{Duration, age};
use crate::explain::condition::{Condition, Symptom};
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{Confidence, Evidence};
use crate::explain::signature::{self, Field, Hints};
use crate::explain::tally;
use crate::explain::world::{Said, World};

pub(super) const RULE: Rule = Rule {
    slug: "pool_refuses",
    explains: Condition::NoMachineComes,
    causes: &[
        "kubernetes/karp-denied",
        "kubernetes/karp-ice",
        "kubernetes/karp-launch-config",
        "kubernetes/karp-limits",
        "kubernetes/karp-no-nodepools",
        "kubernetes/karp-nodeclass",
        "kubernetes/karp-quota",
        "kubernetes/karp-requirements",
        "kubernetes/karp-subnet-ips",
        "kubernetes/karp-taint",
    ],
    check,
};

/// A refusal older than this explains an older wait.
const RECENT: Duration = Duration::from_hours(1);

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((_, replica)) = world.replica(key) else { return Verdict::Clear };
    let inside = world.inside(&key.context);
    if inside.pools.is_empty() || find(world, replica).is_some() {
        return Verdict::Clear;
    }
    let pools: Vec<Said<'_, NodePool>> = inside.pools.values().copied().collect();
    let compatible: Vec<Said<'_, NodePool>> = pools.iter().copied().filter(|(_, pool)| refuses(pool, replica).is_none()).collect();
    if compatible.is_empty() {
        return incompatible(world, replica, &pools);
    }
    if let Some(said) = refusal(world, &key.context, None).filter(|(_, event)| replica.created_at.is_none_or(|at| event.at >= at)) {
        return launch_refused(world, replica, said, &compatible);
    }
    if let Some(verdict) = compatible.iter().find_map(|said| class_broken(world, replica, *said)) {
        return verdict;
    }
    if let Some(verdict) = compatible.iter().find_map(|said| at_limit(world, replica, *said)) {
        return verdict;
    }
    told(world, replica)
}

/// The newest refusal of a launch that a pool reported: claims that were refused are gone at once,
/// only their events stay.
pub(crate) fn refusal<'a>(world: &World<'a>, context: &Text, of: Option<&ResourceKey>) -> Option<Said<'a, Event>> {
    let refused = |event: &Event| {
        matches!(event.reason.as_str(), "InsufficientCapacityError" | "LaunchFailed" | "FailedLaunch" | "NodeClassNotReady")
    };
    let events = world.context(context).claim_events.iter().copied().filter(|(_, event)| refused(event));
    let events = events.filter(|(_, event)| of.is_none_or(|of| event.of == *of) && age(world.now, event.at) < RECENT);
    // Of those of one wish, one that names a quota counts most: more zones would not help.
    events.max_by_key(|(_, event)| (wrapped(&event.message).is_some(), event.at))
}

fn launch_refused(world: &World<'_>, replica: &Replica, said: Said<'_, Event>, pools: &[Said<'_, NodePool>]) -> Verdict {
    let text = &said.1.message;
    let cause = wrapped(text).unwrap_or("kubernetes/karp-ice");
    let names: Vec<&str> = pools.iter().map(|(_, pool)| pool.key.name.as_str()).collect();
    let who = crate::explain::words::list(&names);
    let (says, headline) = match cause {
        "kubernetes/karp-quota" => (
            format!("pool {who} is refused a machine by an account quota, worded as missing capacity"),
            format!("an account quota refuses pool {who} a machine"),
        ),
        "kubernetes/karp-ice" => {
            (format!("the cloud has no machine now of any type that pool {who} allows"), format!("no capacity for the types of pool {who}"))
        }
        "kubernetes/karp-denied" => (format!("pool {who} may not start a machine"), "launch denied".to_owned()),
        "kubernetes/karp-subnet-ips" => {
            (format!("the subnets of pool {who} have no free address"), "no free address in the subnets".to_owned())
        }
        _ => (format!("pool {who} could not start a machine"), "launch refused".to_owned()),
    };
    let says = format!("{says}: \"{}\"", excerpt(refusal_itself(text)));
    let fill = fill(world, replica, pools.first());
    // The quota itself stands beneath with its own number; holes to fill in by hand are no help beside it.
    let remedies = if cause == "kubernetes/karp-quota" { fill.commands(cause) } else { fill.remedies(cause) };
    let held = Held::new(cause, &replica.key, world.confidence(said.0, Confidence::Certain), says, headline)
        .evidence([world.told(said)])
        .remedies(remedies);
    // Missing capacity is said by the words themselves: nothing lies beneath.
    if cause == "kubernetes/karp-ice" {
        held.verdict()
    } else {
        held.asks([Symptom::new(Condition::PurchaseRefused, &said.1.of)]).verdict()
    }
}

fn fill(world: &World<'_>, replica: &Replica, pool: Option<&Said<'_, NodePool>>) -> Fill {
    let fill = Fill::of(world, &replica.key.context).replica(replica);
    match pool {
        Some((_, pool)) => fill.pool(pool),
        None => fill,
    }
}

/// Why a pool's machines would never take the replica.
fn refuses(pool: &NodePool, replica: &Replica) -> Option<(&'static str, String)> {
    if let Some(taint) = replica.placement.first_untolerated(&pool.taints) {
        return Some(("kubernetes/karp-taint", format!("its machines carry the taint {}", tally::taint_words(taint))));
    }
    let clash = replica.placement.selector.iter().find(|(key, value)| {
        if let Some(own) = pool.labels.get(*key) {
            return own != *value;
        }
        let rules: Vec<_> = pool.requirements.iter().filter(|rule| rule.key == **key).collect();
        if rules.is_empty() {
            return !is_known_label(key);
        }
        rules.iter().any(|rule| match rule.operator {
            LabelOperator::In => !rule.values.contains(value),
            LabelOperator::NotIn => rule.values.contains(value),
            LabelOperator::DoesNotExist => true,
            _ => false,
        })
    });
    clash.map(|(key, value)| ("kubernetes/karp-requirements", format!("it never makes machines with {key}={value}")))
}

/// Labels that every machine gets by its nature.
fn is_known_label(key: &str) -> bool {
    [
        "kubernetes.io/",
        "node.kubernetes.io/",
        "topology.kubernetes.io/",
        "karpenter.sh/",
        "karpenter.k8s.aws/",
        "eks.amazonaws.com/",
        "topology.k8s.aws/",
    ]
    .iter()
    .any(|prefix| key.starts_with(prefix))
}

fn incompatible(world: &World<'_>, replica: &Replica, pools: &[Said<'_, NodePool>]) -> Verdict {
    let refused: Vec<(&Said<'_, NodePool>, (&'static str, String))> =
        pools.iter().filter_map(|said| refuses(said.1, replica).map(|why| (said, why))).collect();
    let Some((said, (cause, _))) = refused.first() else { return Verdict::Clear };
    let told: Vec<String> = refused.iter().take(3).map(|((_, pool), (_, why))| format!("{}: {why}", pool.key.name)).collect();
    let requirements = |pool: &NodePool| pool.requirements.iter().map(|rule| rule.key.to_string()).collect::<BTreeSet<String>>();
    let shown = format!(
        "taints {}, requirements on {}",
        said.1.taints.iter().map(tally::taint_words).collect::<Vec<_>>().join(" "),
        requirements(said.1).into_iter().collect::<Vec<_>>().join(" ")
    );
    Held::new(
        cause,
        &replica.key,
        world.confidence(said.0, Confidence::Certain),
        format!("no pool makes a machine that would take it ({})", told.join("; ")),
        "no pool makes a machine for it",
    )
    .evidence([world.evidence(said.0, &said.1.key, "spec.template", shown)])
    .remedies(fill(world, replica, Some(said)).remedies(cause))
    .verdict()
}

fn class_broken(world: &World<'_>, replica: &Replica, said: Said<'_, NodePool>) -> Option<Verdict> {
    let (source, pool) = said;
    let bad = |conditions: &[condition::StatusCondition]| conditions.iter().find(|told| told.holds == Some(false)).cloned();
    let inside = world.inside(&pool.key.context);
    let class = inside.node_classes.get(&pool.node_class).copied();
    let (cause, of, told) = match class {
        Some((_, class)) if bad(&class.conditions).is_some() => {
            // The part that fails says more than the sum.
            let part = class.conditions.iter().find(|told| told.holds == Some(false) && told.name.as_str() != "Ready").cloned();
            ("kubernetes/karp-nodeclass", &class.key, part.or_else(|| bad(&class.conditions))?)
        }
        _ => {
            let told = pool.conditions.iter().find(|told| {
                matches!(told.name.as_str(), "NodeClassReady" | "Ready" | "ValidationSucceeded") && told.holds == Some(false)
            })?;
            let cause = if told.name.as_str() == "NodeClassReady" { "kubernetes/karp-nodeclass" } else { "kubernetes/karp-no-nodepools" };
            (cause, &pool.key, told.clone())
        }
    };
    let says = format!(
        "pool {} cannot make machines: {} of {} does not hold ({}: {})",
        pool.key.name, told.name, of.name, told.reason, told.message
    );
    let mut evidence: Evidence = world.evidence(source, of, &told.name, format!("False ({}): {}", told.reason, told.message));
    evidence.observed_at = told.since.unwrap_or(evidence.observed_at);
    let held = Held::new(
        cause,
        of,
        world.confidence(source, Confidence::Certain),
        says,
        format!("pool {}: {} ({})", pool.key.name, told.name, told.reason),
    );
    Some(held.evidence([evidence]).remedies(fill(world, replica, Some(&said)).remedies(cause)).verdict())
}

fn at_limit(world: &World<'_>, replica: &Replica, said: Said<'_, NodePool>) -> Option<Verdict> {
    let (source, pool) = said;
    let wanted = |name: &str| match name {
        "cpu" => replica.demand.cpu_millis.saturating_mul(1),
        "memory" => replica.demand.memory_bytes.saturating_mul(1_000),
        "nodes" => 1_000,
        _ => replica
            .extended
            .get(name)
            .copied()
            .unwrap_or(if name.ends_with("/gpu") { replica.demand.gpus } else { 0 })
            .saturating_mul(1_000),
    };
    let (name, limit, used) = pool.limits.iter().find_map(|(name, limit)| {
        let used = pool.used.get(name).cloned().unwrap_or_else(|| "0".into());
        let over = thousandths(&used)?.saturating_add(wanted(name).max(1)) > thousandths(limit)?;
        (over && wanted(name) > 0).then_some((name, limit, used))
    })?;
    let says = format!("pool {} has reached its limit: {used} of {limit} {name}", pool.key.name);
    let held = Held::new(
        "kubernetes/karp-limits",
        &pool.key,
        world.confidence(source, Confidence::Certain),
        says,
        format!("pool {} at its limit of {limit} {name}", pool.key.name),
    );
    let evidence = [world.evidence(source, &pool.key, &format!("status.resources / spec.limits {name}"), format!("{used} / {limit}"))];
    Some(held.evidence(evidence).remedies(fill(world, replica, Some(&said)).remedies("kubernetes/karp-limits")).verdict())
}

/// A quantity as Kubernetes writes it, in thousandths of its unit.
fn thousandths(quantity: &str) -> Option<i64> {
    let digits = quantity.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(quantity.len());
    let (number, unit) = quantity.split_at_checked(digits)?;
    let number: f64 = number.parse().ok()?;
    let factor = match unit {
        "m" => 1.0,
        "" => 1e3,
        "k" => 1e6,
        "M" => 1e9,
        "G" => 1e12,
        "T" => 1e15,
        "Ki" => 1_024e3,
        "Mi" => 1_048_576e3,
        "Gi" => 1_073_741_824e3,
        "Ti" => 1_099_511_627_776e3,
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, reason = "a cast from float saturates")]
    Some((number * factor) as i64)
}

/// The pools' own sentence about the replica, recognised.
fn told(world: &World<'_>, replica: &Replica) -> Verdict {
    let own = |event: &Event| {
        event.message.contains("nodepool")
            || event.message.contains("instance type")
            || event.reason.as_str() == "NoCompatibleInstanceTypes"
    };
    let Some(said) = world.events(&replica.key).into_iter().find(|(_, event)| event.warning && own(event)) else { return Verdict::Clear };
    let found = signature::classify(&said.1.message, &Hints::field("kubernetes", Field::EventMessage));
    let Some(cause) = found.cause.filter(|cause| cause.as_str().starts_with("kubernetes/karp-")) else { return Verdict::Clear };
    let says = format!("no pool adds a machine: \"{}\"", excerpt(&said.1.message));
    Held::new(
        cause.as_str(),
        &replica.key,
        world.confidence(said.0, found.confidence),
        says,
        crate::explain::known::title(&cause).unwrap_or("no pool adds a machine"),
    )
    .evidence([world.told(said)])
    .remedies(fill(world, replica, None).remedies(cause.as_str()))
    .verdict()
}

/// The provider's own words, out of those of the pool and its controller around them.
fn refusal_itself(text: &str) -> &str {
    text.split_once("fleet error(s), ").map_or(text, |(_, own)| own)
}

fn excerpt(text: &str) -> String {
    let mut excerpt: String = text.chars().take(160).collect();
    if excerpt.len() < text.len() {
        excerpt.push('…');
    }
    excerpt
}
