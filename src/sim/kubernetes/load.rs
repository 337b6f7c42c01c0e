//! A made-up cluster of any size in which pods change at a given rate: what measurements are taken
//! against. The same size gives the same objects.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::super::world::{KubernetesFaults, minting};
use super::backing::{Backing, LogEntry, LogOf};
use super::server::router;
use super::store::Store;
use crate::clock;
use crate::domain::time::Timestamp;

/// The most changes made at one look; what is more is left for the next.
const CATCH_UP: u64 = 2_000;
const NAMESPACE: &str = "default";

/// How much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Pods.
    pub pods: usize,
    /// Pods of one Deployment.
    pub replicas: usize,
    /// Nodes, every second one with GPUs.
    pub nodes: usize,
    /// Events.
    pub events: usize,
    /// Changes of pods in a second.
    pub changes: u64,
}

/// A made-up cluster that is being served; dropping it ends that.
#[derive(Debug)]
pub struct LoadServer {
    address: SocketAddr,
    _stop: DropGuard,
}

impl LoadServer {
    /// Starts serving on a free port of this machine.
    ///
    /// # Errors
    /// What the system says when there is no port.
    pub async fn start(load: Load) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let served = router(Arc::new(LoadBacking::new(load)));
        tokio::spawn(async move {
            // Serving ends only by the stop signal; the accept loop survives errors by itself.
            let _ended = axum::serve(listener, served).with_graceful_shutdown(stopped).await;
        });
        Ok(Self { address, _stop: stop.drop_guard() })
    }

    /// Where it answers.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// The objects and their changes.
#[derive(Debug)]
pub struct LoadBacking {
    load: Load,
    began: Timestamp,
    /// Changes made so far; `None` before the first look.
    made: Mutex<Option<u64>>,
}

impl LoadBacking {
    /// A cluster whose changes begin now.
    pub fn new(load: Load) -> Self {
        Self { load, began: clock::now(), made: Mutex::new(None) }
    }

    /// Everything there is at the beginning.
    fn objects(&self) -> Vec<Value> {
        let (load, began) = (self.load, self.began);
        let mut objects = vec![json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": metadata("Namespace", "", NAMESPACE, began),
            "status": { "phase": "Active" },
        })];
        objects.extend((0..load.nodes).map(|index| node(index, began)));
        objects.extend((0..load.pods.div_ceil(load.replicas.max(1))).flat_map(|index| controllers(load, index, began)));
        objects.extend((0..load.pods).map(|index| pod(load, index, 0, began)));
        objects.extend((0..load.events).map(|index| event(load, index, began)));
        objects
    }
}

impl Backing for LoadBacking {
    fn update(&self, store: &mut Store) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(before) = *made else {
            store.reconcile(&self.objects());
            *made = Some(0);
            return;
        };
        let elapsed = u64::try_from(clock::now().duration_since(self.began).as_millis()).unwrap_or_default();
        let due = (elapsed * self.load.changes / 1_000).min(before + CATCH_UP);
        let pods = self.load.pods.max(1) as u64;
        let change = |number: u64| {
            let index = usize::try_from(number * 7 % pods).unwrap_or_default();
            pod(self.load, index, number / pods + 1, self.began)
        };
        let changed: Vec<Value> = (before..due).filter(|_| self.load.pods > 0).map(change).collect();
        store.upsert(&changed);
        *made = Some(due.max(before));
    }

    fn faults(&self) -> KubernetesFaults {
        KubernetesFaults::default()
    }

    fn log(&self, of: &LogOf<'_>) -> Vec<LogEntry> {
        let line = |number: i64| LogEntry {
            at: self.began.saturating_sub(jiff::SignedDuration::from_secs(600 - number)).unwrap_or(self.began),
            text: format!("{} answered request {number} in {}ms", of.pod, 40 + number % 160),
        };
        (0..600).map(line).collect()
    }
}

fn stamp(at: Timestamp, seconds_before: usize) -> String {
    let before = jiff::SignedDuration::from_secs(i64::try_from(seconds_before).unwrap_or_default());
    format!("{:.0}", at.saturating_sub(before).unwrap_or(at))
}

fn metadata(kind: &str, namespace: &str, name: &str, began: Timestamp) -> Value {
    let mut metadata = json!({
        "name": name,
        "uid": minting::uuid(&format!("{kind}/{namespace}/{name}")),
        "creationTimestamp": stamp(began, 3_600),
    });
    if let Some(members) = metadata.as_object_mut().filter(|_| !namespace.is_empty()) {
        members.insert("namespace".to_owned(), namespace.into());
    }
    metadata
}

fn with(mut metadata: Value, name: &str, value: Value) -> Value {
    if let Some(members) = metadata.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
    metadata
}

fn node_name(index: usize) -> String {
    format!("ip-10-{}-{}-{}.ec2.internal", index / 65_536 % 256, index / 256 % 256, index % 256)
}

fn node(index: usize, began: Timestamp) -> Value {
    let name = node_name(index);
    let gpus = if index.is_multiple_of(2) { "4" } else { "0" };
    let labels = json!({
        "kubernetes.io/hostname": name,
        "node.kubernetes.io/instance-type": if index.is_multiple_of(2) { "g4dn.12xlarge" } else { "m5.4xlarge" },
        "topology.kubernetes.io/zone": format!("us-west-2{}", ["a", "b", "c"].get(index % 3).unwrap_or(&"a")),
        "alpha.eksctl.io/nodegroup-name": if index.is_multiple_of(2) { "gpu" } else { "cpu" },
    });
    let amounts = json!({ "cpu": "48", "memory": "196608Mi", "pods": "110", "nvidia.com/gpu": gpus });
    let condition = |kind: &str, status: &str| {
        json!({
            "type": kind, "status": status, "reason": format!("Kubelet{kind}"), "message": "as the node agent reports it",
            "lastHeartbeatTime": stamp(began, 10), "lastTransitionTime": stamp(began, 3_600),
        })
    };
    let pressures = ["MemoryPressure", "DiskPressure", "PIDPressure"].map(|kind| condition(kind, "False"));
    let conditions: Vec<Value> = pressures.into_iter().chain([condition("Ready", "True")]).collect();
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": with(metadata("Node", "", &name, began), "labels", labels),
        "spec": { "providerID": format!("aws:///us-west-2a/i-{}", minting::hex(&name, 17)) },
        "status": {
            "capacity": amounts, "allocatable": amounts, "conditions": conditions,
            "addresses": [{ "type": "Hostname", "address": name }],
            "nodeInfo": { "kubeletVersion": "v1.30.8", "osImage": "Amazon Linux 2023", "architecture": "amd64", "operatingSystem": "linux" },
        },
    })
}

fn owner(kind: &str, name: &str) -> Value {
    let uid = minting::uuid(&format!("{kind}/{NAMESPACE}/{name}"));
    json!([{ "apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true, "blockOwnerDeletion": true }])
}

fn template(name: &str) -> Value {
    let resources = json!({ "requests": { "cpu": "500m", "memory": "1Gi" }, "limits": { "memory": "1Gi" } });
    let container = json!({ "name": "api", "image": format!("registry.example/{name}:1"), "resources": resources });
    json!({ "metadata": { "labels": { "app": name } }, "spec": { "containers": [container] } })
}

/// A Deployment and its `ReplicaSet`.
fn controllers(load: Load, index: usize, began: Timestamp) -> [Value; 2] {
    let name = format!("model-{index}");
    let replicas = load.replicas.min(load.pods - (index * load.replicas).min(load.pods));
    let set = format!("{name}-7d9c5b6f4");
    let selector = json!({ "matchLabels": { "app": name } });
    let labels = json!({ "app": name });
    let counts = json!({ "replicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas, "observedGeneration": 1 });
    let own = |kind: &str, name: &str| {
        let revision = json!({ "deployment.kubernetes.io/revision": "1" });
        with(with(metadata(kind, NAMESPACE, name, began), "labels", labels.clone()), "annotations", revision)
    };
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": with(own("Deployment", &name), "generation", 1.into()),
        "spec": { "replicas": replicas, "selector": selector, "template": template(&name) },
        "status": with(counts.clone(), "updatedReplicas", replicas.into()),
    });
    let replica_set = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": with(own("ReplicaSet", &set), "ownerReferences", owner("Deployment", &name)),
        "spec": { "replicas": replicas, "selector": selector, "template": template(&name) },
        "status": counts,
    });
    [deployment, replica_set]
}

fn pod_name(load: Load, index: usize) -> String {
    let model = index / load.replicas.max(1);
    format!("model-{model}-7d9c5b6f4-{}", minting::letters(&format!("pod/{index}"), "bcdfghjklmnpqrstvwxz2456789", 5))
}

/// A pod after some changes: each is a restart, and leaves a tenth of the pods not ready every second time.
fn pod(load: Load, index: usize, turn: u64, began: Timestamp) -> Value {
    let app = format!("model-{}", index / load.replicas.max(1));
    let set = format!("{app}-7d9c5b6f4");
    let name = pod_name(load, index);
    let ready = turn.is_multiple_of(2) || !index.is_multiple_of(10);
    let condition = |kind: &str, holds: bool| {
        json!({
            "type": kind, "status": if holds { "True" } else { "False" }, "lastProbeTime": null,
            "lastTransitionTime": stamp(began, 3_000),
        })
    };
    let last = json!({ "terminated": {
        "exitCode": 1, "reason": "Error", "startedAt": stamp(began, 400), "finishedAt": stamp(began, 300),
    } });
    let status = json!({
        "name": "api", "ready": ready, "started": true, "restartCount": turn, "image": format!("registry.example/{app}:1"),
        "imageID": format!("registry.example/{app}@sha256:{}", minting::hex(&app, 64)),
        "state": { "running": { "startedAt": stamp(began, 290) } }, "lastState": if turn == 0 { json!({}) } else { last },
    });
    let made = with(metadata("Pod", NAMESPACE, &name, began), "labels", json!({ "app": app, "pod-template-hash": "7d9c5b6f4" }));
    let mut spec = template(&app).get("spec").cloned().unwrap_or_default();
    spec = with(spec, "nodeName", node_name(index % load.nodes.max(1)).into());
    spec = with(spec, "restartPolicy", "Always".into());
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": with(made, "ownerReferences", owner("ReplicaSet", &set)),
        "spec": spec,
        "status": {
            "phase": "Running", "startTime": stamp(began, 3_500), "containerStatuses": [status], "qosClass": "Burstable",
            "podIP": format!("10.1.{}.{}", index / 256 % 256, index % 256),
            "conditions": [
                condition("PodScheduled", true), condition("Initialized", true), condition("ContainersReady", ready), condition("Ready", ready),
            ],
        },
    })
}

fn event(load: Load, index: usize, began: Timestamp) -> Value {
    let pod = pod_name(load, index % load.pods.max(1));
    let name = format!("{pod}.{}", minting::hex(&format!("event/{index}"), 16));
    let (reason, kind, message) = match index % 3 {
        0 => ("Unhealthy", "Warning", "Readiness probe failed: HTTP probe failed with statuscode: 503"),
        1 => ("BackOff", "Warning", "Back-off restarting failed container api"),
        _ => ("Pulled", "Normal", "Container image already present on machine"),
    };
    json!({
        "apiVersion": "v1", "kind": "Event", "metadata": metadata("Event", NAMESPACE, &name, began),
        "involvedObject": {
            "apiVersion": "v1", "kind": "Pod", "namespace": NAMESPACE, "name": pod,
            "uid": minting::uuid(&format!("Pod/{NAMESPACE}/{pod}")), "fieldPath": "spec.containers{api}",
        },
        "reason": reason, "type": kind, "message": message, "count": 1 + index % 9,
        "source": { "component": "kubelet", "host": node_name(index % load.nodes.max(1)) },
        "firstTimestamp": stamp(began, 3_000 + index % 600), "lastTimestamp": stamp(began, index % 600),
        "eventTime": null, "reportingComponent": "kubelet", "reportingInstance": "",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::kubernetes::kinds::find;

    #[test]
    fn there_is_what_was_asked_for_and_changes_are_few() {
        let load = Load { pods: 120, replicas: 50, nodes: 5, events: 40, changes: 10 };
        let backing = LoadBacking { began: Timestamp::from_second(1_000_000).unwrap(), ..LoadBacking::new(load) };
        let mut store = Store::default();
        backing.update(&mut store);
        let count = |store: &Store, group, plural| store.objects(find(group, "v1", plural).unwrap(), None, "", None).unwrap().len();
        assert_eq!((count(&store, "", "pods"), count(&store, "", "nodes"), count(&store, "", "events")), (120, 5, 40));
        assert_eq!(count(&store, "apps", "deployments"), 3);
        let before = store.version();
        backing.update(&mut store);
        let changed = store.version() - before;
        assert!(changed > 0 && changed <= CATCH_UP, "{changed}");
        assert_eq!(count(&store, "", "pods"), 120, "nothing is added");
    }
}
