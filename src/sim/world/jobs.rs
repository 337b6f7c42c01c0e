//! Jobs of batch and task APIs: workers are asked for at once, work is done by those that got a place.

use super::clock::Moment;
use super::cluster::Cluster;
use super::rollout::new_pod;
use super::workload::{Api, Job, JobStatus, PodPhase};

/// Story seconds that workers of an ended job stay.
const LINGER: i64 = 40;

pub(crate) fn step(cluster: &mut Cluster, now: Moment) {
    for api in cluster.apis.iter_mut().filter(|api| api.kind.has_jobs()) {
        work(api, now);
    }
}

/// Submits a job with `seconds` of work for one worker in all.
pub(crate) fn submit(api: &mut Api, workers: u32, batches: u32, seconds: i64, now: Moment) {
    let Some(version) = api.versions.first().cloned() else { return };
    let number = api.jobs.first().map_or(1, |job| job.number + 1);
    for count in 0..workers {
        let pod = new_pod(api, &version, Some(number), now, count);
        api.pods.push(pod);
    }
    let job = Job {
        number,
        submitted_at: now,
        ended_at: None,
        workers,
        status: JobStatus::Running,
        total_batches: batches,
        batches_done: 0,
        work_left: seconds,
        work: seconds.max(1),
    };
    api.jobs.insert(0, job);
}

fn work(api: &mut Api, now: Moment) {
    let Api { jobs, pods, .. } = api;
    for job in jobs {
        let of_job = |pod: &&mut super::workload::Pod| pod.job == Some(job.number);
        if let Some(ended_at) = job.ended_at {
            for pod in pods.iter_mut().filter(of_job).filter(|_| now - ended_at > LINGER) {
                pod.deleted_at = pod.deleted_at.or(Some(ended_at));
            }
            continue;
        }
        let busy = pods.iter().filter(|pod| pod.job == Some(job.number) && pod.phase == PodPhase::Ready).count();
        job.work_left -= i64::try_from(busy).unwrap_or_default();
        let done = i64::from(job.total_batches) * (job.work - job.work_left.max(0)) / job.work;
        job.batches_done = u32::try_from(done).unwrap_or_default();
        let broken = pods.iter().any(|pod| pod.job == Some(job.number) && pod.phase == PodPhase::Failed);
        if job.work_left <= 0 || broken {
            job.status = if broken { JobStatus::WorkerError } else { JobStatus::Succeeded };
            job.ended_at = Some(now);
            for pod in pods.iter_mut().filter(of_job).filter(|pod| pod.phase != PodPhase::Failed) {
                pod.phase = PodPhase::Succeeded;
            }
        }
    }
}
