//! APIs as `/get`, `/get/{api}` and `/describe/{api}` show them.

use serde_json::{Map, Value, json};

use super::super::world::{Api, ApiKind, Cluster, Dialect, Pod, PodPhase, World};
use super::{api_address, dashboard, job, spec};

/// Versions that the operator remembers of an API.
const HISTORY: usize = 10;

/// All APIs in the order of the operator: by kind, then by name.
pub(super) fn list(world: &World, cluster: &Cluster) -> Value {
    let order = [ApiKind::Realtime, ApiKind::Batch, ApiKind::Task, ApiKind::Async, ApiKind::Splitter];
    let mut all = Vec::new();
    for kind in order {
        let mut apis: Vec<&Api> = cluster.apis.iter().filter(|api| api.kind == kind).collect();
        apis.sort_by(|a, b| a.name.cmp(&b.name));
        all.extend(apis.into_iter().map(|api| match cluster.dialect() {
            Dialect::Modern => light(world, cluster, api, true),
            Dialect::Legacy => legacy(world, cluster, api, true),
        }));
    }
    Value::Array(all)
}

/// One API with specification and history.
pub(super) fn whole(world: &World, cluster: &Cluster, api: &Api) -> Value {
    let mut item = match cluster.dialect() {
        Dialect::Modern => light(world, cluster, api, false),
        Dialect::Legacy => legacy(world, cluster, api, false),
    };
    let Some(fields) = item.as_object_mut() else { return item };
    if cluster.dialect() == Dialect::Modern {
        if let Some(version) = api.current() {
            fields.insert("spec".to_owned(), spec::spec(world, cluster, api, version));
        }
        fields.remove("num_traffic_splitter_targets");
        addresses(fields, cluster, api);
    }
    let versions: Vec<Value> = api
        .versions
        .iter()
        .take(HISTORY)
        .map(|version| json!({ "api_id": world.api_id(version), "last_updated": world.stamp(version.deployed_at).as_second() }))
        .collect();
    fields.insert("api_versions".to_owned(), json!(versions));
    item
}

/// One API with its replicas by state.
pub(super) fn described(world: &World, cluster: &Cluster, api: &Api) -> Value {
    let mut item = light(world, cluster, api, true);
    let Some(fields) = item.as_object_mut() else { return item };
    if let Some(status) = fields.get_mut("status").and_then(Value::as_object_mut) {
        status.insert("replica_counts".to_owned(), modern_counts(world, cluster, api));
    }
    addresses(fields, cluster, api);
    item
}

fn addresses(fields: &mut Map<String, Value>, cluster: &Cluster, api: &Api) {
    fields.insert("endpoint".to_owned(), json!(api_address(cluster, api)));
    if let Some(dashboard) = dashboard(cluster, api) {
        fields.insert("dashboard_url".to_owned(), json!(dashboard));
    }
}

fn light(world: &World, cluster: &Cluster, api: &Api, only_running: bool) -> Value {
    let mut fields = Map::new();
    fields.insert("metadata".to_owned(), metadata(world, api));
    if api.kind.has_replicas() {
        let ready = api.replicas().filter(|pod| pod.phase == PodPhase::Ready).count();
        let current = api.replicas().filter(|pod| api.is_current(pod)).count();
        fields.insert("status".to_owned(), json!({ "ready": ready, "requested": api.replicas().count(), "up_to_date": current }));
    }
    if api.kind == ApiKind::Splitter {
        fields.insert("num_traffic_splitter_targets".to_owned(), json!(api.targets.len()));
    }
    add_jobs(&mut fields, world, cluster, api, only_running);
    Value::Object(fields)
}

fn metadata(world: &World, api: &Api) -> Value {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), json!(api.name));
    fields.insert("kind".to_owned(), json!(api.kind.word()));
    if let Some(version) = api.current() {
        fields.insert("id".to_owned(), json!(world.api_id(version)));
        if !version.deployment_id.is_empty() {
            fields.insert("deployment_id".to_owned(), json!(version.deployment_id));
        }
        fields.insert("last_updated".to_owned(), json!(world.stamp(version.deployed_at).as_second()));
    }
    Value::Object(fields)
}

fn add_jobs(fields: &mut Map<String, Value>, world: &World, cluster: &Cluster, api: &Api, only_running: bool) {
    let name = match api.kind {
        ApiKind::Batch => "batch_job_statuses",
        ApiKind::Task => "task_job_statuses",
        _ => return,
    };
    let jobs: Vec<Value> =
        api.jobs.iter().filter(|job| !only_running || job.ended_at.is_none()).map(|each| job::status(world, cluster, api, each)).collect();
    if !jobs.is_empty() {
        fields.insert(name.to_owned(), json!(jobs));
    }
}

fn modern_counts(world: &World, cluster: &Cluster, api: &Api) -> Value {
    let own = || api.pods.iter().filter(|pod| pod.job.is_none());
    let current = || own().filter(|pod| api.is_current(pod));
    let in_phase = |phase: PodPhase| current().filter(|pod| pod.phase == phase).count();
    let stalled = |pod: &&Pod| pod.is_stalled(world.now, cluster.stalled_after());
    let waiting = current().filter(stalled).count();
    json!({
        "requested": api.desired,
        "pending": in_phase(PodPhase::Pending).saturating_sub(waiting),
        "creating": in_phase(PodPhase::Creating),
        "not_ready": in_phase(PodPhase::NotReady),
        "ready": in_phase(PodPhase::Ready),
        "ready_out_of_date": own().filter(|pod| pod.phase == PodPhase::Ready && !api.is_current(pod)).count(),
        "err_image_pull": in_phase(PodPhase::ImageError),
        "terminating": own().filter(|pod| pod.phase == PodPhase::Terminating).count(),
        "failed": in_phase(PodPhase::Failed),
        "killed": 0,
        "killed_oom": in_phase(PodPhase::OutOfMemory),
        "stalled": waiting,
        "unknown": 0,
    })
}

/// The legacy element; the whole one of a single API (`listed` false) adds only its history.
fn legacy(world: &World, cluster: &Cluster, api: &Api, listed: bool) -> Value {
    let mut fields = Map::new();
    let current = api.current();
    if let Some(version) = current {
        fields.insert("spec".to_owned(), spec::spec(world, cluster, api, version));
    }
    if api.kind.has_replicas() {
        let id = current.map(|version| world.api_id(version)).unwrap_or_default();
        fields.insert("status".to_owned(), legacy_status(world, cluster, api, &id));
        if cluster.minor() <= 38 {
            let network = json!({ "latency": 41.7, "code_2xx": 903, "code_4xx": 0, "code_5xx": 0, "total": 903 });
            fields.insert("metrics".to_owned(), json!({ "api_name": api.name, "network_stats": network }));
        }
    }
    addresses(&mut fields, cluster, api);
    if listed {
        fields.remove("dashboard_url");
    }
    add_jobs(&mut fields, world, cluster, api, listed);
    Value::Object(fields)
}

fn legacy_status(world: &World, cluster: &Cluster, api: &Api, id: &str) -> Value {
    let (new, old): (Vec<&Pod>, Vec<&Pod>) = api.pods.iter().filter(|pod| pod.job.is_none()).partition(|pod| api.is_current(pod));
    let new = LegacyCounts::of(&new, world.now, cluster.stalled_after());
    let old = LegacyCounts::of(&old, world.now, cluster.stalled_after());
    let minimum = api.current().map_or(0, |version| version.min_replicas);
    json!({
        "api_name": api.name, "api_id": id, "status_code": new.code(api.desired, minimum),
        "replica_counts": { "updated": new.json(), "stale": old.json(), "requested": api.desired },
    })
}

/// The counts of 0.22 to 0.39.
#[derive(Default)]
struct LegacyCounts {
    pending: u32,
    initializing: u32,
    ready: u32,
    err_image_pull: u32,
    terminating: u32,
    failed: u32,
    killed_oom: u32,
    stalled: u32,
}

impl LegacyCounts {
    fn of(pods: &[&Pod], now: i64, stalled_after: i64) -> Self {
        let mut counts = Self::default();
        for pod in pods {
            let stalled = pod.is_stalled_by_age(now, stalled_after);
            let count = match pod.phase {
                PodPhase::Pending | PodPhase::Creating if stalled => &mut counts.stalled,
                PodPhase::Pending => &mut counts.pending,
                PodPhase::Creating | PodPhase::NotReady => &mut counts.initializing,
                PodPhase::ImageError => &mut counts.err_image_pull,
                PodPhase::Ready => &mut counts.ready,
                PodPhase::Failed | PodPhase::Evicted => &mut counts.failed,
                PodPhase::OutOfMemory => &mut counts.killed_oom,
                PodPhase::Terminating => &mut counts.terminating,
                PodPhase::Succeeded => continue,
            };
            *count += 1;
        }
        counts
    }

    fn json(&self) -> Value {
        json!({
            "pending": self.pending, "initializing": self.initializing, "ready": self.ready, "err_image_pull": self.err_image_pull,
            "terminating": self.terminating, "failed": self.failed, "killed": 0, "killed_oom": self.killed_oom,
            "stalled": self.stalled, "unknown": 0,
        })
    }

    fn code(&self, requested: u32, minimum: u32) -> &'static str {
        if self.ready >= requested {
            "status_live"
        } else if self.err_image_pull > 0 {
            "status_error_image_pull"
        } else if self.failed > 0 {
            "status_error"
        } else if self.killed_oom > 0 {
            "status_oom"
        } else if self.stalled > 0 {
            "status_stalled"
        } else if self.ready >= minimum {
            "status_live"
        } else {
            "status_updating"
        }
    }
}
