//! What to ask when a replica has no place: the nodes first, then the groups that could bring one.

use super::condition::{Condition, Symptom};
use super::placement::Waiting;
use super::places;
use super::rules::{at_max, fragmentation, gpu_not_allocatable, node_groups_pin};
use super::world::World;

/// The question that follows from "no place", with its alternatives. Where something at the nodes
/// explains it alone, a full group is no news and is not asked.
pub fn asks<'a>(world: &World<'a>, waiting: Waiting<'a>) -> Vec<Symptom> {
    let mut asks = vec![Symptom::new(Condition::NodesRefuse, waiting.key())];
    let at_the_nodes = node_level(world, waiting);
    let context = world.context(&waiting.workload.key.context);
    let places = places::of(world, waiting.workload);
    for group in places.groups.iter().filter_map(|name| context.groups.get(*name)) {
        if !at_the_nodes || !at_max::is_full(group) {
            asks.push(Symptom::new(Condition::GroupFixed, group.key));
        }
    }
    asks
}

fn node_level<'a>(world: &World<'a>, waiting: Waiting<'a>) -> bool {
    gpu_not_allocatable::applies(world, waiting) || fragmentation::applies(world, waiting) || node_groups_pin::applies(world, waiting)
}
