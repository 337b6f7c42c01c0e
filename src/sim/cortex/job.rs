//! Jobs of batch and task APIs.

use axum::extract::{Path, Query, State};
use serde_json::{Map, Value, json};

use super::super::world::{Api, ApiKind, Cluster, Job, JobStatus, PodPhase, World};
use super::{Answer, Operator, Queries, Refusal, api_address, body, deployed, spec};

/// `GET /batch/{api}?jobID=`; asks nobody who they are, as the real one.
pub(super) async fn batch(State(operator): State<Operator>, Path(name): Path<String>, Query(query): Queries) -> Answer {
    one(&operator, &name, query.get("jobID"), ApiKind::Batch)
}

/// `GET /tasks/{api}?jobID=`.
pub(super) async fn task(State(operator): State<Operator>, Path(name): Path<String>, Query(query): Queries) -> Answer {
    one(&operator, &name, query.get("jobID"), ApiKind::Task)
}

fn one(operator: &Operator, name: &str, id: Option<&String>, kind: ApiKind) -> Answer {
    let id = id.ok_or_else(|| Refusal::query_param_required("jobID"))?;
    operator.look(|world, cluster| {
        let api = deployed(cluster, name)?;
        if api.kind != kind {
            let message = format!("{name} is a {}, not a {}", api.kind.word(), kind.word());
            return Err(Refusal::new("resources.operation_is_only_supported_for_kind", message));
        }
        let job = find(world, api, id)?;
        let mut fields = Map::new();
        if let Some(version) = api.current() {
            fields.insert("api_spec".to_owned(), spec::spec(world, cluster, api, version));
        }
        fields.insert("job_status".to_owned(), status(world, cluster, api, job));
        if kind == ApiKind::Batch {
            let average = (job.batches_done > 0).then_some(0.8);
            fields.insert("metrics".to_owned(), json!({ "succeeded": job.batches_done, "failed": 0, "average_time_per_batch": average }));
        }
        fields.insert("endpoint".to_owned(), json!(format!("{}?jobID={id}", api_address(cluster, api))));
        Ok(body(&Value::Object(fields)))
    })
}

/// The job with an id.
pub(super) fn find<'a>(world: &World, api: &'a Api, id: &str) -> Result<&'a Job, Refusal> {
    let found = api.jobs.iter().find(|job| world.job_id(job) == id);
    found.ok_or_else(|| Refusal::new("job.not_found", format!("unable to find job {id} for {}", api.name)))
}

/// One job's status.
pub(super) fn status(world: &World, cluster: &Cluster, api: &Api, job: &Job) -> Value {
    let id = world.job_id(job);
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("job_id", json!(id));
    put("api_name", json!(api.name));
    put("kind", json!(api.kind.word()));
    put("workers", json!(job.workers));
    put("config", json!({}));
    put("timeout", Value::Null);
    put("api_id", json!(api.current().map(|version| world.api_id(version)).unwrap_or_default()));
    put("start_time", json!(world.stamp(job.submitted_at).to_string()));
    put("status", json!(code(cluster, job.status)));
    if let Some(ended) = job.ended_at {
        put("end_time", json!(world.stamp(ended).to_string()));
    } else {
        put("worker_counts", workers(world, cluster, api, job));
    }
    if api.kind == ApiKind::Batch {
        let queue = format!("https://sqs.{}.amazonaws.com/{}/cx_b_{}_{id}.fifo", cluster.region, world.account.id, api.name);
        put("sqs_dead_letter_queue", Value::Null);
        put("sqs_url", json!(queue));
        put("total_batch_count", json!(job.total_batches));
        put("batches_in_queue", json!(job.batches_in_queue()));
    } else if let Some(version) = api.current() {
        put("spec_id", json!(version.spec_id));
        put("pod_id", json!(version.pod_id));
    }
    Value::Object(fields)
}

fn code(cluster: &Cluster, status: JobStatus) -> String {
    let word = match status {
        JobStatus::Running => "running",
        JobStatus::Succeeded => "succeeded",
        JobStatus::WorkerError => "worker_error",
        JobStatus::Stopped => "stopped",
    };
    if cluster.minor() <= 34 { format!("status_{word}") } else { word.to_owned() }
}

/// Workers by state; a state without workers is left out.
fn workers(world: &World, cluster: &Cluster, api: &Api, job: &Job) -> Value {
    let mut counts = Map::new();
    let mut add = |name: &str| {
        let count = counts.get(name).and_then(Value::as_u64).unwrap_or(0);
        counts.insert(name.to_owned(), json!(count + 1));
    };
    let legacy = cluster.minor() < 40;
    for pod in api.workers_of(job.number) {
        add(match pod.phase {
            PodPhase::Pending if pod.is_stalled(world.now, cluster.stalled_after()) => "stalled",
            PodPhase::Pending => "pending",
            PodPhase::Creating | PodPhase::NotReady if legacy => "initializing",
            PodPhase::Creating => "creating",
            PodPhase::ImageError => "err_image_pull",
            PodPhase::NotReady => "not_ready",
            PodPhase::Ready if legacy => "running",
            PodPhase::Ready => "ready",
            PodPhase::Failed | PodPhase::Evicted => "failed",
            PodPhase::OutOfMemory => "killed_oom",
            PodPhase::Terminating => "terminating",
            PodPhase::Succeeded => "succeeded",
        });
    }
    Value::Object(counts)
}
