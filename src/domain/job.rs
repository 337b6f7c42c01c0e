//! Batch and task jobs: work that ends.

use serde::{Deserialize, Serialize};

use super::id::ResourceKey;
use super::text::Text;
use super::time::Timestamp;
use super::workload::ReplicaCounts;

/// One job of a workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its identity; the name is `workload/job-id`.
    pub key: ResourceKey,
    /// The common phase.
    pub phase: JobPhase,
    /// The platform's own word.
    pub native: Text,
    /// Workers asked for.
    pub workers: u32,
    /// Workers by state; `desired` repeats `workers`.
    pub counts: ReplicaCounts,
    /// Workers that finished.
    pub succeeded: u32,
    /// When it was submitted.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Batches still waiting in the queue.
    pub queued_batches: Option<u32>,
    /// Batches in all.
    pub total_batches: Option<u32>,
}

/// The phases all platforms share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobPhase {
    /// Accepted, not started.
    Pending,
    /// At work.
    Running,
    /// Done.
    Succeeded,
    /// Ended otherwise; the native word says how.
    Failed,
    /// Stopped by somebody.
    Stopped,
    /// A state holdup does not know.
    Unrecognized,
}

impl JobPhase {
    /// Whether it still wants workers.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Pending | Self::Running)
    }
}
