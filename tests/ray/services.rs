//! Anyscale's service API: what is kept, and what is told when it refuses, moves, hangs or lies.
//! No answer of it was recorded: the bodies are made of the fields that its own client reads.

use std::sync::Arc;
use std::time::Duration;

use holdup::clock;
use holdup::domain::snapshot::Snapshot;
use holdup::domain::source::FailureKind;
use holdup::domain::workload::Phase;
use holdup::source::ray::Ray;
use holdup::source::{Focus, Platform as _};
use serde_json::{Value, json};

use crate::replay::{Replay, context, poll_services, why_of};

const LIST: &str = "/api/v2/services-v2/";

fn version(name: &str, state: &str, now: f64, target: f64) -> Value {
    json!({ "id": format!("svcver_{name}"), "version": name, "created_at": "2026-11-21T02:00:00.000000+00:00", "current_state": state,
            "weight": target, "current_weight": now, "target_weight": target })
}

fn service(name: &str, state: &str, more: &Value) -> Value {
    let mut one = json!({ "id": format!("service2_{name}"), "name": name, "current_state": state, "goal_state": "RUNNING",
        "created_at": "2026-11-20T02:00:00.000000+00:00", "auto_rollout_enabled": true, "error_message": null,
        "primary_version": version("v1", "RUNNING", 100.0, 100.0), "canary_version": null,
        "service_status_checklist": null, "auth_token": "never-to-be-shown" });
    one.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    one
}

fn api(services: &[Value]) -> Replay {
    let page = json!({ "results": services, "metadata": { "total": services.len(), "next_paging_token": null } });
    let none = json!({ "results": [], "metadata": { "total": 0, "next_paging_token": null } });
    Replay::default()
        .bytes("/api/v2/userinfo/", 200, br#"{"result": {"email": "on-call@example.com"}}"#)
        .bytes(LIST, 200, page.to_string().as_bytes())
        .bytes("/api/v2/events/service/", 200, none.to_string().as_bytes())
}

#[tokio::test]
async fn every_state_keeps_its_word() {
    let states = [
        ("STARTING", Phase::Updating),
        ("RUNNING", Phase::Live),
        ("UPDATING", Phase::Updating),
        ("ROLLING_OUT", Phase::Updating),
        ("ROLLING_BACK", Phase::Updating),
        ("UNHEALTHY", Phase::Failed),
        ("USER_ERROR_FAILURE", Phase::Failed),
        ("SYSTEM_FAILURE", Phase::Failed),
        ("TERMINATED", Phase::Zero),
        ("HIBERNATING", Phase::Unrecognized),
    ];
    let services: Vec<Value> = states.iter().map(|(state, _)| service(&state.to_lowercase(), state, &json!({}))).collect();
    let view = poll_services(api(&services).serve().await).await.unwrap();
    assert!(view.gaps.is_empty(), "{:?}", view.gaps);
    for (state, phase) in states {
        let one = view.workloads.iter().find(|one| one.key.name.as_str() == state.to_lowercase()).unwrap();
        assert_eq!((one.status.native.as_str(), one.status.phase), (state, phase));
    }
    assert_eq!(view.cluster.as_ref().unwrap().identity.as_ref().unwrap().as_str(), "on-call@example.com");
}

#[tokio::test]
async fn a_state_without_a_word_is_told_as_itself() {
    let services = [service("chat", "UNHEALTHY", &json!({})), service("search", "RUNNING", &json!({}))];
    let told = why_of(context(None, Some(api(&services).serve().await))).await;
    assert_eq!((told["chat"]["verdict"].as_str(), told["chat"]["root"].as_str()), (Some("held"), Some("anyscale/service-unhealthy")));
    assert_eq!(told["search"]["verdict"].as_str(), Some("clear"));
}

#[tokio::test]
async fn shares_of_the_traffic_parts_and_events_are_read() {
    let canary = json!({
        "primary_version": version("v1", "RUNNING", 80.0, 0.0), "canary_version": version("v2", "STARTING", 20.0, 100.0),
        "service_status_checklist": {
            "shared": [{ "kind": "LOAD_BALANCER", "state": "RUNNING", "message": "ok", "observed_at": "2026-11-21T03:00:00+00:00" }],
            "per_version": [{ "version_id": "svcver_v2", "items": [
                { "kind": "CLUSTER", "state": "UNHEALTHY", "message": "The cluster lost its head.", "observed_at": "2026-11-21T03:00:00+00:00" },
            ] }],
        },
    });
    let bare = json!({ "service_status_checklist": { "shared": null, "per_version": null } });
    let events = json!({ "results": [
        { "id": "e2", "created_at": "2026-11-21T02:10:00+00:00", "message": "Deployment Chat failed.", "origin": "SERVE_DEPLOYMENT",
          "level": "ERROR", "service": { "event_type": "DEPLOYMENT_FAILED" } },
        { "id": "e1", "created_at": "2026-11-21T02:00:00+00:00", "message": "A rollout began.", "origin": "SERVICE",
          "level": "INFO", "service": { "event_type": "ROLLOUT_INITIATED" } },
    ], "metadata": { "next_paging_token": null } });
    let replay = api(&[service("chat", "ROLLING_OUT", &canary), service("bare", "RUNNING", &bare)]);
    let view = poll_services(replay.bytes("/api/v2/events/service/", 200, events.to_string().as_bytes()).serve().await).await.unwrap();
    assert!(view.gaps.is_empty(), "{:?}", view.gaps);
    let chat = view.workloads.iter().find(|one| one.key.name.as_str() == "chat").unwrap();
    let shares: Vec<_> = chat.versions.iter().map(|one| (one.id.as_str(), one.traffic)).collect();
    assert_eq!(shares, [("v2", Some(20)), ("v1", Some(80))]);
    assert_eq!(chat.status.since, Some("2026-11-21T02:00:00Z".parse().unwrap()));
    let said: Vec<_> = chat.messages.iter().map(|one| (one.field.as_str(), one.text.as_str())).collect();
    assert_eq!(said, [("checklist.CLUSTER", "The cluster lost its head."), ("events.SERVE_DEPLOYMENT", "Deployment Chat failed.")]);
    assert_eq!(
        view.events.iter().map(|one| (one.reason.as_str(), one.warning)).collect::<Vec<_>>(),
        [("DEPLOYMENT_FAILED", true), ("ROLLOUT_INITIATED", false)]
    );
}

#[tokio::test]
async fn every_refusal_names_the_next_step() {
    let told = |text: &str| json!({ "error": { "detail": text } }).to_string().into_bytes();
    let listed = json!({ "error": { "detail": [{ "loc": ["query", "count"], "msg": "too large" }], "message": "validation failed" } });
    let cases: [(u16, Vec<u8>, FailureKind, &str); 9] = [
        (401, told("Invalid token."), FailureKind::Expired, "anyscale login"),
        (403, told("You cannot list services."), FailureKind::Denied, "read access"),
        (404, told("Not Found"), FailureKind::NotFound, "ANYSCALE_HOST"),
        (422, listed.to_string().into_bytes(), FailureKind::Garbage, "ANYSCALE_HOST"),
        (429, Vec::new(), FailureKind::Throttled, "slows down"),
        (500, told("internal"), FailureKind::ServerError, "status.anyscale.com"),
        (200, b"<!doctype html><title>Console</title>".to_vec(), FailureKind::Garbage, "Anyscale's API"),
        (200, br#"{"status": "ok"}"#.to_vec(), FailureKind::Garbage, "Anyscale's API"),
        (200, vec![b' '; 100 * 1024 * 1024], FailureKind::Garbage, "Anyscale's API"),
    ];
    for (status, body, kind, hint) in cases {
        let failure = poll_services(api(&[]).bytes(LIST, status, &body).serve().await).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{status}: {failure:?}");
        assert!(failure.hint.contains(hint), "{status}: {}", failure.hint);
        assert!(!format!("{failure:?}").contains("simulated-token"));
    }
    let slow = api(&[]).bytes(LIST, 429, b"").with_header(LIST, "Retry-After", "17");
    assert_eq!(poll_services(slow.serve().await).await.unwrap_err().retry_after, Some(Duration::from_secs(17)));
    let moved = api(&[]).bytes(LIST, 307, b"").with_header(LIST, "Location", "https://login.example.com/");
    let failure = poll_services(moved.serve().await).await.unwrap_err();
    assert!(failure.message.contains("login.example.com") && failure.hint.contains("nowhere else"), "{failure:?}");
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let failure = poll_services(format!("http://{nobody}")).await.unwrap_err();
    assert!(failure.kind == FailureKind::Unreachable && failure.hint.contains("endpoint"), "{failure:?}");
}

#[tokio::test(start_paused = true)]
async fn silence_ends_at_the_deadline() {
    let failure = poll_services(api(&[]).bytes(LIST, 0, b"").serve().await).await.unwrap_err();
    assert!(failure.kind == FailureKind::TimedOut && failure.hint.contains("proxy, VPN"), "{failure:?}");
}

#[tokio::test]
async fn a_part_that_is_refused_is_a_gap_and_an_empty_account_is_empty() {
    let denied = br#"{"error": {"detail": "You cannot read events."}}"#;
    let services = [service("chat", "UNHEALTHY", &json!({})), service("search", "RUNNING", &json!({})), json!({ "name": ["odd"] })];
    let refused = api(&services).bytes("/api/v2/events/service/", 403, denied).bytes("/api/v2/userinfo/", 403, denied);
    let view = poll_services(refused.serve().await).await.unwrap();
    let names: Vec<_> = view.workloads.iter().map(|one| one.key.name.as_str()).collect();
    assert_eq!(names, ["chat", "search"]);
    let gaps: Vec<_> = view.gaps.iter().map(|gap| (gap.what.as_str(), gap.failure.kind)).collect();
    let wanted = [
        ("who the token belongs to", FailureKind::Denied),
        ("service without a name", FailureKind::Garbage),
        ("events of chat", FailureKind::Denied),
    ];
    assert_eq!(gaps, wanted);
    let view = poll_services(api(&[]).serve().await).await.unwrap();
    assert!(view.workloads.is_empty() && view.gaps.is_empty());
}

#[tokio::test]
async fn a_list_without_end_is_cut_and_said() {
    let page = json!({ "results": [service("chat", "RUNNING", &json!({}))], "metadata": { "next_paging_token": "again" } });
    let view = poll_services(api(&[]).bytes(LIST, 200, page.to_string().as_bytes()).serve().await).await.unwrap();
    assert!(view.gaps.iter().any(|gap| gap.what.as_str() == "further services" && gap.failure.hint.contains("project")), "{:?}", view.gaps);
}

#[tokio::test]
async fn services_are_paged_to_the_end_and_their_tokens_never_kept() {
    let running =
        holdup::sim::start("ray-starting-too-long", holdup::sim::Options::default()).await.unwrap_or_else(|error| panic!("{error}"));
    let simulated = running.contexts().remove(0);
    let mut source = Ray.connect(&simulated).unwrap().sources.remove(0);
    let focus = Focus { snapshot: Arc::new(Snapshot::default()), selected: None, now: clock::now() };
    let view = source.poll(&focus).await.unwrap();
    assert_eq!(view.workloads.len(), 3, "two pages");
    assert!(view.gaps.is_empty(), "{:?}", view.gaps);
    let kept = serde_json::to_string(&view).unwrap();
    assert!(kept.contains("base_url") && !kept.contains("auth_token") && !kept.contains("never-be-shown"));
    running.stop().await;
    let refusal = br#"{"error": {"detail": "Invalid user: please log in again."}}"#;
    let denied = Replay::default().bytes("/api/v2/", 401, refusal).serve().await;
    let mut source = Ray.connect(&context(None, Some(denied))).unwrap().sources.remove(0);
    let failure = source.poll(&focus).await.unwrap_err();
    assert!(failure.kind == FailureKind::Expired && failure.hint.contains("anyscale login"), "{failure:?}");
}
