//! What refusals of the two APIs mean, and what a person can do about each.

use serde::Deserialize;
use serde_json::Value;

use super::client::Plane;
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;

/// The most bytes of a foreign message that are shown.
const SHOWN: usize = 300;

#[derive(Deserialize)]
struct Envelope {
    error: ErrorBody,
}

#[derive(Deserialize)]
struct ErrorBody {
    #[serde(default)]
    detail: Value,
    #[serde(default)]
    message: Option<String>,
}

/// What a status other than success means.
pub fn from_status(plane: Plane, status: u16, body: &[u8], with_token: bool) -> Failure {
    match plane {
        Plane::Dashboard => dashboard(status, body, with_token),
        Plane::Services => services(status, body),
    }
}

fn start(body: &[u8]) -> Text {
    Text::clean_bytes(body.get(..SHOWN).unwrap_or(body))
}

fn dashboard(status: u16, body: &[u8], with_token: bool) -> Failure {
    let said = start(body);
    let failure = |kind, what: String, hint: &str| Failure::new(kind, what, hint);
    match status {
        401 if !with_token => failure(
            FailureKind::NoCredentials,
            format!("the Ray dashboard wants a token ({said})"),
            "set RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH, or token_file in the context's [ray] table; on KubeRay it is in the Secret, key auth_token",
        ),
        401 | 403 => failure(
            FailureKind::Denied,
            format!("the Ray dashboard does not accept the token, or this request (HTTP {status}: {said})"),
            "check that the token belongs to this cluster: every cluster has its own; a proxy in front may want a login of its own",
        ),
        404 | 405 => failure(
            FailureKind::Unsupported,
            format!("the dashboard does not know this request (HTTP {status}: {said})"),
            "check the address: it is the dashboard's, port 8265 by default, and needs ray[default]; `ray --version` there",
        ),
        429 => {
            failure(FailureKind::Throttled, "the Ray dashboard has too many requests in progress".to_owned(), "holdup slows down by itself")
        }
        503 => failure(
            FailureKind::ServerError,
            format!("the Ray dashboard is there and cannot answer ({said})"),
            "look at the head node's memory, disk and CPU; `ray status` beside it",
        ),
        500..=599 => failure(
            FailureKind::ServerError,
            format!("the Ray dashboard failed (HTTP {status}: {said})"),
            "its dashboard.log on the head node says why",
        ),
        _ => failure(
            FailureKind::Garbage,
            format!("an answer that no Ray dashboard gives (HTTP {status}: {said})"),
            "check the address: it is the dashboard's, port 8265 by default, and no proxy's login page",
        ),
    }
}

fn services(status: u16, body: &[u8]) -> Failure {
    let said = match serde_json::from_slice::<Envelope>(body) {
        Ok(envelope) => {
            let detail = envelope.error.detail.as_str().map(str::to_owned).or(envelope.error.message);
            Text::clean_to(&detail.unwrap_or_default(), SHOWN)
        }
        Err(_) => start(body),
    };
    let failure = |kind, what: String, hint: &str| Failure::new(kind, what, hint);
    match status {
        401 => failure(
            FailureKind::Expired,
            format!("Anyscale does not accept the token ({said}): it is wrong or has expired"),
            "log in again with `anyscale login` (a token lasts 7 days), or correct ANYSCALE_CLI_TOKEN, which wins over the file",
        ),
        403 => failure(
            FailureKind::Denied,
            format!("Anyscale does not let this token read that ({said})"),
            "ask an owner of the project or cloud for read access, or use a service account's token",
        ),
        404 => failure(
            FailureKind::NotFound,
            format!("Anyscale does not know that ({said})"),
            "check project and cloud in the context's [ray] table, and the endpoint (ANYSCALE_HOST)",
        ),
        429 => failure(FailureKind::Throttled, "Anyscale throttles this token's requests".to_owned(), "holdup slows down by itself"),
        500..=599 => failure(
            FailureKind::ServerError,
            format!("Anyscale's API failed (HTTP {status}: {said})"),
            "look at https://status.anyscale.com; the next poll tries again",
        ),
        _ => failure(
            FailureKind::Garbage,
            format!("an answer that Anyscale's API does not give (HTTP {status}: {said})"),
            "check the endpoint: https://console.anyscale.com, or what ANYSCALE_HOST names",
        ),
    }
}
