//! What a cluster holds replicas back with: namespace quotas, replica scalers, disruption budgets,
//! volume claims.

use serde::{Deserialize, Serialize};

use super::condition::StatusCondition;
use super::id::ResourceKey;
use super::text::Text;
use super::time::Timestamp;

/// One figure of a namespace's quota.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamespaceQuota {
    /// Its identity; the name is `namespace/quota-object`.
    pub key: ResourceKey,
    /// What it limits, such as `requests.nvidia.com/gpu`.
    pub resource: Text,
    /// The limit as written (`4`, `64Gi`).
    pub hard: Text,
    /// What is used, as written.
    pub used: Text,
    /// The limit in units (whole ones, thousandths of a core, bytes).
    pub hard_amount: i64,
    /// What is used, in the same units.
    pub used_amount: i64,
}

/// One rule of a namespace's range of sizes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitRule {
    /// Its identity; the name is `namespace/range-object`.
    pub key: ResourceKey,
    /// What it applies to: `Container`, `Pod`, `PersistentVolumeClaim`.
    pub applies_to: Text,
    /// What it limits, such as `memory`.
    pub resource: Text,
    /// Never less.
    pub min: Option<Text>,
    /// Never more.
    pub max: Option<Text>,
    /// What a container gets that names none.
    pub default: Option<Text>,
}

/// What changes the number of replicas of a workload (HPA, KEDA).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scaler {
    /// Its identity; the name is `namespace/name`.
    pub key: ResourceKey,
    /// The workload it scales, where it is one that is watched.
    pub workload: Option<ResourceKey>,
    /// Never fewer.
    pub min: u32,
    /// Never more.
    pub max: u32,
    /// What there is.
    pub current: u32,
    /// What it asks for.
    pub desired: u32,
    /// What it measures, in words (`cpu 91 % of 70 %`).
    pub metrics: Vec<Text>,
    /// Its conditions (`ScalingLimited`, `AbleToScale`).
    pub conditions: Vec<StatusCondition>,
}

/// How many replicas may be taken away on purpose at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisruptionBudget {
    /// Its identity; the name is `namespace/name`.
    pub key: ResourceKey,
    /// The workloads whose replicas it covers.
    pub workloads: Vec<ResourceKey>,
    /// The rule as written (`minAvailable 100%`).
    pub rule: Text,
    /// Replicas it covers.
    pub expected: u32,
    /// Of those, healthy.
    pub healthy: u32,
    /// Healthy ones that must stay.
    pub needed: u32,
    /// How many may go now.
    pub allowed: u32,
    /// Its conditions.
    pub conditions: Vec<StatusCondition>,
}

/// A claim for a volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeClaim {
    /// Its identity; the name is `namespace/name`.
    pub key: ResourceKey,
    /// `Pending`, `Bound`, `Lost`.
    pub phase: Text,
    /// Its storage class; `None` asks for the default.
    pub class: Option<Text>,
    /// Whether the class exists, where classes could be read.
    pub class_exists: Option<bool>,
    /// Whether the volume is made only once a replica has found a node.
    pub waits_for_replica: bool,
    /// The volume it got.
    pub volume: Option<Text>,
    /// Zones the volume can be used in; empty where it is not bound to any.
    pub zones: Vec<Text>,
    /// `ReadWriteOnce`, …
    pub access: Vec<Text>,
    /// Its conditions.
    pub conditions: Vec<StatusCondition>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}
