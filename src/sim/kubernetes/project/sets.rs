//! `StatefulSet`: those of people, and those beneath each `LeaderWorkerSet`.

use serde_json::{Map, Value, json};

use super::super::super::world::rollout::template_hash;
use super::super::super::world::{Api, ApiKind, Pod, PodPhase};
use super::deployments::put_counts;
use super::object::{Named, View, finished, put_meta};
use super::templates;

/// All sets.
pub(super) fn stateful_sets(view: View<'_>) -> Vec<Value> {
    let mut objects = Vec::new();
    for api in &view.cluster.apis {
        let leader = |pod: &&Pod| pod.labels.get("leaderworkerset.sigs.k8s.io/worker-index").is_none_or(|rank| rank == "0");
        match api.kind {
            ApiKind::StatefulSet => objects.extend(set(view, api, (&api.name, api.desired), &api.pods.iter().collect::<Vec<_>>(), None)),
            ApiKind::LeaderWorkerSet => {
                let owner = view.owner(Named::new("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", &api.namespace, &api.name));
                let leaders: Vec<&Pod> = api.pods.iter().filter(leader).collect();
                objects.extend(set(view, api, (&api.name, api.desired), &leaders, Some(owner)));
                for leader in leaders {
                    let workers: Vec<&Pod> = api.pods.iter().filter(|pod| worker_of(pod, leader)).collect();
                    let owner = view.owner(Named::new("v1", "Pod", &api.namespace, &leader.name));
                    objects.extend(set(view, api, (&leader.name, api.size - 1), &workers, Some(owner)));
                }
            }
            _ => {}
        }
    }
    objects
}

/// Whether a pod is a worker of a leader.
fn worker_of(pod: &Pod, leader: &Pod) -> bool {
    pod.name.strip_prefix(&leader.name).is_some_and(|rest| rest.starts_with('-'))
}

fn set(view: View<'_>, api: &Api, (name, desired): (&str, u32), pods: &[&Pod], owner: Option<Value>) -> Option<Value> {
    let version = api.current()?;
    let mut object = view.object(Named::new("apps/v1", "StatefulSet", &api.namespace, name), api.created_at);
    let generation = api.versions.len();
    put_meta(&mut object, "generation", json!(generation));
    put_meta(&mut object, "labels", Value::Object(templates::labels(view, api, version)));
    if let Some(owner) = owner {
        put_meta(&mut object, "ownerReferences", json!([owner]));
    }
    let spec = json!({
        "replicas": desired, "selector": { "matchLabels": templates::selector(api) }, "serviceName": api.name,
        "template": templates::template(view, api, version, false), "podManagementPolicy": "OrderedReady", "revisionHistoryLimit": 10,
        "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "partition": 0 } },
    });
    let live: Vec<&&Pod> = pods.iter().filter(|pod| pod.phase != PodPhase::Terminating && !pod.phase.is_over()).collect();
    let ready = live.iter().filter(|pod| pod.phase == PodPhase::Ready).count();
    let updated = live.iter().filter(|pod| pod.pod_id == version.pod_id).count();
    let revision = |hash: String| format!("{name}-{hash}");
    let before = api.versions.iter().find(|version| api.completed.as_ref() == Some(&version.pod_id)).unwrap_or(version);
    let mut status = Map::new();
    status.insert("observedGeneration".to_owned(), json!(generation));
    status.insert("replicas".to_owned(), json!(live.len()));
    status.insert("availableReplicas".to_owned(), json!(ready));
    put_counts(&mut status, &[("readyReplicas", ready), ("updatedReplicas", updated), ("currentReplicas", live.len() - updated)]);
    status.insert("currentRevision".to_owned(), json!(revision(template_hash(before))));
    status.insert("updateRevision".to_owned(), json!(revision(template_hash(version))));
    status.insert("collisionCount".to_owned(), json!(0));
    Some(finished(object, spec, Value::Object(status)))
}
