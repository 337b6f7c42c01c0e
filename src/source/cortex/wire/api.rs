//! One API as `/get`, `/get/{api}` and `/describe/{api}` tell of it, and its specification.

use serde::Deserialize;
use serde_json::Value;

use super::job::JobStatus;
use super::lenient;

/// One element of the answers to `/get`, `/get/{api}` and `/describe/{api}`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ApiResponse {
    /// The specification: always before 0.40, later only for one API.
    #[serde(deserialize_with = "lenient::if_readable")]
    pub spec: Option<Spec>,
    /// Name, kind and id, from 0.40 on.
    #[serde(deserialize_with = "lenient::if_readable")]
    pub metadata: Option<Metadata>,
    /// [`super::ModernStatus`] or [`super::LegacyStatus`], by version.
    pub status: Option<Value>,
    /// Targets of a splitter, counted, from 0.40 on.
    #[serde(deserialize_with = "lenient::optional_count")]
    pub num_traffic_splitter_targets: Option<u32>,
    /// Where requests go.
    #[serde(deserialize_with = "lenient::optional_string")]
    pub endpoint: Option<String>,
    /// Jobs of a batch API, each a [`JobStatus`].
    #[serde(deserialize_with = "lenient::elements")]
    pub batch_job_statuses: Vec<Value>,
    /// Jobs of a task API, each a [`JobStatus`].
    #[serde(deserialize_with = "lenient::elements")]
    pub task_job_statuses: Vec<Value>,
    /// Versions, newest first, at most ten.
    #[serde(deserialize_with = "lenient::elements")]
    pub api_versions: Vec<Value>,
}

impl ApiResponse {
    /// The jobs that can be read, and how many cannot.
    pub fn jobs(&self) -> (Vec<JobStatus>, usize) {
        let all = self.batch_job_statuses.iter().chain(&self.task_job_statuses);
        let (good, bad): (Vec<_>, Vec<_>) = all.map(JobStatus::deserialize).partition(Result::is_ok);
        (good.into_iter().flatten().collect(), bad.len())
    }
}

/// `metadata` of an API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// Its name, unique in the cluster.
    #[serde(deserialize_with = "lenient::string")]
    pub name: String,
    /// `RealtimeAPI`, `AsyncAPI`, `BatchAPI`, `TaskAPI`, `TrafficSplitter`.
    #[serde(deserialize_with = "lenient::string")]
    pub kind: String,
    /// The current version's id.
    #[serde(deserialize_with = "lenient::string")]
    pub id: String,
    /// Deploy time in seconds of the epoch.
    #[serde(deserialize_with = "lenient::optional_whole")]
    pub last_updated: Option<i64>,
}

/// One entry of `api_versions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ApiVersion {
    /// The version's id.
    #[serde(deserialize_with = "lenient::string")]
    pub api_id: String,
    /// Deploy time in seconds of the epoch.
    #[serde(deserialize_with = "lenient::optional_whole")]
    pub last_updated: Option<i64>,
}

/// A specification. It never changes for one id.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Spec {
    /// The API's name.
    #[serde(deserialize_with = "lenient::string")]
    pub name: String,
    /// The API's kind.
    #[serde(deserialize_with = "lenient::string")]
    pub kind: String,
    /// The version's id.
    #[serde(deserialize_with = "lenient::string")]
    pub id: String,
    /// Deploy time in seconds of the epoch.
    #[serde(deserialize_with = "lenient::optional_whole")]
    pub last_updated: Option<i64>,
    /// Containers, from 0.36 on.
    #[serde(deserialize_with = "lenient::if_readable")]
    pub pod: Option<Pod>,
    /// Compute of the whole replica, before 0.36.
    #[serde(deserialize_with = "lenient::if_readable")]
    pub compute: Option<Compute>,
    /// Node groups it is pinned to.
    #[serde(deserialize_with = "lenient::strings")]
    pub node_groups: Vec<String>,
    /// Targets of a splitter, each a [`TrafficSplit`].
    #[serde(deserialize_with = "lenient::elements")]
    pub apis: Vec<Value>,
    /// Where it listens.
    #[serde(deserialize_with = "lenient::or_default")]
    pub networking: Networking,
    /// Replica bounds; serving APIs only.
    #[serde(deserialize_with = "lenient::if_readable")]
    pub autoscaling: Option<Autoscaling>,
    /// How replicas are replaced; serving APIs only.
    #[serde(deserialize_with = "lenient::if_readable")]
    pub update_strategy: Option<UpdateStrategy>,
}

/// The containers of one replica.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Pod {
    /// The containers.
    #[serde(deserialize_with = "lenient::or_default")]
    pub containers: Vec<Container>,
}

/// One container.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Container {
    /// Its name.
    #[serde(deserialize_with = "lenient::string")]
    pub name: String,
    /// Its image.
    #[serde(deserialize_with = "lenient::string")]
    pub image: String,
    /// What it asks for.
    #[serde(deserialize_with = "lenient::or_default")]
    pub compute: Compute,
}

/// Amounts as the operator writes them: quantities as strings, devices as numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Compute {
    /// CPU, such as `200m`.
    #[serde(deserialize_with = "lenient::optional_string")]
    pub cpu: Option<String>,
    /// Memory, such as `8Gi`.
    #[serde(deserialize_with = "lenient::optional_string")]
    pub mem: Option<String>,
    /// GPUs.
    #[serde(deserialize_with = "lenient::optional_whole")]
    pub gpu: Option<i64>,
    /// Inferentia chips.
    #[serde(deserialize_with = "lenient::optional_whole")]
    pub inf: Option<i64>,
}

/// One target of a splitter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TrafficSplit {
    /// The target API.
    #[serde(deserialize_with = "lenient::string")]
    pub name: String,
    /// Share in percent.
    #[serde(deserialize_with = "lenient::count")]
    pub weight: u32,
    /// Gets a copy of the traffic.
    #[serde(deserialize_with = "lenient::or_default")]
    pub shadow: bool,
}

/// Where an API listens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Networking {
    /// The path on the load balancer.
    #[serde(deserialize_with = "lenient::optional_string")]
    pub endpoint: Option<String>,
}

/// Replica bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Autoscaling {
    /// Never fewer.
    #[serde(deserialize_with = "lenient::count")]
    pub min_replicas: u32,
    /// Never more.
    #[serde(deserialize_with = "lenient::count")]
    pub max_replicas: u32,
}

/// How replicas are replaced: counts or percentages, as strings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct UpdateStrategy {
    /// Extra replicas allowed.
    #[serde(deserialize_with = "lenient::optional_string")]
    pub max_surge: Option<String>,
    /// Missing replicas allowed.
    #[serde(deserialize_with = "lenient::optional_string")]
    pub max_unavailable: Option<String>,
}
