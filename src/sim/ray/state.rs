//! The state API and the nodes' physical figures: `/api/v0/nodes`, `/api/v0/actors`, `/nodes`.

use serde_json::{Map, Value, json};

use super::super::scenario::RayNodeFile;
use super::serve::{actor_name, replicas};
use super::{Look, node_id};

/// The state API's envelope.
#[expect(clippy::needless_pass_by_value, reason = "made for it, and told of once")]
fn enveloped(rows: Vec<Value>) -> Value {
    let total = rows.len();
    json!({ "result": true, "msg": "", "data": { "result": {
        "total": total, "num_after_truncation": total, "num_filtered": total, "result": rows,
        "partial_failure_warning": "", "warnings": null,
    } } })
}

/// When all machines joined: story seconds.
const JOINED: i64 = -86_400;

fn resources(node: &RayNodeFile, index: usize) -> Map<String, Value> {
    let mut all: Map<String, Value> = node.resources.iter().map(|(name, amount)| (name.clone(), json!(amount))).collect();
    if index == 0 {
        all.insert("node:__internal_head__".to_owned(), json!(1.0));
    }
    all.insert(format!("node:10.0.0.{}", index + 1), json!(1.0));
    all
}

fn millis(look: &Look<'_>, moment: i64) -> i64 {
    look.world.stamp(moment).as_millisecond()
}

pub(super) fn nodes(look: &Look<'_>) -> Value {
    let rows = look.ray.node.iter().enumerate().map(|(index, node)| {
        json!({
            "node_id": node_id(index), "node_ip": format!("10.0.0.{}", index + 1), "is_head_node": index == 0,
            "state": if node.dead.is_some() { "DEAD" } else { "ALIVE" }, "state_message": node.dead,
            "node_name": format!("10.0.0.{}", index + 1), "resources_total": resources(node, index),
            "labels": { "ray.io/node-id": node_id(index), "ray.io/node-group": node.group },
            "start_time_ms": millis(look, JOINED), "end_time_ms": if node.dead.is_some() { millis(look, 0) } else { 0 },
        })
    });
    enveloped(rows.collect())
}

pub(super) fn actors(look: &Look<'_>) -> Value {
    let mut rows = Vec::new();
    for app in &look.ray.app {
        for deployment in &app.deployment {
            for replica in replicas(look, app, deployment) {
                let state = if replica.node.is_some() { "ALIVE" } else { "PENDING_CREATION" };
                rows.push(json!({
                    "actor_id": format!("ac{}", replica.id), "class_name": format!("ServeReplica:{}:{}", app.name, deployment.name),
                    "state": state, "name": actor_name(app, deployment, &replica.id), "node_id": replica.node.map(node_id),
                    "required_resources": deployment.resources, "death_cause": null, "ray_namespace": "serve", "num_restarts": "0",
                }));
            }
            if let Some(death) = &deployment.death {
                rows.push(json!({
                    "actor_id": "acdead0001", "class_name": format!("ServeReplica:{}:{}", app.name, deployment.name), "state": "DEAD",
                    "name": actor_name(app, deployment, "dead0001"), "node_id": node_id(0),
                    "required_resources": deployment.resources, "ray_namespace": "serve", "num_restarts": "0",
                    "death_cause": { "actor_died_error_context": { "error_message": death, "reason": "WORKER_DIED", "never_started": false } },
                }));
            }
        }
    }
    enveloped(rows)
}

pub(super) fn summary(look: &Look<'_>) -> Value {
    let total = 200_000_000_000_u64;
    let rows: Vec<Value> = look
        .ray
        .node
        .iter()
        .enumerate()
        .map(|(index, node)| {
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes of a disk")]
            let used = (total as f64 * node.disk_percent / 100.0) as u64;
            let disk = json!({ "total": total, "used": used, "free": total - used.min(total), "percent": node.disk_percent });
            json!({
                "now": look.now(), "hostname": format!("ip-10-0-0-{}", index + 1), "ip": format!("10.0.0.{}", index + 1),
                "cpu": 12.0, "cpus": [8, 8], "mem": [34_359_738_368_u64, 17_179_869_184_u64, 50.0, 17_179_869_184_u64],
                "disk": { "/": disk.clone(), "/tmp/ray": disk }, "gpus": [], "tpus": [],
                "raylet": {
                    "nodeId": node_id(index), "state": if node.dead.is_some() { "DEAD" } else { "ALIVE" }, "isHeadNode": index == 0,
                    "nodeTypeName": node.group, "instanceId": format!("i-{index:017x}"), "instanceTypeName": "",
                    "startTimeMs": millis(look, JOINED).to_string(),
                },
            })
        })
        .collect();
    json!({ "result": true, "msg": "Node summary fetched.", "data": { "summary": rows, "nodeLogicalResources": logical(look) } })
}

fn logical(look: &Look<'_>) -> Map<String, Value> {
    let lines = |node: &RayNodeFile| {
        let lines: Vec<String> = node
            .resources
            .iter()
            .map(|(name, total)| {
                let used = node.used.get(name).copied().unwrap_or_default();
                if name.contains("memory") {
                    format!("{:.2}GiB/{:.2}GiB {name}", used / 1_073_741_824.0, total / 1_073_741_824.0)
                } else {
                    format!("{used:?}/{total:?} {name}")
                }
            })
            .collect();
        lines.join("\n")
    };
    let alive = look.ray.node.iter().enumerate().filter(|(_, node)| node.dead.is_none());
    alive.map(|(index, node)| (node_id(index), json!(lines(node)))).collect()
}
