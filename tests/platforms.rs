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
use holdup::config::{AzureConfig, ContextConfig, GatewayConfig, ModelArtsConfig, RayConfig};
use holdup::domain::source::{Failure, FailureKind};
use holdup::explain;
use holdup::explain::report::{Report, Scope, exit_code, why_json};
use holdup::runtime::headless;
use holdup::sim::{Options, scenarios, start};
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
    ("gateway-rate-limited", "", "gateway/rate-too-many", "too many requests", 3),
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

/// What a command may leave open: what only the person who types it knows.
const CHOICES: &[&str] = &[
    "file",
    "sample",
    "vm_size",
    "environment",
    "version",
    "provider",
    "amount",
    "cpu",
    "memory",
    "endpoint",
    "app",
    // Behind what the platform tells: pods of another cluster, a store's account, an image that only the model names.
    "pod",
    "storage_account",
    "container",
    "path",
    "image",
    "service",
    "namespace",
    // A replica that never ran has no log, and a service without a channel none to read.
    "node",
    "log",
    "log_group",
    "log_stream",
    "access_address",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_leave_open_only_what_nobody_but_the_person_knows() {
    let mut wrong = Vec::new();
    for info in scenarios().iter().filter(|info| ["azure-", "ray-", "modelarts-", "gateway-"].iter().any(|own| info.name.starts_with(own)))
    {
        let (answer, _) = why(info.name).await;
        let links = answer["verdicts"].as_array().unwrap().iter().flat_map(|entry| entry["chain"].as_array().unwrap());
        for command in links.flat_map(|link| link["remedies"].as_array().unwrap()).filter_map(|remedy| remedy["command"].as_str()) {
            let holes = command.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(name, _)| name);
            wrong.extend(holes.filter(|name| !CHOICES.contains(name)).map(|name| format!("{}: <{name}> in {command}", info.name)));
            let sends = command.starts_with("curl") && command.contains(" -d ");
            if sends && info.name.starts_with("gateway-") && !command.contains("Content-Type: application/json") {
                wrong.push(format!("{}: curl would send a form: {command}", info.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A context of each platform at one address, with the endpoint where Anyscale's service API would be too.
fn each_at(endpoint: &str) -> Vec<ContextConfig> {
    let at = |name: &str, platform: &str| named(name, platform, endpoint.to_owned());
    let azure = AzureConfig {
        subscription: Some("s".into()),
        resource_group: Some("g".into()),
        workspace: Some("w".into()),
        simulated_credentials: true,
        ..AzureConfig::default()
    };
    let modelarts = ModelArtsConfig {
        region: Some("eu-de".into()),
        project: Some("0a1b2c3d4e5f60718293a4b5c6d7e8f9".into()),
        simulated_credentials: true,
        ..ModelArtsConfig::default()
    };
    let ray = RayConfig { simulated_credentials: true, ..RayConfig::default() };
    let dashboard = RayConfig { dashboard: Some(endpoint.to_owned()), ..ray.clone() };
    let gateway = GatewayConfig { simulated_credentials: true, ..GatewayConfig::default() };
    vec![
        ContextConfig { azure: Some(azure), ..at("azure", "azure") },
        ContextConfig { modelarts: Some(modelarts), ..at("modelarts", "modelarts") },
        ContextConfig { ray: Some(ray), ..at("anyscale", "anyscale") },
        ContextConfig { ray: Some(dashboard), endpoint: None, ..at("ray", "anyscale") },
        ContextConfig { gateway: Some(gateway), ..at("gateway", "gateway") },
    ]
}

/// What the first poll of each context met.
async fn failures(contexts: &[ContextConfig]) -> BTreeMap<String, Failure> {
    let mut met = BTreeMap::new();
    for context in contexts {
        let mut connected = connect(context);
        let first = connected.sources.first_mut().unwrap();
        let update = poller::poll_once(first.as_mut(), Arc::default(), None).await;
        let failure = update.outcome.err().unwrap_or_else(|| panic!("{} took it for an answer", context.name));
        met.insert(context.name.clone(), failure);
    }
    met
}

#[tokio::test]
async fn who_moved_is_told_and_no_key_follows() {
    let (asked, asks) = watch::channel(0);
    let asked = Arc::new(asked);
    let thief = move || {
        let asked = Arc::clone(&asked);
        async move {
            asked.send_modify(|asked| *asked += 1);
            "{}"
        }
    };
    let elsewhere = serve(Router::new().fallback(thief)).await;
    for status in [301_u16, 302, 307, 308] {
        let location = format!("{elsewhere}/there");
        let moved = move || {
            let location = location.clone();
            async move { Response::builder().status(status).header(header::LOCATION, location).body(Body::empty()).unwrap() }
        };
        let endpoint = serve(Router::new().fallback(moved)).await;
        for (name, failure) in failures(&each_at(&endpoint)).await {
            let says = format!("{status} {name}: {failure:?}");
            assert!(failure.kind == FailureKind::Garbage && !failure.hint.is_empty(), "{says}");
            assert!(failure.hint.contains("endpoint") || failure.hint.contains("address"), "{says}");
        }
    }
    assert_eq!(*asks.borrow(), 0, "nobody goes where an answer sends them");
}

#[tokio::test]
async fn an_answer_of_a_byte_a_second_ends_at_the_deadline() {
    let dribble = || async {
        let bytes = futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, std::io::Error>(" "), ()))
        });
        Response::builder().header(header::CONTENT_TYPE, "application/json").body(Body::from_stream(bytes)).unwrap()
    };
    let endpoint = serve(Router::new().fallback(dribble)).await;
    // The clock of the test goes on whenever everybody waits.
    tokio::time::pause();
    for (name, failure) in failures(&each_at(&endpoint)).await {
        assert!(failure.kind == FailureKind::TimedOut && !failure.hint.is_empty(), "{name}: {failure:?}");
    }
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
