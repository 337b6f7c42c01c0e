//! The cluster's own pods: what runs on every node, and the controllers on the system's nodes.

use serde_json::{Map, Value, json};

use super::super::super::world::machine::machine;
use super::super::super::world::minting::letters;
use super::super::super::world::{ApiKind, GroupRole, Node, Platform};
use super::daemon_sets;
use super::object::{Named, View, cpu, finished, memory, put_meta};

/// One container that always runs.
#[derive(Clone, Copy)]
pub(super) struct System {
    pub(super) name: &'static str,
    pub(super) namespace: &'static str,
    cpu_millis: i64,
    memory_mib: i64,
    /// The label of the nodes that it runs on; all of them without one.
    pub(super) on: Option<&'static str>,
}

const fn of(name: &'static str, namespace: &'static str, cpu_millis: i64, memory_mib: i64) -> System {
    System { name, namespace, cpu_millis, memory_mib, on: None }
}

const fn on(label: &'static str, system: System) -> System {
    System { on: Some(label), ..system }
}

/// On every node; together 260m and 350 MiB. Source: Cortex's constants.
const DAEMONS: &[System] = &[
    of("aws-node", "kube-system", 10, 0),
    of("kube-proxy", "kube-system", 100, 0),
    of("fluent-bit", "logging", 100, 150),
    of("node-exporter", "prometheus", 50, 200),
    of("cloudwatch-agent-statsd", "kube-system", 0, 0),
];
/// On nodes with GPUs as well; together 150m and 150 MiB.
const GPU_DAEMONS: &[System] = &[
    on("k8s.amazonaws.com/accelerator", of("nvidia-device-plugin-daemonset", "kube-system", 100, 100)),
    on("nvidia.com/gpu", of("dcgm-exporter", "prometheus", 50, 50)),
];
/// On the others, so that every node has as many.
const OTHER_DAEMONS: &[System] = &[of("ebs-csi-node", "kube-system", 0, 0), of("node-local-dns", "kube-system", 0, 0)];
/// Once in a cluster, beside Cortex.
const CORTEX_CONTROLLERS: &[System] = &[
    of("operator", "default", 200, 256),
    of("autoscaler", "default", 100, 128),
    of("activator", "default", 100, 128),
    of("ingressgateway-apis", "istio-system", 100, 128),
    of("istiod", "istio-system", 100, 256),
    of("coredns", "kube-system", 100, 70),
    of("metrics-server", "kube-system", 100, 200),
];
/// Once in a cluster of Kubernetes alone.
const CONTROLLERS: &[System] = &[of("coredns", "kube-system", 100, 70), of("metrics-server", "kube-system", 100, 200)];

fn daemons_of(node: &Node) -> impl Iterator<Item = &'static System> {
    let more = if machine(&node.instance_type).gpus > 0 { GPU_DAEMONS } else { OTHER_DAEMONS };
    DAEMONS.iter().chain(more)
}

/// CPU in thousandths and memory in MiB that the daemons of a node ask for.
pub(super) fn requests(node: &Node) -> (i64, i64) {
    daemons_of(node).fold((0, 0), |(cpu, mib), daemon| (cpu + daemon.cpu_millis, mib + daemon.memory_mib))
}

/// The pods, and the Deployments and sets behind them.
pub(super) fn objects(view: View<'_>) -> Vec<Value> {
    let mut objects = Vec::new();
    let nodes: Vec<&Node> = view.cluster.live_nodes(view.now()).filter(|node| node.is_registered(view.now())).collect();
    for daemon in DAEMONS.iter().chain(GPU_DAEMONS).chain(OTHER_DAEMONS) {
        let has = |node: &&&Node| daemons_of(node).any(|each| each.name == daemon.name) && is_chosen(view, daemon, node);
        let on: Vec<&&Node> = nodes.iter().filter(has).collect();
        objects.extend(on.iter().map(|node| pod(view, daemon, "DaemonSet", node)));
        let ready = on.iter().filter(|node| node.is_ready(view.now())).count();
        if !on.is_empty() || daemon.on.is_some() {
            objects.push(daemon_sets::daemon_set(view, daemon, (on.len(), ready)));
        }
    }
    let system: Vec<&&Node> = nodes.iter().filter(|node| is_system(view, node)).collect();
    for (count, controller) in controllers(view).into_iter().enumerate() {
        let place = system.get(count % system.len().max(1)).copied().or(nodes.first());
        let works = controller.name != "cluster-autoscaler" || view.cluster.autoscaler.works(view.now());
        objects.push(deployment(view, &controller, works && place.is_some()));
        if let Some(node) = place {
            let mut pod = pod(view, &controller, "ReplicaSet", node);
            if !works {
                break_down(view, &mut pod);
            }
            objects.push(pod);
        }
    }
    objects
}

/// Whether a daemon's set chooses a node.
fn is_chosen(view: View<'_>, daemon: &System, node: &Node) -> bool {
    daemon.on.is_none_or(|label| view.cluster.labels_of(node).contains_key(label))
}

fn controllers(view: View<'_>) -> Vec<System> {
    let cortex = view.cluster.platform == Platform::Cortex;
    let fixed = if cortex { CORTEX_CONTROLLERS } else { CONTROLLERS };
    let mut all: Vec<System> = fixed.iter().map(|each| of(each.name, each.namespace, each.cpu_millis, each.memory_mib)).collect();
    all.push(if view.cluster.uses_pools() {
        of("karpenter", "kube-system", 500, 512)
    } else {
        of("cluster-autoscaler", "kube-system", 100, 300)
    });
    let has = |kind: ApiKind| view.cluster.apis.iter().any(|api| api.kind == kind);
    if has(ApiKind::InferenceService) {
        all.push(of("kserve-controller-manager", "kserve", 100, 300));
    }
    if has(ApiKind::RayService) {
        all.push(of("kuberay-operator", "kuberay", 100, 300));
    }
    if has(ApiKind::LeaderWorkerSet) {
        all.push(of("lws-controller-manager", "lws-system", 100, 300));
    }
    all
}

fn is_system(view: View<'_>, node: &Node) -> bool {
    view.cluster.group(&node.group).is_some_and(|group| group.role == GroupRole::Operator)
}

fn pod(view: View<'_>, system: &System, owner: &str, node: &Node) -> Value {
    let suffix = letters(&format!("{}/{}", system.name, node.instance_id), "bcdfghjklmnpqrstvwxz2456789", 5);
    let set = if owner == "DaemonSet" { system.name.to_owned() } else { replica_set(system) };
    let name = format!("{set}-{suffix}");
    let since = node.joins_at.max(view.cluster.created_at);
    let mut object = view.object(Named::new("v1", "Pod", system.namespace, &name), since);
    put_meta(&mut object, "generateName", json!(format!("{set}-")));
    put_meta(&mut object, "labels", json!({ "k8s-app": system.name, "app.kubernetes.io/name": system.name }));
    put_meta(&mut object, "ownerReferences", json!([view.owner(Named::new("apps/v1", owner, system.namespace, &set))]));
    let mut asked = Map::new();
    if system.cpu_millis > 0 {
        asked.insert("cpu".to_owned(), json!(cpu(system.cpu_millis)));
    }
    if system.memory_mib > 0 {
        asked.insert("memory".to_owned(), json!(memory(system.memory_mib)));
    }
    let image = format!("registry.example/system/{}:1", system.name);
    let spec = json!({
        "containers": [{
            "name": system.name, "image": image, "imagePullPolicy": "IfNotPresent", "resources": { "requests": asked },
        }],
        "nodeName": node.name, "restartPolicy": "Always", "priority": 2_000_001_000, "priorityClassName": "system-node-critical",
        "schedulerName": "default-scheduler", "serviceAccountName": system.name, "tolerations": [{ "operator": "Exists" }],
    });
    let ready = node.has_joined(view.now());
    let state = if ready {
        json!({ "running": { "startedAt": view.stamp(since) } })
    } else {
        json!({ "waiting": { "reason": "ContainerCreating" } })
    };
    let conditions: Vec<Value> = ["Initialized", "Ready", "ContainersReady", "PodScheduled"]
        .into_iter()
        .map(|name| view.condition(name, ready || name == "PodScheduled", ("", ""), since))
        .collect();
    let status = json!({
        "phase": if ready { "Running" } else { "Pending" }, "conditions": conditions, "startTime": view.stamp(since),
        "containerStatuses": [{
            "name": system.name, "image": image, "imageID": "", "ready": ready, "started": ready, "restartCount": 0, "state": state,
            "lastState": {},
        }],
        "qosClass": if asked.is_empty() { "BestEffort" } else { "Burstable" },
    });
    finished(object, spec, status)
}

fn replica_set(system: &System) -> String {
    format!("{}-{}", system.name, letters(system.name, "bcdfghjklmnpqrstvwxz2456789", 10))
}

/// The Deployment of a controller.
fn deployment(view: View<'_>, system: &System, works: bool) -> Value {
    let created = view.cluster.created_at;
    let mut object = view.object(Named::new("apps/v1", "Deployment", system.namespace, system.name), created);
    put_meta(&mut object, "generation", json!(1));
    put_meta(&mut object, "labels", json!({ "k8s-app": system.name, "app.kubernetes.io/name": system.name }));
    put_meta(&mut object, "annotations", json!({ "deployment.kubernetes.io/revision": "1" }));
    let labels = json!({ "k8s-app": system.name });
    let spec = json!({
        "replicas": 1, "selector": { "matchLabels": labels }, "progressDeadlineSeconds": 600, "revisionHistoryLimit": 10,
        "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": "25%", "maxUnavailable": "25%" } },
        "template": {
            "metadata": { "labels": labels },
            "spec": { "containers": [{ "name": system.name, "image": format!("registry.example/system/{}:1", system.name) }] },
        },
    });
    let since = if works { created } else { view.cluster.autoscaler.down_at.unwrap_or(created) };
    let words = if works {
        ("MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    let message = format!("ReplicaSet \"{}\" has successfully progressed.", replica_set(system));
    let mut status = json!({
        "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1,
        "conditions": [
            view.condition("Available", works, words, since),
            view.condition("Progressing", true, ("NewReplicaSetAvailable", &message), created),
        ],
    });
    if let Value::Object(status) = &mut status {
        let fields: &[&str] = if works { &["readyReplicas", "availableReplicas"] } else { &["unavailableReplicas"] };
        status.extend(fields.iter().map(|field| ((*field).to_owned(), json!(1))));
    }
    finished(object, spec, status)
}

/// Makes a controller's pod one that exits again and again.
fn break_down(view: View<'_>, pod: &mut Value) {
    let since = view.cluster.autoscaler.down_at.unwrap_or(view.now());
    let name = pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(status) = pod.get_mut("status") else { return };
    let conditions: Vec<Value> = ["Initialized", "Ready", "ContainersReady", "PodScheduled"]
        .into_iter()
        .map(|name| view.condition(name, matches!(name, "Initialized" | "PodScheduled"), ("", ""), since))
        .collect();
    let message = format!("back-off 5m0s restarting failed container=cluster-autoscaler pod={name}_kube-system");
    let ended = json!({ "terminated": {
        "exitCode": 255, "reason": "Error", "startedAt": view.stamp(view.now() - 130), "finishedAt": view.stamp(view.now() - 100),
    }});
    if let Value::Object(status) = status {
        status.insert("conditions".to_owned(), json!(conditions));
        if let Some(container) = status.get_mut("containerStatuses").and_then(|all| all.get_mut(0)).and_then(Value::as_object_mut) {
            container.insert("ready".to_owned(), json!(false));
            container.insert("started".to_owned(), json!(false));
            container.insert("restartCount".to_owned(), json!((view.now() - since) / 320 + 3));
            container.insert("state".to_owned(), json!({ "waiting": { "reason": "CrashLoopBackOff", "message": message } }));
            container.insert("lastState".to_owned(), ended);
        }
    }
}
