//! Refusals, and answers that are not Azure's.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Response, header};
use futures_util::stream;
use holdup::domain::source::FailureKind;
use holdup::source::poller::poll_once;
use serde_json::json;

use super::server::{Canned, Replay, SUBSCRIPTION, WORKSPACE, connected, fixture_text, gap, poll, read, recorded_http, serve, workload};

fn endpoints() -> String {
    format!("{WORKSPACE}/onlineEndpoints")
}

#[tokio::test]
async fn wrong_credentials_and_a_wrong_place_are_told_with_the_next_step() {
    let cases = [
        (401, fixture_text("error_401_expired.json"), FailureKind::Expired, "az login"),
        (
            401,
            json!({"error": {"code": "InvalidAuthenticationToken", "message": "The access token is invalid."}}).to_string(),
            FailureKind::NoCredentials,
            "az login",
        ),
        (
            401,
            json!({"error": {"code": "InvalidAuthenticationTokenTenant", "message": "wrong issuer"}}).to_string(),
            FailureKind::WrongAccount,
            "--tenant",
        ),
        (403, fixture_text("error_403_authorization.json"), FailureKind::Denied, "AzureML Data Scientist"),
        (
            404,
            json!({"error": {"code": "SubscriptionNotFound", "message": "The subscription 'x' could not be found."}}).to_string(),
            FailureKind::NotFound,
            "az account list",
        ),
        (404, fixture_text("error_404_deployment.json"), FailureKind::NotFound, "resource_group"),
        (500, json!({"error": {"code": "InternalServerError", "message": "oops"}}).to_string(), FailureKind::ServerError, "asked again"),
        (502, "<html><body>Bad Gateway</body></html>".to_owned(), FailureKind::ServerError, "proxy"),
        (200, "<html><body>Sign in</body></html>".to_owned(), FailureKind::Garbage, "login page"),
        (200, String::new(), FailureKind::Garbage, "proxy"),
        (200, "{\"value\": 7}".to_owned(), FailureKind::Garbage, "Resource Manager"),
        (200, "[]".to_owned(), FailureKind::Garbage, "Resource Manager"),
    ];
    for (status, body, kind, hint) in cases {
        let failure = read(&Replay::default().body(&endpoints(), status, &body).serve().await).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{status} {body}: {failure:?}");
        assert!(failure.hint.contains(hint), "{failure:?}");
        assert!(!format!("{failure:?}").contains("simulated-token"));
    }
}

#[tokio::test]
async fn a_denied_call_of_many_is_a_gap_with_its_permission() {
    let list = json!({"value": [serde_json::from_str::<serde_json::Value>(&fixture_text("online_endpoint_chat-prod.json")).unwrap()]});
    let replay = Replay::default()
        .body(&endpoints(), 200, &list.to_string())
        .fixture(&format!("{WORKSPACE}/onlineEndpoints/chat-prod/deployments"), "deployments_chat-prod.json")
        .body(
            &format!("{WORKSPACE}/onlineEndpoints/chat-prod/deployments/canary/getLogs"),
            403,
            &fixture_text("error_403_authorization.json"),
        );
    let view = read(&replay.serve().await).await.unwrap();
    let failure = gap(&view, "inference-server log of chat-prod/canary");
    assert_eq!(failure.kind, FailureKind::Denied);
    assert!(failure.permissions[0].ends_with("getLogs/action"), "{failure:?}");
    assert_eq!(gap(&view, "operation of chat-prod/canary").kind, FailureKind::NotFound, "forgotten by the service");
    assert_eq!(gap(&view, "activity log").kind, FailureKind::NotFound);
    assert_eq!(view.workloads.len(), 4, "and everything else is there");
}

#[tokio::test]
async fn a_pause_is_kept_by_all_requests() {
    let replay = Replay::default().with(&endpoints(), recorded_http("error_429_arm.http"));
    let mut connected = connected(&replay.serve().await);
    let failure = poll(connected.sources[0].as_mut()).await.unwrap_err();
    assert_eq!((failure.kind, failure.retry_after), (FailureKind::Throttled, Some(Duration::from_secs(17))));
    let again = poll(connected.sources[0].as_mut()).await.unwrap_err();
    assert_eq!(again.kind, FailureKind::Throttled);
    assert_eq!(replay.asked().len(), 1, "nobody is asked during the pause");
}

#[tokio::test]
async fn headers_of_a_good_answer_are_read_and_scarcity_stops_what_is_only_nice_to_know() {
    let mut canned = recorded_http("get_200_headers.http");
    canned.body = fixture_text("online_endpoints_list.json").into_bytes();
    for header in &mut canned.headers {
        if header.0 == "x-ms-ratelimit-remaining-subscription-reads" {
            header.1 = "12".to_owned();
        }
    }
    let replay = Replay::default().with(&endpoints(), canned);
    read(&replay.serve().await).await.unwrap();
    assert!(replay.asked().iter().all(|asked| !asked.path.contains("Microsoft.Insights/metrics")));
}

#[tokio::test]
async fn a_redirection_is_not_followed_and_no_token_leaves() {
    let thief = Replay::default();
    let elsewhere = format!("{}/subscriptions/x", thief.serve().await);
    let canned = Canned { status: 307, headers: vec![("location".into(), elsewhere.clone())], body: Vec::new() };
    let failure = read(&Replay::default().with(&endpoints(), canned).serve().await).await.unwrap_err();
    assert!(failure.kind == FailureKind::Garbage && failure.message.contains("elsewhere"), "{failure:?}");
    // Nor does a link in an answer lead there.
    let list = json!({"value": [], "nextLink": elsewhere});
    let replay = Replay::default().body(&endpoints(), 200, &list.to_string());
    let failure = read(&replay.serve().await).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert!(thief.asked().is_empty());
    assert_eq!(replay.asked().len(), 2, "the link was taken to the own server");
}

#[tokio::test]
async fn a_list_without_end_is_cut_and_said() {
    let path = endpoints();
    let list = json!({"value": [], "nextLink": format!("https://management.azure.com{path}?api-version=2025-12-01&$skip=x")});
    let replay = Replay::default().body(&path, 200, &list.to_string());
    let view = read(&replay.serve().await).await.unwrap();
    assert!(gap(&view, "endpoints").message.contains("more than 20 pages"));
    assert_eq!(replay.asked().iter().filter(|asked| asked.path == path).count(), 20);
}

#[tokio::test]
async fn an_older_interface_is_asked_where_the_newest_is_not_served() {
    let refusal = json!({"error": {"code": "NoRegisteredProviderFound", "message": "No registered resource provider found for API version '2025-12-01'."}});
    let replay = Replay::default().body(&endpoints(), 400, &refusal.to_string()).fixture(&endpoints(), "online_endpoints_list.json");
    let view = read(&replay.serve().await).await.unwrap();
    assert!(!view.workloads.is_empty());
    let asked = replay.asked();
    assert!(asked[1].query.contains("2024-10-01") && asked[2].query.contains("2024-10-01"));
}

#[tokio::test]
async fn a_hundred_megabytes_end_at_the_bound() {
    let body = || {
        let chunks = stream::iter((0..1_600).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 64 * 1024]))));
        Response::builder().header(header::CONTENT_TYPE, "application/json").body(Body::from_stream(chunks)).unwrap()
    };
    let failure = read(&serve(Router::new().fallback(move || async move { body() })).await).await.unwrap_err();
    assert!(failure.kind == FailureKind::Garbage && failure.message.contains("16 MiB"), "{failure:?}");
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let endpoint = serve(Router::new().fallback(|| async { std::future::pending::<&str>().await })).await;
    let mut connected = connected(&endpoint);
    // The clock of the test stands still until everybody waits; the poll then times out at once.
    tokio::time::pause();
    let update = poll_once(connected.sources[0].as_mut(), std::sync::Arc::default(), None).await;
    assert_eq!(update.outcome.unwrap_err().kind, FailureKind::TimedOut);
}

#[tokio::test]
async fn states_nobody_knows_keep_their_word_and_odd_records_are_gaps() {
    let strange = json!({"value": [
        {"name": "green", "properties": {"provisioningState": "Hibernating", "instanceType": 7}, "sku": {"capacity": "many"}},
        {"name": "../../evil"}, "text", {"properties": null},
    ]});
    let list = json!({"value": [{"name": "chat", "properties": {"traffic": {"green": 70, "blue": 70}, "mirrorTraffic": {"green": 60}}}]});
    let replay = Replay::default().body(&endpoints(), 200, &list.to_string()).body(
        &format!("{WORKSPACE}/onlineEndpoints/chat/deployments"),
        200,
        &strange.to_string(),
    );
    let view = read(&replay.serve().await).await.unwrap();
    assert_eq!(workload(&view, "chat/green").status.native.as_str(), "Hibernating");
    assert_eq!(workload(&view, "chat/green").status.phase, holdup::domain::workload::Phase::Unrecognized);
    assert_eq!(view.gaps.iter().filter(|gap| gap.what.contains("a deployment of chat")).count(), 3);
    assert!(gap(&view, "traffic of chat").message.contains("140 %"));
}

#[tokio::test]
async fn usages_are_read_to_their_end_and_what_is_cut_is_said() {
    let path = format!("{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/locations/eastus2/usages");
    let row = |name: &str| {
        json!({"id": "/u", "type": "Microsoft.MachineLearningServices/vmFamily/usages", "currentValue": 1, "limit": 8,
            "name": {"value": name, "localizedValue": name}})
    };
    let next = format!("https://management.azure.com{path}?api-version=2025-12-01&$skip=x");
    let page = |name: &str, next: &str| json!({"value": [row(name)], "nextLink": next}).to_string();
    let begin = || Replay::default().fixture(WORKSPACE, "workspace_get.json").fixture(&endpoints(), "online_endpoints_list.json");
    let two = begin().body(&path, 200, &page("Standard A Family vCPUs", &next)).body(&path, 200, &page("Standard B Family vCPUs", ""));
    let view = read(&two.serve().await).await.unwrap();
    let names: Vec<&str> = view.quotas.iter().map(|quota| quota.key.name.as_str()).filter(|name| name.contains("Family")).collect();
    assert_eq!(names, ["Standard A Family vCPUs", "Standard B Family vCPUs"]);
    let endless = begin().body(&path, 200, &page("Standard A Family vCPUs", &next));
    let view = read(&endless.serve().await).await.unwrap();
    assert!(gap(&view, "quotas of Machine Learning").message.contains("more than 20 pages"));
}

#[tokio::test]
async fn a_workspace_without_endpoints_is_empty_and_nothing_is_wrong_with_it() {
    let nothing = json!({"value": []}).to_string();
    let replay = Replay::default().fixture(WORKSPACE, "workspace_get.json").body(&endpoints(), 200, &nothing);
    let view = read(&replay.serve().await).await.unwrap();
    assert!(view.workloads.is_empty() && view.cluster.is_some());
    assert!(view.gaps.iter().all(|gap| !gap.what.contains("endpoint")), "{:?}", view.gaps);
}
