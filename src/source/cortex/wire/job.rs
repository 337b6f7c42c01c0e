//! Batch and task jobs.

use serde::Deserialize;

use super::api::Spec;
use super::lenient;

/// The answer to `/batch/{api}?jobID=` and `/tasks/{api}?jobID=`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct JobResponse {
    /// The API the job belongs to.
    #[serde(deserialize_with = "lenient::if_readable")]
    pub api_spec: Option<Spec>,
    /// The job.
    #[serde(deserialize_with = "lenient::if_readable")]
    pub job_status: Option<JobStatus>,
}

/// One job. Batch fields are empty for tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct JobStatus {
    /// Its id: hexadecimal, newest sorts first.
    #[serde(deserialize_with = "lenient::string")]
    pub job_id: String,
    /// Workers asked for.
    #[serde(deserialize_with = "lenient::count")]
    pub workers: u32,
    /// `running`, `succeeded`, …; up to 0.34 with `status_` before it.
    #[serde(deserialize_with = "lenient::string")]
    pub status: String,
    /// RFC 3339.
    #[serde(deserialize_with = "lenient::optional_string")]
    pub start_time: Option<String>,
    /// RFC 3339.
    #[serde(deserialize_with = "lenient::optional_string")]
    pub end_time: Option<String>,
    /// Batches in all.
    #[serde(deserialize_with = "lenient::optional_count")]
    pub total_batch_count: Option<u32>,
    /// Batches waiting.
    #[serde(deserialize_with = "lenient::optional_count")]
    pub batches_in_queue: Option<u32>,
    /// Workers by state, while it runs.
    #[serde(deserialize_with = "lenient::if_readable")]
    pub worker_counts: Option<WorkerCounts>,
}

/// Workers by state; absent is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct WorkerCounts {
    /// Waiting for a place.
    #[serde(deserialize_with = "lenient::count")]
    pub pending: u32,
    /// Containers being set up (from 0.40 on).
    #[serde(deserialize_with = "lenient::count")]
    pub creating: u32,
    /// Containers being set up (before 0.40).
    #[serde(deserialize_with = "lenient::count")]
    pub initializing: u32,
    /// Running, not ready.
    #[serde(deserialize_with = "lenient::count")]
    pub not_ready: u32,
    /// Ready (from 0.40 on).
    #[serde(deserialize_with = "lenient::count")]
    pub ready: u32,
    /// At work (before 0.40).
    #[serde(deserialize_with = "lenient::count")]
    pub running: u32,
    /// Done.
    #[serde(deserialize_with = "lenient::count")]
    pub succeeded: u32,
    /// Image cannot be pulled.
    #[serde(deserialize_with = "lenient::count")]
    pub err_image_pull: u32,
    /// Going away.
    #[serde(deserialize_with = "lenient::count")]
    pub terminating: u32,
    /// Exited with an error.
    #[serde(deserialize_with = "lenient::count")]
    pub failed: u32,
    /// Killed by a signal.
    #[serde(deserialize_with = "lenient::count")]
    pub killed: u32,
    /// Killed or evicted for memory.
    #[serde(deserialize_with = "lenient::count")]
    pub killed_oom: u32,
    /// Waiting for longer than the operator finds normal.
    #[serde(deserialize_with = "lenient::count")]
    pub stalled: u32,
    /// Anything else.
    #[serde(deserialize_with = "lenient::count")]
    pub unknown: u32,
}
