//! The badge of workloads that are well and whose next update would not finish.

use std::collections::BTreeMap;

use super::Proposal;
use super::play::play;
use super::request::Request;
use super::supply::Supply;
use super::told;
use crate::domain::capacity::Resources;
use crate::domain::id::{ResourceKey, SourceId};
use crate::domain::text::Text;
use crate::domain::workload::{Phase, Role, Workload};
use crate::explain::world::World;

/// What makes two next updates alike: context, amounts, pin, replicas, surge, unavailable.
type Kind<'a> = (&'a Text, Resources, &'a [Text], u32, u32, u32);

/// Remembers what was played: most workloads are alike.
#[derive(Default)]
pub struct NextUpdates<'w, 'a> {
    supplies: BTreeMap<&'a Text, Supply<'w, 'a>>,
    known: BTreeMap<Kind<'a>, Option<Text>>,
}

/// Why the next update of a workload would not finish; nothing for one that would, that is in
/// trouble already, or of which too little is known.
pub fn next_update<'w, 'a>(
    world: &'w World<'a>,
    known: &mut NextUpdates<'w, 'a>,
    source: &'a SourceId,
    workload: &'a Workload,
) -> Option<Text> {
    if workload.role != Role::Serving || workload.status.phase != Phase::Live {
        return None;
    }
    let request = Request::new(world, source, workload, &Proposal::default());
    // Without a strategy or the machines it would be a guess, and a badge must not guess.
    let demand = request.demand.filter(|_| request.strategy_known && request.is_playable())?;
    let supply = known.supplies.entry(&workload.key.context).or_insert_with(|| Supply::new(world, &request));
    if supply.machines.is_empty() || unread(world, &workload.key) {
        return None;
    }
    // Enough room for every extra replica at once: nothing to play.
    if has_room(supply, &request, demand) {
        return None;
    }
    let kind: Kind<'a> = (&workload.key.context, demand, &workload.pinned_groups, request.desired, request.surge, request.unavailable);
    if let Some(told) = known.known.get(&kind) {
        return told.clone();
    }
    let mut left = supply.clone();
    let played = play(&request, &mut left);
    let told = (!played.done).then(|| {
        let wall = told::walls(&request, &left).into_iter().next().map(|wall| format!(": {}", wall.says)).unwrap_or_default();
        Text::from(format!("its next update would get stuck with {} of {} ready{wall}", played.ready, request.desired))
    });
    known.known.insert(kind, told.clone());
    told
}

fn has_room(supply: &Supply<'_, '_>, request: &Request<'_>, demand: Resources) -> bool {
    let mut wanted = request.surge;
    if wanted == 0 {
        return false;
    }
    for machine in supply.machines.iter().filter(|machine| machine.takes(request, demand)) {
        let mut left = *machine;
        while wanted > 0 && left.holds(demand) {
            left.free = left.free.minus(demand);
            wanted -= 1;
        }
        if wanted == 0 {
            return true;
        }
    }
    false
}

/// Whether a source of the context could not be read at all: then there may be room nobody sees.
fn unread(world: &World<'_>, workload: &ResourceKey) -> bool {
    world.snapshot.sources(&workload.context).any(|(_, view)| view.health.read_at().is_none())
}
