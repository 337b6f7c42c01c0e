//! Several platforms at once, over real sockets: every scenario of Azure and of the compute gateway with its
//! root, the words its evidence rests on and its exit code, and contexts that do not slow each other down.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Response, header};
use holdup::clock;
use holdup::config::{AzureConfig, ContextConfig, GatewayConfig, ModelArtsConfig};
use holdup::domain::source::FailureKind;
use holdup::explain;
use holdup::explain::report::{Report, Scope, exit_code, why_json};
use holdup::runtime::headless;
use holdup::sim::{Options, start};
use holdup::source::registry::platform;
use holdup::source::{Connected, Focus, poller};
use serde_json::Value;
use tokio::sync::{mpsc, watch};

async fn why(name: &str) -> (Value, u8) {
    let running = start(name, Options::default()).await.unwrap_or_else(|error| panic!("{error}"));
    let connected = running.contexts().into_iter().map(|context| (context.clone(), connect(&context))).collect();
    let snapshot = headless::observe(connected, None, Duration::from_mins(1)).await;
    running.stop().await;
    let now = clock::now();
    let explanations = explain::run(&snapshot, now);
    let report = Report::new(&snapshot, &explanations, &Scope { context: None, workload: None }, now);
    (serde_json::from_str(&why_json(&report)).unwrap(), exit_code(&report))
}

fn connect(context: &ContextConfig) -> Connected {
    platform(&context.platform).unwrap().connect(context).unwrap_or_else(|failure| panic!("{failure:?}"))
}

/// Scenario, workload (nothing for the context itself), root, words that must stand in the evidence of the
/// chain, exit code.
const ROOTS: &[(&str, &str, &str, &str, u8)] = &[
    ("azure-out-of-quota", "vision-gpu/a100", "azure/quota-cpu", "Current usage/limit: 0/48", 1),
    ("azure-image-build-failure", "chat-prod/green", "azure/image-build-acr-auth", "registry authorization failure", 1),
    ("azure-not-ready-traceback", "chat-prod/canary", "azure/notready-missing-package", "lightgbm", 1),
    ("azure-internal-error", "speech/gpu", "azure/internal-server-error", "InternalServerError", 1),
    ("azure-logs-withheld", "speech/gpu", "azure/state-stuck-creating-silent", "logs can't be retrieved", 1),
    ("azure-requests-424", "chat-prod/blue", "azure/invoke-424", "410 of 1230 requests a minute", 1),
    ("azure-kubernetes-crash-loop", "ner-k8s/next", "azure/k8s-crashloop-generic", "CrashLoopBackOff", 1),
    ("azure-no-traffic", "chat-prod", "azure/net-not-scored-traffic", "adds up to 0 %", 1),
    ("azure-traffic-to-failed", "chat-prod", "azure/notready-missing-package", "chat-prod/green 100 %", 1),
    ("gateway-pending-provider", "job_7f00aa11bb22", "gateway/pending-provider-unavailable", "2140 ms, usually 120 ms", 1),
    ("gateway-pending-wallet", "job_7f00aa11bb22", "gateway/pending-wallet", "0.31 USD", 1),
    ("gateway-pending-resources", "job_7f00aa11bb22", "gateway/pending-resources", "capabilities.memory.available", 1),
    ("gateway-pending-network", "job_7f00aa11bb22", "gateway/pending-network", "Provider endpoint not responding", 1),
    ("gateway-fails-image", "job_7f00aa11bb22", "gateway/fails-image", "ErrImagePull", 1),
    ("gateway-fails-config", "job_7f00aa11bb22", "gateway/fails-invalid-config", "memory must be a string", 1),
    ("gateway-fails-mismatch", "job_7f00aa11bb22", "gateway/fails-resource-mismatch", "volumes count exceeds", 1),
    ("gateway-fails-rejected", "job_7f00aa11bb22", "gateway/fails-provider-rejected", "Price too high, not bidding", 1),
    ("gateway-provider-offline", "job_7f00aa11bb22", "gateway/offline-network", "ECONNREFUSED", 1),
    ("gateway-rate-limited", "", "gateway/rate-too-many", "Too many requests", 3),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scenario_has_its_root_its_evidence_and_its_exit_code() {
    let mut wrong = Vec::new();
    for (scenario, workload, root, words, code) in ROOTS {
        let (answer, ended) = why(scenario).await;
        let entries = answer["verdicts"].as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["workload"].as_str().unwrap_or_default() == *workload);
        let entry = entry.unwrap_or_else(|| panic!("{scenario}: {workload} in {answer:#}"));
        let links = entry["chain"].as_array().unwrap();
        let evidence: String = links.iter().map(|link| link["evidence"].to_string()).collect();
        println!("{scenario:<28} {:<36} exit {ended}: {}", entry["root"].as_str().unwrap_or("-"), entry["headline"]);
        if entry["root"] != *root || ended != *code || !evidence.contains(words) {
            wrong.push(format!("{scenario}: wanted {root}, exit {code}, {words:?}; exit {ended}\n{entry:#}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_bad_day_every_platform_has_one_thing_wrong_and_one_that_is_well() {
    let (answer, code) = why("bad-day").await;
    assert_eq!(code, 1);
    let mut verdicts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for entry in answer["verdicts"].as_array().unwrap() {
        verdicts.entry(entry["context"].as_str().unwrap()).or_default().push(entry["verdict"].as_str().unwrap());
    }
    for context in ["prod", "serving", "mlw-prod", "lab", "inference", "compute"] {
        let found = &verdicts[context];
        assert!(found.contains(&"held") && found.contains(&"clear"), "{context}: {found:?}");
    }
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

fn named(name: &str, platform: &str, endpoint: String) -> ContextConfig {
    ContextConfig { name: name.into(), platform: platform.into(), endpoint: Some(endpoint), aws: None, ..ContextConfig::default() }
}

/// An Azure that takes every request and never answers, and how many it holds.
async fn silent() -> (ContextConfig, watch::Receiver<usize>) {
    let (held, holds) = watch::channel(0);
    let held = Arc::new(held);
    let hold = move || {
        let held = Arc::clone(&held);
        async move {
            held.send_modify(|held| *held += 1);
            std::future::pending::<&'static str>().await
        }
    };
    let azure = AzureConfig {
        subscription: Some("s".into()),
        resource_group: Some("g".into()),
        workspace: Some("w".into()),
        simulated_credentials: true,
        ..AzureConfig::default()
    };
    let context = named("silent", "azure", serve(Router::new().fallback(hold)).await);
    (ContextConfig { azure: Some(azure), ..context }, holds)
}

/// A `ModelArts` that says it sends JSON and sends a page.
async fn lying() -> ContextConfig {
    let page = || async {
        Response::builder().header(header::CONTENT_TYPE, "application/json").body(Body::from("<html>please log in</html>")).unwrap()
    };
    let modelarts = ModelArtsConfig {
        region: Some("eu-de".into()),
        project: Some("0a1b2c3d4e5f60718293a4b5c6d7e8f9".into()),
        simulated_credentials: true,
        ..ModelArtsConfig::default()
    };
    let context = named("lying", "modelarts", serve(Router::new().fallback(page)).await);
    ContextConfig { modelarts: Some(modelarts), ..context }
}

/// A gateway that answers everything with 100 MB.
async fn flooding() -> ContextConfig {
    let flood = || async {
        let chunks = std::iter::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 1024 * 1024])).take(100);
        Response::builder()
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from_stream(futures_util::stream::iter(chunks)))
            .unwrap()
    };
    let context = named("flooding", "gateway", serve(Router::new().fallback(flood)).await);
    let gateway = GatewayConfig { simulated_credentials: true, ..GatewayConfig::default() };
    ContextConfig { gateway: Some(gateway), ..context }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_that_hangs_lies_or_floods_slows_no_other() {
    let well = start("modelarts-healthy", Options::default()).await.unwrap_or_else(|error| panic!("{error}"));
    let (silent, mut holds) = silent().await;
    let (lying, flooding) = (lying().await, flooding().await);
    let (_, focus) = watch::channel(Focus { snapshot: Arc::default(), selected: None, now: clock::now() });
    let (updates, mut told) = mpsc::channel(64);
    // The one that never answers begins; nobody else is asked before it holds a request.
    let first = poller::spawn(connect(&silent).sources, &focus, &updates);
    holds.wait_for(|held| *held > 0).await.unwrap();
    let others = well.contexts().into_iter().chain([lying, flooding]).flat_map(|context| connect(&context).sources).collect();
    let second = poller::spawn(others, &focus, &updates);
    let mut outcomes = BTreeMap::new();
    while outcomes.len() < 3 {
        let update = told.recv().await.unwrap();
        outcomes.entry(update.source.context.to_string()).or_insert(update.outcome);
    }
    assert_eq!(outcomes.keys().map(String::as_str).collect::<Vec<_>>(), ["flooding", "inference", "lying"], "the silent one still waits");
    let view = outcomes["inference"].as_ref().unwrap();
    assert!(!view.workloads.is_empty() && view.gaps.is_empty(), "the well one is whole: {:?}", view.gaps);
    for (name, words) in [("lying", "please log in"), ("flooding", "MiB")] {
        let failure = outcomes[name].as_ref().unwrap_err();
        assert!(failure.kind == FailureKind::Garbage && failure.message.contains(words) && !failure.hint.is_empty(), "{failure:?}");
    }
    // It is asked again while the silent one still holds its first request.
    second.poll_now(Some(&"inference".into()));
    loop {
        let update = told.recv().await.unwrap();
        if *update.source.context == *"inference" {
            assert!(update.outcome.is_ok());
            break;
        }
        assert_ne!(*update.source.context, *"silent", "the well one does not wait for it");
    }
    drop((first, second));
    well.stop().await;
}
