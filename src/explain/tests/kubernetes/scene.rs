//! A small Kubernetes cluster in plain values: one GPU node held by the old replica, a CPU node,
//! a control-plane node, and an update whose new replica has no node.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::capacity::Resources;
use crate::domain::condition::StatusCondition;
use crate::domain::event::Event;
use crate::domain::id::{ResourceKey, ResourceKind, SourceId};
use crate::domain::node::{ExtendedAmount, Node, NodeDetail};
use crate::domain::placement::{Placement, Taint, Toleration};
use crate::domain::replica::{Container, ContainerState, Replica, ReplicaPhase};
use crate::domain::rollout::{Revision, Rollout};
use crate::domain::snapshot::{Cluster, Snapshot, SourceView, View};
use crate::domain::source::{Failure, FailureKind, Gap, Health, PollStats};
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp};
use crate::domain::workload::{Phase, ReplicaCounts, Workload};
use crate::explain::finding::Explanation;
use crate::explain::run;
use crate::explain::testing::{Scene, key, one_gpu, prod};

pub(super) const HERO: &str = "ml/text-generator";

#[derive(Clone, Debug)]
pub(super) struct Inner {
    pub now: Timestamp,
    pub main: View,
    pub nodes: View,
    pub events: View,
    pub aws: Option<(View, View)>,
}

impl Inner {
    /// An update since 41 minutes: the old replica holds the only GPU.
    pub(super) fn stuck() -> Self {
        let mut template = Scene::stuck();
        let now = template.now;
        let mut inner = Self { now, main: View::default(), nodes: View::default(), events: View::default(), aws: None };
        inner.main.kubectl_context = Some("prod-eks".into());
        inner.main.cluster = Some(Cluster {
            platform: "kubernetes".into(),
            name: "prod-eks".into(),
            version: Some("1.31".into()),
            region: Some("us-east-1".into()),
            account: None,
            identity: None,
            pending_replicas: None,
        });
        let mut workload: Workload = template.hero().clone();
        workload.key = key(ResourceKind::Workload, HERO);
        workload.platform = "kubernetes".into();
        workload.kind = "deployment".into();
        workload.replicas = Some(ReplicaCounts { desired: Some(1), ready_old: 1, up_to_date: 1, pending: 1, ..ReplicaCounts::default() });
        inner.main.workloads.push(workload);
        inner.add_node("gpu-1", 1, 0);
        inner.add_node("cpu-1", 0, 0);
        inner.add_node("control-1", 0, 0);
        inner.node("control-1").taints.push(taint("node-role.kubernetes.io/control-plane", ""));
        inner.add_replica("text-generator-old", true, Some("gpu-1"));
        inner.add_replica("text-generator-new", false, None);
        inner.add_rollout();
        inner
    }

    pub(super) fn ago(&self, minutes: u64) -> Timestamp {
        self.now.checked_sub(Duration::from_mins(minutes)).unwrap()
    }

    pub(super) fn add_node(&mut self, name: &str, gpus: i64, free: i64) {
        let capacity = Resources { cpu_millis: 3_900, memory_bytes: 15 << 30, gpus, pods: 58, ..Resources::default() };
        let taken = Resources { gpus: gpus - free, pods: 5, ..Resources::default() };
        let mut detail = NodeDetail { physical: capacity, zone: Some("us-east-1a".into()), ..NodeDetail::default() };
        detail.labels.insert("kubernetes.io/hostname".into(), name.into());
        detail.conditions.push(condition("Ready", Some(true), "KubeletReady", ""));
        if gpus > 0 {
            detail.extended.insert("nvidia.com/gpu".into(), ExtendedAmount { capacity: gpus, allocatable: gpus, requested: gpus - free });
        }
        self.nodes.nodes.push(Node {
            key: key(ResourceKind::Node, name),
            group: None,
            is_worker: true,
            instance_type: if gpus > 0 { "g4dn.xlarge".into() } else { "m5.xlarge".into() },
            spot: false,
            price_milli_usd: None,
            capacity,
            free: capacity.minus(taken),
            replicas: None,
            ready: Some(true),
            created_at: Some(self.ago(600)),
            detail: Some(Arc::new(detail)),
        });
    }

    pub(super) fn machine(&mut self, name: &str) -> &mut Node {
        self.nodes.nodes.iter_mut().find(|node| node.key.name.as_str() == name).unwrap()
    }

    pub(super) fn node(&mut self, name: &str) -> &mut NodeDetail {
        Arc::make_mut(self.machine(name).detail.as_mut().unwrap())
    }

    pub(super) fn add_replica(&mut self, name: &str, old: bool, node: Option<&str>) {
        let mut replica = Replica::unknown(key(ResourceKind::Replica, &format!("ml/{name}")));
        replica.workload = Some(key(ResourceKind::Workload, HERO));
        replica.is_current = !old;
        replica.version = if old { "old".into() } else { "new".into() };
        replica.phase = if node.is_some() { ReplicaPhase::Ready } else { ReplicaPhase::Unplaced };
        replica.ready = node.is_some();
        replica.node = node.map(Text::from);
        replica.demand = one_gpu();
        replica.extended = BTreeMap::from([("nvidia.com/gpu".into(), 1)]);
        replica.created_at = Some(self.ago(if old { 9_000 } else { 41 }));
        let toleration = Toleration { key: "nvidia.com/gpu".into(), value: None, effect: "".into() };
        replica.placement = Arc::new(Placement { tolerations: vec![toleration], ..Placement::default() });
        if node.is_none() {
            replica.reason = Some("Unschedulable".into());
            replica.message = Some("0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.".into());
            replica.conditions.push(condition("PodScheduled", Some(false), "Unschedulable", ""));
        }
        self.main.replicas.push(replica);
        self.main.replicas.sort_by(|a, b| a.key.cmp(&b.key));
    }

    pub(super) fn replica(&mut self, name: &str) -> &mut Replica {
        let full = format!("ml/{name}");
        self.main.replicas.iter_mut().find(|replica| replica.key.name.as_str() == full).unwrap()
    }

    pub(super) fn placement(&mut self, name: &str) -> &mut Placement {
        Arc::make_mut(&mut self.replica(name).placement)
    }

    fn add_rollout(&mut self) {
        let revision = |name: &str, current: bool, ready: u32| Revision {
            name: name.into(),
            number: Some(if current { 2 } else { 1 }),
            is_current: current,
            desired: 1,
            existing: 1,
            ready,
            images: Vec::new(),
            created_at: Some(self.ago(if current { 41 } else { 9_000 })),
            conditions: Vec::new(),
        };
        let revisions = vec![revision("text-generator-new", true, 0), revision("text-generator-old", false, 1)];
        self.main.rollouts.push(Rollout {
            key: key(ResourceKind::Rollout, "Deployment ml/text-generator"),
            workload: key(ResourceKind::Workload, HERO),
            generation: Some(4),
            observed_generation: Some(4),
            paused: false,
            desired: 1,
            updated: 1,
            ready: 1,
            available: 1,
            unavailable: 1,
            surge: 1,
            max_unavailable: 0,
            progress_deadline: Some(Duration::from_mins(10)),
            conditions: Vec::new(),
            revisions,
        });
    }

    pub(super) fn rollout(&mut self) -> &mut Rollout {
        &mut self.main.rollouts[0]
    }

    pub(super) fn hero(&mut self) -> &mut Workload {
        &mut self.main.workloads[0]
    }

    pub(super) fn counts(&mut self) -> &mut ReplicaCounts {
        self.hero().replicas.as_mut().unwrap()
    }

    /// The new replica has a node and runs one container in this state.
    pub(super) fn place(&mut self, phase: ReplicaPhase, state: ContainerState) -> &mut Container {
        let placed = self.ago(40);
        self.add_node("gpu-2", 1, 0);
        *self.counts() = ReplicaCounts { desired: Some(1), ready_old: 1, up_to_date: 1, ..ReplicaCounts::default() };
        let replica = self.replica("text-generator-new");
        replica.node = Some("gpu-2".into());
        replica.phase = phase;
        replica.reason = None;
        replica.message = None;
        replica.conditions.clear();
        replica.placed_at = Some(placed);
        replica.containers = vec![Container {
            name: "main".into(),
            init: false,
            image: "registry.test/model:2".into(),
            ready: false,
            restarts: 0,
            state,
            last: None,
            probes: Vec::new(),
            ports: Vec::new(),
            memory_limit: None,
        }];
        &mut self.replica("text-generator-new").containers[0]
    }

    pub(super) fn event(&mut self, of: ResourceKey, minutes_ago: u64, reason: &str, message: &str) {
        let at = self.ago(minutes_ago);
        let warning = !matches!(reason, "Killing" | "TriggeredScaleUp" | "Nominated");
        self.events.events.push(Event { of, at, first_at: None, count: 1, warning, reason: reason.into(), message: message.into() });
    }

    pub(super) fn pod_event(&mut self, minutes_ago: u64, reason: &str, message: &str) {
        self.event(key(ResourceKind::Replica, "ml/text-generator-new"), minutes_ago, reason, message);
    }

    pub(super) fn deny(&mut self, what: &str) {
        let mut failure = Failure::new(FailureKind::Denied, "forbidden", "ask for the right");
        failure.permissions = vec![what.into()];
        self.nodes.gaps.push(Gap { what: what.into(), failure });
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        let mut add = |kind: &str, view: &View| {
            let view = SourceView { health: Health::Fresh { at: self.now }, view: Arc::new(view.clone()), stats: PollStats::default() };
            snapshot.views.insert(SourceId::new(&prod(), kind), view);
        };
        add("kubernetes", &self.main);
        add("kubernetes.nodes", &self.nodes);
        add("kubernetes.events", &self.events);
        if let Some((groups, quotas)) = &self.aws {
            add("aws.autoscaling", groups);
            add("aws.servicequotas", quotas);
        }
        snapshot
    }

    pub(super) fn why(&self) -> Explanation {
        run(&self.snapshot(), self.now).remove(&key(ResourceKind::Workload, HERO)).unwrap()
    }

    /// Calm: everything is there.
    pub(super) fn live(mut self) -> Self {
        self.hero().status.phase = Phase::Live;
        *self.counts() = ReplicaCounts { desired: Some(1), ready: 1, up_to_date: 1, ..ReplicaCounts::default() };
        self
    }
}

pub(super) fn condition(name: &str, holds: Option<bool>, reason: &str, message: &str) -> StatusCondition {
    StatusCondition { name: name.into(), holds, reason: reason.into(), message: message.into(), since: None }
}

pub(super) fn taint(key: &str, value: &str) -> Taint {
    Taint { key: key.into(), value: value.into(), effect: "NoSchedule".into(), since: None }
}
