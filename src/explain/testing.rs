//! Scenes for tests: a small cluster in plain values, changed by each test where it matters.

use std::sync::Arc;

use super::finding::{Explanation, Explanations};
use super::verdict::run;
use crate::domain::capacity::Resources;
use crate::domain::group::{ActivityKind, ActivityOutcome, NodeGroup, ScalingActivity};
use crate::domain::history::History;
use crate::domain::id::{ResourceKey, ResourceKind, SourceId};
use crate::domain::job::{Job, JobPhase};
use crate::domain::node::Node;
use crate::domain::quota::{Quota, Usage};
use crate::domain::snapshot::{Cluster, Snapshot, SourceView, View};
use crate::domain::source::{Failure, FailureKind, Health, PollStats};
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp};
use crate::domain::workload::{Amount, Phase, ReplicaBounds, ReplicaCounts, Role, Status, UpdateStrategy, Workload};

/// What the provider answers when the vCPU quota is used up.
pub(crate) const QUOTA_TEXT: &str = "You have requested more vCPU capacity than your current vCPU limit of 4 allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit. Launching EC2 instance failed.";
/// What it answers when a zone has no machine.
pub(crate) const ZONE_TEXT: &str = "We currently do not have sufficient g4dn.xlarge capacity in the Availability Zone you requested (us-east-1a). Launching EC2 instance failed.";
/// What it answers when there is no reclaimable machine.
pub(crate) const SPOT_TEXT: &str = "Could not launch Spot Instances. UnfulfillableCapacity - Unable to fulfill capacity due to your request configuration. Please adjust your request and try again. Launching EC2 instance failed.";

/// A cluster with one context, changed by tests.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub now: Timestamp,
    pub cortex: View,
    pub groups: View,
    pub quotas: View,
    pub history: History,
    pub failing: Vec<(&'static str, Failure)>,
}

/// The context's name.
pub(crate) fn prod() -> Text {
    "prod".into()
}

/// A key in it.
pub(crate) fn key(kind: ResourceKind, name: &str) -> ResourceKey {
    ResourceKey::new(&prod(), kind, name)
}

/// What one GPU replica asks for.
pub(crate) fn one_gpu() -> Resources {
    Resources { cpu_millis: 2_000, memory_bytes: 8 << 30, gpus: 1, pods: 1, ..Resources::default() }
}

impl Scene {
    /// One GPU machine, one replica of the old version on it, an update since 41 minutes whose new
    /// replica has no place; the group may grow to five.
    pub(crate) fn stuck() -> Self {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let mut scene = Self {
            now,
            cortex: View::default(),
            groups: View::default(),
            quotas: View::default(),
            history: History::default(),
            failing: Vec::new(),
        };
        scene.cortex.cluster = Some(cluster("cortex", "prod"));
        scene.add_group("gpu", "g4dn.xlarge", 1, 5, false);
        scene.add_node("gpu", "node-1", 1, 0);
        let mut workload = scene.workload("text-generator");
        workload.replicas = Some(ReplicaCounts { desired: Some(1), ready_old: 1, up_to_date: 1, stalled: 1, ..ReplicaCounts::default() });
        scene.cortex.workloads.push(workload);
        scene.quotas.quotas.push(scene.quota("L-DB2E81BA", "G and VT", false, 64, 4));
        scene
    }

    pub(crate) fn ago(&self, minutes: u64) -> Timestamp {
        self.now.checked_sub(Duration::from_mins(minutes)).unwrap()
    }

    /// A realtime workload that has been updating for 41 minutes.
    pub(crate) fn workload(&self, name: &str) -> Workload {
        Workload {
            key: key(ResourceKind::Workload, name),
            platform: "cortex".into(),
            kind: "realtime".into(),
            role: Role::Serving,
            status: Status { phase: Phase::Updating, native: "compute unavailable".into(), since: None, serving: true },
            replicas: None,
            demand: Some(one_gpu()),
            pinned_groups: Vec::new(),
            strategy: Some(UpdateStrategy { max_surge: Amount::Percent(25), max_unavailable: Amount::Percent(25) }),
            bounds: Some(ReplicaBounds { min: 1, max: 4 }),
            versions: Vec::new(),
            targets: Vec::new(),
            jobs: Vec::new(),
            deployed_at: Some(self.ago(41)),
            endpoint: Some("http://example.test/text-generator".into()),
            messages: Vec::new(),
            quota_demand: None,
            usual_rollout: Duration::from_mins(10),
            reproduce: "cortex get --env prod".into(),
            names: std::collections::BTreeMap::new(),
        }
    }

    /// The workload every scene starts with.
    pub(crate) fn hero(&mut self) -> &mut Workload {
        &mut self.cortex.workloads[0]
    }

    pub(crate) fn counts(&mut self) -> &mut ReplicaCounts {
        self.hero().replicas.as_mut().unwrap()
    }

    /// A batch workload with one job that waits for `unplaced` of `workers`.
    pub(crate) fn add_job(&mut self, name: &str, workers: u32, ready: u32, unplaced: u32) {
        let mut workload = self.workload(name);
        workload.role = Role::Jobs;
        workload.kind = "batch".into();
        workload.status.phase = Phase::Live;
        workload.jobs.push(Job {
            key: key(ResourceKind::Job, &format!("{name}/69da5b")),
            phase: JobPhase::Running,
            native: "running".into(),
            workers,
            counts: ReplicaCounts { desired: Some(workers), ready, pending: unplaced, ..ReplicaCounts::default() },
            succeeded: 0,
            started_at: Some(self.ago(30)),
            ended_at: None,
            queued_batches: None,
            total_batches: None,
        });
        self.cortex.workloads.push(workload);
    }

    /// A group with `size` machines of at most `max`, in both views.
    pub(crate) fn add_group(&mut self, name: &str, machine: &str, size: u32, max: u32, spot: bool) {
        let group = NodeGroup {
            key: key(ResourceKind::NodeGroup, name),
            cloud_name: None,
            is_worker: true,
            spot,
            instance_types: vec![machine.into()],
            min: 0,
            max,
            desired: None,
            in_service: None,
            pending: None,
            zones: Vec::new(),
            suspended: Vec::new(),
            priority: None,
        };
        let actual = NodeGroup {
            cloud_name: Some(format!("eksctl-prod-nodegroup-cx-wd-{name}-NodeGroup-1A2B").into()),
            desired: Some(size),
            in_service: Some(size),
            pending: Some(0),
            ..group.clone()
        };
        self.cortex.groups.push(group);
        self.groups.groups.push(actual);
    }

    pub(crate) fn group(&mut self, name: &str) -> &mut NodeGroup {
        self.groups.groups.iter_mut().find(|group| group.key.name.as_str() == name).unwrap()
    }

    /// A g4dn.xlarge of a group, with `gpus` GPUs of which `free` are free.
    pub(crate) fn add_node(&mut self, group: &str, name: &str, gpus: i64, free: i64) {
        let capacity = Resources { cpu_millis: 3_290, memory_bytes: 14 << 30, gpus, neuron: 0, pods: 0, ..Resources::default() };
        let taken = Resources { gpus: gpus - free, ..if free < gpus || gpus == 0 { one_gpu() } else { Resources::default() } };
        self.cortex.nodes.push(Node {
            key: key(ResourceKind::Node, name),
            group: Some(group.into()),
            is_worker: true,
            instance_type: "g4dn.xlarge".into(),
            spot: false,
            price_milli_usd: None,
            capacity,
            free: capacity.minus(Resources { pods: 0, ..taken }),
            replicas: Some(1),
            ready: None,
            created_at: None,
            detail: None,
        });
    }

    pub(crate) fn quota(&self, code: &str, family: &str, spot: bool, limit: u64, used: u64) -> Quota {
        Quota {
            key: key(ResourceKind::Quota, code),
            title: format!("Running On-Demand {family} instances").into(),
            family: family.into(),
            spot,
            limit: Some(limit),
            is_default: false,
            usage: Some(Usage { value: used, at: self.ago(3) }),
            unit: "vCPU".into(),
            adjustable: true,
            requests: Vec::new(),
        }
    }

    /// A launch of a group that began so many minutes ago.
    pub(crate) fn add_launch(
        &mut self,
        group: &str,
        minutes_ago: u64,
        outcome: ActivityOutcome,
        message: Option<&str>,
    ) -> &mut ScalingActivity {
        let at = self.ago(minutes_ago);
        let number = self.groups.activities.len();
        self.groups.activities.push(ScalingActivity {
            key: key(ResourceKind::Activity, &format!("activity-{number}")),
            group: key(ResourceKind::NodeGroup, group),
            kind: ActivityKind::Launch,
            outcome,
            native: format!("{outcome:?}").into(),
            description: "Launching a new EC2 instance".into(),
            cause: "an instance was started in response to a difference between desired and actual capacity".into(),
            message: message.map(Text::from),
            progress: None,
            started_at: at,
            ended_at: (outcome != ActivityOutcome::Running).then_some(at),
            zone: None,
            instance: None,
        });
        self.groups.activities.last_mut().unwrap()
    }

    /// Refusals every six minutes, the newest two minutes ago.
    pub(crate) fn refuse(&mut self, group: &str, times: u64, message: &str) {
        for time in 0..times {
            self.add_launch(group, 2 + 6 * time, ActivityOutcome::Failed, Some(message));
        }
    }

    /// Makes a source fail; with `false` its data stays, ten minutes old.
    pub(crate) fn fail(&mut self, source: &'static str, kind: FailureKind, message: &str, permissions: &[&str]) {
        let mut failure = Failure::new(kind, message, "do the next step");
        failure.permissions = permissions.iter().map(|permission| Text::from(*permission)).collect();
        self.failing.push((source, failure));
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot { history: Arc::new(self.history.clone()), ..Snapshot::default() };
        for (kind, view) in [("cortex", &self.cortex), ("aws.autoscaling", &self.groups), ("aws.servicequotas", &self.quotas)] {
            let failure = self.failing.iter().find(|(source, _)| *source == kind).map(|(_, failure)| failure.clone());
            let (health, view) = match failure {
                Some(failure) if failure.kind == FailureKind::Waiting => (Health::Waiting, View::default()),
                Some(failure) => (Health::Failed { at: self.now, failure }, View::default()),
                None => (Health::Fresh { at: self.now }, view.clone()),
            };
            snapshot.views.insert(SourceId::new(&prod(), kind), SourceView { health, view: Arc::new(view), stats: PollStats::default() });
        }
        snapshot
    }

    pub(crate) fn run(&self) -> Explanations {
        run(&self.snapshot(), self.now)
    }

    /// The explanation of one workload.
    pub(crate) fn explain(&self, name: &str) -> Explanation {
        self.run().remove(&key(ResourceKind::Workload, name)).unwrap()
    }

    /// The explanation of the workload every scene starts with.
    pub(crate) fn why(&self) -> Explanation {
        self.explain("text-generator")
    }
}

fn cluster(platform: &str, name: &str) -> Cluster {
    Cluster {
        platform: platform.into(),
        name: name.into(),
        version: Some("0.42.1".into()),
        region: Some("us-east-1".into()),
        account: None,
        identity: None,
        pending_replicas: None,
    }
}

/// The root of an explanation as text.
pub(crate) fn root(explanation: &Explanation) -> &str {
    explanation.root.as_ref().map_or("none", |cause| cause.as_str())
}

/// The causes of a chain, from the symptom down.
pub(crate) fn chain(explanation: &Explanation) -> Vec<&str> {
    explanation.chain.iter().map(|link| link.finding.cause.as_str()).collect()
}
