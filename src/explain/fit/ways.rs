//! What would make it fit: changes that were played themselves and end well, the smallest first.

use super::play::play;
use super::request::Request;
use super::supply::{Supply, serve_the_waiting};
use crate::domain::text::Text;
use crate::explain::commands::{self, advice, remedy};
use crate::explain::finding::{Remedy, Risk};
use crate::explain::placement;
use crate::explain::shape;
use crate::explain::words::count;
use crate::explain::world::World;

/// The most machines that a way out adds to a group.
const MOST_MACHINES: u32 = 16;

/// Changes with which the update finishes.
pub(super) fn out(world: &World<'_>, request: &Request<'_>, supply: &Supply<'_, '_>) -> Vec<Remedy> {
    let mut ready = supply.clone();
    serve_the_waiting(world, &mut ready, request);
    let mut ways = Vec::new();
    ways.extend(larger_group(request, &ready));
    ways.extend(larger_quota(world, request, &ready));
    ways.extend(unpinned(request, &ready));
    ways.extend(in_place(request, &ready));
    ways.extend(freed(world, request, &ready));
    ways
}

fn ends_well(request: &Request<'_>, mut supply: Supply<'_, '_>) -> bool {
    play(request, &mut supply).done
}

/// A group that may have more machines.
fn larger_group(request: &Request<'_>, ready: &Supply<'_, '_>) -> Option<Remedy> {
    let demand = request.demand?;
    let full = ready.pools.iter().filter(|pool| pool.headroom == 0 && pool.closed.is_none() && pool.would_hold(request, demand));
    full.map(|pool| &pool.group.key.name).find_map(|name| {
        let more = (1..=MOST_MACHINES).find(|more| {
            let mut larger = ready.clone();
            larger.pools.iter_mut().filter(|pool| pool.group.key.name == *name).for_each(|pool| pool.headroom = *more);
            ends_well(request, larger)
        })?;
        let max = ready.pools.iter().find(|pool| pool.group.key.name == *name)?.group.max()?.1;
        let text = format!(
            "let group {name} grow to {}: {} more end the update, and are paid for while they run",
            max.saturating_add(more),
            count(more, "machine")
        );
        Some(advice(Risk::Mutating, text))
    })
}

/// A higher limit.
fn larger_quota(world: &World<'_>, request: &Request<'_>, ready: &Supply<'_, '_>) -> Option<Remedy> {
    let mut raised = ready.clone();
    for headroom in raised.quotas.values_mut() {
        headroom.limit = None;
    }
    let mut played = raised.clone();
    if !play(request, &mut played).done {
        return None;
    }
    let (name, headroom) = played.quotas.iter().find(|(name, after)| {
        let limit = ready.quotas.get(*name).and_then(|before| before.limit);
        limit.is_some_and(|limit| after.used > limit)
    })?;
    let (_, quota) = headroom.said;
    let code = if quota.key.name.is_empty() { shape::quota_code(&name.0, name.1).map(Text::from)? } else { quota.key.name.clone() };
    let text = format!("ask for the quota \"{}\" to be raised to {} {}", quota.title, headroom.used, quota.unit);
    Some(remedy(Risk::Mutating, text, commands::raise_quota(world, &request.workload.key.context, &code, headroom.used)))
}

/// Every group instead of those it is pinned to.
fn unpinned(request: &Request<'_>, ready: &Supply<'_, '_>) -> Option<Remedy> {
    let free = Request { pinned: &[], ..request.clone() };
    let helps = !request.pinned.is_empty() && ends_well(&free, ready.clone());
    helps.then(|| {
        advice(Risk::Mutating, format!("let it run on other groups than {} too", crate::explain::words::names(request.pinned.iter())))
    })
}

/// The old one goes first.
fn in_place(request: &Request<'_>, ready: &Supply<'_, '_>) -> Option<Remedy> {
    let in_place = request.in_place();
    if (in_place.surge, in_place.unavailable) == (request.surge, request.unavailable) || !ends_well(&in_place, ready.clone()) {
        return None;
    }
    let (risk, cost) = if request.desired <= 1 {
        (Risk::Destructive, "with one replica that is an outage until the new version is ready".to_owned())
    } else {
        (Risk::Mutating, format!("one of {} is missing until each new one is ready", request.desired))
    };
    Some(advice(risk, format!("replace in place, with max_surge 0 and max_unavailable {}: {cost}", in_place.unavailable)))
}

/// Places of others.
fn freed(world: &World<'_>, request: &Request<'_>, ready: &Supply<'_, '_>) -> Option<Remedy> {
    let demand = request.demand.filter(|demand| demand.wants_accelerator())?;
    let context = world.context(&request.workload.key.context);
    let (other, held) = placement::held_by_others(context, request.workload).next()?;
    let (_, holder) = world.workload(other)?;
    let given = holder.demand?;
    let mut room = ready.clone();
    let needed = demand.gpus.max(demand.neuron).div_euclid(given.gpus.max(given.neuron).max(1)).max(1);
    let host = room
        .machines
        .iter_mut()
        .find(|machine| machine.admits(request) && machine.node.is_some_and(|(_, node)| node.capacity.minus(node.free).holds(given)))?;
    for _ in 0..needed {
        host.free = host.free.plus(given);
    }
    let text = format!("free places: {} holds {held} accelerators; {needed} fewer of its replicas would do", other.name);
    ends_well(request, room).then(|| advice(Risk::Destructive, text))
}
