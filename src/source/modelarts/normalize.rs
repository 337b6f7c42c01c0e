//! What the service says, in the words all platforms share. Pure: it asks nobody and reads no clock.

mod counts;
mod limits;
mod said;

use std::collections::BTreeMap;

use serde_json::Value;

pub use limits::quotas;
pub(super) use said::written_at;
pub use said::{messages, of_callers};

use super::stage::{self, moment};
use super::wire::{ModelConfig, Monitor, Service, ServiceEvent, Specification, Update};
use crate::domain::event::Event;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::text::Text;
use crate::domain::time::Duration;
use crate::domain::workload::{Amount, Phase, PlatformMessage, Role, Status, UpdateStrategy, Version, Workload};

/// How long a deployment may take before the service itself gives up, unless it is set otherwise.
pub const DEPLOY_TIMEOUT: Duration = Duration::from_mins(20);

/// How long an instance takes to start.
const START: Duration = Duration::from_mins(5);

/// Everything that is known of one service.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Its description, or its entry in the list.
    pub service: Service,
    /// Its events, in the order they came in.
    pub events: Vec<ServiceEvent>,
    /// Its updates, the newest first.
    pub updates: Vec<Update>,
    /// Its figures.
    pub monitor: Option<Monitor>,
    /// What calls were answered with, out of its log.
    pub of_callers: Vec<PlatformMessage>,
}

/// What a service is looked at with.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The context.
    pub context: &'a Text,
    /// Flavors.
    pub specifications: &'a [Specification],
    /// The address of the service API, with the project.
    pub api: &'a str,
    /// The address of the log service.
    pub lts: &'a str,
    /// Group and stream of its log, where somebody says them.
    pub channel: Option<(&'a str, &'a str)>,
}

/// The result of the newest update, upper case.
pub(super) fn newest_result(known: &Known) -> &str {
    known.updates.iter().max_by_key(|update| update.update_time).map(|update| update.result.as_str()).unwrap_or_default()
}

/// Where a service stands, in the common word.
pub fn phase(known: &Known) -> Phase {
    let short = known.service.config.iter().any(|config| counts::state(config) != counts::State::Ready);
    match known.service.status.to_ascii_lowercase().as_str() {
        "running" if newest_result(known).eq_ignore_ascii_case("RUNNING") => Phase::Updating,
        "running" if short => Phase::Short,
        "running" => Phase::Live,
        "deploying" | "pending" | "waiting" => Phase::Updating,
        "concerning" => Phase::Short,
        "failed" => Phase::Failed,
        "stopped" => Phase::Zero,
        "stopping" | "deleting" => Phase::Stopping,
        "finished" => Phase::Idle,
        _ => Phase::Unrecognized,
    }
}

/// The workload; `name` is its name in the context.
pub fn workload(known: &Known, name: &str, around: Around<'_>) -> Workload {
    let service = &known.service;
    let phase = phase(known);
    let replicas = counts::replicas(known, phase);
    let newest = known.updates.iter().filter_map(|update| moment(update.update_time)).max();
    let changed = newest.or_else(|| moment(service.update_time)).or_else(|| moment(service.publish_at));
    let since = match phase {
        Phase::Updating | Phase::Failed => newest.or_else(|| moment(service.transition_at)),
        _ => moment(service.transition_at),
    };
    Workload {
        key: ResourceKey::new(around.context, ResourceKind::Workload, name),
        platform: "modelarts".into(),
        kind: kind(&service.infer_type),
        role: Role::Serving,
        status: Status {
            phase,
            native: native(known, phase),
            since,
            serving: replicas.is_some_and(|counts| counts.serving() > 0) && !matches!(phase, Phase::Zero | Phase::Failed),
        },
        replicas,
        demand: None,
        pinned_groups: Vec::new(),
        strategy: service.config.first().and_then(strategy),
        bounds: None,
        versions: versions(known),
        targets: Vec::new(),
        jobs: Vec::new(),
        deployed_at: changed,
        endpoint: (!service.access_address.is_empty()).then(|| service.access_address.as_str().into()),
        messages: messages(known, phase, around.specifications),
        quota_demand: None,
        // An alarm is no deployment: instances that stay away longer than they start are gone.
        usual_rollout: if phase == Phase::Short { START } else { DEPLOY_TIMEOUT },
        reproduce: format!("curl -s -H \"X-Auth-Token: $TOKEN\" {}/services/{}", around.api, service.service_id).into(),
        names: names(service, around),
    }
}

/// What commands about a service need beside its id.
fn names(service: &Service, around: Around<'_>) -> BTreeMap<Text, Text> {
    let (group, stream) = around.channel.unzip();
    [("access_address", Some(service.access_address.as_str())), ("lts", Some(around.lts)), ("log_group", group), ("log_stream", stream)]
        .into_iter()
        .filter_map(|(name, value)| Some((Text::from(name), Text::clean(value.filter(|value| !value.is_empty())?))))
        .collect()
}

fn kind(infer_type: &str) -> Text {
    match infer_type {
        "" | "real-time" => "realtime".into(),
        other => other.into(),
    }
}

/// The service's own word, with what its console shows beside it.
fn native(known: &Known, phase: Phase) -> Text {
    let service = &known.service;
    let word = if service.status.is_empty() { "no status" } else { service.status.as_str() };
    let percent = service.progress.filter(|_| phase == Phase::Updating).map(|percent| format!(" {percent} %")).unwrap_or_default();
    let step = if phase == Phase::Updating && !known.events.is_empty() {
        format!(", {}", stage::reached(&known.events).words())
    } else {
        String::new()
    };
    format!("{word}{percent}{step}").into()
}

/// Model versions, the newest first, then those that updates brought before.
fn versions(known: &Known) -> Vec<Version> {
    let name = |config: &ModelConfig| format!("{} {}", config.model_name, config.model_version);
    let brought = |id: &str| {
        let with = known.updates.iter().filter(|update| update.config.iter().any(|config| name(config) == id));
        with.filter_map(|update| moment(update.update_time)).min()
    };
    let mut versions: Vec<Version> = known
        .service
        .config
        .iter()
        .map(|config| {
            let id = name(config);
            let traffic = config.weight.and_then(|weight| u32::try_from(weight).ok());
            Version { deployed_at: brought(&id), id: id.into(), traffic }
        })
        .collect();
    let number = |version: &Version| -> Vec<u64> {
        let text = version.id.rsplit(' ').next().unwrap_or_default();
        text.split('.').map(|part| part.parse().unwrap_or_default()).collect()
    };
    versions.sort_by_key(|version| std::cmp::Reverse((version.deployed_at, number(version))));
    for update in &known.updates {
        for id in update.config.iter().map(name) {
            if !versions.iter().any(|version| version.id == *id) {
                versions.push(Version { deployed_at: brought(&id), id: id.into(), traffic: None });
            }
        }
    }
    versions
}

/// Below one a share, from one on a number; one extra and none missing where nothing is set.
fn strategy(config: &ModelConfig) -> Option<UpdateStrategy> {
    let amount = |name: &str, otherwise: Amount| {
        let Some(value) = config.additional_properties.get(name).and_then(Value::as_f64) else { return otherwise };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just before")]
        let whole = |number: f64| number.clamp(0.0, 10_000.0).round() as u32;
        if value > 0.0 && value < 1.0 { Amount::Percent(whole(value * 100.0)) } else { Amount::Count(whole(value)) }
    };
    config.additional_properties.is_object().then(|| UpdateStrategy {
        max_surge: amount("max_surge", Amount::Count(1)),
        max_unavailable: amount("max_unavailable", Amount::Count(0)),
    })
}

/// Events for the timeline, the newest first.
pub fn events(key: &ResourceKey, events: &[ServiceEvent]) -> Vec<Event> {
    let mut told: Vec<Event> = events
        .iter()
        .filter_map(|event| {
            Some(Event {
                of: key.clone(),
                at: moment(event.occur_time)?,
                first_at: None,
                count: 1,
                warning: stage::is_abnormal(event),
                reason: stage::word(event).into(),
                message: Text::clean_to(&event.event_info, 2_000),
            })
        })
        .collect();
    told.sort_by_key(|event| std::cmp::Reverse(event.at));
    told
}

/// The log group and stream of a service, where its description names them.
pub fn log_channel(service: &Service) -> Option<(String, String)> {
    let places = std::iter::once(&service.additional_properties).chain(service.config.iter().map(|config| &config.additional_properties));
    places.filter_map(|place| opened(place).get("log_report_channels").cloned()).find_map(|channels| {
        let channels = opened(&channels);
        channels.as_array()?.iter().find_map(|channel| {
            let settings = opened(channel.get("configuration")?);
            let id = |name: &str| settings.get(name).and_then(Value::as_str).map(str::to_owned);
            Some((id("log_group_id")?, id("log_stream_id")?))
        })
    })
}

/// A value that may have been sent as text.
fn opened(value: &Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        other => other.clone(),
    }
}

/// A description for the eye, without the values of the service's environment: they may be secrets.
pub fn raw_record(description: &Value) -> Text {
    let mut shown = description.clone();
    for config in shown.get_mut("config").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(envs) = config.get_mut("envs").and_then(Value::as_object_mut) {
            envs.values_mut().for_each(|value| *value = Value::String("…".to_owned()));
        }
    }
    Text::clean_lines(&serde_json::to_string_pretty(&shown).unwrap_or_default(), 64 * 1024)
}
