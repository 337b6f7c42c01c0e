//! Each story has one root, and `why` names it.

use crate::domain::capacity::Resources;
use crate::domain::group::ActivityOutcome;
use crate::domain::id::ResourceKind;
use crate::domain::source::FailureKind;
use crate::domain::workload::{Phase, ReplicaCounts, Role, TrafficTarget};
use crate::explain::finding::{CauseId, Confidence, Verdict};
use crate::explain::testing::{QUOTA_TEXT, SPOT_TEXT, Scene, ZONE_TEXT, chain, key, one_gpu, root};

#[test]
fn a_used_up_quota_under_a_rolling_deadlock() {
    let mut scene = Scene::stuck();
    scene.refuse("gpu", 6, QUOTA_TEXT);
    scene.quotas.quotas[0].limit = Some(4);
    let why = scene.why();
    assert_eq!(
        chain(&why),
        ["cortex/update-stuck", "cortex/update-rolling-deadlock", "cortex/update-asg-activity", "aws/vcpu-quota-on-demand"],
        "{why:#?}"
    );
    assert_eq!((why.verdict, root(&why), &*why.headline), (Verdict::Held, "aws/vcpu-quota-on-demand", "G vCPU quota 4, all in use"));
    assert_eq!(why.since, Some(scene.ago(41)));
    let quota = &why.chain[3].finding;
    assert_eq!(quota.confidence, Confidence::Certain);
    let command = quota.remedies[0].command.as_deref().unwrap();
    assert!(command.contains("--quota-code L-DB2E81BA --desired-value 8 --region us-east-1"), "{command}");
    let deadlock = &why.chain[1].finding;
    assert!(deadlock.remedies[0].text.contains("outage") && deadlock.remedies[0].command.as_deref().unwrap().contains("--force"));
    assert_eq!(deadlock.leads_to[0].as_str(), "cortex/update-asg-activity");
    assert!(why.missing.is_empty() && why.also.is_empty());
}

#[test]
fn an_increase_that_is_already_requested_is_told() {
    let mut scene = Scene::stuck();
    scene.refuse("gpu", 6, QUOTA_TEXT);
    scene.quotas.quotas[0].limit = Some(4);
    let request = crate::domain::quota::IncreaseRequest {
        desired: 8,
        status: "CASE_OPENED".into(),
        created_at: Some(scene.ago(120)),
        case: Some("1234".into()),
    };
    scene.quotas.quotas[0].requests.push(request);
    let quota = scene.why().chain[3].finding.clone();
    assert!(quota.says.contains("an increase to 8 is requested (CASE_OPENED)"), "{}", quota.says);
    assert!(quota.remedies[0].text.contains("already requested (case 1234)"), "{}", quota.remedies[0].text);
}

#[test]
fn a_group_at_its_maximum() {
    let mut scene = Scene::stuck();
    scene.group("gpu").max = 1;
    scene.cortex.groups[0].max = 1;
    let why = scene.why();
    assert_eq!(chain(&why), ["cortex/update-stuck", "cortex/update-rolling-deadlock", "cortex/update-max-instances"], "{why:#?}");
    assert_eq!(&*why.headline, "group gpu at its maximum of 1");
    let full = &why.chain[2].finding;
    assert_eq!(full.confidence, Confidence::Certain);
    assert!(full.remedies[0].text.contains("max_instances of node group gpu to 2"), "{}", full.remedies[0].text);
}

#[test]
fn no_capacity_spot_and_on_demand() {
    for (text, spot, expected) in [(SPOT_TEXT, true, "aws/insufficient-capacity-spot"), (ZONE_TEXT, false, "aws/insufficient-capacity-az")]
    {
        let mut scene = Scene::stuck();
        scene.group("gpu").spot = spot;
        scene.refuse("gpu", 3, text);
        let why = scene.why();
        assert_eq!((why.verdict, root(&why)), (Verdict::Held, expected), "{why:#?}");
        assert!(why.missing.is_empty(), "the quota is no open question: {:?}", why.missing);
    }
}

#[test]
fn a_spot_quota() {
    let mut scene = Scene::stuck();
    scene.group("gpu").spot = true;
    scene.refuse("gpu", 3, "Max spot instance count exceeded. Launching EC2 instance failed.");
    scene.quotas.quotas.push(scene.quota("L-3819A6DF", "G and VT", true, 0, 0));
    let why = scene.why();
    assert_eq!((root(&why), &*why.headline), ("aws/vcpu-quota-spot", "G spot vCPU quota is 0"), "{why:#?}");
    assert!(why.chain.last().unwrap().finding.remedies[0].command.as_deref().unwrap().contains("L-3819A6DF --desired-value 8"));
}

#[test]
fn pinned_to_a_group_without_room() {
    let mut scene = Scene::stuck();
    scene.group("gpu").max = 1;
    scene.add_group("gpu-b", "g4dn.xlarge", 1, 1, false);
    scene.add_node("gpu-b", "node-2", 1, 1);
    scene.hero().pinned_groups = vec!["gpu".into()];
    let why = scene.why();
    assert_eq!((why.verdict, root(&why)), (Verdict::Held, "cortex/update-node-groups-pin"), "{why:#?}");
    assert_eq!(&*why.headline, "pinned to gpu; room in gpu-b");
}

#[test]
fn a_free_gpu_without_cpu_beside_it() {
    let mut scene = Scene::stuck();
    scene.group("gpu").max = 2;
    scene.group("gpu").in_service = Some(2);
    scene.group("gpu").desired = Some(2);
    scene.add_node("gpu", "node-2", 1, 1);
    scene.cortex.nodes[1].free.cpu_millis = 790;
    let why = scene.why();
    assert_eq!((why.verdict, root(&why)), (Verdict::Held, "cortex/update-fragmentation"), "{why:#?}");
    assert_eq!(&*why.headline, "1 GPU free, CPU short (790 millicores of 2 cores)");
}

#[test]
fn free_gpus_on_several_machines() {
    let mut scene = Scene::stuck();
    scene.group("gpu").max = 3;
    scene.group("gpu").in_service = Some(3);
    scene.group("gpu").desired = Some(3);
    scene.group("gpu").instance_types = vec!["g4dn.12xlarge".into()];
    scene.cortex.groups[0].instance_types = vec!["g4dn.12xlarge".into()];
    scene.add_node("gpu", "node-2", 4, 1);
    scene.add_node("gpu", "node-3", 4, 1);
    scene.hero().demand = Some(Resources { gpus: 2, ..one_gpu() });
    let why = scene.why();
    assert_eq!((root(&why), &*why.headline), ("cortex/update-fragmentation", "2 GPUs free, on 2 machines"), "{why:#?}");
}

#[test]
fn a_gpu_machine_without_a_gpu_to_offer() {
    let mut scene = Scene::stuck();
    scene.group("gpu").in_service = Some(2);
    scene.group("gpu").desired = Some(2);
    scene.add_node("gpu", "node-2", 0, 0);
    scene.add_launch("gpu", 38, ActivityOutcome::Succeeded, None);
    let why = scene.why();
    assert_eq!(
        (why.verdict, root(&why), &*why.headline),
        (Verdict::Held, "cortex/update-gpu-not-allocatable", "node-2 offers no GPU"),
        "{why:#?}"
    );
    assert!(why.missing.is_empty());
}

#[test]
fn a_version_that_breaks_by_itself() {
    type Change = fn(&mut ReplicaCounts);
    let cases: [(&str, Change); 5] = [
        ("cortex/update-crash", |counts| counts.failed = 1),
        ("cortex/update-oom", |counts| counts.out_of_memory = 1),
        ("cortex/update-image-pull", |counts| counts.image_error = 1),
        ("cortex/update-never-ready", |counts| counts.not_ready = 1),
        ("cortex/update-oom", |counts| {
            counts.out_of_memory = 1;
            counts.failed = 1;
        }),
    ];
    for (expected, change) in cases {
        let mut scene = Scene::stuck();
        scene.counts().stalled = 0;
        change(scene.counts());
        let why = scene.why();
        assert_eq!((why.verdict, root(&why)), (Verdict::Held, expected), "{why:#?}");
        assert!(why.chain.iter().all(|link| !link.finding.evidence.is_empty()), "{expected} has evidence");
        assert!(!why.chain.last().unwrap().finding.remedies.is_empty(), "{expected} has a way out");
    }
}

#[test]
fn a_splitter_that_sends_everything_to_zero_replicas() {
    let mut scene = Scene::stuck();
    scene.hero().status.phase = Phase::Zero;
    scene.hero().status.serving = false;
    let mut splitter = scene.workload("splitter");
    splitter.role = Role::Router;
    splitter.status.phase = Phase::Live;
    splitter.targets = vec![TrafficTarget { workload: "text-generator".into(), weight: 100, shadow: false }];
    scene.cortex.workloads.push(splitter);
    let why = scene.explain("splitter");
    assert_eq!((why.verdict, root(&why)), (Verdict::Held, "cortex/http-activator-wait"), "{why:#?}");
    assert_eq!(scene.why().verdict, Verdict::Clear, "at zero on purpose is no fault of the target");
    scene.cortex.workloads[1].targets[0].workload = "gone".into();
    assert_eq!(root(&scene.explain("splitter")), "cortex/api-not-deployed");
}

#[test]
fn a_job_that_waits_for_a_gpu_that_another_workload_holds() {
    let mut scene = Scene::stuck();
    scene.hero().status.phase = Phase::Live;
    *scene.counts() = ReplicaCounts { desired: Some(1), ready: 1, up_to_date: 1, ..ReplicaCounts::default() };
    scene.group("gpu").max = 1;
    scene.add_job("images", 2, 0, 2);
    let why = scene.explain("images");
    assert_eq!((why.verdict, root(&why)), (Verdict::Held, "cortex/update-gpu-held"), "{why:#?}");
    assert!(why.headline.contains("text-generator"), "{}", why.headline);
    assert_eq!(why.since, Some(scene.ago(30)));
}

#[test]
fn a_suspended_group() {
    let mut scene = Scene::stuck();
    let reason = "User suspended at 2026-03-01T08:00:00Z";
    scene.group("gpu").suspended.push(crate::domain::group::SuspendedProcess { process: "Launch".into(), reason: reason.into() });
    let why = scene.why();
    assert_eq!((why.verdict, root(&why)), (Verdict::Held, "aws/user-action"), "{why:#?}");
    assert!(why.chain.last().unwrap().finding.remedies[0].command.as_deref().unwrap().contains("resume-processes"));
}

#[test]
fn several_roots_at_once() {
    let mut scene = Scene::stuck();
    scene.refuse("gpu", 6, QUOTA_TEXT);
    scene.quotas.quotas[0].limit = Some(4);
    scene.add_group("gpu-b", "g4dn.xlarge", 0, 0, false);
    scene.counts().image_error = 1;
    let why = scene.why();
    assert_eq!(root(&why), "aws/vcpu-quota-on-demand", "{why:#?}");
    let also: Vec<&str> = why.also.iter().map(CauseId::as_str).collect();
    assert_eq!(also, ["cortex/update-max-instances", "cortex/update-image-pull"]);
}

#[test]
fn denied_by_aws_the_chain_ends_at_the_group_and_names_every_action() {
    let mut scene = Scene::stuck();
    let actions = ["autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeScalingActivities"];
    scene.fail("aws.autoscaling", FailureKind::Denied, "access denied", &actions);
    scene.fail("aws.servicequotas", FailureKind::Denied, "access denied", &[]);
    let why = scene.why();
    assert_eq!((why.verdict, root(&why)), (Verdict::CannotTell, "aws/iam-denied"), "{why:#?}");
    assert_eq!(chain(&why)[..3], ["cortex/update-stuck", "cortex/update-rolling-deadlock", "aws/resize-timeout"]);
    let unlocks: Vec<&str> = why.missing.iter().map(|missing| missing.unlock.as_str()).collect();
    assert_eq!(unlocks, ["servicequotas:GetServiceQuota", actions[0], actions[1]]);
}

#[test]
fn expired_credentials_are_told_with_the_next_step() {
    let mut scene = Scene::stuck();
    for source in ["aws.autoscaling", "aws.servicequotas"] {
        scene.fail(source, FailureKind::Expired, "the session expired", &[]);
    }
    let why = scene.why();
    assert_eq!((why.verdict, root(&why)), (Verdict::CannotTell, "aws/credentials-expired"), "{why:#?}");
    assert!(why.missing.iter().all(|missing| missing.unlock.as_str() == "do the next step"));
}

#[test]
fn a_context_that_was_never_read_is_itself_an_answer() {
    let mut scene = Scene::stuck();
    scene.fail("cortex", FailureKind::Unreachable, "connection refused", &[]);
    let dark = crate::explain::context_health(&scene.snapshot(), scene.now);
    assert_eq!(dark.len(), 1);
    assert_eq!((dark[0].verdict, root(&dark[0])), (Verdict::CannotTell, "cortex/api-operator-down"));
    assert_eq!(dark[0].workload, key(ResourceKind::Cluster, "prod"));
    assert_eq!(dark[0].missing[0].unlock.as_str(), "do the next step");
}
