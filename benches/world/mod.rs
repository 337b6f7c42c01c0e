//! A large world as the sources would tell it: Cortex on AWS, some of it stuck.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use holdup::domain::capacity::Resources;
use holdup::domain::event::Event;
use holdup::domain::group::{ActivityKind, ActivityOutcome, NodeGroup, ScalingActivity};
use holdup::domain::id::{ResourceKey, ResourceKind, SourceId};
use holdup::domain::node::Node;
use holdup::domain::quota::{Quota, Usage};
use holdup::domain::replica::{Replica, ReplicaPhase};
use holdup::domain::snapshot::{Cluster, Snapshot, View};
use holdup::domain::store::{self, Update};
use holdup::domain::text::Text;
use holdup::domain::time::Timestamp;
use holdup::domain::workload::{Amount, Phase, ReplicaCounts, Role, Status, UpdateStrategy, Version, Workload};

/// How much there is of everything.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub workloads: usize,
    /// Every nth workload is stuck.
    pub stuck_every: usize,
    pub replicas: usize,
    pub nodes: usize,
    pub groups: usize,
    pub events: usize,
}

/// The size the console is made for.
pub const TARGET: Size = Size { workloads: 200, stuck_every: 10, replicas: 5_000, nodes: 500, groups: 20, events: 20_000 };

/// The size the engine is measured at.
pub const STUCK: Size = Size { workloads: 2_000, stuck_every: 1, replicas: 20_000, nodes: 2_000, groups: 40, events: 0 };

pub fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).expect("a stamp")
}

fn ago(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 - 60 * minutes).expect("a stamp")
}

fn context() -> Text {
    "prod".into()
}

/// What one source tells of a world of some size.
pub type Teller = fn(Size) -> View;

pub fn sources() -> [(SourceId, Teller); 3] {
    let id = |kind| SourceId::new(&context(), kind);
    [(id("cortex"), platform), (id("aws.autoscaling"), groups_of_the_cloud), (id("aws.servicequotas"), quotas)]
}

/// The whole world, folded.
pub fn snapshot(size: Size) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (source, view) in sources() {
        let outcome = Ok(Arc::new(view(size)));
        store::apply(&mut snapshot, Update { source, at: now(), took: Duration::from_millis(80), outcome });
    }
    snapshot
}

fn key(kind: ResourceKind, name: String) -> ResourceKey {
    ResourceKey::new(&context(), kind, name)
}

fn group_name(number: usize) -> String {
    format!("gpu-{number:02}")
}

fn gpu_demand() -> Resources {
    Resources { cpu_millis: 3_000, memory_bytes: 12 << 30, gpus: 1, pods: 1, ..Resources::default() }
}

fn cluster(platform: &str) -> Cluster {
    Cluster {
        platform: platform.into(),
        name: "prod".into(),
        version: Some("0.42.1".into()),
        region: Some("us-east-1".into()),
        account: Some("123456789012".into()),
        identity: Some("arn:aws:iam::123456789012:user/operator".into()),
        pending_replicas: None,
    }
}

pub fn platform(size: Size) -> View {
    View {
        cluster: Some(cluster("cortex")),
        workloads: (0..size.workloads).map(|number| workload(size, number)).collect(),
        replicas: (0..size.replicas).map(|number| replica(size, number)).collect(),
        nodes: (0..size.nodes).map(|number| node(size, number)).collect(),
        groups: (0..size.groups).map(|number| group(size, number, false)).collect(),
        events: (0..size.events).map(|number| event(size, number)).collect(),
        ..View::default()
    }
}

fn workload(size: Size, number: usize) -> Workload {
    let stuck = number.is_multiple_of(size.stuck_every);
    let counts = ReplicaCounts { desired: Some(1), ready: u32::from(!stuck), ready_old: u32::from(stuck), ..ReplicaCounts::default() };
    let replicas = if stuck { ReplicaCounts { stalled: 1, up_to_date: 1, ..counts } } else { ReplicaCounts { up_to_date: 1, ..counts } };
    let (phase, native) = if stuck { (Phase::Updating, "updating") } else { (Phase::Live, "live") };
    Workload {
        key: key(ResourceKind::Workload, format!("model-{number:04}")),
        platform: "cortex".into(),
        kind: "realtime".into(),
        role: Role::Serving,
        status: Status { phase, native: native.into(), since: Some(ago(41)), serving: true },
        replicas: Some(replicas),
        demand: Some(gpu_demand()),
        pinned_groups: vec![group_name(number % size.groups).into()],
        strategy: Some(UpdateStrategy { max_surge: Amount::Percent(25), max_unavailable: Amount::Percent(25) }),
        bounds: None,
        versions: vec![Version { id: "v2".into(), deployed_at: Some(ago(41)), traffic: None }],
        targets: Vec::new(),
        jobs: Vec::new(),
        deployed_at: Some(ago(41)),
        endpoint: Some("https://api.example.com/model".into()),
        messages: Vec::new(),
        quota_demand: None,
        usual_rollout: Duration::from_mins(10),
        reproduce: format!("cortex get model-{number:04} --env prod").into(),
        names: std::collections::BTreeMap::new(),
    }
}

fn replica(size: Size, number: usize) -> Replica {
    let pending = number < size.workloads && number.is_multiple_of(size.stuck_every);
    Replica {
        workload: Some(key(ResourceKind::Workload, format!("model-{:04}", number % size.workloads))),
        version: if pending { "v2".into() } else { "v1".into() },
        is_current: pending,
        phase: if pending { ReplicaPhase::Unplaced } else { ReplicaPhase::Ready },
        state: if pending { "Pending".into() } else { "Running".into() },
        ready: !pending,
        node: (!pending).then(|| format!("ip-10-0-{}-{}", number % size.nodes / 250, number % size.nodes % 250).into()),
        demand: gpu_demand(),
        created_at: Some(ago(41)),
        ..Replica::unknown(key(ResourceKind::Replica, format!("model-{:04}-{number:05}", number % size.workloads)))
    }
}

fn node(size: Size, number: usize) -> Node {
    let capacity = Resources { cpu_millis: 3_900, memory_bytes: 15 << 30, gpus: 1, pods: 58, ..Resources::default() };
    Node {
        key: key(ResourceKind::Node, format!("ip-10-0-{}-{}", number / 250, number % 250)),
        group: Some(group_name(number % size.groups).into()),
        is_worker: true,
        instance_type: "g4dn.xlarge".into(),
        spot: false,
        price_milli_usd: Some(526),
        capacity,
        free: capacity.minus(gpu_demand()),
        replicas: Some(1),
        ready: Some(true),
        created_at: Some(ago(3_000)),
        detail: None,
    }
}

fn group(size: Size, number: usize, of_the_cloud: bool) -> NodeGroup {
    let machines = u32::try_from(size.nodes / size.groups).unwrap_or(1);
    NodeGroup {
        key: key(ResourceKind::NodeGroup, group_name(number)),
        cloud_name: of_the_cloud.then(|| format!("eksctl-prod-nodegroup-cx-wd-{}", group_name(number)).into()),
        is_worker: true,
        spot: false,
        instance_types: vec!["g4dn.xlarge".into()],
        min: 0,
        max: machines + 10,
        desired: of_the_cloud.then_some(machines),
        in_service: of_the_cloud.then_some(machines),
        pending: None,
        zones: vec!["us-east-1a".into(), "us-east-1b".into()],
        suspended: Vec::new(),
        priority: None,
    }
}

fn event(size: Size, number: usize) -> Event {
    let minutes = i64::try_from(number / 100).unwrap_or(0);
    Event {
        of: key(ResourceKind::Workload, format!("model-{:04}", number % size.workloads)),
        at: ago(minutes),
        first_at: None,
        count: 1,
        warning: number.is_multiple_of(7),
        reason: "FailedScheduling".into(),
        message: format!("0/{} nodes are available: {number} Insufficient nvidia.com/gpu", size.nodes).into(),
    }
}

pub fn groups_of_the_cloud(size: Size) -> View {
    let activity = |number: usize| {
        ScalingActivity {
        key: key(ResourceKind::Activity, format!("activity-{number:05}")),
        group: key(ResourceKind::NodeGroup, group_name(number % size.groups)),
        kind: ActivityKind::Launch,
        outcome: ActivityOutcome::Failed,
        native: "Failed".into(),
        description: "Launching a new EC2 instance.  Status Reason: You have requested more vCPU capacity than your current vCPU limit of 4 allows for the instance bucket that the specified instance type belongs to.".into(),
        cause: "a user request explicitly set group desired capacity".into(),
        message: Some("You have requested more vCPU capacity than your current vCPU limit of 4 allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit. Launching EC2 instance failed.".into()),
        progress: Some(100),
        started_at: ago(2 + i64::try_from(number / size.groups).unwrap_or(0) * 5),
        ended_at: Some(ago(2)),
        zone: Some("us-east-1a".into()),
        instance: None,
    }
    };
    View {
        cluster: Some(cluster("aws")),
        groups: (0..size.groups).map(|number| group(size, number, true)).collect(),
        activities: (0..size.groups * 6).map(activity).collect(),
        ..View::default()
    }
}

pub fn quotas(size: Size) -> View {
    let used = u64::try_from(size.nodes * 4).unwrap_or(0);
    let quota = Quota {
        key: key(ResourceKind::Quota, "L-DB2E81BA".to_owned()),
        title: "Running On-Demand G and VT instances".into(),
        family: "G and VT".into(),
        spot: false,
        limit: Some(used),
        is_default: false,
        usage: Some(Usage { value: used, at: ago(5) }),
        unit: "vCPU".into(),
        adjustable: true,
        requests: Vec::new(),
    };
    View { quotas: vec![quota], raw: BTreeMap::new(), ..View::default() }
}
