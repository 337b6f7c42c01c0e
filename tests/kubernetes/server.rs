//! A server that answers from a script, and the informers that are pointed at it.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test support: a failure here is a failed test")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode, header};
use futures_util::StreamExt as _;
use holdup::config::KubernetesConfig;
use holdup::source::kubernetes::connect::Target;
use holdup::source::kubernetes::informer::{Conduct, Feed, Pace, Shared, conduct};
use holdup::source::kubernetes::server::{Patience, Server, Traffic};
use serde_json::{Value, json};
use tokio::task::AbortHandle;

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    retry_after: Option<u64>,
    pieces: Vec<Piece>,
}

/// A part of an answer's body.
#[derive(Clone, Debug)]
enum Piece {
    Bytes(Bytes),
    /// Nothing more comes, and the connection stays.
    Silence,
    /// The connection breaks.
    Break,
}

impl Answer {
    /// A whole answer.
    pub fn whole(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, retry_after: None, pieces: vec![Piece::Bytes(body.into())] }
    }

    /// A good answer.
    pub fn json(body: &Value) -> Self {
        Self::whole(200, body.to_string())
    }

    /// A recorded body.
    pub fn fixture(status: u16, name: &str) -> Self {
        Self::whole(status, fixture(name))
    }

    /// Bytes, and then nothing more.
    pub fn then_silence(body: impl Into<Bytes>) -> Self {
        Self { status: 200, retry_after: None, pieces: vec![Piece::Bytes(body.into()), Piece::Silence] }
    }

    /// Bytes, and then the connection breaks.
    pub fn then_break(body: impl Into<Bytes>) -> Self {
        Self { status: 200, retry_after: None, pieces: vec![Piece::Bytes(body.into()), Piece::Break] }
    }

    /// The same with a pause that the server asks for.
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }
}

/// Answers by what a request's path begins with: one after the other, the last for ever.
#[derive(Clone, Default)]
pub struct Script {
    answers: Arc<Mutex<BTreeMap<String, Vec<Answer>>>>,
    asked: Arc<Mutex<Vec<String>>>,
    clock: i64,
    mute: Arc<AtomicBool>,
}

impl Script {
    /// Lists of a kind: `pods` at `/api/v1/pods`.
    pub fn list(self, plural: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.on(&format!("list {plural}"), answers)
    }

    /// Watches of a kind.
    pub fn watch(self, plural: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.on(&format!("watch {plural}"), answers)
    }

    /// Requests of any other path.
    pub fn on(self, what: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.answers.lock().unwrap().entry(what.to_owned()).or_default().extend(answers);
        self
    }

    /// The requests so far whose path and query contain all of these words.
    pub fn asked(&self, words: &[&str]) -> Vec<String> {
        self.asked.lock().unwrap().iter().filter(|path| words.iter().all(|word| path.contains(word))).cloned().collect()
    }

    /// Its clock is so many seconds ahead.
    pub fn ahead(self, seconds: i64) -> Self {
        Self { clock: seconds, ..self }
    }

    /// Takes requests and answers none from now on, or answers again.
    pub fn mute(&self, mute: bool) {
        self.mute.store(mute, Ordering::SeqCst);
    }

    /// Listens on a free port.
    pub async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    fn next(&self, path: &str) -> Option<Answer> {
        let (route, query) = path.split_once('?').unwrap_or((path, ""));
        let verb = if query.contains("watch=1") { "watch" } else { "list" };
        let inside = route.split("/namespaces/").nth(1).and_then(|rest| rest.split_once('/'));
        let plural = route.rsplit('/').next().unwrap_or_default();
        let names = [
            inside.map(|(namespace, _)| format!("{verb} {plural} in {namespace}")),
            Some(format!("{verb} {plural}")),
            Some(route.to_owned()),
        ];
        let mut answers = self.answers.lock().unwrap();
        let name = names.into_iter().flatten().find(|name| answers.contains_key(name))?;
        let list = answers.get_mut(&name)?;
        Some(if list.len() > 1 { list.remove(0) } else { list[0].clone() })
    }
}

async fn answer(State(script): State<Script>, request: Request) -> Response<Body> {
    let path = request.uri().path_and_query().unwrap().to_string();
    script.asked.lock().unwrap().push(path.clone());
    if script.mute.load(Ordering::SeqCst) {
        return std::future::pending().await;
    }
    let answer = script.next(&path).unwrap_or_else(|| usual(&path));
    let mut response =
        Response::builder().status(StatusCode::from_u16(answer.status).unwrap()).header(header::CONTENT_TYPE, "application/json");
    if script.clock != 0 {
        let there = holdup::clock::now().saturating_add(jiff::SignedDuration::from_secs(script.clock)).unwrap();
        response = response.header(header::DATE, there.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    }
    if let Some(seconds) = answer.retry_after {
        response = response.header(header::RETRY_AFTER, seconds);
    }
    if let [Piece::Bytes(bytes)] = answer.pieces.as_slice() {
        return response.body(Body::from(bytes.clone())).unwrap();
    }
    let pieces = futures_util::stream::iter(answer.pieces).then(|piece| async {
        match piece {
            Piece::Bytes(bytes) => Ok(bytes),
            Piece::Silence => std::future::pending().await,
            Piece::Break => {
                tokio::task::yield_now().await;
                Err(std::io::Error::other("cut"))
            }
        }
    });
    response.body(Body::from_stream(pieces)).unwrap()
}

/// What is not in the script: built-in groups, empty lists, silent watches.
fn usual(path: &str) -> Answer {
    let route = path.split('?').next().unwrap_or_default();
    if route == "/apis" {
        let group = |name: &str, version: &str| json!({"name": name, "versions": [{"groupVersion": format!("{name}/{version}"), "version": version}]});
        let groups =
            [("apps", "v1"), ("autoscaling", "v2"), ("policy", "v1"), ("storage.k8s.io", "v1")].map(|(name, version)| group(name, version));
        return Answer::json(&json!({"kind": "APIGroupList", "groups": groups}));
    }
    if route == "/version" {
        return Answer::fixture(200, "version.json");
    }
    if path.contains("watch=1") {
        return Answer::then_silence("");
    }
    if route.ends_with("/log") {
        return Answer::fixture(404, "not_found_404.json");
    }
    Answer::json(&list_of("1", None, &[]))
}

/// A list's body.
pub fn list_of(version: &str, next: Option<&str>, items: &[Value]) -> Value {
    let mut metadata = json!({"resourceVersion": version});
    if let Some(next) = next {
        metadata["continue"] = next.into();
    }
    json!({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items})
}

/// A pod of which little is known.
pub fn pod(name: &str, version: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "default", "uid": name, "resourceVersion": version}, "spec": {"containers": [{"name": "api"}]}, "status": {"phase": "Running"}})
}

/// A line of a watch.
pub fn change(kind: &str, object: &Value) -> String {
    json!({"type": kind, "object": object}).to_string() + "\n"
}

/// A recorded body.
pub fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kubernetes").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Waits that make a test quick.
pub const PATIENCE: Patience = Patience {
    response: Duration::from_secs(5),
    stall: Duration::from_millis(150),
    silence: Duration::from_millis(400),
    quiet: Duration::from_mins(1),
};

/// Pauses likewise.
pub const PACE: Pace = Pace { first: Duration::from_millis(20), longest: Duration::from_millis(100), denied: Duration::from_millis(150) };

/// Informers at work. Dropping it ends them.
pub struct Followed {
    /// What they hold.
    pub shared: Arc<Shared>,
    /// What they cost.
    pub traffic: Arc<Traffic>,
    task: AbortHandle,
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Points informers at a script.
pub async fn follow(script: &Script) -> Followed {
    follow_patiently(script, PATIENCE).await
}

/// The same with other waits.
pub async fn follow_patiently(script: &Script, patience: Patience) -> Followed {
    let config = KubernetesConfig { endpoint_url: Some(script.serve().await), ..KubernetesConfig::default() };
    let target = Target::of(&config, None).unwrap().unwrap();
    let (traffic, shared) = (Arc::<Traffic>::default(), Arc::<Shared>::default());
    let server = Arc::new(Server::new(target, Arc::clone(&traffic)).with_patience(patience));
    let followed = Conduct { server, shared: Arc::clone(&shared), namespaces: Vec::new(), own: vec!["default".into()], pace: PACE };
    let task = tokio::spawn(conduct(followed)).abort_handle();
    let followed = Followed { shared, traffic, task };
    followed.until("an answer of the server", |followed| followed.shared.started().is_some()).await;
    followed
}

impl Followed {
    /// The names of the pods, once there are these.
    pub async fn until_pods(&self, names: &[&str]) {
        self.until(&format!("{names:?}"), |followed| followed.pods() == names).await;
    }

    /// The names of the pods that are held.
    pub fn pods(&self) -> Vec<String> {
        self.shared.held().pods.keys().map(|(_, name)| name.to_string()).collect()
    }

    /// Waits until something holds of what is held or of how far it has got.
    pub async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let mut signal = self.shared.signal(Feed::Workloads);
        let waited = tokio::time::timeout(Duration::from_secs(20), async {
            while !holds(self) {
                // A bound on a signal that was missed, not a pace.
                let _late = tokio::time::timeout(Duration::from_millis(200), signal.changed()).await;
            }
        });
        let shown = || format!("{what}; there is: {:?}, {:?}", self.pods(), self.shared.progress(Feed::Workloads));
        waited.await.unwrap_or_else(|_| panic!("never: {}", shown()));
    }
}
