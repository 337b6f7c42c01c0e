//! Anyscale services as workloads: state, versions with their share of the traffic, and what
//! checklist and events say.

use super::super::PLATFORM;
use super::super::wire::{CheckItem, Checklist, Service, ServiceEvent, ServiceVersion};
use super::sentence;
use crate::domain::event::Event;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp, age};
use crate::domain::workload::{Phase, PlatformMessage, Role, Status, Version, Workload};

/// The first service of a cloud starts in ten minutes, and that is the slowest of what is usual.
const USUAL: Duration = Duration::from_mins(10);
/// TERMINATING for longer is stuck.
const TERMINATES: Duration = Duration::from_mins(15);
/// Messages of events that are kept.
const EVENTS: usize = 4;

/// A service with its events (newest first), as a workload and events of it.
/// `dashboard` is the address of the Ray cluster's dashboard that the context names beside it.
pub fn service(read: &Service, events: &[ServiceEvent], context: &Text, dashboard: Option<&str>, now: Timestamp) -> (Workload, Vec<Event>) {
    let key = ResourceKey::new(context, ResourceKind::Workload, Text::clean(&read.name));
    let state = read.current_state.as_deref().unwrap_or_default();
    let told: Vec<Event> = events.iter().filter_map(|event| told(event, &key)).collect();
    let since = since(read, state, events);
    let phase = phase(read, state, since, now);
    let workload = Workload {
        platform: PLATFORM.into(),
        kind: "service".into(),
        role: Role::Serving,
        status: Status { phase, native: Text::clean(state), since: since.filter(|_| phase != Phase::Live), serving: serves(read, state) },
        replicas: None,
        demand: None,
        pinned_groups: Vec::new(),
        strategy: None,
        bounds: None,
        versions: versions(read),
        targets: Vec::new(),
        jobs: Vec::new(),
        deployed_at: versions(read).first().and_then(|version| version.deployed_at),
        endpoint: read.base_url.as_deref().map(Text::clean),
        messages: if phase == Phase::Live { Vec::new() } else { messages(read, state, events, since, now) },
        quota_demand: None,
        usual_rollout: USUAL,
        reproduce: format!("anyscale service status --name {} --verbose", Text::clean(&read.name)).into(),
        names: [("service_id", Some(read.id.as_str())), ("cloud_id", read.cloud_id.as_deref()), ("dashboard", dashboard)]
            .into_iter()
            .filter_map(|(name, value)| Some((Text::from(name), Text::clean(value.filter(|value| !value.is_empty())?))))
            .collect(),
        key,
    };
    (workload, told)
}

fn stamp(text: Option<&String>) -> Option<Timestamp> {
    let text = text?.trim();
    text.parse().ok().or_else(|| format!("{text}Z").parse().ok())
}

/// Where it stands. A service that has been ending for long is in trouble, not merely on its way.
fn phase(read: &Service, state: &str, since: Option<Timestamp>, now: Timestamp) -> Phase {
    match state {
        "RUNNING" => Phase::Live,
        "STARTING" | "UPDATING" | "ROLLING_OUT" | "ROLLING_BACK" => {
            if standing_canary(read) {
                Phase::Live
            } else {
                Phase::Updating
            }
        }
        "UNHEALTHY" | "USER_ERROR_FAILURE" | "SYSTEM_FAILURE" => Phase::Failed,
        "TERMINATING" if since.is_some_and(|since| age(now, since) > TERMINATES) => Phase::Failed,
        "TERMINATING" => Phase::Stopping,
        "TERMINATED" => Phase::Zero,
        _ => Phase::Unrecognized,
    }
}

/// Weights that somebody set to stand still, with both versions well: nothing is to be waited for.
fn standing_canary(read: &Service) -> bool {
    let well = |version: &Option<ServiceVersion>| version.as_ref().is_some_and(|own| own.current_state.as_deref() == Some("RUNNING"));
    let arrived = read.canary_version.as_ref().is_some_and(|own| own.current_weight.is_some() && own.current_weight == own.target_weight);
    read.auto_rollout_enabled == Some(false) && arrived && well(&read.primary_version) && well(&read.canary_version)
}

fn serves(read: &Service, state: &str) -> bool {
    let running = |own: &ServiceVersion| own.current_state.as_deref() == Some("RUNNING");
    matches!(state, "RUNNING" | "ROLLING_OUT" | "ROLLING_BACK") || read.primary_version.as_ref().is_some_and(running)
}

/// Since when: the newest event that began the present state.
fn since(read: &Service, state: &str, events: &[ServiceEvent]) -> Option<Timestamp> {
    let begins: &[&str] = match state {
        "STARTING" => &["STARTING", "CREATE_INITIATED", "RESTART_INITIATED"],
        "UPDATING" => &["UPDATING", "UPDATE_INITIATED", "ROLLOUT_INITIATED"],
        "ROLLING_OUT" => &["ROLLING_OUT", "ROLLOUT_INITIATED"],
        "ROLLING_BACK" => &["ROLLING_BACK", "ROLLBACK_INITIATED"],
        "TERMINATING" => &["TERMINATING", "TERMINATE_INITIATED"],
        other => &[other][..0],
    };
    let kind = |event: &&ServiceEvent| event.service.as_ref().and_then(|about| about.event_type.clone()).unwrap_or_default();
    // The request may have been repeated: the first of the newest run counts.
    let mut began = None;
    for event in events {
        let kind = kind(&event);
        if begins.contains(&kind.as_str()) || kind == state {
            began = stamp(event.created_at.as_ref());
        } else if began.is_some() && !kind.is_empty() && !kind.starts_with("DEPLOYMENT_") {
            break;
        }
    }
    let newest = || read.canary_version.as_ref().or(read.primary_version.as_ref()).and_then(|own| stamp(own.created_at.as_ref()));
    began.or_else(|| if state == "TERMINATING" { None } else { newest() }).or_else(|| stamp(read.created_at.as_ref()))
}

fn versions(read: &Service) -> Vec<Version> {
    let current: Vec<&ServiceVersion> = read.canary_version.iter().chain(&read.primary_version).collect();
    let all: Vec<&ServiceVersion> = if current.is_empty() { read.versions.iter().flatten().collect() } else { current };
    all.into_iter()
        .map(|own| Version {
            id: Text::clean(own.version.as_deref().unwrap_or(&own.id)),
            deployed_at: stamp(own.created_at.as_ref()),
            traffic: own.current_weight.or(own.weight).map(percent),
        })
        .collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a percentage")]
fn percent(weight: f64) -> u32 {
    weight.clamp(0.0, 100.0).round() as u32
}

/// How bad the state of a part is.
fn weight(state: &str) -> u8 {
    match state {
        "USER_ERROR_FAILURE" => 0,
        "SYSTEM_FAILURE" => 1,
        "UNHEALTHY" => 2,
        "TERMINATING" => 3,
        "STARTING" | "UPDATING" => 4,
        _ => 5,
    }
}

fn messages(read: &Service, state: &str, events: &[ServiceEvent], since: Option<Timestamp>, now: Timestamp) -> Vec<PlatformMessage> {
    // A part that is being made is no news before it takes longer than usual.
    let worst = if since.is_some_and(|since| age(now, since) > USUAL) { 4 } else { 2 };
    let said = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(sentence);
    let mut messages = Vec::new();
    let mut say = |field: String, text: Option<Text>, code: Option<&str>, at: Option<Timestamp>| {
        let Some(text) = text else { return };
        if !messages.iter().any(|known: &PlatformMessage| known.text == text) {
            messages.push(PlatformMessage { field: field.into(), text, code: code.map(Text::clean), at });
        }
    };
    say("error_message".to_owned(), said(read.error_message.as_deref()), None, None);
    let checklist = read.service_status_checklist.as_ref();
    let mut items: Vec<&CheckItem> = checklist.into_iter().flat_map(parts).collect();
    items.retain(|item| item.state.as_deref().is_some_and(|state| weight(state) <= worst));
    items.sort_by_key(|item| weight(item.state.as_deref().unwrap_or_default()));
    for item in items {
        let field = format!("checklist.{}", Text::clean(item.kind.as_deref().unwrap_or("UNKNOWN")));
        say(
            field,
            said(item.message.as_deref()).or_else(|| said(item.state.as_deref())),
            item.state.as_deref(),
            stamp(item.observed_at.as_ref()),
        );
    }
    // What was said before the present state began is about something else.
    let recent = |event: &&ServiceEvent| stamp(event.created_at.as_ref()).zip(since).is_none_or(|(at, since)| at >= since);
    let bad = |event: &&ServiceEvent| matches!(event.level.as_deref(), Some("ERROR" | "WARNING" | "CRITICAL"));
    for event in events
        .iter()
        .filter(bad)
        .filter(|event| matches!(state, "UNHEALTHY" | "USER_ERROR_FAILURE" | "SYSTEM_FAILURE") || recent(event))
        .take(EVENTS)
    {
        let field = format!("events.{}", Text::clean(event.origin.as_deref().unwrap_or("SERVICE")));
        say(field, said(event.message.as_deref()), event.level.as_deref(), stamp(event.created_at.as_ref()));
    }
    if weight(state) < 2 {
        say("current_state".to_owned(), said(Some(state)), None, since);
    }
    // It says less than anything else that was said, and more than nothing.
    if state == "UNHEALTHY" && messages.is_empty() {
        messages.push(PlatformMessage { field: "current_state".into(), text: Text::clean(state), code: None, at: since });
    }
    messages
}

fn parts(list: &Checklist) -> impl Iterator<Item = &CheckItem> {
    let of_versions = list.per_version.iter().flatten().flat_map(|own| own.items.iter().flatten());
    list.shared.iter().flatten().chain(of_versions)
}

fn told(event: &ServiceEvent, key: &ResourceKey) -> Option<Event> {
    let kind = event.service.as_ref().and_then(|about| about.event_type.as_deref());
    Some(Event {
        of: key.clone(),
        at: stamp(event.created_at.as_ref())?,
        first_at: None,
        count: 1,
        warning: matches!(event.level.as_deref(), Some("ERROR" | "WARNING" | "CRITICAL")),
        reason: Text::clean(kind.or(event.origin.as_deref()).unwrap_or("SERVICE")),
        message: event.message.as_deref().map(sentence).unwrap_or_default(),
    })
}
