//! Machines, and what is free on them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::capacity::Resources;
use super::condition::StatusCondition;
use super::id::ResourceKey;
use super::placement::Taint;
use super::text::Text;
use super::time::Timestamp;

/// One machine of a cluster. Several sources may tell of one under the same key; the one with
/// [`Node::detail`] saw the machine itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its identity.
    pub key: ResourceKey,
    /// The node group's short name (`gpu`), if it has one.
    pub group: Option<Text>,
    /// Whether workloads run here, or only the platform itself.
    pub is_worker: bool,
    /// Machine type, such as `g4dn.xlarge`.
    pub instance_type: Text,
    /// Whether it can be reclaimed.
    pub spot: bool,
    /// Price per hour in thousandths of a US dollar, if the platform says.
    pub price_milli_usd: Option<u64>,
    /// What replicas may use in all (the allocatable amounts).
    pub capacity: Resources,
    /// What nobody has asked for.
    pub free: Resources,
    /// Replicas of workloads on it, if counted.
    pub replicas: Option<u32>,
    /// Whether it takes replicas; `None` where the source cannot say.
    pub ready: Option<bool>,
    /// When it joined.
    pub created_at: Option<Timestamp>,
    /// What only the cluster itself knows.
    pub detail: Option<Arc<NodeDetail>>,
}

/// A node as the cluster sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeDetail {
    /// Its labels.
    pub labels: BTreeMap<Text, Text>,
    /// Its taints, cordon included.
    pub taints: Vec<Taint>,
    /// Whether somebody closed it for new replicas.
    pub cordoned: bool,
    /// Its conditions (`Ready`, pressures, problem detectors).
    pub conditions: Vec<StatusCondition>,
    /// What the machine has, before the system's share is taken.
    pub physical: Resources,
    /// Extended resources by name: GPUs, MIG slices, Neuron cores, vendor devices.
    pub extended: BTreeMap<Text, ExtendedAmount>,
    /// Its zone.
    pub zone: Option<Text>,
    /// The cloud's id of the machine.
    pub instance: Option<Text>,
    /// The GPU's model, where a label says.
    pub accelerator_model: Option<Text>,
    /// The versions of what the accelerator needs (driver, runtime), where labels say.
    pub driver_version: Option<Text>,
    /// The node agent's version.
    pub agent_version: Option<Text>,
    /// Since when it has been going away.
    pub deleting_since: Option<Timestamp>,
}

/// An extended resource of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtendedAmount {
    /// What the device plugin registered.
    pub capacity: i64,
    /// What of it is healthy.
    pub allocatable: i64,
    /// What replicas on the node hold.
    pub requested: i64,
}
