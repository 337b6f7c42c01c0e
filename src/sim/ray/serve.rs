//! `/api/serve/applications/`: applications, deployments, replicas, proxies.

use serde_json::{Map, Value, json};

use super::super::scenario::{RayAppFile, RayDeploymentFile};
use super::{Look, node_id};

/// One replica of a deployment.
pub(super) struct Replica {
    pub(super) id: String,
    pub(super) state: &'static str,
    /// Seconds after the last deploy at which it was started; negative for one of the version before.
    pub(super) after: i64,
    pub(super) node: Option<usize>,
}

/// The replicas of a deployment, in the order Serve lists them.
pub(super) fn replicas(look: &Look<'_>, app: &RayAppFile, deployment: &RayDeploymentFile) -> Vec<Replica> {
    let workers = look.ray.node.len().max(1);
    let make = |kind: &str, count: u32, state, after, placed: bool| {
        (0..count)
            .map(|n| Replica {
                id: format!("{kind}{n}{}", short(&app.name, &deployment.name)),
                state,
                after,
                node: placed.then_some((n as usize + 1) % workers),
            })
            .collect::<Vec<_>>()
    };
    let mut all = make("o", deployment.old, "RUNNING", -7_200, true);
    all.extend(make("r", deployment.running, "RUNNING", 3, true));
    all.extend(make("s", deployment.starting, "STARTING", 3, true));
    all.extend(make("w", deployment.waiting, "STARTING", 3, false));
    all
}

fn short(app: &str, deployment: &str) -> String {
    let sum = app.bytes().chain(deployment.bytes()).fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    format!("{:06x}", sum % 0x00ff_ffff)
}

/// The name of the actor behind a replica.
pub(super) fn actor_name(app: &RayAppFile, deployment: &RayDeploymentFile, replica: &str) -> String {
    format!("SERVE_REPLICA::{}#{}#{replica}", app.name, deployment.name)
}

pub(super) fn applications(look: &Look<'_>) -> Value {
    if look.ray.app.is_empty() {
        return json!({ "controller_info": {}, "proxies": {}, "applications": {}, "target_capacity": null });
    }
    let applications: Map<String, Value> = look.ray.app.iter().map(|app| (app.name.clone(), application(look, app))).collect();
    let proxies: Map<String, Value> = alive(look)
        .map(|index| {
            let id = node_id(index);
            let proxy = json!({
                "node_id": id, "node_ip": format!("10.0.0.{}", index + 1), "actor_id": format!("{index:032x}"),
                "actor_name": format!("SERVE_PROXY_ACTOR-{id}"), "worker_id": "00", "status": "HEALTHY",
                "log_file_path": format!("/serve/proxy_10.0.0.{}.log", index + 1),
            });
            (id, proxy)
        })
        .collect();
    json!({
        "controller_info": { "node_id": node_id(0), "node_ip": "10.0.0.1", "actor_id": "aa", "log_file_path": "/serve/controller_101.log" },
        "proxy_location": "EveryNode",
        "http_options": { "host": "0.0.0.0", "port": 8000, "root_path": "", "request_timeout_s": null, "keep_alive_timeout_s": 90 },
        "grpc_options": { "port": 9000, "grpc_servicer_functions": [] },
        "proxies": proxies,
        "applications": applications,
        "target_capacity": null,
    })
}

fn alive<'a>(look: &'a Look<'_>) -> impl Iterator<Item = usize> + 'a {
    look.ray.node.iter().enumerate().filter(|(_, node)| node.dead.is_none()).map(|(index, _)| index)
}

fn application(look: &Look<'_>, app: &RayAppFile) -> Value {
    let deployments: Map<String, Value> =
        app.deployment.iter().map(|deployment| (deployment.name.clone(), one(look, app, deployment))).collect();
    json!({
        "name": app.name, "route_prefix": format!("/{}", app.name), "docs_path": null, "status": app.status, "message": app.message,
        "last_deployed_time_s": look.seconds(app.at.0), "source": "declarative",
        "deployed_app_config": { "name": app.name, "import_path": format!("{}:app", app.name), "runtime_env": {} },
        "deployments": deployments,
    })
}

fn one(look: &Look<'_>, app: &RayAppFile, deployment: &RayDeploymentFile) -> Value {
    let replicas: Vec<Value> = replicas(look, app, deployment).iter().map(|replica| listed(look, app, deployment, replica)).collect();
    let mut answer = json!({
        "name": deployment.name, "status": deployment.status, "status_trigger": deployment.trigger, "message": deployment.message,
        "deployment_config": { "name": deployment.name, "num_replicas": deployment.target, "graceful_shutdown_timeout_s": 20.0 },
        "target_num_replicas": deployment.target, "required_resources": deployment.resources, "replicas": replicas,
    });
    if let (true, Some(fields)) = (look.since(56), answer.as_object_mut()) {
        let dead = (deployment.death.is_some() || deployment.trigger == "REPLICA_STARTUP_FAILED").then(|| {
            json!({ "replica_id": "dead0001", "state": "STOPPED", "node_id": node_id(0), "log_file_path": log_path(app, deployment, "dead0001") })
        });
        fields.insert("recent_dead_replicas".to_owned(), dead.into_iter().collect());
    }
    answer
}

pub(super) fn log_path(app: &RayAppFile, deployment: &RayDeploymentFile, replica: &str) -> String {
    format!("/serve/replica_{}_{}_{replica}.log", app.name, deployment.name)
}

fn listed(look: &Look<'_>, app: &RayAppFile, deployment: &RayDeploymentFile, replica: &Replica) -> Value {
    let name = actor_name(app, deployment, &replica.id);
    let start = look.seconds(app.at.0 + replica.after);
    match replica.node {
        // A replica whose actor does not run yet is listed with these fields only.
        None => json!({ "actor_name": name, "replica_id": replica.id, "state": replica.state, "start_time_s": start }),
        Some(node) => json!({
            "node_id": node_id(node), "node_ip": format!("10.0.0.{}", node + 1), "actor_id": format!("ac{}", replica.id),
            "actor_name": name, "worker_id": "01", "log_file_path": log_path(app, deployment, &replica.id),
            "replica_id": replica.id, "state": replica.state, "pid": 4_321, "start_time_s": start,
        }),
    }
}
