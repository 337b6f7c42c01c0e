//! The recordings of a real API server are the test that the bytes here are right: its objects go
//! into a store, and what is served of them must be what it served.

mod faults;
mod logs;
mod pages;
mod watches;

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::backing::{Backing, LogEntry, LogOf};
use super::server::{Server, answer};
use super::store::Store;
use crate::sim::world::KubernetesFaults;

macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/kubernetes/", $name))
    };
}
use recorded;

/// Serves what it is told.
#[derive(Debug, Default)]
struct Told {
    news: Mutex<Vec<Value>>,
    faults: Mutex<KubernetesFaults>,
    log: Mutex<Vec<LogEntry>>,
}

impl Backing for Told {
    fn update(&self, store: &mut Store) {
        let news = std::mem::take(&mut *self.news.lock().unwrap());
        assert_eq!(store.upsert(&news).refused, Vec::<String>::new());
    }

    fn faults(&self) -> KubernetesFaults {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn log(&self, of: &LogOf<'_>) -> Vec<LogEntry> {
        let log = self.log.lock().unwrap().clone();
        if of.previous { log.into_iter().take(1).collect() } else { log }
    }
}

struct Cluster {
    told: Arc<Told>,
    server: Arc<Server>,
}

/// A cluster with the recorded objects at the version of their lists.
fn recorded_cluster() -> Cluster {
    let mut objects = Vec::new();
    for (kind, version, list) in [
        ("Pod", "v1", recorded!("pods.json")),
        ("Node", "v1", recorded!("nodes.json")),
        ("Deployment", "apps/v1", recorded!("deployments.json")),
        ("ReplicaSet", "apps/v1", recorded!("replicasets.json")),
        ("Event", "v1", recorded!("events_core_v1.json")),
    ] {
        objects.extend(items(list, kind, version));
    }
    let told = Arc::new(Told::default());
    let mut store = Store::default();
    store.seed(&objects, 348);
    let server = Arc::new(Server::new(told.clone(), store));
    Cluster { told, server }
}

/// The items of a recorded list, as whole objects.
fn items(list: &str, kind: &str, version: &str) -> Vec<Value> {
    let list: Value = serde_json::from_str(list).unwrap();
    let mut items = list["items"].as_array().unwrap().clone();
    for item in &mut items {
        item["kind"] = kind.into();
        item["apiVersion"] = version.into();
    }
    items
}

impl Cluster {
    fn tell(&self, objects: Vec<Value>) {
        self.told.news.lock().unwrap().extend(objects);
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(State(self.server.clone()), request.body(Body::empty()).unwrap()).await
    }

    async fn text(&self, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let response = self.send("GET", path, headers).await;
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let (status, text) = self.text(path, &[]).await;
        (status, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}")))
    }
}

#[tokio::test]
async fn recorded_lists_are_served_as_they_were() {
    let cluster = recorded_cluster();
    for (path, recorded) in [
        ("/api/v1/pods", recorded!("pods.json")),
        ("/api/v1/namespaces/default/pods", recorded!("pods.json")),
        ("/api/v1/nodes", recorded!("nodes.json")),
        ("/apis/apps/v1/deployments", recorded!("deployments.json")),
        ("/apis/apps/v1/replicasets", recorded!("replicasets.json")),
        ("/api/v1/events", recorded!("events_core_v1.json")),
        ("/apis/events.k8s.io/v1/events", recorded!("events_v1.json")),
    ] {
        let (status, list) = cluster.get(path).await;
        assert_eq!((status, &list), (200, &serde_json::from_str(recorded).unwrap()), "{path}");
    }
}

#[tokio::test]
async fn recorded_refusals_are_served_byte_for_byte() {
    let cluster = recorded_cluster();
    let curl = [("user-agent", "curl/8.5.0")];
    let (status, text) = cluster.text("/api/v1/namespaces/default/pods/none", &curl).await;
    assert_eq!((status, text.as_str()), (404, recorded!("not_found_404.json")));
    {
        let mut faults = cluster.told.faults.lock().unwrap();
        faults.user = "viewer".to_owned();
        faults.denied = vec![crate::sim::world::Permission::read("list nodes").unwrap()];
    }
    let (status, text) = cluster.text("/api/v1/nodes", &curl).await;
    assert_eq!((status, text.as_str()), (403, recorded!("forbidden_403.json")));
    cluster.told.faults.lock().unwrap().expired = true;
    let (status, text) = cluster.text("/api/v1/nodes", &curl).await;
    assert_eq!((status, text.as_str()), (401, recorded!("unauthorized_401.json")));
}

#[tokio::test]
async fn the_version_has_the_recorded_fields_in_their_order() {
    let (_, text) = recorded_cluster().text("/version", &[]).await;
    let keys = |text: &str| text.split('"').skip(1).step_by(4).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(keys(&text), keys(recorded!("version.json")));
}

#[tokio::test]
async fn metadata_stand_in_the_recorded_order() {
    let (_, text) = recorded_cluster().text("/api/v1/pods?pretty=true", &[]).await;
    let recorded = recorded!("pods.json");
    let head = |text: &str| text.lines().take(13).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(head(&text), head(recorded), "the list, and an item up to its labels");
    assert_eq!(text.len(), recorded.len(), "only the order within objects differs");
}

#[tokio::test]
async fn what_is_not_there_is_refused_in_the_servers_words() {
    let cluster = recorded_cluster();
    for (method, path, code) in [
        ("GET", "/api/v1/foos", 404),
        ("GET", "/apis/ray.io/v1/rayservices", 404),
        ("GET", "/nowhere", 404),
        ("DELETE", "/api/v1/namespaces/default/pods/x", 405),
        ("POST", "/api/v1/namespaces/default/pods", 405),
    ] {
        assert_eq!(cluster.send(method, path, &[]).await.status().as_u16(), code, "{method} {path}");
    }
    let (_, text) = cluster.text("/nowhere", &[]).await;
    assert_eq!(text, "404 page not found\n");
    let (status, _) = cluster.text("/api/v1/pods", &[("accept", "application/vnd.kubernetes.protobuf")]).await;
    assert_eq!(status, 406);
    cluster.tell(vec![json!({ "apiVersion": "ray.io/v1", "kind": "RayService", "metadata": { "name": "chat", "namespace": "default" } })]);
    let (status, list) = cluster.get("/apis/ray.io/v1/rayservices").await;
    assert_eq!((status, &list["items"][0]["kind"]), (200, &json!("RayService")), "custom resources name their kind in lists");
}

#[tokio::test]
async fn discovery_names_what_is_served_in_both_forms() {
    let cluster = recorded_cluster();
    let (_, core) = cluster.get("/api/v1").await;
    let names: Vec<&str> = core["resources"].as_array().unwrap().iter().map(|kind| kind["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"pods") && names.contains(&"pods/log"));
    let (_, groups) = cluster.get("/apis").await;
    let named = |list: &Value| list["groups"].as_array().unwrap().iter().any(|group| group["name"] == "karpenter.sh");
    assert!(!named(&groups), "no custom group without an object of it");
    cluster.tell(vec![json!({ "apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": { "name": "gpu" } })]);
    assert!(named(&cluster.get("/apis").await.1));
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    let response = cluster.send("GET", "/apis", &[("accept", accept)]).await;
    assert!(response.headers()["content-type"].to_str().unwrap().contains("as=APIGroupDiscoveryList"));
    let list: Value = serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.unwrap()).unwrap();
    let apps = list["items"].as_array().unwrap().iter().find(|group| group["metadata"]["name"] == "apps").unwrap();
    assert_eq!(apps["versions"][0]["resources"][0]["responseKind"]["kind"], "DaemonSet");
}

#[tokio::test]
async fn tables_have_the_columns_and_words_of_kubectl() {
    let cluster = recorded_cluster();
    let table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let (status, text) = cluster.text("/api/v1/pods", &[("accept", table)]).await;
    let list: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &list["kind"]), (200, &json!("Table")));
    let cells: Vec<&Value> = list["rows"].as_array().unwrap().iter().map(|row| &row["cells"]).collect();
    assert_eq!((&cells[0][0], &cells[0][1], &cells[0][2]), (&json!("crasher-8449456d5c-9gcsx"), &json!("0/1"), &json!("CrashLoopBackOff")));
    assert!(cells[0][3].as_str().unwrap().contains(" ago)"), "{}", cells[0][3]);
    let (_, text) = cluster.text("/apis/apps/v1/deployments", &[("accept", table)]).await;
    let list: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(list["columnDefinitions"].as_array().unwrap().len(), 8);
    assert_eq!(list["rows"][0]["object"]["kind"], "PartialObjectMetadata");
}
