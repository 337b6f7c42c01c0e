//! A dashboard that refuses, lies, hangs or moved: each told with its next step.

use std::time::Duration;

use holdup::domain::source::FailureKind;
use holdup::source::Platform as _;
use holdup::source::ray::Ray;

use crate::replay::{Replay, context, fixture, observed, poll};

#[tokio::test]
async fn a_cluster_without_serve_is_empty_and_a_part_that_is_refused_is_a_gap() {
    let view = poll(Replay::of("00_noserve").serve().await).await.unwrap();
    assert!(view.workloads.is_empty());
    let refused = Replay::of("10_healthy").bytes("/api/v0/nodes", 403, b"403: Forbidden");
    let view = poll(refused.serve().await).await.unwrap();
    assert_eq!(view.workloads.len(), 1);
    let gap = view.gaps.iter().find(|gap| gap.what.as_str() == "machines").unwrap();
    assert_eq!(gap.failure.kind, FailureKind::Denied);
    let text = String::from_utf8(fixture("10_healthy__applications.json").unwrap()).unwrap();
    let broken = text.replacen("\"deployments\": {", "\"deployments\": 7, \"was\": {", 1);
    let view = poll(Replay::of("10_healthy").bytes("/api/serve/applications/", 200, broken.as_bytes()).serve().await).await.unwrap();
    assert!(view.gaps.iter().any(|gap| gap.what.as_str() == "application healthy"), "{:?}", view.gaps);
}

#[tokio::test]
async fn every_bad_answer_names_the_next_step() {
    let body = |name: &str| {
        let recorded = String::from_utf8(fixture(name).unwrap()).unwrap();
        recorded.split_once("\n\n").or_else(|| recorded.split_once("\r\n\r\n")).unwrap().1.to_owned()
    };
    let huge = vec![b' '; 100 * 1024 * 1024];
    let cases: [(u16, Vec<u8>, FailureKind, &str); 8] = [
        (401, body("C1_auth__no_token.txt").into_bytes(), FailureKind::Denied, "every cluster has its own"),
        (403, body("C1_auth__wrong_token.txt").into_bytes(), FailureKind::Denied, "every cluster has its own"),
        (404, b"404: Not Found".to_vec(), FailureKind::Unsupported, "8265"),
        (429, Vec::new(), FailureKind::Throttled, "slows down"),
        (200, b"<html>please log in</html>".to_vec(), FailureKind::Garbage, "login page"),
        (200, huge, FailureKind::Garbage, "Ray dashboard"),
        (200, Vec::new(), FailureKind::Garbage, "Ray dashboard"),
        (500, b"Traceback (most recent call last):".to_vec(), FailureKind::ServerError, "dashboard.log"),
    ];
    for (status, body, kind, hint) in cases {
        let failure = poll(Replay::of("10_healthy").bytes("/api/version", status, &body).serve().await).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{status}: {failure:?}");
        assert!(failure.hint.contains(hint), "{status}: {}", failure.hint);
        assert!(!format!("{failure:?}").contains("simulated-token"));
    }
    let slow = Replay::of("10_healthy").bytes("/api/version", 429, b"").with_header("/api/version", "Retry-After", "17");
    assert_eq!(poll(slow.serve().await).await.unwrap_err().retry_after, Some(Duration::from_secs(17)));
    let moved =
        Replay::of("10_healthy").bytes("/api/version", 302, b"").with_header("/api/version", "Location", "https://sso.example.com/");
    let failure = poll(moved.serve().await).await.unwrap_err();
    assert!(failure.message.contains("sso.example.com"), "{failure:?}");
}

#[tokio::test]
async fn a_frozen_control_store_is_told_at_once() {
    let body = b"503: Health check failed: RPC error: Deadline Exceeded";
    // Status 0: no answer, ever.
    let frozen = Replay::of("10_healthy").bytes("/api/gcs_healthz", 503, body).bytes("/api/serve/applications/", 0, b"");
    let failure = poll(frozen.serve().await).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::ServerError);
    assert!(failure.message.contains("control store") && failure.message.contains("Deadline Exceeded"), "{failure:?}");
}

#[test]
fn a_context_without_any_address_says_which_setting_is_missing() {
    let failure = Ray.connect(&context(None, None)).err().unwrap();
    assert!(failure.kind == FailureKind::Misconfigured && failure.hint.contains("dashboard ="), "{failure:?}");
}

#[tokio::test]
async fn answers_of_another_server_are_no_empty_cluster() {
    for body in [&b"{}"[..], b"{\"status\": \"ok\"}", b"[]"] {
        let failure = poll(Replay::of("10_healthy").bytes("/api/serve/applications/", 200, body).serve().await).await.unwrap_err();
        assert!(failure.kind == FailureKind::Garbage && failure.hint.contains("Ray dashboard"), "{failure:?}");
    }
}

#[tokio::test]
async fn a_type_that_lies_is_not_believed() {
    let lying = Replay::of("10_healthy").with_header("/api/serve/applications/", "Content-Type", "text/html");
    assert_eq!(poll(lying.serve().await).await.unwrap().workloads.len(), 1);
    let page = b"<!doctype html><title>Sign in</title>";
    let lying = Replay::of("10_healthy").bytes("/api/serve/applications/", 200, page);
    let lying = lying.with_header("/api/serve/applications/", "Content-Type", "application/json");
    let failure = poll(lying.serve().await).await.unwrap_err();
    assert!(failure.kind == FailureKind::Garbage && failure.message.contains("Sign in"), "{failure:?}");
}

#[tokio::test]
async fn a_wrong_address_is_told() {
    // Bound and closed again: nobody listens there.
    let address = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let failure = poll(format!("http://{address}")).await.unwrap_err();
    assert!(failure.kind == FailureKind::Unreachable && failure.hint.contains("kubectl port-forward"), "{failure:?}");
}

/// What hangs, sends without end or lies holds up neither the other parts nor another cluster.
#[tokio::test]
async fn a_cluster_that_does_not_answer_slows_no_other() {
    let hangs = Replay::of("10_healthy").bytes("/api/version", 0, b"").serve().await;
    let floods = Replay::of("10_healthy").bytes("/api/version", 200, &vec![b'['; 100 * 1024 * 1024]).serve().await;
    let well = Replay::of("10_healthy").serve().await;
    let snapshot = observed(&[("hangs", hangs), ("floods", floods), ("well", well)], Duration::from_secs(2)).await;
    let healthy: Vec<&str> = snapshot.views.values().flat_map(|view| &view.view.workloads).map(|one| one.key.context.as_str()).collect();
    assert_eq!(healthy, ["well"]);
    let failed = |context: &str| snapshot.views.iter().find(|(id, _)| id.context.as_str() == context).unwrap().1.health.failure().cloned();
    assert!(failed("hangs").is_some() && failed("floods").is_some() && failed("well").is_none());
}
