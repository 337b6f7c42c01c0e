//! The traps: look-alikes that a hasty reading gets wrong, one test each.

use std::collections::VecDeque;

use crate::domain::event::Event;
use crate::domain::group::{ActivityOutcome, SuspendedProcess};
use crate::domain::history::{GroupSample, PhaseChange};
use crate::domain::id::ResourceKind;
use crate::domain::source::FailureKind;
use crate::domain::time::Duration;
use crate::domain::workload::{Phase, ReplicaCounts};
use crate::explain::finding::{Confidence, Verdict};
use crate::explain::testing::{QUOTA_TEXT, Scene, ZONE_TEXT, chain, key, root};

#[test]
fn an_empty_history_at_max_is_evidence_and_the_phrase_alone_is_not() {
    let mut scene = Scene::stuck();
    scene.group("gpu").max = 1;
    assert_eq!(root(&scene.why()), "cortex/update-max-instances");
    // The phrase counts full system groups too: with room in the only group it proves nothing.
    let mut scene = Scene::stuck();
    let event = Event {
        of: key(ResourceKind::Workload, "text-generator"),
        at: scene.now,
        first_at: None,
        count: 9,
        warning: true,
        reason: "NotTriggerScaleUp".into(),
        message: "pod didn't trigger scale-up: 1 max node group size reached".into(),
    };
    scene.cortex.events.push(event);
    let why = scene.why();
    assert_eq!(why.verdict, Verdict::CannotTell, "{why:#?}");
    assert!(!chain(&why).contains(&"cortex/update-max-instances"));
}

#[test]
fn an_old_refusal_does_not_outvote_a_fresh_maximum() {
    let mut scene = Scene::stuck();
    scene.group("gpu").max = 1;
    scene.add_launch("gpu", 300, ActivityOutcome::Failed, Some(QUOTA_TEXT));
    scene.add_launch("gpu", 10, ActivityOutcome::Failed, Some(QUOTA_TEXT));
    let why = scene.why();
    assert_eq!(root(&why), "cortex/update-max-instances", "{why:#?}");
}

#[test]
fn a_refusal_from_before_the_last_success_or_before_the_rollout_is_history() {
    let mut scene = Scene::stuck();
    scene.add_launch("gpu", 30, ActivityOutcome::Failed, Some(QUOTA_TEXT));
    scene.add_launch("gpu", 25, ActivityOutcome::Succeeded, None);
    assert_ne!(root(&scene.why()), "aws/vcpu-quota-on-demand", "a machine came after it");
    let mut scene = Scene::stuck();
    scene.add_launch("gpu", 60, ActivityOutcome::Failed, Some(QUOTA_TEXT));
    assert_ne!(root(&scene.why()), "aws/vcpu-quota-on-demand", "older than the rollout");
}

#[test]
fn a_wish_taken_back_looks_healthy_and_is_not() {
    let mut scene = Scene::stuck();
    scene.quotas.quotas[0].limit = Some(4);
    scene.refuse("gpu", 2, QUOTA_TEXT);
    let group = scene.group("gpu");
    assert_eq!((group.desired, group.in_service, group.max), (Some(1), Some(1), 5), "the sample is healthy");
    assert_eq!(root(&scene.why()), "aws/vcpu-quota-on-demand");
}

#[test]
fn a_quota_raised_after_the_refusal_is_not_asked_for_again() {
    let mut scene = Scene::stuck();
    scene.refuse("gpu", 2, QUOTA_TEXT);
    let why = scene.why();
    let quota = why.chain.iter().find(|link| link.finding.cause.as_str() == "aws/vcpu-quota-on-demand").unwrap();
    assert!(quota.finding.says.contains("was 4 when") && quota.finding.says.contains("is 64 now"), "{}", quota.finding.says);
    assert!(quota.finding.remedies.iter().all(|way| !way.command.as_deref().unwrap_or_default().contains("increase")));
}

#[test]
fn absurd_figures_of_a_server_are_survived() {
    use crate::domain::capacity::Resources;
    use crate::domain::workload::{Amount, UpdateStrategy};
    let most = 10_000_000;
    let mut scene = Scene::stuck();
    for workload in &mut scene.cortex.workloads {
        let counts = ReplicaCounts { desired: Some(most), pending: most, stalled: most, not_ready: most, ..ReplicaCounts::default() };
        workload.replicas = Some(ReplicaCounts { failed: most, killed: most, out_of_memory: most, ready_old: most, ..counts });
        workload.demand = Some(Resources { cpu_millis: i64::MAX, memory_bytes: i64::MAX, gpus: 1, ..Resources::default() });
        let amount = Amount::Count(u32::MAX);
        workload.strategy = Some(UpdateStrategy { max_surge: amount, max_unavailable: amount });
    }
    assert_eq!(scene.why().verdict, Verdict::Held);
}

#[test]
fn our_own_series_remembers_a_wish_taken_back_when_the_history_is_denied() {
    let mut scene = Scene::stuck();
    let sample = |at, desired| GroupSample { at, desired, in_service: 1 };
    let series = VecDeque::from([sample(scene.ago(40), 1), sample(scene.ago(30), 2), sample(scene.ago(21), 1)]);
    scene.history.groups.insert(key(ResourceKind::NodeGroup, "gpu"), series);
    let mut failure = crate::domain::source::Failure::new(FailureKind::Denied, "access denied", "allow it");
    failure.permissions = vec!["autoscaling:DescribeScalingActivities".into()];
    scene.groups.gaps.push(crate::domain::source::Gap { what: "activities".into(), failure });
    let why = scene.why();
    assert_eq!(why.verdict, Verdict::CannotTell, "{why:#?}");
    let idle = why.chain.iter().find(|link| link.finding.cause.as_str() == "aws/resize-timeout").unwrap();
    assert!(idle.finding.says.contains("gave the wish up"), "{}", idle.finding.says);
    assert_eq!(why.missing[0].unlock.as_str(), "autoscaling:DescribeScalingActivities");
}

#[test]
fn a_quota_wrapped_as_insufficient_capacity_is_a_quota() {
    let mut scene = Scene::stuck();
    let wrapped =
        format!("insufficient capacity, with fleet error(s), VcpuLimitExceeded: {QUOTA_TEXT}; InsufficientInstanceCapacity: {ZONE_TEXT}");
    scene.refuse("gpu", 1, &wrapped);
    assert_eq!(root(&scene.why()), "aws/vcpu-quota-on-demand");
    // And a quota refusal in one zone is not hidden by the newest, about capacity in another.
    let mut scene = Scene::stuck();
    scene.add_launch("gpu", 3, ActivityOutcome::Failed, Some(QUOTA_TEXT));
    scene.add_launch("gpu", 2, ActivityOutcome::Failed, Some(ZONE_TEXT));
    assert_eq!(root(&scene.why()), "aws/vcpu-quota-on-demand");
}

#[test]
fn a_suspended_zone_rebalance_is_normal_and_silence_is_not_health() {
    let mut scene = Scene::stuck();
    scene.group("gpu").max = 1;
    scene.group("gpu").suspended.push(SuspendedProcess { process: "AZRebalance".into(), reason: "User suspended at 2026-01-01".into() });
    assert_eq!(root(&scene.why()), "cortex/update-max-instances");
    let mut scene = Scene::stuck();
    scene.group("gpu").suspended.push(SuspendedProcess { process: "Launch".into(), reason: "suspended after 24 h of failures".into() });
    assert_eq!(root(&scene.why()), "aws/user-action");
}

#[test]
fn evicted_replicas_of_an_hour_ago_do_not_hold_up_a_complete_workload() {
    let mut scene = Scene::stuck();
    *scene.counts() = ReplicaCounts { desired: Some(2), ready: 2, up_to_date: 2, out_of_memory: 3, ..ReplicaCounts::default() };
    let why = scene.why();
    assert_eq!((why.verdict, root(&why)), (Verdict::Clear, "none"), "{why:#?}");
}

#[test]
fn only_warnings_are_read_as_trouble() {
    let mut scene = Scene::stuck();
    scene.counts().stalled = 0;
    scene.counts().image_error = 1;
    let event = |warning, reason: &str, message: &str| Event {
        of: key(ResourceKind::Workload, "text-generator"),
        at: "2026-03-01T11:59:00Z".parse().unwrap(),
        first_at: None,
        count: 1,
        warning,
        reason: reason.into(),
        message: message.into(),
    };
    scene.cortex.events.push(event(false, "Failed", "StorageReady=True"));
    let values = |scene: &Scene| -> Vec<String> {
        scene.why().chain[1].finding.evidence.iter().map(|evidence| evidence.value.to_string()).collect()
    };
    assert!(!values(&scene).contains(&"StorageReady=True".to_owned()));
    scene.cortex.events.push(event(true, "Failed", "pull access denied"));
    assert!(values(&scene).contains(&"pull access denied".to_owned()));
}

#[test]
fn ready_counts_that_oscillate_are_not_progress() {
    let mut scene = Scene::stuck();
    scene.hero().deployed_at = Some(scene.ago(600));
    scene.counts().stalled = 0;
    scene.counts().failed = 1;
    let change = |at, phase| PhaseChange { at, phase, observed: true };
    let series = VecDeque::from([
        change(scene.ago(90), Phase::Live),
        change(scene.ago(50), Phase::Updating),
        change(scene.ago(31), Phase::Live),
        change(scene.ago(30), Phase::Failed),
        change(scene.ago(11), Phase::Live),
        change(scene.ago(10), Phase::Failed),
    ]);
    scene.history.phases.insert(key(ResourceKind::Workload, "text-generator"), series);
    let why = scene.why();
    assert_eq!((root(&why), why.since), ("cortex/update-crash", Some(scene.ago(50))));
}

#[test]
fn live_replicas_of_both_versions_are_not_taken_for_the_desired_number() {
    let mut scene = Scene::stuck();
    scene.counts().desired = None;
    scene.group("gpu").max = 1;
    let why = scene.why();
    assert_eq!(root(&why), "cortex/update-max-instances", "{why:#?}");
    assert!(why.chain.iter().all(|link| !link.finding.says.contains("of 2")), "{why:#?}");
}

#[test]
fn the_documented_remedy_is_told_with_force_and_with_its_outage() {
    let mut scene = Scene::stuck();
    scene.group("gpu").max = 1;
    let remedy = &scene.why().chain[1].finding.remedies[0];
    assert!(remedy.text.contains("outage until the new version is ready"), "{}", remedy.text);
    assert_eq!(remedy.command.as_deref(), Some("cortex deploy --env prod --force"));
    scene.hero().replicas.as_mut().unwrap().desired = Some(3);
    scene.counts().ready_old = 3;
    assert!(!scene.why().chain[1].finding.remedies[0].text.contains("outage"));
}

#[test]
fn by_default_only_one_to_three_replicas_can_deadlock() {
    for desired in 1..=8 {
        let mut scene = Scene::stuck();
        scene.group("gpu").max = 1;
        *scene.counts() =
            ReplicaCounts { desired: Some(desired), ready_old: desired, up_to_date: 1, pending: 1, ..ReplicaCounts::default() };
        let stuck = chain(&scene.why()).contains(&"cortex/update-rolling-deadlock");
        assert_eq!(stuck, desired <= 3, "{desired} replicas");
    }
}

#[test]
fn live_can_hide_a_shortage() {
    let mut scene = Scene::stuck();
    scene.hero().status.phase = Phase::Short;
    scene.group("gpu").max = 1;
    *scene.counts() = ReplicaCounts { desired: Some(4), ready: 1, up_to_date: 4, stalled: 3, ..ReplicaCounts::default() };
    let why = scene.why();
    assert_eq!(
        (why.verdict, chain(&why)[0], root(&why)),
        (Verdict::Held, "cortex/update-live-but-short", "cortex/update-max-instances"),
        "{why:#?}"
    );
    assert!(why.chain[0].finding.says.contains("1 of 4 replicas ready"), "{}", why.chain[0].finding.says);
}

#[test]
fn a_machine_on_its_way_is_an_estimate_and_not_an_alarm() {
    let mut scene = Scene::stuck();
    scene.group("gpu").desired = Some(2);
    scene.group("gpu").pending = Some(1);
    scene.add_launch("gpu", 2, ActivityOutcome::Running, None).instance = Some("i-0abc".into());
    let why = scene.why();
    assert_eq!((why.verdict, root(&why)), (Verdict::Clear, "none"), "{why:#?}");
    let progress = why.progress.unwrap();
    assert_eq!(
        (&*progress.stage, progress.elapsed, progress.remaining()),
        ("node joining", Duration::from_mins(2), Duration::from_mins(3))
    );
    assert_eq!(&*why.headline, "node joining, about 3 min left");
}

#[test]
fn a_slow_machine_is_slow_and_a_lost_one_is_a_fault() {
    for (minutes, verdict) in [(4, Verdict::Clear), (9, Verdict::Clear), (20, Verdict::Held)] {
        let mut scene = Scene::stuck();
        scene.group("gpu").desired = Some(2);
        scene.add_launch("gpu", minutes, ActivityOutcome::Running, None).instance = Some("i-0abc".into());
        let why = scene.why();
        assert_eq!(why.verdict, verdict, "after {minutes} min: {why:#?}");
        if verdict == Verdict::Held {
            assert_eq!(root(&why), "aws/node-join-failure");
        }
    }
}

#[test]
fn the_next_try_after_refusals_is_no_progress_until_there_is_a_machine() {
    let mut scene = Scene::stuck();
    scene.quotas.quotas[0].limit = Some(4);
    scene.refuse("gpu", 3, QUOTA_TEXT);
    scene.add_launch("gpu", 0, ActivityOutcome::Running, None);
    assert_eq!(root(&scene.why()), "aws/vcpu-quota-on-demand");
}

#[test]
fn one_group_refused_and_another_on_its_way_is_progress() {
    let mut scene = Scene::stuck();
    scene.group("gpu").spot = true;
    scene.refuse("gpu", 2, crate::explain::testing::SPOT_TEXT);
    scene.add_group("gpu-od", "g4dn.xlarge", 0, 2, false);
    scene.add_launch("gpu-od", 1, ActivityOutcome::Running, None).instance = Some("i-0def".into());
    assert_eq!(scene.why().verdict, Verdict::Clear);
}

#[test]
fn a_young_update_is_given_time() {
    let mut scene = Scene::stuck();
    scene.hero().deployed_at = Some(scene.now.checked_sub(Duration::from_secs(20)).unwrap());
    let why = scene.why();
    assert_eq!(why.verdict, Verdict::Clear, "{why:#?}");
    assert!(why.progress.is_some());
}

#[test]
fn slow_to_get_ready_is_slow_before_it_is_stuck() {
    for (minutes, verdict) in [(8, Verdict::Clear), (15, Verdict::Clear), (25, Verdict::Held)] {
        let mut scene = Scene::stuck();
        scene.counts().stalled = 0;
        scene.counts().not_ready = 1;
        scene.hero().deployed_at = Some(scene.ago(minutes));
        assert_eq!(scene.why().verdict, verdict, "after {minutes} min");
    }
}

#[test]
fn old_refusals_are_told_with_less_certainty() {
    let mut scene = Scene::stuck();
    scene.hero().deployed_at = Some(scene.ago(600));
    scene.add_launch("gpu", 200, ActivityOutcome::Failed, Some(QUOTA_TEXT));
    let why = scene.why();
    let refused = why.chain.iter().find(|link| link.finding.cause.as_str() == "cortex/update-asg-activity").unwrap();
    assert_eq!(refused.finding.confidence, Confidence::Likely);
}

#[test]
fn a_quota_that_leaves_no_room_speaks_even_when_the_history_is_denied() {
    let mut scene = Scene::stuck();
    scene.quotas.quotas[0].limit = Some(4);
    scene.fail("aws.autoscaling", FailureKind::Denied, "access denied", &["autoscaling:DescribeScalingActivities"]);
    let why = scene.why();
    assert_eq!((why.verdict, root(&why)), (Verdict::Held, "aws/vcpu-quota-on-demand"), "{why:#?}");
    assert_eq!(why.chain.iter().find(|link| link.finding.cause.as_str() == root(&why)).unwrap().finding.confidence, Confidence::Likely);
    assert_eq!(why.missing[0].unlock.as_str(), "autoscaling:DescribeScalingActivities");
}

#[test]
fn what_is_still_being_read_is_no_fault_of_anybody() {
    let mut scene = Scene::stuck();
    for source in ["aws.autoscaling", "aws.servicequotas"] {
        scene.fail(source, FailureKind::Waiting, "", &[]);
    }
    let why = scene.why();
    assert_eq!((why.verdict, why.root.as_ref()), (Verdict::CannotTell, None), "{why:#?}");
    assert!(why.headline.starts_with("still reading AWS"), "{}", why.headline);
    assert!(why.chain.iter().all(|link| link.finding.resource.kind != ResourceKind::Source), "{:#?}", why.chain);
    // One that failed meanwhile is told first.
    scene.failing.clear();
    scene.fail("aws.autoscaling", FailureKind::Waiting, "", &[]);
    scene.fail("aws.servicequotas", FailureKind::Denied, "access denied", &["servicequotas:GetServiceQuota"]);
    let why = scene.why();
    assert_eq!(root(&why), "aws/iam-denied", "{why:#?}");
    assert!(why.headline.starts_with("cannot tell: AWS Service Quotas"), "{}", why.headline);
}
