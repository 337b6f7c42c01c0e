//! Pods as rows: the status in a word is put together as the real server does it.

use serde_json::Value;

use super::Column;
use super::support::{age, ago, count, items, name, text, text_or};
use crate::domain::time::Timestamp;

pub(super) const COLUMNS: &[Column] = &[
    ("Name", false),
    ("Ready", false),
    ("Status", false),
    ("Restarts", false),
    ("Age", false),
    ("IP", true),
    ("Node", true),
    ("Nominated Node", true),
    ("Readiness Gates", true),
];

pub(super) fn cells(pod: &Value, now: Timestamp) -> Vec<Value> {
    let containers = items(pod, "/status/containerStatuses");
    let ready = containers.iter().filter(|status| is_ready(status)).count();
    let total = items(pod, "/spec/containers").len();
    let gates = items(pod, "/spec/readinessGates");
    let passed = gates.iter().filter(|gate| condition(pod, text(gate, "/conditionType")) == "True").count();
    let gates = if gates.is_empty() { "<none>".to_owned() } else { format!("{passed}/{}", gates.len()) };
    vec![
        name(pod),
        format!("{ready}/{total}").into(),
        status(pod).into(),
        restarts(pod, now).into(),
        age(pod, now),
        text_or(pod, "/status/podIP", "<none>").into(),
        text_or(pod, "/spec/nodeName", "<none>").into(),
        text_or(pod, "/status/nominatedNodeName", "<none>").into(),
        gates.into(),
    ]
}

fn is_ready(status: &Value) -> bool {
    let runs = status.pointer("/state/running").is_some_and(|state| !state.is_null());
    runs && status.get("ready") == Some(&Value::Bool(true))
}

fn condition<'a>(pod: &'a Value, wanted: &str) -> &'a str {
    items(pod, "/status/conditions").iter().find(|condition| text(condition, "/type") == wanted).map_or("", |found| text(found, "/status"))
}

fn restarts(pod: &Value, now: Timestamp) -> String {
    let containers = items(pod, "/status/containerStatuses");
    let total: i64 = containers.iter().map(|status| count(status, "/restartCount")).sum();
    let last = containers.iter().map(|status| text(status, "/lastState/terminated/finishedAt")).filter(|stamp| !stamp.is_empty()).max();
    match last {
        Some(stamp) if total > 0 => format!("{total} ({} ago)", ago(stamp, now)),
        _ => total.to_string(),
    }
}

fn status(pod: &Value) -> String {
    let reason = text_or(pod, "/status/reason", text(pod, "/status/phase"));
    let gated = items(pod, "/status/conditions").iter().any(|condition| text(condition, "/reason") == "SchedulingGated");
    let reason = if gated { "SchedulingGated".to_owned() } else { reason };
    let reason = initializing(pod).unwrap_or_else(|| running(pod, reason));
    match text(pod, "/metadata/deletionTimestamp") {
        "" => reason,
        _ if text(pod, "/status/reason") == "NodeLost" => "Unknown".to_owned(),
        _ => "Terminating".to_owned(),
    }
}

/// The first init container that is not done.
fn initializing(pod: &Value) -> Option<String> {
    let statuses = items(pod, "/status/initContainerStatuses");
    let total = items(pod, "/spec/initContainers").len();
    let done =
        |status: &&Value| status.pointer("/state/terminated/exitCode").and_then(Value::as_i64) == Some(0) || sidecar_runs(pod, status);
    let (index, status) = statuses.iter().enumerate().find(|(_, status)| !done(status))?;
    Some(match (ended(status), text(status, "/state/waiting/reason")) {
        (Some(ended), _) => format!("Init:{ended}"),
        (None, "" | "PodInitializing") => format!("Init:{index}/{total}"),
        (None, reason) => format!("Init:{reason}"),
    })
}

fn sidecar_runs(pod: &Value, status: &Value) -> bool {
    let spec = items(pod, "/spec/initContainers").iter().find(|container| text(container, "/name") == text(status, "/name"));
    spec.is_some_and(|spec| text(spec, "/restartPolicy") == "Always") && status.get("started") == Some(&Value::Bool(true))
}

/// How a container ended, in a word.
fn ended(status: &Value) -> Option<String> {
    let terminated = status.pointer("/state/terminated").filter(|state| !state.is_null())?;
    Some(match (text(terminated, "/reason"), count(terminated, "/signal")) {
        ("", 0) => format!("ExitCode:{}", count(terminated, "/exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    })
}

fn running(pod: &Value, mut reason: String) -> String {
    let mut runs = false;
    for status in items(pod, "/status/containerStatuses").iter().rev() {
        let waiting = text(status, "/state/waiting/reason");
        if !waiting.is_empty() {
            waiting.clone_into(&mut reason);
        } else if let Some(ended) = ended(status) {
            reason = ended;
        } else if is_ready(status) {
            runs = true;
        }
    }
    // A finished container beside running ones is no finished pod.
    match (reason.as_str(), runs) {
        ("Completed", true) if condition(pod, "Ready") == "True" => "Running".to_owned(),
        ("Completed", true) => "NotReady".to_owned(),
        _ => reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_word_is_the_one_people_know() {
        let pod = |state: Value| json!({ "status": { "phase": "Running", "containerStatuses": [{ "name": "api", "state": state }] } });
        assert_eq!(status(&pod(json!({ "waiting": { "reason": "CrashLoopBackOff" } }))), "CrashLoopBackOff");
        assert_eq!(status(&pod(json!({ "terminated": { "exitCode": 3 } }))), "ExitCode:3");
        assert_eq!(status(&pod(json!({ "running": {} }))), "Running");
        assert_eq!(status(&json!({ "status": { "phase": "Pending" } })), "Pending");
        assert_eq!(status(&json!({ "status": { "phase": "Failed", "reason": "Evicted" } })), "Evicted");
        let init = json!({
            "spec": { "initContainers": [{ "name": "a" }, { "name": "b" }] },
            "status": { "phase": "Pending", "initContainerStatuses": [
                { "name": "a", "state": { "terminated": { "exitCode": 0 } } }, { "name": "b", "state": { "running": {} } },
            ] },
        });
        assert_eq!(status(&init), "Init:1/2");
    }
}
