//! Controllers of pods as rows, with what scales and protects them.

use serde_json::Value;

use super::Column;
use super::support::{age, count, duration, items, joined, name, pairs, text, text_or};
use crate::domain::time::Timestamp;

const CONTAINERS: &str = "/spec/template/spec/containers";

pub(super) const DEPLOYMENT: &[Column] = &[
    ("Name", false),
    ("Ready", false),
    ("Up-to-date", false),
    ("Available", false),
    ("Age", false),
    ("Containers", true),
    ("Images", true),
    ("Selector", true),
];

pub(super) fn deployment(object: &Value, now: Timestamp) -> Vec<Value> {
    let mut cells = vec![
        name(object),
        format!("{}/{}", count(object, "/status/readyReplicas"), wanted(object)).into(),
        count(object, "/status/updatedReplicas").into(),
        count(object, "/status/availableReplicas").into(),
        age(object, now),
    ];
    cells.extend(template(object));
    cells
}

/// Names and images of the containers, and the selector.
fn template(object: &Value) -> [Value; 3] {
    [
        joined(object, CONTAINERS, "/name").into(),
        joined(object, CONTAINERS, "/image").into(),
        pairs(object, "/spec/selector/matchLabels").into(),
    ]
}

fn wanted(object: &Value) -> i64 {
    object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1)
}

pub(super) const REPLICA_SET: &[Column] = &[
    ("Name", false),
    ("Desired", false),
    ("Current", false),
    ("Ready", false),
    ("Age", false),
    ("Containers", true),
    ("Images", true),
    ("Selector", true),
];

pub(super) fn replica_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let counts = [wanted(object), count(object, "/status/replicas"), count(object, "/status/readyReplicas")];
    let mut cells = vec![name(object)];
    cells.extend(counts.map(Value::from));
    cells.push(age(object, now));
    cells.extend(template(object));
    cells
}

pub(super) const STATEFUL_SET: &[Column] = &[("Name", false), ("Ready", false), ("Age", false), ("Containers", true), ("Images", true)];

pub(super) fn stateful_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let [containers, images, _] = template(object);
    let ready = format!("{}/{}", count(object, "/status/readyReplicas"), wanted(object));
    vec![name(object), ready.into(), age(object, now), containers, images]
}

pub(super) const DAEMON_SET: &[Column] = &[
    ("Name", false),
    ("Desired", false),
    ("Current", false),
    ("Ready", false),
    ("Up-to-date", false),
    ("Available", false),
    ("Node Selector", false),
    ("Age", false),
    ("Containers", true),
    ("Images", true),
    ("Selector", true),
];

pub(super) fn daemon_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let fields = ["desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled", "numberAvailable"];
    let mut cells = vec![name(object)];
    cells.extend(fields.map(|field| Value::from(count(object, &format!("/status/{field}")))));
    cells.extend([pairs(object, "/spec/template/spec/nodeSelector").into(), age(object, now)]);
    cells.extend(template(object));
    cells
}

pub(super) const JOB: &[Column] = &[
    ("Name", false),
    ("Status", false),
    ("Completions", false),
    ("Duration", false),
    ("Age", false),
    ("Containers", true),
    ("Images", true),
    ("Selector", true),
];

pub(super) fn job(object: &Value, now: Timestamp) -> Vec<Value> {
    let is = |wanted: &str| {
        items(object, "/status/conditions")
            .iter()
            .any(|condition| text(condition, "/type") == wanted && text(condition, "/status") == "True")
    };
    let status = ["Complete", "Failed", "Suspended"].into_iter().find(|word| is(word)).unwrap_or("Running");
    let wanted = object.pointer("/spec/completions").or_else(|| object.pointer("/spec/parallelism")).and_then(Value::as_i64).unwrap_or(1);
    let stamp = |pointer: &str| text(object, pointer).parse::<Timestamp>().ok();
    let took = stamp("/status/startTime").map(|started| {
        let ended = stamp("/status/completionTime").unwrap_or(now);
        duration(ended.duration_since(started).as_secs())
    });
    let mut cells = vec![
        name(object),
        status.into(),
        format!("{}/{wanted}", count(object, "/status/succeeded")).into(),
        took.unwrap_or_default().into(),
        age(object, now),
    ];
    cells.extend(template(object));
    cells
}

pub(super) const SCALER: &[Column] = &[
    ("Name", false),
    ("Reference", false),
    ("Targets", false),
    ("MinPods", false),
    ("MaxPods", false),
    ("Replicas", false),
    ("Age", false),
];

pub(super) fn scaler(object: &Value, now: Timestamp) -> Vec<Value> {
    let target = format!("{}/{}", text(object, "/spec/scaleTargetRef/kind"), text(object, "/spec/scaleTargetRef/name"));
    let least = object.pointer("/spec/minReplicas").and_then(Value::as_i64).unwrap_or(1);
    vec![
        name(object),
        target.into(),
        targets(object).into(),
        least.to_string().into(),
        count(object, "/spec/maxReplicas").into(),
        count(object, "/status/currentReplicas").into(),
        age(object, now),
    ]
}

fn targets(object: &Value) -> String {
    let current = items(object, "/status/currentMetrics");
    let target = |(index, metric): (usize, &Value)| {
        let sort = text(metric, "/type");
        let key = format!("/{}{}", sort.get(..1).unwrap_or_default().to_lowercase(), sort.get(1..).unwrap_or_default());
        let value = |metric: &Value, part: &str| {
            let percent =
                metric.pointer(&format!("{key}/{part}/averageUtilization")).and_then(Value::as_i64).map(|number| format!("{number}%"));
            let plain =
                ["averageValue", "value"].iter().map(|field| text(metric, &format!("{key}/{part}/{field}"))).find(|text| !text.is_empty());
            percent.or_else(|| plain.map(str::to_owned))
        };
        let now = current.get(index).and_then(|metric| value(metric, "current")).unwrap_or_else(|| "<unknown>".to_owned());
        let wanted = value(metric, "target").unwrap_or_else(|| "<auto>".to_owned());
        let resource = text(metric, "/resource/name");
        if resource.is_empty() { format!("{now}/{wanted}") } else { format!("{resource}: {now}/{wanted}") }
    };
    let targets: Vec<String> = items(object, "/spec/metrics").iter().enumerate().map(target).collect();
    if targets.is_empty() { "<none>".to_owned() } else { targets.join(", ") }
}

pub(super) const BUDGET: &[Column] =
    &[("Name", false), ("Min Available", false), ("Max Unavailable", false), ("Allowed Disruptions", false), ("Age", false)];

pub(super) fn budget(object: &Value, now: Timestamp) -> Vec<Value> {
    let amount = |field: &str| match object.pointer(&format!("/spec/{field}")) {
        Some(Value::Number(number)) => number.to_string(),
        _ => text_or(object, &format!("/spec/{field}"), "N/A"),
    };
    vec![
        name(object),
        amount("minAvailable").into(),
        amount("maxUnavailable").into(),
        count(object, "/status/disruptionsAllowed").into(),
        age(object, now),
    ]
}
