//! What adds machines to a cluster, as it speaks of itself: the cluster autoscaler's status, and
//! pools that claim machines one by one (Karpenter).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::capacity::Resources;
use super::condition::StatusCondition;
use super::id::ResourceKey;
use super::placement::{LabelRule, Taint};
use super::text::Text;
use super::time::Timestamp;

/// The autoscaler's own report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoscalerStatus {
    /// Its identity.
    pub key: ResourceKey,
    /// When it last wrote; an old report means that it does not run.
    pub reported_at: Option<Timestamp>,
    /// Whether the whole cluster is healthy in its eyes, and its word for it.
    pub health: Text,
    /// Groups, as it sees them.
    pub groups: Vec<AutoscalerGroup>,
    /// Replicas of the autoscaler that are ready and wanted, if its own workload could be read.
    pub replicas: Option<(u32, u32)>,
}

/// A group in the autoscaler's eyes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoscalerGroup {
    /// The cloud's name of the group.
    pub cloud_name: Text,
    /// Its word for the group's health (`Healthy`, `Unhealthy`).
    pub health: Text,
    /// Ready machines.
    pub ready: u32,
    /// Machines it asked the cloud for.
    pub target: u32,
    /// Never fewer.
    pub min: u32,
    /// Never more.
    pub max: u32,
    /// `NoActivity`, `InProgress`, `Backoff`.
    pub scale_up: Text,
    /// Why it is in a pause: the cloud's error, where it tells.
    pub backoff: Option<Text>,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// A pool that claims machines one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodePool {
    /// Its identity.
    pub key: ResourceKey,
    /// The template of its machines, `Kind/name`.
    pub node_class: Text,
    /// Its conditions.
    pub conditions: Vec<StatusCondition>,
    /// What its machines must be.
    pub requirements: Vec<LabelRule>,
    /// Taints its machines start with.
    pub taints: Vec<Taint>,
    /// Labels its machines start with.
    pub labels: BTreeMap<Text, Text>,
    /// Limits by resource, as written; empty for none.
    pub limits: BTreeMap<Text, Text>,
    /// What its machines have together, as written.
    pub used: BTreeMap<Text, Text>,
    /// Its weight; higher is tried first.
    pub weight: u32,
}

/// A machine that a pool asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeClaim {
    /// Its identity.
    pub key: ResourceKey,
    /// The pool's name.
    pub pool: Text,
    /// The node it became.
    pub node: Option<Text>,
    /// The machine type chosen.
    pub instance_type: Option<Text>,
    /// The zone chosen.
    pub zone: Option<Text>,
    /// Whether it can be reclaimed, once known.
    pub spot: Option<bool>,
    /// What it is meant to carry.
    pub requested: Resources,
    /// `Launched`, `Registered`, `Initialized` and what else it says.
    pub conditions: Vec<StatusCondition>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// Since when it has been going away.
    pub deleting_since: Option<Timestamp>,
}

/// A template of machines (subnets, image, role).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeClass {
    /// Its identity; the name is `Kind/name`.
    pub key: ResourceKey,
    /// Its conditions (`SubnetsReady`, `AMIsReady`, `InstanceProfileReady`).
    pub conditions: Vec<StatusCondition>,
}
