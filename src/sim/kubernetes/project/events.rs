//! Events: what controllers said, and what the node agents say.

mod agents;

use serde_json::{Map, Value, json};

use super::super::super::world::{About, Moment, minting};
use super::object::{Named, View};

/// Story seconds that the API server keeps an event.
const KEPT: i64 = 3_600;

/// What one says of an object.
pub(super) struct Said {
    pub(super) about: About,
    pub(super) warning: bool,
    pub(super) reason: &'static str,
    pub(super) message: String,
    pub(super) component: &'static str,
    /// The node the component runs on, for node agents.
    pub(super) host: Option<String>,
    pub(super) first: Moment,
    pub(super) last: Moment,
    pub(super) count: u32,
}

/// All events of the last hour.
pub(super) fn events(view: View<'_>) -> Vec<Value> {
    let journal = view.cluster.control.journal.entries().iter().map(|entry| Said {
        about: entry.about.clone(),
        warning: entry.warning,
        reason: entry.reason,
        message: entry.message.clone(),
        component: entry.component,
        host: None,
        first: entry.first,
        last: entry.last,
        count: entry.count,
    });
    let fresh = |said: &Said| view.now() - said.last <= KEPT && said.last <= view.now();
    journal.chain(agents::said(view)).filter(fresh).map(|said| event(view, &said)).collect()
}

fn api_version(kind: &str) -> &'static str {
    match kind {
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => "apps/v1",
        "HorizontalPodAutoscaler" => "autoscaling/v2",
        "PodDisruptionBudget" => "policy/v1",
        "Job" => "batch/v1",
        "NodePool" | "NodeClaim" => "karpenter.sh/v1",
        "EC2NodeClass" => "karpenter.k8s.aws/v1",
        "InferenceService" => "serving.kserve.io/v1beta1",
        "RayService" | "RayCluster" => "ray.io/v1",
        "LeaderWorkerSet" => "leaderworkerset.x-k8s.io/v1",
        _ => "v1",
    }
}

fn event(view: View<'_>, said: &Said) -> Value {
    let about = &said.about;
    let namespace = if about.namespace.is_empty() { "default" } else { &about.namespace };
    let label = format!("{}/{}/{}/{}", about.kind, said.reason, said.message, said.first);
    let name = format!("{}.{}", about.name, minting::hex(&label, 16));
    let mut object = view.object(Named::new("v1", "Event", namespace, &name), said.first);
    let mut involved = Map::new();
    let uid = if about.kind == "Node" { about.name.clone() } else { view.uid(about.kind, &about.namespace, &about.name) };
    let fields = [("kind", about.kind), ("name", &about.name), ("uid", &uid), ("apiVersion", api_version(about.kind))];
    involved.extend(fields.map(|(key, value)| (key.to_owned(), json!(value))));
    if !about.namespace.is_empty() {
        involved.insert("namespace".to_owned(), json!(about.namespace));
    }
    object.insert("involvedObject".to_owned(), Value::Object(involved));
    object.insert("reason".to_owned(), json!(said.reason));
    object.insert("message".to_owned(), json!(said.message));
    object.insert("type".to_owned(), json!(if said.warning { "Warning" } else { "Normal" }));
    if said.component == "default-scheduler" {
        in_series(view, &mut object, said);
    } else {
        counted(view, &mut object, said);
    }
    Value::Object(object)
}

/// As the scheduler writes: one time, and a series for repetitions.
fn in_series(view: View<'_>, object: &mut Map<String, Value>, said: &Said) {
    for field in ["firstTimestamp", "lastTimestamp"] {
        object.insert(field.to_owned(), Value::Null);
    }
    object.insert("source".to_owned(), json!({}));
    object.insert("eventTime".to_owned(), json!(view.precise(said.first)));
    if said.count > 1 {
        let series = json!({ "count": said.count, "lastObservedTime": view.precise(said.last) });
        object.insert("series".to_owned(), series);
    }
    object.insert("action".to_owned(), json!(if said.reason == "Scheduled" { "Binding" } else { "Scheduling" }));
    object.insert("reportingComponent".to_owned(), json!(said.component));
    object.insert("reportingInstance".to_owned(), json!(format!("{}-0", said.component)));
}

/// As everybody else writes: first, last, how often.
fn counted(view: View<'_>, object: &mut Map<String, Value>, said: &Said) {
    let mut source = json!({ "component": said.component });
    if let (Some(host), Value::Object(source)) = (&said.host, &mut source) {
        source.insert("host".to_owned(), json!(host));
    }
    object.insert("source".to_owned(), source);
    object.insert("firstTimestamp".to_owned(), json!(view.stamp(said.first)));
    object.insert("lastTimestamp".to_owned(), json!(view.stamp(said.last)));
    object.insert("count".to_owned(), json!(said.count));
    object.insert("eventTime".to_owned(), Value::Null);
    object.insert("reportingComponent".to_owned(), json!(""));
    object.insert("reportingInstance".to_owned(), json!(""));
}
