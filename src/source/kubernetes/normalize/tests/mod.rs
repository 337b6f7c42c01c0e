//! What the recordings of a real control plane, and objects of kinds it did not have, come to.

mod autoscaler;
mod operators;
mod places;
mod recorded;
mod robust;

use serde_json::Value;

use super::*;
use crate::source::kubernetes::object::{Object, Store};

const PODS: &str = include_str!("../../../../../tests/fixtures/kubernetes/pods.json");
const NODES: &str = include_str!("../../../../../tests/fixtures/kubernetes/nodes.json");
const DEPLOYMENTS: &str = include_str!("../../../../../tests/fixtures/kubernetes/deployments.json");
const REPLICA_SETS: &str = include_str!("../../../../../tests/fixtures/kubernetes/replicasets.json");
const EVENTS: &str = include_str!("../../../../../tests/fixtures/kubernetes/events_core_v1.json");
const EVENTS_V1: &str = include_str!("../../../../../tests/fixtures/kubernetes/events_v1.json");

/// The objects of a list.
fn store<O: Object>(items: impl IntoIterator<Item = Value>) -> Store<O> {
    let objects = items.into_iter().map(|item| serde_json::from_value::<O>(item).unwrap());
    objects.map(|object| (object.meta().place(), std::sync::Arc::new(object))).collect()
}

fn listed<O: Object>(list: &str) -> Store<O> {
    let list: Value = serde_json::from_str(list).unwrap();
    store(list["items"].as_array().unwrap().clone())
}

fn recorded() -> Stores {
    Stores {
        pods: listed(PODS),
        nodes: listed(NODES),
        deployments: listed(DEPLOYMENTS),
        replica_sets: listed(REPLICA_SETS),
        events: listed(EVENTS),
        ..Stores::default()
    }
}

fn settings() -> Settings {
    Settings {
        context: "prod".into(),
        kubectl_context: Some("eks prod".into()),
        adoption: None,
        selector: Selector::default(),
        namespaces: Vec::new(),
        now: "2026-11-21T03:40:00Z".parse().unwrap(),
    }
}

fn key(kind: ResourceKind, name: &str) -> ResourceKey {
    ResourceKey::new(&"prod".into(), kind, name)
}
