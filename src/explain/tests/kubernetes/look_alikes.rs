//! One wording or one number, several stories: what of the cluster tells them apart.

use super::scene::{HERO, Inner};
use crate::domain::group::{ActivityKind, ActivityOutcome};
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::replica::{ContainerState, Probe, ProbeKind, ReplicaPhase, Termination};
use crate::domain::workload::{Phase, ReplicaCounts};
use crate::explain::finding::Verdict;
use crate::explain::testing::{Scene, chain, key, root};

fn new() -> ResourceKey {
    key(ResourceKind::Replica, "ml/text-generator-new")
}

fn waiting(reason: &str, message: &str) -> ContainerState {
    ContainerState::Waiting { reason: reason.into(), message: message.into() }
}

/// A container that ended with 137 and is started again and again.
fn killed(reason: &str) -> Inner {
    let mut inner = Inner::stuck();
    let at = inner.ago(1);
    let container = inner.place(ReplicaPhase::Failing, waiting("CrashLoopBackOff", "back-off 5m0s restarting failed container"));
    container.last = Some(Termination { reason: reason.into(), exit_code: 137, finished_at: Some(at), ..Termination::default() });
    container.restarts = 4;
    inner
}

#[test]
fn exit_137_has_five_stories() {
    assert_eq!(root(&killed("Error").why()), "kubernetes/cont-sigkill", "nobody says who killed it");
    assert_eq!(root(&killed("OOMKilled").why()), "kubernetes/cont-oom", "its own limit");
    assert_eq!(root(&killed("ContainerStatusUnknown").why()), "kubernetes/cont-status-unknown", "its machine was lost");
    let mut by_probe = killed("Error");
    by_probe.event(new(), 1, "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500");
    by_probe.event(new(), 1, "Killing", "Container main failed liveness probe, will be restarted");
    assert_eq!(root(&by_probe.why()), "kubernetes/probe-http-status", "its probe");
    let mut by_machine = killed("Error");
    let machine = key(ResourceKind::Node, "gpu-2");
    by_machine.event(machine, 1, "SystemOOM", "System OOM encountered, victim process: python, pid: 4711");
    let why = by_machine.why();
    assert_eq!(root(&why), "kubernetes/node-system-oom", "the machine's memory");
    assert!(why.headline.starts_with("machine gpu-2 out of memory"), "{}", why.headline);
}

#[test]
fn a_registry_that_does_not_tell_closed_from_missing_is_quoted_with_both() {
    let answer = "Failed to pull image \"acme/x:1\": rpc error: code = Unknown desc = pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed";
    let mut inner = Inner::stuck();
    inner.place(ReplicaPhase::Starting, waiting("ImagePullBackOff", "Back-off pulling image \"acme/x:1\""));
    inner.pod_event(2, "Failed", answer);
    inner.pod_event(1, "Failed", "Error: ImagePullBackOff");
    let why = inner.why();
    assert_ne!(root(&why), "kubernetes/image-not-found", "the registry did not say that it is missing");
    let finding = &why.chain.iter().find(|link| Some(&link.finding.cause) == why.root.as_ref()).unwrap().finding;
    assert!(finding.says.contains("does not exist or may require authorization"), "{}", finding.says);
    assert_eq!(finding.evidence[0].value.as_str(), answer, "what the registry answered stands first: {:?}", finding.evidence);
    assert!(finding.evidence.iter().all(|evidence| !evidence.value.starts_with("Error: ")), "{:?}", finding.evidence);
    assert!(finding.remedies.iter().filter_map(|way| way.command.as_deref()).all(|command| !command.contains("aws ecr")), "no ECR image");
    // The look-alike: a tag that is not there says so.
    let mut inner = Inner::stuck();
    inner.place(ReplicaPhase::Starting, waiting("ErrImagePull", "manifest for acme/x:1 not found: manifest unknown: manifest unknown"));
    assert_eq!(root(&inner.why()), "kubernetes/image-not-found");
}

#[test]
fn a_ray_worker_without_a_serve_replica_is_not_ready_by_design() {
    let mut inner = Inner::stuck();
    inner.hero().kind = "rayservice".into();
    let since = inner.ago(60);
    let container = inner.place(ReplicaPhase::Unready, ContainerState::Running { since: Some(since) });
    container.name = "ray-worker".into();
    container.probes = vec![Probe {
        kind: ProbeKind::Readiness,
        asks: "exec bash -c wget -q -O- http://localhost:8000/-/healthz".into(),
        port: None,
        initial_delay: 10,
        period: 5,
        timeout: 10,
        failures: 1,
    }];
    inner.pod_event(0, "Unhealthy", "Readiness probe failed: success");
    inner.replica("text-generator-old").is_current = true;
    let why = inner.why();
    let causes = chain(&why);
    assert!(causes.iter().all(|cause| !cause.contains("/probe-")), "another replica of this version answers: {causes:?}");
    // The look-alike: nobody of the version answers.
    inner.replica("text-generator-old").is_current = false;
    assert!(chain(&inner.why()).iter().any(|cause| cause.contains("/probe-")), "{:?}", inner.why());
}

/// A replica made anew a minute after its machine was announced to go.
fn reclaimed() -> Inner {
    let mut inner = Inner::stuck();
    inner.main.replicas.retain(|replica| replica.is_current);
    inner.main.rollouts.clear();
    *inner.counts() = ReplicaCounts { desired: Some(1), up_to_date: 1, pending: 1, ..ReplicaCounts::default() };
    inner.machine("gpu-1").free.gpus = 0;
    let made = inner.ago(20);
    inner.replica("text-generator-new").created_at = Some(made);
    inner
}

#[test]
fn a_machine_that_was_taken_back_is_named_and_leads_to_why_there_is_no_other() {
    let mut inner = reclaimed();
    let notice = "Spot ITN received. Instance i-0abc will be interrupted in two minutes";
    inner.event(key(ResourceKind::Node, "ip-10-0-3-7.ec2.internal"), 21, "SpotInterruption", notice);
    let why = inner.why();
    assert_eq!(chain(&why).get(1), Some(&"kubernetes/node-spot-interruption"), "{why:#?}");
    let finding = &why.chain[1].finding;
    assert!(finding.says.contains("took the machine ip-10-0-3-7 back at 11:39 UTC"), "{}", finding.says);
    assert!(finding.evidence.iter().any(|evidence| evidence.value.contains("i-0abc")), "{finding:?}");
    assert!(chain(&why).contains(&"kubernetes/sched-insufficient-gpu"), "and why there is no other: {:?}", chain(&why));
    // Notices of another time explain nothing.
    for minutes in [2, 300] {
        let mut inner = reclaimed();
        inner.event(key(ResourceKind::Node, "ip-10-0-3-7.ec2.internal"), minutes, "SpotInterruption", notice);
        assert!(!chain(&inner.why()).contains(&"kubernetes/node-spot-interruption"), "{minutes} min ago");
    }
}

#[test]
fn without_a_notice_the_groups_history_has_the_end_of_the_machine() {
    let mut scene = Scene::stuck();
    *scene.counts() = ReplicaCounts { desired: Some(1), up_to_date: 1, stalled: 1, ..ReplicaCounts::default() };
    scene.group("gpu").spot = true;
    scene.refuse("gpu", 3, crate::explain::testing::SPOT_TEXT);
    let ended = scene.add_launch("gpu", 42, ActivityOutcome::Succeeded, None);
    ended.kind = ActivityKind::Terminate;
    ended.instance = Some("i-0abc".into());
    ended.cause =
        "an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped.".into();
    let why = scene.why();
    let causes = chain(&why);
    assert_eq!((root(&why), causes.get(1)), ("aws/insufficient-capacity-spot", Some(&"kubernetes/node-spot-interruption")), "{causes:?}");
    assert!(why.chain[1].finding.says.contains("i-0abc"), "{}", why.chain[1].finding.says);
}

#[test]
fn machines_that_only_the_platform_lists_are_not_counted_beside_the_cluster_s_own() {
    let mut inner = Inner::stuck();
    let mut scene = Scene::stuck();
    // The platform has a name of its own for the same machine, and does not see what the cluster sees of it.
    scene.add_node("gpu", "i-0123456789", 1, 1);
    inner.main.nodes.extend(scene.cortex.nodes.into_iter().filter(|node| node.key.name.as_str() == "i-0123456789"));
    let why = inner.why();
    let told = why.chain.iter().find(|link| link.finding.says.contains("nodes: ")).unwrap();
    assert!(told.finding.says.contains("3 nodes: 1 has no free GPU, 2 are CPU machines"), "{}", told.finding.says);
}

#[test]
fn commands_reach_the_account_and_the_cluster_that_were_read() {
    let mut inner = Inner::stuck();
    let mut scene = Scene::stuck();
    scene.refuse("gpu", 3, crate::explain::testing::QUOTA_TEXT);
    scene.quotas.quotas[0].limit = Some(4);
    scene.groups.aws_profile = Some("serving".into());
    inner.machine("gpu-1").group = Some("gpu".into());
    inner.aws = Some((scene.groups, scene.quotas));
    let why = inner.why();
    let commands: Vec<&str> =
        why.chain.iter().flat_map(|link| &link.finding.remedies).filter_map(|remedy| remedy.command.as_deref()).collect();
    let (aws, kubectl): (Vec<&str>, Vec<&str>) = commands.iter().partition(|command| command.starts_with("aws "));
    assert!(
        !aws.is_empty() && aws.iter().all(|command| command.contains("--profile serving") && command.contains("--region us-east-1")),
        "{aws:?}"
    );
    assert!(kubectl.iter().all(|command| !command.starts_with("kubectl") || command.contains("--context prod-eks")), "{kubectl:?}");
    assert!(commands.iter().all(|command| !command.contains('<')), "{commands:?}");
}

#[test]
fn a_pause_that_follows_from_suspended_launches_is_no_second_root() {
    let mut scene = Scene::stuck();
    scene.group("gpu").suspended.push(crate::domain::group::SuspendedProcess { process: "Launch".into(), reason: "User suspended".into() });
    let why = scene.why();
    assert_eq!((root(&why), why.also.len()), ("aws/user-action", 0), "{why:#?}");
}

#[test]
fn nothing_is_said_of_a_workload_that_is_well() {
    let why = Inner::stuck().live().why();
    assert_eq!((why.verdict, why.progress.is_some(), why.pace.is_some()), (Verdict::Clear, false, false), "{why:#?}");
    let mut inner = Inner::stuck().live();
    inner.hero().status.phase = Phase::Live;
    assert_eq!(inner.hero().key.name.as_str(), HERO);
}
