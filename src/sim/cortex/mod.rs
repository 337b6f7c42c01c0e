//! The simulated Cortex operator: HTTP and WebSocket, both dialects, as the real one words them.
//!
//! Speaks bytes of its own: it shares no wire type with the client, so that a misreading on one
//! side shows. Which bodies exist, their fields and their error kinds are those of the operator at
//! 0.30 to 0.42.

mod api;
mod gate;
mod info;
mod job;
mod log;
mod metrics;
mod spec;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use serde_json::{Value, json};

use super::world::{Api, ApiKind, Cluster, Dialect, SharedWorld, World};

/// One operator: a cluster of the shared world.
#[derive(Clone, Debug)]
struct Operator {
    world: SharedWorld,
    cluster: Arc<str>,
}

impl Operator {
    /// Looks at the cluster; the closure must not wait.
    fn look<T>(&self, see: impl FnOnce(&World, &Cluster) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let world = self.world.now_view();
        let cluster = world.clusters.iter().find(|cluster| *cluster.name == *self.cluster);
        see(&world, cluster.ok_or_else(|| Refusal::new("errors.unexpected", "there is no such cluster"))?)
    }
}

/// The operator of `cluster` in the world, ready to be served.
pub fn router(world: SharedWorld, cluster: &str) -> Router {
    let operator = Operator { world, cluster: Arc::from(cluster) };
    let identified = Router::new()
        .route("/info", get(cluster_info))
        .route("/get", get(list))
        .route("/get/{api}", get(one))
        .route("/get/{api}/{id}", get(one_version))
        .route("/describe/{api}", get(describe))
        .route("/logs/{api}", get(log::logs))
        .route("/streamlogs/{api}", get(log::stream_logs))
        .route_layer(middleware::from_fn_with_state(operator.clone(), gate::identified));
    Router::new()
        .route("/verifycortex", get(|| async { body(&json!({})) }))
        .route("/batch/{api}", get(job::batch))
        .route("/tasks/{api}", get(job::task))
        .route("/metrics", get(metrics::metrics))
        .merge(identified)
        .layer(middleware::from_fn_with_state(operator.clone(), gate::faults))
        .with_state(operator)
}

/// An error in the operator's envelope.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Refusal {
    fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind, message: message.into() }
    }

    fn not_deployed(name: &str) -> Self {
        Self::new("resources.api_not_deployed", format!("{name} is not deployed"))
    }

    fn query_param_required(name: &str) -> Self {
        Self::new("endpoints.query_param_required", format!("query param required: {name}"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let envelope = json!({ "kind": self.kind, "message": self.message });
        (self.status, [(header::CONTENT_TYPE, "application/json")], envelope.to_string()).into_response()
    }
}

fn body(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

type Answer = Result<Response, Refusal>;

async fn cluster_info(State(operator): State<Operator>) -> Answer {
    operator.look(|world, cluster| Ok(body(&info::info(world, cluster))))
}

async fn list(State(operator): State<Operator>) -> Answer {
    operator.look(|world, cluster| Ok(body(&api::list(world, cluster))))
}

async fn one(State(operator): State<Operator>, Path(name): Path<String>) -> Answer {
    operator.look(|world, cluster| Ok(body(&json!([api::whole(world, cluster, deployed(cluster, &name)?)]))))
}

async fn one_version(State(operator): State<Operator>, Path((name, id)): Path<(String, String)>) -> Answer {
    operator.look(|world, cluster| {
        let api = deployed(cluster, &name)?;
        let version = api.versions.iter().position(|version| world.api_id(version) == id);
        match version.and_then(|index| api.versions.get(index).map(|version| (index, version))) {
            Some((0, _)) => Ok(body(&json!([api::whole(world, cluster, api)]))),
            Some((_, version)) => Ok(body(&json!([{ "spec": spec::spec(world, cluster, api, version) }]))),
            None => Err(Refusal::new("resources.api_id_not_found", format!("{name} with id {id} has never been deployed"))),
        }
    })
}

async fn describe(State(operator): State<Operator>, Path(name): Path<String>) -> Answer {
    operator.look(|world, cluster| {
        if cluster.dialect() == Dialect::Legacy {
            return Ok((StatusCode::NOT_FOUND, "404 page not found\n").into_response());
        }
        let api = deployed(cluster, &name)?;
        if !api.kind.has_replicas() {
            let kind = api.kind.word();
            return Err(Refusal::new(
                "resources.operation_is_only_supported_for_kind",
                format!("this operation is only allowed for RealtimeAPI or AsyncAPI kinds and is not supported for {name} of kind {kind}"),
            ));
        }
        Ok(body(&json!([api::described(world, cluster, api)])))
    })
}

fn deployed<'a>(cluster: &'a Cluster, name: &str) -> Result<&'a Api, Refusal> {
    cluster.api(name).ok_or_else(|| Refusal::not_deployed(name))
}

/// The load balancer in front of the APIs.
fn api_address(cluster: &Cluster, api: &Api) -> String {
    let host = super::world::minting::hex(&format!("{}/api-load-balancer", cluster.name), 48);
    let (name, zone) = host.split_at_checked(32).unwrap_or((&host, ""));
    format!("http://{name}-{zone}.elb.{}.amazonaws.com/{}", cluster.region, api.name)
}

/// The Grafana page of an API; splitters have none.
fn dashboard(cluster: &Cluster, api: &Api) -> Option<String> {
    let kind = match api.kind {
        ApiKind::Splitter => return None,
        _ => api.kind.word().to_lowercase(),
    };
    let host = super::world::minting::hex(&format!("{}/operator-load-balancer", cluster.name), 48);
    let (name, zone) = host.split_at_checked(32).unwrap_or((&host, ""));
    Some(format!(
        "http://{name}-{zone}.elb.{}.amazonaws.com/dashboard/d/{kind}/{kind}?orgId=1&refresh=30s&var-api_name={}",
        cluster.region, api.name
    ))
}

type Queries = Query<BTreeMap<String, String>>;
