//! What holds replicas back or keeps them: quotas of namespaces, scalers, disruption budgets, claims
//! and volumes.

use serde_json::{Map, Value, json};

use super::super::super::world::admission::usage;
use super::super::super::world::{Api, ApiKind, Claim, LimitRange, PodPhase, Scaler};
use super::object::{Named, View, finished, memory, put_meta};
use super::templates;

/// All of them.
pub(super) fn limits(view: View<'_>) -> Vec<Value> {
    let mut objects = quotas(view);
    objects.extend(view.cluster.control.limit_ranges.iter().map(|range| limit_range(view, range)));
    for api in &view.cluster.apis {
        objects.extend(api.budget.map(|needed| budget(view, api, needed)));
        objects.extend(api.scaler.map(|scaler| self::scaler(view, api, scaler)));
    }
    objects.push(storage_class(view));
    for claim in &view.cluster.control.claims {
        objects.extend(volume(view, claim));
    }
    objects
}

fn quotas(view: View<'_>) -> Vec<Value> {
    if view.cluster.control.quotas.is_empty() {
        return Vec::new();
    }
    let used = usage(view.cluster);
    let quota = |quota: &super::super::super::world::NamespaceQuota| {
        let object = view.object(Named::new("v1", "ResourceQuota", &quota.namespace, &quota.name), view.cluster.created_at);
        let sum = used.get(&quota.namespace).copied().unwrap_or_default();
        let amounts = |amount: &dyn Fn(&str, i64) -> i64| -> Map<String, Value> {
            quota.limits().into_iter().map(|(name, limit)| (name.to_owned(), json!(amount(name, limit).to_string()))).collect()
        };
        let hard = amounts(&|_, limit| limit);
        let held = amounts(&|name, _| sum.of(name));
        finished(object, json!({ "hard": hard }), json!({ "hard": hard, "used": held }))
    };
    view.cluster.control.quotas.iter().map(quota).collect()
}

/// Without defaults of its own, what a container may have at most is also what one that says nothing gets.
fn limit_range(view: View<'_>, range: &LimitRange) -> Value {
    let mut object = view.object(Named::new("v1", "LimitRange", &range.namespace, &range.name), view.cluster.created_at);
    let mut most = Map::new();
    most.extend(range.memory_mib.map(|mib| ("memory".to_owned(), json!(memory(mib)))));
    most.extend(range.gpus.map(|gpus| ("nvidia.com/gpu".to_owned(), json!(gpus.to_string()))));
    let item = json!({ "type": "Container", "max": most, "default": most, "defaultRequest": most });
    object.insert("spec".to_owned(), json!({ "limits": [item] }));
    Value::Object(object)
}

fn budget(view: View<'_>, api: &Api, needed: u32) -> Value {
    let created = api.created_at;
    let mut object = view.object(Named::new("policy/v1", "PodDisruptionBudget", &api.namespace, &api.object_name()), created);
    put_meta(&mut object, "generation", json!(1));
    let healthy = u32::try_from(api.pods.iter().filter(|pod| pod.phase == PodPhase::Ready).count()).unwrap_or(u32::MAX);
    let allowed = healthy.saturating_sub(needed);
    let words = if allowed > 0 { ("SufficientPods", "") } else { ("InsufficientPods", "") };
    finished(
        object,
        json!({ "minAvailable": needed, "selector": { "matchLabels": templates::selector(api) } }),
        json!({
            "observedGeneration": 1, "currentHealthy": healthy, "desiredHealthy": needed, "disruptionsAllowed": allowed,
            "expectedPods": api.replicas().count(), "conditions": [view.condition("DisruptionAllowed", allowed > 0, words, created)],
        }),
    )
}

fn target(api: &Api) -> (&'static str, &'static str) {
    match api.kind {
        ApiKind::StatefulSet => ("apps/v1", "StatefulSet"),
        ApiKind::LeaderWorkerSet => ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet"),
        _ => ("apps/v1", "Deployment"),
    }
}

fn scaler(view: View<'_>, api: &Api, scaler: Scaler) -> Value {
    let created = api.created_at;
    let name = api.object_name();
    let object = view.object(Named::new("autoscaling/v2", "HorizontalPodAutoscaler", &api.namespace, &name), created);
    let (api_version, kind) = target(api);
    let metric = |field: &str, value: u32| json!({ "type": "Resource", "resource": { "name": "cpu", field: { "type": "Utilization", "averageUtilization": value } } });
    let spec = json!({
        "scaleTargetRef": { "apiVersion": api_version, "kind": kind, "name": name }, "minReplicas": scaler.min, "maxReplicas": scaler.max,
        "metrics": [metric("target", 70)],
    });
    let current = u32::try_from(api.replicas().count()).unwrap_or(u32::MAX);
    let load = 70 * scaler.wanted / api.desired.max(1);
    let limited = scaler.wanted > scaler.max;
    let limit = if limited {
        ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
    } else {
        ("DesiredWithinRange", "the desired count is within the acceptable range")
    };
    let able = ("ReadyForNewScale", "recommended size matches current size");
    let active = (
        "ValidMetricFound",
        "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)",
    );
    let changed = if limited { -1_200 } else { created };
    let status = json!({
        "currentReplicas": current, "desiredReplicas": scaler.wanted.clamp(scaler.min, scaler.max), "lastScaleTime": view.stamp(changed),
        "currentMetrics": [{ "type": "Resource", "resource": { "name": "cpu", "current": { "averageUtilization": load, "averageValue": "470m" } } }],
        "conditions": [
            view.condition("AbleToScale", true, able, created), view.condition("ScalingActive", true, active, created),
            view.condition("ScalingLimited", limited, limit, changed),
        ],
    });
    finished(object, spec, status)
}

fn storage_class(view: View<'_>) -> Value {
    let mut object = view.object(Named::new("storage.k8s.io/v1", "StorageClass", "", "gp3"), view.cluster.created_at);
    put_meta(&mut object, "annotations", json!({ "storageclass.kubernetes.io/is-default-class": "true" }));
    object.insert("provisioner".to_owned(), json!("ebs.csi.aws.com"));
    object.insert("parameters".to_owned(), json!({ "type": "gp3" }));
    object.insert("reclaimPolicy".to_owned(), json!("Delete"));
    object.insert("volumeBindingMode".to_owned(), json!("WaitForFirstConsumer"));
    object.insert("allowVolumeExpansion".to_owned(), json!(true));
    Value::Object(object)
}

/// A claim and the disk behind it.
fn volume(view: View<'_>, claim: &Claim) -> [Value; 2] {
    let uid = view.uid("PersistentVolumeClaim", &claim.namespace, &claim.name);
    let disk = format!("pvc-{uid}");
    let size = json!({ "storage": format!("{}Gi", claim.size_gib) });
    let mut object = view.object(Named::new("v1", "PersistentVolumeClaim", &claim.namespace, &claim.name), claim.created_at);
    put_meta(
        &mut object,
        "annotations",
        json!({ "pv.kubernetes.io/bind-completed": "yes", "volume.kubernetes.io/storage-provisioner": "ebs.csi.aws.com" }),
    );
    let claimed = finished(
        object,
        json!({
            "accessModes": ["ReadWriteOnce"], "resources": { "requests": size }, "storageClassName": "gp3", "volumeMode": "Filesystem",
            "volumeName": disk,
        }),
        json!({ "phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": size }),
    );
    let object = view.object(Named::new("v1", "PersistentVolume", "", &disk), claim.created_at);
    let zone = json!([{ "matchExpressions": [{ "key": "topology.kubernetes.io/zone", "operator": "In", "values": [claim.zone] }] }]);
    let bound = finished(
        object,
        json!({
            "accessModes": ["ReadWriteOnce"], "capacity": size, "storageClassName": "gp3", "volumeMode": "Filesystem",
            "claimRef": { "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": claim.namespace, "name": claim.name, "uid": uid },
            "csi": { "driver": "ebs.csi.aws.com", "fsType": "ext4", "volumeHandle": format!("vol-0{}", super::super::super::world::minting::hex(&uid, 16)) },
            "nodeAffinity": { "required": { "nodeSelectorTerms": zone } }, "persistentVolumeReclaimPolicy": "Delete",
        }),
        json!({ "phase": "Bound" }),
    );
    [claimed, bound]
}
