//! Will this update fit? Plays a rolling update against what is free now and what the groups, the
//! quota and everybody who already waits leave, before anybody deploys it.
//!
//! Arithmetic over a snapshot: it asks nobody and decides nothing. What it could not know it names
//! as an assumption, and where that decides the answer it says that it cannot tell. The managed
//! platforms show no machines; for them the quota alone is reckoned (`managed`).

mod badge;
mod managed;
mod play;
mod request;
mod supply;
#[cfg(test)]
mod tests;
mod told;
mod ways;

use serde::Serialize;

pub use badge::{NextUpdates, next_update};

use super::finding::{Evidence, Missing, Remedy};
use super::world::World;
use crate::domain::id::ResourceKey;
use crate::domain::text::Text;
use crate::domain::time::Duration;
use crate::domain::workload::Amount;
use request::Request;
use supply::Supply;

/// What somebody thinks of deploying; what is not set stays as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// Replicas.
    pub replicas: Option<u32>,
    /// Extra replicas during the update.
    pub max_surge: Option<Amount>,
    /// Missing replicas during the update.
    pub max_unavailable: Option<Amount>,
    /// Thousandths of a core per replica.
    pub cpu_millis: Option<i64>,
    /// Bytes per replica.
    pub memory_bytes: Option<i64>,
    /// GPUs per replica.
    pub gpus: Option<i64>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Of which workload.
    pub workload: ResourceKey,
    /// How it would end.
    pub outcome: Outcome,
    /// The answer in one sentence, with its numbers.
    pub says: Text,
    /// What was played: replicas, surge, what one replica asks for.
    pub update: Text,
    /// The steps that led there, in order.
    pub steps: Vec<Text>,
    /// Why no place is left, one wall a line; empty when it fits.
    pub walls: Vec<Wall>,
    /// What was assumed because nobody says.
    pub assumed: Vec<Text>,
    /// What could not be read and matters.
    pub missing: Vec<Missing>,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// Changes with which it fits; each was played too.
    pub ways: Vec<Remedy>,
}

/// How the update would end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// On the machines there are.
    FitsNow,
    /// Once more machines have joined.
    FitsAfter {
        /// Machines by group.
        machines: Vec<NewMachines>,
        /// How long they usually take to join, in seconds.
        #[serde(rename = "about_seconds", serialize_with = "seconds")]
        about: Duration,
    },
    /// It does not finish.
    Stuck {
        /// New replicas that get ready.
        ready: u32,
        /// New replicas wanted.
        wanted: u32,
    },
    /// What decides it could not be read.
    CannotTell,
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_secs())
}

/// Machines that would be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewMachines {
    /// To which group.
    pub group: Text,
    /// How many.
    pub count: u32,
    /// Of which type.
    pub instance_type: Text,
}

/// Something that keeps the next replica from a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wall {
    /// Which machine, group or quota.
    #[serde(serialize_with = "named")]
    pub of: ResourceKey,
    /// The sentence, with its numbers.
    pub says: Text,
}

fn named<S: serde::Serializer>(key: &ResourceKey, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(key)
}

/// Plays a proposal for one workload; `None` for a workload that nobody knows.
pub fn plan(world: &World<'_>, workload: &ResourceKey, proposal: &Proposal) -> Option<Fit> {
    let (source, workload) = world.workload(workload)?;
    let request = Request::new(world, source, workload, proposal);
    if let Some(fit) = managed::plan(world, &request) {
        return Some(fit);
    }
    let supply = Supply::new(world, &request);
    Some(told::tell(world, &request, &supply))
}
