//! Why no machine comes: autoscalers, pools, and machines that are sick.

use super::scene::{Inner, condition};
use crate::domain::capacity::Resources;
use crate::domain::group::ActivityOutcome;
use crate::domain::id::ResourceKind;
use crate::domain::node::ExtendedAmount;
use crate::domain::placement::{LabelOperator, LabelRule};
use crate::domain::provisioner::{AutoscalerGroup, AutoscalerStatus, NodeClaim, NodeClass, NodePool};
use crate::explain::finding::Verdict;
use crate::explain::testing::{QUOTA_TEXT, Scene, chain, key, root};

fn status(inner: &Inner, minutes_old: u64) -> AutoscalerStatus {
    AutoscalerStatus {
        key: key(ResourceKind::Autoscaler, "kube-system/cluster-autoscaler-status"),
        reported_at: Some(inner.ago(minutes_old)),
        health: "Healthy".into(),
        groups: vec![AutoscalerGroup {
            cloud_name: "eksctl-prod-nodegroup-cx-wd-gpu-NodeGroup-1A2B".into(),
            health: "Healthy".into(),
            ready: 1,
            target: 1,
            min: 0,
            max: 5,
            scale_up: "NoActivity".into(),
            backoff: None,
            since: None,
        }],
        replicas: Some((1, 1)),
    }
}

/// The same cluster with the autoscaling groups of the account readable.
fn with_groups(mut inner: Inner, change: impl FnOnce(&mut Scene)) -> Inner {
    let mut scene = Scene::stuck();
    change(&mut scene);
    inner.machine("gpu-1").group = Some("gpu".into());
    inner.aws = Some((scene.groups, scene.quotas));
    inner
}

#[test]
fn an_autoscaler_that_has_not_reported_for_minutes_is_down() {
    let mut inner = Inner::stuck();
    inner.nodes.autoscaler = Some(status(&inner, 42));
    assert_eq!(root(&inner.why()), "kubernetes/ca-down", "{:#?}", inner.why());
    let mut inner = with_groups(inner, |_| {});
    assert_eq!(root(&inner.why()), "kubernetes/ca-down", "{:#?}", inner.why());
    // Alive, and without replicas that are ready.
    inner.nodes.autoscaler = Some(AutoscalerStatus { replicas: Some((0, 1)), ..status(&inner, 0) });
    assert_eq!(root(&inner.why()), "kubernetes/ca-down");
    inner.nodes.autoscaler = Some(status(&inner, 0));
    assert_ne!(root(&inner.why()), "kubernetes/ca-down");
}

#[test]
fn a_triggered_scale_up_is_an_estimate_until_it_is_late() {
    let mut inner = Inner::stuck();
    inner.pod_event(2, "TriggeredScaleUp", "pod triggered scale-up: [{gpu 1->2 (max: 5)}]");
    assert_eq!(inner.why().verdict, Verdict::Clear, "{:#?}", inner.why());
    let mut inner = Inner::stuck();
    inner.pod_event(30, "TriggeredScaleUp", "pod triggered scale-up: [{gpu 1->2 (max: 5)}]");
    assert_eq!(root(&inner.why()), "kubernetes/ca-scaleup-timeout");
}

#[test]
fn refusals_of_the_autoscaler_without_the_account() {
    let cases = [
        (
            "pod didn't trigger scale-up: 2 node(s) didn't match Pod's node affinity/selector, 1 max node group size reached",
            "kubernetes/ca-max-size",
        ),
        ("pod didn't trigger scale-up: 1 in backoff after failed scale-up, 1 max node group size reached", "kubernetes/ca-backoff"),
        ("pod didn't trigger scale-up: max total nodes in cluster reached", "kubernetes/ca-max-nodes-total"),
        ("pod didn't trigger scale-up: 3 node(s) didn't match Pod's node affinity/selector", "kubernetes/ca-no-fit"),
    ];
    for (message, cause) in cases {
        let mut inner = Inner::stuck();
        inner.nodes.autoscaler = Some(status(&inner, 0));
        inner.pod_event(1, "NotTriggerScaleUp", message);
        assert_eq!(root(&inner.why()), cause, "{message}: {:#?}", inner.why());
    }
    let mut inner = Inner::stuck();
    let mut empty = status(&inner, 0);
    empty.groups[0].target = 0;
    inner.nodes.autoscaler = Some(empty);
    inner.pod_event(1, "NotTriggerScaleUp", "pod didn't trigger scale-up: 2 Insufficient nvidia.com/gpu");
    assert_eq!(root(&inner.why()), "kubernetes/ca-scale-from-zero");
}

#[test]
fn max_size_in_the_sentence_is_not_believed_against_a_group_with_room() {
    let mut inner = with_groups(Inner::stuck(), |scene| scene.refuse("gpu", 3, QUOTA_TEXT));
    inner.nodes.autoscaler = Some(status(&inner, 0));
    inner.pod_event(1, "NotTriggerScaleUp", "pod didn't trigger scale-up: 2 max node group size reached");
    let why = inner.why();
    assert_eq!(root(&why), "aws/vcpu-quota-on-demand", "{why:#?}");
    assert!(!chain(&why).contains(&"kubernetes/ca-max-size"));
}

#[test]
fn a_full_group_and_its_quota_down_to_the_account() {
    let inner = with_groups(Inner::stuck(), |scene| scene.group("gpu").max = 1);
    assert_eq!(root(&inner.why()), "kubernetes/ca-max-size", "{:#?}", inner.why());
    let inner = with_groups(Inner::stuck(), |scene| {
        scene.refuse("gpu", 6, QUOTA_TEXT);
        scene.quotas.quotas[0].limit = Some(4);
    });
    let why = inner.why();
    let expected = [
        "kubernetes/rollout-waiting",
        "kubernetes/rollout-surge-deadlock",
        "kubernetes/sched-insufficient-gpu",
        "kubernetes/ca-scaleup-failed",
        "aws/vcpu-quota-on-demand",
    ];
    assert_eq!(chain(&why), expected, "{why:#?}");
}

#[test]
fn a_machine_on_its_way_is_progress() {
    let inner = with_groups(Inner::stuck(), |scene| {
        scene.group("gpu").desired = Some(2);
        scene.add_launch("gpu", 2, ActivityOutcome::Running, None).instance = Some("i-0abc".into());
    });
    assert_eq!(inner.why().verdict, Verdict::Clear, "{:#?}", inner.why());
}

#[test]
fn a_pause_after_a_failed_launch_with_the_cloud_s_word() {
    let mut inner = with_groups(Inner::stuck(), |_| {});
    let mut paused = status(&inner, 0);
    paused.groups[0].scale_up = "Backoff".into();
    inner.nodes.autoscaler = Some(paused.clone());
    assert_eq!(root(&inner.why()), "kubernetes/ca-backoff", "{:#?}", inner.why());
    paused.groups[0].backoff =
        Some("VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of 4 allows".into());
    inner.nodes.autoscaler = Some(paused);
    assert_eq!(root(&inner.why()), "aws/vcpu-quota-on-demand");
}

fn pool(name: &str) -> NodePool {
    NodePool {
        key: key(ResourceKind::NodePool, name),
        node_class: "EC2NodeClass/default".into(),
        conditions: Vec::new(),
        requirements: vec![LabelRule { key: "team".into(), operator: LabelOperator::In, values: vec!["ml".into()] }],
        taints: Vec::new(),
        labels: std::collections::BTreeMap::new(),
        limits: std::collections::BTreeMap::new(),
        used: std::collections::BTreeMap::new(),
        weight: 0,
    }
}

fn with_pool() -> Inner {
    let mut inner = Inner::stuck();
    inner.nodes.node_pools.push(pool("gpu"));
    inner
}

#[test]
fn pools_at_their_limit_or_with_a_broken_class() {
    let mut inner = with_pool();
    inner.nodes.node_pools[0].limits.insert("nvidia.com/gpu".into(), "1".into());
    inner.nodes.node_pools[0].used.insert("nvidia.com/gpu".into(), "1".into());
    assert_eq!(root(&inner.why()), "kubernetes/karp-limits", "{:#?}", inner.why());
    // A missing class hides behind the same sentence of the controller: it is looked at first.
    inner.nodes.node_classes.push(NodeClass {
        key: key(ResourceKind::NodeClass, "EC2NodeClass/default"),
        conditions: vec![condition("SubnetsReady", Some(false), "SubnetsNotFound", "SubnetSelector did not match any Subnets")],
    });
    assert_eq!(root(&inner.why()), "kubernetes/karp-nodeclass");
    inner.nodes.node_classes.clear();
    inner.nodes.node_pools[0].limits.insert("nvidia.com/gpu".into(), "4".into());
    assert_ne!(root(&inner.why()), "kubernetes/karp-limits", "room is left");
}

#[test]
fn no_pool_makes_such_a_machine() {
    let mut inner = with_pool();
    inner.placement("text-generator-new").selector.insert("team".into(), "search".into());
    inner.node("gpu-1").labels.insert("team".into(), "search".into());
    assert_eq!(root(&inner.why()), "kubernetes/karp-requirements", "{:#?}", inner.why());
}

#[test]
fn a_quota_worded_as_missing_capacity_is_a_quota() {
    let mut inner = with_pool();
    let claim = key(ResourceKind::Object, "NodeClaim gpu-x1");
    inner.event(claim.clone(), 3, "InsufficientCapacityError", "NodeClaim gpu-x1 event: creating nodeclaim, insufficient capacity, with fleet error(s), InsufficientInstanceCapacity: We currently do not have sufficient g5.xlarge capacity");
    assert_eq!(root(&inner.why()), "kubernetes/karp-ice", "{:#?}", inner.why());
    inner.event(
        claim,
        4,
        "InsufficientCapacityError",
        &format!("NodeClaim gpu-x1 event: creating nodeclaim, insufficient capacity, with fleet error(s), VcpuLimitExceeded: {QUOTA_TEXT}"),
    );
    let why = inner.why();
    assert!(chain(&why).contains(&"kubernetes/karp-quota"), "{why:#?}");
    assert_eq!(root(&why), "aws/vcpu-quota-on-demand");
}

fn claim(inner: &Inner, minutes: u64) -> NodeClaim {
    let mut claim = NodeClaim {
        key: key(ResourceKind::NodeClaim, "gpu-x1"),
        pool: "gpu".into(),
        node: None,
        instance_type: Some("g5.xlarge".into()),
        zone: None,
        spot: None,
        requested: Resources { cpu_millis: 3_000, memory_bytes: 10 << 30, gpus: 1, pods: 3, ..Resources::default() },
        conditions: Vec::new(),
        created_at: Some(inner.ago(minutes)),
        deleting_since: None,
    };
    claim.conditions.push(condition("Launched", Some(true), "Launched", ""));
    claim
}

#[test]
fn a_claimed_machine_is_on_its_way_late_or_never_ready() {
    let mut inner = with_pool();
    inner.nodes.node_claims.push(claim(&inner, 2));
    assert_eq!(inner.why().verdict, Verdict::Clear, "{:#?}", inner.why());
    inner.nodes.node_claims[0] = claim(&inner, 12);
    assert_eq!(root(&inner.why()), "kubernetes/karp-not-registered");
    inner.nodes.node_claims[0].conditions.push(condition("Registered", Some(true), "Registered", ""));
    inner.nodes.node_claims[0].conditions.push(condition(
        "Initialized",
        None,
        "ResourceNotRegistered",
        "Resource \"nvidia.com/gpu\" was requested but not registered",
    ));
    assert_eq!(root(&inner.why()), "kubernetes/karp-not-initialized");
    let mut refused = claim(&inner, 1);
    refused.conditions = vec![condition("Launched", None, "VCPULimitExceeded", "vCPU limit exceeded")];
    inner.nodes.node_claims[0] = refused;
    assert_eq!(root(&inner.why()), "kubernetes/karp-quota");
}

#[test]
fn a_dead_device_plugin_and_a_broken_gpu_are_no_shortage() {
    let mut inner = Inner::stuck();
    inner.add_node("gpu-2", 0, 0);
    inner.machine("gpu-2").instance_type = "g4dn.xlarge".into();
    assert_eq!(root(&inner.why()), "kubernetes/gpu-plugin-missing", "{:#?}", inner.why());
    inner.machine("gpu-2").created_at = Some(inner.ago(3));
    assert_eq!(inner.why().verdict, Verdict::Clear, "it may still be registering");
    let mut inner = Inner::stuck();
    inner.add_node("gpu-2", 1, 0);
    let node = inner.machine("gpu-2");
    (node.capacity.gpus, node.free.gpus) = (0, 0);
    inner.node("gpu-2").extended.insert("nvidia.com/gpu".into(), ExtendedAmount { capacity: 1, allocatable: 0, requested: 0 });
    inner.event(key(ResourceKind::Node, "gpu-2"), 9, "GPUXidError", "NVRM: Xid (PCI:0000:00:1e): 48, pid=1234, Double Bit ECC Error");
    assert_eq!(root(&inner.why()), "kubernetes/gpu-xid", "{:#?}", inner.why());
}
