//! A cluster whose clock is an hour off: nothing of it is from the future or an hour too old, and
//! that the clocks differ is told.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use holdup::clock;
use holdup::domain::snapshot::View;
use holdup::domain::source::FailureKind;
use holdup::domain::time::Timestamp;
use serde_json::{Value, json};

use super::server::{Answer, Script, list_of};
use super::sources::{connect, polled};

const HOUR: i64 = 3_600;
/// How old everything is, in seconds.
const AGE: i64 = 600;

/// A cluster in which all happened ten minutes ago, by its own clock.
fn script(ahead: i64) -> Script {
    let at = clock::now().saturating_add(jiff::SignedDuration::from_secs(ahead - AGE)).unwrap();
    let at = format!("{at:.0}");
    let meta = |name: &str, namespace: Option<&str>| json!({"name": name, "namespace": namespace, "uid": name, "resourceVersion": "1", "creationTimestamp": at});
    let condition = |name: &str, status: &str| json!({"type": name, "status": status, "lastTransitionTime": at});
    let pod = json!({"metadata": meta("llm-1", Some("ml")), "spec": {"nodeName": "n", "containers": [{"name": "api"}]},
        "status": {"phase": "Running", "conditions": [condition("PodScheduled", "True"), condition("Ready", "False")],
            "containerStatuses": [{"name": "api", "ready": false, "state": {"running": {"startedAt": at}},
                "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "startedAt": at, "finishedAt": at}}}]}});
    let node = json!({"metadata": meta("n", None), "spec": {"taints": [{"key": "k", "effect": "NoExecute", "timeAdded": at}]},
        "status": {"conditions": [condition("Ready", "False")]}});
    let event = json!({"metadata": meta("llm-1.1", Some("ml")), "type": "Warning", "reason": "BackOff", "message": "x", "count": 2,
        "firstTimestamp": at, "lastTimestamp": at, "involvedObject": {"kind": "Pod", "namespace": "ml", "name": "llm-1"}});
    let list = |object: &Value| [Answer::json(&list_of("9", None, std::slice::from_ref(object)))];
    Script::default().list("pods", list(&pod)).list("nodes", list(&node)).list("events", list(&event)).ahead(ahead)
}

async fn views(ahead: i64) -> [Arc<View>; 3] {
    let mut connected = connect(&script(ahead)).await;
    [polled(&mut connected, 0).await.unwrap(), polled(&mut connected, 1).await.unwrap(), polled(&mut connected, 2).await.unwrap()]
}

/// Every time in a value, by the field it stands in.
fn times(value: &Value, field: &str, found: &mut Vec<(String, Timestamp)>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| times(value, name, found)),
        Value::Array(items) => items.iter().for_each(|item| times(item, field, found)),
        Value::String(text) => found.extend(text.parse().ok().map(|at| (field.to_owned(), at))),
        _ => {}
    }
}

#[tokio::test]
async fn everything_is_as_old_as_it_is_and_the_difference_is_told_once() {
    for (ahead, told) in [(0, None), (30, None), (HOUR, Some("ahead of")), (-HOUR, Some("behind"))] {
        let views = views(ahead).await;
        let mut found = Vec::new();
        for view in &views {
            let mut shown = serde_json::to_value(view.as_ref()).unwrap();
            // What the server sent is shown as it came.
            shown.as_object_mut().unwrap().remove("raw");
            shown.as_object_mut().unwrap().remove("log_tails");
            times(&shown, "", &mut found);
        }
        let off = if told.is_none() { ahead } else { 0 };
        let fields: std::collections::BTreeSet<&str> = found.iter().map(|(field, _)| field.as_str()).collect();
        for field in ["created_at", "placed_at", "since", "started_at", "finished_at", "at"] {
            assert!(fields.contains(field), "{field} in {fields:?}");
        }
        for (field, at) in &found {
            let age = clock::now().as_second() - at.as_second();
            assert!((AGE - off - 10..=AGE - off + 30).contains(&age), "{ahead} s ahead: {field} is {age} s old");
        }
        let [workloads, nodes, events] = &views;
        assert_eq!((workloads.replicas.len(), nodes.nodes.len(), events.events.len()), (1, 1, 1), "nothing is lost");
        let gaps: Vec<_> = views.iter().flat_map(|view| &view.gaps).filter(|gap| gap.failure.kind == FailureKind::ClockSkew).collect();
        assert_eq!(gaps.len(), usize::from(told.is_some()), "{gaps:?}");
        if let Some(direction) = told {
            assert!(gaps.iter().all(|gap| gap.failure.message.contains(direction) && gap.failure.hint.contains("set-ntp")), "{gaps:?}");
        }
    }
}
