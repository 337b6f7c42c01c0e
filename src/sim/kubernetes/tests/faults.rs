//! What is broken, and that it passes.

use axum::body::to_bytes;
use futures_util::StreamExt as _;
use serde_json::json;

use super::recorded_cluster;
use crate::sim::world::Permission;

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_back() {
    let cluster = recorded_cluster();
    cluster.told.faults.lock().unwrap().throttled_requests = 2;
    for _ in 0..2 {
        let response = cluster.send("GET", "/api/v1/pods", &[]).await;
        assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (429, "1"));
    }
    assert_eq!(cluster.send("GET", "/api/v1/pods", &[]).await.status().as_u16(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_stalls_sends_half_and_nothing_more() {
    let cluster = recorded_cluster();
    cluster.told.faults.lock().unwrap().stalled_lists = 1;
    let mut stream = cluster.send("GET", "/api/v1/pods", &[]).await.into_body().into_data_stream();
    let half = stream.next().await.unwrap().unwrap();
    assert!(serde_json::from_slice::<serde_json::Value>(&half).is_err());
    assert!(tokio::time::timeout(std::time::Duration::from_hours(1), stream.next()).await.is_err());
    assert_eq!(cluster.get("/api/v1/pods").await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn what_is_cut_is_an_error_and_what_is_garbled_is_no_json() {
    let cluster = recorded_cluster();
    cluster.told.faults.lock().unwrap().cut_lists = 1;
    let cut = cluster.send("GET", "/api/v1/pods", &[]).await;
    assert!(to_bytes(cut.into_body(), usize::MAX).await.is_err());
    cluster.told.faults.lock().unwrap().garbled_watches = 1;
    let garbled = cluster.send("GET", "/api/v1/pods?watch=true", &[]).await;
    let bytes = to_bytes(garbled.into_body(), usize::MAX).await.unwrap();
    assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_err() && bytes.ends_with(b"\n"));
}

#[tokio::test]
async fn a_token_is_wanted_only_if_the_cluster_says_so() {
    let cluster = recorded_cluster();
    cluster.told.faults.lock().unwrap().token = Some("good".to_owned());
    assert_eq!(cluster.text("/api/v1/pods", &[]).await.0, 401);
    assert_eq!(cluster.text("/api/v1/pods", &[("authorization", "Bearer good")]).await.0, 200);
}

#[tokio::test]
async fn rights_are_of_verbs_and_places() {
    let cluster = recorded_cluster();
    let rule = Permission::read("get,list pods,deployments in default").unwrap();
    cluster.told.faults.lock().unwrap().allowed = Some(vec![rule]);
    assert_eq!(cluster.get("/api/v1/namespaces/default/pods").await.0, 200);
    let (status, refusal) = cluster.get("/api/v1/pods?watch=true").await;
    assert_eq!((status, &refusal["details"]), (403, &json!({ "kind": "pods" })));
    let (_, refusal) = cluster.get("/apis/apps/v1/namespaces/other/deployments/x").await;
    assert_eq!(
        refusal["message"],
        r#"deployments.apps "x" is forbidden: User "ml-oncall" cannot get resource "deployments" in API group "apps" in the namespace "other""#
    );
    let (status, refusal) = cluster.get("/api/v1/namespaces/default/pods/x/log").await;
    assert_eq!(status, 403);
    assert!(refusal["message"].as_str().unwrap().contains(r#"cannot get resource "pods/log""#));
}
