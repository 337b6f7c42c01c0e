//! The same story from inside the cluster: the new replica of text-generator finds no GPU, one of
//! image-classifier runs out of memory, one node has sliced its GPUs.

use std::collections::BTreeMap;
use std::sync::Arc;

use holdup::console::Model;
use holdup::domain::capacity::Resources;
use holdup::domain::condition::StatusCondition;
use holdup::domain::event::Event;
use holdup::domain::id::{ResourceKey, ResourceKind};
use holdup::domain::limits::{DisruptionBudget, NamespaceQuota, Scaler, VolumeClaim};
use holdup::domain::node::{ExtendedAmount, Node, NodeDetail};
use holdup::domain::placement::{Placement, Taint, Toleration};
use holdup::domain::replica::{Container, ContainerState, Probe, ProbeKind, Replica, ReplicaPhase, Termination};
use holdup::domain::rollout::{Revision, Rollout};
use holdup::domain::snapshot::View;
use holdup::domain::text::Text;
use holdup::domain::time::Duration;

use super::world::{ago, bring, key, workload_key};

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
const GIB: i64 = 1 << 30;

/// The cluster's own sources report.
pub fn join(model: &mut Model) {
    bring(model, "kubernetes.events", 1, Ok(View { events: events(), ..View::default() }));
    bring(model, "kubernetes.nodes", 2, Ok(View { nodes: nodes(), ..View::default() }));
    let view = View {
        replicas: replicas(),
        rollouts: vec![rollout()],
        scalers: vec![scaler()],
        budgets: vec![budget()],
        claims: vec![claim()],
        namespace_quotas: vec![quota()],
        ..View::default()
    };
    bring(model, "kubernetes", 1, Ok(view));
}

fn condition(name: &str, holds: Option<bool>, reason: &str, message: &str, seconds: u64) -> StatusCondition {
    StatusCondition { name: name.into(), holds, reason: reason.into(), message: message.into(), since: Some(ago(seconds)) }
}

fn taint(key: &str, value: &str, effect: &str) -> Taint {
    Taint { key: key.into(), value: value.into(), effect: effect.into(), since: None }
}

fn nodes() -> Vec<Node> {
    let gpu = || vec![taint("nvidia.com/gpu", "true", "NoSchedule")];
    let amount = |capacity, allocatable, requested| ExtendedAmount { capacity, allocatable, requested };
    let mig = BTreeMap::from([(Text::from("nvidia.com/mig-1g.5gb"), amount(7, 7, 5))]);
    let sick = BTreeMap::from([(Text::from("nvidia.com/gpu"), amount(4, 3, 3))]);
    let mut nodes = vec![
        node("ip-10-0-31-7.ec2.internal", "g4dn.xlarge", (1, 0), (gpu(), false, true), BTreeMap::new()),
        node("ip-10-0-44-120.ec2.internal", "g5.12xlarge", (4, 1), (gpu(), false, true), BTreeMap::new()),
        node("ip-10-0-12-88.ec2.internal", "g5.12xlarge", (3, 0), (gpu(), true, true), sick),
        node("ip-10-0-60-3.ec2.internal", "p4d.24xlarge", (0, 0), (gpu(), false, true), mig),
        node("ip-10-0-9-14.ec2.internal", "m5.2xlarge", (0, 0), (Vec::new(), false, true), BTreeMap::new()),
        node("ip-10-0-77-201.ec2.internal", "m5.2xlarge", (0, 0), (Vec::new(), false, false), BTreeMap::new()),
    ];
    nodes.sort_by(|a, b| a.key.cmp(&b.key));
    nodes
}

type State = (Vec<Taint>, bool, bool);

fn node(
    name: &str,
    kind: &str,
    (gpus, free): (i64, i64),
    (taints, cordoned, ready): State,
    extended: BTreeMap<Text, ExtendedAmount>,
) -> Node {
    let capacity = Resources { cpu_millis: 7_910, memory_bytes: 30 * GIB, gpus, pods: 58, ..Resources::default() };
    let detail = NodeDetail {
        labels: BTreeMap::from([
            ("node.kubernetes.io/instance-type".into(), kind.into()),
            ("nvidia.com/gpu.product".into(), "NVIDIA-A10G".into()),
            ("workload".into(), "true".into()),
        ]),
        taints,
        cordoned,
        conditions: vec![
            condition(
                "Ready",
                ready.then_some(true),
                if ready { "KubeletReady" } else { "NodeStatusUnknown" },
                if ready { "kubelet is posting ready status" } else { "Kubelet stopped posting node status." },
                9 * HOUR,
            ),
            condition("MemoryPressure", Some(false), "KubeletHasSufficientMemory", "", 9 * HOUR),
        ],
        physical: Resources { cpu_millis: 8_000, memory_bytes: 32 * GIB, gpus, pods: 58, ..Resources::default() },
        extended,
        zone: Some("us-east-1a".into()),
        instance: Some("i-0a1b2c3d4e5f60718".into()),
        accelerator_model: (gpus > 0).then(|| "NVIDIA-A10G".into()),
        driver_version: (gpus > 0).then(|| "535.161.08".into()),
        agent_version: Some("v1.29.3-eks-ae9a62a".into()),
        deleting_since: None,
    };
    Node {
        key: key(ResourceKind::Node, name),
        group: None,
        is_worker: true,
        instance_type: kind.into(),
        spot: kind.starts_with("g5"),
        price_milli_usd: None,
        capacity,
        free: Resources { cpu_millis: 2_400, memory_bytes: 9 * GIB, gpus: free, pods: 40, ..capacity },
        replicas: Some(1),
        ready: Some(ready && !cordoned),
        created_at: Some(ago(9 * HOUR)),
        detail: Some(Arc::new(detail)),
    }
}

fn container(name: &str, ready: bool, state: ContainerState) -> Container {
    Container {
        name: name.into(),
        init: false,
        image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/text-generator:7".into(),
        ready,
        restarts: 0,
        state,
        last: None,
        probes: vec![Probe {
            kind: ProbeKind::Readiness,
            asks: "http :8080/healthz".into(),
            port: Some(8080),
            initial_delay: 10,
            period: 10,
            timeout: 2,
            failures: 3,
        }],
        ports: vec![8080],
        memory_limit: Some(14 * GIB),
    }
}

fn running(name: &str, ready: bool) -> Container {
    container(name, ready, ContainerState::Running { since: Some(ago(9 * HOUR)) })
}

fn replica(of: Option<&str>, pod: &str, phase: ReplicaPhase, node: Option<&str>, gpus: i64) -> Replica {
    let version = pod.rsplit_once('-').map_or(pod, |(version, _)| version);
    let state = match phase {
        ReplicaPhase::Unplaced => "Pending",
        ReplicaPhase::Failing => "CrashLoopBackOff",
        _ => "Running",
    };
    let ready = phase == ReplicaPhase::Ready;
    let placement = Placement {
        selector: BTreeMap::from([("workload".into(), "true".into())]),
        tolerations: vec![Toleration { key: "nvidia.com/gpu".into(), value: None, effect: "NoSchedule".into() }],
        claims: of.map(|of| Text::from(format!("default/{of}-cache"))).into_iter().collect(),
        ..Placement::default()
    };
    Replica {
        workload: of.map(workload_key),
        version: version.into(),
        is_current: true,
        phase,
        state: state.into(),
        ready,
        node: node.map(|node| Text::from(format!("{node}.ec2.internal"))),
        demand: Resources { cpu_millis: 3_000, memory_bytes: 14 * GIB, gpus, pods: 1, ..Resources::default() },
        containers: vec![running("api", ready), running("proxy", true)],
        placement: Arc::new(placement),
        created_at: Some(ago(9 * HOUR)),
        placed_at: node.map(|_| ago(9 * HOUR)),
        ..Replica::unknown(key(ResourceKind::Replica, &format!("default/{pod}")))
    }
}

const NOWHERE: &str = "0/6 nodes are available: 1 node(s) were unschedulable, 2 Insufficient nvidia.com/gpu, 3 node(s) didn't match Pod's \
    node affinity/selector. preemption: 0/6 nodes are available: 2 No preemption victims found for incoming pod.";

fn replicas() -> Vec<Replica> {
    let waiting = Replica {
        reason: Some("Unschedulable".into()),
        message: Some(NOWHERE.into()),
        conditions: vec![condition("PodScheduled", Some(false), "Unschedulable", NOWHERE, 41 * MINUTE)],
        containers: vec![container("api", false, ContainerState::Unknown), container("proxy", false, ContainerState::Unknown)],
        created_at: Some(ago(41 * MINUTE)),
        ..replica(Some("text-generator"), "api-text-generator-7c9d5-qhjn9", ReplicaPhase::Unplaced, None, 1)
    };
    let old = Replica {
        is_current: false,
        ..replica(Some("text-generator"), "api-text-generator-5b4f8-x2k4p", ReplicaPhase::Ready, Some("ip-10-0-31-7"), 1)
    };
    let died = Termination {
        reason: "OOMKilled".into(),
        exit_code: 137,
        started_at: Some(ago(3 * MINUTE)),
        finished_at: Some(ago(2 * MINUTE)),
        ..Termination::default()
    };
    let back_off =
        ContainerState::Waiting { reason: "CrashLoopBackOff".into(), message: "back-off 5m0s restarting failed container".into() };
    let crashing = Replica {
        restarts: 11,
        reason: Some("CrashLoopBackOff".into()),
        containers: vec![Container { restarts: 11, last: Some(died), ..container("api", false, back_off) }, running("proxy", true)],
        created_at: Some(ago(12 * MINUTE)),
        ..replica(Some("image-classifier"), "api-image-classifier-8d7c6-b5n2w", ReplicaPhase::Failing, Some("ip-10-0-44-120"), 2)
    };
    let unready = Replica {
        created_at: Some(ago(13 * MINUTE)),
        ..replica(Some("image-classifier"), "api-image-classifier-8d7c6-z9z9z", ReplicaPhase::Unready, Some("ip-10-0-44-120"), 1)
    };
    let plugin = Replica {
        demand: Resources { cpu_millis: 100, memory_bytes: 100 << 20, pods: 1, ..Resources::default() },
        containers: vec![running("nvidia-device-plugin-ctr", true)],
        ..replica(None, "nvidia-device-plugin-daemonset-m5kq2", ReplicaPhase::Ready, Some("ip-10-0-44-120"), 0)
    };
    let notebook = replica(None, "jupyter-research-0", ReplicaPhase::Ready, Some("ip-10-0-44-120"), 0);
    let mut all = vec![waiting, old, crashing, unready, plugin, Replica { demand: Resources { gpus: 1, ..notebook.demand }, ..notebook }];
    all.sort_by(|a, b| a.key.cmp(&b.key));
    all
}

fn revision(name: &str, number: u64, current: bool, ready: u32, minutes: u64) -> Revision {
    Revision {
        name: name.into(),
        number: Some(number),
        is_current: current,
        desired: 1,
        existing: 1,
        ready,
        images: vec![Text::from(format!("text-generator:{number}"))],
        created_at: Some(ago(minutes * MINUTE)),
        conditions: Vec::new(),
    }
}

fn rollout() -> Rollout {
    let late = "ReplicaSet \"api-text-generator-7c9d5\" has timed out progressing.";
    Rollout {
        key: key(ResourceKind::Rollout, "Deployment default/api-text-generator"),
        workload: workload_key("text-generator"),
        generation: Some(7),
        observed_generation: Some(7),
        paused: false,
        desired: 1,
        updated: 1,
        ready: 1,
        available: 1,
        unavailable: 1,
        surge: 1,
        max_unavailable: 0,
        progress_deadline: Some(Duration::from_mins(10)),
        conditions: vec![
            condition("Progressing", Some(false), "ProgressDeadlineExceeded", late, 31 * MINUTE),
            condition("Available", Some(true), "MinimumReplicasAvailable", "Deployment has minimum availability.", 72 * HOUR),
        ],
        revisions: vec![revision("api-text-generator-7c9d5", 7, true, 0, 41), revision("api-text-generator-5b4f8", 6, false, 1, 4320)],
    }
}

fn scaler() -> Scaler {
    Scaler {
        key: key(ResourceKind::Scaler, "default/text-generator"),
        workload: Some(workload_key("text-generator")),
        min: 1,
        max: 4,
        current: 1,
        desired: 1,
        metrics: vec!["cpu 41 % of 80 %".into()],
        conditions: Vec::new(),
    }
}

fn budget() -> DisruptionBudget {
    DisruptionBudget {
        key: key(ResourceKind::DisruptionBudget, "default/text-generator"),
        workloads: vec![workload_key("text-generator")],
        rule: "minAvailable 100%".into(),
        expected: 1,
        healthy: 1,
        needed: 1,
        allowed: 0,
        conditions: Vec::new(),
    }
}

fn claim() -> VolumeClaim {
    VolumeClaim {
        key: key(ResourceKind::VolumeClaim, "default/text-generator-cache"),
        phase: "Bound".into(),
        class: Some("gp3".into()),
        class_exists: Some(true),
        waits_for_replica: true,
        volume: Some("pvc-0f3c".into()),
        zones: vec!["us-east-1a".into()],
        access: vec!["ReadWriteOnce".into()],
        conditions: Vec::new(),
        created_at: Some(ago(72 * HOUR)),
    }
}

fn quota() -> NamespaceQuota {
    NamespaceQuota {
        key: key(ResourceKind::NamespaceQuota, "default/gpus"),
        resource: "requests.nvidia.com/gpu".into(),
        hard: "8".into(),
        used: "6".into(),
        hard_amount: 8,
        used_amount: 6,
    }
}

fn events() -> Vec<Event> {
    let event = |of: ResourceKey, seconds, count, warning, reason: &str, message: &str| Event {
        of,
        at: ago(seconds),
        first_at: Some(ago(seconds + u64::from(count) * 60)),
        count,
        warning,
        reason: reason.into(),
        message: message.into(),
    };
    let pod = |name: &str| key(ResourceKind::Replica, &format!("default/{name}"));
    vec![
        event(pod("api-text-generator-7c9d5-qhjn9"), 40, 40, true, "FailedScheduling", NOWHERE),
        event(
            pod("api-image-classifier-8d7c6-z9z9z"),
            75,
            9,
            true,
            "Unhealthy",
            "Readiness probe failed: HTTP probe failed with statuscode: 503",
        ),
        event(pod("api-image-classifier-8d7c6-b5n2w"), 130, 52, true, "BackOff", "Back-off restarting failed container api"),
        event(pod("api-image-classifier-8d7c6-gone1"), 900, 31, true, "BackOff", "Back-off restarting failed container api"),
        event(key(ResourceKind::Node, "ip-10-0-77-201.ec2.internal"), 1200, 1, false, "NodeNotReady", "Node status is now: NodeNotReady"),
        event(
            key(ResourceKind::Rollout, "Deployment default/api-text-generator"),
            41 * MINUTE,
            1,
            false,
            "ScalingReplicaSet",
            "Scaled up replica set api-text-generator-7c9d5 from 0 to 1",
        ),
    ]
}
