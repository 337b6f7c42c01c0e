//! Replicas that have a node and do not serve.

use super::scene::{Inner, condition};
use crate::domain::id::ResourceKind;
use crate::domain::replica::{ContainerState, Probe, ProbeKind, ReplicaPhase, Termination};
use crate::explain::finding::{Remedy, Verdict};
use crate::explain::report::ways_out;
use crate::explain::testing::{key, root};

fn waiting(reason: &str, message: &str) -> ContainerState {
    ContainerState::Waiting { reason: reason.into(), message: message.into() }
}

fn running(inner: &Inner, minutes: u64) -> ContainerState {
    ContainerState::Running { since: Some(inner.ago(minutes)) }
}

#[test]
fn images_that_do_not_arrive() {
    let cases = [
        (
            "rpc error: code = NotFound desc = failed to pull and unpack image \"registry.test/model:2\": failed to resolve reference \"registry.test/model:2\": registry.test/model:2: not found",
            "kubernetes/image-not-found",
        ),
        (
            "failed to pull and unpack image: unexpected status from HEAD request to https://registry.test/v2/model/manifests/2: 401 Unauthorized",
            "kubernetes/image-auth",
        ),
        ("toomanyrequests: You have reached your pull rate limit.", "kubernetes/image-rate-limit"),
    ];
    for (message, cause) in cases {
        let mut inner = Inner::stuck();
        inner.place(ReplicaPhase::Failing, waiting("ErrImagePull", message));
        assert_eq!(root(&inner.why()), cause, "{:#?}", inner.why());
    }
    let mut inner = Inner::stuck();
    inner.place(ReplicaPhase::Failing, waiting("ImagePullBackOff", "Back-off pulling image \"registry.test/model:2\""));
    inner.pod_event(
        4,
        "Failed",
        "Failed to pull image \"registry.test/model:2\": pull access denied, repository does not exist or may require authorization",
    );
    inner.pod_event(
        5,
        "FailedToRetrieveImagePullSecret",
        "Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed.",
    );
    assert_eq!(root(&inner.why()), "kubernetes/image-pull-secret-missing", "{:#?}", inner.why());
}

#[test]
fn configuration_that_is_missing() {
    let cases = [
        ("configmap \"model-config\" not found", "kubernetes/config-configmap-missing"),
        ("secret \"token\" not found", "kubernetes/config-secret-missing"),
        ("couldn't find key hf-token in Secret ml/token", "kubernetes/config-key-missing"),
    ];
    for (message, cause) in cases {
        let mut inner = Inner::stuck();
        inner.place(ReplicaPhase::Failing, waiting("CreateContainerConfigError", message));
        let why = inner.why();
        assert_eq!(root(&why), cause, "{why:#?}");
        assert!(why.chain.last().unwrap().finding.says.contains(message));
    }
}

#[test]
fn volumes_and_sandboxes() {
    let cases = [
        (
            "FailedMount",
            "MountVolume.SetUp failed for volume \"cfg\" : configmap \"model-config\" not found",
            "kubernetes/vol-configmap-missing",
        ),
        (
            "FailedAttachVolume",
            "Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) text-generator-old",
            "kubernetes/vol-multi-attach",
        ),
        (
            "FailedCreatePodSandBox",
            "Failed to create pod sandbox: plugin type=\"aws-cni\" failed (add): add cmd: failed to assign an IP address to container",
            "kubernetes/net-ip-exhausted",
        ),
    ];
    for (reason, message, cause) in cases {
        let mut inner = Inner::stuck();
        inner.place(ReplicaPhase::Starting, waiting("ContainerCreating", ""));
        inner.pod_event(1, reason, message);
        let why = inner.why();
        assert_eq!(root(&why), cause, "{why:#?}");
        // The replica that is given up for the disk is the one that holds it.
        let deletes = |remedy: &&Remedy| remedy.command.as_ref().is_some_and(|command| command.contains("delete pod"));
        if let Some(remedy) = ways_out(&why).into_iter().find(deletes) {
            assert!(remedy.command.as_ref().unwrap().contains("delete pod text-generator-old"), "{remedy:?}");
        }
    }
    // What fails once in the first seconds is tried again.
    let mut inner = Inner::stuck();
    inner.place(ReplicaPhase::Starting, waiting("ContainerCreating", ""));
    inner.replica("text-generator-new").placed_at = Some(inner.now);
    inner.pod_event(0, "FailedCreatePodSandBox", "Failed to create pod sandbox: failed to assign an IP address to container");
    assert_eq!(inner.why().verdict, Verdict::Clear, "{:#?}", inner.why());
}

fn ended(code: i32, reason: &str, message: &str) -> Termination {
    Termination { reason: reason.into(), message: message.into(), exit_code: code, ..Termination::default() }
}

#[test]
fn containers_that_die() {
    let cases = [
        (1, "Error", "", "kubernetes/cont-exit-error"),
        (137, "Error", "", "kubernetes/cont-sigkill"),
        (143, "Error", "", "kubernetes/cont-exit-143"),
        (127, "Error", "", "kubernetes/cont-bad-command"),
        (137, "OOMKilled", "", "kubernetes/cont-oom"),
    ];
    for (code, reason, message, cause) in cases {
        let mut inner = Inner::stuck();
        let container = inner.place(ReplicaPhase::Failing, waiting("CrashLoopBackOff", "back-off 5m0s restarting failed container"));
        container.last = Some(ended(code, reason, message));
        container.restarts = 7;
        let why = inner.why();
        assert_eq!(root(&why), cause, "{why:#?}");
    }
    let mut inner = Inner::stuck();
    let container = inner.place(ReplicaPhase::Failing, waiting("CrashLoopBackOff", ""));
    container.init = true;
    container.last = Some(ended(1, "Error", ""));
    assert_eq!(root(&inner.why()), "kubernetes/cont-init-failed");
}

fn probe(kind: ProbeKind, port: u16) -> Probe {
    Probe { kind, asks: format!("http :{port}/healthz").into(), port: Some(port), initial_delay: 10, period: 10, timeout: 1, failures: 3 }
}

#[test]
fn a_probe_that_asks_a_port_nobody_declares() {
    let mut inner = Inner::stuck();
    let state = running(&inner, 2);
    let container = inner.place(ReplicaPhase::Unready, state);
    container.ports = vec![8_080];
    container.probes = vec![probe(ProbeKind::Readiness, 9_090)];
    inner.pod_event(
        0,
        "Unhealthy",
        "Readiness probe failed: Get \"http://10.0.0.7:9090/healthz\": dial tcp 10.0.0.7:9090: connect: connection refused",
    );
    let why = inner.why();
    assert_eq!(root(&why), "kubernetes/probe-refused", "{why:#?}");
    assert_eq!(why.headline.as_str(), "readiness probe asks the wrong port");
    assert!(why.chain.last().unwrap().finding.says.contains("asks port 9090, and container main declares 8080"));
    // The look-alike: the right port, refused while the model still loads, is only slow.
    inner.replica("text-generator-new").containers[0].ports = vec![9_090];
    assert_eq!(inner.why().verdict, Verdict::Clear, "{:#?}", inner.why());
    let state = running(&inner, 60);
    inner.replica("text-generator-new").containers[0].state = state;
    assert_eq!(inner.why().verdict, Verdict::Held);
}

#[test]
fn a_start_slower_than_the_liveness_probe_allows_is_no_crash() {
    let mut inner = Inner::stuck();
    let state = running(&inner, 0);
    let container = inner.place(ReplicaPhase::Unready, state);
    container.probes = vec![probe(ProbeKind::Liveness, 8_080)];
    container.restarts = 9;
    container.last = Some(ended(137, "Error", "KeyboardInterrupt: terminated"));
    inner.replica("text-generator-new").restarts = 9;
    inner.pod_event(1, "Unhealthy", "Liveness probe failed: Get \"http://10.0.0.7:8080/healthz\": context deadline exceeded");
    inner.pod_event(1, "Killing", "Container main failed liveness probe, will be restarted");
    let why = inner.why();
    assert_eq!(root(&why), "kubernetes/probe-timeout", "{why:#?}");
    assert!(why.chain.last().unwrap().finding.says.contains("allows 40 s for a start"), "{}", why.chain.last().unwrap().finding.says);
}

#[test]
fn evicted_replicas_lead_to_the_machine() {
    let mut inner = Inner::stuck();
    inner.place(ReplicaPhase::Evicted, ContainerState::Unknown);
    let replica = inner.replica("text-generator-new");
    replica.reason = Some("Evicted".into());
    replica.message = Some("The node was low on resource: memory. Threshold quantity: 100Mi, available: 48Mi.".into());
    assert_eq!(root(&inner.why()), "kubernetes/evict-memory", "{:#?}", inner.why());
    inner.node("gpu-2").conditions.push(condition(
        "MemoryPressure",
        Some(true),
        "KubeletHasInsufficientMemory",
        "kubelet has insufficient memory available",
    ));
    assert_eq!(root(&inner.why()), "kubernetes/node-memory-pressure");
}

#[test]
fn a_replica_lost_with_its_spot_machine() {
    let mut inner = Inner::stuck();
    inner.place(ReplicaPhase::Unknown, ContainerState::Unknown);
    inner.replica("text-generator-new").reason = Some("NodeLost".into());
    inner.event(key(ResourceKind::Node, "gpu-2"), 6, "SpotInterrupted", "Spot interruption warning was triggered");
    assert_eq!(root(&inner.why()), "kubernetes/node-spot-interruption", "{:#?}", inner.why());
}

#[test]
fn a_replica_that_does_not_go_away() {
    let mut inner = Inner::stuck();
    inner.place(ReplicaPhase::Terminating, ContainerState::Unknown);
    inner.replica("text-generator-new").deleting_since = Some(inner.ago(20));
    assert_eq!(root(&inner.why()), "kubernetes/rollout-stuck-terminating", "{:#?}", inner.why());
    inner.replica("text-generator-new").deleting_since = Some(inner.ago(1));
    assert_ne!(root(&inner.why()), "kubernetes/rollout-stuck-terminating");
}

#[test]
fn a_check_by_hand_asks_what_the_probe_asks() {
    let mut inner = Inner::stuck();
    let state = running(&inner, 60);
    let container = inner.place(ReplicaPhase::Unready, state);
    container.ports = vec![8_080];
    container.probes = vec![probe(ProbeKind::Readiness, 8_080)];
    inner.pod_event(0, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503");
    let why = inner.why();
    assert_eq!(root(&why), "kubernetes/probe-http-status", "{why:#?}");
    let asks = |remedy: &&Remedy| remedy.command.as_ref().is_some_and(|command| command.ends_with("http://localhost:8080/healthz"));
    assert!(ways_out(&why).iter().any(asks), "{:#?}", ways_out(&why));
}
