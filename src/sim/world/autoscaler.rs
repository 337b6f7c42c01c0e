//! The cluster autoscaler: asks groups for machines that waiting pods would fit on, gives up after
//! minutes, puts desired back and leaves the group alone for a while. It never touches a group that
//! is at its maximum.

mod said;

use std::collections::BTreeMap;

use super::clock::Moment;
use super::cluster::{Cluster, Group};
use super::launching::terminating;
use super::machine::allocatable;
use super::scheduler::{Waiting, fits, waiting};
use crate::domain::capacity::Resources;

/// Story seconds between two looks.
const SCAN: i64 = 20;
/// First, and longest, time a failed group is left alone.
const BACKOFF: (i64, i64) = (300, 1_800);
/// A failure longer ago than this is forgotten.
const FORGET: i64 = 3 * 3_600;
/// How long a machine is without work before it is given back.
const UNNEEDED: i64 = 600;
/// How long a GPU node may be without GPUs before it no longer counts as on its way.
const STARTUP: i64 = 900;

/// Its memory.
#[derive(Clone, Debug, Default)]
pub struct Autoscaler {
    /// Groups that were asked for more and did not deliver yet: since when.
    pub asked: BTreeMap<String, Moment>,
    /// Groups it leaves alone after a failure.
    pub backoff: BTreeMap<String, Backoff>,
    /// When it last looked, and wrote its status.
    pub looked_at: Option<Moment>,
    /// When it stopped working.
    pub down_at: Option<Moment>,
}

impl Autoscaler {
    /// Whether it runs.
    pub fn works(&self, now: Moment) -> bool {
        self.down_at.is_none_or(|at| at > now)
    }

    /// Whether it pauses with a group.
    pub fn leaves_alone(&self, group: &Group, now: Moment) -> bool {
        self.backoff.get(&group.name).is_some_and(|backoff| backoff.until > now)
    }
}

/// How long a group is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Until when.
    pub until: Moment,
    /// How long this time; the next is twice as long, up to half an hour.
    pub length: i64,
    /// When the failure was.
    pub failed_at: Moment,
}

pub(crate) fn step(cluster: &mut Cluster, now: Moment) {
    if now % SCAN != 0 || !cluster.autoscaler.works(now) || cluster.uses_pools() {
        return;
    }
    cluster.autoscaler.looked_at = Some(now);
    give_up(cluster, now);
    scale_up(cluster, now);
    scale_down(cluster, now);
}

/// Puts desired back where a group did not deliver in time.
fn give_up(cluster: &mut Cluster, now: Moment) {
    let patience = if cluster.minor() <= 33 { 300 } else { 480 };
    for (name, since) in cluster.autoscaler.asked.clone() {
        let existing = u32::try_from(cluster.nodes_of(&name, now).count()).unwrap_or(u32::MAX);
        let joined = cluster.nodes_of(&name, now).filter(|node| node.is_ready(now)).count();
        let Some(group) = cluster.groups.iter_mut().find(|group| group.name == name) else { continue };
        if joined >= group.desired as usize {
            cluster.autoscaler.asked.remove(&name);
            cluster.autoscaler.backoff.remove(&name);
        } else if now - since >= patience && existing < group.desired {
            group.desired = existing.max(group.min);
            let before = cluster.autoscaler.backoff.get(&name).filter(|backoff| now - backoff.failed_at < FORGET);
            let length = before.map_or(BACKOFF.0, |backoff| (backoff.length * 2).min(BACKOFF.1));
            cluster.autoscaler.backoff.insert(name.clone(), Backoff { until: now + length, length, failed_at: now });
            cluster.autoscaler.asked.remove(&name);
            said::gave_up(cluster, &name, now - since, now);
        }
    }
}

fn scale_up(cluster: &mut Cluster, now: Moment) {
    let pods = waiting(cluster);
    if pods.is_empty() {
        return;
    }
    let mut coming = on_their_way(cluster, now);
    let homeless: Vec<&Waiting> = pods.iter().filter(|pod| !pack(cluster, &mut coming, pod)).collect();
    let Some(choice) = choose(cluster, &homeless, now) else {
        said::nothing_helps(cluster, &homeless, now);
        return;
    };
    let nodes = needed(cluster, cluster.group(&choice), &homeless);
    let before = cluster.group(&choice).map_or(0, |group| group.desired);
    if let Some(group) = cluster.groups.iter_mut().find(|group| group.name == choice) {
        group.desired = (group.desired + nodes).min(group.max);
        group.refusals = 0;
        group.next_launch = now + 2;
        cluster.autoscaler.asked.insert(choice.clone(), now);
    }
    said::asked(cluster, &choice, before, &homeless, now);
}

/// Machines that were asked for and take no pods yet, as empty nodes of their group.
fn on_their_way(cluster: &Cluster, now: Moment) -> Vec<(String, Resources)> {
    let mut coming = Vec::new();
    for group in cluster.groups.iter().filter(|group| group.is_worker()) {
        let usable = |node: &&super::cluster::Node| {
            let waits_for_gpu = group.machine().gpus > 0 && node.gpus(now) == 0 && now - node.joins_at < STARTUP;
            node.has_joined(now) && !waits_for_gpu
        };
        let count = u32::try_from(cluster.nodes_of(&group.name, now).filter(usable).count()).unwrap_or_default();
        for _ in count..group.desired {
            coming.push((group.name.clone(), allocatable(group.machine())));
        }
    }
    coming
}

fn pack(cluster: &Cluster, rooms: &mut [(String, Resources)], pod: &Waiting) -> bool {
    let room = rooms.iter_mut().find(|(group, free)| fits(*free, pod.demand) && pod.may_use(cluster, group));
    room.map(|(_, free)| *free = free.minus(pod.demand)).is_some()
}

/// The group of the highest priority that may grow and would hold one of the pods.
fn choose(cluster: &Cluster, pods: &[&Waiting], now: Moment) -> Option<String> {
    cluster
        .groups
        .iter()
        .filter(|group| group.is_worker() && group.desired < group.max && !cluster.autoscaler.leaves_alone(group, now))
        .filter(|group| pods.iter().any(|pod| pod.may_use(cluster, &group.name)))
        .max_by_key(|group| (group.priority, std::cmp::Reverse(&group.name)))
        .map(|group| group.name.clone())
}

/// How many machines of a group the pods that it may take would fill.
fn needed(cluster: &Cluster, group: Option<&Group>, pods: &[&Waiting]) -> u32 {
    let Some(group) = group else { return 0 };
    let mut rooms: Vec<(String, Resources)> = Vec::new();
    let empty = allocatable(group.machine());
    for pod in pods.iter().filter(|pod| pod.may_use(cluster, &group.name)) {
        if !pack(cluster, &mut rooms, pod) {
            rooms.push((group.name.clone(), empty.minus(pod.demand)));
        }
    }
    u32::try_from(rooms.len()).unwrap_or(u32::MAX)
}

/// Gives back machines that nobody has needed for ten minutes.
fn scale_down(cluster: &mut Cluster, now: Moment) {
    let idle: Vec<String> = cluster
        .live_nodes(now)
        .filter(|node| node.is_ready(now) && cluster.held_on(&node.instance_id).pods == 0)
        .map(|node| node.instance_id.clone())
        .collect();
    let quiet = cluster.apis.iter().all(|api| !api.pods.iter().any(super::workload::Pod::is_unplaced));
    let Cluster { nodes, groups, .. } = cluster;
    for node in nodes.iter_mut().filter(|node| node.exists(now)) {
        if !idle.contains(&node.instance_id) {
            node.idle_since = None;
            continue;
        }
        let since = *node.idle_since.get_or_insert(now.max(node.joins_at));
        let Some(group) = groups.iter_mut().find(|group| group.name == node.group && group.is_worker()) else { continue };
        if quiet && now - since >= UNNEEDED && group.desired > group.min {
            let activity = terminating(group, node, now);
            group.desired -= 1;
            group.activities.push(activity);
            node.terminated_at = Some(now + 1);
        }
    }
}
