//! A simulated Ray cluster: its dashboard's HTTP API as Ray 2.44 to 2.60 serve it, and Anyscale's
//! service API above it.
//!
//! Read-only. The bodies are written here by hand after recordings, and share nothing with the
//! client that reads them. Both APIs answer on one port: their paths do not meet.

mod autoscaler;
mod logs;
mod serve;
mod services;
mod state;

use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::scenario::RayFile;
use super::world::{Moment, SharedWorld, World};
use crate::config::{ContextConfig, RayConfig, TlsTrust};

/// The only token that both APIs accept: what the simulated credentials send.
pub const TOKEN: &str = "simulated-token";

/// The context that points at a cluster.
pub fn context(file: &RayFile, address: SocketAddr) -> ContextConfig {
    let base = format!("http://{address}");
    ContextConfig {
        name: file.name.clone(),
        platform: "anyscale".to_owned(),
        endpoint: (!file.service.is_empty()).then(|| base.clone()),
        tls: TlsTrust::System,
        aws: None,
        kubernetes: None,
        ray: Some(RayConfig { dashboard: (!file.node.is_empty()).then_some(base), simulated_credentials: true, ..RayConfig::default() }),
        ..ContextConfig::default()
    }
}

/// Both APIs of one cluster, ready to be served.
pub fn router(world: SharedWorld, name: &str) -> Router {
    Router::new().fallback(answer).with_state(Served { world, name: name.to_owned() })
}

#[derive(Clone, Debug)]
struct Served {
    world: SharedWorld,
    name: String,
}

/// What a request is about.
struct Look<'a> {
    world: &'a World,
    ray: &'a RayFile,
    query: Vec<(String, String)>,
}

impl Look<'_> {
    /// Seconds since 1970 of a moment, as Serve writes them.
    fn seconds(&self, moment: Moment) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of this century fit")]
        let millis = self.world.stamp(moment).as_millisecond() as f64;
        millis / 1_000.0
    }

    fn now(&self) -> f64 {
        self.seconds(self.world.now)
    }

    fn asked(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether the simulated Ray is at least this 2.x.
    fn since(&self, minor: u32) -> bool {
        self.ray.version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok()).is_some_and(|own| own >= minor)
    }
}

/// The id of the node at a position.
fn node_id(index: usize) -> String {
    format!("{:056x}", 0x4a00 + index)
}

/// An answer: JSON, or the text of those that are no JSON.
enum Answer {
    Json(StatusCode, Value),
    Text(StatusCode, String),
    /// None, ever.
    Silence,
}

impl Answer {
    fn good(value: Value) -> Self {
        Self::Json(StatusCode::OK, value)
    }
}

async fn answer(State(served): State<Served>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let answer = {
        let world = served.world.now_view();
        let Some(ray) = world.ray.iter().find(|ray| ray.name == served.name) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let look = Look { world: &world, ray, query };
        refusal(&look, &headers, uri.path()).unwrap_or_else(|| route(&look, &method, uri.path()))
    };
    match answer {
        Answer::Json(status, body) => (status, axum::Json(body)).into_response(),
        Answer::Text(status, body) => (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response(),
        Answer::Silence => std::future::pending().await,
    }
}

fn refusal(look: &Look<'_>, headers: &HeaderMap, path: &str) -> Option<Answer> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if path.starts_with("/api/v2/") {
        if text("cookie") != format!("cli_token={TOKEN}") {
            let detail = "Invalid user: please log in again.";
            return Some(Answer::Json(StatusCode::UNAUTHORIZED, json!({ "error": { "detail": detail, "message": null, "body": null } })));
        }
        if look.ray.denied.iter().any(|denied| path.starts_with(denied)) {
            let detail = "You do not have permission to read this resource.";
            return Some(Answer::Json(StatusCode::FORBIDDEN, json!({ "error": { "detail": detail } })));
        }
        return None;
    }
    let open = matches!(path, "/api/gcs_healthz" | "/api/authentication_mode");
    if look.ray.token && !open {
        match text("authorization").strip_prefix("Bearer ") {
            None => return Some(Answer::Text(StatusCode::UNAUTHORIZED, "Unauthorized: Missing authentication token".to_owned())),
            Some(TOKEN) => {}
            Some(_) => return Some(Answer::Text(StatusCode::FORBIDDEN, "Forbidden: Invalid authentication token".to_owned())),
        }
    }
    look.ray.denied.iter().any(|denied| path.starts_with(denied)).then(|| Answer::Text(StatusCode::FORBIDDEN, "403: Forbidden".to_owned()))
}

fn route(look: &Look<'_>, method: &Method, path: &str) -> Answer {
    if method != Method::GET {
        return Answer::Text(StatusCode::METHOD_NOT_ALLOWED, "405: Method Not Allowed".to_owned());
    }
    if look.ray.node.is_empty() && !path.starts_with("/api/v2/") {
        return not_found();
    }
    match path {
        "/api/version" => Answer::good(json!({
            "version": "4", "ray_version": look.ray.version, "ray_commit": "0000000000000000000000000000000000000000",
            "session_name": "session_2026-01-01_00-00-00_000000_1",
        })),
        "/api/gcs_healthz" if look.ray.frozen => {
            Answer::Text(StatusCode::SERVICE_UNAVAILABLE, "503: Health check failed: RPC error: Deadline Exceeded".to_owned())
        }
        "/api/gcs_healthz" => Answer::Text(StatusCode::OK, "success".to_owned()),
        _ if look.ray.frozen => Answer::Silence,
        "/api/serve/applications/" => Answer::good(serve::applications(look)),
        "/api/cluster_status" => Answer::good(autoscaler::status(look)),
        "/nodes" => Answer::good(state::summary(look)),
        "/events" => Answer::good(autoscaler::events(look)),
        "/api/v0/nodes" => Answer::good(state::nodes(look)),
        "/api/v0/actors" => Answer::good(state::actors(look)),
        "/api/v0/logs/file" => logs::file(look),
        _ => match path.strip_prefix("/api/v2/") {
            Some(rest) => services::route(look, rest),
            None => not_found(),
        },
    }
}

fn not_found() -> Answer {
    Answer::Text(StatusCode::NOT_FOUND, "404: Not Found".to_owned())
}
