//! A dashboard, or Anyscale's API, that answers from recordings, and what holdup makes of it.

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
use holdup::domain::source::Failure;
use holdup::explain::report::{Report, Scope, why_json};
use holdup::runtime::headless;
use holdup::source::Connected;
use holdup::source::ray::Ray;
use holdup::source::{Focus, Platform as _};
use serde_json::Value;

/// Status, headers, body.
pub type Answer = (u16, Vec<(String, String)>, Vec<u8>);

/// What a server answers, by the start of path and query.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    answers: BTreeMap<String, Answer>,
}

impl Replay {
    /// The recordings of a moment. What was not recorded is a 404.
    pub fn of(moment: &str) -> Self {
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

    pub fn bytes(mut self, path: &str, status: u16, body: &[u8]) -> Self {
        self.answers.insert(path.to_owned(), (status, Vec::new(), body.to_vec()));
        self
    }

    pub fn with_header(mut self, path: &str, name: &str, value: &str) -> Self {
        self.answers.get_mut(path).unwrap().1.push((name.to_owned(), value.to_owned()));
        self
    }

    pub async fn serve(self) -> String {
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

pub fn fixture(name: &str) -> Option<Vec<u8>> {
    std::fs::read(format!("{}/tests/fixtures/ray/{name}", env!("CARGO_MANIFEST_DIR"))).ok()
}

pub fn context(dashboard: Option<String>, endpoint: Option<String>) -> ContextConfig {
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

pub fn connected(dashboard: String) -> Connected {
    Ray.connect(&context(Some(dashboard), None)).unwrap()
}

pub async fn poll(dashboard: String) -> Result<Arc<View>, Failure> {
    let mut source = connected(dashboard).sources.remove(0);
    let focus = Focus { snapshot: Arc::new(Snapshot::default()), selected: None, now: clock::now() };
    source.poll(&focus).await
}

pub async fn why(dashboard: String) -> BTreeMap<String, Value> {
    why_of(context(Some(dashboard), None)).await
}

/// The answers for a context, by the names of workloads.
pub async fn why_of(context: ContextConfig) -> BTreeMap<String, Value> {
    let connected = Ray.connect(&context).unwrap();
    let observed = vec![(context, connected)];
    let snapshot = headless::observe(observed, None, Duration::from_secs(30)).await;
    let now = clock::now();
    let explanations = holdup::explain::run(&snapshot, now);
    let report = Report::new(&snapshot, &explanations, &Scope { context: None, workload: None }, now);
    let answer: Value = serde_json::from_str(&why_json(&report)).unwrap();
    let entries = answer["verdicts"].as_array().unwrap().iter();
    entries.map(|entry| (entry["workload"].as_str().unwrap_or_default().to_owned(), entry.clone())).collect()
}

/// Several clusters, read side by side.
pub async fn observed(clusters: &[(&str, String)], deadline: Duration) -> Snapshot {
    let one = |(name, dashboard): &(&str, String)| {
        let context = ContextConfig { name: (*name).to_owned(), ..context(Some(dashboard.clone()), None) };
        let connected = Ray.connect(&context).unwrap();
        (context, connected)
    };
    headless::observe(clusters.iter().map(one).collect(), None, deadline).await
}

/// Asks Anyscale's API once.
pub async fn poll_services(endpoint: String) -> Result<Arc<View>, Failure> {
    let mut source = Ray.connect(&context(None, Some(endpoint))).unwrap().sources.remove(0);
    source.poll(&Focus { snapshot: Arc::new(Snapshot::default()), selected: None, now: clock::now() }).await
}
