//! Nodes as rows.

use serde_json::Value;

use super::Column;
use super::support::{age, items, name, text, text_or};
use crate::domain::time::Timestamp;

pub(super) const COLUMNS: &[Column] = &[
    ("Name", false),
    ("Status", false),
    ("Roles", false),
    ("Age", false),
    ("Version", false),
    ("Internal-IP", true),
    ("External-IP", true),
    ("OS-Image", true),
    ("Kernel-Version", true),
    ("Container-Runtime", true),
];

pub(super) fn cells(node: &Value, now: Timestamp) -> Vec<Value> {
    vec![
        name(node),
        status(node).into(),
        roles(node).into(),
        age(node, now),
        text(node, "/status/nodeInfo/kubeletVersion").into(),
        address(node, "InternalIP").into(),
        address(node, "ExternalIP").into(),
        text_or(node, "/status/nodeInfo/osImage", "<unknown>").into(),
        text_or(node, "/status/nodeInfo/kernelVersion", "<unknown>").into(),
        text_or(node, "/status/nodeInfo/containerRuntimeVersion", "<unknown>").into(),
    ]
}

fn status(node: &Value) -> String {
    let ready = items(node, "/status/conditions").iter().find(|condition| text(condition, "/type") == "Ready");
    let word = match ready.map(|condition| text(condition, "/status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    let cordoned = node.pointer("/spec/unschedulable") == Some(&Value::Bool(true));
    format!("{word}{}", if cordoned { ",SchedulingDisabled" } else { "" })
}

fn roles(node: &Value) -> String {
    let labels = node.pointer("/metadata/labels").and_then(Value::as_object).into_iter().flatten();
    let roles: Vec<&str> = labels
        .filter_map(|(label, value)| match label.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role).filter(|role| !role.is_empty()),
            None if label == "kubernetes.io/role" => value.as_str(),
            None => None,
        })
        .collect();
    if roles.is_empty() { "<none>".to_owned() } else { roles.join(",") }
}

fn address(node: &Value, sort: &str) -> String {
    let found = items(node, "/status/addresses").iter().find(|address| text(address, "/type") == sort);
    found.map_or_else(|| "<none>".to_owned(), |address| text(address, "/address").to_owned())
}
