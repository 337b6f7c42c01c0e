//! The cluster as `/info` tells of it.

use serde::Deserialize;
use serde_json::Value;

use super::api::Compute;
use super::lenient;

/// The answer to `/info`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Info {
    /// Configuration and version.
    #[serde(deserialize_with = "lenient::or_default")]
    pub cluster_config: ClusterConfig,
    /// Machines for workloads, from 0.38 on; each a [`NodeInfo`].
    #[serde(deserialize_with = "lenient::elements")]
    pub worker_node_infos: Vec<Value>,
    /// Machines for the platform, from 0.38 on; each a [`NodeInfo`] without name and amounts.
    #[serde(deserialize_with = "lenient::elements")]
    pub operator_node_infos: Vec<Value>,
    /// Machines for workloads, before 0.38; each a [`NodeInfo`].
    #[serde(deserialize_with = "lenient::elements")]
    pub node_infos: Vec<Value>,
    /// Replicas of any API without a node.
    #[serde(deserialize_with = "lenient::optional_count")]
    pub num_pending_replicas: Option<u32>,
}

/// `cluster_config`, as far as it is of use here.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ClusterConfig {
    /// The cluster's name.
    #[serde(deserialize_with = "lenient::string")]
    pub cluster_name: String,
    /// Cloud region.
    #[serde(deserialize_with = "lenient::optional_string")]
    pub region: Option<String>,
    /// `aws` or empty; `gcp` existed up to 0.31.
    #[serde(deserialize_with = "lenient::optional_string")]
    pub provider: Option<String>,
    /// Cloud account, from 0.35 or so on.
    #[serde(deserialize_with = "lenient::optional_string")]
    pub account_id: Option<String>,
    /// The operator's version, echoed in every request.
    #[serde(deserialize_with = "lenient::string")]
    pub api_version: String,
    /// Zones it may use.
    #[serde(deserialize_with = "lenient::strings")]
    pub availability_zones: Vec<String>,
    /// Node groups, from 0.31 on; each a [`NodeGroup`].
    #[serde(deserialize_with = "lenient::elements")]
    pub node_groups: Vec<Value>,
    /// The single node group of 0.30 and before.
    #[serde(deserialize_with = "lenient::optional_string")]
    pub instance_type: Option<String>,
    /// Its lower bound.
    #[serde(deserialize_with = "lenient::count")]
    pub min_instances: u32,
    /// Its upper bound.
    #[serde(deserialize_with = "lenient::count")]
    pub max_instances: u32,
    /// Whether it is reclaimable.
    #[serde(deserialize_with = "lenient::or_default")]
    pub spot: bool,
}

/// One node group as configured.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct NodeGroup {
    /// Its short name, without the prefix of its machines.
    #[serde(deserialize_with = "lenient::string")]
    pub name: String,
    /// The preferred machine type.
    #[serde(deserialize_with = "lenient::string")]
    pub instance_type: String,
    /// Never fewer machines.
    #[serde(deserialize_with = "lenient::count")]
    pub min_instances: u32,
    /// Never more machines.
    #[serde(deserialize_with = "lenient::count")]
    pub max_instances: u32,
    /// 1 to 100, from 0.37 on.
    #[serde(deserialize_with = "lenient::optional_count")]
    pub priority: Option<u32>,
    /// Whether it is reclaimable.
    #[serde(deserialize_with = "lenient::or_default")]
    pub spot: bool,
    /// More about that.
    #[serde(deserialize_with = "lenient::if_readable")]
    pub spot_config: Option<SpotConfig>,
}

/// What a spot group may launch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SpotConfig {
    /// Machine types, the first preferred.
    #[serde(deserialize_with = "lenient::strings")]
    pub instance_distribution: Vec<String>,
}

/// One machine.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct NodeInfo {
    /// Its name; machines of the platform have none.
    #[serde(deserialize_with = "lenient::optional_string")]
    pub name: Option<String>,
    /// Its node group with prefix (`cx-wd-gpu`); absent in 0.30.
    #[serde(deserialize_with = "lenient::optional_string")]
    pub nodegroup_name: Option<String>,
    /// Machine type.
    #[serde(deserialize_with = "lenient::string")]
    pub instance_type: String,
    /// Whether it can be reclaimed.
    #[serde(deserialize_with = "lenient::or_default")]
    pub is_spot: bool,
    /// US dollars an hour.
    pub price: Option<f64>,
    /// Replicas on it.
    #[serde(deserialize_with = "lenient::optional_count")]
    pub num_replicas: Option<u32>,
    /// Helpers of batch jobs on it.
    #[serde(deserialize_with = "lenient::optional_count")]
    pub num_enqueuer_replicas: Option<u32>,
    /// What workloads may use in all.
    #[serde(deserialize_with = "lenient::or_default")]
    pub compute_user_capacity: Compute,
    /// What nobody uses now.
    #[serde(deserialize_with = "lenient::or_default")]
    pub compute_available: Compute,
}
