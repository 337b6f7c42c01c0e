//! One running (or not yet running) copy of a workload, and everybody else who holds what a
//! scheduler hands out.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::capacity::Resources;
use super::condition::StatusCondition;
use super::id::ResourceKey;
use super::placement::Placement;
use super::text::Text;
use super::time::Timestamp;

/// A replica, where a source lists them one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replica {
    /// Its identity (`namespace/name` where there are any).
    pub key: ResourceKey,
    /// The workload it belongs to; `None` for a tenant that belongs to none that is watched.
    pub workload: Option<ResourceKey>,
    /// The revision it runs.
    pub version: Text,
    /// Whether that is the version being rolled out.
    pub is_current: bool,
    /// Where it is in its life.
    pub phase: ReplicaPhase,
    /// The platform's word for its state, such as `Pending` or `CrashLoopBackOff`.
    pub state: Text,
    /// Whether it answers.
    pub ready: bool,
    /// The node it runs on.
    pub node: Option<Text>,
    /// What it holds or asks for.
    pub demand: Resources,
    /// Named extended resources it holds or asks for (`nvidia.com/mig-1g.5gb`), whole GPUs included.
    pub extended: BTreeMap<Text, i64>,
    /// Restarts so far, of all its containers.
    pub restarts: u32,
    /// Why it is not ready: the short machine word (`Unschedulable`, `ImagePullBackOff`, `Evicted`).
    pub reason: Option<Text>,
    /// Why it is not ready, as the platform words it.
    pub message: Option<Text>,
    /// Its conditions that do not hold as they should (scheduled, initialized, ready).
    pub conditions: Vec<StatusCondition>,
    /// Its containers, those that run first before those that serve.
    pub containers: Vec<Container>,
    /// Where it may run, shared by all replicas of a revision.
    pub placement: Arc<Placement>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it got its node.
    pub placed_at: Option<Timestamp>,
    /// Since when it has been going away.
    pub deleting_since: Option<Timestamp>,
}

impl Replica {
    /// A replica of which only the name is known.
    pub fn unknown(key: ResourceKey) -> Self {
        Self {
            key,
            workload: None,
            version: Text::default(),
            is_current: false,
            phase: ReplicaPhase::Unknown,
            state: Text::default(),
            ready: false,
            node: None,
            demand: Resources::default(),
            extended: BTreeMap::new(),
            restarts: 0,
            reason: None,
            message: None,
            conditions: Vec::new(),
            containers: Vec::new(),
            placement: Arc::default(),
            created_at: None,
            placed_at: None,
            deleting_since: None,
        }
    }
}

/// Where a replica is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplicaPhase {
    /// Without a node.
    Unplaced,
    /// On a node; volumes, sandbox, image and init containers under way.
    Starting,
    /// Containers run; readiness not reached.
    Unready,
    /// Answers.
    Ready,
    /// Starts and dies again and again, or cannot start.
    Failing,
    /// Removed from its node (pressure, preemption, drain).
    Evicted,
    /// Ended with success.
    Done,
    /// Going away.
    Terminating,
    /// Nobody knows (its node is lost).
    #[default]
    Unknown,
}

impl ReplicaPhase {
    /// Whether it holds its resources on a node.
    pub fn holds_node(self) -> bool {
        matches!(self, Self::Starting | Self::Unready | Self::Ready | Self::Failing | Self::Terminating | Self::Unknown)
    }
}

/// One container of a replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Its name.
    pub name: Text,
    /// Whether it runs to completion before the others start.
    pub init: bool,
    /// Its image as asked for.
    pub image: Text,
    /// Whether it is ready.
    pub ready: bool,
    /// Restarts so far.
    pub restarts: u32,
    /// What it does now.
    pub state: ContainerState,
    /// How it ended the last time.
    pub last: Option<Termination>,
    /// Its probes, where they are defined.
    pub probes: Vec<Probe>,
    /// Ports it declares.
    pub ports: Vec<u16>,
    /// The most memory it may use, in bytes.
    pub memory_limit: Option<i64>,
}

/// What a container does now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum ContainerState {
    /// Not started.
    Waiting {
        /// The machine word (`ContainerCreating`, `CrashLoopBackOff`).
        reason: Text,
        /// The sentence, if any.
        message: Text,
    },
    /// Running.
    Running {
        /// Since when.
        since: Option<Timestamp>,
    },
    /// Ended.
    Terminated(Termination),
    /// The source does not say.
    #[default]
    Unknown,
}

/// How a container ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Termination {
    /// The machine word (`OOMKilled`, `Error`, `Completed`).
    pub reason: Text,
    /// What it left as its message: often the last lines of its log.
    pub message: Text,
    /// Its exit code.
    pub exit_code: i32,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// When it had started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// A health check of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// What it decides.
    pub kind: ProbeKind,
    /// What it asks, such as `http :8080/healthz`, `tcp :8080`, `exec cat /ready`.
    pub asks: Text,
    /// The port it asks, resolved to a number where it can be.
    pub port: Option<u16>,
    /// Seconds before the first try.
    pub initial_delay: u32,
    /// Seconds between tries.
    pub period: u32,
    /// Seconds a try may take.
    pub timeout: u32,
    /// Failures in a row that count.
    pub failures: u32,
}

/// What a probe decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeKind {
    /// Whether it has started; the others wait for it.
    Startup,
    /// Whether it gets requests.
    Readiness,
    /// Whether it is left alive.
    Liveness,
}
