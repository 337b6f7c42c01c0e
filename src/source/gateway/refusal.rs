//! What a gateway's refusals mean, and what a person can do about each.

use serde_json::Value;

use super::envelope::{Told, told};
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;

/// The most bytes of a foreign message that are shown.
const SHOWN: usize = 300;

/// Codes of the framework while the application behind it is not ready.
const NOT_READY: &[&str] = &[
    "APP_NOT_FOUND",
    "APP_ERROR",
    "APP_PREPARING",
    "APP_STARTING",
    "APP_STOPPED",
    "APP_INITIALIZED",
    "APP_INITIALIZING",
    "COMMAND_ERROR",
    "COMMAND_END",
];

/// Why a call brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What it means.
    pub failure: Failure,
    /// The code that came with it; empty where there is none.
    pub code: String,
    /// Whether this instance has no such call: not an outage, and not to be asked again.
    pub absent: bool,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self { failure, code: String::new(), absent: false }
    }
}

/// A refusal with a status and a body; `what` names what was asked for.
pub fn refused(status: u16, body: &[u8], what: &str) -> Refusal {
    let value: Option<Value> = serde_json::from_slice(body).ok().filter(Value::is_object);
    let told = value.as_ref().map(told).unwrap_or_default();
    let shown = match (&value, told.message.is_empty()) {
        (Some(_), false) => Text::clean_to(&told.message, SHOWN),
        (Some(_), true) => format!("HTTP {status}").into(),
        (None, _) => format!("HTTP {status}: {}", Text::clean_to(&String::from_utf8_lossy(body), 80)).into(),
    };
    let failure = meaning(status, &told, &shown, value.is_some(), what);
    let absent = failure.kind == FailureKind::Unsupported;
    Refusal { failure, code: told.code, absent }
}

fn meaning(status: u16, told: &Told, shown: &Text, is_json: bool, what: &str) -> Failure {
    use FailureKind::{Denied, Expired, Garbage, NoCredentials, NotFound, ServerError, Throttled, Unsupported};
    let code = told.code.as_str();
    let lower = told.message.to_ascii_lowercase();
    let new_key = "make a key under Settings, API keys, and set it in GATEWAY_KEY or gateway.key_file";
    if NOT_READY.contains(&code) {
        let hint = "wait a minute or two; `docker compose ps` on its host shows whether it starts at all";
        return Failure::new(ServerError, format!("the gateway is starting or in maintenance: {shown} ({code})"), hint);
    }
    match status {
        401 if code == "EXPIRED_TOKEN" || lower.contains("expired") => {
            Failure::new(Expired, format!("the API key has expired: {shown}"), new_key)
        }
        401 if lower.contains("required") || lower.contains("missing or") => {
            Failure::new(NoCredentials, format!("the gateway does not accept the API key: {shown}"), new_key)
        }
        401 => Failure::new(Denied, format!("the gateway does not accept the API key: {shown}"), new_key),
        403 => {
            let hint = "ask an admin for the role Viewer, or for the right to read exactly this";
            Failure { permissions: vec![what.into()], ..Failure::new(Denied, format!("your role may not read {what}: {shown}"), hint) }
        }
        404 if code.ends_with("_NOT_FOUND") => {
            Failure::new(NotFound, format!("the gateway has no {what}: {shown}"), "it may have been removed since the last poll")
        }
        404 | 405 | 501 => Failure::new(
            Unsupported,
            format!("this gateway has no call for {what}"),
            "nothing to do: not every version has every call; check endpoint and gateway.prefix if none works",
        ),
        429 => {
            let says = if lower.contains("too many requests") { shown.to_lowercase() } else { format!("too many requests: {shown}") };
            Failure::new(Throttled, says, "holdup waits by itself; what else polls with this key?")
        }
        502 if !is_json => Failure::new(
            ServerError,
            format!("the proxy in front finds no gateway behind it ({shown})"),
            "`docker compose ps` on its host shows whether it runs",
        ),
        500..=599 => Failure::new(
            ServerError,
            format!("the gateway failed: {shown}"),
            "its own log says more: …/api/system/logs?level=error, or docker compose logs on its host",
        ),
        300..=399 => Failure::new(
            Garbage,
            format!("the endpoint sends callers elsewhere (HTTP {status}), where the key is not meant to go"),
            "write the address it moved to into endpoint",
        ),
        _ => Failure::new(Garbage, format!("an answer that no gateway gives: {shown}"), "check endpoint and gateway.prefix"),
    }
}

/// Whether a failure of one call means that nothing else will work either.
pub fn concerns_everything(kind: FailureKind) -> bool {
    use FailureKind::{Expired, Misconfigured, NoCredentials, Throttled, Unreachable, Untrusted, WrongAccount};
    matches!(kind, Expired | Misconfigured | NoCredentials | Throttled | Unreachable | Untrusted | WrongAccount)
}
