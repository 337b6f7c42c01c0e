//! What changes numbers of replicas (`HorizontalPodAutoscaler`, KEDA's `ScaledObject`), and what
//! limits taking replicas away (`PodDisruptionBudget`).

use serde_json::Value;

use super::super::object::{Kind, Meta, Trim, object};
use super::super::tree::Fields;
use super::conditions::conditions;
use super::raw::record;
use super::selector::{Selector, match_selector};
use crate::domain::condition::StatusCondition;
use crate::domain::text::Text;

/// What an autoscaler scales.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Such as `Deployment`.
    pub kind: Text,
    /// Its name, in the scaler's namespace.
    pub name: Text,
}

impl Target {
    fn read(tree: &Value) -> Self {
        let kind = tree.word("kind");
        Self { kind: if kind.is_empty() { "Deployment".into() } else { kind }, name: tree.word("name") }
    }
}

/// A `HorizontalPodAutoscaler`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autoscaler {
    /// Its metadata.
    pub meta: Meta,
    /// What it scales.
    pub target: Target,
    /// Never fewer; one where it does not say.
    pub min: u32,
    /// Never more.
    pub max: u32,
    /// What there is.
    pub current: u32,
    /// What it asks for.
    pub desired: u32,
    /// What it measures, in words.
    pub metrics: Vec<Text>,
    /// Its conditions.
    pub conditions: Vec<StatusCondition>,
    /// The object as received.
    pub raw: Text,
}

object!(Autoscaler, Kind::built_in("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler").or_older(&["v2beta2"]));

impl Trim for Autoscaler {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let (spec, status) = (tree.at("spec"), tree.at("status"));
        Self {
            target: Target::read(spec.at("scaleTargetRef")),
            min: spec.optional_count("minReplicas").unwrap_or(1),
            max: spec.count("maxReplicas"),
            current: status.count("currentReplicas"),
            desired: status.count("desiredReplicas"),
            metrics: spec.list("metrics").iter().map(|metric| measured(metric, status)).collect(),
            conditions: conditions(status),
            raw: record(tree),
            meta,
        }
    }
}

/// One metric in words: its name, what it is, what it should be.
fn measured(metric: &Value, status: &Value) -> Text {
    let (part, name) = part(metric);
    let now = status.list("currentMetrics").iter().map(self::part).find(|(_, other)| *other == name).map(|(part, _)| part);
    let target = shown(part.at("target"));
    let current = now.map(|part| shown(part.at("current"))).filter(|current| !current.is_empty());
    let current = current.unwrap_or_else(|| "unknown".to_owned());
    if target.is_empty() { format!("{name} {current}") } else { format!("{name} {current} of {target}") }.into()
}

/// The part of a metric that depends on its type, and the metric's name.
fn part(metric: &Value) -> (&Value, Text) {
    let part = match metric.at("type").as_str() {
        Some("Resource") => metric.at("resource"),
        Some("ContainerResource") => metric.at("containerResource"),
        Some("Pods") => metric.at("pods"),
        Some("Object") => metric.at("object"),
        Some("External") => metric.at("external"),
        _ => metric,
    };
    let name = part.optional_word("name").unwrap_or_else(|| part.at("metric").word("name"));
    (part, name)
}

fn shown(value: &Value) -> String {
    if let Some(percent) = value.whole("averageUtilization") {
        return format!("{percent} %");
    }
    let amount = value.optional_text("averageValue").or_else(|| value.optional_text("value"));
    amount.map(|amount| amount.as_str().to_owned()).unwrap_or_default()
}

/// A KEDA `ScaledObject`. It works through an HPA of its own, and alone decides about zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScaledObject {
    /// Its metadata.
    pub meta: Meta,
    /// What it scales.
    pub target: Target,
    /// Never fewer; zero where it does not say.
    pub min: u32,
    /// Never more; a hundred where it does not say.
    pub max: u32,
    /// What it listens to.
    pub triggers: Vec<Text>,
    /// The HPA it works through.
    pub autoscaler: Text,
    /// Whether it is paused.
    pub paused: bool,
    /// Its conditions.
    pub conditions: Vec<StatusCondition>,
}

object!(ScaledObject, Kind::custom("keda.sh", "v1alpha1", "scaledobjects", "ScaledObject"));

impl Trim for ScaledObject {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let (spec, status) = (tree.at("spec"), tree.at("status"));
        let paused = meta.annotations.keys().any(|name| name.starts_with("autoscaling.keda.sh/paused"));
        Self {
            target: Target::read(spec.at("scaleTargetRef")),
            min: spec.count("minReplicaCount"),
            max: spec.optional_count("maxReplicaCount").unwrap_or(100),
            triggers: spec.list("triggers").iter().map(|trigger| trigger.word("type")).collect(),
            autoscaler: status.word("hpaName"),
            paused,
            conditions: conditions(status),
            meta,
        }
    }
}

/// A `PodDisruptionBudget`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisruptionBudget {
    /// Its metadata.
    pub meta: Meta,
    /// Whose pods it covers.
    pub selector: Selector,
    /// The rule as written.
    pub rule: Text,
    /// Pods it covers.
    pub expected: u32,
    /// Of those, healthy.
    pub healthy: u32,
    /// Healthy ones that must stay.
    pub needed: u32,
    /// How many may go now.
    pub allowed: u32,
    /// Its conditions.
    pub conditions: Vec<StatusCondition>,
}

object!(DisruptionBudget, Kind::built_in("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget").or_older(&["v1beta1"]));

impl Trim for DisruptionBudget {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let (spec, status) = (tree.at("spec"), tree.at("status"));
        let rule = ["minAvailable", "maxUnavailable"].into_iter().find(|name| spec.has(name));
        Self {
            selector: match_selector(spec.at("selector")),
            rule: rule.map(|name| format!("{name} {}", spec.text(name))).unwrap_or_default().into(),
            expected: status.count("expectedPods"),
            healthy: status.count("currentHealthy"),
            needed: status.count("desiredHealthy"),
            allowed: status.count("disruptionsAllowed"),
            conditions: conditions(status),
            meta,
        }
    }
}
