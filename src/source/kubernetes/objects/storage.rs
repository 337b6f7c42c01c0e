//! Volumes: claims, what they got, and the classes they come from.

use serde_json::Value;

use super::super::object::{Kind, Meta, Trim, object};
use super::super::tree::Fields;
use super::conditions::conditions;
use super::place::label_rule;
use crate::domain::condition::StatusCondition;
use crate::domain::placement::LabelOperator;
use crate::domain::text::Text;

/// Labels that name a zone: the current one, and the one of volumes made before 1.17.
const ZONES: [&str; 2] = ["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"];

/// A `PersistentVolumeClaim`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeClaim {
    /// Its metadata.
    pub meta: Meta,
    /// `Pending`, `Bound`, `Lost`.
    pub phase: Text,
    /// Its class; `None` asks for the default one.
    pub class: Option<Text>,
    /// The volume it got or names.
    pub volume: Option<Text>,
    /// How it may be used.
    pub access: Vec<Text>,
    /// Its conditions.
    pub conditions: Vec<StatusCondition>,
}

object!(VolumeClaim, Kind::built_in("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"));

impl Trim for VolumeClaim {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let (spec, status) = (tree.at("spec"), tree.at("status"));
        Self {
            phase: status.word("phase"),
            // An empty name is a choice: no class at all.
            class: spec.has("storageClassName").then(|| spec.word("storageClassName")),
            volume: spec.optional_text("volumeName").filter(|name| !name.is_empty()),
            access: spec.texts("accessModes"),
            conditions: conditions(status),
            meta,
        }
    }
}

/// A `PersistentVolume`: only where it can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Its metadata.
    pub meta: Meta,
    /// Zones it can be used in; empty for everywhere.
    pub zones: Vec<Text>,
}

object!(Volume, Kind::built_in("", "v1", "persistentvolumes", "PersistentVolume").of_cluster());

impl Trim for Volume {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let terms = tree.at("spec").at("nodeAffinity").at("required").list("nodeSelectorTerms");
        let rules = terms.iter().flat_map(|term| term.list("matchExpressions")).filter_map(label_rule);
        let is_zone = |key: &str| ZONES.contains(&key) || key.ends_with("/zone");
        let named = rules.filter(|rule| is_zone(&rule.key) && rule.operator == LabelOperator::In).flat_map(|rule| rule.values);
        let labelled = ZONES.iter().filter_map(|label| meta.label(label)).flat_map(|zones| zones.split("__").map(Text::from));
        let mut zones: Vec<Text> = named.chain(labelled).collect();
        zones.sort();
        zones.dedup();
        Self { meta, zones }
    }
}

/// A `StorageClass`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageClass {
    /// Its metadata.
    pub meta: Meta,
    /// Whether volumes are made only once a pod has found a node.
    pub waits: bool,
    /// Whether claims without a class get this one.
    pub is_default: bool,
}

object!(StorageClass, Kind::built_in("storage.k8s.io", "v1", "storageclasses", "StorageClass").of_cluster());

impl Trim for StorageClass {
    fn trim(meta: Meta, tree: &Value) -> Self {
        let waits = tree.at("volumeBindingMode").as_str() == Some("WaitForFirstConsumer");
        let is_default = meta.annotations.get("storageclass.kubernetes.io/is-default-class").is_some_and(|value| *value == "true");
        Self { meta, waits, is_default }
    }
}
