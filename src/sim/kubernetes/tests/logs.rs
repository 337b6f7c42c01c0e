//! Logs over HTTP.

use serde_json::json;

use super::{Cluster, recorded_cluster};
use crate::sim::kubernetes::backing::LogEntry;

fn cluster(state: &serde_json::Value) -> Cluster {
    let cluster = recorded_cluster();
    let line = |second, text: &str| LogEntry { at: crate::domain::time::Timestamp::from_second(second).unwrap(), text: text.to_owned() };
    *cluster.told.log.lock().unwrap() = vec![line(60, "one"), line(120, "two"), line(180, "three")];
    let status = json!({ "containerStatuses": [{ "name": "api", "state": state, "lastState": { "terminated": { "exitCode": 1 } } }] });
    let spec = json!({ "nodeName": "a", "containers": [{ "name": "api" }] });
    cluster.tell(vec![
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p", "namespace": "n" }, "spec": spec, "status": status }),
    ]);
    cluster
}

#[tokio::test]
async fn parts_of_a_log() {
    let cluster = cluster(&json!({ "running": {} }));
    for (query, text) in [
        ("", "one\ntwo\nthree\n"),
        ("tailLines=2", "two\nthree\n"),
        ("tailLines=0", ""),
        ("sinceTime=1970-01-01T00:02:00Z", "two\nthree\n"),
        ("limitBytes=5", "one\nt"),
        ("timestamps=true&tailLines=1", "1970-01-01T00:03:00.000000000Z three\n"),
        ("previous=true", "one\n"),
        ("container=api&follow=false", "one\ntwo\nthree\n"),
    ] {
        assert_eq!(cluster.text(&format!("/api/v1/namespaces/n/pods/p/log?{query}"), &[]).await, (200, text.to_owned()), "{query}");
    }
    for (query, code) in [("container=x", 400), ("tailLines=-1", 422), ("sinceSeconds=1&sinceTime=1970-01-01T00:02:00Z", 422)] {
        assert_eq!(cluster.get(&format!("/api/v1/namespaces/n/pods/p/log?{query}")).await.0, code, "{query}");
    }
    assert_eq!(cluster.get("/api/v1/namespaces/n/pods/none/log").await.0, 404);
}

#[tokio::test(start_paused = true)]
async fn a_followed_log_goes_on_until_the_container_ends() {
    use futures_util::StreamExt as _;
    let cluster = cluster(&json!({ "running": {} }));
    let response = cluster.send("GET", "/api/v1/namespaces/n/pods/p/log?follow=true&tailLines=1", &[]).await;
    let mut stream = response.into_body().into_data_stream();
    assert_eq!(stream.next().await.unwrap().unwrap(), "three\n");
    let line = LogEntry { at: crate::domain::time::Timestamp::from_second(240).unwrap(), text: "four".to_owned() };
    cluster.told.log.lock().unwrap().push(line);
    assert_eq!(stream.next().await.unwrap().unwrap(), "four\n");
    let status = json!({ "containerStatuses": [{ "name": "api", "state": { "terminated": { "exitCode": 1 } } }] });
    let spec = json!({ "nodeName": "a", "containers": [{ "name": "api" }] });
    cluster.tell(vec![
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p", "namespace": "n" }, "spec": spec, "status": status }),
    ]);
    assert!(stream.next().await.is_none());
}
