//! Whatever a server sends, an object with a name is kept and every view comes out.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::source::kubernetes::objects::*;

/// Field names that the readers ask for, so that random objects get inside them.
const NAMES: [&str; 44] = [
    "spec",
    "status",
    "metadata",
    "name",
    "labels",
    "ownerReferences",
    "conditions",
    "containers",
    "initContainers",
    "containerStatuses",
    "state",
    "waiting",
    "terminated",
    "running",
    "resources",
    "requests",
    "limits",
    "cpu",
    "nvidia.com/gpu",
    "replicas",
    "template",
    "selector",
    "matchLabels",
    "matchExpressions",
    "operator",
    "values",
    "strategy",
    "rollingUpdate",
    "volumes",
    "env",
    "type",
    "reason",
    "message",
    "restartCount",
    "phase",
    "affinity",
    "nodeAffinity",
    "tolerations",
    "taints",
    "capacity",
    "allocatable",
    "hard",
    "components",
    "predictor",
];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|float| json!(float)),
        "[ -~]{0,12}".prop_map(Value::from),
        Just(json!("2026-11-21T03:00:00Z")),
        Just(json!("True")),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((prop::sample::select(&NAMES[..]), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().map(|(name, field)| (name.to_owned(), field)).collect())),
        ]
    })
}

fn named(mut tree: Value) -> Value {
    if !tree.is_object() {
        tree = json!({"spec": tree});
    }
    if !tree["metadata"].is_object() {
        tree["metadata"] = json!({});
    }
    tree["metadata"]["name"] = "x".into();
    tree["metadata"]["namespace"] = "ml".into();
    tree
}

/// Stores in which every kind has this one object.
fn everywhere(tree: &Value) -> Stores {
    fn one<O: Object>(tree: &Value) -> Store<O> {
        store([tree.clone()])
    }
    Stores {
        pods: one::<Pod>(tree),
        nodes: one::<Node>(tree),
        events: one::<Event>(tree),
        namespaces: one::<Namespace>(tree),
        deployments: one::<Deployment>(tree),
        replica_sets: one::<ReplicaSet>(tree),
        stateful_sets: one::<StatefulSet>(tree),
        daemon_sets: one::<DaemonSet>(tree),
        autoscalers: one::<Autoscaler>(tree),
        budgets: one::<DisruptionBudget>(tree),
        claims: one::<VolumeClaim>(tree),
        volumes: one::<Volume>(tree),
        storage_classes: one::<StorageClass>(tree),
        quotas: one::<ResourceQuota>(tree),
        limit_ranges: one::<LimitRange>(tree),
        config_maps: one::<ConfigMap>(tree),
        inference_services: one::<InferenceService>(tree),
        revisions: one::<Revision>(tree),
        ray_services: one::<RayService>(tree),
        ray_clusters: one::<RayCluster>(tree),
        leader_worker_sets: one::<LeaderWorkerSet>(tree),
        scaled_objects: one::<ScaledObject>(tree),
        node_pools: one::<NodePool>(tree),
        node_claims: one::<NodeClaim>(tree),
        node_classes: one::<Ec2NodeClass>(tree),
    }
}

proptest! {
    #[test]
    fn any_object_with_a_name_survives(tree in any_json()) {
        let stores = everywhere(&named(tree));
        let view = workloads(&stores, &settings());
        prop_assert_eq!(view.replicas.len(), 1);
        prop_assert_eq!(nodes(&stores, &settings()).nodes.len(), 1);
        let _ = events(&stores, &settings());
    }
}

#[test]
fn five_kinds_of_one_name_stay_apart() {
    let view = workloads(&everywhere(&named(json!({}))), &settings());
    let names: Vec<&str> = view.workloads.iter().map(|workload| workload.key.name.as_str()).collect();
    assert_eq!(names, ["ml/x", "ml/x (Deployment)", "ml/x (LeaderWorkerSet)", "ml/x (RayService)", "ml/x (StatefulSet)"]);
}

#[test]
fn what_has_no_name_is_refused_and_nothing_else() {
    for nameless in ["{}", "[]", "3", "null", r#"{"metadata": 3}"#, r#"{"metadata": {"name": ""}}"#, r#"{"metadata": {"name": []}}"#] {
        assert!(serde_json::from_str::<Pod>(nameless).is_err(), "{nameless}");
    }
    let odd = r#"{"metadata": {"name": "x", "labels": [1], "creationTimestamp": "yesterday", "generation": -3}, "spec": 7, "status": [], "spec": null}"#;
    let pod: Pod = serde_json::from_str(odd).unwrap();
    assert_eq!((pod.meta.generation, pod.meta.created_at, pod.meta.labels.len()), (None, None, 0));
}

#[test]
fn stamps_of_the_future_are_kept_and_change_nothing() {
    let late = |stores: Stores| {
        let mut settings = settings();
        settings.now = "2020-01-01T00:00:00Z".parse().unwrap();
        workloads(&stores, &settings)
    };
    assert_eq!(late(recorded()), workloads(&recorded(), &settings()));
}
