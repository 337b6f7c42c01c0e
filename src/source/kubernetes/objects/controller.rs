//! What makes pods: Deployments with their `ReplicaSets`, `StatefulSets`, `DaemonSets`.

use serde_json::Value;

use super::super::object::{Kind, Meta, Trim, object};
use super::super::tree::Fields;
use super::conditions::conditions;
use super::pod::Template;
use super::raw::record;
use super::selector::{Selector, match_selector};
use crate::domain::condition::StatusCondition;
use crate::domain::text::Text;
use crate::domain::time::Duration;
use crate::domain::workload::{Amount, UpdateStrategy};

/// Numbers a controller reports of its replicas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// The generation it has acted upon.
    pub generation: Option<u64>,
    /// Replicas of any revision.
    pub replicas: u32,
    /// Of the current revision.
    pub updated: u32,
    /// Ready, of any revision.
    pub ready: u32,
    /// Ready for the minimum time.
    pub available: u32,
}

impl Reported {
    pub(super) fn read(status: &Value) -> Self {
        Self {
            generation: status.whole("observedGeneration").and_then(|number| u64::try_from(number).ok()),
            replicas: status.count("replicas"),
            updated: status.count("updatedReplicas"),
            ready: status.count("readyReplicas"),
            available: status.count("availableReplicas"),
        }
    }
}

/// A Deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Its metadata.
    pub meta: Meta,
    /// Replicas asked for; one where it does not say.
    pub desired: u32,
    /// Whether somebody paused it.
    pub paused: bool,
    /// Whose pods it manages.
    pub selector: Selector,
    /// Replaces pods one after the other; `None` for `Recreate`, which stops all old ones first.
    pub strategy: Option<UpdateStrategy>,
    /// How long without progress until it gives up.
    pub progress_deadline: Option<Duration>,
    /// What its pods are made from.
    pub template: Template,
    /// What it reports.
    pub reported: Reported,
    /// Its conditions.
    pub conditions: Vec<StatusCondition>,
    /// The object as received.
    pub raw: Text,
}

object!(Deployment, Kind::built_in("apps", "v1", "deployments", "Deployment"));

impl Trim for Deployment {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let (spec, status) = (tree.at("spec"), tree.at("status"));
        Self {
            desired: spec.optional_count("replicas").unwrap_or(1),
            paused: spec.flag("paused"),
            selector: match_selector(spec.at("selector")),
            strategy: strategy(spec.at("strategy")),
            progress_deadline: spec
                .whole("progressDeadlineSeconds")
                .and_then(|seconds| u64::try_from(seconds).ok())
                .map(Duration::from_secs),
            template: Template::read(spec.at("template")),
            reported: Reported::read(status),
            conditions: conditions(status),
            raw: record(tree),
            meta,
        }
    }
}

fn strategy(tree: &Value) -> Option<UpdateStrategy> {
    if tree.at("type").as_str() == Some("Recreate") {
        return None;
    }
    let rolling = tree.at("rollingUpdate");
    let usual = Amount::Percent(25);
    Some(UpdateStrategy {
        max_surge: amount(rolling.at("maxSurge")).unwrap_or(usual),
        max_unavailable: amount(rolling.at("maxUnavailable")).unwrap_or(usual),
    })
}

/// `25%` or `1` or `"1"`.
pub fn amount(tree: &Value) -> Option<Amount> {
    if let Some(number) = tree.as_u64() {
        return u32::try_from(number).ok().map(Amount::Count);
    }
    let text = tree.as_str()?.trim();
    match text.strip_suffix('%') {
        Some(percent) => percent.parse().ok().map(Amount::Percent),
        None => text.parse().ok().map(Amount::Count),
    }
}

/// A `ReplicaSet`: one revision of a Deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaSet {
    /// Its metadata; the revision's number is an annotation.
    pub meta: Meta,
    /// Replicas asked for.
    pub desired: u32,
    /// Images of its containers.
    pub images: Vec<Text>,
    /// What it reports.
    pub reported: Reported,
    /// Its conditions.
    pub conditions: Vec<StatusCondition>,
}

object!(ReplicaSet, Kind::built_in("apps", "v1", "replicasets", "ReplicaSet"));

impl Trim for ReplicaSet {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let (spec, status) = (tree.at("spec"), tree.at("status"));
        Self {
            desired: spec.optional_count("replicas").unwrap_or(1),
            images: Template::read(spec.at("template")).images,
            reported: Reported::read(status),
            conditions: conditions(status),
            meta,
        }
    }
}

/// A `StatefulSet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatefulSet {
    /// Its metadata.
    pub meta: Meta,
    /// Replicas asked for; one where it does not say.
    pub desired: u32,
    /// Whose pods it manages.
    pub selector: Selector,
    /// Pods with a smaller number keep the old revision.
    pub partition: u32,
    /// How many may be missing during an update; one where it does not say.
    pub max_unavailable: Option<Amount>,
    /// Pods are replaced only when somebody deletes them.
    pub on_delete: bool,
    /// What its pods are made from.
    pub template: Template,
    /// What it reports.
    pub reported: Reported,
    /// The revision it comes from.
    pub current_revision: Text,
    /// The revision it goes to.
    pub update_revision: Text,
    /// Its conditions.
    pub conditions: Vec<StatusCondition>,
    /// The object as received.
    pub raw: Text,
}

object!(StatefulSet, Kind::built_in("apps", "v1", "statefulsets", "StatefulSet"));

impl Trim for StatefulSet {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let (spec, status) = (tree.at("spec"), tree.at("status"));
        let strategy = spec.at("updateStrategy");
        let rolling = strategy.at("rollingUpdate");
        Self {
            desired: spec.optional_count("replicas").unwrap_or(1),
            selector: match_selector(spec.at("selector")),
            partition: rolling.count("partition"),
            max_unavailable: amount(rolling.at("maxUnavailable")),
            on_delete: strategy.at("type").as_str() == Some("OnDelete"),
            template: Template::read(spec.at("template")),
            reported: Reported::read(status),
            current_revision: status.word("currentRevision"),
            update_revision: status.word("updateRevision"),
            conditions: conditions(status),
            raw: record(tree),
            meta,
        }
    }
}

/// A `DaemonSet`: read to know whether device plugins and drivers are there at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonSet {
    /// Its metadata.
    pub meta: Meta,
    /// Nodes that should run one.
    pub desired: u32,
    /// Of those, ready.
    pub ready: u32,
    /// Images of its containers.
    pub images: Vec<Text>,
}

object!(DaemonSet, Kind::built_in("apps", "v1", "daemonsets", "DaemonSet"));

impl Trim for DaemonSet {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let status = tree.at("status");
        Self {
            desired: status.count("desiredNumberScheduled"),
            ready: status.count("numberReady"),
            images: Template::read(tree.at("spec").at("template")).images,
            meta,
        }
    }
}
