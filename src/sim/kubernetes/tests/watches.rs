//! Watches: the recorded stream, selectors, the past that is gone.

use axum::body::BodyDataStream;
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::{Cluster, recorded, recorded_cluster};
use crate::sim::kubernetes::store::Store;

/// The lines of a watch.
struct Lines {
    stream: BodyDataStream,
    rest: Vec<Value>,
}

impl Lines {
    async fn of(cluster: &Cluster, path: &str) -> Self {
        Self::formed(cluster, path, "application/json").await
    }

    async fn formed(cluster: &Cluster, path: &str, accept: &str) -> Self {
        let response = cluster.send("GET", path, &[("accept", accept)]).await;
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "application/json");
        Self { stream: response.into_body().into_data_stream(), rest: Vec::new() }
    }

    async fn next(&mut self) -> Option<Value> {
        if self.rest.is_empty() {
            let bytes = self.stream.next().await?.ok()?;
            assert!(bytes.ends_with(b"\n"), "lines are sent whole");
            self.rest = bytes
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
                .map(|line| serde_json::from_slice(line).unwrap())
                .collect();
        }
        Some(self.rest.remove(0))
    }
}

#[tokio::test(start_paused = true)]
async fn the_recorded_stream_is_sent_again() {
    let cluster = recorded_cluster();
    let mut lines = Lines::of(&cluster, "/api/v1/namespaces/default/pods?watch=true&resourceVersion=348").await;
    for recorded in recorded!("pods_watch.jsonl").lines() {
        let recorded: Value = serde_json::from_str(recorded).unwrap();
        let version: u64 = recorded["object"]["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
        while cluster.server.look(Store::version) + 1 < version {
            let count = cluster.server.look(Store::version);
            cluster.tell(vec![json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": format!("n{count}") } })]);
        }
        cluster.tell(vec![recorded["object"].clone()]);
        assert_eq!(lines.next().await.unwrap(), recorded);
    }
}

#[tokio::test(start_paused = true)]
async fn what_leaves_the_selection_is_deleted_for_the_watch() {
    let cluster = recorded_cluster();
    let path = "/api/v1/pods?watch=1&fieldSelector=status.phase%3DPending&resourceVersion=348";
    let mut lines = Lines::of(&cluster, path).await;
    let pod = |phase: &str| {
        let metadata = json!({ "name": "new", "namespace": "default" });
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": { "phase": phase } })
    };
    for (phase, event) in [("Pending", "ADDED"), ("Running", "DELETED"), ("Pending", "ADDED")] {
        cluster.tell(vec![pod(phase)]);
        let line = lines.next().await.unwrap();
        assert_eq!(line["type"], event);
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_without_a_version_begins_with_all_there_is() {
    let cluster = recorded_cluster();
    let mut lines = Lines::of(&cluster, "/api/v1/nodes?watch=true&timeoutSeconds=5&allowWatchBookmarks=true").await;
    for _ in 0..3 {
        assert_eq!(lines.next().await.unwrap()["type"], "ADDED");
    }
    let last = lines.next().await.unwrap();
    assert_eq!((&last["type"], &last["object"]["metadata"]["resourceVersion"]), (&json!("BOOKMARK"), &json!("348")));
    assert_eq!(lines.next().await, None, "its time is over");
}

#[tokio::test(start_paused = true)]
async fn the_past_that_is_gone_is_410_in_the_stream() {
    let cluster = recorded_cluster();
    let mut lines = Lines::of(&cluster, "/api/v1/pods?watch=true&resourceVersion=7").await;
    let line = lines.next().await.unwrap();
    assert_eq!((&line["type"], &line["object"]["code"], &line["object"]["reason"]), (&json!("ERROR"), &json!(410), &json!("Expired")));
    assert_eq!(line["object"]["message"], "too old resource version: 7 (348)");
    assert_eq!(lines.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn the_columns_of_a_watched_table_are_named_once() {
    let cluster = recorded_cluster();
    let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    let mut lines = Lines::formed(&cluster, "/api/v1/nodes?watch=true", table).await;
    let first = lines.next().await.unwrap();
    assert_eq!((&first["type"], &first["object"]["kind"]), (&json!("ADDED"), &json!("Table")));
    assert_eq!(first["object"]["columnDefinitions"][0]["name"], "Name");
    assert_eq!(first["object"]["rows"][0]["cells"][1], "Ready");
    assert_eq!(lines.next().await.unwrap()["object"]["columnDefinitions"], Value::Null);
}
