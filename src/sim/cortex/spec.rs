//! Specifications of APIs in the three shapes they had: predictor, handler, pod.

use serde_json::{Map, Value, json};

use super::super::world::minting::hex;
use super::super::world::{Api, ApiKind, Cluster, Container, Version, World};
use crate::domain::workload::Amount;

/// Nanoseconds in a second: durations and old stamps are written in them.
const NANOS: i64 = 1_000_000_000;

/// The specification of one version.
pub(super) fn spec(world: &World, cluster: &Cluster, api: &Api, version: &Version) -> Value {
    let mut spec = match cluster.minor() {
        36.. => with_pod(cluster, api, version),
        34..=35 => before_pods(cluster, api, version, "handler"),
        _ => before_pods(cluster, api, version, "predictor"),
    };
    identify(&mut spec, world, cluster, api, version);
    Value::Object(spec)
}

fn with_pod(cluster: &Cluster, api: &Api, version: &Version) -> Map<String, Value> {
    let pod = if api.kind == ApiKind::Splitter {
        Value::Null
    } else {
        let port = if api.kind == ApiKind::Task { Value::Null } else { json!(8080) };
        let queue = if api.kind == ApiKind::Realtime { 100 } else { 0 };
        let concurrency = if api.kind.has_replicas() { version.max_concurrency } else { 0 };
        let containers: Vec<Value> = version.containers.iter().map(|container| one_container(api, container)).collect();
        json!({ "port": port, "max_queue_length": queue, "max_concurrency": concurrency, "containers": containers })
    };
    let groups = if version.node_groups.is_empty() { Value::Null } else { json!(version.node_groups) };
    let mut spec = common(cluster, api, version);
    spec.insert("pod".to_owned(), pod);
    spec.insert("node_groups".to_owned(), groups);
    spec
}

fn one_container(api: &Api, container: &Container) -> Value {
    let probe = if api.kind == ApiKind::Realtime {
        json!({
            "http_get": { "path": "/healthz", "port": 8080 }, "tcp_socket": null, "exec": null,
            "initial_delay_seconds": 0, "timeout_seconds": 1, "period_seconds": 10, "success_threshold": 1, "failure_threshold": 3,
        })
    } else {
        Value::Null
    };
    let mut compute = compute(container);
    compute.insert("shm".to_owned(), Value::Null);
    json!({
        "name": container.name, "image": container.image, "env": container.env, "command": null, "args": null,
        "readiness_probe": probe, "liveness_probe": null, "pre_stop": null, "compute": compute,
    })
}

fn compute(container: &Container) -> Map<String, Value> {
    let mut compute = Map::new();
    compute.insert("cpu".to_owned(), json!(cpu(container.cpu_millis)));
    compute.insert("mem".to_owned(), json!(mebibytes(container.memory_mib)));
    compute.insert("gpu".to_owned(), json!(container.gpu));
    compute.insert("inf".to_owned(), json!(0));
    compute
}

/// Before 0.36 one image and one set of amounts for the whole replica.
fn before_pods(cluster: &Cluster, api: &Api, version: &Version, word: &str) -> Map<String, Value> {
    let mut spec = common(cluster, api, version);
    let first = version.containers.first();
    let code = first.map_or(Value::Null, |container| {
        json!({
            "type": "python", "path": "predictor.py", "multi_model_reloading": null, "models": null, "server_side_batching": null,
            "processes_per_replica": 1, "threads_per_process": 1, "shm_size": null, "python_path": null, "log_level": "info",
            "image": container.image, "tensorflow_serving_image": "", "config": {}, "env": container.env,
            "dependencies": { "pip": "requirements.txt", "conda": "conda-packages.txt", "shell": "dependencies.sh" },
        })
    });
    let id = hex(&version.pod_id, 63);
    let project = hex(&format!("{}/project", api.name), 63);
    let folder = format!("{}/apis/{}/{word}", cluster.name, api.name);
    spec.insert(word.to_owned(), code);
    spec.insert("definition".to_owned(), Value::Null);
    spec.insert("compute".to_owned(), first.map_or(Value::Null, |container| Value::Object(compute(container))));
    spec.insert(format!("{word}_key"), json!(format!("{folder}/{id}/{}-spec.json", cluster.version)));
    spec.insert(format!("{word}_id"), json!(id));
    spec.insert("project_key".to_owned(), json!(format!("{}/projects/{project}.zip", cluster.name)));
    spec.insert("project_id".to_owned(), json!(project));
    spec
}

fn common(cluster: &Cluster, api: &Api, version: &Version) -> Map<String, Value> {
    let targets: Vec<Value> =
        api.targets.iter().map(|target| json!({ "name": target.api, "weight": target.weight, "shadow": target.shadow })).collect();
    let serves = api.kind.has_replicas();
    let fields = [
        ("name", json!(api.name)),
        ("kind", json!(api.kind.word())),
        ("apis", if api.kind == ApiKind::Splitter { json!(targets) } else { Value::Null }),
        ("networking", json!({ "endpoint": format!("/{}", api.name) })),
        ("autoscaling", if serves { autoscaling(cluster, version) } else { Value::Null }),
        ("update_strategy", if serves { strategy(version) } else { Value::Null }),
        ("index", json!(0)),
        ("file_name", json!("cortex.yaml")),
        ("submitted_api_spec", json!({ "name": api.name, "kind": api.kind.word() })),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn autoscaling(cluster: &Cluster, version: &Version) -> Value {
    let mut fields = json!({
        "min_replicas": version.min_replicas, "max_replicas": version.max_replicas, "init_replicas": version.min_replicas.max(1),
        "window": 60 * NANOS, "downscale_stabilization_period": 300 * NANOS, "upscale_stabilization_period": 60 * NANOS,
        "max_downscale_factor": 0.75, "max_upscale_factor": 1.5, "downscale_tolerance": 0.05, "upscale_tolerance": 0.05,
    });
    if let Some(fields) = fields.as_object_mut() {
        if cluster.minor() >= 36 {
            fields.insert("target_in_flight".to_owned(), json!(f64::from(version.max_concurrency)));
        } else {
            fields.insert("target_replica_concurrency".to_owned(), json!(f64::from(version.max_concurrency)));
            fields.insert("max_replica_concurrency".to_owned(), json!(1024));
        }
    }
    fields
}

fn strategy(version: &Version) -> Value {
    json!({ "max_surge": step(version.strategy.max_surge), "max_unavailable": step(version.strategy.max_unavailable) })
}

fn step(amount: Amount) -> String {
    match amount {
        Amount::Count(count) => count.to_string(),
        Amount::Percent(percent) => format!("{percent}%"),
    }
}

fn identify(spec: &mut Map<String, Value>, world: &World, cluster: &Cluster, api: &Api, version: &Version) {
    let id = world.api_id(version);
    let modern = cluster.minor() >= 36;
    let root = if modern { world.stamp(cluster.created_at).as_second().to_string() } else { cluster.name.clone() };
    let folder = format!("{root}/apis/{}", api.name);
    spec.insert("id".to_owned(), json!(id));
    spec.insert("spec_id".to_owned(), json!(version.spec_id));
    spec.insert("deployment_id".to_owned(), json!(version.deployment_id));
    spec.insert("key".to_owned(), json!(format!("{folder}/api/{id}/{}-spec.json", cluster.version)));
    spec.insert("last_updated".to_owned(), json!(world.stamp(version.deployed_at).as_second()));
    spec.insert("metadata_root".to_owned(), json!(format!("{folder}/metadata")));
    if modern {
        spec.insert("pod_id".to_owned(), json!(version.pod_id));
        spec.insert("initial_deployment_time".to_owned(), json!(world.stamp(api.created_at).as_second().saturating_mul(NANOS)));
    }
}

/// CPU as Kubernetes writes it: `2`, `200m`.
pub(super) fn cpu(millis: i64) -> String {
    if millis % 1_000 == 0 { (millis / 1_000).to_string() } else { format!("{millis}m") }
}

fn mebibytes(count: i64) -> String {
    if count % 1_024 == 0 { format!("{}Gi", count / 1_024) } else { format!("{count}Mi") }
}

/// Memory as Kubernetes writes it: the largest binary unit without a rest.
pub(super) fn memory(bytes: i64) -> String {
    match bytes {
        0 => "0".to_owned(),
        _ if bytes % 1_048_576 == 0 => mebibytes(bytes / 1_048_576),
        _ => format!("{}Ki", bytes / 1_024),
    }
}
