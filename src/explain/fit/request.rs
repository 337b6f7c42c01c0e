//! What is played: one workload, as it is now with a proposal laid over it.

use std::sync::Arc;

use super::Proposal;
use crate::domain::capacity::Resources;
use crate::domain::id::SourceId;
use crate::domain::placement::Placement;
use crate::domain::replica::Replica;
use crate::domain::text::Text;
use crate::domain::workload::{Amount, Role, UpdateStrategy, Workload};
use crate::explain::placement;
use crate::explain::world::World;

/// A rolling update to be played.
#[derive(Clone)]
pub(super) struct Request<'a> {
    /// Who told of the workload.
    pub source: &'a SourceId,
    /// The workload.
    pub workload: &'a Workload,
    /// What one new replica asks for; `None` where nobody says.
    pub demand: Option<Resources>,
    /// What one replica of today holds.
    pub held: Resources,
    /// Where a replica may run, where its replicas are known one by one.
    pub placement: Option<Arc<Placement>>,
    /// Groups it may use; empty means any.
    pub pinned: &'a [Text],
    /// Replicas wanted.
    pub desired: u32,
    /// Replicas of today that hold a place, by the name of their node where that is known.
    pub old: Vec<Option<Text>>,
    /// Extra replicas allowed.
    pub surge: u32,
    /// Missing replicas allowed.
    pub unavailable: u32,
    /// Whether the strategy was read or assumed.
    pub strategy_known: bool,
}

impl<'a> Request<'a> {
    /// The workload as it is, with the proposal laid over it.
    pub(super) fn new(world: &World<'a>, source: &'a SourceId, workload: &'a Workload, proposal: &Proposal) -> Self {
        let counts = workload.replicas.unwrap_or_default();
        let placed = counts.serving() + counts.creating + counts.not_ready + counts.broken();
        let desired = proposal.replicas.or(counts.desired).unwrap_or(placed.max(1));
        let strategy = strategy(workload, proposal);
        let (surge, unavailable) = strategy.resolve(desired);
        let own: Vec<&Replica> = replicas(world, workload).collect();
        let old = if own.is_empty() {
            vec![None; usize::try_from(placed).unwrap_or_default()]
        } else {
            own.iter().filter(|replica| replica.phase.holds_node()).filter_map(|replica| replica.node.clone().map(Some)).collect()
        };
        let newest = own.iter().find(|replica| replica.is_current).or(own.first());
        let demand = workload.demand.or_else(|| newest.map(|replica| replica.demand));
        Self {
            source,
            workload,
            demand: demand.map(|demand| proposed(demand, proposal)),
            held: own.first().map(|replica| replica.demand).or(workload.demand).unwrap_or_default(),
            placement: newest.map(|replica| Arc::clone(&replica.placement)),
            pinned: &workload.pinned_groups,
            desired,
            old,
            surge,
            unavailable,
            strategy_known: workload.strategy.is_some() || proposal.max_surge.is_some(),
        }
    }

    /// Whether it can be played: something that serves, and is not at zero for good.
    pub(super) fn is_playable(&self) -> bool {
        self.workload.role == Role::Serving && self.desired > 0 && self.demand.is_some()
    }

    /// The same, replaced in place: no extra replica, one missing.
    pub(super) fn in_place(&self) -> Self {
        Self { surge: 0, unavailable: self.unavailable.max(1), ..self.clone() }
    }
}

fn strategy(workload: &Workload, proposal: &Proposal) -> UpdateStrategy {
    let usual = workload.strategy.unwrap_or_else(placement::usual_strategy);
    UpdateStrategy {
        max_surge: proposal.max_surge.unwrap_or(usual.max_surge),
        max_unavailable: proposal.max_unavailable.unwrap_or(usual.max_unavailable),
    }
}

fn proposed(demand: Resources, proposal: &Proposal) -> Resources {
    Resources {
        cpu_millis: proposal.cpu_millis.unwrap_or(demand.cpu_millis),
        memory_bytes: proposal.memory_bytes.unwrap_or(demand.memory_bytes),
        gpus: proposal.gpus.unwrap_or(demand.gpus),
        ..demand
    }
}

/// The workload's replicas, where a source lists them.
fn replicas<'a>(world: &World<'a>, workload: &'a Workload) -> impl Iterator<Item = &'a Replica> + use<'a> {
    let sources = world.snapshot.sources(&workload.key.context);
    sources.flat_map(|(_, source)| &source.view.replicas).filter(|replica| replica.workload.as_ref() == Some(&workload.key))
}

/// A strategy's amount as people write it.
pub(super) fn written(amount: Amount) -> String {
    match amount {
        Amount::Count(count) => count.to_string(),
        Amount::Percent(percent) => format!("{percent}%"),
    }
}
