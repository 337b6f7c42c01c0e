//! What is around workloads, as rows: events, services, namespaces, volumes, limits.

use serde_json::Value;

use super::Column;
use super::support::{age, ago, count, entries, items, name, pairs, text, text_or};
use crate::domain::time::Timestamp;

pub(super) const EVENT: &[Column] = &[
    ("Last Seen", false),
    ("Type", false),
    ("Reason", false),
    ("Object", false),
    ("Subobject", true),
    ("Source", true),
    ("Message", false),
    ("First Seen", true),
    ("Count", true),
    ("Name", true),
];

pub(super) fn event(object: &Value, now: Timestamp) -> Vec<Value> {
    let first_of =
        |pointers: [&str; 2]| pointers.map(|pointer| text(object, pointer)).into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let first = ago(first_of(["/firstTimestamp", "/eventTime"]), now);
    let series = text(object, "/series/lastObservedTime");
    let last = ago(if series.is_empty() { first_of(["/lastTimestamp", "/eventTime"]) } else { series }, now);
    let target = format!("{}/{}", text(object, "/involvedObject/kind").to_lowercase(), text(object, "/involvedObject/name"));
    let component = first_of(["/source/component", "/reportingComponent"]);
    let host = first_of(["/source/host", "/reportingInstance"]);
    let source = if host.is_empty() { component.to_owned() } else { format!("{component}, {host}") };
    let times = ["/series/count", "/count"].map(|pointer| count(object, pointer)).into_iter().find(|count| *count > 0).unwrap_or(1);
    vec![
        last.into(),
        text(object, "/type").into(),
        text(object, "/reason").into(),
        target.into(),
        text(object, "/involvedObject/fieldPath").into(),
        source.into(),
        text(object, "/message").trim().into(),
        first.into(),
        times.into(),
        name(object),
    ]
}

pub(super) const SERVICE: &[Column] = &[
    ("Name", false),
    ("Type", false),
    ("Cluster-IP", false),
    ("External-IP", false),
    ("Port(s)", false),
    ("Age", false),
    ("Selector", true),
];

pub(super) fn service(object: &Value, now: Timestamp) -> Vec<Value> {
    let balanced = items(object, "/status/loadBalancer/ingress").iter();
    let outside: Vec<&str> =
        balanced.map(|ingress| if text(ingress, "/ip").is_empty() { text(ingress, "/hostname") } else { text(ingress, "/ip") }).collect();
    let outside = match (text(object, "/spec/type"), outside.is_empty()) {
        ("LoadBalancer", true) => "<pending>".to_owned(),
        (_, true) => "<none>".to_owned(),
        (_, false) => outside.join(","),
    };
    let port = |port: &Value| match count(port, "/nodePort") {
        0 => format!("{}/{}", count(port, "/port"), text_or(port, "/protocol", "TCP")),
        node => format!("{}:{node}/{}", count(port, "/port"), text_or(port, "/protocol", "TCP")),
    };
    let ports: Vec<String> = items(object, "/spec/ports").iter().map(port).collect();
    vec![
        name(object),
        text_or(object, "/spec/type", "ClusterIP").into(),
        text_or(object, "/spec/clusterIP", "<none>").into(),
        outside.into(),
        if ports.is_empty() { "<none>".into() } else { ports.join(",").into() },
        age(object, now),
        pairs(object, "/spec/selector").into(),
    ]
}

pub(super) const NAMESPACE: &[Column] = &[("Name", false), ("Status", false), ("Age", false)];

pub(super) fn namespace(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), text(object, "/status/phase").into(), age(object, now)]
}

pub(super) const CLAIM: &[Column] = &[
    ("Name", false),
    ("Status", false),
    ("Volume", false),
    ("Capacity", false),
    ("Access Modes", false),
    ("StorageClass", false),
    ("Age", false),
    ("VolumeMode", true),
];

pub(super) fn claim(object: &Value, now: Timestamp) -> Vec<Value> {
    let deleted = !text(object, "/metadata/deletionTimestamp").is_empty();
    let bound = !text(object, "/spec/volumeName").is_empty();
    let modes = if bound { modes(object, "/status/accessModes") } else { String::new() };
    vec![
        name(object),
        if deleted { "Terminating" } else { text(object, "/status/phase") }.into(),
        text(object, "/spec/volumeName").into(),
        if bound { text(object, "/status/capacity/storage") } else { "" }.into(),
        modes.into(),
        text(object, "/spec/storageClassName").into(),
        age(object, now),
        text_or(object, "/spec/volumeMode", "<unset>").into(),
    ]
}

fn modes(object: &Value, pointer: &str) -> String {
    let short = |mode: &Value| match mode.as_str().unwrap_or_default() {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        _ => "",
    };
    items(object, pointer).iter().map(short).collect::<Vec<_>>().join(",")
}

pub(super) const VOLUME: &[Column] = &[
    ("Name", false),
    ("Capacity", false),
    ("Access Modes", false),
    ("Reclaim Policy", false),
    ("Status", false),
    ("Claim", false),
    ("StorageClass", false),
    ("Reason", false),
    ("Age", false),
    ("VolumeMode", true),
];

pub(super) fn volume(object: &Value, now: Timestamp) -> Vec<Value> {
    let claim = text(object, "/spec/claimRef/name");
    let claim = if claim.is_empty() { String::new() } else { format!("{}/{claim}", text(object, "/spec/claimRef/namespace")) };
    vec![
        name(object),
        text(object, "/spec/capacity/storage").into(),
        modes(object, "/spec/accessModes").into(),
        text(object, "/spec/persistentVolumeReclaimPolicy").into(),
        text(object, "/status/phase").into(),
        claim.into(),
        text(object, "/spec/storageClassName").into(),
        text(object, "/status/reason").into(),
        age(object, now),
        text_or(object, "/spec/volumeMode", "<unset>").into(),
    ]
}

pub(super) const QUOTA: &[Column] = &[("Name", false), ("Age", false), ("Request", false), ("Limit", false)];

pub(super) fn quota(object: &Value, now: Timestamp) -> Vec<Value> {
    let hard = object.pointer("/status/hard").and_then(Value::as_object).into_iter().flatten();
    let used = |resource: &str| object.pointer("/status/used").and_then(|used| used.get(resource)?.as_str()).unwrap_or("0").to_owned();
    let (limits, requests): (Vec<_>, Vec<_>) = hard.partition(|(resource, _)| resource.starts_with("limits."));
    let line = |part: Vec<(&String, &Value)>| {
        let one = |(resource, hard): (&String, &Value)| format!("{resource}: {}/{}", used(resource), hard.as_str().unwrap_or_default());
        part.into_iter().map(one).collect::<Vec<_>>().join(", ")
    };
    vec![name(object), age(object, now), line(requests).into(), line(limits).into()]
}

pub(super) const LIMITS: &[Column] = &[("Name", false), ("Created At", false)];

pub(super) fn limits(object: &Value, _now: Timestamp) -> Vec<Value> {
    vec![name(object), text(object, "/metadata/creationTimestamp").into()]
}

pub(super) const CONFIG: &[Column] = &[("Name", false), ("Data", false), ("Age", false)];

pub(super) fn config(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), (entries(object, "/data") + entries(object, "/binaryData")).into(), age(object, now)]
}

pub(super) const ACCOUNT: &[Column] = &[("Name", false), ("Secrets", false), ("Age", false)];

pub(super) fn account(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), items(object, "/secrets").len().into(), age(object, now)]
}

pub(super) const CLASS: &[Column] = &[
    ("Name", false),
    ("Provisioner", false),
    ("ReclaimPolicy", false),
    ("VolumeBindingMode", false),
    ("AllowVolumeExpansion", false),
    ("Age", false),
];

pub(super) fn class(object: &Value, now: Timestamp) -> Vec<Value> {
    let usual = object.pointer("/metadata/annotations/storageclass.kubernetes.io~1is-default-class") == Some(&Value::from("true"));
    let name = format!("{}{}", text(object, "/metadata/name"), if usual { " (default)" } else { "" });
    vec![
        name.into(),
        text(object, "/provisioner").into(),
        text_or(object, "/reclaimPolicy", "Delete").into(),
        text_or(object, "/volumeBindingMode", "Immediate").into(),
        object.get("allowVolumeExpansion").and_then(Value::as_bool).unwrap_or_default().to_string().into(),
        age(object, now),
    ]
}

pub(super) const LEASE: &[Column] = &[("Name", false), ("Holder", false), ("Age", false)];

pub(super) fn lease(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), text(object, "/spec/holderIdentity").into(), age(object, now)]
}
