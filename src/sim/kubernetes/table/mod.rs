//! Objects as rows for people: the columns `kubectl get` prints, computed by the server.

mod cluster;
mod node;
mod pod;
mod support;
mod workload;

use std::sync::Arc;

use axum::body::Bytes;
use serde_json::{Value, json};

use super::kinds::ServedKind;
use super::media::Rows;
use super::object::Stored;
use crate::clock::now;
use crate::domain::time::Timestamp;

/// One column: its name, and whether only wide tables show it.
type Column = (&'static str, bool);
/// The cells of a row.
type Cells = fn(&Value, Timestamp) -> Vec<Value>;

/// How a kind is shown.
#[derive(Clone, Copy)]
struct Shape {
    columns: &'static [Column],
    cells: Cells,
}

/// Columns of numbers; all others are text.
const NUMBERS: &[&str] =
    &["Up-to-date", "Available", "Desired", "Current", "Allowed Disruptions", "Replicas", "MinPods", "MaxPods", "Data", "Secrets", "Count"];

fn shape(kind: &ServedKind) -> Shape {
    let of = |columns, cells| Shape { columns, cells };
    match (kind.group, kind.plural) {
        ("", "pods") => of(pod::COLUMNS, pod::cells),
        ("", "nodes") => of(node::COLUMNS, node::cells),
        ("apps", "deployments") => of(workload::DEPLOYMENT, workload::deployment),
        ("apps", "replicasets") => of(workload::REPLICA_SET, workload::replica_set),
        ("apps", "statefulsets") => of(workload::STATEFUL_SET, workload::stateful_set),
        ("apps", "daemonsets") => of(workload::DAEMON_SET, workload::daemon_set),
        ("batch", "jobs") => of(workload::JOB, workload::job),
        ("autoscaling", "horizontalpodautoscalers") => of(workload::SCALER, workload::scaler),
        ("policy", "poddisruptionbudgets") => of(workload::BUDGET, workload::budget),
        ("" | "events.k8s.io", "events") => of(cluster::EVENT, cluster::event),
        ("", "services") => of(cluster::SERVICE, cluster::service),
        ("", "namespaces") => of(cluster::NAMESPACE, cluster::namespace),
        ("", "persistentvolumeclaims") => of(cluster::CLAIM, cluster::claim),
        ("", "persistentvolumes") => of(cluster::VOLUME, cluster::volume),
        ("", "resourcequotas") => of(cluster::QUOTA, cluster::quota),
        ("", "limitranges") => of(cluster::LIMITS, cluster::limits),
        ("", "configmaps") => of(cluster::CONFIG, cluster::config),
        ("", "serviceaccounts") => of(cluster::ACCOUNT, cluster::account),
        ("storage.k8s.io", "storageclasses") => of(cluster::CLASS, cluster::class),
        ("coordination.k8s.io", "leases") => of(cluster::LEASE, cluster::lease),
        _ => of(&[("Name", false), ("Age", false)], |object, now| vec![support::name(object), support::age(object, now)]),
    }
}

/// A table; the columns are left out after the first of a watch.
pub(super) fn table(kind: &'static ServedKind, objects: &[Arc<Stored>], rows: Rows, metadata: &str, headed: bool) -> Bytes {
    let (shape, now) = (shape(kind), now());
    let columns = if headed { Value::from(shape.columns.iter().map(column).collect::<Vec<_>>()) } else { Value::Null };
    let mut out = format!(r#"{{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{metadata},"columnDefinitions":{columns},"rows":["#)
        .into_bytes();
    for (index, object) in objects.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let cells = Value::from((shape.cells)(&object.value(), now));
        out.extend_from_slice(format!(r#"{{"cells":{cells},"object":"#).as_bytes());
        let pieces = match rows {
            Rows::Bare => vec![Bytes::from_static(b"null")],
            Rows::WithMetadata => object.metadata_only().to_vec(),
            Rows::WithObject => object.whole(kind).to_vec(),
        };
        for piece in pieces {
            out.extend_from_slice(&piece);
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    out.into()
}

fn column((name, wide): &Column) -> Value {
    let format = if *name == "Name" { "name" } else { "" };
    let sort = if NUMBERS.contains(name) { "integer" } else { "string" };
    json!({ "name": name, "type": sort, "format": format, "description": "", "priority": i32::from(*wide) })
}
