//! Workloads of operators, `StatefulSets`, scalers and budgets.

use serde_json::json;

use super::*;
use crate::domain::workload::{Phase, ReplicaBounds, Workload};

fn ready() -> Value {
    json!([{"type": "Ready", "status": "True"}])
}

#[expect(clippy::needless_pass_by_value, reason = "literals read best as arguments")]
fn pod(name: &str, owner: (&str, &str), labels: Value, conditions: Value) -> Value {
    json!({"metadata": {"name": name, "namespace": "ml", "labels": labels, "creationTimestamp": "2026-11-21T03:00:00Z",
        "ownerReferences": [{"kind": owner.0, "name": owner.1, "controller": true}]},
        "spec": {"nodeName": "n", "containers": [{"name": "main"}]}, "status": {"phase": "Running", "conditions": conditions}})
}

#[expect(clippy::needless_pass_by_value, reason = "literals read best as arguments")]
fn deployment(name: &str, owner: Option<(&str, &str)>, labels: Value, desired: u32) -> Value {
    let owners: Vec<Value> = owner.iter().map(|(kind, name)| json!({"kind": kind, "name": name, "controller": true})).collect();
    json!({"metadata": {"name": name, "namespace": "ml", "labels": labels, "ownerReferences": owners},
        "spec": {"replicas": desired, "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "m", "resources": {"limits": {"nvidia.com/gpu": 1}}}]}}},
        "status": {"updatedReplicas": desired, "readyReplicas": desired, "availableReplicas": desired}})
}

fn only(view: &View) -> &Workload {
    assert_eq!(view.workloads.len(), 1, "{:?}", view.workloads);
    &view.workloads[0]
}

#[test]
fn an_inference_service_is_one_workload_whatever_it_makes() {
    let label = json!({"serving.kserve.io/inferenceservice": "llm"});
    let service = json!({"metadata": {"name": "llm", "namespace": "ml"}, "spec": {"predictor": {"minReplicas": 1, "maxReplicas": 3}},
        "status": {"url": "https://llm.ml.example", "conditions": ready()}});
    let set = json!({"metadata": {"name": "llm-predictor-1", "namespace": "ml", "ownerReferences": [{"kind": "Deployment", "name": "llm-predictor"}]}});
    let stores = |conditions: Value| Stores {
        inference_services: store([service.clone()]),
        deployments: store([deployment("llm-predictor", Some(("InferenceService", "llm")), label.clone(), 1)]),
        replica_sets: store([set.clone()]),
        pods: store([pod("llm-predictor-1-x", ("ReplicaSet", "llm-predictor-1"), label.clone(), conditions)]),
        ..Stores::default()
    };
    let view = workloads(&stores(ready()), &settings());
    let live = only(&view);
    assert_eq!((live.key.name.as_str(), live.kind.as_str(), live.status.phase), ("ml/llm", "inference", Phase::Live));
    assert_eq!((live.bounds, live.demand.unwrap().gpus), (Some(ReplicaBounds { min: 1, max: 3 }), 1));
    assert_eq!(live.endpoint.as_deref(), Some("https://llm.ml.example"));
    assert_eq!(
        view.rollouts.iter().map(|it| it.key.name.as_str()).collect::<Vec<_>>(),
        ["Deployment ml/llm-predictor", "InferenceService ml/llm"]
    );
    assert!(view.rollouts.iter().all(|rollout| rollout.workload == live.key));
    let crashing = workloads(&stores(json!([])), &settings());
    assert_eq!(only(&crashing).status.phase, Phase::Updating, "it says ready while its only pod is not");
}

#[test]
fn a_serverless_inference_service_moves_between_revisions() {
    let labels = |revision: &str| json!({"serving.kserve.io/inferenceservice": "llm", "serving.knative.dev/revision": revision});
    let service = json!({"metadata": {"name": "llm", "namespace": "ml"}, "spec": {"predictor": {}}, "status": {
        "conditions": [{"type": "Ready", "status": "False", "reason": "RevisionMissing"}],
        "components": {"predictor": {"latestCreatedRevision": "r2", "latestReadyRevision": "r1", "traffic": [{"revisionName": "r1", "percent": 90}, {"revisionName": "r2", "percent": 10}]}}}});
    let revision = |name: &str, status: &str| {
        json!({"metadata": {"name": name, "namespace": "ml", "labels": {"serving.kserve.io/inferenceservice": "llm"}},
        "spec": {"containers": [{"image": "m:1"}]}, "status": {"desiredReplicas": 1, "actualReplicas": 1, "conditions": [{"type": "Ready", "status": status}]}})
    };
    let stores = Stores {
        inference_services: store([service]),
        deployments: store([deployment("r1-deployment", None, labels("r1"), 1), deployment("r2-deployment", None, labels("r2"), 1)]),
        revisions: store([revision("r1", "True"), revision("r2", "Unknown")]),
        pods: store([
            pod("r1-x", ("ReplicaSet", "r1-deployment-1"), labels("r1"), ready()),
            pod("r2-x", ("ReplicaSet", "r2-deployment-1"), labels("r2"), json!([])),
        ]),
        ..Stores::default()
    };
    let view = workloads(&stores, &settings());
    let workload = only(&view);
    let counts = workload.replicas.unwrap();
    assert_eq!((workload.status.phase, counts.desired, counts.ready, counts.ready_old), (Phase::Updating, Some(1), 0, 1));
    let versions: Vec<_> = workload.versions.iter().map(|it| (it.id.as_str(), it.traffic)).collect();
    assert_eq!(versions, [("r2", Some(10)), ("r1", Some(90))]);
}

#[test]
fn a_ray_service_updates_by_a_second_cluster() {
    let cluster = |name: &str| {
        json!({"metadata": {"name": name, "namespace": "ml", "creationTimestamp": "2026-11-21T03:00:00Z",
        "ownerReferences": [{"kind": "RayService", "name": "chat", "controller": true}]},
        "spec": {"workerGroupSpecs": [{"replicas": 1, "minReplicas": 1, "maxReplicas": 2}]}, "status": {"desiredWorkerReplicas": 1}})
    };
    let service = json!({"metadata": {"name": "chat", "namespace": "ml"},
        "spec": {"rayClusterConfig": {"headGroupSpec": {"template": {"spec": {"containers": [{"name": "h"}]}}},
            "workerGroupSpecs": [{"template": {"spec": {"containers": [{"name": "w", "resources": {"limits": {"nvidia.com/gpu": 4}}}]}}}]}},
        "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "UpgradeInProgress", "status": "True"}],
            "activeServiceStatus": {"rayClusterName": "chat-a"}, "pendingServiceStatus": {"rayClusterName": "chat-b", "applicationStatuses": {"llm": {"status": "DEPLOYING"}}}}});
    let labels = |name: &str| json!({"ray.io/cluster": name});
    let stores = Stores {
        ray_services: store([service]),
        ray_clusters: store([cluster("chat-a"), cluster("chat-b")]),
        pods: store([
            pod("a-head", ("RayCluster", "chat-a"), labels("chat-a"), ready()),
            pod("a-worker", ("RayCluster", "chat-a"), labels("chat-a"), ready()),
            pod("b-head", ("RayCluster", "chat-b"), labels("chat-b"), ready()),
        ]),
        ..Stores::default()
    };
    let view = workloads(&stores, &settings());
    let workload = only(&view);
    let counts = workload.replicas.unwrap();
    assert_eq!((workload.status.phase, counts.desired, counts.ready, counts.ready_old), (Phase::Updating, Some(2), 1, 2));
    assert_eq!((workload.demand.unwrap().gpus, workload.bounds), (4, Some(ReplicaBounds { min: 2, max: 3 })));
    let revisions: Vec<_> = view.rollouts[0].revisions.iter().map(|it| (it.name.as_str(), it.is_current, it.ready)).collect();
    assert_eq!(revisions, [("chat-b", true, 1), ("chat-a", false, 2)]);
}

#[test]
fn a_leader_worker_set_counts_pods() {
    let labels =
        |revision: &str| json!({"leaderworkerset.sigs.k8s.io/name": "big", "leaderworkerset.sigs.k8s.io/template-revision-hash": revision});
    let set = json!({"metadata": {"name": "big", "namespace": "ml"}, "spec": {"replicas": 2, "leaderWorkerTemplate": {"size": 2}},
        "status": {"replicas": 2, "readyReplicas": 1, "updatedReplicas": 1, "conditions": [{"type": "UpdateInProgress", "status": "True"}]}});
    let leaders = json!({"metadata": {"name": "big", "namespace": "ml", "labels": labels("r2"), "ownerReferences": [{"kind": "LeaderWorkerSet", "name": "big", "controller": true}]}});
    let workers = json!({"metadata": {"name": "big-0", "namespace": "ml", "ownerReferences": [{"kind": "Pod", "name": "big-0", "controller": true}]}});
    let stores = Stores {
        leader_worker_sets: store([set]),
        stateful_sets: store([leaders, workers]),
        pods: store([
            pod("big-0", ("StatefulSet", "big"), labels("r1"), ready()),
            pod("big-0-1", ("StatefulSet", "big-0"), labels("r1"), ready()),
            pod("big-1", ("StatefulSet", "big"), labels("r2"), json!([])),
        ]),
        ..Stores::default()
    };
    let view = workloads(&stores, &settings());
    let workload = only(&view);
    let counts = workload.replicas.unwrap();
    assert_eq!((workload.kind.as_str(), workload.status.phase), ("leader-worker", Phase::Updating));
    assert_eq!((counts.desired, counts.ready, counts.ready_old), (Some(4), 0, 2));
    assert_eq!(
        view.rollouts.iter().map(|it| (it.key.name.as_str(), it.desired, it.max_unavailable)).collect::<Vec<_>>(),
        [("LeaderWorkerSet ml/big", 4, 2)]
    );
}

#[test]
fn a_partition_keeps_old_replicas_on_purpose() {
    let set = |partition: u32| {
        json!({"metadata": {"name": "db", "namespace": "ml"}, "spec": {"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": partition}}},
        "status": {"replicas": 2, "readyReplicas": 2, "updatedReplicas": 1, "currentRevision": "db-1", "updateRevision": "db-2"}})
    };
    let pods = || {
        [("db-0", "db-1"), ("db-1", "db-2")]
            .map(|(name, hash)| pod(name, ("StatefulSet", "db"), json!({"controller-revision-hash": hash}), ready()))
    };
    let phase = |partition: u32| {
        let view = workloads(&Stores { stateful_sets: store([set(partition)]), pods: store(pods()), ..Stores::default() }, &settings());
        only(&view).status.phase
    };
    assert_eq!((phase(1), phase(0)), (Phase::Live, Phase::Updating));
}

#[test]
fn scalers_and_budgets_find_their_workloads() {
    let target = json!({"kind": "Deployment", "name": "chat"});
    let hpa = json!({"metadata": {"name": "keda-hpa-chat", "namespace": "ml", "ownerReferences": [{"kind": "ScaledObject", "name": "chat"}]},
        "spec": {"scaleTargetRef": target, "maxReplicas": 5, "metrics": [{"type": "External", "external": {"metric": {"name": "queue"}, "target": {"averageValue": "10"}}}]},
        "status": {"currentReplicas": 4, "desiredReplicas": 5, "conditions": [{"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas"}]}});
    let keda = json!({"metadata": {"name": "chat", "namespace": "ml"}, "spec": {"scaleTargetRef": {"name": "chat"}, "maxReplicaCount": 5, "triggers": [{"type": "kafka"}]}});
    let own = json!({"metadata": {"name": "plain", "namespace": "ml"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "other"}, "minReplicas": 2, "maxReplicas": 4,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}]},
        "status": {"currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 91}}}]}});
    let budget = json!({"metadata": {"name": "b", "namespace": "ml"}, "spec": {"minAvailable": "100%", "selector": {"matchLabels": {"app": "chat"}}},
        "status": {"expectedPods": 1, "currentHealthy": 1, "desiredHealthy": 1, "disruptionsAllowed": 0}});
    let stores = Stores {
        deployments: store([deployment("chat", None, json!({}), 1), deployment("other", None, json!({}), 1)]),
        autoscalers: store([hpa, own]),
        scaled_objects: store([keda]),
        budgets: store([budget]),
        ..Stores::default()
    };
    let view = workloads(&stores, &settings());
    let scalers: Vec<_> =
        view.scalers.iter().map(|it| (it.key.name.as_str(), it.min, it.max, it.desired, it.metrics[0].as_str())).collect();
    assert_eq!(scalers, [("ml/chat", 0, 5, 5, "queue unknown of 10"), ("ml/plain", 2, 4, 0, "cpu 91 % of 70 %")]);
    assert_eq!(view.scalers[0].workload, Some(key(ResourceKind::Workload, "ml/chat")));
    assert_eq!(view.workloads[0].bounds, Some(ReplicaBounds { min: 0, max: 5 }));
    assert_eq!((view.budgets[0].rule.as_str(), view.budgets[0].workloads.len(), view.budgets[0].allowed), ("minAvailable 100%", 1, 0));
}
