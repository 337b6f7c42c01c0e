//! Events: told apart by what they are about, their word and their sentence; repetitions that the
//! server keeps as separate objects become one.

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
    let told = |event: &Reported| event.last_at.is_some();
    let mut reported: Vec<&Reported> = stores.events.values().map(AsRef::as_ref).filter(|event| told(event)).collect();
    reported.sort_by(|a, b| identity(a).cmp(&identity(b)));
    let mut events: Vec<Event> = Vec::new();
    for alike in reported.chunk_by(|one, other| identity(one) == identity(other)) {
        events.extend(merged(alike, settings));
    }
    events.sort_by(|a, b| {
        let newest = b.at.cmp(&a.at);
        newest.then_with(|| a.of.cmp(&b.of)).then_with(|| a.reason.cmp(&b.reason)).then_with(|| a.message.cmp(&b.message))
    });
    events.truncate(MOST);
    events
}

/// What makes two events one that was repeated.
fn identity(event: &Reported) -> (&Text, &Text, &Text, &Text, &Text) {
    (&event.about_kind, &event.about_namespace, &event.about_name, &event.reason, &event.message)
}

/// Repetitions as one event.
fn merged(alike: &[&Reported], settings: &Settings) -> Option<Event> {
    let first = alike.first()?;
    let at = alike.iter().filter_map(|event| event.last_at).max()?;
    let begun = alike.iter().flat_map(|event| [event.first_at, event.last_at]).flatten().min();
    Some(Event {
        of: about(first, settings),
        at,
        first_at: begun.filter(|begun| *begun < at),
        count: alike.iter().fold(0, |sum, event| sum.saturating_add(event.count)),
        warning: alike.iter().any(|event| event.warning),
        reason: first.reason.clone(),
        message: first.message.clone(),
    })
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
