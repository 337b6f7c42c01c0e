//! The workload is pinned to node groups without room, while another group has some.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::domain::node::Node;
use crate::domain::text::Text;
use crate::explain::commands::{self, advice, remedy};
use crate::explain::condition::Condition;
use crate::explain::dialect::pick;
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::{Confidence, Risk};
use crate::explain::placement::{self, Waiting};
use crate::explain::places;
use crate::explain::words::{names, short_name};
use crate::explain::world::{Said, World};

pub(super) const RULE: Rule = Rule {
    slug: "node_groups_pin",
    explains: Condition::NodesRefuse,
    causes: &["cortex/update-node-groups-pin", "kubernetes/sched-node-affinity"],
    check,
};

/// Whether this explains the wait.
pub(crate) fn applies<'a>(world: &World<'a>, waiting: Waiting<'a>) -> bool {
    room_elsewhere(world, waiting).is_some()
}

fn room_elsewhere<'a>(world: &World<'a>, waiting: Waiting<'a>) -> Option<(&'a Text, Said<'a, Node>)> {
    waiting.demand()?;
    if waiting.workload.pinned_groups.is_empty() {
        return None;
    }
    let places = places::of(world, waiting.workload);
    if places.room.is_some() { None } else { places.elsewhere }
}

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let Some((group, (source, node))) = room_elsewhere(world, waiting) else { return Verdict::Clear };
    let workload = waiting.workload;
    let pinned = names(workload.pinned_groups.iter());
    let word = waiting.need_word();
    let mut remedies = Vec::new();
    if workload.platform.as_str() == "cortex" {
        let text = format!(
            "let it use {group} too: add it to node_groups of {} (or remove node_groups), and deploy (--force, because an update is still going on)",
            workload.key.name
        );
        remedies.push(remedy(Risk::Mutating, text, commands::deploy_forced(workload)));
    }
    remedies.push(advice(Risk::Mutating, format!("or make room in {pinned}: raise max_instances there")));
    Held::new(
        pick(workload, "cortex/update-node-groups-pin", "kubernetes/sched-node-affinity"),
        key,
        world.confidence(source, Confidence::Certain),
        format!("it may only run on {pinned}, where no {word} is free; {} in group {group} has room", short_name(&node.key.name)),
        format!("pinned to {pinned}; room in {group}"),
    )
    .evidence([
        world.evidence(waiting.source, key, "node_groups", pinned.as_str()),
        world.evidence(source, &node.key, "compute_available.gpu", node.free.gpus.to_string()),
    ])
    .evidence(listed_sizes(world, waiting))
    .remedies(remedies)
    .verdict()
}

fn listed_sizes(world: &World<'_>, waiting: Waiting<'_>) -> Vec<crate::explain::finding::Evidence> {
    let context = world.context(&waiting.workload.key.context);
    placement::groups(context, waiting.workload)
        .filter_map(|group| {
            group
                .max()
                .map(|(source, max)| world.evidence(source, group.key, "instances / max_instances", format!("{} / {max}", group.running())))
        })
        .collect()
}
