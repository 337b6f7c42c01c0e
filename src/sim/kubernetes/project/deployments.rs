//! Deployments and their replica sets.

use serde_json::{Map, Value, json};

use super::super::super::world::rollout::template_hash;
use super::super::super::world::{Api, Moment, Pod, PodPhase, Version};
use super::object::{Named, View, finished, put_meta, word};
use super::templates;
use crate::domain::workload::Amount;

/// Story seconds without progress until the controller says so.
const DEADLINE: i64 = 600;

/// All Deployments with all their replica sets.
pub(super) fn deployments(view: View<'_>) -> Vec<Value> {
    let mut objects = Vec::new();
    for api in view.cluster.apis.iter().filter(|api| api.kind.is_deployment()) {
        objects.extend(deployment(view, api));
        objects.extend(replica_sets(view, api));
    }
    objects
}

fn amount(amount: Amount) -> Value {
    match amount {
        Amount::Count(count) => json!(count),
        Amount::Percent(percent) => json!(format!("{percent}%")),
    }
}

/// Versions that differ in their pods, the newest first, with their revision numbers.
fn revisions(api: &Api) -> Vec<(usize, &Version)> {
    let mut seen: Vec<&Version> = Vec::new();
    for version in &api.versions {
        if !seen.iter().any(|known| known.pod_id == version.pod_id) {
            seen.push(version);
        }
    }
    let count = seen.len();
    seen.into_iter().enumerate().map(|(index, version)| (count - index, version)).collect()
}

fn deployment(view: View<'_>, api: &Api) -> Option<Value> {
    let version = api.current()?;
    let name = api.object_name();
    let mut object = view.object(Named::new("apps/v1", "Deployment", &api.namespace, &name), api.created_at);
    let revision = revisions(api).len();
    put_meta(&mut object, "generation", json!(revision));
    put_meta(&mut object, "annotations", json!({ "deployment.kubernetes.io/revision": revision.to_string() }));
    let mut labels = templates::labels(view, api, version);
    if templates::is_cortex(view) {
        labels.insert("apiID".to_owned(), json!(view.world.api_id(version)));
        labels.insert("specID".to_owned(), json!(version.spec_id));
    }
    put_meta(&mut object, "labels", Value::Object(labels));
    if let Some(owner) = super::serving::owner_of_deployment(view, api) {
        put_meta(&mut object, "ownerReferences", json!([owner]));
    }
    let spec = json!({
        "replicas": api.desired, "selector": { "matchLabels": templates::selector(api) },
        "template": templates::template(view, api, version, false),
        "strategy": { "type": "RollingUpdate", "rollingUpdate": {
            "maxUnavailable": amount(version.strategy.max_unavailable), "maxSurge": amount(version.strategy.max_surge),
        }},
        "revisionHistoryLimit": 10, "progressDeadlineSeconds": DEADLINE,
    });
    Some(finished(object, spec, status(view, api, version, revision)))
}

/// Puts counts, leaving zeros out as the API server does.
pub(super) fn put_counts(fields: &mut Map<String, Value>, counts: &[(&str, usize)]) {
    for (name, count) in counts.iter().filter(|(_, count)| *count > 0) {
        fields.insert((*name).to_owned(), json!(count));
    }
}

fn status(view: View<'_>, api: &Api, version: &Version, revision: usize) -> Value {
    let counted: Vec<&Pod> = api.replicas().collect();
    let updated = counted.iter().filter(|pod| pod.pod_id == version.pod_id).count();
    let ready = counted.iter().filter(|pod| pod.phase == PodPhase::Ready).count();
    let mut fields = Map::new();
    fields.insert("observedGeneration".to_owned(), json!(revision));
    let missing = counted.len().max(api.desired as usize).saturating_sub(ready);
    put_counts(
        &mut fields,
        &[
            ("replicas", counted.len()),
            ("updatedReplicas", updated),
            ("readyReplicas", ready),
            ("availableReplicas", ready),
            ("unavailableReplicas", missing),
        ],
    );
    fields.insert("conditions".to_owned(), json!(conditions(view, api, version, ready)));
    Value::Object(fields)
}

fn conditions(view: View<'_>, api: &Api, version: &Version, ready: usize) -> Vec<Value> {
    let (_, unavailable) = version.strategy.resolve(api.desired);
    let enough = ready >= api.desired.saturating_sub(unavailable) as usize;
    let words = if enough {
        ("MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    let served = api.replicas().filter_map(|pod| pod.ready_at).min();
    let since = if enough { served.unwrap_or(api.created_at) } else { last_loss(api, version) };
    let set = api.replica_set(version);
    let (holds, reason, message, at) = progress(view, api, version, &set);
    let mut all = vec![
        condition(view, "Available", enough, words, (since, since)),
        condition(view, "Progressing", holds, (reason, &message), (at.min(view.now()), if holds { version.deployed_at } else { at })),
    ];
    if let Some((message, since)) = &api.refused {
        all.push(condition(view, "ReplicaFailure", true, ("FailedCreate", message), (*since, *since)));
    }
    all
}

/// When the number of ready replicas last fell below what it must be, as far as pods tell.
fn last_loss(api: &Api, version: &Version) -> Moment {
    let changes = api.pods.iter().filter(|pod| pod.phase != PodPhase::Ready);
    changes.map(|pod| pod.deleted_at.unwrap_or(pod.created_at)).max().unwrap_or(version.deployed_at)
}

/// Whether the update goes on, in the controller's words, and since when.
fn progress(view: View<'_>, api: &Api, version: &Version, set: &str) -> (bool, &'static str, String, Moment) {
    let moved = api.pods.iter().filter(|pod| pod.pod_id == version.pod_id && pod.job.is_none());
    let last = moved.flat_map(|pod| [Some(pod.created_at), pod.ready_at]).flatten().max();
    let last = last.unwrap_or(version.deployed_at).max(version.deployed_at);
    if api.completed.as_deref() == Some(version.pod_id.as_str()) {
        return (true, "NewReplicaSetAvailable", format!("ReplicaSet \"{set}\" has successfully progressed."), last);
    }
    if view.now() - last > DEADLINE {
        return (false, "ProgressDeadlineExceeded", format!("ReplicaSet \"{set}\" has timed out progressing."), last + DEADLINE);
    }
    (true, "ReplicaSetUpdated", format!("ReplicaSet \"{set}\" is progressing."), last)
}

fn condition(view: View<'_>, name: &str, holds: bool, (reason, message): (&str, &str), (updated, since): (Moment, Moment)) -> Value {
    json!({
        "type": name, "status": word(holds), "lastUpdateTime": view.stamp(updated), "lastTransitionTime": view.stamp(since),
        "reason": reason, "message": message,
    })
}

fn replica_sets(view: View<'_>, api: &Api) -> Vec<Value> {
    revisions(api).into_iter().map(|(number, version)| replica_set(view, api, number, version)).collect()
}

fn replica_set(view: View<'_>, api: &Api, number: usize, version: &Version) -> Value {
    let name = api.replica_set(version);
    let owner = api.object_name();
    let created = api.versions.iter().filter(|each| each.pod_id == version.pod_id).map(|each| each.deployed_at).min();
    let mut object = view.object(Named::new("apps/v1", "ReplicaSet", &api.namespace, &name), created.unwrap_or(version.deployed_at));
    let pods: Vec<&Pod> = api.replicas().filter(|pod| pod.pod_id == version.pod_id).collect();
    let is_current = api.current().is_some_and(|current| current.pod_id == version.pod_id);
    let desired = if is_current { pods.len().max(wanted(api, pods.len())) } else { pods.len() };
    let (surge, _) = version.strategy.resolve(api.desired);
    put_meta(&mut object, "generation", json!(1));
    let mut labels = templates::labels(view, api, version);
    labels.insert("pod-template-hash".to_owned(), json!(template_hash(version)));
    put_meta(&mut object, "labels", Value::Object(labels));
    put_meta(
        &mut object,
        "annotations",
        json!({
            "deployment.kubernetes.io/desired-replicas": api.desired.to_string(),
            "deployment.kubernetes.io/max-replicas": (api.desired + surge).to_string(),
            "deployment.kubernetes.io/revision": number.to_string(),
        }),
    );
    put_meta(&mut object, "ownerReferences", json!([view.owner(Named::new("apps/v1", "Deployment", &api.namespace, &owner))]));
    let mut selector = templates::selector(api);
    if let Value::Object(selector) = &mut selector {
        selector.insert("pod-template-hash".to_owned(), json!(template_hash(version)));
    }
    let spec = json!({
        "replicas": desired, "selector": { "matchLabels": selector }, "template": templates::template(view, api, version, true),
    });
    let ready = pods.iter().filter(|pod| pod.phase == PodPhase::Ready).count();
    let mut status = Map::new();
    status.insert("replicas".to_owned(), json!(pods.len()));
    put_counts(&mut status, &[("fullyLabeledReplicas", pods.len()), ("readyReplicas", ready), ("availableReplicas", ready)]);
    status.insert("observedGeneration".to_owned(), json!(1));
    if let (true, Some((message, since))) = (is_current, &api.refused) {
        let failure = view.condition("ReplicaFailure", true, ("FailedCreate", message), *since);
        status.insert("conditions".to_owned(), json!([failure]));
    }
    finished(object, spec, Value::Object(status))
}

/// What the current set is asked for when its pods are refused at admission.
fn wanted(api: &Api, existing: usize) -> usize {
    if api.refused.is_some() { (existing + 1).min(api.desired as usize) } else { existing }
}
