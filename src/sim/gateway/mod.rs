//! A simulated gateway to decentralised compute networks: jobs, providers, events, logs (also as a
//! stream), wallets, rate limits, system pages, webhooks.
//!
//! Read-only, like what it is for. It wraps its answers in any of the four ways that occur. Its
//! bodies are written here by hand, in the shapes of the documents and of the source, and share
//! nothing with the client that reads them.

mod gate;
mod jobs;
mod providers;
mod shape;
mod system;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::scenario::{GatewayFile, GatewayJobFile};
use super::world::{SharedWorld, World};
use crate::config::{ContextConfig, GatewayConfig};

/// The only key that is accepted: what the simulated credentials send.
pub const KEY: &str = "simulated-key";

/// The context that points at a gateway.
pub fn context(name: &str, address: SocketAddr) -> ContextConfig {
    ContextConfig {
        name: name.to_owned(),
        platform: "gateway".to_owned(),
        endpoint: Some(format!("http://{address}")),
        aws: None,
        kubernetes: None,
        gateway: Some(GatewayConfig { simulated_credentials: true, ..GatewayConfig::default() }),
        ..ContextConfig::default()
    }
}

/// The interface of one gateway, ready to be served.
pub fn router(world: SharedWorld, name: &str) -> Router {
    let served = Served { world, name: name.to_owned(), asked: Arc::new(AtomicU32::new(0)) };
    Router::new().fallback(answer).with_state(served)
}

#[derive(Clone, Debug)]
struct Served {
    world: SharedWorld,
    name: String,
    /// Requests so far.
    asked: Arc<AtomicU32>,
}

/// What a request is about.
struct Look<'a> {
    world: &'a World,
    gateway: &'a GatewayFile,
}

impl Look<'_> {
    fn stamp(&self, moment: i64) -> String {
        self.world.stamp(moment).strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
    }

    fn job(&self, id: &str) -> Option<&GatewayJobFile> {
        self.gateway.job.iter().find(|job| job.id == id && job.at.0 <= self.world.now)
    }
}

/// An answer: the status and what is in it, not wrapped yet.
enum Answer {
    /// A value of its own.
    One(Value),
    /// Some of many, under their name, with how many there are and which page this is.
    Page { name: &'static str, rows: Vec<Value>, total: usize, page: usize, size: usize },
    /// A body as it is.
    Raw(&'static str, String),
    /// A refusal: status, code, sentence.
    Refused(StatusCode, &'static str, String),
    /// A call that this build does not have.
    Absent,
    /// Nothing, ever.
    Silence,
}

async fn answer(State(served): State<Served>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let (answer, shape, budget) = {
        let world = served.world.now_view();
        let Some(gateway) = world.gateway.iter().find(|gateway| gateway.name == served.name) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let look = Look { world: &world, gateway };
        let budget = gate::budget(&look, &served.asked);
        let answer = gate::refusal(&headers, &look, &budget, &method, uri.path())
            .unwrap_or_else(|| route(&look, uri.path(), uri.query().unwrap_or_default()));
        (answer, gateway.shape, budget)
    };
    let mut response = match answer {
        Answer::Silence => std::future::pending().await,
        Answer::Absent => (StatusCode::NOT_FOUND, "Not Found").into_response(),
        Answer::Raw(kind, body) => ([(header::CONTENT_TYPE, kind)], body).into_response(),
        Answer::One(value) => axum::Json(shape::one(shape, value)).into_response(),
        Answer::Page { name, rows, total, page, size } => axum::Json(shape::page(shape, name, rows, total, page, size)).into_response(),
        Answer::Refused(status, code, message) => (status, axum::Json(shape::refused(shape, code, &message))).into_response(),
    };
    budget.write(&mut response);
    response
}

fn route(look: &Look<'_>, path: &str, query: &str) -> Answer {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["api", "health"] => Answer::One(serde_json::json!({ "status": "healthy" })),
        ["api", "system", rest @ ..] => system::answer(look, rest, query),
        ["api", "users", "me", "permissions"] => system::permissions(),
        ["api", "plugin-core", "jobs"] => jobs::list(look, query),
        ["api", "plugin-core", "jobs", id, rest @ ..] => match look.job(id) {
            Some(job) => jobs::about(look, job, rest, query),
            None => Answer::Refused(StatusCode::NOT_FOUND, "JOB_NOT_FOUND", "Job not found".to_owned()),
        },
        ["api", "plugin-core", "providers"] => providers::list(look),
        ["api", "plugin-core", "providers", id, rest @ ..] => match look.gateway.provider.iter().find(|known| known.id == *id) {
            Some(provider) => providers::about(look, provider, rest),
            None => Answer::Refused(StatusCode::NOT_FOUND, "PROVIDER_NOT_FOUND", "Provider not found".to_owned()),
        },
        ["api", "plugin-core", "webhooks"] => system::webhooks(),
        ["api", "plugin-core", "webhooks", _, "history"] => system::deliveries(look),
        _ => Answer::Absent,
    }
}

fn query_value(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
