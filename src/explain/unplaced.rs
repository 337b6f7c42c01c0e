//! What to ask when a replica has no place: the nodes first, then what could bring one.

use super::condition::{Condition, Symptom};
use super::placement::{self, Waiting};
use super::places;
use super::rules::{at_max, fragmentation, gpu_not_allocatable, node_groups_pin};
use super::scheduler;
use super::survey::{self, Survey, Why};
use super::weigh::Refusal;
use super::world::{Group, Said, World};
use crate::domain::replica::Replica;

/// Kinds of replicas of one workload that are asked about one by one.
const KINDS: usize = 3;

/// The questions that follow from "no place". Where replicas are known one by one, each kind is
/// its own question; else the one question has the nodes and the groups as alternatives. A cluster
/// that shows its replicas and not its machines takes nothing away: what the platform and the cloud
/// tell of them is asked as if nobody had looked inside.
pub fn asks<'a>(world: &World<'a>, waiting: Waiting<'a>) -> Vec<Vec<Symptom>> {
    let kinds = kinds(world, waiting);
    if kinds.is_empty() {
        return vec![from_outside(world, waiting)];
    }
    let blind = !world.inside(&waiting.workload.key.context).sees_nodes() && is_shortage(world, waiting);
    let outside = if blind { from_outside(world, waiting) } else { Vec::new() };
    let one = |(_, replica): Said<'a, Replica>| {
        let mut asks = vec![Symptom::new(Condition::NodesRefuse, &replica.key)];
        asks.extend(outside.iter().cloned());
        asks
    };
    kinds.into_iter().map(one).collect()
}

/// The nodes as the platform lists them, and the groups behind them.
fn from_outside<'a>(world: &World<'a>, waiting: Waiting<'a>) -> Vec<Symptom> {
    let mut asks = vec![Symptom::new(Condition::NodesRefuse, waiting.key())];
    asks.extend(groups(world, waiting));
    asks
}

/// Groups that could bring a machine. Where something at the nodes explains it alone, a full group
/// is no news and is not asked.
pub fn groups<'a>(world: &World<'a>, waiting: Waiting<'a>) -> Vec<Symptom> {
    let at_the_nodes = node_level(world, waiting);
    let context = world.context(&waiting.workload.key.context);
    let places = places::of(world, waiting.workload);
    let groups = places.groups.iter().filter_map(|name| context.groups.get(*name));
    groups.filter(|group| !at_the_nodes || !at_max::is_full(group)).map(|group| Symptom::new(Condition::GroupFixed, group.key)).collect()
}

fn node_level<'a>(world: &World<'a>, waiting: Waiting<'a>) -> bool {
    gpu_not_allocatable::applies(world, waiting) || fragmentation::applies(world, waiting) || node_groups_pin::applies(world, waiting)
}

/// Replicas without a place, one of each kind, the oldest of the new version first.
pub fn kinds<'a>(world: &World<'a>, waiting: Waiting<'a>) -> Vec<Said<'a, Replica>> {
    if waiting.job.is_some() {
        return Vec::new();
    }
    let mut kinds: Vec<Said<'a, Replica>> = Vec::new();
    for said in world.inside(&waiting.workload.key.context).unplaced(&waiting.workload.key) {
        let alike =
            |known: &Replica| known.demand == said.1.demand && known.extended == said.1.extended && known.placement == said.1.placement;
        if kinds.len() < KINDS && !kinds.iter().any(|(_, known)| alike(known)) {
            kinds.push(said);
        }
    }
    kinds
}

/// Whether a free place would help, as far as the replicas themselves tell: a rule that keeps them
/// off every machine is another story.
pub fn is_shortage<'a>(world: &World<'a>, waiting: Waiting<'a>) -> bool {
    let kinds = kinds(world, waiting);
    if kinds.is_empty() {
        return true;
    }
    let inside = world.inside(&waiting.workload.key.context);
    kinds.iter().any(|(_, replica)| {
        if !replica.placement.gates.is_empty() {
            return false;
        }
        if !inside.sees_nodes() {
            let told = scheduler::read(replica.message.as_deref().unwrap_or_default());
            return told.decisive().is_none_or(|reason| reason.why.wants_machine());
        }
        match &survey::of(world, replica).why {
            Why::Rule(refusal, ..) => matches!(refusal, Refusal::Port(_)),
            Why::Dead(..) | Why::Unhealthy(..) | Why::Room(_) | Why::Small(_) => false,
            Why::Nothing | Why::Beside(_) | Why::Slots(_) | Why::Scattered(_) | Why::Taken(_) | Why::NoKind => true,
        }
    })
}

/// Groups whose machines would take the replica: by the pin of its workload, by their machine
/// type, and by the machines they have.
pub fn growable<'w, 'a>(world: &'w World<'a>, replica: &'a Replica, survey: &Survey<'a>) -> Vec<&'w Group<'a>> {
    let workload = replica.workload.as_ref().and_then(|key| world.workload(key)).map(|(_, workload)| workload);
    let fits = |group: &&Group<'a>| match workload {
        Some(workload) if workload.demand.is_some() => placement::may_use(workload, group),
        Some(workload) if !placement::is_listed(workload, group) => false,
        _ => group.is_worker() && group.shapes.first().is_none_or(|shape| shape.could_hold(replica.demand)),
    };
    let groups = world.context(&replica.key.context).groups.values();
    groups.filter(fits).filter(|group| !survey.barred.iter().any(|name| **name == group.key.name)).collect()
}
