//! Namespaces and nodes.

use serde_json::{Map, Value, json};

use super::super::super::world::incidents::XID;
use super::super::super::world::machine::{Machine, machine};
use super::super::super::world::minting;
use super::super::super::world::silent::{RUNTIME_HANGS, UNHEARD};
use super::super::super::world::{Incident, Moment, Node, Platform, Taint};
use super::daemons;
use super::object::{Named, View, put_meta, word};

/// Story seconds without a word after which a node counts as unheard of.
const SILENT: Moment = 40;

/// When a node agent last wrote a status in which nothing is new: every five minutes, each at its own time.
fn reported(node: &Node, now: Moment) -> Moment {
    let own = i64::try_from(minting::number(&node.instance_id) % 300).unwrap_or_default();
    (now - (now - own).rem_euclid(300)).max(node.registers_at())
}

/// All namespaces.
pub(super) fn namespaces(view: View<'_>) -> Vec<Value> {
    let mut names: Vec<&str> = vec!["default", "kube-system", "kube-public", "kube-node-lease"];
    if view.cluster.platform == Platform::Cortex {
        names.extend(["istio-system", "logging", "prometheus"]);
    }
    names.extend(["kserve", "kuberay", "lws-system"].into_iter().filter(|_| view.cluster.platform == Platform::Kubernetes));
    names.extend(view.cluster.apis.iter().map(|api| api.namespace.as_str()));
    names.sort_unstable();
    names.dedup();
    let namespace = |name: &str| {
        let mut object = view.object(Named::new("v1", "Namespace", "", name), view.cluster.created_at);
        put_meta(&mut object, "labels", json!({ "kubernetes.io/metadata.name": name }));
        super::object::finished(object, json!({ "finalizers": ["kubernetes"] }), json!({ "phase": "Active" }))
    };
    names.into_iter().map(namespace).collect()
}

/// The leases by which node agents say every ten seconds that they are alive.
pub(super) fn leases(view: View<'_>) -> Vec<Value> {
    let known = view.cluster.live_nodes(view.now()).filter(|node| node.is_registered(view.now()));
    let lease = |node: &Node| {
        let named = Named::new("coordination.k8s.io/v1", "Lease", "kube-node-lease", &node.name);
        let mut object = view.object(named, node.registers_at());
        let lost = node.trouble.filter(|trouble| trouble.incident == Incident::Unreachable);
        let renewed = lost.map_or(view.now() - view.now().rem_euclid(10), |trouble| trouble.since - SILENT);
        let spec = json!({ "holderIdentity": node.name, "leaseDurationSeconds": 40, "renewTime": view.precise(renewed) });
        object.insert("spec".to_owned(), spec);
        Value::Object(object)
    };
    known.map(lease).collect()
}

/// All nodes that the cluster knows.
pub(super) fn nodes(view: View<'_>) -> Vec<Value> {
    let known = view.cluster.live_nodes(view.now()).filter(|node| node.is_registered(view.now()));
    known.map(|each| node(view, each)).collect()
}

fn node(view: View<'_>, node: &Node) -> Value {
    let mut object = view.object(Named::new("v1", "Node", "", &node.name), node.registers_at());
    put_meta(&mut object, "labels", json!(view.cluster.labels_of(node)));
    put_meta(&mut object, "annotations", json!({ "node.alpha.kubernetes.io/ttl": "0" }));
    let mut spec = Map::new();
    spec.insert("providerID".to_owned(), json!(format!("aws:///{}/{}", node.zone, node.instance_id)));
    let taints: Vec<Value> = view.cluster.taints_of(node, view.now()).iter().map(|taint| self::taint(view, node, taint)).collect();
    if !taints.is_empty() {
        spec.insert("taints".to_owned(), json!(taints));
    }
    if node.is_cordoned(view.now()) {
        spec.insert("unschedulable".to_owned(), json!(true));
    }
    super::object::finished(object, Value::Object(spec), status(view, node))
}

fn taint(view: View<'_>, node: &Node, taint: &Taint) -> Value {
    let mut fields = Map::new();
    fields.insert("key".to_owned(), json!(taint.key));
    if !taint.value.is_empty() {
        fields.insert("value".to_owned(), json!(taint.value));
    }
    fields.insert("effect".to_owned(), json!(taint.effect));
    let since = match taint.key.as_str() {
        "workload" | "nvidia.com/gpu" | "prometheus" | "CriticalAddonsOnly" => None,
        "node.kubernetes.io/unschedulable" => node.cordoned_at,
        _ => node.trouble.map(|trouble| trouble.since),
    };
    if let Some(since) = since {
        fields.insert("timeAdded".to_owned(), json!(view.stamp(since)));
    }
    Value::Object(fields)
}

fn status(view: View<'_>, node: &Node) -> Value {
    let shape = machine(&node.instance_type);
    let host = node.name.trim_start_matches("ip-").split('.').next().unwrap_or_default().replace('-', ".");
    let minor = view.cluster.kubernetes_minor();
    let agent = format!("v1.{minor}.{}", if minor >= 24 { "9-eks-036c24b" } else { "17-eks-48e63af" });
    let id = |what: &str| minting::hex(&format!("{what}/{}", node.instance_id), 32);
    json!({
        "capacity": capacity(view, node, shape),
        "allocatable": allocatable(view, node),
        "conditions": conditions(view, node),
        "addresses": [
            { "type": "InternalIP", "address": host },
            { "type": "Hostname", "address": node.name },
            { "type": "InternalDNS", "address": node.name },
        ],
        "daemonEndpoints": { "kubeletEndpoint": { "Port": 10250 } },
        "nodeInfo": {
            "machineID": id("machine"), "systemUUID": minting::uuid(&id("system")), "bootID": minting::uuid(&id("boot")),
            "kernelVersion": "5.10.217-205.860.amzn2.x86_64", "osImage": "Amazon Linux 2", "operatingSystem": "linux",
            "architecture": "amd64", "containerRuntimeVersion": if minor >= 24 { "containerd://1.7.11" } else { "docker://20.10.25" },
            "kubeletVersion": agent, "kubeProxyVersion": agent,
        },
    })
}

fn pods(view: View<'_>, node: &Node) -> i64 {
    view.cluster.offered_by(node, view.now()).pods + super::super::super::world::machine::DAEMON_PODS
}

/// What the machine has; GPUs once the device plugin registered them.
fn capacity(view: View<'_>, node: &Node, shape: &Machine) -> Value {
    let mut amounts = Map::new();
    amounts.insert("cpu".to_owned(), json!(shape.vcpus.to_string()));
    amounts.insert("memory".to_owned(), json!(format!("{}Ki", i64::from(shape.memory_gib) * 1_024 * 945 / 1_000 * 1_024)));
    amounts.insert("ephemeral-storage".to_owned(), json!("52416492Ki"));
    amounts.insert("hugepages-2Mi".to_owned(), json!("0"));
    amounts.insert("pods".to_owned(), json!(pods(view, node).to_string()));
    if node.has_devices(view.now()) {
        amounts.insert("nvidia.com/gpu".to_owned(), json!(shape.gpus.to_string()));
    }
    Value::Object(amounts)
}

/// What pods may have: what API pods are offered, and what the daemons on the node take.
fn allocatable(view: View<'_>, node: &Node) -> Value {
    let offered = view.cluster.offered_by(node, view.now());
    let (daemon_cpu, daemon_mib) = daemons::requests(node);
    let mut amounts = Map::new();
    amounts.insert("cpu".to_owned(), json!(format!("{}m", offered.cpu_millis + daemon_cpu)));
    amounts.insert("memory".to_owned(), json!(format!("{}Ki", offered.memory_bytes / 1_024 + daemon_mib * 1_024)));
    amounts.insert("ephemeral-storage".to_owned(), json!("47233297124"));
    amounts.insert("hugepages-2Mi".to_owned(), json!("0"));
    amounts.insert("pods".to_owned(), json!(pods(view, node).to_string()));
    if node.has_devices(view.now()) {
        amounts.insert("nvidia.com/gpu".to_owned(), json!(offered.gpus.to_string()));
    }
    Value::Object(amounts)
}

/// Conditions of a node that nothing is heard of: nobody knows.
fn unheard(view: View<'_>, node: &Node, since: Moment) -> Vec<Value> {
    let condition = |name: &str| {
        json!({
            "type": name, "status": "Unknown", "lastHeartbeatTime": view.stamp(reported(node, since - SILENT)), "lastTransitionTime": view.stamp(since),
            "reason": "NodeStatusUnknown", "message": UNHEARD,
        })
    };
    ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"].map(condition).into()
}

fn conditions(view: View<'_>, node: &Node) -> Vec<Value> {
    let now = view.now();
    let ready = node.is_ready(now);
    let condition = |name: &str, status: &str, (reason, message): (&str, &str), since: Moment| {
        json!({
            "type": name, "status": status, "lastHeartbeatTime": view.stamp(reported(node, now)),
            "lastTransitionTime": view.stamp(since), "reason": reason, "message": message,
        })
    };
    let started = node.registers_at();
    if let Some(trouble) = node.trouble.filter(|trouble| trouble.incident == Incident::Unreachable) {
        return unheard(view, node, trouble.since);
    }
    let hangs = node.trouble.filter(|trouble| trouble.incident == Incident::NotReady);
    let calm = |name: &str, words: (&str, &str)| condition(name, "False", words, started);
    let readiness = if ready {
        ("KubeletReady", "kubelet is posting ready status")
    } else if hangs.is_some() {
        ("KubeletNotReady", RUNTIME_HANGS)
    } else {
        (
            "KubeletNotReady",
            "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns \
             error: cni plugin not initialized",
        )
    };
    let memory = calm("MemoryPressure", ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"));
    let mut all = vec![
        match node.trouble.filter(|trouble| trouble.incident == Incident::MemoryPressure) {
            Some(trouble) => condition(
                "MemoryPressure",
                "True",
                ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
                trouble.since,
            ),
            None => memory,
        },
        calm("DiskPressure", ("KubeletHasNoDiskPressure", "kubelet has no disk pressure")),
        calm("PIDPressure", ("KubeletHasSufficientPID", "kubelet has sufficient PID available")),
        condition("Ready", word(ready), readiness, hangs.map_or(if ready { node.joins_at } else { started }, |trouble| trouble.since)),
    ];
    if node.has_devices(now) {
        all.push(match node.trouble.filter(|trouble| trouble.incident == Incident::Xid) {
            Some(trouble) => condition("AcceleratedHardwareReady", "False", ("NvidiaXID95Error", XID), trouble.since),
            None => condition("AcceleratedHardwareReady", "True", ("NvidiaAcceleratedHardwareIsReady", ""), node.joins_at),
        });
    }
    all
}
