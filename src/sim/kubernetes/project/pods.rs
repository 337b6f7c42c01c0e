//! Pods of workloads.

use serde_json::{Value, json};

use super::super::super::world::{Api, ApiKind, Moment, Pod, PodPhase, Version};
use super::containers;
use super::object::{Named, View, finished, put_meta};
use super::templates;

/// All pods of all workloads, the evicted ones included.
pub(super) fn pods(view: View<'_>) -> Vec<Value> {
    let all = view.cluster.pods();
    all.filter_map(|(api, each)| Some(pod(view, api, api.version(&each.spec_id)?, each))).collect()
}

/// Whoever made the pod.
fn owner<'a>(api: &'a Api, pod: &'a Pod, set: &'a str, job: &'a str) -> Option<Named<'a>> {
    let label = |key: &str| pod.labels.get(key).map_or("", String::as_str);
    match api.kind {
        ApiKind::StatefulSet => Some(Named::new("apps/v1", "StatefulSet", &api.namespace, &api.name)),
        ApiKind::LeaderWorkerSet => {
            let leads = label("leaderworkerset.sigs.k8s.io/worker-index") == "0";
            let set = if leads { &api.name } else { pod.name.rsplit_once('-').map_or("", |(set, _)| set) };
            Some(Named::new("apps/v1", "StatefulSet", &api.namespace, set))
        }
        ApiKind::RayService => Some(Named::new("ray.io/v1", "RayCluster", &api.namespace, label("ray.io/cluster"))),
        kind if kind.has_jobs() => Some(Named::new("batch/v1", "Job", &api.namespace, job)),
        kind if kind.is_deployment() => Some(Named::new("apps/v1", "ReplicaSet", &api.namespace, set)),
        _ => None,
    }
}

fn pod(view: View<'_>, api: &Api, version: &Version, pod: &Pod) -> Value {
    let set = api.replica_set(version);
    let job = api.jobs.iter().find(|job| Some(job.number) == pod.job).map(|job| view.world.job_id(job)).unwrap_or_default();
    let mut object = view.object(Named::new("v1", "Pod", &api.namespace, &pod.name), pod.created_at);
    let mut labels = templates::labels(view, api, version);
    if api.kind.is_deployment() {
        labels.insert("pod-template-hash".to_owned(), json!(super::super::super::world::rollout::template_hash(version)));
        put_meta(&mut object, "generateName", json!(format!("{set}-")));
    }
    if pod.job.is_some() {
        labels.insert("jobID".to_owned(), json!(job));
        labels.insert(
            format!("cortex.dev/{}", if version.containers.iter().any(|each| each.name == "task") { "task" } else { "batch" }),
            json!("worker"),
        );
    }
    labels.extend(pod.labels.iter().map(|(key, value)| (key.clone(), json!(value))));
    put_meta(&mut object, "labels", Value::Object(labels));
    if let Some(owner) = owner(api, pod, &set, &job) {
        put_meta(&mut object, "ownerReferences", json!([view.owner(owner)]));
    }
    if pod.phase == PodPhase::Terminating {
        let since = pod.deleted_at.unwrap_or(view.now());
        put_meta(&mut object, "deletionTimestamp", json!(view.stamp(since + 30)));
        put_meta(&mut object, "deletionGracePeriodSeconds", json!(30));
    }
    let mut spec = templates::spec(view, api, version);
    let node = view.cluster.nodes.iter().find(|node| pod.node.as_ref() == Some(&node.instance_id));
    if let Value::Object(fields) = &mut spec {
        fields.insert("priority".to_owned(), json!(0));
        fields.insert("preemptionPolicy".to_owned(), json!("PreemptLowerPriority"));
        fields.insert("enableServiceLinks".to_owned(), json!(true));
        if let Some(node) = node {
            fields.insert("nodeName".to_owned(), json!(node.name));
        }
    }
    if pod.labels.get("ray.io/node-type").is_some_and(|kind| kind == "head") {
        templates::make_head(&mut spec, pod.demand.cpu_millis, pod.demand.memory_bytes / 1_048_576);
    }
    let status = status(view, api, version, pod);
    finished(object, spec, status)
}

fn status(view: View<'_>, api: &Api, version: &Version, pod: &Pod) -> Value {
    let phase = match pod.phase {
        PodPhase::NotReady | PodPhase::Ready | PodPhase::Failed | PodPhase::OutOfMemory => "Running",
        PodPhase::Terminating if pod.started_at.is_some() => "Running",
        PodPhase::Pending | PodPhase::Creating | PodPhase::ImageError | PodPhase::Terminating => "Pending",
        PodPhase::Succeeded => "Succeeded",
        PodPhase::Evicted => "Failed",
    };
    let mut status = json!({ "phase": phase, "conditions": conditions(view, api, version, pod), "qosClass": "Burstable" });
    let Value::Object(fields) = &mut status else { return status };
    if let Some(eviction) = &pod.evicted_because {
        fields.insert("reason".to_owned(), json!("Evicted"));
        fields.insert("message".to_owned(), json!(eviction));
    }
    if let Some(scheduled) = pod.scheduled_at {
        let address = templates::pod_address(&pod.name);
        fields.insert("startTime".to_owned(), json!(view.stamp(scheduled)));
        fields.insert("hostIP".to_owned(), json!(templates::pod_address(pod.node.as_deref().unwrap_or_default())));
        if pod.started_at.is_some() && pod.evicted_because.is_none() {
            fields.insert("podIP".to_owned(), json!(address));
            fields.insert("podIPs".to_owned(), json!([{ "ip": address }]));
        }
        fields.insert("containerStatuses".to_owned(), json!(containers::statuses(view, api, version, pod)));
    }
    status
}

fn conditions(view: View<'_>, api: &Api, version: &Version, pod: &Pod) -> Vec<Value> {
    let Some(scheduled) = pod.scheduled_at else {
        let Some(why) = &pod.unplaced_because else { return Vec::new() };
        return vec![view.condition("PodScheduled", false, ("Unschedulable", why), pod.created_at)];
    };
    let ready = pod.phase == PodPhase::Ready;
    let done = pod.phase == PodPhase::Succeeded;
    let since: Moment = if let Some(at) = pod.unready_at {
        at
    } else if ready {
        pod.ready_at.unwrap_or(scheduled)
    } else {
        pod.started_at.unwrap_or(scheduled)
    };
    let names: Vec<String> = version.containers.iter().map(|container| templates::container_name(api, container)).collect();
    let names = format!("containers with unready status: [{}]", names.join(" "));
    let words = match (ready, done) {
        (true, _) => ("", ""),
        (_, true) => ("PodCompleted", ""),
        // The node controller says so, and gives no reason.
        _ if pod.unready_at.is_some() => ("", ""),
        _ => ("ContainersNotReady", names.as_str()),
    };
    let mut conditions = vec![
        view.condition("Initialized", true, ("", ""), scheduled),
        view.condition("Ready", ready, words, since),
        view.condition("ContainersReady", ready, words, since),
        view.condition("PodScheduled", true, ("", ""), scheduled),
    ];
    if let Some((reason, message, at)) = &pod.disrupted {
        conditions.push(view.condition("DisruptionTarget", true, (reason, message), *at));
    }
    conditions
}
