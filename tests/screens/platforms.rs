//! Every platform side by side: beside the cluster of the story, one context each of what else serves
//! models, with one thing wrong and one that is well. Here the rules themselves explain.

use std::collections::BTreeMap;

use holdup::console::event::Event;
use holdup::console::{Model, update};
use holdup::domain::id::{ResourceKey, ResourceKind};
use holdup::domain::snapshot::{Cluster, Snapshot, View};
use holdup::domain::text::Text;
use holdup::domain::time::{Duration, Timestamp};
use holdup::domain::workload::{Phase, PlatformMessage, ReplicaCounts, Role, Status, Version, Workload};
use holdup::explain::Explanations;

use super::world::{self, ago, bring_of, now, press};
use holdup::console::event::Stamped;

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// One workload as its platform shows it.
struct Shown {
    name: &'static str,
    kind: &'static str,
    phase: Phase,
    native: &'static str,
    since: u64,
    counts: Option<(u32, u32)>,
    says: Option<(&'static str, &'static str, &'static str)>,
}

impl Shown {
    const fn well(name: &'static str, kind: &'static str, native: &'static str, since: u64, counts: Option<(u32, u32)>) -> Self {
        Self { name, kind, phase: Phase::Live, native, since, counts, says: None }
    }
}

/// Context, platform, region, workloads.
const CONTEXTS: &[(&str, &str, &str, &[Shown])] = &[
    (
        "compute",
        "gateway",
        "",
        &[
            Shown {
                name: "job_7f00aa11bb22",
                kind: "akash",
                phase: Phase::Updating,
                native: "pending",
                since: 21 * MINUTE,
                counts: None,
                says: Some((
                    "events[].message",
                    "",
                    "Failed to create deployment: Insufficient funds: 120000uakt is smaller than 500000uakt",
                )),
            },
            Shown::well("job_1a2b3c4d5e6f", "golem", "running", 2 * HOUR, None),
        ],
    ),
    (
        "inference",
        "modelarts",
        "eu-de",
        &[
            Shown {
                name: "ocr-gateway",
                kind: "real-time",
                phase: Phase::Live,
                native: "running",
                since: 16 * MINUTE,
                counts: Some((2, 2)),
                says: Some(("events.event_info", "", "Failed to update the service. The update has been rolled back.")),
            },
            Shown::well("mnist-vision", "real-time", "running", 20 * DAY, Some((1, 1))),
        ],
    ),
    (
        "lab",
        "anyscale",
        "",
        &[
            Shown {
                name: "embedder",
                kind: "application",
                phase: Phase::Updating,
                native: "DEPLOYING",
                since: 13 * MINUTE,
                counts: Some((1, 0)),
                says: Some((
                    "deployments.Encoder.message",
                    "",
                    "Deployment 'Encoder' in application 'embedder' has 1 replicas that have taken more than 30s to be scheduled. \
                     This may be due to waiting for the cluster to auto-scale or for a runtime environment to be installed. \
                     Resources required for each replica: {\"CPU\": 2, \"GPU\": 1}, total resources available: {\"CPU\": 7.0}. \
                     Use `ray status` for more details.",
                )),
            },
            Shown::well("toxicity", "application", "RUNNING", 3 * HOUR, Some((2, 2))),
        ],
    ),
    (
        "mlw-prod",
        "azure",
        "eastus2",
        &[
            Shown {
                name: "vision-gpu/a100",
                kind: "managed",
                phase: Phase::Failed,
                native: "Failed",
                since: 10 * MINUTE,
                counts: Some((3, 0)),
                says: Some((
                    "operation.error",
                    "OutOfQuota",
                    "Not enough quota available for Standard_NC24ads_A100_v4 in SubscriptionId 11111111-2222-3333-4444-555555555555. \
                     Current usage/limit: 0/48. Additional needed: 96",
                )),
            },
            Shown::well("vision-gpu/t4", "managed", "Succeeded", 8 * DAY, Some((1, 1))),
        ],
    ),
    (
        "serving",
        "kubernetes",
        "us-west-2",
        &[
            Shown {
                name: "ml/search-ranker",
                kind: "deployment",
                phase: Phase::Failed,
                native: "ProgressDeadlineExceeded",
                since: 14 * MINUTE,
                counts: Some((2, 1)),
                says: Some(("pods.waiting.message", "CreateContainerConfigError", "configmap \"ranker-config\" not found")),
            },
            Shown::well("ray/chat", "rayservice", "live", DAY, Some((2, 2))),
        ],
    ),
];

fn workload(context: &Text, platform: &str, shown: &Shown) -> Workload {
    let counts = shown.counts.map(|(desired, ready)| ReplicaCounts {
        desired: Some(desired),
        ready,
        up_to_date: ready,
        pending: desired - ready,
        ..ReplicaCounts::default()
    });
    let message = |(field, code, text): (&str, &str, &str)| PlatformMessage {
        field: field.into(),
        text: text.into(),
        code: (!code.is_empty()).then(|| code.into()),
        at: Some(ago(shown.since)),
    };
    Workload {
        key: ResourceKey::new(context, ResourceKind::Workload, shown.name),
        platform: platform.into(),
        kind: shown.kind.into(),
        role: Role::Serving,
        status: Status {
            phase: shown.phase,
            native: shown.native.into(),
            since: Some(ago(shown.since)),
            serving: shown.phase == Phase::Live,
        },
        replicas: counts,
        demand: None,
        pinned_groups: Vec::new(),
        strategy: None,
        bounds: None,
        versions: vec![Version { id: "1".into(), deployed_at: Some(ago(shown.since)), traffic: None }],
        targets: Vec::new(),
        jobs: Vec::new(),
        deployed_at: Some(ago(shown.since)),
        endpoint: None,
        messages: shown.says.map(message).into_iter().collect(),
        quota_demand: None,
        usual_rollout: Duration::from_mins(10),
        reproduce: Text::default(),
        names: std::collections::BTreeMap::new(),
    }
}

/// The cluster of the story in the words written down for it, all else in those of the rules.
fn explain(snapshot: &Snapshot, at: Timestamp) -> Explanations {
    let mut told = holdup::explain::run(snapshot, at);
    told.retain(|key, _| CONTEXTS.iter().any(|(context, ..)| key.context.as_str() == *context));
    let prod = world::explain(snapshot, at).into_iter().filter(|(key, _)| key.context.as_str() == "prod");
    told.extend(prod);
    told
}

/// A console of this size with all of them; the problems come first.
pub fn console(width: u16, height: u16) -> Model {
    let mut model = world::console_that(explain, width, height);
    for (name, platform, region, shown) in CONTEXTS {
        let context = Text::from(*name);
        let mut workloads: Vec<Workload> = shown.iter().map(|one| workload(&context, platform, one)).collect();
        workloads.sort_by(|a, b| a.key.cmp(&b.key));
        let cluster = Cluster {
            platform: (*platform).into(),
            name: context.clone(),
            version: None,
            region: (!region.is_empty()).then(|| (*region).into()),
            account: None,
            identity: None,
            pending_replicas: None,
        };
        bring_of(
            &mut model,
            &context,
            platform,
            5,
            Ok(View { cluster: Some(cluster), workloads, raw: BTreeMap::new(), ..View::default() }),
        );
    }
    update::update(&mut model, Stamped { at: now(), event: Event::Tick });
    press(&mut model, "home");
    model
}
