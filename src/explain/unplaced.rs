//! What to ask when a replica has no place: the nodes first, then the groups that could bring one.

use super::condition::{Condition, Symptom};
use super::placement::{self, Waiting};
use super::rules::{at_max, fragmentation, gpu_not_allocatable, node_groups_pin};
use super::world::World;

/// The question that follows from "no place", with its alternatives. Where something at the nodes
/// explains it alone, a full group is no news and is not asked.
pub fn asks(world: &World<'_>, waiting: Waiting<'_>) -> Vec<Symptom> {
    let mut asks = vec![Symptom::new(Condition::NodesRefuse, waiting.key())];
    let at_the_nodes = node_level(world, waiting);
    let context = world.context(&waiting.workload.key.context);
    for group in placement::groups(context, waiting.workload) {
        if !at_the_nodes || !at_max::is_full(group) {
            asks.push(Symptom::new(Condition::GroupFixed, group.key));
        }
    }
    asks
}

fn node_level(world: &World<'_>, waiting: Waiting<'_>) -> bool {
    gpu_not_allocatable::applies(world, waiting) || fragmentation::applies(world, waiting) || node_groups_pin::applies(world, waiting)
}
