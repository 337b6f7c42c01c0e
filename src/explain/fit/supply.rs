//! What there is to put replicas on: machines with what is free on them, groups that may grow,
//! quotas that let them.
//!
//! A copy of the world's figures that a play may use up; the world itself stays as it is.

use std::collections::BTreeMap;

use super::request::Request;
use crate::domain::capacity::Resources;
use crate::domain::id::SourceId;
use crate::domain::instance_type;
use crate::domain::node::Node;
use crate::domain::quota::Quota;
use crate::domain::text::Text;
use crate::explain::placement;
use crate::explain::shape;
use crate::explain::world::{Context, Group, Said, World};

/// What can be used up.
#[derive(Clone)]
pub(super) struct Supply<'w, 'a> {
    /// Machines that take replicas now, then those on their way.
    pub machines: Vec<Machine<'w, 'a>>,
    /// Groups that may be enlarged, the preferred first.
    pub pools: Vec<Pool<'w, 'a>>,
    /// Quotas by family and kind of machine.
    pub quotas: BTreeMap<(String, bool), Headroom<'a>>,
    /// Groups enlarged by the play, and by how many machines.
    pub added: BTreeMap<&'a Text, u32>,
}

/// A machine with what is left on it.
#[derive(Clone, Copy)]
pub(super) struct Machine<'w, 'a> {
    /// The node, unless it is still to come.
    pub node: Option<Said<'a, Node>>,
    /// Its group.
    pub group: Option<&'w Group<'a>>,
    /// What is free.
    pub free: Resources,
    /// Whether its pod slots are counted.
    pub counts_slots: bool,
}

/// A group that may be enlarged.
#[derive(Clone)]
pub(super) struct Pool<'w, 'a> {
    /// The group.
    pub group: &'w Group<'a>,
    /// How many more machines it may have.
    pub headroom: u32,
    /// What an empty machine of it offers.
    pub empty: Resources,
    /// Whether that follows from the machine type only.
    pub estimated: bool,
    /// What a machine takes of the quota.
    pub vcpus: u64,
    /// The quota it counts in.
    pub quota: Option<(String, bool)>,
    /// Why it brings no machine, whatever its size and the quota say.
    pub closed: Option<Closed>,
}

/// Why a group brings no machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// Its launches are suspended.
    Suspended,
    /// The provider has just refused one.
    Refused,
}

/// What is left of a quota.
#[derive(Clone, Copy)]
pub(super) struct Headroom<'a> {
    /// Who told of it.
    pub said: Said<'a, Quota>,
    /// Its limit, if it could be read.
    pub limit: Option<u64>,
    /// What is used, the machines of this cluster at least.
    pub used: u64,
}

impl Headroom<'_> {
    fn leaves(&self, vcpus: u64) -> bool {
        self.limit.is_none_or(|limit| self.used.saturating_add(vcpus) <= limit)
    }
}

impl<'w, 'a> Supply<'w, 'a> {
    /// What there is for replicas of a request's context, everybody else's waiting replicas not yet served.
    pub(super) fn new(world: &'w World<'a>, request: &Request<'a>) -> Self {
        let context = world.context(&request.workload.key.context);
        let mut supply =
            Self { machines: machines(context), pools: pools(world, context), quotas: quotas(context), added: BTreeMap::new() };
        supply.add_those_on_their_way();
        supply
    }

    /// Machines that a group was asked for and that have not joined: empty, and soon there.
    fn add_those_on_their_way(&mut self) {
        for pool in &self.pools {
            let joined = u32::try_from(pool.group.nodes.len()).unwrap_or(u32::MAX);
            let asked = pool.group.actual.and_then(|(_, group)| group.desired).unwrap_or(joined);
            if pool.closed.is_some() {
                continue;
            }
            for _ in joined..asked.min(joined.saturating_add(MOST_COMING)) {
                let coming = Machine { node: None, group: Some(pool.group), free: pool.empty, counts_slots: pool.empty.pods > 0 };
                self.machines.push(coming);
            }
        }
    }

    /// The machine that a scheduler would choose for one more replica: of the preferred group, then
    /// the emptiest.
    pub(super) fn seat(&mut self, request: &Request<'_>, demand: Resources) -> Option<usize> {
        let best = self
            .machines
            .iter()
            .enumerate()
            .filter(|(_, machine)| machine.takes(request, demand))
            .max_by_key(|(index, machine)| (machine.priority(), machine.free.cpu_millis, std::cmp::Reverse(*index)))
            .map(|(index, _)| index)?;
        self.take(best, demand);
        Some(best)
    }

    fn take(&mut self, index: usize, demand: Resources) {
        if let Some(machine) = self.machines.get_mut(index) {
            machine.free = machine.free.minus(demand);
        }
    }

    /// Gives back what a replica held on a machine.
    pub(super) fn give_back(&mut self, index: usize, held: Resources) {
        if let Some(machine) = self.machines.get_mut(index) {
            machine.free = machine.free.plus(held);
        }
    }

    /// Enlarges the preferred group that may grow and whose machine would hold the replica.
    pub(super) fn grow(&mut self, request: &Request<'_>, demand: Resources) -> Option<&'w Group<'a>> {
        let quotas = &self.quotas;
        let pool = self.pools.iter_mut().find(|pool| pool.may_grow(request, demand, quotas))?;
        pool.headroom -= 1;
        if let Some(headroom) = pool.quota.as_ref().and_then(|quota| self.quotas.get_mut(quota)) {
            headroom.used = headroom.used.saturating_add(pool.vcpus);
        }
        *self.added.entry(&pool.group.key.name).or_default() += 1;
        self.machines.push(Machine { node: None, group: Some(pool.group), free: pool.empty, counts_slots: pool.empty.pods > 0 });
        Some(pool.group)
    }

    /// The machine of that name.
    pub(super) fn machine(&self, name: &Text) -> Option<usize> {
        self.machines.iter().position(|machine| machine.node.is_some_and(|(_, node)| node.key.name == *name))
    }
}

/// The most machines on their way that are believed of one group.
const MOST_COMING: u32 = 200;

impl Machine<'_, '_> {
    /// Whether the replica could run here, were there room.
    pub(super) fn admits(&self, request: &Request<'_>) -> bool {
        let listed = request.pinned.is_empty() || self.group.is_some_and(|group| request.pinned.contains(&group.key.name));
        listed && self.sample().is_none_or(|node| tolerates(request, node))
    }

    /// The node, or for a machine to come one of its group: it will look like it.
    fn sample(&self) -> Option<&Node> {
        let of_group = || self.group.and_then(|group| group.nodes.first());
        self.node.as_ref().or_else(of_group).map(|(_, node)| *node)
    }

    pub(super) fn takes(&self, request: &Request<'_>, demand: Resources) -> bool {
        self.holds(demand) && self.admits(request)
    }

    pub(super) fn holds(&self, demand: Resources) -> bool {
        self.free.holds(demand) && (!self.counts_slots || self.free.pods >= 1)
    }

    fn priority(&self) -> u32 {
        self.group.map_or(0, priority)
    }
}

impl Pool<'_, '_> {
    /// Whether an empty machine of it would do.
    pub(super) fn would_hold(&self, request: &Request<'_>, demand: Resources) -> bool {
        let machine = Machine { node: None, group: Some(self.group), free: self.empty, counts_slots: false };
        machine.takes(request, demand)
    }

    fn may_grow(&self, request: &Request<'_>, demand: Resources, quotas: &BTreeMap<(String, bool), Headroom<'_>>) -> bool {
        self.closed.is_none() && self.headroom > 0 && self.would_hold(request, demand) && !self.at_quota(quotas)
    }

    /// Whether the quota leaves no room for one more machine.
    pub(super) fn at_quota(&self, quotas: &BTreeMap<(String, bool), Headroom<'_>>) -> bool {
        self.quota.as_ref().and_then(|quota| quotas.get(quota)).is_some_and(|headroom| !headroom.leaves(self.vcpus))
    }
}

fn priority(group: &Group<'_>) -> u32 {
    group.configured.or(group.actual).and_then(|(_, group)| group.priority).unwrap_or(0)
}

/// Whether labels, taints and the scheduler's own marks let the replica on the node.
fn tolerates(request: &Request<'_>, node: &Node) -> bool {
    let (Some(placement), Some(detail)) = (&request.placement, &node.detail) else { return true };
    !detail.cordoned && placement.allows_labels(&detail.labels) && placement.first_untolerated(&detail.taints).is_none()
}

fn machines<'w, 'a>(context: &'w Context<'a>) -> Vec<Machine<'w, 'a>> {
    let of_groups = context.groups.values().flat_map(|group| group.nodes.iter().map(move |said| (Some(group), *said)));
    let loose = context.loose_nodes.iter().map(|said| (None, *said));
    of_groups
        .chain(loose)
        .filter(|(_, (_, node))| node.is_worker && node.ready != Some(false))
        .map(|(group, said)| Machine { node: Some(said), group, free: said.1.free, counts_slots: said.1.capacity.pods > 0 })
        .collect()
}

fn pools<'w, 'a>(world: &World<'a>, context: &'w Context<'a>) -> Vec<Pool<'w, 'a>> {
    let mut pools: Vec<Pool<'w, 'a>> =
        context.groups.values().filter(|group| group.is_worker()).filter_map(|group| pool(world, context, group)).collect();
    pools.sort_by(|a, b| priority(b.group).cmp(&priority(a.group)).then_with(|| a.group.key.cmp(b.group.key)));
    pools
}

fn pool<'w, 'a>(world: &World<'a>, context: &Context<'a>, group: &'w Group<'a>) -> Option<Pool<'w, 'a>> {
    let (_, max) = group.max()?;
    let asked = group.actual.and_then(|(_, actual)| actual.desired).unwrap_or(0);
    let (empty, estimated) = empty_machine(context, group)?;
    let shape = group.shape();
    Some(Pool {
        group,
        headroom: max.saturating_sub(group.running().max(asked)),
        empty,
        estimated,
        vcpus: shape.map_or(0, |shape| u64::from(shape.vcpus)),
        quota: shape.map(|shape| (shape.family.clone(), group.is_spot())),
        closed: closed(world, group),
    })
}

fn closed(world: &World<'_>, group: &Group<'_>) -> Option<Closed> {
    let suspended = group.actual.is_some_and(|(_, actual)| actual.suspended.iter().any(|entry| entry.process.as_str() == "Launch"));
    if suspended {
        return Some(Closed::Suspended);
    }
    let recent = group.refusals().first().is_some_and(|(_, launch)| crate::domain::time::age(world.now, launch.started_at) < REFUSED_FOR);
    // A quota's own figures say more than a refusal that met it.
    let by_quota = group.reason.as_ref().is_some_and(|reason| crate::explain::refusal::is_vcpu_quota(&reason.cause));
    (recent && !by_quota).then_some(Closed::Refused)
}

/// How long after a refusal for want of capacity the next launch is expected to be refused too.
const REFUSED_FOR: crate::domain::time::Duration = crate::domain::time::Duration::from_mins(30);

/// What an empty machine of a group offers: as one of the same type does, or estimated from its size.
fn empty_machine(context: &Context<'_>, group: &Group<'_>) -> Option<(Resources, bool)> {
    let own = group.nodes.iter().map(|(_, node)| node.capacity).max();
    let wanted = group.preferred_type();
    let everywhere = context.groups.values().flat_map(|group| &group.nodes).map(|(_, node)| *node);
    let twin = || everywhere.filter(|node| Some(&node.instance_type) == wanted && node.is_worker).map(|node| node.capacity).max();
    let whole = own.or_else(twin).filter(|capacity| *capacity != Resources::default());
    whole.map(|capacity| (capacity, false)).or_else(|| wanted.and_then(|name| estimated(name)).map(|estimate| (estimate, true)))
}

/// What is left of a machine of a type for replicas: less what the node agent keeps (300m, 800 MiB with
/// the eviction threshold), the usual daemons (260m, 350 MiB; with a GPU another 150m, 150 MiB) and
/// the twentieth of the memory that kernel and firmware keep. Source: the constants that Cortex reckons with.
fn estimated(name: &str) -> Option<Resources> {
    let known = instance_type::find(name)?;
    let gpu = i64::from(known.accelerators > 0) * 150;
    let memory_mib = i64::try_from(known.memory_mib).ok()? * 945 / 1_000 - 800 - 350 - gpu;
    let neuron = shape::of(name).is_some_and(|shape| matches!(shape.family.as_str(), "Inf" | "Trn"));
    let accelerators = i64::from(known.accelerators);
    Some(Resources {
        cpu_millis: i64::from(known.vcpus) * 1_000 - 300 - 260 - gpu,
        memory_bytes: memory_mib.max(0) << 20,
        gpus: if neuron { 0 } else { accelerators },
        neuron: if neuron { accelerators } else { 0 },
        ..Resources::default()
    })
}

fn quotas<'a>(context: &Context<'a>) -> BTreeMap<(String, bool), Headroom<'a>> {
    let headroom = |said: Said<'a, Quota>| {
        let (_, quota) = said;
        let sampled = quota.usage.map_or(0, |usage| usage.value);
        let counted = own_vcpus(context, &quota.family, quota.spot);
        ((quota.family.to_string(), quota.spot), Headroom { said, limit: quota.limit, used: sampled.max(counted) })
    };
    context.quotas.iter().copied().map(headroom).collect()
}

/// vCPUs that the machines of this context count in a quota: the metric lags by minutes.
fn own_vcpus(context: &Context<'_>, family: &str, spot: bool) -> u64 {
    let groups = context.groups.values().filter(|group| group.is_spot() == spot);
    let of = |group: &Group<'_>| {
        let shape = group.shape().filter(|shape| shape.family == family)?;
        let asked = group.actual.and_then(|(_, actual)| actual.desired).unwrap_or(0);
        Some(u64::from(shape.vcpus) * u64::from(group.running().max(asked)))
    };
    groups.filter_map(of).sum()
}

/// What everybody who already waits takes before the play begins.
pub(super) fn serve_the_waiting(world: &World<'_>, supply: &mut Supply<'_, '_>, request: &Request<'_>) -> u32 {
    let context = world.context(&request.workload.key.context);
    let mut served = 0;
    for (source, workload) in context.workloads.iter().copied().filter(|(_, workload)| workload.key != request.workload.key) {
        let unplaced = placement::unplaced(workload).min(MOST_WAITING);
        let Some(demand) = workload.demand.filter(|_| unplaced > 0) else { continue };
        let other = Request::new(world, source, workload, &super::Proposal::default());
        for _ in 0..unplaced {
            let seated = supply.seat(&other, demand).is_some();
            if !seated && supply.grow(&other, demand).is_some() {
                let _placed = supply.seat(&other, demand);
            }
            served += 1;
        }
    }
    served
}

/// The most waiting replicas of one workload that are served before a play.
const MOST_WAITING: u32 = 500;

/// Who told of the first machine, for evidence.
pub(super) fn told_by<'a>(supply: &Supply<'_, 'a>) -> Option<&'a SourceId> {
    supply.machines.iter().find_map(|machine| machine.node.map(|(source, _)| source))
}
