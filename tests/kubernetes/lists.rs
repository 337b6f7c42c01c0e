//! Lists: in pages, from servers that stall, forget, break off, or send what nobody asked for.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use holdup::domain::source::FailureKind;
use holdup::source::kubernetes::informer::{Feed, Progress, State};
use serde_json::{Value, json};

use super::server::{Answer, Followed, Script, fixture, follow, list_of, pod};

fn recorded() -> Vec<Value> {
    let list: Value = serde_json::from_slice(&fixture("pods.json")).unwrap();
    list["items"].as_array().unwrap().clone()
}

fn names(items: &[Value]) -> Vec<String> {
    let mut names: Vec<String> = items.iter().map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

pub fn progress(followed: &Followed, plural: &str) -> Progress {
    let all = followed.shared.progress(Feed::Workloads);
    all.into_iter().find(|(watched, _)| watched.plural == plural).unwrap().1
}

#[tokio::test]
async fn recorded_pages_are_read_whole_and_watched_from_where_they_end() {
    let all = recorded();
    let rest = list_of("356", None, &all[2..]);
    let script = Script::default().list("pods", [Answer::fixture(200, "pods_page_limit2.json"), Answer::json(&rest)]);
    let followed = follow(&script).await;
    let expected = names(&all);
    followed.until_pods(&expected.iter().map(String::as_str).collect::<Vec<_>>()).await;
    followed.until("a watch", |_| !script.asked(&["/pods", "watch=1"]).is_empty()).await;
    let pages = script.asked(&["/api/v1/pods?", "limit=500"]);
    assert_eq!(pages.len(), 2, "{pages:?}");
    assert!(!pages[0].contains("continue") && pages[1].contains("continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEi"), "{pages:?}");
    let watch = &script.asked(&["/pods", "watch=1"])[0];
    assert!(watch.contains("resourceVersion=356") && watch.contains("allowWatchBookmarks=true"), "{watch}");
}

#[tokio::test]
async fn a_page_that_stalls_or_breaks_off_is_asked_for_again_and_nothing_is_lost() {
    let first = list_of("9", Some("t1"), &[pod("a", "1"), pod("b", "2")]);
    let second = list_of("9", None, &[pod("c", "3"), pod("d", "4")]).to_string();
    let half = second[..second.len() / 2].to_owned();
    let script = Script::default()
        .list("pods", [Answer::json(&first), Answer::then_silence(half.clone()), Answer::then_break(half), Answer::whole(200, second)]);
    let followed = follow(&script).await;
    followed.until_pods(&["a", "b", "c", "d"]).await;
    assert_eq!(script.asked(&["/pods", "continue=t1"]).len(), 3);
    assert_eq!(script.asked(&["/api/v1/pods?limit=500"]).len(), 4, "the first page is asked for once: {:?}", script.asked(&["/pods?"]));
    assert_eq!(progress(&followed, "pods").state, State::Alive);
}

#[tokio::test]
async fn a_token_that_expired_begins_the_list_anew() {
    let gone = json!({"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410,
        "message": "The provided continue parameter is too old to display a consistent list result."});
    let first = list_of("9", Some("t1"), &[pod("old", "1")]);
    let anew = list_of("12", None, &[pod("a", "5"), pod("b", "6")]);
    let script = Script::default().list("pods", [Answer::json(&first), Answer::whole(410, gone.to_string()), Answer::json(&anew)]);
    let followed = follow(&script).await;
    followed.until_pods(&["a", "b"]).await;
    followed.until("a watch", |_| !script.asked(&["/pods", "watch=1", "resourceVersion=12"]).is_empty()).await;
}

#[tokio::test]
async fn what_is_no_pod_is_counted_and_the_others_are_read() {
    let items = [
        pod("a", "1"),
        json!({"metadata": {}}),
        json!("word"),
        json!({"metadata": {"name": "bare"}}),
        json!({"metadata": {"name": "odd", "labels": 7, "creationTimestamp": "2031-13-45"}, "spec": [], "status": "x"}),
        json!({"metadata": {"name": "ahead", "creationTimestamp": "2199-01-01T00:00:00Z"}}),
    ];
    let script = Script::default().list("pods", [Answer::json(&list_of("9", None, &items))]);
    let followed = follow(&script).await;
    followed.until("all", |followed| followed.pods().len() == 4).await;
    followed.until("a count", |followed| progress(followed, "pods").unreadable == 2).await;
    assert!(progress(&followed, "pods").example.is_some());
}

#[tokio::test]
async fn a_server_without_pages_sends_all_at_once_and_each_item_is_taken_as_it_comes() {
    let many: Vec<Value> = (0..3_000).map(|number| pod(&format!("p{number:05}"), "1")).collect();
    let body = list_of("9", None, &many).to_string();
    let all_but_the_end = body[..body.len() - 2].to_owned();
    let script = Script::default().list("pods", [Answer::then_break(all_but_the_end), Answer::whole(200, body)]);
    let followed = follow(&script).await;
    followed.until("all", |followed| followed.pods().len() == 3_000).await;
}

#[tokio::test]
async fn a_page_of_a_login_portal_is_no_list() {
    let script = Script::default().list(
        "pods",
        [Answer::whole(200, "<html>Please log in</html>"), Answer::whole(200, "{}"), Answer::json(&list_of("9", None, &[pod("a", "1")]))],
    );
    let followed = follow(&script).await;
    followed.until_pods(&["a"]).await;
}

#[tokio::test]
async fn too_many_requests_are_answered_by_the_pause_that_the_server_asks_for() {
    let script = Script::default().list(
        "pods",
        [
            Answer::whole(429, "{}").retry_after(1),
            Answer::whole(503, "no healthy upstream"),
            Answer::json(&list_of("9", None, &[pod("a", "1")])),
        ],
    );
    let begun = std::time::Instant::now();
    let followed = follow(&script).await;
    followed.until_pods(&["a"]).await;
    assert!(begun.elapsed() >= std::time::Duration::from_secs(1), "it waited");
}

#[tokio::test]
async fn a_login_that_expired_is_renewed_before_anybody_is_told() {
    let script = Script::default()
        .list("pods", [Answer::fixture(401, "unauthorized_401.json"), Answer::json(&list_of("9", None, &[pod("a", "1")]))]);
    let followed = follow(&script).await;
    followed.until_pods(&["a"]).await;
    assert_eq!(script.asked(&["/api/v1/pods?limit"]).len(), 2);
}

#[tokio::test]
async fn where_not_all_namespaces_may_be_read_ones_own_is() {
    let denied = || Answer::fixture(403, "forbidden_403.json");
    let script = Script::default()
        .list("pods in default", [Answer::json(&list_of("9", None, &[pod("a", "1")]))])
        .list("pods", [denied()])
        .list("nodes", [denied()]);
    let followed = follow(&script).await;
    followed.until_pods(&["a"]).await;
    let all = followed.shared.progress(Feed::Workloads);
    let narrowed = all.iter().filter_map(|(watched, one)| Some((watched.plural, one.narrowed.as_ref()?))).collect::<Vec<_>>();
    assert_eq!(narrowed.len(), 1);
    assert_eq!(narrowed[0].1.permissions, ["list pods"]);
    followed.until("a denial of nodes", |followed| matches!(progress(followed, "nodes").state, State::Troubled { .. })).await;
    let State::Troubled { failure, .. } = progress(&followed, "nodes").state else { return };
    assert_eq!((failure.kind, failure.permissions), (FailureKind::Denied, vec!["list nodes".into()]));
    followed.until("a watch", |_| !script.asked(&["/namespaces/default/pods", "watch=1"]).is_empty()).await;
}

#[tokio::test]
async fn custom_kinds_are_asked_for_only_where_they_are_installed() {
    let groups = json!({"groups": [
        {"name": "apps", "versions": [{"version": "v1"}]},
        {"name": "karpenter.sh", "versions": [{"version": "v1"}]},
        {"name": "ray.io", "versions": [{"version": "v1alpha1"}]},
    ]});
    let karpenter = json!({"resources": [{"name": "nodepools"}, {"name": "nodepools/status"}]});
    let ray = json!({"resources": [{"name": "rayservices"}]});
    let script = Script::default()
        .on("/apis", [Answer::json(&groups)])
        .on("/apis/karpenter.sh/v1", [Answer::json(&karpenter)])
        .on("/apis/ray.io/v1alpha1", [Answer::json(&ray)]);
    let followed = follow(&script).await;
    followed.until("a list of pools", |_| !script.asked(&["/apis/karpenter.sh/v1/nodepools?"]).is_empty()).await;
    followed.until("a list of services", |_| !script.asked(&["/apis/ray.io/v1alpha1/rayservices?"]).is_empty()).await;
    followed.shared.settled(Feed::Nodes).await;
    for absent in ["nodeclaims", "inferenceservices", "keda", "leaderworkersets", "horizontalpodautoscalers"] {
        assert_eq!(script.asked(&[absent]), Vec::<String>::new(), "{absent}");
    }
}
