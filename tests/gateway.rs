//! The compute gateway at the wire: every recorded answer, every refusal, and what a server can do
//! wrong, over real sockets; signatures of webhooks by their vectors.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test says so by failing")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use holdup::clock;
use holdup::config::{ContextConfig, GatewayConfig};
use holdup::domain::id::{ResourceKey, ResourceKind};
use holdup::domain::log::LogItem;
use holdup::domain::snapshot::{Snapshot, View};
use holdup::domain::source::{Failure, FailureKind};
use holdup::domain::time::Timestamp;
use holdup::domain::workload::Phase;
use holdup::source::gateway::webhook::{Signature, Verdict, WINDOW};
use holdup::source::registry::platform;
use holdup::source::{Connected, Focus, LogRequest};
use serde_json::Value;
use tokio::sync::mpsc;

/// What the server answers to a path: status, headers, body.
#[derive(Clone, Default)]
struct Answer(u16, Vec<(String, String)>, Vec<u8>);

#[derive(Clone, Default)]
struct Served {
    answers: BTreeMap<String, Answer>,
    asked: Arc<Mutex<Vec<String>>>,
}

struct Server {
    context: ContextConfig,
    asked: Arc<Mutex<Vec<String>>>,
}

async fn answer(State(served): State<Served>, uri: Uri, headers: HeaderMap) -> Response {
    assert_eq!(headers["authorization"], "Bearer simulated-key");
    served.asked.lock().unwrap().push(uri.path().to_owned());
    let absent = Answer(404, Vec::new(), b"Not Found".to_vec());
    let Answer(status, headers, body) = served.answers.get(uri.path()).cloned().unwrap_or(absent);
    let response = Response::builder().status(status);
    headers.into_iter().fold(response, |response, (name, value)| response.header(name, value)).body(Body::from(body)).unwrap()
}

async fn serve(answers: impl IntoIterator<Item = (&'static str, Answer)>) -> Server {
    let answers = answers.into_iter().map(|(path, answer)| (format!("/api/{path}"), answer)).collect();
    let served = Served { answers, ..Served::default() };
    let asked = Arc::clone(&served.asked);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(answer).with_state(served);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let context = ContextConfig {
        name: "gw".into(),
        platform: "gateway".into(),
        endpoint: Some(format!("http://{address}")),
        gateway: Some(GatewayConfig { simulated_credentials: true, ..GatewayConfig::default() }),
        ..ContextConfig::default()
    };
    Server { context, asked }
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gateway").join(name)
}

fn fixture(name: &str) -> Answer {
    let body = std::fs::read(file(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let kind =
        if Path::new(name).extension().is_some_and(|extension| extension == "sse") { "text/event-stream" } else { "application/json" };
    Answer(200, vec![("content-type".into(), kind.into())], body)
}

/// A recorded refusal.
fn refusal(name: &str) -> Answer {
    let record: Value = serde_json::from_slice(&fixture(&format!("errors/{name}.json")).2).unwrap();
    let headers = record["headers"].as_object().unwrap();
    let headers = headers.iter().map(|(name, value)| (name.to_lowercase(), value.as_str().unwrap().to_owned())).collect();
    let body = record["body"].as_str().map_or_else(|| record["body"].to_string(), str::to_owned);
    Answer(u16::try_from(record["status"].as_u64().unwrap()).unwrap(), headers, body.into_bytes())
}

fn connect(context: &ContextConfig) -> Connected {
    platform("gateway").unwrap().connect(context).unwrap()
}

async fn poll_at(connected: &mut Connected, now: Timestamp) -> Result<Arc<View>, Failure> {
    let focus = Focus { snapshot: Arc::new(Snapshot::default()), selected: None, now };
    connected.sources[0].poll(&focus).await
}

/// Ten minutes after what the fixtures tell of.
fn then() -> Timestamp {
    "2026-01-01T09:10:00Z".parse().unwrap()
}

async fn read(answers: impl IntoIterator<Item = (&'static str, Answer)>) -> Result<Arc<View>, Failure> {
    let server = serve(answers).await;
    poll_at(&mut connect(&server.context), then()).await
}

#[tokio::test]
async fn jobs_are_the_same_in_every_wrapping() {
    for (name, count, first, native) in [
        ("jobs_list.json", 6, "job_1a2b3c4d5e6f", "running"),
        ("jobs_list_ui_shape.json", 1, "job-7d763c2b", "pending"),
        ("jobs_list_nocobase_shape.json", 1, "job-7d763c2b", "created"),
        ("jobs_list_bare_array.json", 1, "job_1a2b3c4d5e6f", "running"),
        ("jobs_list_empty.json", 0, "", ""),
    ] {
        let view = read([("plugin-core/jobs", fixture(name))]).await.unwrap();
        assert_eq!(view.workloads.len(), count, "{name}");
        assert_eq!(view.gaps, [], "{name}: calls that are not there are no gaps");
        if let Some(workload) = view.workloads.first() {
            assert_eq!((workload.key.name.as_str(), workload.status.native.as_str()), (first, native), "{name}");
        }
    }
}

#[tokio::test]
async fn a_stuck_job_brings_its_network_wallet_and_events() {
    let view = read([
        ("plugin-core/jobs", fixture("jobs_list.json")),
        ("plugin-core/jobs/job_7f00aa11bb22", fixture("job_pending_stuck.json")),
        ("plugin-core/jobs/job_7f00aa11bb22/events", fixture("job_events_pending_object.json")),
        ("plugin-core/jobs/job_2b3c4d5e6f70", fixture("job_failed_image.json")),
        ("plugin-core/providers", fixture("providers_list.json")),
        ("plugin-core/providers/provider_akash_main/status", fixture("provider_status_congested.json")),
        ("plugin-core/providers/provider_akash_main/capabilities", fixture("provider_capabilities.json")),
        ("plugin-core/providers/provider_golem/status", fixture("provider_status_offline.json")),
        ("plugin-core/providers/provider_render_main/status", fixture("provider_status_degraded_auth.json")),
        ("system/logs", fixture("system_logs_provider_auth.json")),
        ("system/storage", fixture("system_storage.json")),
        ("system/containers", fixture("system_containers.json")),
        ("health", fixture("health_documented.json")),
    ])
    .await
    .unwrap();
    let of = |name: &str| view.workloads.iter().find(|workload| workload.key.name.as_str() == name).unwrap();
    let stuck = of("job_7f00aa11bb22");
    assert_eq!(stuck.status.phase, Phase::Updating);
    assert!(stuck.messages[0].text.contains("no bids received"), "{:?}", stuck.messages);
    assert_eq!(stuck.quota_demand.as_ref().map(|demand| demand.each), Some(4_150));
    assert!(of("job_2b3c4d5e6f70").messages[0].text.contains("ErrImagePull"));
    assert_eq!(of("job_5e6f708192a3").status.phase, Phase::Idle);
    let akash = view.nodes.iter().find(|node| node.key.name.as_str() == "provider_akash_main").unwrap();
    assert_eq!((akash.ready, akash.free.cpu_millis, akash.free.gpus), (Some(true), 4_000, 0));
    let ready: Vec<Option<bool>> = view.nodes.iter().map(|node| node.ready).collect();
    assert_eq!(ready, [Some(true), Some(false), Some(false), None], "akash, golem, render, and one that is starting");
    let wallet = view.quotas.iter().find(|quota| quota.key.name.as_str() == "wallet of provider_akash_main").unwrap();
    assert_eq!((wallet.limit, wallet.unit.as_str()), (Some(5_000), "US cents"));
    let told: Vec<&str> = view.events.iter().map(|event| event.message.as_str()).collect();
    for wanted in ["token expired", "98 % of the gateway's disk", "container cortex-worker: Restarting (137)"] {
        assert!(told.iter().any(|told| told.contains(wanted)), "{wanted} in {told:?}");
    }
    let raw: String = view.raw.values().map(ToString::to_string).collect();
    assert!(raw.contains("HF_TOKEN") && !raw.contains("\"secret\""), "names are shown, values are not");
}

#[tokio::test]
async fn networks_are_read_by_every_name_they_go_by() {
    for (name, count, first) in [
        ("providers_list.json", 4, "provider_akash_main"),
        ("providers_list_ui_shape.json", 2, "akash"),
        ("providers_list_network_service_shape.json", 5, "akash"),
    ] {
        let view = read([("plugin-core/jobs", fixture("jobs_list_empty.json")), ("plugin-core/providers", fixture(name))]).await.unwrap();
        assert_eq!((view.nodes.len(), view.nodes[0].key.name.as_str()), (count, first), "{name}");
    }
}

#[tokio::test]
async fn every_refusal_has_its_kind_and_its_next_step() {
    use FailureKind::{Denied, Expired, NoCredentials, ServerError, Throttled, Unsupported};
    for (name, kind, says, wait) in [
        ("401_documented", NoCredentials, "API key", None),
        ("401_nocobase_shape", Expired, "session has expired", None),
        ("401_plain_shape", NoCredentials, "API key required", None),
        ("403_documented", Denied, "Insufficient permissions", None),
        ("404_endpoint_missing", Unsupported, "nothing at this address", None),
        ("429_documented", Throttled, "too many requests", Some(17)),
        ("429_http_date", Throttled, "too many requests", Some(30)),
        ("429_no_header", Throttled, "too many requests", Some(1)),
        ("429_plain_shape", Throttled, "try again later", Some(900)),
        ("500_internal", ServerError, "Server error", None),
        ("502_html", ServerError, "proxy", None),
        ("503_app_preparing", ServerError, "starting or in maintenance", None),
        ("503_provider_unavailable", ServerError, "Provider network unavailable", None),
    ] {
        let failure = read([("plugin-core/jobs", refusal(name))]).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{name}: {failure:?}");
        assert!(failure.message.contains(says) && !failure.hint.is_empty(), "{name}: {failure:?}");
        assert_eq!(failure.retry_after.map(|wait| wait.as_secs()), wait, "{name}");
    }
}

#[tokio::test]
async fn one_refused_call_of_five_costs_only_itself() {
    let view = read([
        ("plugin-core/jobs", fixture("jobs_list.json")),
        ("plugin-core/providers", fixture("providers_list.json")),
        ("plugin-core/jobs/job_7f00aa11bb22/events", refusal("403_documented")),
    ])
    .await
    .unwrap();
    assert_eq!(view.workloads.len(), 6);
    let gap = view.gaps.iter().find(|gap| gap.what.contains("events of job_7f00aa11bb22")).unwrap();
    assert_eq!(gap.failure.kind, FailureKind::Denied);
}

#[tokio::test]
async fn calls_that_are_not_there_are_asked_once_and_a_refusal_stops_everything() {
    let server = serve([("plugin-core/jobs", fixture("jobs_list.json")), ("plugin-core/providers", fixture("providers_list.json"))]).await;
    let mut connected = connect(&server.context);
    poll_at(&mut connected, then()).await.unwrap();
    let first = server.asked.lock().unwrap().len();
    poll_at(&mut connected, then() + Duration::from_secs(70)).await.unwrap();
    let again: Vec<String> = server.asked.lock().unwrap().iter().skip(first).filter(|path| path.contains("system")).cloned().collect();
    let all = server.asked.lock().unwrap().iter().filter(|path| path.contains("system")).count();
    assert_eq!(
        all,
        server.asked.lock().unwrap().iter().filter(|path| path.contains("system")).collect::<std::collections::BTreeSet<_>>().len()
    );
    assert!(!again.contains(&"/api/system/logs".to_owned()), "{again:?}");

    let server = serve([("plugin-core/jobs", refusal("429_documented"))]).await;
    let mut connected = connect(&server.context);
    for _ in 0..5 {
        assert_eq!(poll_at(&mut connected, then()).await.unwrap_err().kind, FailureKind::Throttled);
    }
    assert_eq!(server.asked.lock().unwrap().len(), 1, "nothing is sent before the time has passed");
}

#[tokio::test]
async fn a_server_that_lies_or_floods_is_told_with_a_next_step() {
    let page = |body: &str| Answer(200, vec![("content-type".into(), "application/json".into())], body.as_bytes().to_vec());
    let moved = Answer(302, vec![("location".into(), "https://elsewhere.example/".into())], Vec::new());
    let flood = Answer(200, Vec::new(), vec![b'['; 100 * 1024 * 1024]);
    for (answer, kind) in [
        (page("<!DOCTYPE html><html>login</html>"), FailureKind::Unsupported),
        (page("{\"success\":"), FailureKind::Garbage),
        (page("{\"success\":true,\"data\":{\"status\":\"ok\"}}"), FailureKind::Garbage),
        (page("{\"success\":false,\"error\":{\"code\":\"UNAUTHORIZED\",\"message\":\"no\"}}"), FailureKind::Denied),
        (moved, FailureKind::Garbage),
        (flood, FailureKind::Garbage),
    ] {
        let failure = read([("plugin-core/jobs", answer)]).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure:?}");
        assert!(!failure.hint.is_empty());
    }
}

#[tokio::test]
async fn logs_come_from_streams_and_from_lists() {
    for (name, expected) in [
        ("job_logs_stream.sse", ["Starting nginx...", "nginx started successfully"].as_slice()),
        ("job_logs.json", &["Starting nginx...", "nginx started successfully"]),
        ("job_logs_string_lines.json", &["Container started", "Service initialized", "Listening on port 80"]),
        ("job_logs_empty.json", &[]),
    ] {
        let server =
            serve([("plugin-core/jobs/job_1", fixture("job_failed_exit1.json")), ("plugin-core/jobs/job_1/logs", fixture(name))]).await;
        let workload = ResourceKey::new(&"gw".into(), ResourceKind::Workload, "job_1");
        let request = LogRequest { workload, job: None, replica: None, container: None, previous: false };
        let (lines, mut told) = mpsc::channel(64);
        connect(&server.context).logs.unwrap().follow(request, lines).await;
        let mut shown = Vec::new();
        while let Some(item) = told.recv().await {
            match item {
                LogItem::Line(line) => shown.push(line.text.to_string()),
                LogItem::Ended(why) => assert!(why.contains("ended"), "{why}"),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(shown, expected, "{name}");
    }
}

#[tokio::test]
async fn deliveries_that_did_not_arrive_are_told_with_what_the_receiver_answered() {
    let server = serve([
        ("plugin-core/jobs", fixture("jobs_list_empty.json")),
        ("plugin-core/webhooks", fixture("webhooks_list.json")),
        ("plugin-core/webhooks/webhook_1a2b3c4d5e6f/history", fixture("webhook_history.json")),
    ])
    .await;
    let mut connected = connect(&server.context);
    // Pages come in turns, a few at a time.
    let mut told = Vec::new();
    for poll in 0..12 {
        let view = poll_at(&mut connected, then() + Duration::from_secs(15 * poll)).await.unwrap();
        assert_eq!(view.gaps, []);
        told = view.events.iter().map(|event| event.message.to_string()).collect();
        if !told.is_empty() {
            break;
        }
    }
    for wanted in [
        "webhook Job Status Notifications: job.failed was not delivered: timeout of 10s exceeded, given up after 5 tries",
        "webhook Job Status Notifications: provider.status.changed was not delivered: the receiver answered HTTP 503, tried again after 2 tries",
        "2 deliveries of webhook Job Status Notifications failed",
    ] {
        assert!(told.iter().any(|told| told == wanted), "{wanted} in {told:?}");
    }
    assert!(!told.iter().any(|told| told.contains("job.completed")), "{told:?}");
}

#[test]
fn signatures_of_webhooks_by_their_vectors() {
    let vectors: Vec<Value> = serde_json::from_slice(&fixture("webhook_signatures.json").2).unwrap();
    assert_eq!(vectors.len(), 6);
    for vector in vectors {
        let text = |name: &str| vector[name].as_str().unwrap_or_default().to_owned();
        let written = if vector["header"].is_string() { text("header") } else { text("signature") };
        let now = vector["at"].as_i64().map_or_else(clock::now, |at| Timestamp::from_second(at).unwrap());
        let verdict = Signature::read(&written).unwrap().check(text("secret").as_bytes(), text("body").as_bytes(), now, WINDOW);
        let expected = match text("form").as_str() {
            "stamped, too old" => Verdict::Stale(3_600),
            "body re-serialised with spaces" => Verdict::ValidCompact,
            _ if vector["valid"] == true => Verdict::Valid,
            _ => Verdict::Wrong,
        };
        assert_eq!(verdict, expected, "{}", vector["form"]);
    }
}

/// Runs `holdup verify-webhook` with a secret in the environment and a body on a file.
fn verify(folder: &Path, arguments: &[&str], secret: Option<&str>, body: &str) -> (i32, String) {
    let file = folder.join("body.json");
    std::fs::write(&file, body).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_holdup"));
    command.arg("verify-webhook").args(arguments).arg(file).env_clear().env("HOME", folder);
    if let Some(secret) = secret {
        command.env("WEBHOOK_SECRET", secret);
    }
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[test]
fn verify_webhook_says_by_its_exit_code_whether_a_delivery_is_genuine() {
    let folder = tempfile::tempdir().unwrap();
    let vectors: Vec<Value> = serde_json::from_slice(&fixture("webhook_signatures.json").2).unwrap();
    for vector in vectors {
        let text = |name: &str| vector[name].as_str().unwrap_or_default().to_owned();
        let written = if vector["header"].is_string() { text("header") } else { text("signature") };
        let at = vector["at"].as_i64().unwrap_or(1_767_258_000).to_string();
        let (code, said) = verify(folder.path(), &["--signature", &written, "--at", &at], Some(&text("secret")), &text("body"));
        let genuine = vector["valid"] == true || text("form").contains("re-serialised");
        assert_eq!(code, i32::from(!genuine), "{}: {said}", vector["form"]);
        assert!(said.starts_with(if genuine { "genuine: " } else { "refused: " }), "{said}");
        assert!(genuine || said.contains("hint: "), "{said}");
        assert!(!said.contains("whsec"), "{said}");
    }
}

#[test]
fn verify_webhook_tells_what_it_lacks_with_the_next_step_and_exit_code_two() {
    let folder = tempfile::tempdir().unwrap();
    let hex = "bfd6c2dc50e9bfb7d16ab641cbc4e7b06610bc3388efb6c9e0c5d316a8529b58";
    let nowhere = folder.path().join("nowhere").display().to_string();
    let missing = ["--signature", hex, "--secret-file", &nowhere];
    for (arguments, secret, says, hint) in [
        (["--signature", hex].as_slice(), None, "no secret to check with", "WEBHOOK_SECRET"),
        (&["--signature", "not-hex"], Some("s"), "neither hex digits nor t=", "copy the header's value whole"),
        (&["--signature", "t=soon,v1=00ff"], Some("s"), "t is no number of seconds", "copy the header's value whole"),
        (&missing, None, "cannot read the secret", "correct --secret-file"),
    ] {
        let (code, said) = verify(folder.path(), arguments, secret, "{}");
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(says) && said.contains(hint), "{said}");
    }
    // A secret in a file, as editors write it.
    let file = folder.path().join("secret");
    std::fs::write(&file, "whsec_example_only\n").unwrap();
    let vector: Vec<Value> = serde_json::from_slice(&fixture("webhook_signatures.json").2).unwrap();
    let arguments = ["--signature", hex, "--secret-file", file.to_str().unwrap()];
    assert_eq!(verify(folder.path(), &arguments, None, vector[0]["body"].as_str().unwrap()).0, 0);
}
