//! A server that replays bytes by path, and the source that is pointed at it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response};
use holdup::clock;
use holdup::config::{AzureConfig, ContextConfig};
use holdup::domain::id::{ResourceKey, ResourceKind};
use holdup::domain::snapshot::{Snapshot, View};
use holdup::domain::source::Failure;
use holdup::domain::workload::Workload;
use holdup::source::azure::Azure;
use holdup::source::{Connected, Focus, Platform, Source};
use serde_json::Value;

pub const SUBSCRIPTION: &str = "/subscriptions/11111111-2222-3333-4444-555555555555";
pub const WORKSPACE: &str = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-serving/providers/Microsoft.MachineLearningServices/workspaces/mlw-prod";

/// One canned answer.
#[derive(Clone, Debug)]
pub struct Canned {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// One request that came: method, path, query, headers, body.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: String,
}

/// A server with what it was asked.
#[derive(Clone, Default)]
pub struct Replay {
    answers: Arc<Mutex<BTreeMap<String, Vec<Canned>>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Replay {
    /// Answers a path (without its query; the case does not matter) with a fixture.
    pub fn fixture(self, path: &str, name: &str) -> Self {
        let body = fixture_text(name).into_bytes();
        self.with(path, Canned { status: 200, headers: Vec::new(), body })
    }

    /// Answers a path with a status and a body; several for one path come one after the other.
    pub fn body(self, path: &str, status: u16, body: &str) -> Self {
        self.with(path, Canned { status, headers: Vec::new(), body: body.as_bytes().to_vec() })
    }

    /// Answers a path.
    pub fn with(self, path: &str, canned: Canned) -> Self {
        self.answers.lock().unwrap().entry(path.to_lowercase()).or_default().push(canned);
        self
    }

    /// What was asked, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Listens on a free port.
    pub async fn serve(&self) -> String {
        serve(Router::new().fallback(answer).with_state(self.clone())).await
    }
}

async fn answer(State(replay): State<Replay>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let path = parts.uri.path().to_owned();
    replay.asked.lock().unwrap().push(Asked {
        method: parts.method.to_string(),
        path: path.clone(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    let mut answers = replay.answers.lock().unwrap();
    let known = answers.get_mut(&path.to_lowercase());
    let canned = known.map(|list| if list.len() > 1 { list.remove(0) } else { list[0].clone() });
    let missing = Canned { status: 404, headers: Vec::new(), body: fixture_text("error_404_deployment.json").into_bytes() };
    let canned = canned.unwrap_or(missing);
    let mut response = Response::builder().status(canned.status).header("content-type", "application/json");
    for (name, value) in canned.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(canned.body)).unwrap()
}

/// Serves a router on a free port of this machine.
pub async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// The text of a recorded body.
pub fn fixture_text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/azure").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A recorded body.
pub fn fixture(name: &str) -> Value {
    serde_json::from_str(&fixture_text(name)).unwrap()
}

/// Status, headers and body of a recorded answer with its headers.
pub fn recorded_http(name: &str) -> Canned {
    let text = fixture_text(name).replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned()));
    Canned { status, headers: headers.collect(), body: body.trim().as_bytes().to_vec() }
}

/// The workspace of the fixtures.
pub fn workspace() -> Replay {
    let endpoint = |name: &str| format!("{WORKSPACE}/onlineEndpoints/{name}");
    let regional = |provider: &str, what: &str| format!("{SUBSCRIPTION}/providers/{provider}/locations/eastus2/{what}");
    let operation = |id: u32| {
        let path = format!("mfeOperationsStatus/odidp:c0ffee00-1111-4222-8333-444455556666:0b1ec0de-0000-4000-8000-00000000000{id}");
        regional("Microsoft.MachineLearningServices", &path)
    };
    let logs = |endpoint_name: &str, deployment: &str| format!("{}/deployments/{deployment}/getLogs", endpoint(endpoint_name));
    Replay::default()
        .fixture(WORKSPACE, "workspace_get.json")
        .fixture(&format!("{WORKSPACE}/onlineEndpoints"), "online_endpoints_list.json")
        .fixture(&format!("{}/deployments", endpoint("chat-prod")), "deployments_chat-prod.json")
        .fixture(&format!("{}/deployments", endpoint("vision-gpu")), "deployments_vision-gpu.json")
        .fixture(&format!("{}/deployments", endpoint("ner-k8s")), "deployments_ner-k8s.json")
        .fixture(&operation(2), "operation_chat-prod_green_inprogress.json")
        .fixture(&operation(3), "operation_chat-prod_canary_failed_resourcenotready.json")
        .fixture(&operation(4), "operation_vision-gpu_a100_failed_outofquota.json")
        .fixture(&operation(5), "operation_vision-gpu_t4_failed_imagebuildfailure.json")
        .fixture(&operation(7), "operation_ner-k8s_next_failed_crashloop.json")
        .fixture(&logs("chat-prod", "green"), "getlogs_green_modeldownload_retrying.json")
        .fixture(&logs("chat-prod", "canary"), "getlogs_inference_missing_package.json")
        .fixture(&logs("vision-gpu", "a100"), "getlogs_inference_none.json")
        .fixture(&logs("vision-gpu", "t4"), "getlogs_inference_none.json")
        .fixture(&logs("ner-k8s", "next"), "getlogs_inference_init_filenotfound.json")
        .fixture(&regional("Microsoft.MachineLearningServices", "usages"), "ml_usages_eastus2.json")
        .fixture(&regional("Microsoft.MachineLearningServices", "vmSizes"), "ml_vmsizes_eastus2.json")
        .fixture(&regional("Microsoft.Compute", "usages"), "compute_usages_eastus2.json")
        .fixture(
            &format!("{SUBSCRIPTION}/resourceGroups/rg-serving/providers/Microsoft.Insights/autoscalesettings"),
            "autoscale_settings_rg.json",
        )
        .fixture(&format!("{SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values"), "activity_log_deployment.json")
        .fixture(&format!("{}/providers/Microsoft.Insights/metrics", endpoint("chat-prod")), "metrics_endpoint_requests_by_status.json")
        .fixture(
            &format!("{}/deployments/blue/providers/Microsoft.Insights/metrics", endpoint("chat-prod")),
            "metrics_deployment_utilization.json",
        )
}

/// A context with the worthless token.
pub fn context(endpoint: &str) -> ContextConfig {
    ContextConfig {
        name: "mlw-prod".into(),
        platform: "azure".into(),
        endpoint: Some(endpoint.into()),
        azure: Some(AzureConfig {
            subscription: Some("11111111-2222-3333-4444-555555555555".into()),
            resource_group: Some("rg-serving".into()),
            workspace: Some("mlw-prod".into()),
            simulated_credentials: true,
            ..AzureConfig::default()
        }),
        ..ContextConfig::default()
    }
}

pub fn connected(endpoint: &str) -> Connected {
    Azure.connect(&context(endpoint)).unwrap()
}

pub fn focus(selected: Option<&str>) -> Focus {
    let selected = selected.map(|name| ResourceKey::new(&"mlw-prod".into(), ResourceKind::Workload, name));
    Focus { snapshot: Arc::new(Snapshot::default()), selected, now: clock::now() }
}

/// One poll.
pub async fn poll(source: &mut dyn Source) -> Result<Arc<View>, Failure> {
    source.poll(&focus(None)).await
}

/// One poll of a new source at this address.
pub async fn read(endpoint: &str) -> Result<Arc<View>, Failure> {
    let mut connected = connected(endpoint);
    poll(connected.sources[0].as_mut()).await
}

pub fn workload<'a>(view: &'a View, name: &str) -> &'a Workload {
    view.workloads.iter().find(|workload| workload.key.name.as_str() == name).unwrap_or_else(|| panic!("no {name}"))
}

/// Why something is missing.
pub fn gap<'a>(view: &'a View, what: &str) -> &'a Failure {
    let all: Vec<&str> = view.gaps.iter().map(|gap| gap.what.as_str()).collect();
    &view.gaps.iter().find(|gap| gap.what.contains(what)).unwrap_or_else(|| panic!("no gap {what} in {all:?}")).failure
}
