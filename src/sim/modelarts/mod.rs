//! A simulated project of Huawei `ModelArts`: the service API in its first version, with the log
//! service and the part of IAM that a client needs beside it, all at one address.
//!
//! Read-only. Its bodies are written here by hand, in the shapes the API reference shows, and it
//! checks signatures by itself: it shares nothing with the client that talks to it.

mod gate;
mod logs;
mod services;

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::scenario::{ModelArtsFile, ModelArtsServiceFile};
use super::world::{SharedWorld, World};
use crate::config::{AwsConfig, ContextConfig, ModelArtsConfig};

/// The id of every project.
pub const PROJECT: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
/// The access key that is known here: what the simulated credentials send.
pub const ACCESS_KEY: &str = "SIMULATEDACCESSKEY01";
/// Its secret.
pub const SECRET_KEY: &str = "simulated-secret-key";

/// The context that points at a project.
pub fn context(name: &str, address: SocketAddr) -> ContextConfig {
    ContextConfig {
        name: name.to_owned(),
        platform: "modelarts".to_owned(),
        endpoint: Some(format!("http://{address}")),
        aws: None::<AwsConfig>,
        kubernetes: None,
        modelarts: Some(ModelArtsConfig {
            region: Some("eu-de".to_owned()),
            project: Some(PROJECT.to_owned()),
            simulated_credentials: true,
            ..ModelArtsConfig::default()
        }),
        ..ContextConfig::default()
    }
}

/// The API of one project, ready to be served.
pub fn router(world: SharedWorld, project: &str) -> Router {
    Router::new().fallback(answer).with_state(Served { world, project: project.to_owned() })
}

#[derive(Clone, Debug)]
struct Served {
    world: SharedWorld,
    project: String,
}

/// What a request is about.
struct Look<'a> {
    world: &'a World,
    project: &'a ModelArtsFile,
}

impl Look<'_> {
    /// A moment as the service writes it: milliseconds since 1970.
    fn millis(&self, moment: i64) -> i64 {
        self.world.stamp(moment).as_millisecond()
    }

    /// A service with its place, by its id.
    fn service(&self, id: &str) -> Option<(usize, &ModelArtsServiceFile)> {
        self.project.service.iter().enumerate().find(|(index, _)| service_id(*index) == id)
    }
}

/// An answer: the status and the body.
type Answer = (StatusCode, Value);

/// A request, as far as it matters here.
struct Asked<'a> {
    method: &'a Method,
    path: &'a str,
    query: &'a str,
    headers: &'a HeaderMap,
    body: &'a [u8],
}

async fn answer(State(served): State<Served>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let asked = Asked { method: &method, path: uri.path(), query: uri.query().unwrap_or_default(), headers: &headers, body: &body };
    let (status, body) = {
        let world = served.world.now_view();
        let Some(project) = world.modelarts.iter().find(|project| project.name == served.project) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let look = Look { world: &world, project };
        gate::refusal(&look, &asked, world.present()).unwrap_or_else(|| route(&look, &asked))
    };
    (status, [("X-Request-Id", "fd6530a01c09aabbccddeeff00112233")], axum::Json(body)).into_response()
}

fn route(look: &Look<'_>, asked: &Asked<'_>) -> Answer {
    let parts: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
    match (asked.method, parts.as_slice()) {
        (&Method::GET, ["v3", "projects"]) => (StatusCode::OK, json!({ "projects": [{ "id": PROJECT, "name": look.project.region }] })),
        (&Method::GET, ["v1", PROJECT, "services"]) => services::list(look, asked.query),
        (&Method::GET, ["v1", PROJECT, "services", "specifications"]) => services::specifications(look),
        (&Method::GET, ["v1", PROJECT, "quotas"]) => services::project_quotas(),
        (&Method::GET, ["v1", PROJECT, "workspaces", _, "quotas"]) => services::workspace_quotas(look),
        (&Method::GET, ["v1", PROJECT, "services", id, rest @ ..]) => match (look.service(id), rest) {
            (Some(service), []) => services::detail(look, service),
            (Some(service), ["events"]) => services::events(look, service),
            (Some(service), ["logs"]) => services::updates(look, service),
            (Some(service), ["monitor"]) => services::monitor(look, service),
            (Some(_), _) => no_such_api(),
            (None, _) => error(StatusCode::NOT_FOUND, "ModelArts.3502", &format!("Service {id} does not exist.")),
        },
        (&Method::POST, ["v2", PROJECT, "groups", _, "streams", stream, "content", "query"]) => logs::query(look, stream, asked.body),
        _ => no_such_api(),
    }
}

/// The id of the service at a place of the scenario.
fn service_id(index: usize) -> String {
    format!("35de3ca9-1bca-4ae7-9cb0-{index:012}")
}

/// The stream of the service at a place of the scenario.
fn stream_id(index: usize) -> String {
    format!("66666666-7777-8888-9999-{index:012}")
}

fn error(status: StatusCode, code: &str, message: &str) -> Answer {
    (status, json!({ "error_code": code, "error_msg": message }))
}

fn no_such_api() -> Answer {
    let message = "The API does not exist or has not been published in the environment";
    let body = json!({ "error_code": "APIG.0101", "error_msg": message, "request_id": "fd6530a01c09aabbccddeeff00112233" });
    (StatusCode::NOT_FOUND, body)
}
