//! What the service API, the log service and IAM send. Nothing is required: fields differ between
//! installations, and ids and numbers come as text or as number. No logic.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The list of services.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ServiceList {
    /// How many there are in all.
    #[serde(deserialize_with = "number")]
    pub total_count: Option<u64>,
    /// This page.
    pub services: Vec<Value>,
}

/// A service, in the list or described.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Service {
    /// Its id.
    #[serde(deserialize_with = "text")]
    pub service_id: String,
    /// Its name.
    #[serde(deserialize_with = "text")]
    pub service_name: String,
    /// `real-time`, `batch` or `edge`.
    #[serde(deserialize_with = "text")]
    pub infer_type: String,
    /// The workspace.
    #[serde(deserialize_with = "text")]
    pub workspace_id: String,
    /// Its state.
    #[serde(deserialize_with = "text")]
    pub status: String,
    /// How far a deployment is, in percent.
    #[serde(deserialize_with = "number")]
    pub progress: Option<u64>,
    /// When it was published, in milliseconds.
    #[serde(deserialize_with = "number")]
    pub publish_at: Option<u64>,
    /// When its state changed.
    #[serde(deserialize_with = "number")]
    pub transition_at: Option<u64>,
    /// When it was changed.
    #[serde(deserialize_with = "number")]
    pub update_time: Option<u64>,
    /// Calls since it was made.
    #[serde(deserialize_with = "number")]
    pub invocation_times: Option<u64>,
    /// Of them, those that failed.
    #[serde(deserialize_with = "number")]
    pub failed_times: Option<u64>,
    /// What is wrong.
    #[serde(deserialize_with = "text")]
    pub error_msg: String,
    /// Where calls go.
    #[serde(deserialize_with = "text")]
    pub access_address: String,
    /// The dedicated pool.
    #[serde(deserialize_with = "text")]
    pub pool_name: String,
    /// Model versions, each with its share.
    pub config: Vec<ModelConfig>,
    /// Where logs are sent, among other things.
    pub additional_properties: Value,
}

/// One model version of a service.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ModelConfig {
    /// The model.
    #[serde(deserialize_with = "text")]
    pub model_name: String,
    /// Its version.
    #[serde(deserialize_with = "text")]
    pub model_version: String,
    /// Share of the traffic in percent.
    #[serde(deserialize_with = "number")]
    pub weight: Option<u64>,
    /// The machine.
    #[serde(deserialize_with = "text")]
    pub specification: String,
    /// Instances there should be.
    #[serde(deserialize_with = "number")]
    pub instance_count: Option<u64>,
    /// `ready`, `concerning`, `notReady`, or a state of a service.
    #[serde(deserialize_with = "text")]
    pub status: String,
    /// Update settings and log channels, among other things.
    pub additional_properties: Value,
}

/// Events of a service.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct EventList {
    /// How many there are in all.
    #[serde(deserialize_with = "number")]
    pub total_count: Option<u64>,
    /// This page.
    pub events: Vec<ServiceEvent>,
}

/// One event.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ServiceEvent {
    /// `normal` or `abnormal`.
    #[serde(deserialize_with = "text")]
    pub event_type: String,
    /// The sentence.
    #[serde(deserialize_with = "text")]
    pub event_info: String,
    /// When, in milliseconds.
    #[serde(deserialize_with = "number")]
    pub occur_time: Option<u64>,
}

/// The update log.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct UpdateLog {
    /// Updates.
    pub logs: Vec<Update>,
}

/// One update.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Update {
    /// When it began, in milliseconds.
    #[serde(deserialize_with = "number")]
    pub update_time: Option<u64>,
    /// `SUCCESS`, `FAIL` or `RUNNING`.
    #[serde(deserialize_with = "text")]
    pub result: String,
    /// What was asked for.
    pub config: Vec<ModelConfig>,
}

/// Figures of a service.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Monitor {
    /// Instances that run.
    #[serde(deserialize_with = "number")]
    pub service_running_instance_count: Option<u64>,
    /// Instances there should be.
    #[serde(deserialize_with = "number")]
    pub service_instance_count: Option<u64>,
    /// Calls in the last minute.
    #[serde(deserialize_with = "number")]
    pub req_count_per_min: Option<u64>,
    /// Figures of its model versions.
    pub monitors: Vec<ModelMonitor>,
}

/// Figures of one model version.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ModelMonitor {
    /// The model.
    #[serde(deserialize_with = "text")]
    pub model_name: String,
    /// Its version.
    #[serde(deserialize_with = "text")]
    pub model_version: String,
    /// Instances that run.
    #[serde(deserialize_with = "number")]
    pub model_running_instance_count: Option<u64>,
    /// Instances there should be.
    #[serde(deserialize_with = "number")]
    pub model_instance_count: Option<u64>,
    /// Calls since it was made.
    #[serde(deserialize_with = "number")]
    pub invocation_times: Option<u64>,
    /// Of them, those that failed.
    #[serde(deserialize_with = "number")]
    pub failed_times: Option<u64>,
}

/// Machines there are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SpecificationList {
    /// Flavors.
    pub specifications: Vec<Specification>,
}

/// One flavor.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Specification {
    /// Its name.
    #[serde(deserialize_with = "text")]
    pub specification: String,
    /// Whether it can be chosen without applying for it.
    pub is_open: Option<bool>,
    /// Whether nothing is left of it.
    pub over_quota: Option<bool>,
}

/// Quotas of the project: an object with `resources`; of a workspace: a list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct QuotaAnswer {
    /// Either.
    pub quotas: Value,
}

/// One quota, of the project or of a workspace.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct QuotaRow {
    /// The project's word for what is limited.
    #[serde(rename = "type", deserialize_with = "text")]
    pub kind: String,
    /// The workspace's word for it.
    #[serde(deserialize_with = "text")]
    pub resource: String,
    /// Its name for people.
    #[serde(deserialize_with = "text")]
    pub name_en: String,
    /// What is counted.
    #[serde(deserialize_with = "text")]
    pub unit_en: String,
    /// The limit; -1 for none.
    #[serde(deserialize_with = "signed")]
    pub quota: Option<i64>,
    /// What a project uses.
    #[serde(deserialize_with = "signed")]
    pub used: Option<i64>,
    /// What a workspace uses.
    #[serde(deserialize_with = "signed")]
    pub used_quota: Option<i64>,
}

/// Lines of the log service.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LogAnswer {
    /// Lines.
    pub logs: Vec<LogRow>,
}

/// One line.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LogRow {
    /// The line.
    #[serde(deserialize_with = "text")]
    pub content: String,
    /// Its place: nineteen digits, the first thirteen of them the time in milliseconds.
    #[serde(deserialize_with = "text")]
    pub line_num: String,
    /// Where it came from.
    #[serde(deserialize_with = "labels")]
    pub labels: BTreeMap<String, String>,
}

/// Projects of IAM.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ProjectList {
    /// Projects.
    pub projects: Vec<Project>,
}

/// One project.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Project {
    /// Its id.
    #[serde(deserialize_with = "text")]
    pub id: String,
    /// Its name: the region's, for the main one.
    #[serde(deserialize_with = "text")]
    pub name: String,
}

fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    })
}

fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(signed(from)?.and_then(|number| u64::try_from(number).ok()))
}

fn signed<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    #[expect(clippy::cast_possible_truncation, reason = "a fraction of a count means nothing, and a count beyond i64 saturates")]
    let whole = |number: f64| number as i64;
    Ok(match Value::deserialize(from)? {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(whole)),
        _ => None,
    })
}

fn labels<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    let Value::Object(fields) = Value::deserialize(from)? else { return Ok(BTreeMap::new()) };
    let plain = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(fields.into_iter().map(|(name, value)| (name, plain(value))).collect())
}
