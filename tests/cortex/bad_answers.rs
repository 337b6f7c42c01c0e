//! Refusals, and servers that are not what they should be.

#![expect(clippy::unwrap_used, reason = "test support: a failure here is a failed test")]

use axum::Router;
use axum::body::Body;
use axum::http::Response;
use holdup::domain::source::FailureKind;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::server::{Replay, context, fixture, poll, serve, source, workload};

/// Recorded refusals of `/get`, with the kind of failure and a word of the hint.
const REFUSALS: &[(&str, FailureKind, &str)] = &[
    ("v042_error_auth_other_account.json", FailureKind::WrongAccount, "aws.profile"),
    ("v042_error_auth_expired.json", FailureKind::ClockSkew, "clock"),
    ("v042_error_header_missing.json", FailureKind::Unsupported, "0.30 to 0.42"),
    ("v042_error_version_mismatch.json", FailureKind::Unsupported, "cortex version"),
    ("v042_error_query_param_required.json", FailureKind::ServerError, "health"),
];

#[tokio::test]
async fn every_refusal_names_the_next_step() {
    for (name, kind, hint) in REFUSALS {
        let replay = Replay::default().fixture("/info", "v042_info_healthy.json").fixture("/get", name);
        let mut source = source(&replay.serve().await);
        let failure = poll(source.as_mut(), None).await.unwrap_err();
        assert_eq!(failure.kind, *kind, "{name}: {failure:?}");
        assert!(failure.hint.contains(hint), "{name}: {}", failure.hint);
    }
}

#[tokio::test]
async fn expired_credentials_are_signed_anew_once() {
    let expired = json!({"kind": "error", "message": "ExpiredToken: The security token included in the request is expired\n\tstatus code: 403, request id: x"});
    let once = Replay::default()
        .fixture("/info", "v042_info_healthy.json")
        .bytes("/get", 400, expired.to_string().as_bytes())
        .bytes("/get", 200, b"[]");
    assert!(poll(source(&once.serve().await).as_mut(), None).await.is_ok(), "the second signature is good");
    let always = Replay::default().fixture("/info", "v042_info_healthy.json").bytes("/get", 400, expired.to_string().as_bytes());
    let failure = poll(source(&always.serve().await).as_mut(), None).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Expired);
    assert!(failure.hint.contains("aws sso login"), "{}", failure.hint);
    assert_eq!(always.asked(), ["/info", "/get", "/get"]);
}

#[tokio::test]
async fn a_replaced_cluster_is_learned_once() {
    let mut newer = fixture("v042_info_healthy.json");
    newer["cluster_config"]["api_version"] = json!("0.43.0");
    let replay = Replay::default()
        .fixture("/info", "v042_info_healthy.json")
        .json("/info", &newer)
        .fixture("/get", "v042_error_version_mismatch.json")
        .fixture("/get", "v042_get_empty.json");
    poll(source(&replay.serve().await).as_mut(), None).await.unwrap();
    let versions = replay.headers("CortexAPIVersion");
    assert_eq!(versions.last().unwrap().as_deref(), Some("0.43.0"));
    assert_eq!(replay.asked(), ["/info", "/get", "/info", "/get"]);
}

#[tokio::test]
async fn too_old_is_said_and_no_secret_is_sent() {
    let mut old = fixture("v031_info_stuck_max_instances.json");
    old["cluster_config"]["api_version"] = json!("0.27.0");
    let replay = Replay::default().json("/info", &old);
    let failure = poll(source(&replay.serve().await).as_mut(), None).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unsupported);
    assert!(failure.message.contains("too old"), "{}", failure.message);
    assert!(replay.headers("Authorization").iter().all(Option::is_none));
}

#[tokio::test]
async fn one_api_in_trouble_is_a_gap() {
    let replay = Replay::default()
        .fixture("/info", "v042_info_healthy.json")
        .fixture("/get", "v042_get_updating_gpu.json")
        .fixture("/describe/text-generator", "v042_error_api_not_deployed.json");
    let view = poll(source(&replay.serve().await).as_mut(), None).await.unwrap();
    assert_eq!(view.workloads.len(), 7);
    let replicas = workload(&view, "text-generator").replicas.unwrap();
    assert_eq!((replicas.desired, replicas.serving()), (None, 1), "what is not known is not made up");
    let gap = view.gaps.iter().find(|gap| gap.what == "replicas of text-generator").unwrap();
    assert_eq!(gap.failure.kind, FailureKind::NotFound);
}

#[tokio::test]
async fn what_is_no_operator_is_recognized() {
    let down = b"upstream connect error or disconnect/reset before headers. reset reason: connection failure";
    let cases: [(u16, &[u8], FailureKind); 6] = [
        (503, down, FailureKind::ServerError),
        (200, b"<!DOCTYPE html><html>\x1b[31mSign in</html>", FailureKind::Garbage),
        (200, b"{\"cluster_config\": {\"cluster_na", FailureKind::Garbage),
        (200, b"[]", FailureKind::Garbage),
        (404, b"404 page not found\n", FailureKind::Unsupported),
        (429, b"slow down", FailureKind::Throttled),
    ];
    for (status, body, kind) in cases {
        let replay = Replay::default().bytes("/info", status, body);
        let failure = poll(source(&replay.serve().await).as_mut(), None).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure:?}");
        assert!(!failure.hint.is_empty() && !failure.message.contains('\u{1b}'));
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let endless = || async {
        let chunk = vec![b' '; 1024 * 1024];
        let stream = futures_util::stream::repeat_with(move || Ok::<_, std::io::Error>(chunk.clone()));
        Response::new(Body::from_stream(stream))
    };
    let endpoint = serve(Router::new().fallback(endless)).await;
    let failure = poll(source(&endpoint).as_mut(), None).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Garbage);
    assert!(failure.message.contains("larger than 32 MiB"), "{}", failure.message);
}

/// Answers every connection with the same bytes and then does what `after` says.
async fn raw_server(bytes: &'static [u8], hold: bool) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _read = socket.read(&mut request).await;
            let _written = socket.write_all(bytes).await;
            if hold {
                held.push(socket);
            }
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn half_a_body_is_garbage_and_nobody_is_unreachable() {
    let half =
        raw_server(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{\"cluster_config\":", false).await;
    let failure = poll(source(&half).as_mut(), None).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Garbage, "{failure:?}");
    let nobody = poll(source("http://127.0.0.1:9").as_mut(), None).await.unwrap_err();
    assert_eq!(nobody.kind, FailureKind::Unreachable, "{nobody:?}");
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let silent = raw_server(b"", true).await;
    let mut source = source(&silent);
    // Signing before the clock is stopped: loading credentials has timers of its own.
    let polling = poll(source.as_mut(), None);
    tokio::time::pause();
    let failure = polling.await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::TimedOut, "{failure:?}");
}

#[test]
fn misconfigured_contexts_are_refused_at_once() {
    use holdup::source::Platform as _;
    use holdup::source::cortex::Cortex;
    for endpoint in [None, Some("http://operator.example"), Some("ftp://x"), Some("https://user:secret@host")] {
        let mut context = context("");
        context.endpoint = endpoint.map(str::to_owned);
        let failure = Cortex.connect(&context).err().unwrap();
        assert_eq!(failure.kind, FailureKind::Misconfigured, "{endpoint:?}");
        assert!(failure.message.contains("prod"), "the context is named: {}", failure.message);
    }
}
