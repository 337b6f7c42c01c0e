//! A small world with a story: text-generator has been updating for 41 minutes because the vCPU
//! quota for G machines is used up.

use std::collections::BTreeMap;
use std::sync::Arc;

use holdup::console::event::{Event, Key, KeyCode, Stamped};
use holdup::console::keymap::parse_chord;
use holdup::console::model::Explain;
use holdup::console::{Model, Settings, update};
use holdup::domain::capacity::Resources;
use holdup::domain::event::Event as Happening;
use holdup::domain::group::{ActivityKind, ActivityOutcome, NodeGroup, ScalingActivity};
use holdup::domain::id::{ResourceKey, ResourceKind, SourceId};
use holdup::domain::log::{LogItem, LogLine};
use holdup::domain::node::Node;
use holdup::domain::quota::{IncreaseRequest, Quota, Usage};
use holdup::domain::snapshot::{Cluster, View};
use holdup::domain::source::{Failure, FailureKind, Gap};
use holdup::domain::store::Update;
use holdup::domain::text::Text;
use holdup::domain::time::{Duration, Timestamp};
use holdup::domain::workload::{Amount, Phase, ReplicaBounds, ReplicaCounts, Role, Status, UpdateStrategy, Version, Workload};

#[path = "told.rs"]
mod told;

pub use told::explain;

/// The present of the story.
pub fn now() -> Timestamp {
    "2026-03-14T03:12:07Z".parse().unwrap()
}

/// So many seconds before the present.
pub fn ago(seconds: u64) -> Timestamp {
    now() - Duration::from_secs(seconds)
}

const PROD: &str = "prod";

fn context() -> Text {
    Text::from(PROD)
}

pub fn key(kind: ResourceKind, name: &str) -> ResourceKey {
    ResourceKey::new(&context(), kind, name)
}

pub fn workload_key(name: &str) -> ResourceKey {
    key(ResourceKind::Workload, name)
}

struct Api {
    name: &'static str,
    kind: &'static str,
    phase: Phase,
    native: &'static str,
    since: u64,
    counts: Option<(u32, u32, u32)>,
    deployed: u64,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

const APIS: &[Api] = &[
    Api {
        name: "text-generator",
        kind: "realtime",
        phase: Phase::Updating,
        native: "updating (stalled)",
        since: 41 * MINUTE,
        counts: Some((1, 1, 0)),
        deployed: 41 * MINUTE,
    },
    Api {
        name: "image-classifier",
        kind: "realtime",
        phase: Phase::Failed,
        native: "error",
        since: 12 * MINUTE,
        counts: Some((2, 0, 2)),
        deployed: 15 * MINUTE,
    },
    Api {
        name: "summarizer",
        kind: "realtime",
        phase: Phase::Updating,
        native: "updating",
        since: 2 * MINUTE,
        counts: Some((4, 3, 2)),
        deployed: 2 * MINUTE,
    },
    Api {
        name: "translator",
        kind: "async",
        phase: Phase::Updating,
        native: "updating",
        since: 19 * MINUTE,
        counts: Some((2, 1, 1)),
        deployed: 19 * MINUTE,
    },
    Api {
        name: "sentiment",
        kind: "realtime",
        phase: Phase::Live,
        native: "live",
        since: 12 * DAY,
        counts: Some((2, 2, 2)),
        deployed: 12 * DAY,
    },
    Api {
        name: "embeddings",
        kind: "realtime",
        phase: Phase::Live,
        native: "live",
        since: 3 * DAY,
        counts: Some((6, 6, 6)),
        deployed: 3 * DAY,
    },
    Api {
        name: "reranker",
        kind: "realtime",
        phase: Phase::Short,
        native: "live",
        since: 5 * HOUR,
        counts: Some((4, 1, 4)),
        deployed: 5 * HOUR,
    },
    Api {
        name: "speech-to-text",
        kind: "async",
        phase: Phase::Live,
        native: "live",
        since: 9 * DAY,
        counts: Some((3, 3, 3)),
        deployed: 9 * DAY,
    },
    Api { name: "nightly-scoring", kind: "batch", phase: Phase::Idle, native: "ready", since: 8 * HOUR, counts: None, deployed: 30 * DAY },
    Api {
        name: "ocr",
        kind: "realtime",
        phase: Phase::Zero,
        native: "scaled to zero",
        since: 2 * DAY,
        counts: Some((0, 0, 0)),
        deployed: 21 * DAY,
    },
    Api { name: "router", kind: "splitter", phase: Phase::Live, native: "live", since: 5 * DAY, counts: None, deployed: 5 * DAY },
];

fn workload(api: &Api) -> Workload {
    let counts = api.counts.map(|(desired, ready, up_to_date)| ReplicaCounts {
        desired: Some(desired),
        ready: ready.min(up_to_date),
        ready_old: ready.saturating_sub(up_to_date),
        up_to_date,
        stalled: u32::from(api.name == "text-generator"),
        failed: if api.phase == Phase::Failed { 2 } else { 0 },
        creating: u32::from(api.name == "summarizer"),
        ..ReplicaCounts::default()
    });
    Workload {
        key: workload_key(api.name),
        platform: "cortex".into(),
        kind: api.kind.into(),
        role: Role::Serving,
        status: Status { phase: api.phase, native: api.native.into(), since: Some(ago(api.since)), serving: true },
        replicas: counts,
        demand: Some(Resources { cpu_millis: 3_000, memory_bytes: 14 << 30, gpus: 1, ..Resources::default() }),
        pinned_groups: Vec::new(),
        strategy: Some(UpdateStrategy { max_surge: Amount::Percent(25), max_unavailable: Amount::Percent(25) }),
        bounds: Some(ReplicaBounds { min: 1, max: 4 }),
        versions: vec![Version { id: "169a2f0c".into(), deployed_at: Some(ago(api.deployed)), traffic: None }],
        targets: Vec::new(),
        jobs: Vec::new(),
        deployed_at: Some(ago(api.deployed)),
        endpoint: Some("https://api.example.com/text-generator".into()),
        messages: Vec::new(),
        quota_demand: None,
        usual_rollout: Duration::from_mins(10),
        reproduce: Text::from(format!("cortex get {} --env prod", api.name)),
        names: std::collections::BTreeMap::new(),
    }
}

struct Machine(&'static str, &'static str, &'static str, bool, i64, i64, u32);

const NODES: &[Machine] = &[
    Machine("ip-10-0-31-7.ec2.internal", "gpu", "g4dn.xlarge", false, 1, 0, 1),
    Machine("ip-10-0-44-120.ec2.internal", "gpu-spot", "g5.12xlarge", true, 4, 1, 3),
    Machine("ip-10-0-12-88.ec2.internal", "gpu-spot", "g5.12xlarge", true, 4, 0, 4),
    Machine("ip-10-0-9-14.ec2.internal", "cpu", "m5.2xlarge", false, 0, 0, 11),
    Machine("ip-10-0-77-201.ec2.internal", "cpu", "m5.2xlarge", false, 0, 0, 9),
    Machine("ip-10-0-3-5.ec2.internal", "operator", "t3.medium", false, 0, 0, 0),
];

fn node(machine: &Machine) -> Node {
    let Machine(name, group, kind, spot, gpus, free, replicas) = *machine;
    Node {
        key: key(ResourceKind::Node, name),
        group: Some(group.into()),
        is_worker: group != "operator",
        instance_type: kind.into(),
        spot,
        price_milli_usd: Some(526),
        capacity: Resources { cpu_millis: 7_900, memory_bytes: 30 << 30, gpus, ..Resources::default() },
        free: Resources { cpu_millis: 2_400, memory_bytes: 9 << 30, gpus: free, ..Resources::default() },
        replicas: Some(replicas),
        ready: Some(true),
        created_at: Some(ago(9 * HOUR)),
        detail: None,
    }
}

fn cortex() -> View {
    let mut workloads: Vec<Workload> = APIS.iter().map(workload).collect();
    workloads.sort_by(|a, b| a.key.cmp(&b.key));
    let warn = |seconds, name: &str, reason: &str, message: &str, count| Happening {
        of: workload_key(name),
        at: ago(seconds),
        first_at: Some(ago(seconds + 600)),
        count,
        warning: true,
        reason: reason.into(),
        message: message.into(),
    };
    View {
        cluster: Some(Cluster {
            platform: "cortex".into(),
            name: "prod".into(),
            version: Some("0.42.1".into()),
            region: Some("us-east-1".into()),
            account: Some("123456789012".into()),
            identity: Some("arn:aws:iam::123456789012:user/oncall".into()),
            pending_replicas: Some(1),
        }),
        workloads,
        nodes: NODES.iter().map(node).collect(),
        events: vec![
            warn(70, "text-generator", "FailedScheduling", "0/6 nodes are available: 3 Insufficient nvidia.com/gpu", 38),
            warn(140, "image-classifier", "BackOff", "Back-off restarting failed container api", 11),
        ],
        raw: BTreeMap::from([(
            workload_key("text-generator"),
            Text::clean_lines("{\n  \"name\": \"text-generator\",\n  \"status\": \"updating\"\n}", 4096),
        )]),
        ..View::default()
    }
}

fn group(name: &str, spot: bool, kind: &str, desired: u32, max: u32) -> NodeGroup {
    NodeGroup {
        key: key(ResourceKind::NodeGroup, name),
        cloud_name: Some(Text::from(format!("eksctl-prod-nodegroup-cx-wd-{name}-NodeGroup-1QK2"))),
        is_worker: name != "operator",
        spot,
        instance_types: vec![kind.into()],
        min: 0,
        max,
        desired: Some(desired),
        in_service: Some(desired),
        pending: Some(u32::from(name == "cpu")),
        zones: vec!["us-east-1a".into(), "us-east-1b".into()],
        suspended: Vec::new(),
        priority: None,
    }
}

/// What AWS says when the quota is used up.
pub const REFUSAL: &str = "You have requested more vCPU capacity than your current vCPU limit of 4 allows for the instance bucket that the \
    specified instance type belongs to. Launching EC2 instance failed.";

fn activity(number: u64, group: &str, seconds: u64, outcome: ActivityOutcome) -> ScalingActivity {
    let failed = outcome == ActivityOutcome::Failed;
    ScalingActivity {
        key: key(ResourceKind::Activity, &format!("5f64e37c-{number:04}")),
        group: key(ResourceKind::NodeGroup, group),
        kind: ActivityKind::Launch,
        outcome,
        native: if failed { "Failed".into() } else { "Successful".into() },
        description: "Launching a new EC2 instance".into(),
        cause: "a user request update of the desired capacity changed it from 1 to 2".into(),
        message: failed.then(|| REFUSAL.into()),
        progress: Some(100),
        started_at: ago(seconds),
        ended_at: Some(ago(seconds.saturating_sub(1))),
        zone: Some("us-east-1a".into()),
        instance: None,
    }
}

fn autoscaling(desired: u32) -> View {
    let failed = (0..6).map(|number| activity(number, "gpu", 130 + number * 400, ActivityOutcome::Failed));
    let fine = [activity(10, "cpu", 3 * HOUR, ActivityOutcome::Succeeded), activity(11, "gpu-spot", 9 * HOUR, ActivityOutcome::Succeeded)];
    View {
        groups: vec![
            group("cpu", false, "m5.2xlarge", desired + 1, 10),
            group("gpu", false, "g4dn.xlarge", desired, 8),
            group("gpu-spot", true, "g5.12xlarge", 2, 2),
            group("operator", false, "t3.medium", 1, 2),
        ],
        activities: failed.chain(fine).collect(),
        ..View::default()
    }
}

fn quota(code: &str, title: &str, family: &str, spot: bool, limit: u64, used: Option<u64>) -> Quota {
    Quota {
        key: key(ResourceKind::Quota, code),
        title: title.into(),
        family: family.into(),
        spot,
        limit: Some(limit),
        is_default: false,
        usage: used.map(|value| Usage { value, at: ago(4 * MINUTE) }),
        unit: "vCPU".into(),
        adjustable: true,
        requests: if code == "L-3819A6DF" {
            vec![IncreaseRequest { desired: 192, status: "CASE_OPENED".into(), created_at: Some(ago(2 * DAY)), case: None }]
        } else {
            Vec::new()
        },
    }
}

fn quotas() -> View {
    let denied = Failure {
        permissions: vec!["cloudwatch:GetMetricData".into()],
        ..Failure::new(FailureKind::Denied, "access denied", "add the action to the policy of user/oncall")
    };
    View {
        quotas: vec![
            quota("L-DB2E81BA", "Running On-Demand G and VT instances", "G and VT", false, 4, Some(4)),
            quota("L-3819A6DF", "All G and VT Spot Instance Requests", "G and VT", true, 96, Some(96)),
            quota("L-1216C47A", "Running On-Demand Standard instances", "Standard", false, 640, Some(142)),
            quota("L-417A185B", "Running On-Demand P instances", "P", false, 0, None),
        ],
        gaps: vec![Gap { what: "use of L-417A185B".into(), failure: denied }],
        ..View::default()
    }
}

/// A console of this size that has seen the story up to now.
pub fn console(width: u16, height: u16) -> Model {
    console_that(explain, width, height)
}

/// The same with explanations from elsewhere.
pub fn console_that(explain: Explain, width: u16, height: u16) -> Model {
    let sources = ["cortex", "aws.autoscaling", "aws.servicequotas", "aws.cloudwatch"];
    let sources = sources.map(|kind| SourceId::new(&context(), kind)).to_vec();
    let mut model = Model::new(Settings { sources, size: (width, height), explain, ..Settings::default() });
    for (minutes, desired) in [(40, 1), (33, 2), (27, 1), (20, 2), (14, 1), (8, 2)] {
        bring(&mut model, "aws.autoscaling", minutes * MINUTE, Ok(autoscaling(desired)));
    }
    bring(&mut model, "aws.servicequotas", 50, Ok(quotas()));
    bring(&mut model, "aws.autoscaling", 34, Ok(autoscaling(1)));
    bring(&mut model, "cortex", 3, Ok(cortex()));
    let denied = Failure {
        permissions: vec!["cloudwatch:GetMetricData".into()],
        ..Failure::new(FailureKind::Denied, "access denied", "allow cloudwatch:GetMetricData for user/oncall")
    };
    bring(&mut model, "aws.cloudwatch", 2, Err(denied));
    update::update(&mut model, Stamped { at: now(), event: Event::Tick });
    press(&mut model, "home");
    model
}

/// One source reports.
pub fn bring(model: &mut Model, source: &str, seconds: u64, outcome: Result<View, Failure>) {
    bring_of(model, &context(), source, seconds, outcome);
}

/// One source of some context reports.
pub fn bring_of(model: &mut Model, context: &Text, source: &str, seconds: u64, outcome: Result<View, Failure>) {
    let at = ago(seconds);
    let source = SourceId::new(context, source);
    let update = Update { source, at, took: Duration::from_millis(182), outcome: outcome.map(Arc::new) };
    update::update(model, Stamped { at, event: Event::Update(Box::new(update)) });
}

/// Two more contexts: one with an API of the same name, one whose operator cannot be reached.
pub fn more_contexts(model: &mut Model) {
    let staging = Text::from("staging");
    let mut apis: Vec<Workload> = APIS.iter().filter(|api| matches!(api.name, "text-generator" | "sentiment")).map(workload).collect();
    for api in &mut apis {
        api.key.context = staging.clone();
    }
    bring_of(model, &staging, "cortex", 4, Ok(View { workloads: apis, ..View::default() }));
    let failure = Failure::new(
        FailureKind::Unreachable,
        "operator.lab.example.com does not answer (connection refused)",
        "check that the VPN is up; the operator runs on the cluster's operator node group",
    );
    bring_of(model, &Text::from("lab"), "cortex", 6, Err(failure));
    update::update(model, Stamped { at: now(), event: Event::Tick });
}

/// The platform stops answering.
pub fn lose_cortex(model: &mut Model) {
    let failure = Failure::new(FailureKind::Unreachable, "no answer from operator.prod.example.com", "check the VPN, then ctrl-r");
    bring(model, "cortex", 1, Err(failure));
}

/// Presses keys; `/text` style words are typed letter by letter with a leading `type:`.
pub fn press(model: &mut Model, keys: &str) -> Vec<holdup::console::effect::Effect> {
    let mut effects = Vec::new();
    for word in keys.split(' ').filter(|word| !word.is_empty()) {
        let pressed: Vec<Key> = match word.strip_prefix("type:") {
            Some(text) => text.chars().map(|letter| Key { code: KeyCode::Char(letter), ctrl: false }).collect(),
            None => vec![parse_chord(word).unwrap()],
        };
        for key in pressed {
            effects.extend(update::update(model, Stamped { at: now(), event: Event::Key(key) }));
        }
    }
    effects
}

/// The terminal changes its size.
pub fn resize(model: &mut Model, width: u16, height: u16) {
    update::update(model, Stamped { at: now(), event: Event::Resize { width, height } });
}

/// Lines of a log arrive.
pub fn log(model: &mut Model) {
    let line = |seconds: u64, text: &str| LogItem::Line(LogLine { at: ago(seconds), replica: None, text: text.into() });
    let items = vec![
        LogItem::Note("connected; during an update this stream shows the new replica".into()),
        line(95, "2026-03-14 03:10:32.114 cortex: loading model from s3://models/text-generator/7/"),
        line(
            80,
            "2026-03-14 03:10:47.900 downloading weights (6.1 GB), this takes a while on the first start of a node because nothing is cached there yet",
        ),
        line(41, "2026-03-14 03:11:26.031 ERROR CUDA driver version is insufficient for CUDA runtime version"),
        line(40, "2026-03-14 03:11:27.008 falling back to cpu"),
        LogItem::Dropped(1204),
        line(12, "2026-03-14 03:11:55.500 GET /healthz 200 0.4 ms"),
        line(2, "2026-03-14 03:12:05.500 GET /healthz 200 0.3 ms"),
    ];
    let stream = model.log.stream;
    update::update(model, Stamped { at: now(), event: Event::Log { stream, items } });
}
