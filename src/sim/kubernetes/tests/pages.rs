//! Lists in pages, selectors, versions.

use serde_json::{Value, json};

use super::{items, recorded, recorded_cluster};

#[tokio::test]
async fn a_page_is_framed_as_recorded() {
    let cluster = recorded_cluster();
    let recorded: Value = serde_json::from_str(recorded!("pods_page_limit2.json")).unwrap();
    // The recording was made eight changes later.
    let mut changed = items(recorded!("pods_page_limit2.json"), "Pod", "v1");
    for count in 0..7 {
        let mut pod = changed[0].clone();
        pod["status"]["message"] = count.into();
        cluster.tell(vec![pod]);
        cluster.get("/version").await;
    }
    cluster.tell(vec![changed.remove(0)]);
    let (_, page) = cluster.get("/api/v1/namespaces/default/pods?limit=2").await;
    assert_eq!(page["metadata"], recorded["metadata"]);
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    assert_eq!(page["items"][1]["metadata"]["name"], recorded["items"][1]["metadata"]["name"]);
}

#[tokio::test]
async fn pages_are_of_one_moment_whatever_happens_between_them() {
    let cluster = recorded_cluster();
    let (_, whole) = cluster.get("/api/v1/pods").await;
    let (_, mut page) = cluster.get("/api/v1/pods?limit=3").await;
    let mut seen = page["items"].as_array().unwrap().clone();
    while let Some(token) = page["metadata"]["continue"].as_str().map(str::to_owned) {
        let mut pod = items(recorded!("pods.json"), "Pod", "v1").pop().unwrap();
        pod["status"]["message"] = seen.len().into();
        let mut other = pod.clone();
        other["metadata"]["name"] = format!("zz-{}", seen.len()).into();
        cluster.tell(vec![pod, other]);
        (_, page) = cluster.get(&format!("/api/v1/pods?limit=3&continue={token}")).await;
        assert_eq!(page["metadata"]["resourceVersion"], "348");
        seen.extend(page["items"].as_array().unwrap().clone());
    }
    assert_eq!(json!(seen), whole["items"]);
    assert_eq!(cluster.get("/api/v1/pods").await.1["items"].as_array().unwrap().len(), 9);
}

#[tokio::test]
async fn a_page_too_late_says_how_to_go_on() {
    let cluster = recorded_cluster();
    let (_, page) = cluster.get("/api/v1/pods?limit=2").await;
    let token = page["metadata"]["continue"].as_str().unwrap();
    for count in 0..4_200 {
        let mut pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "busy", "namespace": "default" } });
        pod["status"] = json!({ "message": count });
        cluster.tell(vec![pod]);
        cluster.server.look(|_| ());
    }
    let (status, gone) = cluster.get(&format!("/api/v1/pods?limit=2&continue={token}")).await;
    assert_eq!((status, &gone["reason"], &gone["code"]), (410, &json!("Expired"), &json!(410)));
    let token = gone["metadata"]["continue"].as_str().unwrap();
    let (status, rest) = cluster.get(&format!("/api/v1/pods?limit=2&continue={token}")).await;
    assert_eq!((status, rest["items"].as_array().unwrap().len()), (200, 2));
}

#[tokio::test]
async fn selectors_and_versions() {
    let cluster = recorded_cluster();
    let count = |list: &Value| list["items"].as_array().map_or(0, Vec::len);
    for (query, found) in [
        ("labelSelector=app%3Dcrasher", 1),
        ("labelSelector=app%20in%20(crasher,hungry)", 2),
        ("fieldSelector=status.phase%3DRunning,metadata.namespace%3Ddefault", 5),
        ("fieldSelector=metadata.name%3Dnone", 0),
        ("resourceVersion=0&limit=2", 7),
        ("resourceVersion=348&resourceVersionMatch=Exact", 7),
    ] {
        let (status, list) = cluster.get(&format!("/api/v1/pods?{query}")).await;
        assert_eq!((status, count(&list)), (200, found), "{query}");
    }
    for (query, code, reason) in [
        ("fieldSelector=spec.color%3Dred", 400, "BadRequest"),
        ("resourceVersion=999", 504, "Timeout"),
        ("resourceVersion=1&resourceVersionMatch=Exact", 410, "Expired"),
        ("resourceVersionMatch=Exact", 422, "Invalid"),
        ("resourceVersion=abc", 422, "Invalid"),
        ("watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", 422, "Invalid"),
        ("continue=x", 400, "BadRequest"),
    ] {
        let (status, refusal) = cluster.get(&format!("/api/v1/pods?{query}")).await;
        assert_eq!((status, refusal["reason"].as_str()), (code, Some(reason)), "{query}: {refusal}");
    }
    let (_, limited) = cluster.get("/api/v1/pods?limit=2&labelSelector=app").await;
    assert_eq!(limited["metadata"].get("remainingItemCount"), None, "nobody counts what a selector leaves");
}
