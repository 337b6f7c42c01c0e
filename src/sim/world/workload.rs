//! APIs of all five kinds, their versions, pods and jobs.

use std::collections::BTreeMap;

use super::clock::Moment;
use super::last_words::LastWords;
use super::placement::Needs;
use crate::domain::capacity::Resources;
use crate::domain::workload::UpdateStrategy;

/// The kinds of Cortex, and those of Kubernetes itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApiKind {
    /// Answers requests.
    Realtime,
    /// Answers requests from a queue.
    Async,
    /// Runs jobs over batches.
    Batch,
    /// Runs a job once.
    Task,
    /// Sends requests on.
    Splitter,
    /// Kubernetes' own.
    Deployment,
    /// Kubernetes' own: replicas with a name and an order.
    StatefulSet,
    /// KServe, in raw deployment mode.
    InferenceService,
    /// `KubeRay`: a head and workers, replaced as a whole.
    RayService,
    /// Replicas of several pods each.
    LeaderWorkerSet,
}

impl ApiKind {
    /// The platform's word, such as `RealtimeAPI`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Realtime => "RealtimeAPI",
            Self::Async => "AsyncAPI",
            Self::Batch => "BatchAPI",
            Self::Task => "TaskAPI",
            Self::Splitter => "TrafficSplitter",
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::InferenceService => "InferenceService",
            Self::RayService => "RayService",
            Self::LeaderWorkerSet => "LeaderWorkerSet",
        }
    }

    /// Whether it has replicas that are replaced by an update.
    pub fn has_replicas(self) -> bool {
        !self.has_jobs() && self != Self::Splitter
    }

    /// Whether a Deployment carries it out.
    pub fn is_deployment(self) -> bool {
        matches!(self, Self::Realtime | Self::Async | Self::Deployment | Self::InferenceService)
    }

    /// Whether it is a kind of Cortex.
    pub fn is_of_cortex(self) -> bool {
        matches!(self, Self::Realtime | Self::Async | Self::Batch | Self::Task | Self::Splitter)
    }

    /// Whether it runs jobs.
    pub fn has_jobs(self) -> bool {
        matches!(self, Self::Batch | Self::Task)
    }
}

/// One API.
#[derive(Clone, Debug)]
pub struct Api {
    /// Its name, unique in the cluster.
    pub name: String,
    /// Its namespace; Cortex has all in `default`.
    pub namespace: String,
    /// Pods of one replica.
    pub size: u32,
    /// Pods that a disruption budget wants available.
    pub budget: Option<u32>,
    /// What changes its number of replicas.
    pub scaler: Option<Scaler>,
    /// Its kind.
    pub kind: ApiKind,
    /// Versions, newest first; never empty. The first is the current one.
    pub versions: Vec<Version>,
    /// When it was first deployed.
    pub created_at: Moment,
    /// Replicas the Deployment is asked for (`replica_counts.requested`).
    pub desired: u32,
    /// Pods that exist, of all versions and jobs.
    pub pods: Vec<Pod>,
    /// Jobs, newest first.
    pub jobs: Vec<Job>,
    /// Where a splitter sends requests.
    pub targets: Vec<Target>,
    /// Why new pods of it are refused at admission, in the API server's words, and since when.
    pub refused: Option<(String, Moment)>,
    /// When its controller tries again after such a refusal.
    pub(crate) next_try: Moment,
    /// The version, by [`Version::pod_id`], whose rollout last came to its end.
    pub completed: Option<String>,
}

impl Api {
    /// The current version.
    pub fn current(&self) -> Option<&Version> {
        self.versions.first()
    }

    /// The version with this specification id.
    pub fn version(&self, spec_id: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.spec_id == spec_id)
    }

    /// Whether a pod is of the version that the Deployment's template has now.
    pub fn is_current(&self, pod: &Pod) -> bool {
        self.current().is_some_and(|version| version.pod_id == pod.pod_id)
    }

    /// Pods that the Deployment counts in `status.replicas`: all but those going away or over.
    pub fn replicas(&self) -> impl Iterator<Item = &Pod> {
        self.pods.iter().filter(|pod| pod.job.is_none() && pod.phase != PodPhase::Terminating && !pod.phase.is_over())
    }

    /// Worker pods of a job, by its key [`Job::number`].
    pub fn workers_of(&self, job: u64) -> impl Iterator<Item = &Pod> {
        self.pods.iter().filter(move |pod| pod.job == Some(job))
    }
}

/// What changes the number of replicas, and what it would like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaler {
    /// Never fewer.
    pub min: u32,
    /// Never more.
    pub max: u32,
    /// What the load asks for.
    pub wanted: u32,
}

/// One deployed version of an API.
#[derive(Clone, Debug)]
pub struct Version {
    /// 32 hexadecimal digits: the specification.
    pub spec_id: String,
    /// 63 hexadecimal digits: what matters for pods.
    pub pod_id: String,
    /// Ten letters and digits; empty for jobs and splitters.
    pub deployment_id: String,
    /// When it was deployed; the version's id is `World::api_id`.
    pub deployed_at: Moment,
    /// Containers, without the sidecar that Cortex adds.
    pub containers: Vec<Container>,
    /// Node groups it is pinned to; empty for any (`null` on the wire).
    pub node_groups: Vec<String>,
    /// How replicas are replaced; the wire shows `25%` or a number.
    pub strategy: UpdateStrategy,
    /// Replica bounds.
    pub min_replicas: u32,
    /// Replica bounds.
    pub max_replicas: u32,
    /// Requests a replica handles at once.
    pub max_concurrency: u32,
    /// What its containers do once placed.
    pub behaviour: Behaviour,
    /// What it demands of its place and of objects beside it.
    pub needs: Needs,
}

impl Version {
    /// What one pod asks of the scheduler, Cortex's sidecar included (100m, 100 MiB) unless it is
    /// a task, which has none.
    pub fn demand(&self, kind: ApiKind) -> Resources {
        let containers = self.containers.iter().fold(Resources::default(), |sum, container| {
            sum.plus(Resources {
                cpu_millis: container.cpu_millis,
                memory_bytes: container.memory_mib * 1_048_576,
                gpus: i64::from(container.gpu),
                ..Resources::default()
            })
        });
        let sidecar = i64::from(kind != ApiKind::Task);
        let extra = Resources { cpu_millis: 100 * sidecar, memory_bytes: 100 * 1_048_576 * sidecar, pods: 1, ..Resources::default() };
        containers.plus(extra)
    }
}

/// One container of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// CPU request in thousandths.
    pub cpu_millis: i64,
    /// Memory request in MiB.
    pub memory_mib: i64,
    /// GPUs.
    pub gpu: u32,
    /// Environment.
    pub env: BTreeMap<String, String>,
}

/// What the containers of a version do once they are placed on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Pull, start, get ready.
    Normal {
        /// Story seconds to pull the image.
        pull: i64,
        /// Story seconds from started to ready.
        warm_up: i64,
    },
    /// Start and exit with an error, again and again.
    Crash {
        /// Story seconds until it exits.
        after: i64,
        /// What it writes before.
        words: LastWords,
    },
    /// Start and be killed for memory, again and again.
    OutOfMemory {
        /// Story seconds until it is killed.
        after: i64,
    },
    /// The image cannot be pulled.
    ImagePull,
    /// Runs, and the readiness probe never passes.
    NeverReady,
    /// Runs and serves, and the readiness probe asks another port.
    WrongPort,
    /// Cannot be started: the configuration map of its environment is not there.
    ConfigMissing,
    /// Cannot be started: the secret of its environment is not there.
    SecretMissing,
    /// Cannot be started: its share cannot be mounted.
    MountFails,
    /// Takes all memory of its node, and the kernel kills it, again and again.
    NodeOutOfMemory {
        /// Story seconds until it is killed.
        after: i64,
    },
}

impl Behaviour {
    /// Story seconds that a run lives, where the container ends again and again.
    pub fn lives(self) -> Option<i64> {
        match self {
            Self::Crash { after, .. } | Self::OutOfMemory { after } | Self::NodeOutOfMemory { after } => Some(after),
            _ => None,
        }
    }
}

/// One pod.
#[derive(Clone, Debug)]
pub struct Pod {
    /// Kubernetes' name of it.
    pub name: String,
    /// Labels that only this pod has: its place among its siblings.
    pub labels: BTreeMap<String, String>,
    /// Version, by [`Version::spec_id`].
    pub spec_id: String,
    /// Version, by [`Version::pod_id`].
    pub pod_id: String,
    /// The job it works for, by [`Job::number`].
    pub job: Option<u64>,
    /// What it holds once placed.
    pub demand: Resources,
    /// Where it stands.
    pub phase: PodPhase,
    /// Instance id of its machine.
    pub node: Option<String>,
    /// When it was made.
    pub created_at: Moment,
    /// When the scheduler last said that there is no place.
    pub tried_at: Option<Moment>,
    /// Why there is no place, in the scheduler's words.
    pub unplaced_because: Option<String>,
    /// When it was placed.
    pub scheduled_at: Option<Moment>,
    /// Why its node removed it, in the node agent's words.
    pub evicted_because: Option<String>,
    /// Who removes it from its node: reason, sentence, since when.
    pub disrupted: Option<(&'static str, String, Moment)>,
    /// When its container first ran.
    pub started_at: Option<Moment>,
    /// When it became ready.
    pub ready_at: Option<Moment>,
    /// Since when it is ready no more, because its node is not.
    pub unready_at: Option<Moment>,
    /// When it was told to go.
    pub deleted_at: Option<Moment>,
    /// Restarts of its container.
    pub restarts: u32,
    /// What its containers wrote, oldest first, bounded.
    pub log: Vec<LogLine>,
}

impl Pod {
    /// Whether it waits for a place.
    pub fn is_unplaced(&self) -> bool {
        self.phase == PodPhase::Pending && self.node.is_none()
    }

    /// Modern Cortex's "stalled": not placed for `after` seconds.
    pub fn is_stalled(&self, now: Moment, after: i64) -> bool {
        self.is_unplaced() && now - self.created_at >= after
    }

    /// Legacy Cortex's "stalled": in phase Pending (placed or not) and older than `after` seconds.
    pub fn is_stalled_by_age(&self, now: Moment, after: i64) -> bool {
        matches!(self.phase, PodPhase::Pending | PodPhase::Creating | PodPhase::ImageError) && now - self.created_at > after
    }
}

/// Where a pod stands, as Cortex counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodPhase {
    /// Waiting for a place.
    Pending,
    /// Placed; image and containers being set up.
    Creating,
    /// The image cannot be pulled.
    ImageError,
    /// Runs, not ready.
    NotReady,
    /// Ready.
    Ready,
    /// Its container exited with an error.
    Failed,
    /// Its container was killed for memory.
    OutOfMemory,
    /// Going away; holds its resources until it is gone.
    Terminating,
    /// Done (job workers).
    Succeeded,
    /// Removed from its node; only the record of it is left.
    Evicted,
}

impl PodPhase {
    /// Whether it holds nothing any more.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Evicted)
    }
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written.
    pub at: Moment,
    /// The line, without its end.
    pub text: String,
    /// The run of the container that wrote it, by [`super::runs::Run::number`].
    pub run: u32,
}

/// Where a splitter sends requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Name of a realtime API.
    pub api: String,
    /// Percent.
    pub weight: u32,
    /// Gets a copy and answers to nobody.
    pub shadow: bool,
}

/// One job of a batch or task API.
#[derive(Clone, Debug)]
pub struct Job {
    /// Key within its API; the id on the wire is `World::job_id`.
    pub number: u64,
    /// When it was submitted.
    pub submitted_at: Moment,
    /// When it ended.
    pub ended_at: Option<Moment>,
    /// Workers asked for.
    pub workers: u32,
    /// Where it stands.
    pub status: JobStatus,
    /// Batches in all (batch only).
    pub total_batches: u32,
    /// Batches done.
    pub batches_done: u32,
    /// Work left in worker seconds.
    pub(crate) work_left: i64,
    /// Work in all, in worker seconds.
    pub(crate) work: i64,
}

impl Job {
    /// Batches still in the queue.
    pub fn batches_in_queue(&self) -> u32 {
        self.total_batches.saturating_sub(self.batches_done)
    }
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobStatus {
    /// Workers are wanted.
    Running,
    /// All done.
    Succeeded,
    /// A worker failed.
    WorkerError,
    /// Stopped by somebody.
    Stopped,
}
