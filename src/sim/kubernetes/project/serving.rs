//! Serving platforms on Kubernetes: `KServe`, `KubeRay`, `LeaderWorkerSet`, as their controllers report.

use serde_json::{Value, json};

use super::super::super::world::{Api, ApiKind, Moment, Pod, PodPhase, Version};
use super::object::{Named, View, finished, put_meta};
use super::templates;

/// Who made the Deployment, where a serving platform did.
pub(super) fn owner_of_deployment(view: View<'_>, api: &Api) -> Option<Value> {
    (api.kind == ApiKind::InferenceService)
        .then(|| view.owner(Named::new("serving.kserve.io/v1beta1", "InferenceService", &api.namespace, &api.name)))
}

/// All objects of serving platforms.
pub(super) fn services(view: View<'_>) -> Vec<Value> {
    let mut objects = Vec::new();
    for api in &view.cluster.apis {
        let Some(version) = api.current() else { continue };
        match api.kind {
            ApiKind::InferenceService => objects.push(inference_service(view, api, version)),
            ApiKind::LeaderWorkerSet => objects.push(leader_worker_set(view, api, version)),
            ApiKind::RayService => objects.extend(ray(view, api, version)),
            _ => {}
        }
    }
    objects
}

fn ready_since(api: &Api) -> Option<Moment> {
    let ready: Vec<Moment> = api.pods.iter().filter(|pod| pod.phase == PodPhase::Ready).filter_map(|pod| pod.ready_at).collect();
    (ready.len() >= api.desired as usize).then(|| ready.iter().copied().max()).flatten()
}

/// In raw deployment mode.
fn inference_service(view: View<'_>, api: &Api, version: &Version) -> Value {
    let mut object = view.object(Named::new("serving.kserve.io/v1beta1", "InferenceService", &api.namespace, &api.name), api.created_at);
    let generation = api.versions.len();
    put_meta(&mut object, "generation", json!(generation));
    put_meta(&mut object, "annotations", json!({ "serving.kserve.io/deploymentMode": "RawDeployment" }));
    let spec = json!({ "predictor": {
        "minReplicas": version.min_replicas, "maxReplicas": version.max_replicas,
        "containers": templates::spec(view, api, version).get("containers").cloned().unwrap_or_default(),
    }});
    let serves = api.pods.iter().any(|pod| pod.phase == PodPhase::Ready);
    let since = if serves { api.pods.iter().filter_map(|pod| pod.ready_at).min().unwrap_or(api.created_at) } else { version.deployed_at };
    let words = if serves { ("", "") } else { ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.") };
    let condition = |name: &str, holds: bool, words: (&str, &str)| view.condition(name, holds, words, since);
    let url = format!("http://{}.{}.example", api.name, api.namespace);
    let status = json!({
        "observedGeneration": generation, "url": url,
        "conditions": [
            condition("IngressReady", true, ("", "")), condition("PredictorReady", serves, words), condition("Ready", serves, words),
        ],
        "deploymentMode": "RawDeployment",
        "modelStatus": {
            "transitionStatus": if api.completed.as_ref() == Some(&version.pod_id) { "UpToDate" } else { "InProgress" },
            "states": { "activeModelState": if serves { "Loaded" } else { "" }, "targetModelState": if serves { "Loaded" } else { "Pending" } },
        },
    });
    finished(object, spec, status)
}

fn leader_worker_set(view: View<'_>, api: &Api, version: &Version) -> Value {
    let mut object = view.object(Named::new("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", &api.namespace, &api.name), api.created_at);
    let generation = api.versions.len();
    put_meta(&mut object, "generation", json!(generation));
    let spec = json!({
        "replicas": api.desired, "startupPolicy": "LeaderCreated",
        "leaderWorkerTemplate": {
            "size": api.size, "restartPolicy": "RecreateGroupOnPodRestart",
            "workerTemplate": templates::template(view, api, version, false),
        },
        "rolloutStrategy": { "type": "RollingUpdate", "rollingUpdateConfiguration": { "maxUnavailable": 1, "maxSurge": 0 } },
    });
    let index = |pod: &Pod| pod.labels.get("leaderworkerset.sigs.k8s.io/group-index").cloned().unwrap_or_default();
    let groups: Vec<Vec<&Pod>> =
        (0..api.desired).map(|number| api.pods.iter().filter(|pod| index(pod) == number.to_string()).collect()).collect();
    let is_ready = |group: &&Vec<&Pod>| group.len() == api.size as usize && group.iter().all(|pod| pod.phase == PodPhase::Ready);
    let ready = groups.iter().filter(is_ready).count();
    let updated = groups.iter().filter(|group| !group.is_empty() && group.iter().all(|pod| pod.pod_id == version.pod_id)).count();
    let done = ready == api.desired as usize && updated == ready;
    let since = ready_since(api).unwrap_or(version.deployed_at);
    let available = if done {
        view.condition("Available", true, ("AllGroupsReady", "All replicas are ready"), since)
    } else {
        view.condition("Available", false, ("GroupsNotReady", "Replicas are progressing"), version.deployed_at)
    };
    let progressing = view.condition("Progressing", !done, ("GroupsProgressing", "Replicas are progressing"), version.deployed_at);
    let status = json!({
        "replicas": groups.iter().filter(|group| !group.is_empty()).count(), "readyReplicas": ready, "updatedReplicas": updated,
        "conditions": [available, progressing],
        "hpaPodSelector": format!("leaderworkerset.sigs.k8s.io/name={},leaderworkerset.sigs.k8s.io/worker-index=0", api.name),
    });
    finished(object, spec, status)
}

/// The service, and its clusters: the one that serves, and the next one during an update.
fn ray(view: View<'_>, api: &Api, version: &Version) -> Vec<Value> {
    let mut object = view.object(Named::new("ray.io/v1", "RayService", &api.namespace, &api.name), api.created_at);
    let generation = api.versions.len();
    put_meta(&mut object, "generation", json!(generation));
    let serving = api.versions.iter().find(|each| api.completed.as_ref() == Some(&each.pod_id));
    let pending = (api.completed.as_ref() != Some(&version.pod_id)).then_some(version);
    let serves = serving.is_some_and(|each| cluster_ready(api, each));
    let mut conditions = vec![view.condition(
        "Ready",
        serves,
        if serves { ("NonZeroServeEndpoints", "Number of serve endpoints is greater than 0") } else { ("ZeroServeEndpoints", "") },
        serving.map_or(api.created_at, |each| each.deployed_at + 90),
    )];
    conditions.push(view.condition(
        "UpgradeInProgress",
        pending.is_some() && serving.is_some(),
        if pending.is_some() {
            ("BothActivePendingClustersExist", "Both active and pending Ray clusters exist")
        } else {
            ("NoPendingCluster", "Active Ray cluster exists and no pending Ray cluster")
        },
        version.deployed_at,
    ));
    let part = |version: Option<&Version>| version.map_or_else(|| json!({}), |version| active(view, api, version));
    let status = json!({
        "observedGeneration": generation, "conditions": conditions, "serviceStatus": if serves { "Running" } else { "" },
        "numServeEndpoints": if serves { api.desired } else { 0 },
        "activeServiceStatus": part(serving), "pendingServiceStatus": part(pending),
    });
    let spec = json!({
        "serveConfigV2": format!("applications:\n- name: {0}\n  import_path: {0}.app\n", api.name),
        "rayClusterConfig": cluster_spec(view, api, version),
    });
    let mut objects = vec![finished(object, spec, status)];
    objects.extend(serving.into_iter().chain(pending).map(|version| ray_cluster(view, api, version)));
    objects
}

fn active(view: View<'_>, api: &Api, version: &Version) -> Value {
    let healthy = cluster_ready(api, version);
    let state = if healthy { ("RUNNING", "HEALTHY") } else { ("DEPLOYING", "UPDATING") };
    let applications = json!({ api.name.as_str(): {
        "status": state.0, "healthLastUpdateTime": view.stamp(version.deployed_at),
        "serveDeploymentStatuses": { "Model": { "status": state.1, "healthLastUpdateTime": view.stamp(version.deployed_at) } },
    }});
    json!({
        "rayClusterName": api.ray_cluster(version), "applicationStatuses": if healthy { applications } else { json!({}) },
        "rayClusterStatus": cluster_status(view, api, version),
    })
}

fn cluster_ready(api: &Api, version: &Version) -> bool {
    let pods: Vec<&Pod> = api.replicas().filter(|pod| pod.pod_id == version.pod_id).collect();
    pods.len() > api.desired as usize && pods.iter().all(|pod| pod.phase == PodPhase::Ready)
}

fn cluster_spec(view: View<'_>, api: &Api, version: &Version) -> Value {
    json!({
        "rayVersion": "2.9.3",
        "headGroupSpec": { "rayStartParams": { "dashboard-host": "0.0.0.0" }, "template": templates::template(view, api, version, false) },
        "workerGroupSpecs": [{
            "groupName": "gpu", "replicas": api.desired, "minReplicas": api.desired, "maxReplicas": api.desired, "rayStartParams": {},
            "template": templates::template(view, api, version, false),
        }],
    })
}

fn cluster_status(view: View<'_>, api: &Api, version: &Version) -> Value {
    let is_head = |pod: &&&Pod| pod.labels.get("ray.io/node-type").is_some_and(|kind| kind == "head");
    let pods: Vec<&Pod> = api.replicas().filter(|pod| pod.pod_id == version.pod_id).collect();
    let ready = |head: bool| pods.iter().filter(|pod| is_head(pod) == head && pod.phase == PodPhase::Ready).count();
    let all = cluster_ready(api, version);
    let head = pods.iter().find(is_head);
    let ready_condition = |name: &str, holds: bool, reason: &str| view.condition(name, holds, (reason, ""), version.deployed_at);
    json!({
        "state": if all { "ready" } else { "" }, "desiredWorkerReplicas": api.desired, "minWorkerReplicas": api.desired,
        "maxWorkerReplicas": api.desired, "readyWorkerReplicas": ready(false),
        "availableWorkerReplicas": pods.iter().filter(|pod| !is_head(pod) && pod.node.is_some()).count(),
        "head": { "podName": head.map(|pod| pod.name.clone()).unwrap_or_default() },
        "conditions": [
            ready_condition("HeadPodReady", ready(true) > 0, if ready(true) > 0 { "HeadPodRunningAndReady" } else { "ContainersNotReady" }),
            ready_condition("RayClusterProvisioned", all, if all { "AllPodRunningAndReadyFirstTime" } else { "RayClusterPodsProvisioning" }),
        ],
    })
}

fn ray_cluster(view: View<'_>, api: &Api, version: &Version) -> Value {
    let name = api.ray_cluster(version);
    let mut object = view.object(Named::new("ray.io/v1", "RayCluster", &api.namespace, &name), version.deployed_at);
    put_meta(&mut object, "generation", json!(1));
    put_meta(&mut object, "labels", json!({ "ray.io/originated-from-cr-name": api.name, "ray.io/originated-from-crd": "RayService" }));
    put_meta(&mut object, "ownerReferences", json!([view.owner(Named::new("ray.io/v1", "RayService", &api.namespace, &api.name))]));
    finished(object, cluster_spec(view, api, version), cluster_status(view, api, version))
}
