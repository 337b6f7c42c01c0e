//! Who may ask what: the signature, the clock, and the actions a scenario denies.

use axum::http::{HeaderMap, StatusCode};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{ACCESS_KEY, Answer, Asked, Look, SECRET_KEY, error};
use crate::domain::time::{Duration, Timestamp, age};

/// How far apart the clocks may be.
const SKEW: Duration = Duration::from_mins(15);

/// The refusal of a request, if it is refused.
pub(super) fn refusal(look: &Look<'_>, asked: &Asked<'_>, present: Timestamp) -> Option<Answer> {
    if let Err(why) = signature(look, asked, present) {
        let message = format!("Incorrect IAM authentication information: {why}");
        let body = json!({ "error_code": "APIGW.0301", "error_msg": message, "request_id": "fd6530a01c09aabbccddeeff00112233" });
        return Some((StatusCode::UNAUTHORIZED, body));
    }
    let action = action(asked.path);
    look.project.denied.iter().any(|denied| denied == action).then(|| {
        let message = format!("Policy doesn't allow modelarts:service:{action} to be performed.");
        error(StatusCode::FORBIDDEN, "ModelArts.0108", &message)
    })
}

/// The action as policies name it.
fn action(path: &str) -> &'static str {
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    match last {
        "services" => "list",
        "events" => "getEvents",
        "logs" => "getLogs",
        "monitor" => "getMonitor",
        "specifications" => "getSpecifications",
        "quotas" => "getQuotas",
        "query" => "searchLogs",
        "projects" => "listProjects",
        _ => "get",
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Recomputes the signature from what arrived.
fn signature(look: &Look<'_>, asked: &Asked<'_>, present: Timestamp) -> Result<(), String> {
    let header = |name: &str| header(asked.headers, name);
    let Some(fields) = header("authorization").strip_prefix("SDK-HMAC-SHA256 ") else {
        return Err("no authorization header".to_owned());
    };
    let field = |name: &str| fields.split(", ").find_map(|field| field.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default();
    let written = header("x-sdk-date");
    let moment = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", written).ok().and_then(|at| at.to_zoned(jiff::tz::TimeZone::UTC).ok());
    let moment = moment.map(|at| at.timestamp()).ok_or("no x-sdk-date header")?;
    if age(present.max(moment), present.min(moment)) > SKEW {
        return Err("calc ak sk signature fail:signature expired".to_owned());
    }
    let scoped = field("Credential");
    let (key, scope) = scoped.split_once('/').unwrap_or((field("Access"), ""));
    if key != ACCESS_KEY {
        return Err("get sk of access key failed".to_owned());
    }
    let canonical = canonical(asked, field("SignedHeaders"));
    let lines = if scope.is_empty() { written.to_owned() } else { format!("{written}\n{scope}") };
    let to_sign = format!("SDK-HMAC-SHA256\n{lines}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
    let secret = if scope.is_empty() { SECRET_KEY.as_bytes().to_vec() } else { derived(scope) };
    let expected = hex(&keyed(&secret, to_sign.as_bytes()));
    if expected == field("Signature") && look.project.scoped_signatures != scope.is_empty() {
        return Ok(());
    }
    Err(format!("verify aksk signature fail, canonicalRequest:{}", canonical.replace('\n', "|")))
}

fn canonical(asked: &Asked<'_>, names: &str) -> String {
    let slash = if asked.path.ends_with('/') { "" } else { "/" };
    let mut query: Vec<&str> = asked.query.split('&').filter(|pair| !pair.is_empty()).collect();
    query.sort_unstable();
    let headers: String = names.split(';').flat_map(|name| [name, ":", header(asked.headers, name).trim(), "\n"]).collect();
    let body = hex(&Sha256::digest(asked.body));
    format!("{}\n{}{slash}\n{}\n{headers}\n{names}\n{body}", asked.method, asked.path, query.join("&"))
}

fn derived(scope: &str) -> Vec<u8> {
    scope.split('/').fold(format!("SDK{SECRET_KEY}").into_bytes(), |key, part| keyed(&key, part.as_bytes()))
}

fn keyed(key: &[u8], text: &[u8]) -> Vec<u8> {
    // A key of any length is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}
