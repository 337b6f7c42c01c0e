//! A server that replays bytes, and the source that is pointed at it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support: a failure here is a failed test"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, header};
use holdup::config::{AwsConfig, ContextConfig, TlsTrust};
use holdup::domain::id::{ResourceKey, ResourceKind};
use holdup::domain::snapshot::{Snapshot, View};
use holdup::domain::source::Failure;
use holdup::domain::workload::Workload;
use holdup::source::cortex::connect_with;
use holdup::source::trust::PinFile;
use holdup::source::{Connected, Focus, Source};
use serde_json::Value;

/// What a path answers: one after the other, the last for ever.
type Answers = BTreeMap<String, Vec<(u16, Vec<u8>)>>;

/// A server with what it was asked.
#[derive(Clone, Default)]
pub struct Replay {
    answers: Arc<Mutex<Answers>>,
    asked: Arc<Mutex<Vec<(String, HeaderMap)>>>,
}

impl Replay {
    /// Answers a path (with its query) with a fixture; what `_http_status` wraps is unwrapped.
    pub fn fixture(self, path: &str, name: &str) -> Self {
        let value = fixture(name);
        match value.get("_http_status").and_then(Value::as_u64) {
            Some(status) => self.bytes(path, u16::try_from(status).unwrap(), value["body"].to_string().as_bytes()),
            None => self.bytes(path, 200, value.to_string().as_bytes()),
        }
    }

    /// Answers a path with a value.
    pub fn json(self, path: &str, value: &Value) -> Self {
        self.bytes(path, 200, value.to_string().as_bytes())
    }

    /// Answers a path with bytes.
    pub fn bytes(self, path: &str, status: u16, body: &[u8]) -> Self {
        self.answers.lock().unwrap().entry(path.to_owned()).or_default().push((status, body.to_vec()));
        self
    }

    /// The paths that were asked, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(path, _)| path.clone()).collect()
    }

    /// One header of every request.
    pub fn headers(&self, name: &str) -> Vec<Option<String>> {
        let text = |headers: &HeaderMap| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        self.asked.lock().unwrap().iter().map(|(_, headers)| text(headers)).collect()
    }

    /// Listens on a free port.
    pub async fn serve(&self) -> String {
        serve(Router::new().fallback(answer).with_state(self.clone())).await
    }
}

async fn answer(State(replay): State<Replay>, request: Request) -> Response<Body> {
    let path = request.uri().path_and_query().unwrap().to_string();
    replay.asked.lock().unwrap().push((path.clone(), request.headers().clone()));
    let mut answers = replay.answers.lock().unwrap();
    let known = answers.get_mut(&path).map(|list| if list.len() > 1 { list.remove(0) } else { list.first().unwrap().clone() });
    let (status, body) = known.unwrap_or_else(|| (404, b"404 page not found\n".to_vec()));
    Response::builder().status(status).header(header::CONTENT_TYPE, "application/json").body(Body::from(body)).unwrap()
}

/// Serves a router on a free port of this machine.
pub async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// A recorded body.
pub fn fixture(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cortex").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// A context with worthless credentials.
pub fn context(endpoint: &str) -> ContextConfig {
    ContextConfig {
        name: "prod".into(),
        platform: "cortex".into(),
        endpoint: Some(endpoint.into()),
        tls: TlsTrust::AcceptInvalid,
        aws: Some(AwsConfig {
            endpoint_url: Some("http://127.0.0.1:1".into()),
            simulated_credentials: true,
            region: Some("us-west-2".into()),
            ..AwsConfig::default()
        }),
        ..ContextConfig::default()
    }
}

/// A context, connected.
pub fn connect(endpoint: &str) -> Connected {
    connect_with(&context(endpoint), PinFile::at("never-written")).unwrap()
}

/// The source of a context.
pub fn source(endpoint: &str) -> Box<dyn Source> {
    connect(endpoint).sources.remove(0)
}

/// The key of a workload.
pub fn key(name: &str) -> ResourceKey {
    ResourceKey::new(&"prod".into(), ResourceKind::Workload, name)
}

/// One poll, with nothing or one workload selected, at the recorded moment.
pub async fn poll(source: &mut dyn Source, selected: Option<&str>) -> Result<Arc<View>, Failure> {
    let now = "2022-10-04T11:58:00Z".parse().unwrap();
    let focus = Focus { snapshot: Arc::new(Snapshot::default()), selected: selected.map(key), now };
    source.poll(&focus).await
}

/// The workload of that name.
pub fn workload<'a>(view: &'a View, name: &str) -> &'a Workload {
    view.workloads.iter().find(|workload| workload.key.name == *name).expect(name)
}
