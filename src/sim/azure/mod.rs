//! A simulated Azure Resource Manager with one Machine Learning workspace: endpoints, deployments,
//! operations, logs, usages, metrics and the activity log.
//!
//! Read-only, like what it is for. Its bodies are written here by hand, in the shapes of the
//! management API of 2025-12-01, and share nothing with the client that reads them.

mod gate;
mod limits;
mod logs;
mod monitor;
mod resources;

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::scenario::{AzureDeploymentFile, AzureEndpointFile, AzureFile};
use super::world::{SharedWorld, World};
use crate::config::{AwsConfig, AzureConfig, ContextConfig};

/// The subscription of all workspaces.
pub const SUBSCRIPTION: &str = "11111111-2222-3333-4444-555555555555";
/// Their resource group.
pub const RESOURCE_GROUP: &str = "rg-serving";
/// The only token that is accepted: what the simulated credentials send.
pub const TOKEN: &str = "simulated-token";

/// The context that points at a workspace.
pub fn context(name: &str, address: SocketAddr) -> ContextConfig {
    ContextConfig {
        name: name.to_owned(),
        platform: "azure".to_owned(),
        endpoint: Some(format!("http://{address}")),
        aws: None::<AwsConfig>,
        kubernetes: None,
        azure: Some(AzureConfig {
            subscription: Some(SUBSCRIPTION.to_owned()),
            resource_group: Some(RESOURCE_GROUP.to_owned()),
            workspace: Some(name.to_owned()),
            simulated_credentials: true,
            ..AzureConfig::default()
        }),
        ..ContextConfig::default()
    }
}

/// The management API of one workspace, ready to be served.
pub fn router(world: SharedWorld, workspace: &str) -> Router {
    Router::new().fallback(answer).with_state(Served { world, workspace: workspace.to_owned() })
}

#[derive(Clone, Debug)]
struct Served {
    world: SharedWorld,
    workspace: String,
}

/// What a request is about.
struct Look<'a> {
    world: &'a World,
    workspace: &'a AzureFile,
    /// Where this server is, for the addresses it writes into its answers.
    base: String,
    api_version: String,
}

impl Look<'_> {
    fn prefix(&self) -> String {
        format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/{RESOURCE_GROUP}/providers/Microsoft.MachineLearningServices/workspaces/{}",
            self.workspace.name
        )
    }

    fn endpoint(&self, name: &str) -> Option<&AzureEndpointFile> {
        self.workspace.endpoint.iter().find(|endpoint| endpoint.name.eq_ignore_ascii_case(name))
    }

    fn stamp(&self, moment: i64) -> String {
        self.world.stamp(moment).strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
    }
}

/// An answer: the status and the body.
type Answer = (StatusCode, Value);

async fn answer(State(served): State<Served>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let (status, body) = {
        let world = served.world.now_view();
        let Some(workspace) = world.azure.iter().find(|workspace| workspace.name == served.workspace) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
        let query = uri.query().unwrap_or_default();
        let api_version = query_value(query, "api-version").unwrap_or_default();
        let look = Look { world: &world, workspace, base: format!("http://{host}"), api_version };
        gate::refusal(&headers, &look, &method, uri.path()).unwrap_or_else(|| route(&look, &method, uri.path(), query, &body))
    };
    let request_id = ("x-ms-request-id", "2f5c0d9e-0000-4000-8000-000000000001");
    (status, [request_id, ("x-ms-ratelimit-remaining-subscription-reads", "249")], axum::Json(body)).into_response()
}

fn route(look: &Look<'_>, method: &Method, path: &str, query: &str, body: &[u8]) -> Answer {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let ["subscriptions", SUBSCRIPTION, below @ ..] = parts.as_slice() else { return not_found(path) };
    let is = |word: &str, name: &str| word.eq_ignore_ascii_case(name);
    match below {
        ["providers", "Microsoft.MachineLearningServices", "locations", place, rest @ ..] if is(place, &look.workspace.location) => {
            match (method, rest) {
                (&Method::GET, ["usages"]) => limits::usages(look),
                (&Method::GET, ["quotas"]) => (StatusCode::OK, json!({ "value": [] })),
                (&Method::GET, ["vmSizes"]) => limits::sizes(),
                (&Method::GET, ["mfeOperationsStatus", id]) => resources::operation(look, id),
                _ => not_found(path),
            }
        }
        ["providers", "Microsoft.Compute", "locations", place, "usages"] if is(place, &look.workspace.location) => limits::compute_usages(),
        ["providers", "Microsoft.Insights", "eventtypes", "management", "values"] => monitor::activity(look),
        ["resourceGroups", RESOURCE_GROUP, "providers", "Microsoft.MachineLearningServices", "workspaces", name, rest @ ..]
            if is(name, &look.workspace.name) =>
        {
            workspace(look, method, rest, query, body).unwrap_or_else(|| not_found(path))
        }
        ["resourceGroups", RESOURCE_GROUP, "providers", "Microsoft.Insights", "autoscalesettings"] => {
            (StatusCode::OK, json!({ "value": [] }))
        }
        _ => not_found(path),
    }
}

fn workspace(look: &Look<'_>, method: &Method, rest: &[&str], query: &str, body: &[u8]) -> Option<Answer> {
    let found = |endpoint: &str, deployment: &str| {
        let endpoint = look.endpoint(endpoint)?;
        let deployment = endpoint.deployment.iter().find(|known| known.name.eq_ignore_ascii_case(deployment))?;
        Some((endpoint, deployment))
    };
    match (method, rest) {
        (&Method::GET, []) => Some(resources::workspace(look)),
        (&Method::GET, ["onlineEndpoints"]) => Some(resources::endpoints(look, query)),
        (&Method::GET, ["onlineEndpoints", name]) => Some((StatusCode::OK, resources::endpoint(look, look.endpoint(name)?))),
        (&Method::GET, ["onlineEndpoints", name, "deployments"]) => Some(resources::deployments(look, look.endpoint(name)?)),
        (&Method::POST, ["onlineEndpoints", name, "deployments", deployment, "getLogs"]) => {
            let (_, deployment) = found(name, deployment)?;
            Some(logs::answer(look, deployment, body))
        }
        (&Method::GET, ["onlineEndpoints", name, "providers", "Microsoft.Insights", "metrics"]) => {
            Some(monitor::requests(look, look.endpoint(name)?, query))
        }
        (&Method::GET, ["onlineEndpoints", name, "deployments", deployment, "providers", "Microsoft.Insights", "metrics"]) => {
            let (_, deployment) = found(name, deployment)?;
            Some(monitor::machines(look, deployment, query))
        }
        _ => None,
    }
}

/// Where the last operation of a deployment stands: its word, and when it ended.
fn operation_state(look: &Look<'_>, deployment: &AzureDeploymentFile) -> (&'static str, Option<i64>) {
    match deployment.ends.map(|ends| ends.0) {
        Some(ends) if ends <= look.world.now => (if deployment.error.is_some() { "Failed" } else { "Succeeded" }, Some(ends)),
        _ => ("InProgress", None),
    }
}

fn query_value(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn not_found(path: &str) -> Answer {
    let message = format!("The Resource '{path}' under resource group '{RESOURCE_GROUP}' was not found.");
    (StatusCode::NOT_FOUND, json!({ "error": { "code": "ResourceNotFound", "message": message } }))
}
