//! The autoscaler's report in both formats, Karpenter's objects, and what volumes and namespaces say.

use serde_json::json;

use super::*;

fn report(text: &str) -> Stores {
    let map =
        json!({"metadata": {"name": "cluster-autoscaler-status", "namespace": "kube-system"}, "data": {"status": text, "other": "x"}});
    Stores { config_maps: store([map]), ..Stores::default() }
}

#[test]
fn the_text_report_is_read() {
    let stores = report(include_str!("../../../../../tests/fixtures/kubernetes/autoscaler_status.txt"));
    let status = nodes(&stores, &settings()).autoscaler.unwrap();
    assert_eq!(status.key, key(ResourceKind::Autoscaler, "kube-system/cluster-autoscaler-status"));
    assert_eq!((status.health.as_str(), status.reported_at), ("Healthy", Some("2022-10-04T11:58:41.22Z".parse().unwrap())));
    let groups: Vec<_> =
        status.groups.iter().map(|it| (it.ready, it.target, it.min, it.max, it.scale_up.as_str(), it.health.as_str())).collect();
    assert_eq!(groups, [(3, 3, 0, 4, "Backoff", "Healthy"), (1, 1, 1, 1, "NoActivity", "Healthy")]);
    assert_eq!(status.groups[0].cloud_name, "eksctl-prod-nodegroup-cx-ws-gpu-spot-NodeGroup-G7H8I9J0K1L2");
    assert_eq!(status.groups[0].since, Some("2022-10-04T11:50:32.9Z".parse().unwrap()));
}

#[test]
fn the_yaml_report_is_read() {
    let stores = report(
        r#"time: 2026-11-21 03:39:10.5 +0000 UTC
autoscalerStatus: Running
clusterWide:
  health:
    status: Unhealthy
    nodeCounts: {registered: {total: 4, ready: 3, notStarted: 1}, longUnregistered: 0, unregistered: 0}
    lastProbeTime: "2026-11-21T03:39:10Z"
  scaleUp: {status: NoActivity}
nodeGroups:
- name: gpu-asg
  health:
    status: Healthy
    nodeCounts: {registered: {total: 1, ready: 1}}
    cloudProviderTarget: 2
    minSize: 0
    maxSize: 4
  scaleUp:
    status: Backoff
    backoffInfo: {errorCode: placeholder-cannot-be-fulfilled, errorMessage: "cannot provision any more instances"}
    lastTransitionTime: "2026-11-21T03:35:00Z"
"#,
    );
    let status = nodes(&stores, &settings()).autoscaler.unwrap();
    assert_eq!((status.health.as_str(), status.reported_at), ("Unhealthy", Some("2026-11-21T03:39:10.5Z".parse().unwrap())));
    let group = &status.groups[0];
    assert_eq!((group.ready, group.target, group.min, group.max, group.scale_up.as_str()), (1, 2, 0, 4, "Backoff"));
    assert_eq!(group.backoff.as_deref(), Some("placeholder-cannot-be-fulfilled: cannot provision any more instances"));
    assert_eq!(group.since, Some("2026-11-21T03:35:00Z".parse().unwrap()));
}

#[test]
fn a_report_that_is_none_is_no_report() {
    for garbage in ["", "[]", "just words", ": : :", "a: &a [*a, *a]"] {
        assert_eq!(nodes(&report(garbage), &settings()).autoscaler, None, "{garbage}");
    }
    let other =
        json!({"metadata": {"name": "model-config", "namespace": "kube-system"}, "data": {"status": "Cluster-autoscaler status at x"}});
    assert_eq!(nodes(&Stores { config_maps: store([other]), ..Stores::default() }, &settings()).autoscaler, None);
}

#[test]
fn pools_claims_and_classes_of_both_versions() {
    let pool = |reference: Value| {
        json!({"metadata": {"name": "gpu"}, "spec": {"weight": 10, "limits": {"nvidia.com/gpu": 4, "cpu": "64"}, "template": {
            "metadata": {"labels": {"team": "nlp"}},
            "spec": {"nodeClassRef": reference, "taints": [{"key": "nvidia.com/gpu", "effect": "NoSchedule"}],
                "requirements": [{"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"], "minValues": 1}]}}},
            "status": {"resources": {"nvidia.com/gpu": "4"}, "conditions": [{"type": "Ready", "status": "True"}]}})
    };
    for reference in [
        json!({"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default"}),
        json!({"apiVersion": "karpenter.k8s.aws/v1beta1", "name": "default"}),
    ] {
        let stores = Stores { node_pools: store([pool(reference)]), ..Stores::default() };
        let pool = nodes(&stores, &settings()).node_pools.remove(0);
        assert_eq!((pool.node_class.as_str(), pool.weight), ("EC2NodeClass/default", 10));
        assert_eq!((pool.limits["nvidia.com/gpu"].as_str(), pool.used["nvidia.com/gpu"].as_str()), ("4", "4"));
        assert_eq!(pool.requirements[0].values[0], "spot");
    }
    let claim = json!({"metadata": {"name": "gpu-x1", "labels": {"karpenter.sh/nodepool": "gpu", "karpenter.sh/capacity-type": "spot",
        "node.kubernetes.io/instance-type": "g5.xlarge", "topology.kubernetes.io/zone": "us-west-2b"}},
        "spec": {"resources": {"requests": {"cpu": "2100m", "nvidia.com/gpu": "1"}}},
        "status": {"conditions": [{"type": "Launched", "status": "Unknown", "reason": "VCPULimitExceeded", "message": "no"}]}});
    let class = json!({"metadata": {"name": "default"}, "spec": {"userData": "password=hunter2"},
        "status": {"conditions": [{"type": "AMIsReady", "status": "False", "reason": "AMINotFound"}]}});
    let view = nodes(&Stores { node_claims: store([claim]), node_classes: store([class]), ..Stores::default() }, &settings());
    let claim = &view.node_claims[0];
    assert_eq!((claim.pool.as_str(), claim.spot, claim.requested.gpus, claim.conditions[0].holds), ("gpu", Some(true), 1, None));
    assert_eq!(view.node_classes[0].key, key(ResourceKind::NodeClass, "EC2NodeClass/default"));
    assert!(!view.raw[&view.node_classes[0].key].contains("hunter2"));
}

#[test]
fn volumes_and_namespace_limits_are_told_in_units() {
    let claim = |name: &str, class: Value, volume: Value| {
        json!({"metadata": {"name": name, "namespace": "prod"}, "spec": {"storageClassName": class, "volumeName": volume, "accessModes": ["ReadWriteOnce"]},
            "status": {"phase": "Bound"}})
    };
    let term = json!({"matchExpressions": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["us-west-2a"]}]});
    let stores = Stores {
        claims: store([
            claim("cache", json!("gp3"), json!("pv-1")),
            claim("lost", json!("none"), Value::Null),
            claim("usual", Value::Null, Value::Null),
        ]),
        volumes: store([json!({"metadata": {"name": "pv-1"}, "spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [term]}}}})]),
        storage_classes: store([
            json!({"metadata": {"name": "gp3", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
            "volumeBindingMode": "WaitForFirstConsumer"}),
        ]),
        quotas: store([json!({"metadata": {"name": "team", "namespace": "prod"}, "spec": {"hard": {"requests.cpu": "10"}},
            "status": {"hard": {"requests.cpu": "10", "requests.nvidia.com/gpu": "4", "requests.memory": "64Gi"}, "used": {"requests.cpu": "9500m", "requests.nvidia.com/gpu": "4"}}})]),
        limit_ranges: store([
            json!({"metadata": {"name": "sizes", "namespace": "prod"}, "spec": {"limits": [{"type": "Container", "max": {"memory": "16Gi"}, "default": {"cpu": "1"}}]}}),
        ]),
        ..Stores::default()
    };
    let view = workloads(&stores, &settings());
    let claims: Vec<_> =
        view.claims.iter().map(|it| (it.class.as_deref(), it.class_exists, it.waits_for_replica, it.zones.len())).collect();
    assert_eq!(claims, [(Some("gp3"), Some(true), true, 1), (Some("none"), Some(false), false, 0), (Some("gp3"), Some(true), true, 0)]);
    let quotas: Vec<_> = view.namespace_quotas.iter().map(|it| (it.resource.as_str(), it.hard_amount, it.used_amount)).collect();
    assert_eq!(quotas, [("requests.cpu", 10_000, 9_500), ("requests.memory", 64 << 30, 0), ("requests.nvidia.com/gpu", 4, 4)]);
    let rules: Vec<_> = view.limit_rules.iter().map(|it| (it.resource.as_str(), it.max.as_deref(), it.default.as_deref())).collect();
    assert_eq!(rules, [("cpu", None, Some("1")), ("memory", Some("16Gi"), None)]);
}
