//! Machines, and what is free on them.

use serde::{Deserialize, Serialize};

use super::capacity::Resources;
use super::id::ResourceKey;
use super::text::Text;
use super::time::Timestamp;

/// One machine of a cluster.
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
    /// What workloads may use in all.
    pub capacity: Resources,
    /// What nobody uses now.
    pub free: Resources,
    /// Replicas of workloads on it, if counted.
    pub replicas: Option<u32>,
    /// Whether it takes replicas; `None` where the source cannot say.
    pub ready: Option<bool>,
    /// When it joined.
    pub created_at: Option<Timestamp>,
}
