//! `[[ray]]` of a scenario file: a Ray cluster with its Serve applications and, where it has any,
//! Anyscale services above it. Data only; times are moments of the story.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Span;

/// One Ray cluster, or the services of an Anyscale account, or both; its name is the context's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RayFile {
    /// Its name.
    pub name: String,
    /// The version of Ray: it decides which fields and which log format there are.
    #[serde(default = "version")]
    pub version: String,
    /// Whether the dashboard wants a token.
    #[serde(default)]
    pub token: bool,
    /// The global control store does not answer any more.
    #[serde(default)]
    pub frozen: bool,
    /// Paths that are refused with 403, by how they begin.
    #[serde(default)]
    pub denied: Vec<String>,
    /// Serve applications.
    #[serde(default)]
    pub app: Vec<RayAppFile>,
    /// Machines; the first is the head.
    #[serde(default)]
    pub node: Vec<RayNodeFile>,
    /// What the autoscaler tries.
    #[serde(default)]
    pub autoscaler: RayAutoscalerFile,
    /// Anyscale services.
    #[serde(default)]
    pub service: Vec<RayServiceFile>,
}

fn version() -> String {
    "2.55.1".to_owned()
}

/// One Serve application.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RayAppFile {
    /// Its name.
    pub name: String,
    /// Its state.
    #[serde(default = "running")]
    pub status: String,
    /// What it says.
    #[serde(default)]
    pub message: String,
    /// When it was deployed last.
    #[serde(default)]
    pub at: Span,
    /// Deployments.
    #[serde(default)]
    pub deployment: Vec<RayDeploymentFile>,
}

fn running() -> String {
    "RUNNING".to_owned()
}

/// One deployment of an application.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RayDeploymentFile {
    /// Its name.
    pub name: String,
    /// Its state.
    #[serde(default = "healthy")]
    pub status: String,
    /// What caused the state.
    #[serde(default = "completed")]
    pub trigger: String,
    /// What it says.
    #[serde(default)]
    pub message: String,
    /// Replicas there should be.
    #[serde(default = "one")]
    pub target: u32,
    /// Replicas of the version before that answer.
    #[serde(default)]
    pub old: u32,
    /// Replicas of the present version that answer.
    #[serde(default)]
    pub running: u32,
    /// Replicas that have a node and start.
    #[serde(default)]
    pub starting: u32,
    /// Replicas without a node.
    #[serde(default)]
    pub waiting: u32,
    /// What each asks for.
    #[serde(default)]
    pub resources: BTreeMap<String, f64>,
    /// Why the last replica died.
    #[serde(default)]
    pub death: Option<String>,
    /// What its replicas write.
    #[serde(default)]
    pub log: Vec<String>,
}

fn healthy() -> String {
    "HEALTHY".to_owned()
}

fn completed() -> String {
    "CONFIG_UPDATE_COMPLETED".to_owned()
}

fn one() -> u32 {
    1
}

/// One machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RayNodeFile {
    /// Its node type.
    pub group: String,
    /// What it offers in all.
    pub resources: BTreeMap<String, f64>,
    /// How much of it is in use.
    #[serde(default)]
    pub used: BTreeMap<String, f64>,
    /// How full its disk is.
    #[serde(default = "calm_disk")]
    pub disk_percent: f64,
    /// Why it is gone, if it is.
    #[serde(default)]
    pub dead: Option<String>,
}

fn calm_disk() -> f64 {
    41.5
}

/// The autoscaler's report.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RayAutoscalerFile {
    /// Machines being launched, by node type.
    pub launching: BTreeMap<String, u32>,
    /// Node types that could not be had, with the provider's category.
    pub failures: BTreeMap<String, String>,
    /// What it wrote into the cluster's events.
    pub events: Vec<String>,
    /// The second autoscaler reports only as text.
    pub second: bool,
}

/// One Anyscale service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RayServiceFile {
    /// Its name.
    pub name: String,
    /// Its state.
    #[serde(default = "running")]
    pub state: String,
    /// What it should become.
    #[serde(default = "running")]
    pub goal: String,
    /// When the present state began.
    #[serde(default)]
    pub at: Span,
    /// What it says is wrong.
    #[serde(default)]
    pub error: Option<String>,
    /// Versions; the first is the primary, a second one the canary.
    #[serde(default)]
    pub versions: Vec<RayVersionFile>,
    /// The checklist.
    #[serde(default)]
    pub checklist: Vec<RayCheckFile>,
    /// Events.
    #[serde(default)]
    pub event: Vec<RayEventFile>,
    /// Whether weights move by themselves.
    #[serde(default = "yes")]
    pub automatic: bool,
}

fn yes() -> bool {
    true
}

/// One version of a service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RayVersionFile {
    /// Its name.
    pub name: String,
    /// Its state.
    #[serde(default = "running")]
    pub state: String,
    /// Its share of the traffic now, in percent.
    #[serde(default)]
    pub weight: u32,
    /// Its share at the end.
    #[serde(default)]
    pub target: u32,
}

/// One item of the checklist.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RayCheckFile {
    /// What it is about, such as `LOAD_BALANCER`.
    pub kind: String,
    /// Its state.
    pub state: String,
    /// What it says.
    #[serde(default)]
    pub message: String,
}

/// One event of a service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RayEventFile {
    /// When.
    pub at: Span,
    /// Its level.
    #[serde(default = "info")]
    pub level: String,
    /// What part told it.
    #[serde(default = "origin")]
    pub origin: String,
    /// The kind of the event.
    #[serde(default)]
    pub kind: Option<String>,
    /// The sentence.
    pub message: String,
}

fn info() -> String {
    "INFO".to_owned()
}

fn origin() -> String {
    "SERVICE".to_owned()
}
