//! Where a replica could go: which groups it may use, which nodes have room, what it needs.
//!
//! Arithmetic only; the rules say what follows from it.

use super::roster::Roster;
use super::world::{Context, Group, Said, World};
use crate::domain::capacity::Resources;
use crate::domain::id::ResourceKey;
use crate::domain::job::Job;
use crate::domain::node::Node;
use crate::domain::time::Timestamp;
use crate::domain::workload::{ReplicaCounts, Role, UpdateStrategy, Workload};

/// A workload, or a job of one, that waits for places.
#[derive(Clone, Copy)]
pub struct Waiting<'a> {
    /// Who told of it.
    pub source: &'a crate::domain::id::SourceId,
    /// The workload.
    pub workload: &'a Workload,
    /// The job, if it is one that waits.
    pub job: Option<&'a Job>,
}

impl<'a> Waiting<'a> {
    /// Finds the workload or the job that a key names.
    pub fn find(world: &World<'a>, key: &ResourceKey) -> Option<Self> {
        if let Some((source, workload)) = world.workload(key) {
            return Some(Self { source, workload, job: None });
        }
        let ((source, workload), job) = world.job(key)?;
        Some(Self { source, workload, job: Some(job) })
    }

    /// Its key.
    pub fn key(&self) -> &'a ResourceKey {
        self.job.map_or(&self.workload.key, |job| &job.key)
    }

    /// Replicas or workers without a place.
    pub fn unplaced(&self) -> u32 {
        match self.job {
            Some(job) => job.counts.unplaced(),
            None => self.workload.replicas.map_or(0, |counts| counts.unplaced()),
        }
    }

    /// What one replica asks for, if the specification was read.
    pub fn demand(&self) -> Option<Resources> {
        self.workload.demand
    }

    /// What it needs in one word: `GPU`, `accelerator`, `place`.
    pub fn need_word(&self) -> &'static str {
        match self.demand() {
            Some(demand) if demand.gpus > 0 => "GPU",
            Some(demand) if demand.neuron > 0 => "accelerator",
            _ => "place",
        }
    }

    /// `replica` or `worker`.
    pub fn unit(&self) -> &'static str {
        if self.job.is_some() { "worker" } else { "replica" }
    }

    /// Since when it has been trying: the deploy, the submission, or what holdup saw.
    pub fn since(&self, world: &World<'_>) -> Option<Timestamp> {
        match self.job {
            Some(job) => job.started_at,
            None => world.since(self.workload),
        }
    }
}

/// Whether a workload may use a group: by its pin, and by what the group's machines can hold.
pub fn may_use(workload: &Workload, group: &Group<'_>) -> bool {
    is_listed(workload, group) && could_serve(workload, group)
}

/// Whether the workload's pin, if it has one, names the group.
pub fn is_listed(workload: &Workload, group: &Group<'_>) -> bool {
    workload.pinned_groups.is_empty() || workload.pinned_groups.contains(&group.key.name)
}

/// Whether machines of the group could hold one replica, as far as their type tells.
pub fn could_serve(workload: &Workload, group: &Group<'_>) -> bool {
    if !group.is_worker() {
        return false;
    }
    let Some(demand) = workload.demand else { return true };
    let Some(preferred) = group.shape() else { return true };
    let by_type = group.shapes.iter().any(|shape| shape.could_hold(demand));
    // A CPU workload may run on GPU machines too, but nobody buys a GPU machine for it.
    let wasteful = !demand.wants_accelerator() && preferred.accelerators != Some(0);
    by_type && !wasteful
}

/// The groups a workload may use, in order of their names.
pub fn groups<'w, 'a>(context: &'w Context<'a>, workload: &'w Workload) -> impl Iterator<Item = &'w Group<'a>> + 'w {
    context.groups.values().filter(move |group| may_use(workload, group))
}

/// Whether the node has room for one more replica now.
pub fn has_room(node: &Node, demand: Resources) -> bool {
    let slot = node.capacity.pods == 0 || node.free.pods > 0;
    node.is_worker && node.ready != Some(false) && slot && node.free.holds(demand)
}

/// Whether the node has the accelerator free, whatever else it lacks.
pub fn has_accelerator(node: &Node, demand: Resources) -> bool {
    node.free.gpus >= demand.gpus && node.free.neuron >= demand.neuron
}

/// The first node with room among `nodes`.
pub fn room<'a>(nodes: &[Said<'a, Node>], demand: Resources) -> Option<Said<'a, Node>> {
    nodes.iter().copied().find(|(_, node)| has_room(node, demand))
}

/// How many more machines of its preferred type the group would need for all that wait for it.
pub fn machines_wanted(group: &Group<'_>) -> u32 {
    let Some(shape) = group.shape() else { return 1 };
    let accelerators = i64::from(shape.accelerators.unwrap_or(1)).max(1);
    let by_accelerator = div_up(group.wanted.gpus.max(group.wanted.neuron), accelerators);
    let by_cpu = div_up(group.wanted.cpu_millis, i64::from(shape.vcpus.max(1)) * 1_000);
    let wanted = by_accelerator.max(by_cpu).max(1);
    let headroom = group.max().map_or(i64::MAX, |(_, max)| i64::from(max.saturating_sub(group.running())).max(1));
    u32::try_from(wanted.min(headroom)).unwrap_or(1)
}

fn div_up(amount: i64, each: i64) -> i64 {
    amount.max(0).saturating_add(each - 1) / each
}

/// How an update replaces replicas: (surge, unavailable), and whether that was read or assumed.
pub fn surge(world: &World<'_>, workload: &Workload) -> (u32, u32, bool) {
    if let Some((_, rollout)) = world.inside(&workload.key.context).rollouts(&workload.key).first() {
        return (rollout.surge, rollout.max_unavailable, true);
    }
    let desired = workload.replicas.and_then(|counts| counts.desired).unwrap_or(1);
    let (surge, unavailable) = workload.strategy.unwrap_or_else(usual_strategy).resolve(desired);
    (surge, unavailable, workload.strategy.is_some())
}

/// What platforms on Kubernetes do where nobody says otherwise.
pub fn usual_strategy() -> UpdateStrategy {
    use crate::domain::workload::Amount::Percent;
    UpdateStrategy { max_surge: Percent(25), max_unavailable: Percent(25) }
}

/// Adds up, per group, what everything without a place asks of it, and who holds accelerators.
pub(super) fn count_wanted<'c, 'a: 'c>(contexts: impl Iterator<Item = &'c mut Context<'a>>, roster: &Roster<'a>) {
    for context in contexts {
        let mut wanted: Vec<(Option<Resources>, Option<Timestamp>, &Workload)> = Vec::new();
        for (_, workload) in &context.workloads {
            let unplaced = unplaced(workload);
            if unplaced > 0 {
                let sum = workload.demand.map(|demand| times(demand, unplaced));
                wanted.push((sum, waiting_since(roster, workload), workload));
            }
        }
        for group in context.groups.values_mut() {
            for (demand, since, workload) in &wanted {
                if !may_use(workload, group) {
                    continue;
                }
                group.wanted = group.wanted.plus(demand.unwrap_or_default());
                group.wanted_since = match (group.wanted_since, *since) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
            }
        }
        context.holders = context
            .workloads
            .iter()
            .map(|(_, workload)| (&workload.key, accelerators_held(workload)))
            .filter(|(_, held)| *held > 0)
            .collect();
        context.held = context.holders.iter().map(|(_, held)| held).sum();
        context.holders.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    }
}

/// Replicas and workers of a workload without a place.
pub fn unplaced(workload: &Workload) -> u32 {
    match workload.role {
        Role::Jobs => workload.jobs.iter().filter(|job| job.phase.is_active()).map(|job| job.counts.unplaced()).sum(),
        Role::Serving | Role::Router => workload.replicas.map_or(0, |counts| counts.unplaced()),
    }
}

fn waiting_since(roster: &Roster<'_>, workload: &Workload) -> Option<Timestamp> {
    match workload.role {
        Role::Jobs => workload.jobs.iter().filter(|job| job.phase.is_active()).filter_map(|job| job.started_at).min(),
        Role::Serving | Role::Router => roster.find(&workload.key)?.since,
    }
}

/// `demand` for `count` replicas.
pub fn times(demand: Resources, count: u32) -> Resources {
    let count = i64::from(count);
    Resources {
        cpu_millis: demand.cpu_millis.saturating_mul(count),
        memory_bytes: demand.memory_bytes.saturating_mul(count),
        storage_bytes: demand.storage_bytes.saturating_mul(count),
        gpus: demand.gpus.saturating_mul(count),
        neuron: demand.neuron.saturating_mul(count),
        pods: demand.pods.saturating_mul(count),
    }
}

/// Accelerators that other workloads of the context hold, the largest first.
pub fn held_by_others<'c, 'a>(context: &'c Context<'a>, workload: &'c Workload) -> impl Iterator<Item = (&'a ResourceKey, i64)> + 'c {
    context.holders.iter().copied().filter(move |(key, _)| **key != workload.key)
}

/// Accelerators that the placed replicas and workers of a workload hold.
pub fn accelerators_held(workload: &Workload) -> i64 {
    let each = workload.demand.map_or(0, |demand| demand.gpus.max(demand.neuron));
    let placed =
        |counts: &ReplicaCounts| counts.ready + counts.ready_old + counts.creating + counts.not_ready + counts.failed + counts.image_error;
    let replicas: u32 = match workload.role {
        Role::Jobs => workload.jobs.iter().filter(|job| job.phase.is_active()).map(|job| placed(&job.counts)).sum(),
        Role::Serving | Role::Router => workload.replicas.as_ref().map_or(0, placed),
    };
    each.saturating_mul(i64::from(replicas))
}
