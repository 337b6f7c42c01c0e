//! The `[[cluster.api]]` of a scenario file: workloads, their deploys and jobs. Data only.

use serde::Deserialize;

use super::super::world::LastWords;
use super::{NeedsFile, ScalerFile, Span};

/// One API.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiFile {
    /// Its name.
    pub name: String,
    /// Its namespace, on Kubernetes.
    #[serde(default = "usual_namespace")]
    pub namespace: String,
    /// `realtime`, `async`, `batch`, `task` or `splitter`; `deployment`, `statefulset`,
    /// `inferenceservice`, `rayservice` or `leaderworkerset`.
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
    /// Pods of one replica, where a replica has several.
    #[serde(default = "single")]
    pub size: u32,
    /// What it demands of its place and of objects beside it.
    #[serde(default)]
    pub needs: NeedsFile,
    /// Replicas that a disruption budget wants available.
    #[serde(default)]
    pub budget: Option<u32>,
    /// What changes the number of replicas.
    #[serde(default)]
    pub scaler: Option<ScalerFile>,
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

fn usual_namespace() -> String {
    "default".to_owned()
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
    /// Kubernetes' own.
    Deployment,
    /// Kubernetes' own, with names and an order.
    StatefulSet,
    /// Of `KServe`.
    InferenceService,
    /// Of `KubeRay`.
    RayService,
    /// Replicas of several pods.
    LeaderWorkerSet,
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
    /// What it demands of its place, instead of what it did.
    #[serde(default)]
    pub needs: Option<NeedsFile>,
    /// What its containers do.
    #[serde(default)]
    pub behaviour: BehaviourWord,
    /// What they write before they exit with an error.
    #[serde(default)]
    pub last_words: LastWords,
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
    /// Are asked by the probe at another port than they serve.
    WrongPort,
    /// Cannot be started: a configuration map is missing.
    ConfigMissing,
    /// Cannot be started: a secret is missing.
    SecretMissing,
    /// Cannot be started: a share cannot be mounted.
    MountFails,
    /// Take all memory of their node and are killed by its kernel.
    NodeOutOfMemory,
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
