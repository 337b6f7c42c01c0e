//! What the machines of a context offer to one kind of replica, worked out in a single pass and
//! remembered: most workloads ask for the same few amounts.

use std::rc::Rc;

use super::placement;
use super::shape;
use super::world::{Group, Said, World};
use crate::domain::capacity::Resources;
use crate::domain::node::Node;
use crate::domain::text::Text;
use crate::domain::workload::Workload;

/// What makes two replicas equal for a scheduler: context, amounts, pin.
pub type Kind<'a> = (&'a Text, Option<Resources>, &'a [Text]);

/// What there is for one kind of replica.
#[derive(Debug, Default)]
pub struct Places<'a> {
    /// Names of the groups it may use, in order.
    pub groups: Vec<&'a Text>,
    /// Whether the context has worker groups that its pin names (all, without a pin).
    pub has_workers: bool,
    /// A machine that has room for it now.
    pub room: Option<Said<'a, Node>>,
    /// Accelerator machines of its groups that offer no accelerator, with their group's name.
    pub dead: Vec<(&'a Text, Said<'a, Node>)>,
    /// Machines of its groups with accelerators free, the most first.
    pub partly_free: Vec<Said<'a, Node>>,
    /// What those machines have free, taken together.
    pub free_together: Resources,
    /// Whether one of them has all the accelerators that one replica asks for.
    pub has_accelerators: bool,
    /// The first of those that have, and lack something else.
    pub short_beside: Option<Said<'a, Node>>,
    /// A machine with everything but a pod slot.
    pub slotless: Option<Said<'a, Node>>,
    /// A machine with room in a group that its pin leaves out.
    pub elsewhere: Option<(&'a Text, Said<'a, Node>)>,
    /// Accelerators of its groups in all.
    pub capacity: i64,
    /// Accelerators of its groups that are free.
    pub free: i64,
    /// Who told of the first machine.
    pub told_by: Option<&'a crate::domain::id::SourceId>,
}

/// The places for a workload's replicas, remembered in the world.
pub fn of<'a>(world: &World<'a>, workload: &'a Workload) -> Rc<Places<'a>> {
    // Of two sources that tell of one workload, the roster has one.
    let known = world.roster().find(&workload.key).filter(|entry| std::ptr::eq(entry.said.1, workload));
    match known {
        Some(entry) => Rc::clone(entry.places.get_or_init(|| of_kind(world, workload))),
        None => of_kind(world, workload),
    }
}

fn of_kind<'a>(world: &World<'a>, workload: &'a Workload) -> Rc<Places<'a>> {
    let kind: Kind<'a> = (&workload.key.context, workload.demand, &workload.pinned_groups);
    if let Some(known) = world.places.borrow().get(&kind) {
        return Rc::clone(known);
    }
    let found = Rc::new(survey(world, workload));
    world.places.borrow_mut().insert(kind, Rc::clone(&found));
    found
}

fn survey<'a>(world: &World<'a>, workload: &Workload) -> Places<'a> {
    let mut places = Places::default();
    for group in world.context(&workload.key.context).groups.values() {
        let listed = placement::is_listed(workload, group);
        places.has_workers |= listed && group.is_worker();
        if !placement::could_serve(workload, group) {
            continue;
        }
        if listed {
            places.groups.push(&group.key.name);
            places.walk(group, workload.demand);
        } else if let (Some(demand), None) = (workload.demand, places.elsewhere) {
            places.elsewhere = placement::room(&group.nodes, demand).map(|node| (&group.key.name, node));
        }
    }
    places.compare_fragments(workload.demand.unwrap_or_default());
    places
}

impl<'a> Places<'a> {
    /// Sorts the machines with accelerators free, and sees what they lack for one replica.
    fn compare_fragments(&mut self, demand: Resources) {
        self.partly_free.sort_by(|(_, a), (_, b)| b.free.gpus.cmp(&a.free.gpus).then_with(|| a.key.cmp(&b.key)));
        self.free_together = self.partly_free.iter().fold(Resources::default(), |sum, (_, node)| sum.plus(node.free));
        let mut enough = self.partly_free.iter().copied().filter(|(_, node)| placement::has_accelerator(node, demand)).peekable();
        self.has_accelerators = enough.peek().is_some();
        self.short_beside = enough.find(|(_, node)| !node.free.holds(demand));
    }

    fn walk(&mut self, group: &Group<'a>, demand: Option<Resources>) {
        let demand = demand.unwrap_or_default();
        for said in group.nodes.iter().copied() {
            let (source, node) = said;
            self.told_by = self.told_by.or(Some(source));
            self.capacity += node.capacity.gpus.max(node.capacity.neuron);
            let free = node.free.gpus.max(node.free.neuron);
            self.free += free;
            if free > 0 {
                self.partly_free.push(said);
            }
            if self.room.is_none() && placement::has_room(node, demand) {
                self.room = Some(said);
            }
            let full = node.is_worker && node.capacity.pods > 0 && node.free.pods <= 0;
            if self.slotless.is_none() && full && node.free.holds(demand) {
                self.slotless = Some(said);
            }
            if node.capacity.gpus == 0 && node.capacity.neuron == 0 && offers_none(node) {
                self.dead.push((&group.key.name, said));
            }
        }
    }
}

/// Whether a node should carry accelerators, by its type, and offers none.
pub fn offers_none(node: &Node) -> bool {
    let nothing = node.is_worker && node.capacity.gpus == 0 && node.capacity.neuron == 0;
    nothing && shape::of(&node.instance_type).is_some_and(|shape| shape.accelerators != Some(0))
}
