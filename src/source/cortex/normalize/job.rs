//! Jobs of batch and task APIs.

use super::super::wire::{JobStatus, WorkerCounts};
use super::ident::deployed_at;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::job::{Job, JobPhase};
use crate::domain::text::Text;
use crate::domain::workload::ReplicaCounts;

/// One job. `workload` is the API it belongs to.
pub(super) fn job(status: &JobStatus, workload: &ResourceKey) -> Job {
    let code = status.status.strip_prefix("status_").unwrap_or(&status.status);
    let workers = status.worker_counts.unwrap_or_default();
    Job {
        key: ResourceKey::new(&workload.context, ResourceKind::Job, format!("{}/{}", workload.name, status.job_id)),
        phase: phase(code),
        native: words(code),
        workers: status.workers,
        counts: counts(&workers, status.workers),
        succeeded: workers.succeeded,
        started_at: status.start_time.as_deref().and_then(|time| time.parse().ok()).or_else(|| deployed_at(&status.job_id)),
        ended_at: status.end_time.as_deref().and_then(|time| time.parse().ok()),
        queued_batches: status.batches_in_queue,
        total_batches: status.total_batch_count,
    }
}

fn counts(workers: &WorkerCounts, asked: u32) -> ReplicaCounts {
    let placed = workers.ready.saturating_add(workers.running);
    ReplicaCounts {
        desired: Some(asked),
        ready: placed,
        ready_old: 0,
        up_to_date: asked,
        pending: workers.pending,
        stalled: workers.stalled,
        creating: workers.creating.saturating_add(workers.initializing),
        not_ready: workers.not_ready,
        image_error: workers.err_image_pull,
        failed: workers.failed,
        killed: workers.killed,
        out_of_memory: workers.killed_oom,
        terminating: workers.terminating,
        unknown: workers.unknown,
    }
}

fn phase(code: &str) -> JobPhase {
    match code {
        "pending" | "enqueuing" => JobPhase::Pending,
        "running" => JobPhase::Running,
        "succeeded" => JobPhase::Succeeded,
        "enqueue_failed" | "completed_with_failures" | "unexpected_error" | "worker_error" | "worker_oom" | "timed_out" => JobPhase::Failed,
        "stopped" => JobPhase::Stopped,
        _ => JobPhase::Unrecognized,
    }
}

/// What the command line prints for a code.
fn words(code: &str) -> Text {
    Text::clean(match code {
        "enqueue_failed" => "failed while enqueuing",
        "completed_with_failures" => "completed with failures",
        "unexpected_error" => "unexpected error",
        "worker_error" => "worker error",
        "worker_oom" => "out of memory",
        "timed_out" => "timed out",
        "" => "unknown",
        other => other,
    })
}
