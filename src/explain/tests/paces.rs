//! Normal, slow and stuck are three things, on every platform.

use crate::domain::group::ActivityOutcome;
use crate::domain::id::ResourceKind;
use crate::domain::job::{Job, JobPhase};
use crate::domain::time::Duration;
use crate::domain::workload::{Phase, PlatformMessage, ReplicaCounts, Role};
use crate::explain::finding::{Explanation, Verdict};
use crate::explain::report::{Report, Scope, Style, why_json, why_text};
use crate::explain::testing::{Scene, key};

/// What a person would call it.
#[derive(Debug, PartialEq, Eq)]
enum Pace {
    Normal,
    Slow,
    Stuck,
}

fn pace(why: &Explanation) -> Pace {
    match (why.verdict, why.progress.as_ref()) {
        (Verdict::Clear, Some(progress)) if progress.is_slow() => Pace::Slow,
        (Verdict::Clear, Some(_)) => Pace::Normal,
        _ => Pace::Stuck,
    }
}

/// A rollout of a platform that has gone on for so long, one replica starting.
fn rollout(platform: &str, native: &str, usual: u64, minutes: u64) -> Scene {
    let mut scene = Scene::stuck();
    let began = scene.ago(minutes);
    let hero = scene.hero();
    hero.platform = platform.into();
    hero.usual_rollout = Duration::from_mins(usual);
    hero.status.native = native.into();
    hero.status.since = Some(began);
    hero.deployed_at = Some(began);
    hero.replicas = Some(ReplicaCounts { desired: Some(1), ready_old: 1, up_to_date: 1, not_ready: 1, ..ReplicaCounts::default() });
    scene
}

#[test]
fn every_platform_is_normal_then_slow_then_stuck() {
    // The last figure of each is beyond what the table calls stuck.
    let platforms = [
        ("cortex", "updating", 10, [4, 14, 25]),
        ("kubernetes", "updating", 10, [4, 14, 25]),
        ("azure", "Updating", 20, [12, 30, 75]),
        ("anyscale", "UPDATING", 10, [5, 15, 40]),
        ("modelarts", "deploying", 20, [12, 28, 50]),
    ];
    for (platform, native, usual, moments) in platforms {
        let told: Vec<Pace> = moments.iter().map(|minutes| pace(&rollout(platform, native, usual, *minutes).why())).collect();
        assert_eq!(told, [Pace::Normal, Pace::Slow, Pace::Stuck], "{platform}");
    }
}

#[test]
fn an_order_is_normal_until_its_bids_lapse() {
    let order = |minutes: u64, taken: u32| {
        let mut scene = Scene::stuck();
        let made = scene.ago(minutes);
        let hero = scene.hero();
        hero.platform = "gateway".into();
        hero.role = Role::Jobs;
        hero.status.phase = Phase::Live;
        hero.jobs.push(Job {
            key: key(ResourceKind::Job, "text-generator/1"),
            phase: JobPhase::Pending,
            native: "pending".into(),
            workers: 1,
            counts: ReplicaCounts { desired: Some(1), creating: taken, pending: 1 - taken, ..ReplicaCounts::default() },
            succeeded: 0,
            started_at: Some(made),
            ended_at: None,
            queued_batches: None,
            total_batches: None,
        });
        pace(&scene.why())
    };
    assert_eq!((order(2, 0), order(8, 0)), (Pace::Normal, Pace::Stuck), "waiting for a provider");
    assert_eq!(order(8, 1), Pace::Normal, "a provider has it, and the start has a time of its own");
}

#[test]
fn a_machine_of_the_account_is_normal_then_slow_then_lost() {
    let machine = |minutes: u64| {
        let mut scene = Scene::stuck();
        scene.group("gpu").desired = Some(2);
        scene.add_launch("gpu", minutes, ActivityOutcome::Running, None).instance = Some("i-0abc".into());
        pace(&scene.why())
    };
    assert_eq!((machine(3), machine(9), machine(20)), (Pace::Normal, Pace::Slow, Pace::Stuck));
}

#[test]
fn silence_of_a_managed_platform_has_its_own_name_after_an_hour() {
    let mut scene = rollout("azure", "Creating", 20, 70);
    scene.hero().messages = vec![PlatformMessage {
        field: "getLogs: content".into(),
        text: "Deployment is in deleting or creating state so logs can't be retrieved.".into(),
        code: None,
        at: None,
    }];
    let why = scene.why();
    let causes: Vec<&str> = why.chain.iter().map(|link| link.finding.cause.as_str()).collect();
    assert!(causes.contains(&"azure/state-stuck-creating-silent"), "{causes:?}");
    assert!(!causes.contains(&"azure/state-logs-withheld"), "the sentence is evidence of the silence, no story of its own: {causes:?}");
}

#[test]
fn reports_say_what_is_normal_and_when_it_stopped() {
    let text = |minutes: u64| {
        let scene = rollout("cortex", "updating", 10, minutes);
        let (snapshot, explanations) = (scene.snapshot(), scene.run());
        let report = Report::new(&snapshot, &explanations, &Scope::default(), scene.now);
        (why_text(&report, Style::default()), serde_json::from_str::<serde_json::Value>(&why_json(&report)).unwrap())
    };
    let (normal, json) = text(4);
    assert!(normal.contains("normal so far: 4 min of typically 1–10 min"), "{normal}");
    assert!(normal.contains("about 6 min left"), "{normal}");
    assert_eq!(json["verdicts"][0]["normal"]["to_seconds"], 600);
    let (slow, _) = text(14);
    assert!(slow.contains("slow") && slow.contains("stopped being normal at 11:56 UTC (after 10 min; typically 1–10 min)"), "{slow}");
    let (stuck, json) = text(25);
    assert!(stuck.contains("held up for 25 min") && stuck.contains("stopped being normal at 11:45 UTC"), "{stuck}");
    assert_eq!(json["verdicts"][0]["normal"]["until"], "2026-03-01T11:45:00Z");
}
