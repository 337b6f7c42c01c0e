//! The answer in words: what was played, how it went, what stands in the way.

use super::play::{Played, play};
use super::request::{Request, written};
use super::supply::{Closed, Machine, Pool, Supply, serve_the_waiting, told_by};
use super::{Fit, NewMachines, Outcome, Wall, ways};
use crate::domain::capacity::Resources;
use crate::domain::id::SourceId;
use crate::domain::source::{Failure, Health};
use crate::domain::text::Text;
use crate::domain::time::{Duration, words};
use crate::domain::workload::Role;
use crate::explain::finding::{Evidence, Missing};
use crate::explain::words::{bytes, cores, count, list, names};
use crate::explain::world::World;

/// From asking for a machine to a replica on it, with and without accelerators to register.
const JOIN: (Duration, Duration) = (Duration::from_mins(6), Duration::from_mins(3));

/// Plays and tells.
pub(super) fn tell(world: &World<'_>, request: &Request<'_>, supply: &Supply<'_, '_>) -> Fit {
    let mut left = supply.clone();
    let served = serve_the_waiting(world, &mut left, request);
    let after_others = left.clone();
    let played = play(request, &mut left);
    let missing = missing(world, request, &after_others, &played);
    let outcome = outcome(request, &played, &after_others, &missing);
    let stuck = matches!(outcome, Outcome::Stuck { .. });
    let walls = if stuck { walls(request, &left) } else { Vec::new() };
    Fit {
        workload: request.workload.key.clone(),
        says: sentence(request, &played, &outcome, &walls).into(),
        update: update(request).into(),
        steps: steps(request, &played, served),
        assumed: assumptions(request, supply, &played),
        evidence: evidence(world, request, supply, &walls),
        ways: if stuck { ways::out(world, request, supply) } else { Vec::new() },
        outcome,
        walls,
        missing,
    }
}

fn outcome(request: &Request<'_>, played: &Played, supply: &Supply<'_, '_>, missing: &[Missing]) -> Outcome {
    if !request.is_playable() || (supply.machines.is_empty() && supply.pools.is_empty()) || (!missing.is_empty() && decides(played)) {
        return Outcome::CannotTell;
    }
    if !played.done {
        return Outcome::Stuck { ready: played.ready, wanted: request.desired };
    }
    if played.added.is_empty() {
        return Outcome::FitsNow;
    }
    let accelerated = request.demand.is_some_and(Resources::wants_accelerator);
    let join = if accelerated { JOIN.0 } else { JOIN.1 };
    let machines = played.added.iter().map(|(group, count)| {
        let pool = supply.pools.iter().find(|pool| pool.group.key.name == *group);
        let instance_type = pool.and_then(|pool| pool.group.preferred_type()).cloned().unwrap_or_default();
        NewMachines { group: group.clone(), count: *count, instance_type }
    });
    Outcome::FitsAfter { machines: machines.collect(), about: join.saturating_mul(played.waves.max(1)) }
}

/// Whether what could not be read would change the answer: it fits only with machines that an
/// unread quota may refuse, or does not fit where machines could not be seen.
fn decides(played: &Played) -> bool {
    !played.done || !played.added.is_empty()
}

fn sentence(request: &Request<'_>, played: &Played, outcome: &Outcome, walls: &[Wall]) -> String {
    let name = &request.workload.key.name;
    match outcome {
        Outcome::FitsNow => format!("the update of {name} fits on the machines there are"),
        Outcome::FitsAfter { machines, about } => {
            let added: Vec<String> =
                machines.iter().map(|added| format!("{} in {}", count(added.count, "new machine"), added.group)).collect();
            format!("the update of {name} fits after {} (about {})", list(&added), words(*about))
        }
        Outcome::Stuck { ready, wanted } => {
            let because = walls.first().map(|wall| format!(": {}", wall.says)).unwrap_or_default();
            format!("the update of {name} gets stuck with {ready} of {wanted} new replicas ready{because}")
        }
        Outcome::CannotTell if !request.is_playable() => format!("there is no rolling update of {name} to play: {}", unplayable(request)),
        Outcome::CannotTell => {
            format!("whether the update of {name} fits cannot be told{}", if played.done { ", it needs more machines" } else { "" })
        }
    }
}

fn unplayable(request: &Request<'_>) -> &'static str {
    if request.workload.role != Role::Serving {
        "it has no replicas that an update replaces"
    } else if request.desired == 0 {
        "it is wanted at zero replicas; name a number with --replicas"
    } else {
        "what one replica asks for could not be read"
    }
}

/// What is played, in one line.
fn update(request: &Request<'_>) -> String {
    let each = request.demand.map(|demand| format!(", each {}", amounts(demand))).unwrap_or_default();
    let pinned = if request.pinned.is_empty() { String::new() } else { format!(", only on {}", names(request.pinned.iter())) };
    format!("{}, {} surge, {} unavailable{each}{pinned}", count(request.desired, "replica"), request.surge, request.unavailable)
}

/// `1 GPU, 2 cores, 8 GiB`.
pub(super) fn amounts(demand: Resources) -> String {
    let mut parts = Vec::new();
    if demand.gpus > 0 {
        parts.push(format!("{} GPU", demand.gpus));
    }
    if demand.neuron > 0 {
        parts.push(format!("{} Neuron", demand.neuron));
    }
    parts.push(cores(demand.cpu_millis));
    parts.push(bytes(demand.memory_bytes));
    parts.join(", ")
}

fn steps(request: &Request<'_>, played: &Played, served: u32) -> Vec<Text> {
    let mut steps = Vec::new();
    if served > 0 {
        steps.push(format!("{} of others that already wait are served first", count(served, "replica")));
    }
    if played.on_free > 0 {
        steps.push(format!("room at once for {} of the new version, beside {} old", played.on_free, request.old.len()));
    }
    if played.on_freed > 0 {
        steps.push(format!("places that old ones gave up for {} more", played.on_freed));
    }
    for (group, added) in &played.added {
        steps.push(format!("group {group} is enlarged by {added}"));
    }
    if !played.done && request.is_playable() {
        steps.push(format!("{} of the new version wait, and {} old may not be taken away", played.waiting, played.old));
    }
    steps.into_iter().map(Text::from).collect()
}

/// Why one more replica finds no place: the machines by what they lack, then every group.
pub(super) fn walls(request: &Request<'_>, left: &Supply<'_, '_>) -> Vec<Wall> {
    let Some(demand) = request.demand else { return Vec::new() };
    let mut walls: Vec<Wall> = left.pools.iter().filter_map(|pool| group_wall(request, left, pool, demand)).collect();
    walls.extend(machines_wall(request, left, demand));
    if left.pools.is_empty() {
        let says = "no group of machines that could grow is known here";
        walls.push(Wall { of: request.workload.key.clone(), says: says.into() });
    }
    walls
}

fn group_wall(request: &Request<'_>, left: &Supply<'_, '_>, pool: &Pool<'_, '_>, demand: Resources) -> Option<Wall> {
    let name = &pool.group.key.name;
    if !pool.would_hold(request, demand) {
        let listed =
            request.pinned.contains(name) || (request.pinned.is_empty() && demand.wants_accelerator() && pool.empty.wants_accelerator());
        let says = format!("a machine of group {name} offers {}: too little", amounts(pool.empty));
        return (listed && !pool.empty.holds(demand)).then(|| Wall { of: pool.group.key.clone(), says: says.into() });
    }
    let headroom = pool.quota.as_ref().and_then(|quota| left.quotas.get(quota));
    let (of, says) = match (pool.closed, headroom) {
        (Some(Closed::Suspended), _) => (pool.group.key.clone(), format!("launches of group {name} are suspended")),
        (Some(Closed::Refused), _) => (pool.group.key.clone(), format!("the provider has just refused group {name} a machine")),
        (None, _) if pool.headroom == 0 => {
            let max = pool.group.max().map_or(0, |(_, max)| max);
            (pool.group.key.clone(), format!("group {name} is at its maximum of {max}"))
        }
        (None, Some(headroom)) if pool.at_quota(&left.quotas) => {
            let (_, quota) = headroom.said;
            let limit = headroom.limit.unwrap_or(0);
            let says = format!(
                "the quota \"{}\" is {limit} {}, {} in use, and a machine of group {name} takes {}",
                quota.title, quota.unit, headroom.used, pool.vcpus
            );
            (quota.key.clone(), says)
        }
        _ => return None,
    };
    Some(Wall { of, says: says.into() })
}

fn machines_wall(request: &Request<'_>, left: &Supply<'_, '_>, demand: Resources) -> Option<Wall> {
    let admitted: Vec<&Machine<'_, '_>> = left.machines.iter().filter(|machine| machine.admits(request)).collect();
    let kept_out = left.machines.len() - admitted.len();
    let lacks = |test: fn(Resources, Resources) -> bool| admitted.iter().filter(|machine| test(machine.free, demand)).count();
    let no_accelerator = lacks(|free, demand| free.gpus < demand.gpus || free.neuron < demand.neuron);
    let beside = lacks(|free, demand| free.gpus >= demand.gpus && free.neuron >= demand.neuron && !free.holds(demand));
    let slots = admitted.iter().filter(|machine| machine.free.holds(demand) && !machine.holds(demand)).count();
    let word = if demand.gpus > 0 { "GPU" } else { "accelerator" };
    let beside_word = if demand.wants_accelerator() {
        format!("have the {word} and too little CPU or memory beside it")
    } else {
        "have too little CPU or memory".to_owned()
    };
    let parts: Vec<String> = [
        (no_accelerator, format!("have too few {word}s free")),
        (beside, beside_word),
        (slots, "have no pod slot left".to_owned()),
        (kept_out, "are kept from it by group, label or taint".to_owned()),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, what)| if number == 1 { format!("1 {}", singular(&what)) } else { format!("{number} {what}") })
    .collect();
    let machines = u32::try_from(left.machines.len()).unwrap_or(u32::MAX);
    (!parts.is_empty())
        .then(|| Wall { of: request.workload.key.clone(), says: format!("of {}, {}", count(machines, "machine"), list(&parts)).into() })
}

/// The predicate for one machine.
fn singular(predicate: &str) -> String {
    predicate.replacen("have ", "has ", 1).replacen("are ", "is ", 1)
}

fn assumptions(request: &Request<'_>, supply: &Supply<'_, '_>, played: &Played) -> Vec<Text> {
    let mut assumed = Vec::new();
    if !request.strategy_known && request.is_playable() {
        assumed.push("the update strategy could not be read: surge 25%, unavailable 25% are the usual defaults".to_owned());
    }
    if request.old.iter().any(Option::is_none) && !request.old.is_empty() {
        assumed.push(
            "nobody lists the replicas one by one: on which machines the old ones run is inferred from what is used there".to_owned(),
        );
    }
    for pool in supply.pools.iter().filter(|pool| pool.estimated && played.added.contains_key(&pool.group.key.name)) {
        assumed.push(format!("what a new machine of group {} offers follows from its type", pool.group.key.name));
    }
    if played.done {
        assumed.push("new replicas get ready as healthy ones do".to_owned());
    }
    assumed.into_iter().map(Text::from).collect()
}

/// Quotas that growth would need and nobody could read, and machines that nobody could list.
fn missing(world: &World<'_>, request: &Request<'_>, supply: &Supply<'_, '_>, played: &Played) -> Vec<Missing> {
    let context = &request.workload.key.context;
    let unread = |source: &SourceId, question: &str, failure: &Failure| Missing {
        source: source.clone(),
        question: question.into(),
        why: failure.message.clone(),
        unlock: failure.permissions.first().cloned().unwrap_or_else(|| failure.hint.clone()),
    };
    let mut missing = Vec::new();
    for (source, view) in world.snapshot.sources(context) {
        let nothing_read = matches!(view.health, Health::Failed { .. });
        let Some(failure) = view.health.failure().filter(|_| nothing_read) else { continue };
        let grows_unseen = source.kind.ends_with("quotas") && !played.added.is_empty();
        if grows_unseen {
            missing.push(unread(source, "whether the quota lets the machines in", failure));
        } else if is_blind(supply) && !source.kind.ends_with("quotas") && !source.kind.ends_with("events") && !played.done {
            missing.push(unread(source, "whether there is room, or a group that may grow", failure));
        }
    }
    for pool in supply.pools.iter().filter(|pool| played.added.contains_key(&pool.group.key.name)) {
        let headroom = pool.quota.as_ref().and_then(|quota| supply.quotas.get(quota)).filter(|headroom| headroom.limit.is_none());
        if let Some(headroom) = headroom {
            let (source, quota) = headroom.said;
            let question = format!("how much room the quota {} leaves", quota.title);
            missing.push(Missing {
                source: source.clone(),
                question: question.into(),
                why: "its value could not be read".into(),
                unlock: "servicequotas:GetServiceQuota".into(),
            });
        }
    }
    missing
}

/// Whether machines, or groups that may grow, are not in sight at all.
fn is_blind(supply: &Supply<'_, '_>) -> bool {
    supply.machines.is_empty() || supply.pools.is_empty()
}

fn evidence(world: &World<'_>, request: &Request<'_>, supply: &Supply<'_, '_>, walls: &[Wall]) -> Vec<Evidence> {
    let key = &request.workload.key;
    let mut evidence = vec![world.evidence(request.source, key, "replicas", request.old.len().to_string())];
    if let Some(strategy) = request.workload.strategy {
        let value = format!("surge {}, unavailable {}", written(strategy.max_surge), written(strategy.max_unavailable));
        evidence.push(world.evidence(request.source, key, "update_strategy", value));
    }
    if let Some(source) = told_by(supply) {
        let free = supply
            .machines
            .iter()
            .filter(|machine| machine.node.is_some())
            .map(|machine| machine.free.gpus.max(machine.free.neuron))
            .sum::<i64>();
        let value = format!("{} machines, {free} accelerators free", supply.machines.len());
        evidence.push(world.evidence(source, key, "nodes", value));
    }
    for headroom in supply.quotas.values().filter(|headroom| walls.iter().any(|wall| wall.of == headroom.said.1.key)) {
        let (source, quota) = headroom.said;
        let limit = headroom.limit.map_or_else(|| "unknown".to_owned(), |limit| limit.to_string());
        evidence.push(world.evidence(source, &quota.key, "used / limit", format!("{} / {limit} {}", headroom.used, quota.unit)));
    }
    evidence
}
