//! State words, amounts and placement of pods of every shape.

use serde_json::json;

use ReplicaPhase::{Done, Evicted, Failing, Ready, Starting, Unplaced, Unready};

use super::*;
use crate::domain::replica::{ProbeKind, Replica, ReplicaPhase};

/// The replica that one pod comes to.
#[expect(clippy::needless_pass_by_value, reason = "literals read best as arguments")]
fn of(meta: Value, spec: Value, status: Value) -> Replica {
    let mut metadata = json!({"name": "p", "namespace": "prod"});
    metadata.as_object_mut().unwrap().extend(meta.as_object().unwrap().clone());
    let pod = json!({"metadata": metadata, "spec": spec, "status": status});
    workloads(&Stores { pods: store([pod]), ..Stores::default() }, &settings()).replicas.remove(0)
}

fn state(spec: Value, status: Value) -> (String, ReplicaPhase, Option<String>) {
    let replica = of(json!({}), spec, status);
    (replica.state.as_str().to_owned(), replica.phase, replica.reason.map(|reason| reason.as_str().to_owned()))
}

fn one(status: Value) -> Value {
    let mut status = status;
    status["name"] = "main".into();
    json!([status])
}

fn spec() -> Value {
    json!({"nodeName": "n", "containers": [{"name": "main"}]})
}

fn with_start() -> Value {
    json!({"nodeName": "n", "initContainers": [{"name": "fetch"}, {"name": "warm"}], "containers": [{"name": "main"}]})
}

fn initializing() -> Value {
    one(json!({"state": {"waiting": {"reason": "PodInitializing"}}}))
}

/// A pod's specification and status with the word and the phase they come to.
type Case = (&'static str, ReplicaPhase, Value, Value);

fn check(cases: impl IntoIterator<Item = Case>) {
    for (word, phase, spec, status) in cases {
        let (state, found, _) = state(spec, status.clone());
        assert_eq!((state.as_str(), found), (word, phase), "{status}");
    }
}

#[test]
fn words_of_the_start_are_those_of_kubectl() {
    let sidecar =
        || json!({"nodeName": "n", "initContainers": [{"name": "proxy", "restartPolicy": "Always"}], "containers": [{"name": "main"}]});
    let creating = || one(json!({"state": {"waiting": {"reason": "ContainerCreating"}}}));
    let running = |ready: bool| one(json!({"ready": ready, "state": {"running": {"startedAt": "2026-11-21T03:00:00Z"}}}));
    let ready = || json!([{"type": "Ready", "status": "True"}, {"type": "Initialized", "status": "True"}]);
    check([
        ("Pending", Unplaced, json!({"containers": [{"name": "main"}]}), json!({"phase": "Pending"})),
        (
            "SchedulingGated",
            Unplaced,
            json!({"containers": [{"name": "main"}], "schedulingGates": [{"name": "queue"}]}),
            json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]}),
        ),
        ("Pending", Starting, spec(), json!({"phase": "Pending"})),
        ("ContainerCreating", Starting, spec(), json!({"phase": "Pending", "containerStatuses": creating()})),
        (
            "Init:0/2",
            Starting,
            with_start(),
            json!({"phase": "Pending", "containerStatuses": initializing(), "initContainerStatuses": [{"name": "fetch", "state": {"running": {}}}]}),
        ),
        (
            "Init:1/2",
            Starting,
            with_start(),
            json!({"phase": "Pending", "containerStatuses": initializing(), "initContainerStatuses": [
                {"name": "fetch", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}, {"name": "warm", "state": {"waiting": {"reason": "PodInitializing"}}}]}),
        ),
        (
            "Init:CrashLoopBackOff",
            Failing,
            with_start(),
            json!({"phase": "Pending", "containerStatuses": initializing(), "initContainerStatuses": [{"name": "fetch", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}),
        ),
        (
            "Init:ExitCode:3",
            Failing,
            with_start(),
            json!({"phase": "Pending", "containerStatuses": initializing(), "initContainerStatuses": [{"name": "fetch", "state": {"terminated": {"exitCode": 3}}}]}),
        ),
        (
            "PodInitializing",
            Starting,
            with_start(),
            json!({"phase": "Pending", "conditions": [{"type": "Initialized", "status": "True"}], "containerStatuses": initializing(), "initContainerStatuses": [
                {"name": "fetch", "state": {"terminated": {"exitCode": 0}}}, {"name": "warm", "state": {"terminated": {"exitCode": 0}}}]}),
        ),
        (
            "Running",
            Ready,
            sidecar(),
            json!({"phase": "Running", "conditions": ready(), "containerStatuses": running(true), "initContainerStatuses": [{"name": "proxy", "started": true, "ready": true, "state": {"running": {}}}]}),
        ),
    ]);
}

#[test]
fn words_of_running_and_ending_are_those_of_kubectl() {
    let running = |ready: bool| one(json!({"ready": ready, "state": {"running": {"startedAt": "2026-11-21T03:00:00Z"}}}));
    check([
        (
            "Running",
            Unready,
            spec(),
            json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}], "containerStatuses": running(false)}),
        ),
        (
            "OOMKilled",
            Failing,
            spec(),
            json!({"phase": "Running", "containerStatuses": one(json!({"state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}))}),
        ),
        (
            "Signal:9",
            Failing,
            spec(),
            json!({"phase": "Running", "containerStatuses": one(json!({"state": {"terminated": {"exitCode": 137, "signal": 9}}}))}),
        ),
        (
            "CreateContainerConfigError",
            Failing,
            spec(),
            json!({"phase": "Pending", "containerStatuses": one(json!({"state": {"waiting": {"reason": "CreateContainerConfigError"}}}))}),
        ),
        (
            "Completed",
            Done,
            spec(),
            json!({"phase": "Succeeded", "containerStatuses": one(json!({"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}))}),
        ),
        ("Evicted", Evicted, spec(), json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."})),
        (
            "Error",
            Failing,
            spec(),
            json!({"phase": "Failed", "containerStatuses": one(json!({"state": {"terminated": {"exitCode": 1, "reason": "Error"}}}))}),
        ),
        (
            "UnexpectedAdmissionError",
            Failing,
            spec(),
            json!({"phase": "Failed", "reason": "UnexpectedAdmissionError", "message": "no devices"}),
        ),
        ("Unknown", ReplicaPhase::Unknown, spec(), json!({"phase": "Unknown"})),
    ]);
}

#[test]
fn going_away_comes_last_and_lost_nodes_are_told() {
    let going = of(json!({"deletionTimestamp": "2026-11-21T03:00:00Z"}), spec(), json!({"phase": "Running"}));
    assert_eq!((going.state.as_str(), going.phase), ("Terminating", ReplicaPhase::Terminating));
    let lost = of(json!({"deletionTimestamp": "2026-11-21T03:00:00Z"}), spec(), json!({"phase": "Running", "reason": "NodeLost"}));
    assert_eq!((lost.state.as_str(), lost.phase), ("Unknown", ReplicaPhase::Unknown));
    let silent = json!({"metadata": {"name": "n"}, "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}});
    let pod = json!({"metadata": {"name": "p", "namespace": "prod"}, "spec": spec(), "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
    let stores = Stores { pods: store([pod]), nodes: store([silent]), ..Stores::default() };
    let replica = workloads(&stores, &settings()).replicas.remove(0);
    assert_eq!((replica.phase, replica.ready, replica.reason.as_deref()), (ReplicaPhase::Unknown, false, Some("NodeLost")));
}

#[test]
fn why_it_is_not_ready_is_the_first_thing_that_says_so() {
    let crash = json!({"restartCount": 3, "ready": false, "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": "Traceback\nValueError"}}});
    let again = of(json!({}), spec(), json!({"phase": "Running", "containerStatuses": one(crash)}));
    assert_eq!(
        (again.phase, again.reason.as_deref(), again.message.as_deref()),
        (ReplicaPhase::Failing, Some("Error"), Some("Traceback\nValueError"))
    );
    let evicted = of(json!({}), spec(), json!({"phase": "Failed", "reason": "Evicted", "message": "low on memory"}));
    assert_eq!((evicted.reason.as_deref(), evicted.message.as_deref(), evicted.demand.pods), (Some("Evicted"), Some("low on memory"), 0));
    let (_, _, reason) = state(
        spec(),
        json!({"phase": "Pending", "containerStatuses": one(json!({"state": {"waiting": {"reason": "ContainerCreating"}}}))}),
    );
    assert_eq!(reason.as_deref(), Some("ContainerCreating"));
}

#[test]
fn demand_is_what_the_scheduler_counts() {
    let part = |cpu: &str, memory: &str| json!({"name": cpu, "resources": {"requests": {"cpu": cpu, "memory": memory}}});
    let staying = json!({"name": "proxy", "restartPolicy": "Always", "resources": {"requests": {"cpu": "200m", "memory": "1Gi"}}});
    let gpu = json!({"name": "gpu", "resources": {"requests": {"cpu": "1"}, "limits": {"nvidia.com/gpu": 2, "memory": "4Gi"}}});
    let spec = json!({"initContainers": [part("500m", "8Gi"), staying, part("3", "1Gi")], "containers": [gpu, part("1", "1Gi")],
        "overhead": {"cpu": "250m", "memory": "120Mi"}});
    let demand = of(json!({}), spec, json!({})).demand;
    assert_eq!(
        (demand.cpu_millis, demand.gpus, demand.pods),
        (3_200 + 250, 2, 1),
        "the last container of the start beside the one that stays"
    );
    assert_eq!(demand.memory_bytes, (8 << 30) + (120 << 20), "the first container of the start is the largest");
}

#[test]
fn accelerators_of_every_maker_have_names_and_whole_ones_are_gpus() {
    let with = |name: &str, count: i64| {
        let spec = json!({"containers": [{"name": "main", "resources": {"limits": {name: count}}}]});
        let replica = of(json!({}), spec, json!({}));
        (replica.demand.gpus, replica.demand.neuron, replica.extended.get(name).copied())
    };
    let cases = [
        ("nvidia.com/gpu", 2, (2, 0, Some(2))),
        ("amd.com/gpu", 1, (1, 0, Some(1))),
        ("nvidia.com/mig-1g.5gb", 3, (0, 0, Some(3))),
        ("aws.amazon.com/neuron", 1, (0, 1, Some(1))),
        ("aws.amazon.com/neuroncore", 3, (0, 2, Some(3))),
        ("habana.ai/gaudi", 8, (0, 0, Some(8))),
        ("google.com/tpu", 4, (0, 0, Some(4))),
    ];
    for (name, count, expected) in cases {
        assert_eq!(with(name, count), expected, "{name}");
    }
}

#[test]
fn placement_and_needs_are_read() {
    let spec = json!({
        "nodeSelector": {"pool": "gpu"}, "priority": 7, "priorityClassName": "high", "schedulerName": "volcano", "runtimeClassName": "nvidia",
        "schedulingGates": [{"name": "queue"}], "imagePullSecrets": [{"name": "registry"}],
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}, {"key": "pool", "value": "a", "effect": "NoSchedule"}, {"operator": "Exists"}],
        "affinity": {
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["b"]}], "matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}]}},
            "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "x"}}}]}},
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["x", "y"]}]}},
            {"maxSkew": 1, "topologyKey": "soft", "whenUnsatisfiable": "ScheduleAnyway"}],
        "volumes": [{"name": "a", "persistentVolumeClaim": {"claimName": "cache"}}, {"name": "scratch", "ephemeral": {}}, {"name": "c", "configMap": {"name": "config"}},
            {"name": "s", "secret": {"secretName": "maybe", "optional": true}}, {"name": "t", "projected": {"sources": [{"secret": {"name": "token"}}, {"configMap": {"name": "kube-root-ca.crt"}}]}}],
        "containers": [{"name": "main", "ports": [{"name": "http", "containerPort": 8080, "hostPort": 80}],
            "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "hub", "key": "k"}}}, {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "soft", "key": "k", "optional": true}}}],
            "envFrom": [{"configMapRef": {"name": "env"}}],
            "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 5, "failureThreshold": 1},
            "livenessProbe": {"tcpSocket": {"port": "other"}}, "startupProbe": {"exec": {"command": ["cat", "/ok"]}}}],
    });
    let replica = of(json!({}), spec, json!({}));
    let place = &replica.placement;
    assert_eq!((place.selector["pool"].as_str(), place.priority, place.scheduler.as_str(), place.gates.len()), ("gpu", 7, "volcano", 1));
    assert_eq!(place.affinity[0].all.len(), 2);
    assert_eq!(place.tolerations.iter().map(|it| it.value.as_deref()).collect::<Vec<_>>(), [None, Some("a"), None]);
    assert_eq!(place.neighbours.len(), 2);
    assert_eq!(place.neighbours[0], "apart from pods with app=x, per kubernetes.io/hostname");
    assert_eq!(place.claims, ["prod/cache", "prod/p-scratch"]);
    assert_eq!(place.needs, ["configmap prod/config", "configmap prod/env", "secret prod/hub", "secret prod/token"]);
    assert_eq!((place.pull_secrets[0].as_str(), place.host_ports[0]), ("registry", 80));
    let probes: Vec<_> = replica.containers[0]
        .probes
        .iter()
        .map(|probe| (probe.kind, probe.asks.as_str(), probe.port, probe.period, probe.failures))
        .collect();
    assert_eq!(
        probes,
        [
            (ProbeKind::Startup, "exec cat /ok", None, 10, 3),
            (ProbeKind::Readiness, "http :8080/ready", Some(8080), 5, 1),
            (ProbeKind::Liveness, "tcp :other", None, 10, 3),
        ]
    );
}

#[test]
fn groups_and_ways_of_payment_by_label() {
    let node = |labels: Value, taints: Value| {
        let node = json!({"metadata": {"name": "n", "labels": labels}, "spec": {"taints": taints}});
        nodes(&Stores { nodes: store([node]), ..Stores::default() }, &settings()).nodes.remove(0)
    };
    let cases = [
        (
            json!({"eks.amazonaws.com/nodegroup": "gpu", "eks.amazonaws.com/capacityType": "SPOT", "karpenter.sh/nodepool": "x"}),
            Some("gpu"),
            true,
        ),
        (json!({"alpha.eksctl.io/nodegroup-name": "ng", "node-lifecycle": "on-demand"}), Some("ng"), false),
        (json!({"karpenter.sh/nodepool": "pool", "karpenter.sh/capacity-type": "spot"}), Some("pool"), true),
        (json!({"cloud.google.com/gke-nodepool": "l4", "cloud.google.com/gke-spot": "true"}), Some("l4"), true),
        (json!({"agentpool": "nc6", "kubernetes.azure.com/scalesetpriority": "spot"}), Some("nc6"), true),
        (json!({}), None, false),
    ];
    for (labels, group, spot) in cases {
        let node = node(labels.clone(), json!([]));
        assert_eq!((node.group.as_deref(), node.spot, node.is_worker, node.ready), (group, spot, true, None), "{labels}");
    }
    assert!(!node(json!({"node-role.kubernetes.io/control-plane": ""}), json!([])).is_worker);
    assert!(!node(json!({}), json!([{"key": "node-role.kubernetes.io/master", "effect": "NoSchedule"}])).is_worker);
    let labels = json!({"nvidia.com/gpu.product": "NVIDIA-A10G", "nvidia.com/cuda.driver.major": "535", "nvidia.com/cuda.driver.minor": "104", "nvidia.com/cuda.driver.rev": "05"});
    let detail = node(labels, json!([])).detail.unwrap();
    assert_eq!((detail.accelerator_model.as_deref(), detail.driver_version.as_deref()), (Some("NVIDIA-A10G"), Some("535.104.05")));
}
