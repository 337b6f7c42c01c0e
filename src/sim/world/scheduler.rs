//! The scheduler: gives waiting pods a node that has room for all they ask, or none.

use std::cmp::Reverse;

use super::clock::Moment;
use super::cluster::{Cluster, Node};
use crate::domain::capacity::Resources;

/// A node with what is left on it.
struct Room<'a> {
    node: &'a Node,
    priority: u32,
    free: Resources,
}

/// A waiting pod, by place in the cluster.
pub(crate) struct Waiting {
    pub(crate) api: usize,
    pub(crate) pod: usize,
    pub(crate) created_at: Moment,
    pub(crate) demand: Resources,
    pub(crate) groups: Vec<String>,
}

impl Waiting {
    /// Whether the pod may run in a group.
    pub(crate) fn may_use(&self, group: &str) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|name| name == group)
    }
}

/// Whether a demand fits into what is free, the pod slot included.
pub(crate) fn fits(free: Resources, demand: Resources) -> bool {
    free.holds(demand) && free.pods >= demand.pods
}

/// All pods that wait for a place, the oldest first.
pub(crate) fn waiting(cluster: &Cluster) -> Vec<Waiting> {
    let mut waiting = Vec::new();
    for (api_index, api) in cluster.apis.iter().enumerate() {
        for (pod_index, pod) in api.pods.iter().enumerate().filter(|(_, pod)| pod.is_unplaced()) {
            let groups = api.version(&pod.spec_id).map(|version| version.node_groups.clone()).unwrap_or_default();
            waiting.push(Waiting { api: api_index, pod: pod_index, created_at: pod.created_at, demand: pod.demand, groups });
        }
    }
    waiting.sort_by_key(|pod| pod.created_at);
    waiting
}

pub(crate) fn step(cluster: &mut Cluster, now: Moment) {
    let waiting = waiting(cluster);
    if waiting.is_empty() {
        return;
    }
    let mut placed = Vec::new();
    {
        let mut rooms = rooms(cluster, now);
        for pod in waiting {
            // Cortex prefers groups by priority; inside a group the emptiest node wins.
            let best = rooms
                .iter_mut()
                .filter(|room| pod.may_use(&room.node.group) && fits(room.free, pod.demand))
                .min_by_key(|room| (Reverse(room.priority), Reverse(room.free.cpu_millis), room.node.name.clone()));
            if let Some(room) = best {
                room.free = room.free.minus(pod.demand);
                placed.push((pod.api, pod.pod, room.node.instance_id.clone()));
            }
        }
    }
    for (api, pod, node) in placed {
        if let Some(pod) = cluster.apis.get_mut(api).and_then(|api| api.pods.get_mut(pod)) {
            pod.node = Some(node);
            pod.scheduled_at = Some(now);
        }
    }
}

fn rooms(cluster: &Cluster, now: Moment) -> Vec<Room<'_>> {
    cluster
        .live_nodes(now)
        .filter(|node| node.is_ready(now))
        .filter_map(|node| {
            let group = cluster.group(&node.group).filter(|group| group.is_worker())?;
            Some(Room { node, priority: group.priority, free: cluster.free_on(node, now) })
        })
        .collect()
}
