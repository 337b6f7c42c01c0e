//! Node groups and their history: how many machines there are, may be, and were refused.

use serde::{Deserialize, Serialize};

use super::id::ResourceKey;
use super::text::Text;
use super::time::Timestamp;

/// A node group. A platform's configuration and the cloud's own record of the group are two
/// views of it under one key; [`super::topology`] joins them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeGroup {
    /// Its identity; the name is the platform's short name (`gpu`).
    pub key: ResourceKey,
    /// The cloud's own name, if this view knows it (`eksctl-prod-nodegroup-cx-wd-gpu-…`).
    pub cloud_name: Option<Text>,
    /// Whether workloads run on it, or only the platform itself (operator, prometheus).
    pub is_worker: bool,
    /// Whether it launches reclaimable machines.
    pub spot: bool,
    /// Machine types it may launch, the first preferred.
    pub instance_types: Vec<Text>,
    /// Never fewer machines.
    pub min: u32,
    /// Never more machines.
    pub max: u32,
    /// What the cloud was asked for; `None` where this view cannot say.
    pub desired: Option<u32>,
    /// Machines in service.
    pub in_service: Option<u32>,
    /// Machines on their way (pending, warming up).
    pub pending: Option<u32>,
    /// Zones it may use.
    pub zones: Vec<Text>,
    /// Processes somebody or AWS suspended, other than those the platform suspends on purpose.
    pub suspended: Vec<SuspendedProcess>,
    /// Order in which an autoscaler prefers it; higher first.
    pub priority: Option<u32>,
}

/// A group process that was switched off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuspendedProcess {
    /// Such as `Launch`.
    pub process: Text,
    /// Who did it and when, in the cloud's words.
    pub reason: Text,
}

/// One entry of a node group's history: a launch, a termination, a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalingActivity {
    /// Its identity (the cloud's activity id).
    pub key: ResourceKey,
    /// The group it belongs to.
    pub group: ResourceKey,
    /// What was tried.
    pub kind: ActivityKind,
    /// How it went.
    pub outcome: ActivityOutcome,
    /// The cloud's status word, such as `Failed` or `PreInService`.
    pub native: Text,
    /// What was done, as the cloud words it.
    pub description: Text,
    /// Why it was done.
    pub cause: Text,
    /// Why it failed, or where it stands.
    pub message: Option<Text>,
    /// Progress in percent.
    pub progress: Option<u32>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The zone it was tried in.
    pub zone: Option<Text>,
    /// The machine concerned.
    pub instance: Option<Text>,
}

/// What an activity tried to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivityKind {
    /// Start a machine.
    Launch,
    /// Stop a machine.
    Terminate,
    /// Anything else (standby, attach, detach, …).
    Other,
}

/// How an activity went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivityOutcome {
    /// Still going on.
    Running,
    /// Done.
    Succeeded,
    /// Refused or broken.
    Failed,
}
