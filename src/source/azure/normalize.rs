//! From Azure's records to the common vocabulary. Pure.
//!
//! A deployment is a workload named `endpoint/deployment`; an endpoint is a router that sends
//! requests to its deployments by weight.

use std::collections::BTreeMap;

use serde_json::Value;

use super::container_log::{ContainerLog, Instead};
use super::envelope::statements;
use super::limits::RESERVE_PERCENT;
use super::monitor::{Figures, rounded};
use super::place::Place;
use super::wire::{Operation, Resource, VmSize};
use crate::domain::capacity::Resources;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp, age, words};
use crate::domain::workload::{
    Phase, PlatformMessage, QuotaDemand, ReplicaBounds, ReplicaCounts, Role, Status, TrafficTarget, Version, Workload,
};
use crate::source::quantity;

/// How long a managed deployment takes when nothing is wrong: machines, image, model, probes.
pub const USUAL_MANAGED: Duration = Duration::from_mins(20);
/// The same on a cluster that has its machines already.
pub const USUAL_KUBERNETES: Duration = Duration::from_mins(10);
/// From when on a log that is withheld is news.
const SILENCE: Duration = Duration::from_hours(1);
/// So many failed tries of one kind are not chance any more.
const OFTEN: usize = 3;
/// A share of failing requests from which on a deployment does not do what it is for.
const MANY_FAIL: f64 = 0.2;
/// Memory and disks fuller than this are the trouble.
const FULL: f64 = 97.0;

/// Everything known of one deployment.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The workspace.
    pub place: &'a Place,
    /// The context's name.
    pub context: &'a Text,
    /// The endpoint.
    pub endpoint: &'a Resource,
    /// The deployment.
    pub deployment: &'a Resource,
    /// Its last operation, if it could be read.
    pub operation: Option<&'a Operation>,
    /// The logs of both containers, if they were read.
    pub logs: &'a [(&'static str, ContainerLog)],
    /// What Azure Monitor says.
    pub figures: Option<&'a Figures>,
    /// Bounds of its autoscale setting.
    pub bounds: Option<ReplicaBounds>,
    /// The machine it runs on.
    pub size: Option<&'a VmSize>,
    /// What an instance counts in which quota.
    pub quota: Option<&'a QuotaDemand>,
    /// The present.
    pub now: Timestamp,
}

/// The word of a state in the common vocabulary.
pub fn phase(state: &str) -> Phase {
    match state.to_ascii_lowercase().as_str() {
        "succeeded" => Phase::Live,
        "creating" | "updating" | "scaling" => Phase::Updating,
        "failed" | "canceled" | "cancelled" => Phase::Failed,
        "deleting" => Phase::Stopping,
        _ => Phase::Unrecognized,
    }
}

/// Whether a state is one that ends by itself.
pub fn is_moving(state: &str) -> bool {
    !matches!(phase(state), Phase::Live | Phase::Failed)
}

/// Whether an endpoint or deployment lies on an attached cluster.
pub fn is_kubernetes(resource: &Resource) -> bool {
    resource.properties.endpoint_compute_type.eq_ignore_ascii_case("kubernetes")
        || resource.kind.eq_ignore_ascii_case("k8s")
        || resource.properties.compute.is_some()
}

/// A stamp as the service writes it.
pub fn stamp(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// The key of a deployment.
pub fn deployment_key(context: &Text, endpoint: &str, deployment: &str) -> ResourceKey {
    ResourceKey::new(context, ResourceKind::Workload, format!("{endpoint}/{deployment}"))
}

/// A deployment as a workload.
pub fn deployment(facts: &Facts<'_>) -> Workload {
    let Facts { deployment, endpoint, .. } = *facts;
    let properties = &deployment.properties;
    let kubernetes = is_kubernetes(deployment);
    let usual = if kubernetes { USUAL_KUBERNETES } else { USUAL_MANAGED };
    let began = facts.operation.and_then(|operation| stamp(&operation.start_time));
    let ended = facts.operation.and_then(|operation| stamp(&operation.end_time));
    let changed = stamp(&deployment.system_data.last_modified_at);
    let told = phase(&properties.provisioning_state);
    let moves = is_moving(&properties.provisioning_state);
    let waited = began.or(changed).map(|began| age(facts.now, began));
    let mut messages = messages(facts, moves, moves && waited.is_some_and(|waited| waited >= SILENCE));
    let failing = failing(facts);
    let suffers = failing.as_ref().is_some_and(|(share, _)| *share >= MANY_FAIL);
    messages.extend(failing.map(|(_, message)| message));
    messages.extend(full(facts));
    let since = match told {
        Phase::Failed => ended.or(changed),
        Phase::Updating | Phase::Stopping | Phase::Unrecognized => began.or(changed),
        // Since when requests fail nobody says: not since the last deploy, for all that is known.
        Phase::Live if suffers => Some(facts.now),
        _ => changed,
    };
    let is_update =
        properties.provisioning_state.eq_ignore_ascii_case("updating") || properties.provisioning_state.eq_ignore_ascii_case("scaling");
    let ready = facts.figures.and_then(Figures::ready);
    let capacity = deployment.sku.capacity;
    Workload {
        key: deployment_key(facts.context, &endpoint.name, &deployment.name),
        platform: super::PLATFORM.into(),
        kind: if kubernetes { "kubernetes" } else { "managed" }.into(),
        role: Role::Serving,
        status: Status {
            // Up and routed to, yet most callers get errors: fewer good answers than asked for.
            phase: if told == Phase::Live && suffers { Phase::Short } else { told },
            native: properties.provisioning_state.as_str().into(),
            since,
            serving: ready.map_or(told == Phase::Live || is_update, |ready| ready > 0),
        },
        replicas: counts(told, is_update, capacity, ready),
        demand: demand(facts),
        pinned_groups: Vec::new(),
        strategy: None,
        bounds: facts.bounds.or_else(|| {
            let scale = &properties.scale_settings;
            Some(ReplicaBounds { min: scale.min_instances?, max: scale.max_instances? })
        }),
        versions: vec![Version { id: version(deployment).into(), deployed_at: changed, traffic: Some(weight(endpoint, &deployment.name)) }],
        targets: Vec::new(),
        jobs: Vec::new(),
        deployed_at: began.or(changed),
        endpoint: (!endpoint.properties.scoring_uri.is_empty()).then(|| endpoint.properties.scoring_uri.as_str().into()),
        messages,
        quota_demand: facts
            .quota
            .filter(|_| !kubernetes)
            .cloned()
            .map(|quota| QuotaDemand { update_reserve_percent: RESERVE_PERCENT, ..quota }),
        usual_rollout: usual,
        reproduce: format!(
            "az ml online-deployment show --endpoint-name {} --name {} {}",
            quoted(&endpoint.name),
            quoted(&deployment.name),
            common_arguments(facts.place)
        )
        .into(),
        names: names(endpoint, Some(deployment)),
    }
}

/// What commands about an endpoint or a deployment need beside its name.
fn names(endpoint: &Resource, deployment: Option<&Resource>) -> BTreeMap<Text, Text> {
    let identity = &endpoint.identity;
    let chosen = || match identity.user_assigned_identities.len() {
        // Of several nobody knows which of them lacks something.
        1 => identity.user_assigned_identities.values().find_map(|one| one.get("principalId")?.as_str()),
        _ => None,
    };
    let principal = Some(identity.principal_id.as_str()).filter(|id| !id.is_empty()).or_else(chosen);
    // A registry's model is asked of the registry, in other words.
    let model = deployment.map(|deployment| deployment.properties.model.as_str()).filter(|id| id.contains("/workspaces/"));
    let model = model.and_then(|id| id.rsplit_once("/models/")).and_then(|(_, own)| own.split_once("/versions/")).unzip();
    [
        ("scoring_uri", Some(endpoint.properties.scoring_uri.as_str())),
        ("principal", principal),
        ("model", model.0),
        ("model_version", model.1),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((Text::from(name), Text::clean(value.filter(|value| !value.is_empty())?))))
    .collect()
}

/// Instances. A deployment that stands has what it asked for; one that is made for the first time
/// or failed has those that Azure Monitor counts; what serves during an update is only told there.
fn counts(told: Phase, is_update: bool, capacity: Option<u32>, ready: Option<u32>) -> Option<ReplicaCounts> {
    let desired = capacity?;
    let counts = ReplicaCounts { desired: Some(desired), ..ReplicaCounts::default() };
    match told {
        Phase::Live => Some(ReplicaCounts { ready: ready.unwrap_or(desired), up_to_date: ready.unwrap_or(desired), ..counts }),
        Phase::Updating if is_update => Some(ReplicaCounts { ready_old: ready?, creating: desired, ..counts }),
        Phase::Updating => {
            Some(ReplicaCounts { ready: ready.unwrap_or(0), creating: desired.saturating_sub(ready.unwrap_or(0)), ..counts })
        }
        _ => Some(ReplicaCounts { ready_old: ready.unwrap_or(0), ..counts }),
    }
}

fn demand(facts: &Facts<'_>) -> Option<Resources> {
    let requests = &facts.deployment.properties.container_resource_requirements.container_resource_requests;
    if is_kubernetes(facts.deployment) {
        let read = |value: &Option<String>| value.as_deref().and_then(quantity::units);
        let cpu_millis = requests.cpu.as_deref().and_then(quantity::millis).unwrap_or(0);
        let memory_bytes = read(&requests.memory).unwrap_or(0);
        let gpus = read(&requests.gpu).unwrap_or(0);
        return (cpu_millis > 0 || memory_bytes > 0 || gpus > 0).then(|| Resources {
            cpu_millis,
            memory_bytes,
            gpus,
            ..Resources::default()
        });
    }
    let size = facts.size?;
    let memory = i64::from(rounded(size.memory_gb)).saturating_mul(1 << 30);
    Some(Resources { cpu_millis: i64::from(size.cores) * 1000, memory_bytes: memory, gpus: i64::from(size.gpus), ..Resources::default() })
}

/// Model and environment with their versions: what tells one rollout from the next.
fn version(deployment: &Resource) -> String {
    let short = |id: &str| {
        let parts: Vec<&str> = id.trim_start_matches("azureml:").split('/').collect();
        match parts.as_slice() {
            [.., name, "versions", version] => format!("{name}:{version}"),
            [.., last] => (*last).to_owned(),
            [] => String::new(),
        }
    };
    let parts = [short(&deployment.properties.model), short(&deployment.properties.environment_id)];
    let known: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if known.is_empty() { deployment.name.clone() } else { known.join(" ") }
}

fn weight(endpoint: &Resource, deployment: &str) -> u32 {
    let found = endpoint.properties.traffic.iter().find(|(name, _)| name.eq_ignore_ascii_case(deployment));
    found.map_or(0, |(_, weight)| *weight)
}

/// What the service itself says is wrong, the weightiest first: the operation's error, then what
/// the containers' events repeat, then the sentence that came instead of a log.
fn messages(facts: &Facts<'_>, moves: bool, silent: bool) -> Vec<PlatformMessage> {
    let mut messages = Vec::new();
    if let Some(operation) = facts.operation {
        messages.extend(operation.error.iter().flat_map(|error| of_error(error, stamp(&operation.end_time))));
    }
    if phase(&facts.deployment.properties.provisioning_state) == Phase::Live {
        return messages;
    }
    for (_, log) in facts.logs {
        for (name, times, last) in repeated(log) {
            if messages.iter().any(|known: &PlatformMessage| known.code.as_ref().is_some_and(|code| code.as_str() == name)) {
                continue;
            }
            messages.push(PlatformMessage {
                field: format!("getLogs: container event {name} ({times} times)").into(),
                text: last.message.as_str().into(),
                code: Some(name.into()),
                at: last.at,
            });
        }
    }
    // Where the operation failed before any container was made, there cannot be a log.
    let started = messages.iter().all(|message| message.code.as_ref().is_none_or(|code| code.as_str() == "ResourceNotReady"));
    // A log that is withheld says nothing for a long while; one that does not exist after the end does.
    let nothing = facts.logs.iter().find_map(|(_, log)| match &log.instead {
        Some(Instead::Nothing(sentence)) if !moves && started && !sentence.is_empty() => Some(sentence),
        Some(Instead::Withheld(_) | Instead::Nothing(_)) | None => None,
    });
    messages.extend(nothing.map(|sentence| sentence_of(sentence)));
    let withheld = facts.logs.iter().find_map(|(_, log)| match &log.instead {
        Some(Instead::Withheld(sentence)) if silent => Some(sentence),
        Some(Instead::Withheld(_) | Instead::Nothing(_)) | None => None,
    });
    messages.extend(withheld.map(|sentence| sentence_of(sentence)));
    messages
}

fn sentence_of(sentence: &str) -> PlatformMessage {
    PlatformMessage { field: "getLogs: content".into(), text: sentence.into(), code: None, at: None }
}

/// The statements of an error as messages.
pub fn of_error(error: &Value, at: Option<Timestamp>) -> Vec<PlatformMessage> {
    let message = |statement: super::envelope::Statement| PlatformMessage {
        field: statement.field.into(),
        text: statement.text.into(),
        code: statement.code.map(Text::from),
        at,
    };
    statements(error).into_iter().map(message).collect()
}

/// Warnings of the pod that came again and again and were not followed by their success.
fn repeated(log: &ContainerLog) -> Vec<(&str, usize, &super::container_log::PodEvent)> {
    let mut found: Vec<(&str, usize, &super::container_log::PodEvent)> = Vec::new();
    for event in log.events.iter().filter(|event| event.warning) {
        match found.iter_mut().find(|(name, ..)| *name == event.name) {
            Some((_, times, last)) => {
                *times += 1;
                *last = event;
            }
            None => found.push((&event.name, 1, event)),
        }
    }
    let succeeded = |name: &str| {
        log.events.iter().any(|event| !event.warning && name.ends_with(&format!("{}Failed", event.name.trim_end_matches("ed"))))
    };
    // A pull that failed once or twice is tried again; with the block saying so it is the trouble.
    found.retain(|(name, times, _)| (*times >= OFTEN || (*name == "ImagePullFailed" && *times > 1)) && !succeeded(name));
    found
}

/// Requests that fail, as (share, message).
fn failing(facts: &Facts<'_>) -> Option<(f64, PlatformMessage)> {
    let figures = facts.figures?;
    let failing = figures.failing();
    let (status, model, rate) = *failing.first()?;
    let total = figures.total();
    let share = failing.iter().map(|(_, _, rate)| rate).sum::<f64>() / total;
    let behind =
        if model.is_empty() || model == status || model == "Unknown" { String::new() } else { format!(", model status code {model}") };
    let text = format!("{} of {} requests a minute are answered with HTTP status {status}{behind}", rounded(rate), rounded(total));
    let text = if status == "424" { format!("{text} (424 failed dependency)") } else { text };
    let message =
        PlatformMessage { field: "RequestsPerMinute by statusCode".into(), text: text.into(), code: Some(status.into()), at: None };
    Some((share, message))
}

/// Memory or disk that is full.
fn full(facts: &Facts<'_>) -> Vec<PlatformMessage> {
    let Some(figures) = facts.figures else { return Vec::new() };
    let watched = ["CpuMemoryUtilizationPercentage", "GpuMemoryUtilizationPercentage", "DiskUtilization"];
    let told = figures.busy.iter().filter(|(name, percent)| watched.contains(&name.as_str()) && **percent >= FULL);
    // A model server that fills a GPU's memory on purpose is nothing wrong while it stands.
    let stands = phase(&facts.deployment.properties.provisioning_state) == Phase::Live;
    told.filter(|(name, _)| !(stands && name.starts_with("Gpu")))
        .map(|(name, percent)| PlatformMessage {
            field: name.as_str().into(),
            text: format!("{name} is at {} %", rounded(*percent)).into(),
            code: None,
            at: None,
        })
        .collect()
}

/// An endpoint as a router.
pub fn endpoint(place: &Place, context: &Text, endpoint: &Resource, error: Option<&Operation>, serving: bool) -> Workload {
    let properties = &endpoint.properties;
    let targets = |map: &BTreeMap<String, u32>, shadow: bool| {
        let make = |(name, weight): (&String, &u32)| TrafficTarget {
            workload: format!("{}/{name}", endpoint.name).into(),
            weight: *weight,
            shadow,
        };
        map.iter().map(make).collect::<Vec<_>>()
    };
    let changed = stamp(&endpoint.system_data.last_modified_at);
    let failed = error.and_then(|operation| Some((operation.error.as_ref()?, stamp(&operation.end_time))));
    Workload {
        key: ResourceKey::new(context, ResourceKind::Workload, endpoint.name.as_str()),
        platform: super::PLATFORM.into(),
        kind: "endpoint".into(),
        role: Role::Router,
        status: Status {
            phase: phase(&properties.provisioning_state),
            native: properties.provisioning_state.as_str().into(),
            since: changed,
            serving,
        },
        replicas: None,
        demand: None,
        pinned_groups: Vec::new(),
        strategy: None,
        bounds: None,
        versions: Vec::new(),
        targets: [targets(&properties.traffic, false), targets(&properties.mirror_traffic, true)].concat(),
        jobs: Vec::new(),
        deployed_at: changed,
        endpoint: (!properties.scoring_uri.is_empty()).then(|| properties.scoring_uri.as_str().into()),
        messages: failed.map(|(error, at)| of_error(error, at)).unwrap_or_default(),
        quota_demand: None,
        usual_rollout: USUAL_KUBERNETES,
        reproduce: format!("az ml online-endpoint show --name {} {}", quoted(&endpoint.name), common_arguments(place)).into(),
        names: names(endpoint, None),
    }
}

/// The arguments every `az ml` command needs.
pub fn common_arguments(place: &Place) -> String {
    format!(
        "--workspace-name {} --resource-group {} --subscription {}",
        quoted(&place.workspace),
        quoted(&place.resource_group),
        quoted(&place.subscription)
    )
}

fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) && !argument.starts_with('-') {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', "'\\''"))
    }
}

/// What is not right with the weights of an endpoint, in one sentence each.
pub fn odd_weights(endpoint: &Resource) -> Vec<String> {
    let sum: u32 = endpoint.properties.traffic.values().fold(0, |sum, weight| sum.saturating_add(*weight));
    let mirror: u32 = endpoint.properties.mirror_traffic.values().fold(0, |sum, weight| sum.saturating_add(*weight));
    let mut odd = Vec::new();
    if sum != 0 && sum != 100 {
        odd.push(format!("its traffic adds up to {sum} % instead of 100 %"));
    }
    if mirror > 50 {
        odd.push(format!("{mirror} % of its traffic is mirrored; at most 50 % are"));
    }
    odd
}

/// How long an operation has been going on or took, in words.
pub fn took(operation: &Operation, now: Timestamp) -> Option<String> {
    let began = stamp(&operation.start_time)?;
    let until = stamp(&operation.end_time).unwrap_or(now);
    Some(words(age(until, began)))
}
