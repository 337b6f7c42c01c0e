//! The simulated project, end to end: signed requests over real sockets, roots, evidence, exit codes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

use std::time::Duration;

use holdup::clock;
use holdup::domain::log::LogItem;
use holdup::domain::snapshot::Snapshot;
use holdup::explain;
use holdup::explain::report::{Report, Scope, exit_code, why_json};
use holdup::runtime::headless;
use holdup::sim::{Options, Running, start};
use holdup::source::LogRequest;
use holdup::source::registry::platform;
use serde_json::Value;

async fn observed(running: &Running) -> Snapshot {
    let connect = |context: holdup::config::ContextConfig| {
        let connected = platform(&context.platform).unwrap().connect(&context).unwrap();
        (context, connected)
    };
    headless::observe(running.contexts().into_iter().map(connect).collect(), None, Duration::from_mins(1)).await
}

async fn why(name: &str, elapsed: Option<Duration>) -> (Value, u8) {
    let running = start(name, Options { elapsed, ..Options::default() }).await.unwrap_or_else(|error| panic!("{error}"));
    let snapshot = observed(&running).await;
    running.stop().await;
    let now = clock::now();
    let explanations = explain::run(&snapshot, now);
    let report = Report::new(&snapshot, &explanations, &Scope { context: None, workload: None }, now);
    (serde_json::from_str(&why_json(&report)).unwrap(), exit_code(&report))
}

fn entry<'a>(answer: &'a Value, workload: &str) -> &'a Value {
    let found = answer["verdicts"].as_array().unwrap().iter().find(|entry| entry["workload"] == workload);
    found.unwrap_or_else(|| panic!("{workload} in {answer:#}"))
}

/// Scenario, service, root, and words that must stand in the evidence of the root.
const ROOTS: &[(&str, &str, &str, &str)] = &[
    ("modelarts-4503-reuse", "ocr-gateway", "modelarts/4503-connection-reuse", "backend service not found or failed to respond"),
    ("modelarts-4503-protocol", "embed-large", "modelarts/4503-protocol-mismatch", "SSL error in the backend service"),
    ("modelarts-4503-over-40s", "video-caption", "modelarts/4503-over-40s", "because response timed out"),
    ("modelarts-4503-restarts", "mnist-vision", "modelarts/4503-restart-loop", "Backend service respond timeout"),
    ("modelarts-deploy-late", "llm-chat-prod", "modelarts/deploying-wrong-port", "starting model"),
    ("modelarts-deploy-timeout", "llm-chat-prod", "modelarts/no-module", "No module named"),
    ("modelarts-rolled-back", "ocr-gateway", "modelarts/ev-update-rolled-back", "has been rolled back"),
    ("modelarts-sold-out", "rerank-gpu", "modelarts/ev-scheduling-failed", "Insufficient nvidia.com/gpu"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scenario_gets_its_root_its_evidence_and_its_exit_code() {
    let mut wrong = Vec::new();
    for (scenario, service, root, words) in ROOTS {
        let (answer, code) = why(scenario, None).await;
        let entry = entry(&answer, service);
        let links = entry["chain"].as_array().unwrap();
        let evidence = links.iter().filter(|link| link["cause"] == *root).map(|link| link["evidence"].to_string()).collect::<String>();
        println!("{scenario:<26} {:<36} {:?} exit {code}: {}", entry["root"].as_str().unwrap_or("-"), entry["verdict"], entry["headline"]);
        if entry["root"] != *root || code != 1 || !evidence.contains(words) {
            wrong.push(format!("{scenario}: {root} exit {code}\n{entry:#}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_holds_up_what_is_well_or_on_its_way() {
    let (answer, code) = why("modelarts-healthy", None).await;
    assert_eq!(code, 0, "{answer:#}");
    // Within its time a deployment is on its way, after it is held up.
    for (minutes, held) in [(2, false), (15, false), (25, true), (90, true)] {
        let (answer, code) = why("modelarts-deploy-late", Some(Duration::from_mins(minutes))).await;
        assert_eq!(entry(&answer, "llm-chat-prod")["verdict"] == "held", held, "{minutes} min in: {answer:#}");
        assert_eq!(code, u8::from(held), "{minutes} min in");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_description_shows_versions_with_their_shares_and_no_secret() {
    let running = start("modelarts-healthy", Options::default()).await.unwrap();
    let snapshot = observed(&running).await;
    let (_, workload) = snapshot.workloads().find(|(_, workload)| workload.key.name == *"ocr-gateway").unwrap();
    let shares: Vec<(String, Option<u32>)> = workload.versions.iter().map(|version| (version.id.to_string(), version.traffic)).collect();
    assert_eq!(shares, [("ocr 1.1.0".to_owned(), Some(10)), ("ocr 1.0.1".to_owned(), Some(90))]);
    assert_eq!(workload.replicas.unwrap().ready, 5);
    let view = &snapshot.views.values().next().unwrap().view;
    assert!(view.quotas.iter().any(|quota| quota.key.name == *"service.realtime.count" && quota.limit == Some(20)));
    assert!(view.gaps.is_empty(), "{:?}", view.gaps);
    let everything = format!("{snapshot:?}");
    assert!(!everything.contains("a-secret-of-the-service") && !everything.contains("simulated-secret-key"));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_followed_in_order_of_time() {
    let running = start("modelarts-4503-restarts", Options::default()).await.unwrap();
    let context = running.contexts().remove(0);
    let mut connected = platform("modelarts").unwrap().connect(&context).unwrap();
    let focus = holdup::source::Focus { snapshot: std::sync::Arc::default(), selected: None, now: clock::now() };
    let view = connected.sources[0].poll(&focus).await.unwrap();
    let (sender, mut lines) = tokio::sync::mpsc::channel(64);
    let request = LogRequest { workload: view.workloads[0].key.clone(), job: None, replica: None, container: None, previous: false };
    let follower = tokio::spawn(connected.logs.unwrap().follow(request, sender));
    let mut booted = Vec::new();
    while booted.len() < 4 {
        if let LogItem::Line(line) = lines.recv().await.unwrap() {
            booted.extend(line.text.rsplit("pid: ").next().filter(|_| line.text.contains("Booting")).map(str::to_owned));
        }
    }
    assert_eq!(booted, ["897", "997", "1897", "1997"]);
    follower.abort();
    running.stop().await;
}
