//! Where a replica finds no place, and why.

use super::scene::{Inner, condition, taint};
use crate::domain::capacity::Resources;
use crate::domain::id::ResourceKind;
use crate::domain::limits::VolumeClaim;
use crate::domain::replica::ReplicaPhase;
use crate::explain::finding::Verdict;
use crate::explain::testing::{chain, key, root};

#[test]
fn the_old_replica_holds_the_only_gpu() {
    let why = Inner::stuck().why();
    assert_eq!(
        chain(&why),
        ["kubernetes/rollout-waiting", "kubernetes/rollout-surge-deadlock", "kubernetes/sched-insufficient-gpu"],
        "{why:#?}"
    );
    let weighed = &why.chain[2].finding;
    assert!(weighed.says.contains("the only GPU it could use is taken by ml/text-generator itself"), "{}", weighed.says);
    assert!(weighed.says.contains("3 nodes: 1 has no free GPU, 2 are CPU machines"), "{}", weighed.says);
    let patch = why.chain[1].finding.remedies[0].command.as_deref().unwrap();
    assert!(patch.starts_with("kubectl --context prod-eks -n ml patch deployment text-generator"), "{patch}");
    assert!(weighed.evidence.iter().any(|evidence| evidence.value.contains("0/3 nodes are available")));
}

#[test]
fn a_taint_on_the_machine_with_the_free_gpu() {
    let mut inner = Inner::stuck();
    inner.add_node("gpu-2", 1, 1);
    inner.node("gpu-2").taints.push(taint("team", "search"));
    let why = inner.why();
    assert_eq!(root(&why), "kubernetes/sched-taint", "{why:#?}");
    assert!(why.headline.contains("team=search"), "{}", why.headline);
    // The look-alike: the taint is tolerated, so there is room.
    let mut inner = Inner::stuck();
    inner.add_node("gpu-2", 1, 1);
    inner.node("gpu-2").taints.push(taint("nvidia.com/gpu", "present"));
    inner.machine("gpu-2").created_at = Some(inner.now);
    assert_eq!(inner.why().verdict, Verdict::Clear);
}

#[test]
fn a_taint_without_a_name_in_the_sentence_is_read_from_the_nodes() {
    let mut inner = Inner::stuck();
    inner.add_node("gpu-2", 1, 1);
    inner.node("gpu-2").taints.push(taint("node.kubernetes.io/unreachable", ""));
    inner.machine("gpu-2").ready = Some(false);
    inner.node("gpu-2").conditions[0] = condition("Ready", None, "NodeStatusUnknown", "Kubelet stopped posting node status.");
    inner.replica("text-generator-new").message =
        Some("0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 Insufficient nvidia.com/gpu.".into());
    assert_eq!(root(&inner.why()), "kubernetes/node-unknown", "{:#?}", inner.why());
}

#[test]
fn labels_that_no_free_machine_has() {
    let mut inner = Inner::stuck();
    inner.add_node("gpu-2", 1, 1);
    inner.placement("text-generator-new").selector.insert("pool".into(), "inference".into());
    inner.node("gpu-1").labels.insert("pool".into(), "inference".into());
    let why = inner.why();
    assert_eq!(root(&why), "kubernetes/sched-node-affinity", "{why:#?}");
    assert!(why.headline.contains("pool=inference"), "{}", why.headline);
}

#[test]
fn a_free_gpu_and_no_cpu_beside_it() {
    let mut inner = Inner::stuck();
    inner.add_node("gpu-2", 1, 1);
    inner.machine("gpu-2").free.cpu_millis = 900;
    let why = inner.why();
    assert_eq!(root(&why), "kubernetes/sched-insufficient-cpu", "{why:#?}");
    assert!(why.chain[2].finding.says.contains("CPU (900 millicores free, 2 cores asked for)"), "{}", why.chain[2].finding.says);
}

#[test]
fn no_pod_slot_on_the_free_machine() {
    let mut inner = Inner::stuck();
    inner.add_node("gpu-2", 1, 1);
    inner.machine("gpu-2").free.pods = 0;
    assert_eq!(root(&inner.why()), "kubernetes/sched-too-many-pods");
}

#[test]
fn a_cordoned_machine() {
    let mut inner = Inner::stuck();
    inner.add_node("gpu-2", 1, 1);
    inner.node("gpu-2").cordoned = true;
    assert_eq!(root(&inner.why()), "kubernetes/sched-cordoned");
}

#[test]
fn a_port_of_the_machine_is_taken() {
    let mut inner = Inner::stuck();
    inner.add_node("gpu-2", 1, 1);
    inner.placement("text-generator-new").host_ports = vec![9_400];
    inner.add_replica("other", true, Some("gpu-2"));
    inner.replica("other").demand = Resources::default();
    inner.replica("other").extended.clear();
    inner.placement("other").host_ports = vec![9_400];
    assert_eq!(root(&inner.why()), "kubernetes/sched-host-ports", "{:#?}", inner.why());
}

fn claim(phase: &str, zones: &[&str]) -> VolumeClaim {
    VolumeClaim {
        key: key(ResourceKind::VolumeClaim, "ml/model-cache"),
        phase: phase.into(),
        class: Some("gp3".into()),
        class_exists: Some(true),
        waits_for_replica: false,
        volume: None,
        zones: zones.iter().map(|zone| (*zone).into()).collect(),
        access: Vec::new(),
        conditions: Vec::new(),
        created_at: None,
    }
}

#[test]
fn a_volume_in_another_zone() {
    let mut inner = Inner::stuck();
    inner.add_node("gpu-2", 1, 1);
    inner.placement("text-generator-new").claims = vec!["ml/model-cache".into()];
    inner.main.claims.push(claim("Bound", &["us-east-1c"]));
    assert_eq!(root(&inner.why()), "kubernetes/sched-volume-zone", "{:#?}", inner.why());
}

#[test]
fn a_claim_without_a_volume_and_a_class_that_does_not_exist() {
    let mut inner = Inner::stuck();
    inner.placement("text-generator-new").claims = vec!["ml/model-cache".into()];
    inner.main.claims.push(claim("Pending", &[]));
    assert_eq!(root(&inner.why()), "kubernetes/sched-pvc-unbound", "{:#?}", inner.why());
    inner.main.claims[0].class_exists = Some(false);
    assert_eq!(root(&inner.why()), "kubernetes/vol-no-storage-class");
    // A claim that waits for the replica to find a node is not in its way.
    inner.main.claims[0].class_exists = Some(true);
    inner.main.claims[0].waits_for_replica = true;
    assert_eq!(root(&inner.why()), "kubernetes/sched-insufficient-gpu");
}

#[test]
fn gates_and_schedulers_that_do_not_answer() {
    let mut inner = Inner::stuck();
    inner.placement("text-generator-new").gates = vec!["kueue.x-k8s.io/admission".into()];
    assert_eq!(root(&inner.why()), "kubernetes/sched-gated");
    let mut inner = Inner::stuck();
    inner.placement("text-generator-new").scheduler = "volcano".into();
    let replica = inner.replica("text-generator-new");
    (replica.reason, replica.message) = (None, None);
    replica.conditions.clear();
    assert_eq!(root(&inner.why()), "kubernetes/sched-no-scheduler", "{:#?}", inner.why());
}

#[test]
fn others_hold_every_gpu_and_are_named() {
    let mut inner = Inner::stuck();
    let other = key(ResourceKind::Workload, "ml/images");
    let mut workload = inner.hero().clone();
    workload.key = other.clone();
    workload.status.phase = crate::domain::workload::Phase::Live;
    inner.main.workloads.push(workload);
    inner.replica("text-generator-old").workload = Some(other);
    let counts = inner.counts();
    (counts.ready_old, counts.desired) = (0, Some(1));
    let why = inner.why();
    assert_eq!(root(&why), "kubernetes/sched-insufficient-gpu", "{why:#?}");
    assert!(why.headline.contains("held by ml/images"), "{}", why.headline);
}

#[test]
fn a_machine_that_joined_after_the_last_word_of_the_scheduler() {
    let mut inner = Inner::stuck();
    inner.pod_event(5, "FailedScheduling", "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.");
    inner.add_node("gpu-2", 1, 0);
    inner.machine("gpu-2").created_at = Some(inner.ago(2));
    let why = inner.why();
    let says = &why.chain.last().unwrap().finding.says;
    assert!(says.contains("counted 3 nodes and is older than gpu-2, which joined 2 min ago"), "{says}");
}

#[test]
fn a_replica_that_is_just_leaving_its_gpu_is_waited_for() {
    let mut inner = Inner::stuck();
    inner.counts().ready_old = 0;
    let since = inner.now;
    let old = inner.replica("text-generator-old");
    old.deleting_since = Some(since);
    old.phase = ReplicaPhase::Terminating;
    assert_eq!(inner.why().verdict, Verdict::Clear);
}

#[test]
fn nodes_that_may_not_be_listed_are_no_guess() {
    let mut inner = Inner::stuck();
    inner.nodes.nodes.clear();
    inner.deny("list nodes");
    let why = inner.why();
    assert_eq!(why.verdict, Verdict::CannotTell, "{why:#?}");
    assert!(why.missing.iter().any(|missing| missing.unlock.as_str() == "list nodes"), "{why:#?}");
    assert!(chain(&why).contains(&"kubernetes/sched-insufficient-gpu"), "the scheduler's own words are told");
}

#[test]
fn two_sources_that_tell_of_one_machine_count_it_once() {
    let mut inner = Inner::stuck();
    let mut plain = inner.machine("gpu-1").clone();
    plain.detail = None;
    inner.main.nodes.push(plain);
    assert!(inner.why().chain[2].finding.says.contains("3 nodes:"));
}
