//! One machine against one replica: everything that keeps it off. The scheduler's filters, done
//! again on what was read; amounts and rules only, no wording.

use super::places::offers_none;
use super::scheduler;
use super::world::{Said, World};
use crate::domain::condition;
use crate::domain::node::{Node, NodeDetail};
use crate::domain::placement::Taint;
use crate::domain::replica::Replica;
use crate::domain::text::Text;
use crate::domain::time::{Duration, age};

/// How long a device plugin may take to register on a new machine.
const REGISTERS: Duration = Duration::from_mins(10);

/// Why one machine does not take one replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal<'a> {
    /// It has none of the accelerators that are asked for, and is not made to.
    Plain,
    /// It is being removed.
    Leaving,
    /// It is not ready; `true` where nobody hears of it at all.
    NotReady(bool),
    /// It is under a pressure.
    Pressure(&'a Text),
    /// Somebody closed it.
    Cordoned,
    /// It carries a taint.
    Taint(&'a Taint),
    /// Its labels are not those asked for.
    Labels,
    /// A volume of the replica is bound to another zone.
    Zone,
    /// A port that the replica wants of the machine is taken.
    Port(u16),
    /// It should offer accelerators and offers none; `true` while they may still be registering.
    Dead(bool),
    /// It could not hold the replica even if it were empty.
    Small(&'a str),
    /// Too little of a resource is free: its name, what is free, what is asked for.
    Short(&'a str, i64, i64),
    /// All its pod slots are taken.
    Slots,
}

impl Refusal<'_> {
    /// Whether it is a rule rather than an amount: a free place would not help.
    pub fn is_rule(&self) -> bool {
        !matches!(self, Self::Plain | Self::Dead(_) | Self::Small(_) | Self::Short(..) | Self::Slots)
    }

    /// Whether it passes by itself when all goes well.
    pub fn passes(&self) -> bool {
        match self {
            Self::Dead(registering) => *registering,
            Self::Taint(taint) => scheduler::taint_cause(&taint.key) == "kubernetes/sched-taint-startup",
            _ => false,
        }
    }
}

/// A machine with all that keeps the replica off it; empty means that it has room.
#[derive(Clone, Debug)]
pub struct Weighed<'a> {
    /// The machine.
    pub said: Said<'a, Node>,
    /// Why not, the reason to count it under first.
    pub refusals: Vec<Refusal<'a>>,
}

impl<'a> Weighed<'a> {
    /// The reason it is counted under.
    pub fn first(&self) -> Option<&Refusal<'a>> {
        self.refusals.first()
    }

    /// Whether only rules keep the replica off: everything it asks for is free.
    pub fn is_out_by_rule(&self) -> bool {
        !self.refusals.is_empty() && self.refusals.iter().all(Refusal::is_rule)
    }

    /// Whether no rule keeps the replica off: the machine is meant for such replicas.
    pub fn is_eligible(&self) -> bool {
        self.refusals.iter().all(|refusal| !refusal.is_rule() && *refusal != Refusal::Plain)
    }
}

/// Weighs one machine.
pub fn weigh<'a>(world: &World<'a>, said: Said<'a, Node>, replica: &'a Replica) -> Weighed<'a> {
    let node = said.1;
    let mut refusals = Vec::new();
    if is_plain(node, replica) {
        refusals.push(Refusal::Plain);
    }
    if let Some(detail) = node.detail.as_deref() {
        state(node, detail, &mut refusals);
        rules(world, node, detail, replica, &mut refusals);
    } else if node.ready == Some(false) {
        refusals.push(Refusal::NotReady(false));
    }
    if offers_nothing(node) && wants_accelerator(replica) {
        let young = node.created_at.is_some_and(|at| age(world.now, at) <= REGISTERS);
        refusals.push(Refusal::Dead(young));
    }
    amounts(node, replica, &mut refusals);
    Weighed { said, refusals }
}

/// Whether a replica asks for any accelerator, by amount or by name.
pub fn wants_accelerator(replica: &Replica) -> bool {
    replica.demand.wants_accelerator() || replica.extended.keys().any(|name| scheduler::is_accelerator(name))
}

/// Whether a machine is made for accelerators, by type or label, and offers none.
pub fn offers_nothing(node: &Node) -> bool {
    let none = node.capacity.gpus == 0 && node.capacity.neuron == 0;
    let labelled = |detail: &NodeDetail| {
        let is_true = |label: &str| detail.labels.get(label).is_some_and(|value| value.as_str() == "true");
        let named = detail.extended.iter().any(|(name, amount)| scheduler::is_accelerator(name) && amount.allocatable > 0);
        !named && (is_true("nvidia.com/gpu.present") || is_true("feature.node.kubernetes.io/pci-10de.present"))
    };
    none && (offers_none(node) && node.detail.as_deref().is_none_or(|detail| !offers_slices(detail))
        || node.detail.as_deref().is_some_and(labelled))
}

/// Whether it offers parts of accelerators under their own names.
fn offers_slices(detail: &NodeDetail) -> bool {
    detail.extended.iter().any(|(name, amount)| scheduler::is_accelerator(name) && amount.allocatable > 0)
}

fn is_plain(node: &Node, replica: &Replica) -> bool {
    if !wants_accelerator(replica) || offers_nothing(node) {
        return false;
    }
    let by_amount = replica.demand.wants_accelerator() && node.capacity.gpus == 0 && node.capacity.neuron == 0;
    let Some(detail) = node.detail.as_deref() else { return by_amount };
    let lacks = |name: &Text| detail.extended.get(name).is_none_or(|amount| amount.capacity.max(amount.allocatable) == 0);
    let mut named = replica.extended.keys().filter(|name| scheduler::is_accelerator(name)).peekable();
    let physical = detail.physical.gpus + detail.physical.neuron > 0;
    if named.peek().is_some() { named.any(lacks) && !physical } else { by_amount && !physical }
}

fn state<'a>(node: &'a Node, detail: &'a NodeDetail, refusals: &mut Vec<Refusal<'a>>) {
    if detail.deleting_since.is_some() {
        refusals.push(Refusal::Leaving);
    }
    let ready = condition::named(&detail.conditions, "Ready");
    // A source may say of a closed machine that it takes nothing; that is told by its own name.
    let not_ready = ready.map_or(node.ready == Some(false) && !detail.cordoned, |ready| ready.holds != Some(true));
    if not_ready {
        refusals.push(Refusal::NotReady(ready.is_some_and(|ready| ready.holds.is_none())));
    }
    let pressure = detail.conditions.iter().find(|condition| condition.holds == Some(true) && condition.name.ends_with("Pressure"));
    refusals.extend(pressure.map(|condition| Refusal::Pressure(&condition.name)));
    if detail.cordoned {
        refusals.push(Refusal::Cordoned);
    }
}

fn rules<'a>(world: &World<'a>, node: &'a Node, detail: &'a NodeDetail, replica: &'a Replica, refusals: &mut Vec<Refusal<'a>>) {
    let placement = &replica.placement;
    let told = |taint: &Taint| {
        let already = |refusal: &Refusal<'_>| match refusal {
            Refusal::NotReady(_) => taint.key.ends_with("/not-ready") || taint.key.ends_with("/unreachable"),
            Refusal::Pressure(_) => taint.key.ends_with("-pressure"),
            Refusal::Cordoned => taint.key.ends_with("/unschedulable"),
            _ => false,
        };
        refusals.iter().any(already)
    };
    let open: Vec<&Taint> = detail.taints.iter().filter(|taint| !told(taint)).collect();
    let keeps_away = |taint: &&&Taint| placement.first_untolerated(std::slice::from_ref(**taint)).is_some();
    // One taint is enough to be counted; one that passes by itself hides none that stays.
    let mut kept: Vec<&Taint> = open.iter().filter(keeps_away).copied().collect();
    kept.sort_by_key(|taint| Refusal::Taint(taint).passes());
    refusals.extend(kept.first().map(|taint| Refusal::Taint(taint)));
    if !placement.allows_labels(&detail.labels) {
        refusals.push(Refusal::Labels);
    }
    let inside = world.inside(&node.key.context);
    let claims = placement.claims.iter().filter_map(|name| inside.claims.get(name));
    let elsewhere = |zones: &[Text]| !zones.is_empty() && detail.zone.as_ref().is_some_and(|zone| !zones.contains(zone));
    if claims.into_iter().any(|(_, claim)| elsewhere(&claim.zones)) {
        refusals.push(Refusal::Zone);
    }
    if !placement.host_ports.is_empty() {
        let taken = |port: &u16| inside.tenants(&node.key.name).iter().any(|(_, tenant)| tenant.placement.host_ports.contains(port));
        refusals.extend(placement.host_ports.iter().find(|port| taken(port)).map(|port| Refusal::Port(*port)));
    }
}

fn amounts<'a>(node: &'a Node, replica: &'a Replica, refusals: &mut Vec<Refusal<'a>>) {
    let (free, capacity, demand) = (node.free, node.capacity, replica.demand);
    let mut check = |name: &'a str, free: i64, capacity: i64, wanted: i64| {
        if wanted > free && wanted > 0 {
            refusals.push(if wanted > capacity && capacity > 0 { Refusal::Small(name) } else { Refusal::Short(name, free.max(0), wanted) });
        }
    };
    check("GPU", free.gpus, capacity.gpus, demand.gpus);
    check("accelerator", free.neuron, capacity.neuron, demand.neuron);
    for (name, wanted) in &replica.extended {
        let counted =
            demand.wants_accelerator() && (name.ends_with("/gpu") || name.ends_with("/neuron") || name.ends_with("/neurondevice"));
        if let Some(detail) = node.detail.as_deref().filter(|_| !counted) {
            let amount = detail.extended.get(name).copied().unwrap_or_default();
            check(name, amount.allocatable.saturating_sub(amount.requested), amount.allocatable, *wanted);
        }
    }
    check("CPU", free.cpu_millis, capacity.cpu_millis, demand.cpu_millis);
    check("memory", free.memory_bytes, capacity.memory_bytes, demand.memory_bytes);
    if capacity.storage_bytes > 0 {
        check("local disk", free.storage_bytes, capacity.storage_bytes, demand.storage_bytes);
    }
    if capacity.pods > 0 && free.pods <= 0 {
        refusals.push(Refusal::Slots);
    }
}
