//! How an update is carried out: the controller's own numbers, and the revisions it moves between.

use serde::{Deserialize, Serialize};

use super::condition::StatusCondition;
use super::id::ResourceKey;
use super::text::Text;
use super::time::{Duration, Timestamp};

/// The controller object behind a workload (a Deployment, a `StatefulSet`, a set of worker groups).
/// A workload has more than one where its platform splits it (head and workers, predictor and
/// transformer, old and new cluster).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// Its identity; the name is `Kind namespace/name`.
    pub key: ResourceKey,
    /// The workload it carries out.
    pub workload: ResourceKey,
    /// The specification's generation.
    pub generation: Option<u64>,
    /// The generation the controller has acted upon; smaller means it has not looked yet.
    pub observed_generation: Option<u64>,
    /// Whether somebody paused it.
    pub paused: bool,
    /// Replicas asked for.
    pub desired: u32,
    /// Replicas of the new revision.
    pub updated: u32,
    /// Replicas that answer their probe, of any revision.
    pub ready: u32,
    /// Ready for at least the minimum time.
    pub available: u32,
    /// Missing from `desired`.
    pub unavailable: u32,
    /// Extra replicas allowed now, as a number.
    pub surge: u32,
    /// Missing replicas allowed now, as a number.
    pub max_unavailable: u32,
    /// How long without progress until the controller says that it failed.
    pub progress_deadline: Option<Duration>,
    /// Its conditions.
    pub conditions: Vec<StatusCondition>,
    /// Revisions that have or want replicas, the current first.
    pub revisions: Vec<Revision>,
}

/// One revision of a rollout (a `ReplicaSet`, a controller revision).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// The object's name; the `version` of its replicas.
    pub name: Text,
    /// Its number, growing.
    pub number: Option<u64>,
    /// Whether it is the one being rolled out.
    pub is_current: bool,
    /// Replicas it wants.
    pub desired: u32,
    /// Replicas that exist.
    pub existing: u32,
    /// Of those, ready.
    pub ready: u32,
    /// Images of its containers.
    pub images: Vec<Text>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// Its conditions (`ReplicaFailure` when replicas are refused at admission).
    pub conditions: Vec<StatusCondition>,
}
