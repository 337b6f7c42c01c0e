//! Labels and pod specifications of workloads, as a template and as a pod have them.

use serde_json::{Map, Value, json};

use super::super::super::world::minting::letters;
use super::super::super::world::rollout::template_hash;
use super::super::super::world::{Api, ApiKind, Behaviour, Container, Needs, Platform, Version};
use super::object::{View, cpu, memory};

/// Labels of the template of a version.
pub(super) fn labels(view: View<'_>, api: &Api, version: &Version) -> Map<String, Value> {
    let mut labels = Map::new();
    let mut put = |key: &str, value: &str| labels.insert(key.to_owned(), json!(value));
    if api.kind.is_of_cortex() {
        put("apiName", &api.name);
        put("apiKind", api.kind.word());
        put("deploymentID", &version.deployment_id);
        put("podID", &version.pod_id);
        put("initialDeploymentTime", &view.world.stamp(api.created_at).as_nanosecond().to_string());
        put("cortex.dev/api", "true");
        if api.kind != ApiKind::Realtime {
            put("apiID", &view.world.api_id(version));
        }
    } else {
        put("app", &api.name);
        put("version", version.spec_id.get(..8).unwrap_or_default());
    }
    if api.kind == ApiKind::InferenceService {
        put("app", &format!("isvc.{}", api.object_name()));
        put("component", "predictor");
        put("serving.kserve.io/inferenceservice", &api.name);
    }
    labels
}

/// Labels by which a workload finds its pods.
pub(super) fn selector(api: &Api) -> Value {
    match api.kind {
        kind if kind.is_of_cortex() => json!({ "apiName": api.name, "apiKind": api.kind.word() }),
        ApiKind::InferenceService => json!({ "app": format!("isvc.{}", api.object_name()) }),
        _ => json!({ "app": api.name }),
    }
}

/// The template of a version.
pub(super) fn template(view: View<'_>, api: &Api, version: &Version, with_hash: bool) -> Value {
    let mut labels = labels(view, api, version);
    if with_hash {
        labels.insert("pod-template-hash".to_owned(), json!(template_hash(version)));
    }
    json!({ "metadata": { "creationTimestamp": null, "labels": labels }, "spec": spec(view, api, version) })
}

/// What pods of a version are, before they have a node.
pub(super) fn spec(view: View<'_>, api: &Api, version: &Version) -> Value {
    let needs = view.cluster.needs_of(version);
    let mut containers: Vec<Value> = version.containers.iter().map(|each| container(api, version, each)).collect();
    if let Some(sidecar) = sidecar(api) {
        containers.push(json!({
            "name": sidecar, "image": format!("registry.example/cortexlabs/{sidecar}:{}", view.cluster.version),
            "imagePullPolicy": "Always", "resources": { "requests": { "cpu": "100m", "memory": "100Mi" } },
            "ports": [{ "name": "http", "containerPort": 8_888, "protocol": "TCP" }],
            "readinessProbe": probe("/healthz", 15_000), "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
        }));
    }
    let mut spec = json!({
        "containers": containers, "restartPolicy": if api.kind.has_jobs() { "Never" } else { "Always" },
        "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst", "securityContext": {},
        "schedulerName": "default-scheduler", "serviceAccountName": "default", "tolerations": tolerations(&needs),
    });
    if let Value::Object(fields) = &mut spec {
        if !needs.selector.is_empty() {
            fields.insert("nodeSelector".to_owned(), json!(needs.selector));
        }
        if !needs.affinity.is_empty() {
            fields.insert("affinity".to_owned(), affinity(&needs));
        }
        if let Some(secret) = &needs.pull_secret {
            fields.insert("imagePullSecrets".to_owned(), json!([{ "name": secret }]));
        }
        if let Some(claim) = &needs.claim {
            let volume = json!([{ "name": "model", "persistentVolumeClaim": { "claimName": claim } }]);
            fields.insert("volumes".to_owned(), volume);
        }
        if let Some((server, path)) = needs.share.as_ref().and_then(|share| share.split_once(':')) {
            let volume = json!([{ "name": "model", "nfs": { "server": server, "path": path } }]);
            fields.insert("volumes".to_owned(), volume);
        }
    }
    spec
}

/// The container that Cortex adds.
pub(super) fn sidecar(api: &Api) -> Option<&'static str> {
    match api.kind {
        ApiKind::Realtime => Some("proxy"),
        ApiKind::Async | ApiKind::Batch => Some("dequeuer"),
        _ => None,
    }
}

/// Kubernetes' name of a container: Cortex keeps the API's, others have conventions.
pub(super) fn container_name(api: &Api, container: &Container) -> String {
    match api.kind {
        ApiKind::InferenceService => "kserve-container".to_owned(),
        ApiKind::RayService => "ray-worker".to_owned(),
        _ => container.name.clone(),
    }
}

fn container(api: &Api, version: &Version, container: &Container) -> Value {
    let mut requests = Map::new();
    requests.insert("cpu".to_owned(), json!(cpu(container.cpu_millis)));
    requests.insert("memory".to_owned(), json!(memory(container.memory_mib)));
    let mut limits = Map::new();
    if !matches!(version.behaviour, Behaviour::NodeOutOfMemory { .. }) {
        limits.insert("memory".to_owned(), json!(memory(container.memory_mib)));
    }
    if container.gpu > 0 {
        for amounts in [&mut requests, &mut limits] {
            amounts.insert("nvidia.com/gpu".to_owned(), json!(container.gpu.to_string()));
        }
    }
    let needs = &version.needs;
    let mut env: Vec<Value> = container.env.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    if let Some(secret) = &needs.secret {
        let from = json!({ "secretKeyRef": { "name": secret, "key": "token" } });
        env.push(json!({ "name": "MODEL_TOKEN", "valueFrom": from }));
    }
    let mut port = json!({ "name": "http", "containerPort": 8_080, "protocol": "TCP" });
    if let (Some(host), Value::Object(port)) = (needs.host_port, &mut port) {
        port.insert("hostPort".to_owned(), json!(host));
    }
    let mut fields = json!({
        "name": container_name(api, container), "image": container.image, "imagePullPolicy": "IfNotPresent", "env": env,
        "ports": [port], "resources": { "requests": requests, "limits": limits },
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
    });
    if let Value::Object(fields) = &mut fields {
        if let Some(map) = &needs.configmap {
            fields.insert("envFrom".to_owned(), json!([{ "configMapRef": { "name": map } }]));
        }
        if !api.kind.has_jobs() {
            fields.insert("readinessProbe".to_owned(), probe("/healthz", needs.probe_port));
        }
        if needs.claim.is_some() || needs.share.is_some() {
            fields.insert("volumeMounts".to_owned(), json!([{ "name": "model", "mountPath": "/models" }]));
        }
    }
    fields
}

/// Makes the pod of a Ray worker that of its head.
pub(super) fn make_head(spec: &mut Value, cpu_millis: i64, memory_mib: i64) {
    let Some(container) = spec.pointer_mut("/containers/0").and_then(Value::as_object_mut) else { return };
    let amounts = json!({ "cpu": cpu(cpu_millis), "memory": memory(memory_mib) });
    container.insert("name".to_owned(), json!("ray-head"));
    container.insert("resources".to_owned(), json!({ "requests": amounts, "limits": { "memory": memory(memory_mib) } }));
}

fn probe(path: &str, port: u16) -> Value {
    json!({
        "httpGet": { "path": path, "port": port, "scheme": "HTTP" }, "initialDelaySeconds": 3, "timeoutSeconds": 1,
        "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3,
    })
}

fn tolerations(needs: &Needs) -> Vec<Value> {
    let given = needs.tolerations.iter().map(|toleration| {
        let mut fields = Map::new();
        fields.insert("key".to_owned(), json!(toleration.key));
        fields.insert("operator".to_owned(), json!(if toleration.value.is_some() { "Equal" } else { "Exists" }));
        if let Some(value) = &toleration.value {
            fields.insert("value".to_owned(), json!(value));
        }
        if let Some(effect) = toleration.effect {
            fields.insert("effect".to_owned(), json!(effect));
        }
        Value::Object(fields)
    });
    let added = ["not-ready", "unreachable"].into_iter().map(|state| {
        json!({ "key": format!("node.kubernetes.io/{state}"), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 })
    });
    given.chain(added).collect()
}

fn affinity(needs: &Needs) -> Value {
    let expressions: Vec<Value> =
        needs.affinity.iter().map(|(key, values)| json!({ "key": key, "operator": "In", "values": values })).collect();
    json!({ "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [{ "matchExpressions": expressions }] },
    }})
}

/// Whether Cortex made the object.
pub(super) fn is_cortex(view: View<'_>) -> bool {
    view.cluster.platform == Platform::Cortex
}

/// The service address of a pod.
pub(super) fn pod_address(name: &str) -> String {
    let number = super::super::super::world::minting::number(name);
    format!("192.168.{}.{}", 8 + number % 88, 2 + number / 97 % 250)
}

/// A container's id.
pub(super) fn container_id(view: View<'_>, label: &str) -> String {
    let scheme = if view.cluster.kubernetes_minor() >= 24 { "containerd" } else { "docker" };
    format!("{scheme}://{}", letters(label, "0123456789abcdef", 64))
}
