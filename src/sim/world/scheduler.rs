//! The scheduler: gives waiting pods a node that has room for all they ask, or none, and says
//! which node is out for which reason.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::clock::Moment;
use super::cluster::{Cluster, Group, Node};
use super::journal::About;
use super::machine::allocatable;
use super::placement::{Needs, Obstacle, Taint, sentence};
use super::workload::{Api, Pod};
use crate::domain::capacity::Resources;

/// The scheduler's name of itself.
pub(crate) const NAME: &str = "default-scheduler";
/// Story seconds after which a pod without a place is looked at again, whatever happened.
const RETRY: i64 = 300;
/// Story seconds between two looks at pods that found no place before.
const LOOK: i64 = 5;

/// A node with what is left on it.
struct Room {
    node: String,
    priority: u32,
    face: Face,
    free: Resources,
}

/// What a node shows to those that come: the other side of [`Needs`].
#[derive(Clone, Debug)]
pub(crate) struct Face {
    cordoned: bool,
    labels: BTreeMap<String, String>,
    taints: Vec<Taint>,
    ports: Vec<u16>,
}

impl Face {
    fn of(cluster: &Cluster, node: &Node, now: Moment) -> Self {
        let taken = cluster.pods().filter(|(_, pod)| pod.node.as_ref() == Some(&node.instance_id) && !pod.phase.is_over());
        let ports = taken.filter_map(|(api, pod)| api.version(&pod.spec_id)?.needs.host_port).collect();
        Self { cordoned: node.is_cordoned(now), labels: cluster.labels_of(node), taints: cluster.taints_of(node, now), ports }
    }

    /// An empty machine of a group, as the autoscaler imagines it.
    pub(crate) fn of_group(cluster: &Cluster, group: &Group) -> Self {
        let zone = group.zones.first().cloned().unwrap_or_default();
        let mut labels = group.labels.clone();
        let known = [
            ("node.kubernetes.io/instance-type", group.machine().name),
            ("topology.kubernetes.io/zone", &zone),
            (if group.is_auto_scaling() { "alpha.eksctl.io/nodegroup-name" } else { "karpenter.sh/nodepool" }, &group.nodegroup),
        ];
        labels.extend(known.map(|(key, value)| (key.to_owned(), value.to_owned())));
        if group.is_worker() && cluster.platform == super::cluster::Platform::Cortex {
            labels.insert("workload".to_owned(), "true".to_owned());
        }
        if group.machine().gpus > 0 {
            labels.insert("nvidia.com/gpu".to_owned(), "true".to_owned());
        }
        Self { cordoned: false, labels, taints: cluster.taints_of_group(group), ports: Vec::new() }
    }
}

/// A waiting pod, by place in the cluster.
pub(crate) struct Waiting {
    pub(crate) api: usize,
    pub(crate) pod: usize,
    pub(crate) about: About,
    pub(crate) created_at: Moment,
    pub(crate) demand: Resources,
    pub(crate) needs: Needs,
    /// Zone of its volume.
    pub(crate) zone: Option<String>,
    tried_at: Option<Moment>,
}

impl Waiting {
    /// What is in the way on a node, in the order of the scheduler's filters: all that is short
    /// together, else the first thing only.
    pub(crate) fn obstacles(&self, face: &Face, free: Resources) -> Vec<Obstacle> {
        if face.cordoned {
            return vec![Obstacle::Cordoned];
        }
        if let Some(taint) = self.needs.kept_away_by(&face.taints) {
            return vec![Obstacle::Taint(taint.clone())];
        }
        if !self.needs.likes(&face.labels) {
            return vec![Obstacle::Affinity];
        }
        if self.needs.host_port.is_some_and(|port| face.ports.contains(&port)) {
            return vec![Obstacle::Ports];
        }
        let short = [
            (free.pods < self.demand.pods, Obstacle::TooManyPods),
            (free.cpu_millis < self.demand.cpu_millis, Obstacle::Insufficient("cpu")),
            (free.memory_bytes < self.demand.memory_bytes, Obstacle::Insufficient("memory")),
            (free.gpus < self.demand.gpus, Obstacle::Insufficient("nvidia.com/gpu")),
        ];
        let mut found: Vec<Obstacle> = short.into_iter().filter(|(short, _)| *short).map(|(_, obstacle)| obstacle).collect();
        let elsewhere = self.zone.as_ref().is_some_and(|zone| face.labels.get("topology.kubernetes.io/zone") != Some(zone));
        if found.is_empty() && elsewhere {
            found.push(Obstacle::VolumeZone);
        }
        found
    }

    /// What is in the way on an empty machine of a group.
    pub(crate) fn obstacles_in(&self, cluster: &Cluster, group: &Group) -> Vec<Obstacle> {
        self.obstacles(&Face::of_group(cluster, group), allocatable(group.machine()))
    }

    /// Whether an empty machine of a group would do.
    pub(crate) fn may_use(&self, cluster: &Cluster, group: &str) -> bool {
        cluster.group(group).is_some_and(|group| self.obstacles_in(cluster, group).is_empty())
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
            waiting.push(wanting(cluster, (api_index, api), (pod_index, pod)));
        }
    }
    waiting.sort_by_key(|pod| pod.created_at);
    waiting
}

fn wanting(cluster: &Cluster, (api_index, api): (usize, &Api), (pod_index, pod): (usize, &Pod)) -> Waiting {
    let needs = api.version(&pod.spec_id).map(|version| cluster.needs_of(version)).unwrap_or_default();
    Waiting {
        api: api_index,
        pod: pod_index,
        about: Cluster::about_pod(api, pod),
        created_at: pod.created_at,
        demand: pod.demand,
        zone: needs.claim.as_ref().and_then(|claim| cluster.zone_of_claim(&api.namespace, claim)),
        needs,
        tried_at: pod.tried_at,
    }
}

pub(crate) fn step(cluster: &mut Cluster, now: Moment) {
    let waiting = waiting(cluster);
    // New pods are looked at the same second, the others when something may have changed.
    if waiting.is_empty() || (now % LOOK != 0 && waiting.iter().all(|pod| pod.tried_at.is_some())) {
        return;
    }
    let minor = cluster.kubernetes_minor();
    let mut rooms = rooms(cluster, now);
    for pod in waiting {
        let ways: Vec<Vec<Obstacle>> = rooms.iter().map(|room| pod.obstacles(&room.face, room.free)).collect();
        // Groups are preferred by priority; inside a group the emptiest node wins.
        let best = rooms.iter_mut().zip(&ways).filter(|(_, obstacles)| obstacles.is_empty()).map(|(room, _)| room).min_by_key(|room| {
            (Reverse(room.priority), Reverse(room.free.cpu_millis), room.face.labels.get("kubernetes.io/hostname").cloned())
        });
        match best {
            Some(room) => {
                room.free = room.free.minus(pod.demand);
                room.face.ports.extend(pod.needs.host_port);
                place(cluster, &pod, &room.node, now);
            }
            None => refuse(cluster, &pod, sentence(&ways, minor), now),
        }
    }
}

fn place(cluster: &mut Cluster, waiting: &Waiting, instance: &str, now: Moment) {
    let name = cluster.nodes.iter().find(|node| node.instance_id == instance).map_or("", |node| node.name.as_str());
    let message = format!("Successfully assigned {}/{} to {name}", waiting.about.namespace, waiting.about.name);
    cluster.control.journal.normal(now, NAME, &waiting.about, "Scheduled", message);
    if let Some(pod) = cluster.apis.get_mut(waiting.api).and_then(|api| api.pods.get_mut(waiting.pod)) {
        pod.node = Some(instance.to_owned());
        pod.scheduled_at = Some(now);
        pod.unplaced_because = None;
    }
}

/// Says why there is no place: at once, when the reason changes, and every few minutes.
fn refuse(cluster: &mut Cluster, waiting: &Waiting, sentence: String, now: Moment) {
    let Some(pod) = cluster.apis.get_mut(waiting.api).and_then(|api| api.pods.get_mut(waiting.pod)) else { return };
    let due = waiting.tried_at.is_none_or(|at| now - at >= RETRY);
    if due || pod.unplaced_because.as_ref() != Some(&sentence) {
        pod.tried_at = Some(now);
        pod.unplaced_because = Some(sentence.clone());
        cluster.control.journal.warn(now, NAME, &waiting.about, "FailedScheduling", sentence);
    }
}

fn rooms(cluster: &Cluster, now: Moment) -> Vec<Room> {
    let known = cluster.live_nodes(now).filter(|node| node.is_registered(now));
    known
        .map(|node| Room {
            node: node.instance_id.clone(),
            priority: cluster.group(&node.group).map_or(0, |group| group.priority),
            face: Face::of(cluster, node, now),
            free: cluster.free_on(node, now),
        })
        .collect()
}
