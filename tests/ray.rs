//! The adapter of Ray and Anyscale against recorded and bad answers, over real sockets: releases
//! from 2.44 to 2.60, both autoscalers, tokens, a frozen control store, what proxies send.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by failing")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode, Uri};
use holdup::clock;
use holdup::config::{ContextConfig, RayConfig, TlsTrust};
use holdup::domain::snapshot::{Snapshot, View};
use holdup::domain::source::FailureKind;
use holdup::domain::workload::Phase;
use holdup::explain::report::{Report, Scope, why_json};
use holdup::runtime::headless;
use holdup::source::Connected;
use holdup::source::ray::Ray;
use holdup::source::{Focus, Platform as _};
use serde_json::Value;

/// Status, headers, body.
type Answer = (u16, Vec<(String, String)>, Vec<u8>);

/// What a server answers, by the start of path and query.
#[derive(Clone, Debug, Default)]
struct Replay {
    answers: BTreeMap<String, Answer>,
}

impl Replay {
    /// The recordings of a moment. What was not recorded is a 404.
    fn of(moment: &str) -> Self {
        let mut replay = Self::default();
        let parts = [
            ("/api/serve/applications/", "applications.json"),
            ("/api/cluster_status?format=0", "cluster_status_f0.json"),
            ("/api/cluster_status?format=1", "cluster_status_f1.json"),
            ("/api/v0/nodes", "v0_nodes.json"),
            ("/api/v0/actors", "v0_actors.json"),
            ("/nodes?view=summary", "nodes_summary.json"),
            ("/events", "events.json"),
        ];
        for (path, name) in parts {
            if let Some(body) = fixture(&format!("{moment}__{name}")) {
                replay = replay.bytes(path, 200, &body);
            }
        }
        replay.bytes("/api/version", 200, &fixture("10_healthy__version.json").unwrap()).bytes("/api/gcs_healthz", 200, b"success")
    }

    fn bytes(mut self, path: &str, status: u16, body: &[u8]) -> Self {
        self.answers.insert(path.to_owned(), (status, Vec::new(), body.to_vec()));
        self
    }

    fn with_header(mut self, path: &str, name: &str, value: &str) -> Self {
        self.answers.get_mut(path).unwrap().1.push((name.to_owned(), value.to_owned()));
        self
    }

    async fn serve(self) -> String {
        let answer = |State(replay): State<Arc<Self>>, uri: Uri| async move {
            let asked = uri.to_string();
            let found = replay.answers.iter().filter(|(path, _)| asked.starts_with(path.as_str())).max_by_key(|(path, _)| path.len());
            let Some((_, (status, headers, body))) = found else {
                return Response::builder().status(StatusCode::NOT_FOUND).body(Body::from("404: Not Found")).unwrap();
            };
            if *status == 0 {
                return std::future::pending().await;
            }
            let mut answer = Response::builder().status(*status);
            for (name, value) in headers {
                answer = answer.header(name, value);
            }
            answer.body(Body::from(body.clone())).unwrap()
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer).with_state(Arc::new(self))).await });
        format!("http://{address}")
    }
}

fn fixture(name: &str) -> Option<Vec<u8>> {
    std::fs::read(format!("{}/tests/fixtures/ray/{name}", env!("CARGO_MANIFEST_DIR"))).ok()
}

fn context(dashboard: Option<String>, endpoint: Option<String>) -> ContextConfig {
    ContextConfig {
        name: "lab".to_owned(),
        platform: "anyscale".to_owned(),
        endpoint,
        tls: TlsTrust::System,
        aws: None,
        kubernetes: None,
        ray: Some(RayConfig { dashboard, simulated_credentials: true, ..RayConfig::default() }),
        ..ContextConfig::default()
    }
}

fn connected(dashboard: String) -> Connected {
    Ray.connect(&context(Some(dashboard), None)).unwrap()
}

async fn poll(dashboard: String) -> Result<Arc<View>, holdup::domain::source::Failure> {
    let mut source = connected(dashboard).sources.remove(0);
    let focus = Focus { snapshot: Arc::new(Snapshot::default()), selected: None, now: clock::now() };
    source.poll(&focus).await
}

async fn why(dashboard: String) -> BTreeMap<String, Value> {
    let observed = vec![(context(Some(dashboard.clone()), None), connected(dashboard))];
    let snapshot = headless::observe(observed, None, Duration::from_secs(30)).await;
    let now = clock::now();
    let explanations = holdup::explain::run(&snapshot, now);
    let report = Report::new(&snapshot, &explanations, &Scope { context: None, workload: None }, now);
    let answer: Value = serde_json::from_str(&why_json(&report)).unwrap();
    let entries = answer["verdicts"].as_array().unwrap().iter();
    entries.map(|entry| (entry["workload"].as_str().unwrap_or_default().to_owned(), entry.clone())).collect()
}

/// Recorded moment, application, the root (`-` for none).
const ROOTS: &[(&str, &str, &str)] = &[
    ("10_healthy", "healthy", "-"),
    ("21_gpu_40s", "needs_gpu", "anyscale/serve-deploy-not-schedulable-resource-missing"),
    ("30_ctor_6s", "ctor_raises", "anyscale/serve-deploy-ctor-failing"),
    ("31_ctor_28s", "ctor_raises", "anyscale/serve-deploy-ctor-failed"),
    ("31_ctor_28s", "needs_gpu", "anyscale/serve-deploy-not-schedulable-resource-missing"),
    // Below 21 failures in a row the sentence is that of a constructor that gave up.
    ("40_sick_20s", "sick", "anyscale/serve-deploy-ctor-failed"),
    ("41_sick_recovered", "sick", "-"),
    ("50_roll_before", "rolling", "-"),
    ("51_roll_10s", "rolling", "-"),
    ("52_roll_40s", "rolling", "-"),
    ("55_rollfail_terminal", "rolling", "anyscale/serve-replica-cuda-oom"),
    ("60_import_8s", "slow_init", "-"),
    ("61_slow_36s", "slow_init", "anyscale/serve-deploy-slow-init"),
    ("61_slow_36s", "import_error", "anyscale/serve-app-import-error"),
    ("63_runtime_env", "bad_app_env", "anyscale/serve-app-runtime-env"),
    ("63_runtime_env", "bad_replica_env", "anyscale/serve-deploy-runtime-env-replica"),
    ("63_runtime_env", "no_such_deployment", "anyscale/serve-app-unknown-deployment"),
    ("A2_autoscaler_v1_50s", "gpu_sold_out", "anyscale/serve-deploy-not-schedulable-launch-failed"),
    ("A2_autoscaler_v1_50s", "gpu_impossible", "anyscale/serve-deploy-not-schedulable-impossible"),
    ("A2_autoscaler_v1_50s", "gpu_slow", "-"),
    ("B1_autoscaler_v2_45s", "gpu_sold_out", "anyscale/serve-deploy-not-schedulable-launch-failed"),
    ("B1_autoscaler_v2_45s", "gpu_impossible", "anyscale/serve-deploy-not-schedulable-impossible"),
    ("D1_ray2_44_45s", "needs_gpu", "anyscale/serve-deploy-not-schedulable-resource-missing"),
    ("D1_ray2_44_45s", "ctor_raises", "anyscale/serve-deploy-ctor-failed"),
    ("D1_ray2_44_45s", "rolling", "-"),
    ("D2_ray2_44_rolling", "rolling", "-"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recorded_moment_gets_its_root() {
    let mut wrong = Vec::new();
    let mut answers: BTreeMap<&str, BTreeMap<String, Value>> = BTreeMap::new();
    for (moment, application, root) in ROOTS {
        if !answers.contains_key(moment) {
            answers.insert(moment, why(Replay::of(moment).serve().await).await);
        }
        let Some(entry) = answers[moment].get(*application) else {
            wrong.push(format!("{moment}: nothing of {application}"));
            continue;
        };
        let own = entry["root"].as_str().unwrap_or("-");
        if own != *root {
            wrong.push(format!("{moment} {application}: {} {own}, wanted {root}: {}", entry["verdict"], entry["headline"]));
        }
        if *root != "-" && entry["chain"][0]["evidence"].as_array().is_none_or(Vec::is_empty) {
            wrong.push(format!("{moment} {application}: no evidence"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn an_update_shows_old_and_new_replicas_and_machines_show_what_is_free() {
    let view = poll(Replay::of("51_roll_10s").serve().await).await.unwrap();
    let rolling = view.workloads.iter().find(|workload| workload.key.name.as_str() == "rolling").unwrap();
    let counts = rolling.replicas.unwrap();
    assert_eq!((rolling.status.phase, rolling.status.native.as_str()), (Phase::Updating, "DEPLOYING"));
    assert_eq!((counts.desired, counts.ready_old, counts.ready, counts.not_ready), (Some(3), 2, 0, 1));
    let rollout = view.rollouts.iter().find(|rollout| rollout.workload == rolling.key).unwrap();
    assert_eq!((rollout.desired, rollout.updated, rollout.revisions.len()), (3, 1, 2));
    let view = poll(Replay::of("21_gpu_40s").serve().await).await.unwrap();
    assert_eq!((view.nodes.len(), view.nodes[0].capacity.cpu_millis, view.nodes[0].capacity.gpus), (1, 2_000, 0));
    assert_eq!(view.nodes[0].free.cpu_millis, 1_800);
    let waiting = view.workloads.iter().find(|workload| workload.key.name.as_str() == "needs_gpu").unwrap();
    assert_eq!((waiting.demand.unwrap().gpus, waiting.replicas.unwrap().stalled), (1, 1));
    assert_eq!(view.cluster.as_ref().unwrap().version.as_ref().unwrap().as_str(), "ray 2.60.0");
    let view = poll(Replay::of("92_node_killed_50s").serve().await).await.unwrap();
    assert_eq!(view.nodes.iter().filter(|node| node.ready == Some(true)).count(), 1, "the dead one is old by now, or not ready");
}

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
    let cases: [(u16, Vec<u8>, FailureKind, &str); 7] = [
        (401, body("C1_auth__no_token.txt").into_bytes(), FailureKind::Denied, "every cluster has its own"),
        (403, body("C1_auth__wrong_token.txt").into_bytes(), FailureKind::Denied, "every cluster has its own"),
        (404, b"404: Not Found".to_vec(), FailureKind::Unsupported, "8265"),
        (429, Vec::new(), FailureKind::Throttled, "slows down"),
        (200, b"<html>please log in</html>".to_vec(), FailureKind::Garbage, "login page"),
        (200, huge, FailureKind::Garbage, "Ray dashboard"),
        (200, Vec::new(), FailureKind::Garbage, "Ray dashboard"),
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
async fn services_are_paged_to_the_end_and_their_tokens_never_kept() {
    let running =
        holdup::sim::start("ray-starting-too-long", holdup::sim::Options::default()).await.unwrap_or_else(|error| panic!("{error}"));
    let context = running.contexts().remove(0);
    let mut source = Ray.connect(&context).unwrap().sources.remove(0);
    let focus = Focus { snapshot: Arc::new(Snapshot::default()), selected: None, now: clock::now() };
    let view = source.poll(&focus).await.unwrap();
    assert_eq!(view.workloads.len(), 3, "two pages");
    assert!(view.gaps.is_empty(), "{:?}", view.gaps);
    let kept = serde_json::to_string(&view).unwrap();
    assert!(kept.contains("base_url") && !kept.contains("auth_token") && !kept.contains("never-be-shown"));
    running.stop().await;
    let refusal = br#"{"error": {"detail": "Invalid user: please log in again."}}"#;
    let denied = Replay::default().bytes("/api/v2/", 401, refusal).serve().await;
    let mut source = Ray.connect(&self::context(None, Some(denied))).unwrap().sources.remove(0);
    let failure = source.poll(&focus).await.unwrap_err();
    assert!(failure.kind == FailureKind::Expired && failure.hint.contains("anyscale login"), "{failure:?}");
}
