//! A loopback server that answers as a test says, and what a source needs to be polled at it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use holdup::config::AwsConfig;
use holdup::domain::group::NodeGroup;
use holdup::domain::id::{ResourceKey, ResourceKind, SourceId};
use holdup::domain::snapshot::{Cluster, Snapshot, View};
use holdup::domain::source::Failure;
use holdup::domain::store::{self, Update};
use holdup::domain::time::{Duration, Timestamp};
use holdup::source::aws::{Account, GroupSelector, WorkerPrefix};
use holdup::source::{Focus, Source};

pub const SELECTOR: GroupSelector = GroupSelector {
    cluster_tags: &["cortex.dev/cluster-name", "alpha.eksctl.io/cluster-name"],
    node_group_tags: &["alpha.eksctl.io/nodegroup-name"],
    worker_prefixes: &[WorkerPrefix { prefix: "cx-wd-", spot: false }, WorkerPrefix { prefix: "cx-ws-", spot: true }],
    normal_suspensions: &["AZRebalance"],
};

pub const NOW: &str = "2026-11-21T03:05:00Z";

/// An answer: status, body. The content type follows from the body.
pub type Answer = (u16, String);
type Script = dyn Fn(&str, &str) -> Answer + Send + Sync;

#[derive(Clone)]
struct Stand {
    script: Arc<Script>,
    asked: Asked,
}

/// What was asked: `Operation body`, in order.
pub type Asked = Arc<Mutex<Vec<String>>>;

/// Serves `script(operation, body)` and returns the address and the list of what was asked.
pub async fn serve(script: impl Fn(&str, &str) -> Answer + Send + Sync + 'static) -> (String, Asked) {
    let asked = Asked::default();
    let stand = Stand { script: Arc::new(script), asked: Arc::clone(&asked) };
    (listen(Router::new().fallback(answer).with_state(stand)).await, asked)
}

/// Serves any router on a free port.
pub async fn listen(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn answer(State(stand): State<Stand>, headers: HeaderMap, body: Bytes) -> Response {
    let body = String::from_utf8_lossy(&body).into_owned();
    assert!(headers[header::AUTHORIZATION].to_str().unwrap().starts_with("AWS4-HMAC-SHA256 Credential=SIMULATED/"));
    let operation = match headers.get("x-amz-target") {
        Some(target) => target.to_str().unwrap().split_once('.').unwrap().1.to_owned(),
        None => body.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap_or_default().to_owned(),
    };
    stand.asked.lock().unwrap().push(format!("{operation} {body}"));
    let (status, text) = (stand.script)(&operation, &body);
    let kind = if text.starts_with('{') { "application/x-amz-json-1.1" } else { "text/xml" };
    (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, kind)], text).into_response()
}

pub fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/fixtures/aws/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

pub fn ok(name: &str) -> Answer {
    (200, fixture(name))
}

/// The line of `errors.txt` that has `needle`.
pub fn error(needle: &str) -> Answer {
    let all = fixture("errors.txt");
    let line = all.lines().find(|line| !line.starts_with('#') && line.contains(needle)).unwrap();
    let mut parts = line.splitn(3, ' ');
    (parts.next().unwrap().parse().unwrap(), parts.nth(1).unwrap().to_owned())
}

pub fn account(endpoint: &str) -> Arc<Account> {
    impatient(endpoint, Duration::from_secs(10))
}

pub fn impatient(endpoint: &str, deadline: Duration) -> Arc<Account> {
    let aws = AwsConfig { endpoint_url: Some(endpoint.to_owned()), simulated_credentials: true, ..AwsConfig::default() };
    Arc::new(Account::new(aws).with_timeouts(deadline, deadline))
}

/// A world in which the platform told of a cluster and of one worker group.
pub fn focus(cluster: &str, group_types: &[(&str, &[&str], bool)], now: Timestamp) -> Focus {
    let context = "prod".into();
    let groups = group_types.iter().map(|(name, types, spot)| NodeGroup {
        key: ResourceKey::new(&context, ResourceKind::NodeGroup, *name),
        cloud_name: None,
        is_worker: true,
        spot: *spot,
        instance_types: types.iter().map(|name| (*name).into()).collect(),
        min: 0,
        max: 3,
        desired: None,
        in_service: None,
        pending: None,
        zones: Vec::new(),
        suspended: Vec::new(),
        priority: None,
    });
    let cluster = Cluster {
        platform: "cortex".into(),
        name: cluster.into(),
        version: None,
        region: Some("us-west-2".into()),
        account: None,
        identity: None,
        pending_replicas: None,
    };
    let view = View { cluster: Some(cluster), groups: groups.collect(), ..View::default() };
    let mut snapshot = Snapshot::default();
    let source = SourceId::new(&context, "cortex");
    store::apply(&mut snapshot, Update { source, at: now, took: Duration::ZERO, outcome: Ok(Arc::new(view)) });
    Focus { snapshot: Arc::new(snapshot), selected: None, now }
}

pub fn now() -> Timestamp {
    NOW.parse().unwrap()
}

pub async fn poll(source: &mut impl Source, focus: &Focus) -> Result<Arc<View>, Failure> {
    source.poll(focus).await
}
