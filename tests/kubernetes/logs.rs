//! Logs of containers: followed over reconnects, merged, previous ones.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use holdup::domain::id::{ResourceKey, ResourceKind};
use holdup::domain::log::LogItem;
use holdup::source::{Connected, LogRequest};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::server::{Answer, Script, list_of};
use super::sources::{connect, polled};

fn replica(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "default", "uid": name, "resourceVersion": "1", "labels": {"app": "llm"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "llm-1", "uid": "rs", "controller": true}]},
        "spec": {"nodeName": "n", "containers": [{"name": "api"}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [{"name": "api", "ready": true, "state": {"running": {}}}]}})
}

fn line(second: u32, text: &str) -> String {
    format!("2026-11-21T03:00:{second:02}.000000001Z {text}\n")
}

fn log(pod: &str) -> String {
    format!("/api/v1/namespaces/default/pods/{pod}/log")
}

fn script(pods: &[&str]) -> Script {
    let pods: Vec<Value> = pods.iter().map(|name| replica(name)).collect();
    let owned = json!({"metadata": {"name": "llm-1", "namespace": "default", "uid": "rs", "resourceVersion": "1",
            "ownerReferences": [{"kind": "Deployment", "name": "llm", "uid": "d", "controller": true}]}, "spec": {"replicas": 2}});
    let deployment =
        json!({"metadata": {"name": "llm", "namespace": "default", "uid": "d", "resourceVersion": "1"}, "spec": {"replicas": 2}});
    Script::default()
        .list("pods", [Answer::json(&list_of("9", None, &pods))])
        .list("replicasets", [Answer::json(&list_of("9", None, &[owned]))])
        .list("deployments", [Answer::json(&list_of("9", None, &[deployment]))])
}

async fn open(script: &Script, replica: Option<&str>, previous: bool) -> (Connected, mpsc::Receiver<LogItem>) {
    let mut connected = connect(script).await;
    polled(&mut connected, 0).await.unwrap();
    let workload = ResourceKey::new(&"test".into(), ResourceKind::Workload, "default/llm");
    let request = LogRequest { workload, job: None, replica: replica.map(Into::into), container: None, previous };
    let (sender, lines) = mpsc::channel(64);
    tokio::spawn(connected.logs.as_ref().unwrap().follow(request, sender));
    (connected, lines)
}

/// Lines (with their replica) and notes until one contains a word.
async fn until(lines: &mut mpsc::Receiver<LogItem>, word: &str) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let item = tokio::time::timeout(Duration::from_secs(20), lines.recv()).await;
        let item = item.unwrap_or_else(|_| panic!("never {word}: {seen:?}"));
        seen.push(match item {
            Some(LogItem::Line(line)) => {
                format!("{}{}", line.replica.map(|replica| format!("{replica} | ")).unwrap_or_default(), line.text)
            }
            Some(LogItem::Note(text)) => format!("({text})"),
            Some(LogItem::Ended(text)) => format!("[{text}]"),
            Some(LogItem::Dropped(count)) => format!("<{count}>"),
            None => panic!("it ended without {word}: {seen:?}"),
        });
        if seen.last().unwrap().contains(word) {
            return seen;
        }
    }
}

#[tokio::test]
async fn replicas_are_merged_by_time_and_a_stream_that_breaks_goes_on_without_repeating() {
    let again = line(5, "a5") + &line(5, "a5 too") + &line(9, "a9");
    let script = script(&["a", "b"])
        .on(&log("a"), [Answer::then_break(line(1, "a1") + &line(5, "a5")), Answer::then_silence(again)])
        .on(&log("b"), [Answer::then_silence(line(2, "b2") + &line(4, "b\u{1b}[31m4") + "no time\n")]);
    let (_connected, mut lines) = open(&script, None, false).await;
    let seen = until(&mut lines, "a9").await;
    let only_lines: Vec<&str> = seen.iter().filter(|line| line.contains(" | ")).map(String::as_str).collect();
    assert_eq!(only_lines[..4], ["a | a1", "b | b2", "b | b4", "a | a5"], "{seen:?}");
    assert_eq!(only_lines.iter().filter(|line| line.ends_with("a5")).count(), 1, "{seen:?}");
    assert!(only_lines.contains(&"a | a5 too") && only_lines.contains(&"b | no time"), "{seen:?}");
    let reopened = script.asked(&["/pods/a/log", "sinceTime"]);
    assert!(reopened[0].contains("sinceTime=2026-11-21T03%3A00%3A05Z"), "{reopened:?}");
}

#[tokio::test]
async fn the_previous_container_is_read_to_its_end() {
    let script = script(&["a"]).on(&log("a"), [Answer::whole(200, line(1, "Traceback") + &line(2, "CUDA out of memory"))]);
    let (_connected, mut lines) = open(&script, Some("default/a"), true).await;
    let seen = until(&mut lines, "[").await;
    assert_eq!(seen[..2], ["Traceback", "CUDA out of memory"], "{seen:?}");
    assert!(script.asked(&["/log", "previous=true"])[0].contains("container=api"));
    let none = json!({"kind": "Status", "message": "previous terminated container \"api\" in pod \"a\" not found", "reason": "BadRequest", "code": 400});
    let script = self::script(&["a"]).on(&log("a"), [Answer::whole(400, none.to_string())]);
    let (_connected, mut lines) = open(&script, Some("default/a"), true).await;
    assert!(until(&mut lines, "there is no previous container").await.len() == 1);
}

#[tokio::test]
async fn a_container_that_has_not_started_is_waited_for_and_a_replaced_replica_is_followed_on() {
    let waiting = json!({"kind": "Status", "reason": "BadRequest", "code": 400,
        "message": "container \"api\" in pod \"b\" is waiting to start: ContainerCreating"});
    let script = script(&["b"]).on(&log("b"), [Answer::whole(400, waiting.to_string()), Answer::then_silence(line(3, "ready"))]);
    let (_connected, mut lines) = open(&script, Some("default/gone"), false).await;
    let seen = until(&mut lines, "ready").await;
    assert!(seen[0].contains("is gone; b took its place"), "{seen:?}");
    assert!(seen.iter().any(|line| line.contains("ContainerCreating")), "{seen:?}");
}

#[tokio::test]
async fn without_the_right_to_read_logs_the_permission_is_named() {
    let denied = json!({"kind": "Status", "message": "pods \"a\" is forbidden", "reason": "Forbidden", "code": 403});
    let script = script(&["a"]).on(&log("a"), [Answer::whole(403, denied.to_string())]);
    let (_connected, mut lines) = open(&script, Some("default/a"), false).await;
    let seen = until(&mut lines, "get pods/log in namespace default").await;
    assert!(seen[0].contains("kubectl auth can-i"), "{seen:?}");
}
