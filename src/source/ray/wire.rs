//! The bodies of both APIs as types. Every field but a name may be missing: Ray adds and drops
//! fields with each release. No logic.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// `/api/version`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RayVersion {
    /// Such as `2.55.1`.
    pub ray_version: Option<String>,
    /// Changes with every start of the cluster.
    pub session_name: Option<String>,
}

/// `/api/serve/applications/`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Serve {
    /// Applications by name, each read by itself. Always there: another server's answer is not an empty cluster.
    pub applications: BTreeMap<String, Value>,
    /// Proxies by node.
    #[serde(default)]
    pub proxies: Option<BTreeMap<String, Proxy>>,
}

/// A proxy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Proxy {
    /// `STARTING`, `HEALTHY`, `UNHEALTHY`, `DRAINING`.
    pub status: Option<String>,
}

/// An application.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Application {
    /// `DEPLOYING`, `RUNNING`, `DEPLOY_FAILED`, `UNHEALTHY`, `DELETING`, `NOT_STARTED`.
    pub status: Option<String>,
    /// What it says; empty while one of its deployments is stuck.
    pub message: Option<String>,
    /// Where requests go.
    pub route_prefix: Option<String>,
    /// Seconds since 1970; every change of the configuration raises it for all applications in it.
    pub last_deployed_time_s: Option<f64>,
    /// Deployments by name; empty while the application is being built.
    pub deployments: Option<BTreeMap<String, Deployment>>,
}

/// A deployment.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Deployment {
    /// `UPDATING`, `HEALTHY`, `UNHEALTHY`, `DEPLOY_FAILED`, `UPSCALING`, `DOWNSCALING`.
    pub status: Option<String>,
    /// What caused the state.
    pub status_trigger: Option<String>,
    /// What it says.
    pub message: Option<String>,
    /// From Ray 2.34.
    pub target_num_replicas: Option<u32>,
    /// The configuration; its `num_replicas` is the target of older ones.
    pub deployment_config: Option<Value>,
    /// What each replica asks for: a map of amounts, or bundles.
    pub required_resources: Option<Value>,
    /// Replicas.
    pub replicas: Option<Vec<ServeReplica>>,
    /// From Ray 2.57.
    pub recent_dead_replicas: Option<Vec<ServeReplica>>,
}

/// A replica.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ServeReplica {
    /// Its id.
    pub replica_id: String,
    /// `STARTING`, `UPDATING`, `RECOVERING`, `RUNNING`, `STOPPING`, `PENDING_MIGRATION`, `STOPPED`.
    pub state: Option<String>,
    /// Missing until its actor runs.
    pub node_id: Option<String>,
    /// The actor's name.
    pub actor_name: Option<String>,
    /// Seconds since 1970.
    pub start_time_s: Option<f64>,
    /// Below the session's folder of logs, with a leading slash.
    pub log_file_path: Option<String>,
}

/// The state API's envelope.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StateAnswer {
    /// Whether it went well; some failures come with HTTP 200.
    pub result: Option<bool>,
    /// Why not.
    pub msg: Option<String>,
    /// The rows.
    pub data: Option<StateData>,
}

/// Inside the envelope.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StateData {
    /// The rows.
    pub result: StateRows,
}

/// Rows of the state API.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StateRows {
    /// How many there are.
    pub total: u64,
    /// How many were left after the server's own limit.
    pub num_after_truncation: Option<u64>,
    /// Each read by itself.
    pub result: Vec<Value>,
    /// Why some are missing.
    pub partial_failure_warning: Option<String>,
}

/// A machine as the state API has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StateNode {
    /// Its id.
    pub node_id: String,
    /// Its address.
    pub node_ip: Option<String>,
    /// Whether the control store runs there.
    pub is_head_node: Option<bool>,
    /// `ALIVE` or `DEAD`.
    pub state: Option<String>,
    /// Why it is dead.
    pub state_message: Option<String>,
    /// What it offers in all.
    pub resources_total: BTreeMap<String, f64>,
    /// Labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// Milliseconds since 1970.
    pub start_time_ms: Option<i64>,
    /// Milliseconds since 1970; zero while it lives.
    pub end_time_ms: Option<i64>,
}

/// An actor as the state API has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StateActor {
    /// `SERVE_REPLICA::app#deployment#id` for replicas.
    pub name: Option<String>,
    /// `PENDING_CREATION`, `ALIVE`, `RESTARTING`, `DEAD`, `DEPENDENCIES_UNREADY`.
    pub state: Option<String>,
    /// Where it runs, or was put to be started.
    pub node_id: Option<String>,
    /// Why it died: one entry, named by the kind of death.
    pub death_cause: Option<BTreeMap<String, Value>>,
}

/// `/nodes?view=summary`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SummaryAnswer {
    /// The data.
    pub data: SummaryData,
}

/// Inside of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SummaryData {
    /// Machines.
    pub summary: Vec<SummaryNode>,
    /// By node: lines such as `0.2/2.0 CPU`.
    pub node_logical_resources: Option<BTreeMap<String, String>>,
}

/// A machine's physical figures.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SummaryNode {
    /// Seconds since 1970 of the sample.
    pub now: Option<f64>,
    /// By mount point.
    pub disk: Option<BTreeMap<String, Disk>>,
    /// GPUs.
    pub gpus: Option<Vec<Value>>,
    /// Ray's own part.
    pub raylet: Option<Raylet>,
}

/// A disk.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Disk {
    /// How full it is.
    pub percent: Option<f64>,
}

/// Ray's own part of a machine's figures.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Raylet {
    /// The node's id.
    pub node_id: Option<String>,
    /// The autoscaler's name of its type.
    pub node_type_name: Option<String>,
    /// The cloud's id of the machine.
    pub instance_id: Option<String>,
    /// The cloud's machine type.
    pub instance_type_name: Option<String>,
}

/// `/api/cluster_status`, in either format.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StatusAnswer {
    /// The data.
    pub data: StatusData,
}

/// Inside of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct StatusData {
    /// Format 0: an object, or nothing under the second autoscaler. Format 1: text.
    pub cluster_status: Value,
    /// The monitor has crashed, and why.
    pub autoscaling_error: Option<String>,
}

/// `/events`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct EventsAnswer {
    /// The data.
    pub data: EventsData,
}

/// Inside of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct EventsData {
    /// By job, or `global`.
    pub events: BTreeMap<String, Vec<ClusterEvent>>,
}

/// An event of the cluster.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ClusterEvent {
    /// `AUTOSCALER`, `GCS`, …
    pub source_type: Option<String>,
    /// The sentence.
    pub message: String,
    /// Seconds since 1970, as text or number.
    pub timestamp: Value,
    /// `INFO`, `WARNING`, `ERROR`.
    pub severity: Option<String>,
}

/// One page of a list of Anyscale's.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Page {
    /// Each read by itself. Always there: another server's answer is not an empty list.
    pub results: Vec<Value>,
    /// What follows.
    #[serde(default)]
    pub metadata: Option<PageMetadata>,
}

/// What follows a page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PageMetadata {
    /// Sent back for the next page.
    pub next_paging_token: Option<String>,
}

/// `/api/v2/userinfo/`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct UserInfo {
    /// Who the token belongs to.
    pub result: User,
}

/// Who the token belongs to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct User {
    /// The address they log in with.
    pub email: Option<String>,
}

/// A service. The answer holds tokens too; they are not read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Service {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its project.
    pub project_id: Option<String>,
    /// Its cloud.
    pub cloud_id: Option<String>,
    /// When it was made.
    pub created_at: Option<String>,
    /// Where requests go.
    pub base_url: Option<String>,
    /// Its state.
    pub current_state: Option<String>,
    /// `RUNNING` or `TERMINATED`.
    pub goal_state: Option<String>,
    /// Whether weights move by themselves.
    pub auto_rollout_enabled: Option<bool>,
    /// What it says is wrong.
    pub error_message: Option<String>,
    /// The version that serves.
    pub primary_version: Option<ServiceVersion>,
    /// The version that is rolled out.
    pub canary_version: Option<ServiceVersion>,
    /// Versions, in an older form.
    pub versions: Option<Vec<ServiceVersion>>,
    /// The state of its parts.
    pub service_status_checklist: Option<Checklist>,
}

/// A version of a service.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ServiceVersion {
    /// Its id.
    pub id: String,
    /// Its name.
    pub version: Option<String>,
    /// When it was made.
    pub created_at: Option<String>,
    /// Its state.
    pub current_state: Option<String>,
    /// The configured share.
    pub weight: Option<f64>,
    /// The share now.
    pub current_weight: Option<f64>,
    /// The share at the end.
    pub target_weight: Option<f64>,
}

/// The checklist.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Checklist {
    /// Parts that all versions share.
    pub shared: Option<Vec<CheckItem>>,
    /// Parts of one version.
    pub per_version: Option<Vec<VersionItems>>,
}

/// Parts of one version.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct VersionItems {
    /// The parts.
    pub items: Option<Vec<CheckItem>>,
}

/// One part.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CheckItem {
    /// `LOAD_BALANCER`, `CERTIFICATE`, `CLUSTER`, …
    pub kind: Option<String>,
    /// Its state.
    pub state: Option<String>,
    /// What it says.
    pub message: Option<String>,
    /// When that was seen.
    pub observed_at: Option<String>,
}

/// An event of a service.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ServiceEvent {
    /// When.
    pub created_at: Option<String>,
    /// The sentence.
    pub message: Option<String>,
    /// What part told it.
    pub origin: Option<String>,
    /// `INFO`, `WARNING`, `ERROR`, …
    pub level: Option<String>,
    /// What it is about.
    pub service: Option<EventAbout>,
}

/// What an event is about.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct EventAbout {
    /// Such as `TERMINATE_INITIATED`.
    pub event_type: Option<String>,
}
