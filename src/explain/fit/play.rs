//! The rolling update itself, as the Deployment controller and a scheduler carry it out: create up to
//! the surge, take old ones away as far as availability allows, give waiting replicas what became
//! free, and only then ask for a machine.

use std::collections::BTreeMap;

use super::request::Request;
use super::supply::Supply;
use crate::domain::capacity::Resources;
use crate::domain::text::Text;

/// How a play ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Played {
    /// New replicas that got ready.
    pub ready: u32,
    /// Replicas of today that are left.
    pub old: u32,
    /// New replicas that found no place.
    pub waiting: u32,
    /// Whether it finished.
    pub done: bool,
    /// New replicas that found a place on a machine that was there.
    pub on_free: u32,
    /// New replicas that took the place of an old one.
    pub on_freed: u32,
    /// Machines added, by group.
    pub added: BTreeMap<Text, u32>,
    /// How often it had to wait for machines.
    pub waves: u32,
}

/// Rounds after which a play that has not ended is taken for stuck: each round moves a replica.
const ROUNDS: u32 = 10_000;

/// Plays the update to its end, using the supply up.
pub(super) fn play(request: &Request<'_>, supply: &mut Supply<'_, '_>) -> Played {
    let Some(demand) = request.demand.filter(|_| request.is_playable()) else { return Played::default() };
    let before = supply.added.clone();
    let mut state = State { request, demand, old: seats(request, supply), waiting: 0, played: Played::default(), freed: false };
    for _ in 0..ROUNDS {
        if !state.round(supply) {
            break;
        }
    }
    let mut played = state.played;
    played.old = u32::try_from(state.old.len()).unwrap_or(u32::MAX);
    played.waiting = state.waiting;
    played.done = played.ready == request.desired && played.old == 0;
    let added = supply.added.iter().map(|(group, count)| ((*group).clone(), count - before.get(group).copied().unwrap_or(0)));
    played.added = added.filter(|(_, count)| *count > 0).collect();
    played
}

/// Where the replicas of today sit, by place in the supply; `None` where nobody knows.
type Seats = Vec<Option<usize>>;

fn seats(request: &Request<'_>, supply: &Supply<'_, '_>) -> Seats {
    let known = request.old.iter().map(|node| node.as_ref().and_then(|name| supply.machine(name)));
    let mut seats: Seats = known.collect();
    let mut held: BTreeMap<usize, Resources> = BTreeMap::new();
    for seat in seats.iter_mut().filter(|seat| seat.is_none()) {
        *seat = likely_seat(request, supply, &held);
        if let Some(index) = seat {
            let sum = held.entry(*index).or_default();
            *sum = sum.plus(request.held);
        }
    }
    seats
}

/// A machine that may well carry one: it is admitted there, and enough is used.
fn likely_seat(request: &Request<'_>, supply: &Supply<'_, '_>, held: &BTreeMap<usize, Resources>) -> Option<usize> {
    let used = |index: usize, machine: &super::supply::Machine<'_, '_>| {
        let (_, node) = machine.node?;
        Some(node.capacity.minus(node.free).minus(held.get(&index).copied().unwrap_or_default()))
    };
    let candidates = supply.machines.iter().enumerate().filter(|(_, machine)| machine.admits(request));
    candidates
        .filter_map(|(index, machine)| Some((index, used(index, machine)?)))
        .filter(|(_, used)| used.holds(request.held))
        .max_by_key(|(index, used)| (used.gpus.max(used.neuron), used.cpu_millis, std::cmp::Reverse(*index)))
        .map(|(index, _)| index)
}

struct State<'r, 'q> {
    request: &'r Request<'q>,
    demand: Resources,
    old: Seats,
    waiting: u32,
    played: Played,
    /// Whether an old replica has given its place back.
    freed: bool,
}

impl State<'_, '_> {
    /// One pass of controller, scheduler and autoscaler; whether anything moved.
    fn round(&mut self, supply: &mut Supply<'_, '_>) -> bool {
        let created = self.create();
        let seated = self.seat(supply);
        let dismissed = self.dismiss(supply);
        let moved_in = self.seat(supply);
        let grown = if seated + dismissed + moved_in == 0 { self.grow(supply) } else { 0 };
        if grown > 0 {
            self.played.waves += 1;
        }
        created + seated + dismissed + moved_in + grown > 0
    }

    fn old_count(&self) -> u32 {
        u32::try_from(self.old.len()).unwrap_or(u32::MAX)
    }

    /// Creates new replicas up to what the surge allows.
    fn create(&mut self) -> u32 {
        let new = self.played.ready + self.waiting;
        let allowed = self.request.desired.saturating_add(self.request.surge).saturating_sub(new + self.old_count());
        let created = self.request.desired.saturating_sub(new).min(allowed);
        self.waiting += created;
        created
    }

    /// Gives waiting replicas what is free; they get ready, as healthy ones do.
    fn seat(&mut self, supply: &mut Supply<'_, '_>) -> u32 {
        let mut seated = 0;
        while self.waiting > 0 && supply.seat(self.request, self.demand).is_some() {
            self.waiting -= 1;
            self.played.ready += 1;
            seated += 1;
        }
        *if self.freed { &mut self.played.on_freed } else { &mut self.played.on_free } += seated;
        seated
    }

    /// Takes old replicas away as far as enough serve without them.
    fn dismiss(&mut self, supply: &mut Supply<'_, '_>) -> u32 {
        let least = self.request.desired.saturating_sub(self.request.unavailable);
        let spare = (self.played.ready + self.old_count()).saturating_sub(least).min(self.old_count());
        for _ in 0..spare {
            if let Some(Some(index)) = self.old.pop() {
                supply.give_back(index, self.request.held);
            }
            self.freed = true;
        }
        spare
    }

    /// Asks for as many machines as the waiting replicas need.
    fn grow(&mut self, supply: &mut Supply<'_, '_>) -> u32 {
        let mut grown = 0;
        for _ in 0..self.waiting {
            if supply.seat(self.request, self.demand).is_some() {
                self.waiting -= 1;
                self.played.ready += 1;
                continue;
            }
            if supply.grow(self.request, self.demand).is_none() {
                break;
            }
            grown += 1;
            if supply.seat(self.request, self.demand).is_none() {
                break;
            }
            self.waiting -= 1;
            self.played.ready += 1;
        }
        grown
    }
}
