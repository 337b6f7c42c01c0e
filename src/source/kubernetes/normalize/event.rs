//! Events: told apart by what they are about, their word and their sentence; repetitions that the
//! server keeps as separate objects become one.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::Settings;
use crate::domain::event::Event;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::text::Text;
use crate::source::kubernetes::objects::Event as Reported;
use crate::source::kubernetes::stores::Stores;

/// The most events of a view; the oldest are left out.
const MOST: usize = 20_000;

/// Kinds whose events belong to the rollout they carry out.
const ROLLOUTS: [&str; 9] = [
    "DaemonSet",
    "Deployment",
    "InferenceService",
    "LeaderWorkerSet",
    "RayCluster",
    "RayService",
    "ReplicaSet",
    "ReplicationController",
    "StatefulSet",
];

/// All events, newest first.
pub fn events(stores: &Stores, settings: &Settings) -> Vec<Event> {
    let mut merged: BTreeMap<(&Text, &Text, &Text, &Text, &Text), Event> = BTreeMap::new();
    for event in stores.events.values() {
        let Some(at) = event.last_at else { continue };
        let identity = (&event.about_kind, &event.about_namespace, &event.about_name, &event.reason, &event.message);
        match merged.entry(identity) {
            Entry::Vacant(slot) => {
                slot.insert(Event {
                    of: about(event, settings),
                    at,
                    first_at: event.first_at.filter(|first| *first < at),
                    count: event.count,
                    warning: event.warning,
                    reason: event.reason.clone(),
                    message: event.message.clone(),
                });
            }
            Entry::Occupied(mut slot) => merge(slot.get_mut(), event, at),
        }
    }
    let mut events: Vec<Event> = merged.into_values().collect();
    events.sort_by(|a, b| {
        let newest = b.at.cmp(&a.at);
        newest.then_with(|| a.of.cmp(&b.of)).then_with(|| a.reason.cmp(&b.reason)).then_with(|| a.message.cmp(&b.message))
    });
    events.truncate(MOST);
    events
}

fn merge(known: &mut Event, more: &Reported, at: crate::domain::time::Timestamp) {
    let firsts = [known.first_at, Some(known.at), more.first_at, Some(at)];
    known.at = known.at.max(at);
    known.first_at = firsts.into_iter().flatten().min().filter(|first| *first < known.at);
    known.count = known.count.saturating_add(more.count);
    known.warning |= more.warning;
}

/// The key of what an event is about.
fn about(event: &Reported, settings: &Settings) -> ResourceKey {
    let (kind, namespace, name) = (event.about_kind.as_str(), &event.about_namespace, &event.about_name);
    let path: Text = if namespace.is_empty() { name.clone() } else { format!("{namespace}/{name}").into() };
    let key = |kind, name: Text| ResourceKey::new(&settings.context, kind, name);
    match kind {
        "Pod" => key(ResourceKind::Replica, path),
        // The node agent writes its node's name as the namespace's neighbour or leaves it out.
        "Node" => key(ResourceKind::Node, name.clone()),
        "PersistentVolumeClaim" => key(ResourceKind::VolumeClaim, path),
        "HorizontalPodAutoscaler" | "ScaledObject" => key(ResourceKind::Scaler, path),
        _ if ROLLOUTS.contains(&kind) => key(ResourceKind::Rollout, format!("{kind} {path}").into()),
        _ => key(ResourceKind::Object, format!("{kind} {path}").into()),
    }
}
