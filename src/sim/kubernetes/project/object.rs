//! What all objects have: names, uids, stamps, owners, and amounts as Kubernetes writes them.

use serde_json::{Map, Value, json};

use super::super::super::world::minting::uuid;
use super::super::super::world::{Cluster, Moment, World};
use crate::domain::time::Timestamp;

/// A cluster at the moment its world is at.
#[derive(Clone, Copy)]
pub(super) struct View<'w> {
    pub(super) world: &'w World,
    pub(super) cluster: &'w Cluster,
}

/// Which object is meant.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) api_version: &'a str,
    pub(super) kind: &'a str,
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
}

impl<'a> Named<'a> {
    pub(super) fn new(api_version: &'a str, kind: &'a str, namespace: &'a str, name: &'a str) -> Self {
        Self { api_version, kind, namespace, name }
    }
}

impl View<'_> {
    /// The present.
    pub(super) fn now(self) -> Moment {
        self.world.now
    }

    /// What the cluster's clocks showed.
    fn time(self, moment: Moment) -> Timestamp {
        self.world.faults.kubernetes.there(self.world.stamp(moment))
    }

    /// A stamp in whole seconds.
    pub(super) fn stamp(self, moment: Moment) -> String {
        format!("{:.0}", self.time(moment))
    }

    /// A stamp with microseconds, as newer kinds write it.
    pub(super) fn precise(self, moment: Moment) -> String {
        format!("{:.6}", self.time(moment))
    }

    /// The uid of an object.
    pub(super) fn uid(self, kind: &str, namespace: &str, name: &str) -> String {
        uuid(&format!("{}/{kind}/{namespace}/{name}", self.cluster.name))
    }

    /// An object with its metadata; the caller adds what it is for.
    pub(super) fn object(self, named: Named<'_>, created_at: Moment) -> Map<String, Value> {
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), json!(named.name));
        if !named.namespace.is_empty() {
            metadata.insert("namespace".to_owned(), json!(named.namespace));
        }
        metadata.insert("uid".to_owned(), json!(self.uid(named.kind, named.namespace, named.name)));
        metadata.insert("creationTimestamp".to_owned(), json!(self.stamp(created_at)));
        let mut object = Map::new();
        object.insert("apiVersion".to_owned(), json!(named.api_version));
        object.insert("kind".to_owned(), json!(named.kind));
        object.insert("metadata".to_owned(), Value::Object(metadata));
        object
    }

    /// The reference of an owned object to its controller.
    pub(super) fn owner(self, named: Named<'_>) -> Value {
        json!({
            "apiVersion": named.api_version, "kind": named.kind, "name": named.name,
            "uid": self.uid(named.kind, named.namespace, named.name), "controller": true, "blockOwnerDeletion": true,
        })
    }

    /// A condition as pods and custom kinds have it.
    pub(super) fn condition(self, name: &str, holds: bool, (reason, message): (&str, &str), since: Moment) -> Value {
        let mut condition = Map::new();
        condition.insert("type".to_owned(), json!(name));
        condition.insert("status".to_owned(), json!(word(holds)));
        condition.insert("lastTransitionTime".to_owned(), json!(self.stamp(since)));
        for (field, text) in [("reason", reason), ("message", message)] {
            if !text.is_empty() {
                condition.insert(field.to_owned(), json!(text));
            }
        }
        Value::Object(condition)
    }
}

/// A condition's word.
pub(super) fn word(holds: bool) -> &'static str {
    if holds { "True" } else { "False" }
}

/// Puts a field of the metadata.
pub(super) fn put_meta(object: &mut Map<String, Value>, field: &str, value: Value) {
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.insert(field.to_owned(), value);
    }
}

/// The object, finished.
pub(super) fn finished(mut object: Map<String, Value>, spec: Value, status: Value) -> Value {
    object.insert("spec".to_owned(), spec);
    object.insert("status".to_owned(), status);
    Value::Object(object)
}

/// CPU in thousandths as Kubernetes writes it.
pub(super) fn cpu(millis: i64) -> String {
    if millis % 1_000 == 0 { (millis / 1_000).to_string() } else { format!("{millis}m") }
}

/// Memory in MiB as Kubernetes writes it.
pub(super) fn memory(mib: i64) -> String {
    if mib % 1_024 == 0 { format!("{}Gi", mib / 1_024) } else { format!("{mib}Mi") }
}
