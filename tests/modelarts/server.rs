//! A server that replays bytes, and the source that is pointed at it.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test support: a failure here is a failed test")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response};
use holdup::config::{ContextConfig, ModelArtsConfig};
use holdup::domain::id::{ResourceKey, ResourceKind};
use holdup::domain::snapshot::{Snapshot, View};
use holdup::domain::source::Failure;
use holdup::domain::workload::Workload;
use holdup::source::modelarts::connect_with;
use holdup::source::modelarts::environment::Variables;
use holdup::source::{Focus, Source};
use serde_json::{Value, json};

/// The project of the fixtures.
pub const PROJECT: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";

/// Status, headers and body of an answer.
type Answer = (u16, Vec<(String, String)>, Vec<u8>);

/// A server with what it was asked. Paths count without their query; unknown ones are 404.
#[derive(Clone, Default)]
pub struct Replay {
    answers: Arc<Mutex<BTreeMap<String, Vec<Answer>>>>,
    asked: Arc<Mutex<Vec<(String, HeaderMap)>>>,
}

impl Replay {
    /// Answers a path below the project with a fixture: an answer as recorded, or a body alone.
    pub fn fixture(self, path: &str, name: &str) -> Self {
        let value = fixture(name);
        let Some(status) = value.get("status").and_then(Value::as_u64).filter(|_| value.get("headers").is_some()) else {
            return self.json(path, &value);
        };
        let headers = value["headers"].as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
        let body = value["body"].as_str().map_or_else(|| value["body"].to_string(), str::to_owned);
        self.answer(path, (u16::try_from(status).unwrap(), headers.collect(), body.into_bytes()))
    }

    /// Answers a path below the project with a value.
    pub fn json(self, path: &str, value: &Value) -> Self {
        self.answer(path, (200, vec![("content-type".into(), "application/json".into())], value.to_string().into_bytes()))
    }

    /// Answers a path below the project; the last answer for ever.
    pub fn answer(self, path: &str, answer: Answer) -> Self {
        let path = if path.starts_with("/v") { path.to_owned() } else { format!("/v1/{PROJECT}{path}") };
        self.answers.lock().unwrap().entry(path).or_default().push(answer);
        self
    }

    /// Forgets what a path below the project answers.
    pub fn without(self, path: &str) -> Self {
        self.answers.lock().unwrap().remove(&format!("/v1/{PROJECT}{path}"));
        self
    }

    /// The paths that were asked, with their queries.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(path, _)| path.clone()).collect()
    }

    /// One header of every request.
    pub fn headers(&self, name: &str) -> Vec<String> {
        let text = |headers: &HeaderMap| headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        self.asked.lock().unwrap().iter().map(|(_, headers)| text(headers)).collect()
    }

    /// Listens on a free port.
    pub async fn serve(&self) -> String {
        serve(Router::new().fallback(answer).with_state(self.clone())).await
    }
}

async fn answer(State(replay): State<Replay>, request: Request) -> Response<Body> {
    let asked = request.uri().path_and_query().unwrap().to_string();
    replay.asked.lock().unwrap().push((asked, request.headers().clone()));
    let mut answers = replay.answers.lock().unwrap();
    let known = answers.get_mut(request.uri().path()).map(|list| if list.len() > 1 { list.remove(0) } else { list[0].clone() });
    let nothing = json!({ "error_code": "APIG.0101", "error_msg": "The API does not exist or has not been published" });
    let (status, headers, body) = known.unwrap_or_else(|| (404, Vec::new(), nothing.to_string().into_bytes()));
    let response = headers.iter().fold(Response::builder().status(status), |response, (name, value)| response.header(name, value));
    response.body(Body::from(body)).unwrap()
}

/// Serves a router on a free port of this machine.
pub async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// A recorded body as text.
pub fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/modelarts").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A recorded body.
pub fn fixture(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap()
}

/// Environment variables.
pub fn variables(pairs: &[(&str, &str)]) -> Variables {
    Variables::from_pairs(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

/// A key pair in the environment.
pub fn keys() -> Variables {
    variables(&[("HUAWEICLOUD_SDK_AK", "AKEXAMPLE0000000001"), ("HUAWEICLOUD_SDK_SK", "nobody-sees-this-secret")])
}

/// A context for a server.
pub fn context(endpoint: &str) -> ContextConfig {
    ContextConfig {
        name: "prod".into(),
        platform: "modelarts".into(),
        endpoint: Some(endpoint.into()),
        aws: None,
        modelarts: Some(ModelArtsConfig { region: Some("eu-de".into()), project: Some(PROJECT.into()), ..ModelArtsConfig::default() }),
        ..ContextConfig::default()
    }
}

/// The source of a context with a key pair.
pub fn source(endpoint: &str) -> Box<dyn Source> {
    connect_with(&context(endpoint), keys()).unwrap().sources.remove(0)
}

/// One poll, at the recorded moment.
pub async fn poll(source: &mut dyn Source) -> Result<Arc<View>, Failure> {
    let now = "2026-01-01T09:31:00Z".parse().unwrap();
    source.poll(&Focus { snapshot: Arc::new(Snapshot::default()), selected: None, now }).await
}
/// The workload of that name.
pub fn workload<'a>(view: &'a View, name: &str) -> &'a Workload {
    let key = ResourceKey::new(&"prod".into(), ResourceKind::Workload, name);
    view.workloads.iter().find(|workload| workload.key == key).unwrap_or_else(|| panic!("{name} in {:?}", view.workloads))
}

/// A server with one service: its description and what stands beside it.
pub fn one(detail: &str, events: &str, updates: &str, monitor: Option<&str>) -> Replay {
    let detail = fixture(detail);
    let id = detail["service_id"].as_str().unwrap().to_owned();
    let replay = Replay::default()
        .json("/services", &json!({ "total_count": 1, "count": 1, "services": [detail] }))
        .json(&format!("/services/{id}"), &detail)
        .fixture(&format!("/services/{id}/events"), events)
        .fixture(&format!("/services/{id}/logs"), updates)
        .fixture("/services/specifications", "specifications.json")
        .fixture("/quotas", "quotas_os.json")
        .fixture("/workspaces/0/quotas", "quotas_workspace.json");
    match monitor {
        Some(monitor) => replay.fixture(&format!("/services/{id}/monitor"), monitor),
        None => replay,
    }
}
