//! Watches: what they bring, and everything that ends them.

use std::time::Duration;

use holdup::domain::source::FailureKind;
use holdup::source::kubernetes::informer::{Feed, State};
use holdup::source::kubernetes::server::Patience;
use serde_json::{Value, json};

use super::lists::progress;
use super::server::{Answer, PATIENCE, Script, change, fixture, follow, follow_patiently, list_of, pod};

fn gone() -> Value {
    json!({"kind": "Status", "status": "Failure", "message": "too old resource version: 9 (120)", "reason": "Expired", "code": 410})
}

fn first(names: &[&str]) -> Answer {
    let pods: Vec<Value> = names.iter().map(|name| pod(name, "1")).collect();
    Answer::json(&list_of("9", None, &pods))
}

#[tokio::test]
async fn a_recorded_stream_is_followed_to_its_last_version() {
    let stream = fixture("pods_watch.jsonl");
    let last: Value = serde_json::from_slice(stream.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap()).unwrap();
    let version = last["object"]["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    let script = Script::default()
        .list("pods", [Answer::fixture(200, "pods.json")])
        .watch("pods", [Answer::whole(200, stream), Answer::then_silence("")]);
    let followed = follow(&script).await;
    let next = format!("resourceVersion={version}");
    followed.until("a second watch from where the first ended", |_| !script.asked(&["/pods", "watch=1", &next]).is_empty()).await;
    assert_eq!(script.asked(&["/api/v1/pods?limit"]).len(), 1, "nothing is listed again");
}

#[tokio::test]
async fn changes_arrive_and_what_is_deleted_goes() {
    let lines = [
        change("ADDED", &pod("b", "10")),
        change("MODIFIED", &pod("b", "11")),
        change("DELETED", &pod("a", "12")),
        change("INVENTED", &pod("x", "13")),
        change("BOOKMARK", &json!({"kind": "Pod", "metadata": {"resourceVersion": "20", "creationTimestamp": null}})),
    ];
    let script =
        Script::default().list("pods", [first(&["a"])]).watch("pods", [Answer::whole(200, lines.concat()), Answer::then_silence("")]);
    let followed = follow(&script).await;
    followed.until_pods(&["b"]).await;
    followed.until("a watch from the bookmark", |_| !script.asked(&["/pods", "watch=1", "resourceVersion=20"]).is_empty()).await;
}

#[tokio::test]
async fn gone_is_answered_with_one_new_list_however_it_is_told() {
    for told in [Answer::whole(410, gone().to_string()), Answer::whole(200, change("ERROR", &gone()))] {
        let anew = Answer::json(&list_of("130", None, &[pod("b", "120")]));
        let script = Script::default().list("pods", [first(&["a"]), anew]).watch("pods", [told, Answer::then_silence("")]);
        let followed = follow(&script).await;
        followed.until_pods(&["b"]).await;
        followed.until("a watch", |_| !script.asked(&["/pods", "watch=1", "resourceVersion=130"]).is_empty()).await;
        assert_eq!(script.asked(&["/api/v1/pods?limit"]).len(), 2);
        assert_eq!(progress(&followed, "pods").state, State::Alive);
    }
}

#[tokio::test]
async fn a_silent_connection_is_left_for_a_new_one_from_the_same_place() {
    let script = Script::default()
        .list("pods", [first(&["a"])])
        .watch("pods", [Answer::then_silence(change("ADDED", &pod("b", "10"))), Answer::then_silence(change("ADDED", &pod("c", "11")))]);
    let followed = follow(&script).await;
    followed.until_pods(&["a", "b", "c"]).await;
    assert!(!script.asked(&["/pods", "watch=1", "resourceVersion=10"]).is_empty());
    assert_eq!(script.asked(&["/api/v1/pods?limit"]).len(), 1);
    assert_eq!(progress(&followed, "pods").trouble(), None, "nobody needs to know");
}

#[tokio::test]
async fn half_a_line_is_asked_for_again() {
    let whole = change("ADDED", &pod("b", "10")) + &change("ADDED", &pod("c", "11"));
    let cut = whole[..whole.len() - 30].to_owned();
    for half in [Answer::whole(200, cut.clone()), Answer::then_break(cut)] {
        let rest = Answer::then_silence(change("ADDED", &pod("c", "11")));
        let script = Script::default().list("pods", [first(&["a"])]).watch("pods", [half, rest]);
        let followed = follow(&script).await;
        followed.until_pods(&["a", "b", "c"]).await;
        assert!(!script.asked(&["/pods", "watch=1", "resourceVersion=10"]).is_empty());
    }
}

#[tokio::test]
async fn garbage_is_read_again_from_before_it_and_listed_if_it_stays() {
    let nonsense =
        || Answer::then_silence(change("ADDED", &pod("b", "10")) + "<html>502 Bad Gateway</html>\n" + &change("ADDED", &pod("lost", "11")));
    let again = || Answer::then_silence("}{ not json\n");
    let script = Script::default()
        .list("pods", [first(&["a"]), Answer::json(&list_of("40", None, &[pod("a", "1"), pod("b", "10"), pod("c", "39")]))])
        .watch("pods", [nonsense(), again(), again(), Answer::then_silence("")]);
    let followed = follow(&script).await;
    followed.until_pods(&["a", "b", "c"]).await;
    assert!(!script.asked(&["/pods", "watch=1", "resourceVersion=10"]).is_empty(), "first it is asked for again");
    assert_eq!(script.asked(&["/api/v1/pods?limit"]).len(), 2);
}

#[tokio::test]
async fn a_huge_line_and_an_object_without_a_name_are_counted_and_the_next_is_read() {
    let huge = "x".repeat(5 * 1024 * 1024);
    let lines = change("ADDED", &json!({"metadata": {"name": "huge", "note": huge}}))
        + &change("ADDED", &json!({"metadata": {"resourceVersion": "10"}}))
        + &change("ADDED", &pod("b", "11"));
    let script = Script::default().list("pods", [first(&["a"])]).watch("pods", [Answer::then_silence(lines)]);
    let patience = Patience { silence: Duration::from_secs(20), ..PATIENCE };
    let followed = follow_patiently(&script, patience).await;
    followed.until_pods(&["a", "b"]).await;
    followed.until("a count", |followed| progress(followed, "pods").unreadable == 2).await;
}

#[tokio::test]
async fn a_server_that_is_unwell_is_told_of_while_the_data_stays_and_forgotten_when_it_is_well() {
    let unwell = || Answer::whole(503, "upstream connect error");
    let script = Script::default()
        .list("pods", [first(&["a"])])
        .watch("pods", [unwell(), unwell(), unwell(), unwell(), Answer::then_silence(change("ADDED", &pod("b", "10")))]);
    let followed = follow(&script).await;
    followed.until("a word of it", |followed| progress(followed, "pods").trouble().is_some()).await;
    assert_eq!(followed.pods(), ["a"]);
    followed.until_pods(&["a", "b"]).await;
    assert_eq!(progress(&followed, "pods").state, State::Alive);
}

#[tokio::test]
async fn a_server_that_forgets_at_once_every_time_is_not_listed_without_end() {
    let script = Script::default().list("pods", [first(&["a"])]).watch("pods", [Answer::whole(410, gone().to_string())]);
    let followed = follow(&script).await;
    followed.until("some lists", |_| script.asked(&["/api/v1/pods?limit"]).len() >= 3).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let lists = script.asked(&["/api/v1/pods?limit"]).len();
    assert!(lists <= 6, "{lists} lists");
}

#[tokio::test]
async fn a_calm_cluster_costs_next_to_nothing() {
    let script = Script::default().list("pods", [Answer::fixture(200, "pods.json")]).list("nodes", [Answer::fixture(200, "nodes.json")]);
    let patience = Patience { silence: Duration::from_mins(1), ..PATIENCE };
    let followed = follow_patiently(&script, patience).await;
    for feed in [Feed::Workloads, Feed::Nodes, Feed::Events] {
        followed.shared.settled(feed).await;
    }
    followed.until("all watches", |_| script.asked(&["watch=1"]).len() == script.asked(&["limit=500"]).len()).await;
    let (requests, bytes) = (followed.traffic.requests(), followed.traffic.bytes());
    println!("at start: {requests} requests, {bytes} bytes");
    tokio::time::sleep(Duration::from_millis(500)).await;
    println!("in half a second after it: {} requests, {} bytes", followed.traffic.requests() - requests, followed.traffic.bytes() - bytes);
    assert_eq!(followed.traffic.requests(), requests, "{:?}", script.asked(&[""]));
    assert!(requests <= 40, "{requests}");
}

#[tokio::test]
async fn a_server_that_is_gone_without_a_word_is_told_of_before_its_watches_give_up() {
    let script = Script::default()
        .list("pods", [first(&["a"])])
        .watch("pods", [Answer::then_silence(""), Answer::then_silence(change("ADDED", &pod("b", "10")))]);
    let short = Duration::from_millis(200);
    let patience = Patience { response: short, stall: short, silence: Duration::from_mins(5), quiet: short };
    let followed = follow_patiently(&script, patience).await;
    // A calm server answers, and nothing is opened anew.
    followed.until("three questions", |_| script.asked(&["/version"]).len() > 3).await;
    assert_eq!(followed.shared.started(), Some(Ok(())));
    assert_eq!(script.asked(&["/pods", "watch=1"]).len(), 1);
    script.mute(true);
    followed.until("a word of it", |followed| matches!(followed.shared.started(), Some(Err(_)))).await;
    assert_eq!(followed.pods(), ["a"], "what was read stays");
    let Some(Err(failure)) = followed.shared.started() else { panic!("still gone") };
    assert_eq!(failure.kind, FailureKind::TimedOut);
    script.mute(false);
    followed.until_pods(&["a", "b"]).await;
    followed.until("all well", |followed| followed.shared.started() == Some(Ok(()))).await;
}
