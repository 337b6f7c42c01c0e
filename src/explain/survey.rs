//! All machines of a context against one kind of replica: which are out for what, how many
//! accelerators are free and why they do not do, and what follows. Worked out once a kind.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::scheduler;
use super::weigh::{Refusal, Weighed, wants_accelerator, weigh};
use super::world::{Group, Said, World};
use crate::domain::capacity::Resources;
use crate::domain::node::Node;
use crate::domain::replica::Replica;
use crate::domain::text::Text;

/// Surveys by context and amounts; those of one bucket differ in where the replica may run.
pub type Known<'a> = BTreeMap<(&'a Text, Resources), Vec<(&'a Replica, Rc<Survey<'a>>)>>;

/// What the machines say to one kind of replica.
#[derive(Debug)]
pub struct Survey<'a> {
    /// Every machine.
    pub machines: Vec<Weighed<'a>>,
    /// What follows.
    pub why: Why<'a>,
    /// Accelerators of the machines that are meant for it.
    pub capacity: i64,
    /// Of those, free.
    pub free: i64,
    /// Groups none of whose machines would ever take it, nor the next one.
    pub barred: Vec<&'a Text>,
}

/// What keeps the replica off all machines.
#[derive(Clone, Debug)]
pub enum Why<'a> {
    /// Nothing: this machine has room.
    Room(Said<'a, Node>),
    /// There are no machines.
    Nothing,
    /// Machines with everything free are out by this rule: how many, and the first.
    Rule(Refusal<'a>, usize, Said<'a, Node>),
    /// A machine made for accelerators offers none; `true` while they may still be registering.
    Dead(Said<'a, Node>, bool),
    /// Its devices were taken out of service: so many.
    Unhealthy(Said<'a, Node>, i64),
    /// The accelerator is free on this machine, and something beside it is short.
    Beside(Said<'a, Node>),
    /// Everything but a pod slot is free on this machine.
    Slots(Said<'a, Node>),
    /// Enough accelerators are free, on so many machines.
    Scattered(usize),
    /// All that there is of this resource is taken.
    Taken(&'a str),
    /// No machine of those meant for it could hold it even empty, for lack of this.
    Small(&'a str),
    /// No machine is made for it.
    NoKind,
}

/// The survey for a replica, remembered in the world.
pub fn of<'a>(world: &World<'a>, replica: &'a Replica) -> Rc<Survey<'a>> {
    let bucket = (&replica.key.context, replica.demand);
    let alike = |known: &Replica| known.extended == replica.extended && known.placement == replica.placement;
    if let Some((_, survey)) = world.surveys.borrow().get(&bucket).and_then(|known| known.iter().find(|(known, _)| alike(known))) {
        return Rc::clone(survey);
    }
    let survey = Rc::new(survey(world, replica));
    world.surveys.borrow_mut().entry(bucket).or_default().push((replica, Rc::clone(&survey)));
    survey
}

fn survey<'a>(world: &World<'a>, replica: &'a Replica) -> Survey<'a> {
    let inside = world.inside(&replica.key.context);
    let machines: Vec<Weighed<'a>> = inside.nodes.values().map(|said| weigh(world, *said, replica)).collect();
    let eligible: Vec<&Weighed<'a>> = machines.iter().filter(|machine| machine.is_eligible()).collect();
    let sum = |amount: fn(&Node) -> i64| eligible.iter().map(|machine| amount(machine.said.1)).fold(0, i64::saturating_add);
    let capacity = sum(|node| node.capacity.gpus.max(node.capacity.neuron));
    let free = sum(|node| node.free.gpus.max(node.free.neuron).max(0));
    let why = conclude(&machines, &eligible, replica, free);
    let barred = barred(world, &replica.key.context, &machines);
    Survey { machines, why, capacity, free, barred }
}

/// A rule that holds for every machine there is of a group will hold for the next one too.
fn barred<'a>(world: &World<'a>, context: &Text, machines: &[Weighed<'a>]) -> Vec<&'a Text> {
    let lasting = |machine: &Weighed<'a>| {
        machine.refusals.iter().any(|refusal| match refusal {
            Refusal::Labels | Refusal::Zone | Refusal::Plain | Refusal::Small(_) => true,
            Refusal::Taint(taint) => !refusal.passes() && scheduler::taint_cause(&taint.key) != "kubernetes/sched-taint-draining",
            _ => false,
        })
    };
    let weighed =
        |node: &Node| machines.binary_search_by(|machine| machine.said.1.key.name.cmp(&node.key.name)).ok().and_then(|at| machines.get(at));
    let is_barred = |group: &&Group<'a>| {
        let mut own = group.nodes.iter().filter_map(|(_, node)| weighed(node)).peekable();
        own.peek().is_some() && own.all(lasting)
    };
    world.context(context).groups.values().filter(is_barred).map(|group| &group.key.name).collect()
}

fn conclude<'a>(machines: &[Weighed<'a>], eligible: &[&Weighed<'a>], replica: &'a Replica, free: i64) -> Why<'a> {
    if machines.is_empty() {
        return Why::Nothing;
    }
    if let Some(machine) = machines.iter().find(|machine| machine.refusals.is_empty()) {
        return Why::Room(machine.said);
    }
    let dead = |wanted: bool| move |machine: &&&Weighed<'a>| machine.refusals.contains(&Refusal::Dead(wanted));
    if let Some(machine) =
        eligible.iter().find(|machine| dead(true)(machine)).or_else(|| eligible.iter().find(|machine| dead(false)(machine)))
    {
        return Why::Dead(machine.said, dead(true)(&machine));
    }
    if let Some(machine) = eligible.iter().find(|machine| machine.refusals.iter().all(|refusal| *refusal == Refusal::Slots)) {
        return Why::Slots(machine.said);
    }
    let accelerated = wants_accelerator(replica);
    let is_accelerator = |name: &str| name == "GPU" || name == "accelerator" || scheduler::is_accelerator(name);
    let has_accelerator = |machine: &Weighed<'_>| {
        !machine.refusals.iter().any(|refusal| matches!(refusal, Refusal::Short(name, ..) | Refusal::Small(name) if is_accelerator(name)))
    };
    if let Some(machine) = eligible.iter().find(|machine| accelerated && has_accelerator(machine)) {
        return Why::Beside(machine.said);
    }
    if let Some(rule) = by_rule(machines.iter().filter(|machine| machine.is_out_by_rule())) {
        return rule;
    }
    if let Some((machine, missing)) = eligible.iter().find_map(|machine| Some((machine, sick(machine.said.1, replica)?))) {
        return Why::Unhealthy(machine.said, missing);
    }
    if eligible.is_empty() {
        // Machines of the right kind are out by rule and full at once, or there are none.
        let right = machines.iter().filter(|machine| !machine.refusals.contains(&Refusal::Plain));
        return by_rule(right).unwrap_or(Why::NoKind);
    }
    amounts(eligible, replica, free, is_accelerator)
}

fn amounts<'a>(eligible: &[&Weighed<'a>], replica: &'a Replica, free: i64, is_accelerator: impl Fn(&str) -> bool) -> Why<'a> {
    let small = |machine: &&&Weighed<'a>| machine.refusals.iter().any(|refusal| matches!(refusal, Refusal::Small(_)));
    if eligible.iter().all(|machine| small(&machine)) {
        let name = eligible.iter().flat_map(|machine| &machine.refusals).find_map(|refusal| match refusal {
            Refusal::Small(name) => Some(*name),
            _ => None,
        });
        return Why::Small(name.unwrap_or("room"));
    }
    let wanted = replica.demand.gpus.max(replica.demand.neuron);
    if wanted > 0 && free >= wanted {
        return Why::Scattered(eligible.iter().filter(|machine| machine.said.1.free.gpus.max(machine.said.1.free.neuron) > 0).count());
    }
    let mut short: BTreeMap<&'a str, usize> = BTreeMap::new();
    for refusal in eligible.iter().flat_map(|machine| &machine.refusals) {
        if let Refusal::Short(name, ..) = refusal {
            *short.entry(*name).or_default() += 1;
        }
    }
    let most = short.iter().max_by_key(|(name, count)| (is_accelerator(name), **count)).map(|(name, _)| *name);
    most.map_or(Why::Taken("room"), Why::Taken)
}

/// The rule that keeps most of these machines out. Machines of the control plane count last:
/// they were never meant for it.
fn by_rule<'w, 'a: 'w>(machines: impl Iterator<Item = &'w Weighed<'a>>) -> Option<Why<'a>> {
    let mut tally: Vec<(Refusal<'a>, usize, Said<'a, Node>)> = Vec::new();
    for machine in machines {
        let Some(refusal) = machine.refusals.iter().find(|refusal| refusal.is_rule()) else { continue };
        let same = |known: &Refusal<'_>| match (known, refusal) {
            (Refusal::Taint(a), Refusal::Taint(b)) => a.key == b.key && a.value == b.value,
            (a, b) => a == b,
        };
        match tally.iter_mut().find(|(known, ..)| same(known)) {
            Some((_, count, _)) => *count += 1,
            None => tally.push((refusal.clone(), 1, machine.said)),
        }
    }
    let control_plane =
        |refusal: &Refusal<'_>| matches!(refusal, Refusal::Taint(taint) if scheduler::taint_cause(&taint.key).ends_with("control-plane"));
    tally.sort_by_key(|(refusal, count, _)| (control_plane(refusal), std::cmp::Reverse(*count)));
    tally.into_iter().next().map(|(refusal, count, said)| Why::Rule(refusal, count, said))
}

/// Devices that the machine has and does not offer, if they would be enough.
fn sick(node: &Node, replica: &Replica) -> Option<i64> {
    let detail = node.detail.as_deref()?;
    let amounts = replica.extended.iter().filter(|(name, _)| scheduler::is_accelerator(name));
    amounts
        .filter_map(|(name, wanted)| detail.extended.get(name).map(|amount| (amount.capacity - amount.allocatable, *wanted)))
        .find(|(missing, wanted)| *missing >= *wanted && *missing > 0)
        .map(|(missing, _)| missing)
}
