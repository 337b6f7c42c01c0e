//! Controllers that do not go on, and what limits a workload that serves.

use super::scene::{HERO, Inner, condition};
use crate::domain::id::ResourceKind;
use crate::domain::limits::{DisruptionBudget, NamespaceQuota, Scaler};
use crate::domain::workload::ReplicaCounts;
use crate::explain::finding::Verdict;
use crate::explain::testing::{key, root};

/// The new replica does not exist at all.
fn without_new() -> Inner {
    let mut inner = Inner::stuck();
    inner.main.replicas.retain(|replica| !replica.is_current);
    *inner.counts() = ReplicaCounts { desired: Some(1), ready_old: 1, ..ReplicaCounts::default() };
    let rollout = inner.rollout();
    rollout.updated = 0;
    rollout.revisions[0].existing = 0;
    inner
}

#[test]
fn a_paused_rollout_and_a_controller_that_has_not_looked() {
    let mut inner = without_new();
    inner.rollout().paused = true;
    assert_eq!(root(&inner.why()), "kubernetes/rollout-paused", "{:#?}", inner.why());
    let mut inner = without_new();
    inner.rollout().observed_generation = Some(3);
    assert_eq!(root(&inner.why()), "kubernetes/rollout-generation-lag");
}

#[test]
fn replicas_that_are_refused_at_admission() {
    let cases = [
        (
            "pods \"text-generator-new-x\" is forbidden: exceeded quota: gpu, requested: requests.nvidia.com/gpu=1, used: requests.nvidia.com/gpu=1, limited: requests.nvidia.com/gpu=1",
            "kubernetes/quota-exceeded",
        ),
        (
            "admission webhook \"validate.kyverno.svc-fail\" denied the request: resource Pod was blocked due to the following policies",
            "kubernetes/quota-webhook-denied",
        ),
        (
            "Internal error occurred: failed calling webhook \"mutate.test\": Post \"https://hook.test.svc:443/\": no endpoints available for service \"hook\"",
            "kubernetes/quota-webhook-down",
        ),
    ];
    for (message, cause) in cases {
        let mut inner = without_new();
        inner.rollout().revisions[0].conditions.push(condition("ReplicaFailure", Some(true), "FailedCreate", message));
        assert_eq!(root(&inner.why()), cause, "{:#?}", inner.why());
        // The same from the event of the revision.
        let mut inner = without_new();
        inner.event(key(ResourceKind::Rollout, "ReplicaSet ml/text-generator-new"), 2, "FailedCreate", message);
        assert_eq!(root(&inner.why()), cause);
    }
}

#[test]
fn a_namespace_quota_with_its_figures() {
    let mut inner = without_new();
    inner.main.namespace_quotas.push(NamespaceQuota {
        key: key(ResourceKind::NamespaceQuota, "ml/gpu"),
        resource: "requests.nvidia.com/gpu".into(),
        hard: "1".into(),
        used: "1".into(),
        hard_amount: 1,
        used_amount: 1,
    });
    let message = "pods \"x\" is forbidden: exceeded quota: gpu, requested: requests.nvidia.com/gpu=1, used: requests.nvidia.com/gpu=1, limited: requests.nvidia.com/gpu=1";
    inner.rollout().revisions[0].conditions.push(condition("ReplicaFailure", Some(true), "FailedCreate", message));
    let why = inner.why();
    assert_eq!(why.headline.as_str(), "quota gpu: 1 of 1 requests.nvidia.com/gpu used", "{why:#?}");
}

fn scaler(current: u32, reason: &str) -> Scaler {
    Scaler {
        key: key(ResourceKind::Scaler, HERO),
        workload: Some(key(ResourceKind::Workload, HERO)),
        min: 1,
        max: 4,
        current,
        desired: current,
        metrics: vec!["cpu 91 % of 70 %".into()],
        conditions: vec![condition(
            "ScalingLimited",
            Some(true),
            reason,
            "the desired replica count is more than the maximum replica count",
        )],
    }
}

#[test]
fn a_scaler_at_its_maximum_and_one_at_its_minimum_with_the_same_sentence() {
    let mut inner = Inner::stuck().live();
    inner.main.scalers.push(scaler(4, "TooManyReplicas"));
    assert_eq!((inner.why().verdict, root(&inner.why())), (Verdict::Held, "kubernetes/hpa-at-max"), "{:#?}", inner.why());
    inner.main.scalers[0] = scaler(1, "TooFewReplicas");
    assert_eq!(inner.why().verdict, Verdict::Clear);
}

#[test]
fn a_budget_that_lets_nothing_go_matters_only_while_a_machine_is_emptied() {
    let mut inner = Inner::stuck().live();
    inner.main.budgets.push(DisruptionBudget {
        key: key(ResourceKind::DisruptionBudget, HERO),
        workloads: vec![key(ResourceKind::Workload, HERO)],
        rule: "minAvailable 1".into(),
        expected: 1,
        healthy: 1,
        needed: 1,
        allowed: 0,
        conditions: Vec::new(),
    });
    assert_eq!(inner.why().verdict, Verdict::Clear, "{:#?}", inner.why());
    inner.node("gpu-1").cordoned = true;
    assert_eq!(inner.why().verdict, Verdict::Clear, "a workload that serves is not held up by a closed machine alone");
    let message = "Cannot evict pod as it would violate the pod's disruption budget.";
    inner.event(key(ResourceKind::Node, "gpu-1"), 3, "FailedDraining", message);
    assert_eq!((inner.why().verdict, root(&inner.why())), (Verdict::Held, "kubernetes/pdb-blocked"));
}

#[test]
fn past_the_deadline_the_controller_says_so_and_the_cause_lies_beneath() {
    let mut inner = Inner::stuck();
    inner.rollout().conditions.push(condition(
        "Progressing",
        Some(false),
        "ProgressDeadlineExceeded",
        "ReplicaSet \"text-generator-new\" has timed out progressing.",
    ));
    inner.rollout().conditions.push(condition("Available", Some(true), "MinimumReplicasAvailable", ""));
    let why = inner.why();
    assert_eq!(why.chain[0].finding.cause.as_str(), "kubernetes/rollout-deadline", "{why:#?}");
    assert_eq!(root(&why), "kubernetes/sched-insufficient-gpu");
}
