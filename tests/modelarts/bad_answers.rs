//! Refusals and bad servers: each told with its next step, none in the way of what can be read.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Response;
use holdup::domain::source::{Failure, FailureKind};
use holdup::source::modelarts::connect_with;
use holdup::source::poller::poll_once;

use super::server::{Replay, context, one, poll, serve, source, variables};

async fn refused(replay: Replay) -> Failure {
    poll(source(&replay.serve().await).as_mut()).await.unwrap_err()
}

#[tokio::test]
async fn each_refusal_has_its_kind_and_its_next_step() {
    for (name, kind, hint) in [
        ("errors/apigw_0301_signature.json", FailureKind::Denied, "key pair"),
        ("errors/apigw_0301_clock.json", FailureKind::ClockSkew, "clock"),
        ("errors/0203_invalid_token.json", FailureKind::Denied, "token"),
        ("errors/apig_0101.json", FailureKind::Unsupported, "region"),
        ("errors/apig_0308_throttled.json", FailureKind::Throttled, "slows down"),
        ("errors/4206_traffic.json", FailureKind::Throttled, "slows down"),
        ("errors/html_502.json", FailureKind::ServerError, "status page"),
        ("errors/empty_504.json", FailureKind::ServerError, "status page"),
        ("errors/iam_nested_envelope.json", FailureKind::Denied, "key pair"),
    ] {
        let failure = refused(Replay::default().fixture("/services", name)).await;
        assert_eq!(failure.kind, kind, "{name}: {failure:?}");
        assert!(failure.hint.contains(hint), "{name}: {failure:?}");
        let shown = format!("{failure:?}");
        assert!(!shown.contains("canonicalRequest") && !shown.contains("nobody-sees-this"), "{name}: {shown}");
    }
    let slow = refused(Replay::default().fixture("/services", "errors/4206_traffic.json")).await;
    assert_eq!(slow.retry_after, Some(Duration::from_secs(5)));
    let body = br#"{"error_code":"APIG.0308","error_msg":"slow down"}"#.to_vec();
    let pause = Replay::default().answer("/services", (429, vec![("Retry-After".into(), "17".into())], body));
    assert_eq!(refused(pause).await.retry_after, Some(Duration::from_secs(17)));
    // A date counts from the answer's own, whatever the clock of this machine says.
    let body = br#"{"error_code":"APIG.0308","error_msg":"slow down"}"#.to_vec();
    let headers = [("Retry-After", "Thu, 01 Jan 2026 09:01:10 GMT"), ("Date", "Thu, 01 Jan 2026 09:00:30 GMT")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let date = Replay::default().answer("/services", (429, headers, body));
    assert_eq!(refused(date).await.retry_after, Some(Duration::from_secs(40)));
}

#[tokio::test]
async fn one_call_of_five_that_is_denied_is_a_gap_with_its_permission() {
    let denied = br#"{"error_code":"ModelArts.0108","error_msg":"Policy doesn't allow modelarts:service:getEvents to be performed."}"#;
    let id = "195c1f2d-136d-40af-a0f3-db5717d2634a";
    let replay = one("service_concerning_restarts.json", "events_empty.json", "update_logs_failed.json", Some("monitor_concerning.json"));
    let path = format!("/services/{id}/events");
    let denying = replay.without(&path).answer(&path, (403, Vec::new(), denied.to_vec()));
    let view = poll(source(&denying.serve().await).as_mut()).await.unwrap();
    assert_eq!(view.workloads[0].replicas.unwrap().ready, 1, "the rest is read");
    let gap = view.gaps.iter().find(|gap| *gap.what == *"events").unwrap();
    assert_eq!(gap.failure.kind, FailureKind::Denied);
    assert!(gap.failure.permissions.iter().any(|one| *one == *"modelarts:service:getEvents"));
}

#[tokio::test]
async fn pages_floods_redirects_and_nonsense_are_garbage() {
    let page = Replay::default().answer("/services", (200, Vec::new(), b"<html>log in</html>".to_vec()));
    let failure = refused(page).await;
    assert!(failure.kind == FailureKind::Garbage && failure.message.contains("log in"), "{failure:?}");
    let elsewhere = Replay::default().answer("/services", (302, vec![("Location".into(), "http://elsewhere.example/".into())], Vec::new()));
    assert_eq!(refused(elsewhere).await.kind, FailureKind::Garbage);
    let flood = Router::new().fallback(|| async {
        let chunks = std::iter::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 1024 * 1024])).take(100);
        Response::new(Body::from_stream(futures_util::stream::iter(chunks)))
    });
    let failure = poll(source(&serve(flood).await).as_mut()).await.unwrap_err();
    assert!(failure.message.contains("larger than 16 MiB"), "{failure:?}");
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let endpoint = serve(Router::new().fallback(|| async { std::future::pending::<&str>().await })).await;
    let mut silent = source(&endpoint);
    // The clock of the test stands still until everybody waits; the poll then times out at once.
    tokio::time::pause();
    let update = poll_once(silent.as_mut(), std::sync::Arc::default(), None).await;
    let failure = update.outcome.unwrap_err();
    assert!(failure.kind == FailureKind::TimedOut && !failure.hint.is_empty(), "{failure:?}");
}

#[tokio::test]
async fn a_project_without_services_is_empty_and_a_wrong_one_is_told() {
    let view = poll(source(&Replay::default().fixture("/services", "services_list_empty.json").serve().await).as_mut()).await.unwrap();
    assert!(view.workloads.is_empty() && view.gaps.iter().all(|gap| !gap.what.contains("service ")), "{:?}", view.gaps);
    let body = br#"{"error_code":"ModelArts.0210","error_msg":"The project ID does not match."}"#.to_vec();
    let failure = refused(Replay::default().answer("/services", (403, Vec::new(), body))).await;
    assert!(failure.kind == FailureKind::WrongAccount && failure.hint.contains("region and project"), "{failure:?}");
}

#[tokio::test]
async fn nobody_and_nowhere_are_told_apart() {
    let mut nobody = connect_with(&context("http://127.0.0.1:9"), variables(&[])).unwrap().sources.remove(0);
    let failure = poll(nobody.as_mut()).await.unwrap_err();
    assert!(failure.kind == FailureKind::NoCredentials && failure.hint.contains("HUAWEICLOUD_SDK_AK"), "{failure:?}");
    let failure = poll(source("http://127.0.0.1:9").as_mut()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unreachable);
    let mut plain = context("http://modelarts.example.com");
    let refused = connect_with(&plain, variables(&[])).err().unwrap();
    assert!(refused.kind == FailureKind::Misconfigured && refused.hint.contains("allow_plain_http"), "{refused:?}");
    plain.endpoint = None;
    plain.modelarts = None;
    assert!(connect_with(&plain, variables(&[])).err().unwrap().hint.contains("region"));
}
