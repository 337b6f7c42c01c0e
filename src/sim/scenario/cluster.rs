//! The `[[clusters]]` of a scenario file: groups, APIs, deploys, jobs, as they are written there.
//! Data only; `build.rs` makes a world of it.

use serde::Deserialize;

use super::Span;

/// One cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterFile {
    /// Its name, also the context's.
    pub name: String,
    /// Cortex version.
    #[serde(default = "newest")]
    pub version: String,
    /// Region.
    #[serde(default = "oregon")]
    pub region: String,
    /// Whether its Kubernetes API can be reached.
    #[serde(default = "yes")]
    pub kubernetes: bool,
    /// Surroundings to start from, by name; groups and APIs below add to them or replace them.
    #[serde(default)]
    pub base: Option<String>,
    /// Worker groups.
    #[serde(default)]
    pub group: Vec<GroupFile>,
    /// APIs.
    #[serde(default)]
    pub api: Vec<ApiFile>,
}

fn newest() -> String {
    "0.42.1".to_owned()
}

fn yes() -> bool {
    true
}

fn oregon() -> String {
    "us-west-2".to_owned()
}

/// Surroundings that several scenarios share.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// Worker groups.
    pub group: Vec<GroupFile>,
    /// APIs.
    pub api: Vec<ApiFile>,
}

/// One worker group.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupFile {
    /// Short name.
    pub name: String,
    /// Machine types, the first preferred.
    pub types: Vec<String>,
    /// Launches spot machines.
    #[serde(default)]
    pub spot: bool,
    /// Never fewer.
    pub min: u32,
    /// Never more.
    pub max: u32,
    /// Machines at the beginning.
    pub running: u32,
    /// 1 to 100.
    #[serde(default = "fifty")]
    pub priority: u32,
    /// Zones, all by default.
    #[serde(default)]
    pub zones: Vec<String>,
    /// Whether AWS has no machines of the types in these zones.
    #[serde(default)]
    pub exhausted: bool,
    /// Zones where AWS still has some, for the message.
    #[serde(default)]
    pub available_in: Vec<String>,
    /// From launch to Ready.
    #[serde(default = "usual_join")]
    pub join: Span,
    /// The device plugin never reports GPUs of machines launched from now on.
    #[serde(default)]
    pub without_device_plugin: bool,
    /// Processes somebody switched off.
    #[serde(default)]
    pub suspended: Vec<String>,
}

fn fifty() -> u32 {
    50
}

fn usual_join() -> Span {
    Span(150)
}

/// One API.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiFile {
    /// Its name.
    pub name: String,
    /// `realtime`, `async`, `batch`, `task` or `splitter`.
    #[serde(default)]
    pub kind: KindWord,
    /// CPUs of a replica.
    #[serde(default = "one")]
    pub cpu: f64,
    /// Memory of a replica.
    #[serde(default = "one")]
    pub memory_gib: f64,
    /// GPUs of a replica.
    #[serde(default)]
    pub gpu: u32,
    /// Node groups it is pinned to.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Replicas at the beginning.
    #[serde(default = "single")]
    pub replicas: u32,
    /// Never fewer.
    #[serde(default)]
    pub min_replicas: Option<u32>,
    /// Never more.
    #[serde(default)]
    pub max_replicas: Option<u32>,
    /// `25%` or a number.
    #[serde(default = "quarter")]
    pub max_surge: String,
    /// `25%` or a number.
    #[serde(default = "quarter")]
    pub max_unavailable: String,
    /// How long ago the first shown version was deployed.
    #[serde(default = "nine_days")]
    pub age: Span,
    /// Deploys.
    #[serde(default)]
    pub deploy: Vec<DeployFile>,
    /// Changes of the number of replicas.
    #[serde(default)]
    pub scale: Vec<ScaleFile>,
    /// Jobs.
    #[serde(default)]
    pub job: Vec<JobFile>,
    /// Where a splitter sends requests.
    #[serde(default)]
    pub target: Vec<TargetFile>,
}

fn one() -> f64 {
    1.0
}

fn single() -> u32 {
    1
}

fn quarter() -> String {
    "25%".to_owned()
}

fn nine_days() -> Span {
    Span(9 * 86_400)
}

/// The kinds of an API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KindWord {
    /// Answers requests.
    #[default]
    Realtime,
    /// Through a queue.
    Async,
    /// Jobs over batches.
    Batch,
    /// One-off jobs.
    Task,
    /// Sends requests on.
    Splitter,
}

/// A deploy: what is not given stays as it was.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeployFile {
    /// When.
    pub at: Span,
    /// CPUs.
    pub cpu: Option<f64>,
    /// Memory.
    pub memory_gib: Option<f64>,
    /// GPUs.
    pub gpu: Option<u32>,
    /// Node groups.
    pub groups: Option<Vec<String>>,
    /// What its containers do.
    #[serde(default)]
    pub behaviour: BehaviourWord,
    /// Time to pull the image.
    #[serde(default = "usual_pull")]
    pub pull: Span,
    /// Time from started to ready.
    #[serde(default = "usual_warm_up")]
    pub warm_up: Span,
}

fn usual_pull() -> Span {
    Span(45)
}

fn usual_warm_up() -> Span {
    Span(40)
}

/// What containers do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BehaviourWord {
    /// Work.
    #[default]
    Normal,
    /// Exit with an error.
    Crash,
    /// Are killed for memory.
    OutOfMemory,
    /// The image cannot be pulled.
    ImagePull,
    /// Never pass the readiness probe.
    NeverReady,
}

/// A change of the number of replicas.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScaleFile {
    /// When.
    pub at: Span,
    /// To how many.
    pub replicas: u32,
}

/// A job.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobFile {
    /// When.
    pub at: Span,
    /// Workers.
    pub workers: u32,
    /// Batches; zero for a task.
    #[serde(default)]
    pub batches: u32,
    /// Work for one worker in all.
    pub work: Span,
}

/// A target of a splitter.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetFile {
    /// Name of an API.
    pub api: String,
    /// Percent.
    pub weight: u32,
    /// Gets a copy only.
    #[serde(default)]
    pub shadow: bool,
}
