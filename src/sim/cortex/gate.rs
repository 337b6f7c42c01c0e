//! Who may in, and what stands in front of the operator when it is broken.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::super::world::{OperatorFault, World};
use super::{Operator, Refusal};
use crate::clock;
use crate::domain::time::Timestamp;

/// How long a signature of STS is good.
const SIGNATURE_LIFE_SECONDS: i64 = 15 * 60;

/// Lets the world's fault have its way with every request.
pub(super) async fn faults(State(operator): State<Operator>, request: Request, next: Next) -> Response {
    let fault = operator.world.now_view().faults.operator;
    match fault {
        OperatorFault::None => next.run(request).await,
        OperatorFault::Down => {
            let text = "upstream connect error or disconnect/reset before headers. reset reason: connection failure";
            (StatusCode::SERVICE_UNAVAILABLE, [(header::CONTENT_TYPE, "text/plain")], text).into_response()
        }
        OperatorFault::Hang => std::future::pending().await,
        OperatorFault::Html => {
            Html("<!DOCTYPE html><html><head><title>Sign in</title></head><body>Proxy sign in</body></html>").into_response()
        }
        OperatorFault::Garbage => ([(header::CONTENT_TYPE, "application/json")], "{\"cluster_config\": {\"cluster_na").into_response(),
    }
}

/// Checks version and identity, in the order of the operator's version.
pub(super) async fn identified(State(operator): State<Operator>, request: Request, next: Next) -> Response {
    let exempt = request.uri().path() == "/info";
    let checked = operator.look(|world, cluster| {
        let version = || if exempt { Ok(()) } else { same_version(request.headers(), &cluster.version) };
        let identity = || known_identity(request.headers(), world);
        if cluster.minor() >= 33 { version().and_then(|()| identity()) } else { identity().and_then(|()| version()) }
    });
    match checked {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn same_version(headers: &HeaderMap, version: &str) -> Result<(), Refusal> {
    let Some(sent) = headers.get("CortexAPIVersion").and_then(|value| value.to_str().ok()) else {
        return Err(Refusal::new("endpoints.header_missing", "missing CortexAPIVersion header"));
    };
    if sent == version {
        return Ok(());
    }
    Err(Refusal::new(
        "endpoints.api_version_mismatch",
        format!("your CLI version ({sent}) doesn't match your Cortex operator version ({version}); please install the matching one"),
    ))
}

/// The real operator sends the signed call to STS; here its shape, its age and the one access key
/// of simulated credentials are checked.
fn known_identity(headers: &HeaderMap, world: &World) -> Result<(), Refusal> {
    let Some(sent) = headers.get("X-Cortex-Authorization") else {
        return Err(Refusal::new("endpoints.header_missing", "missing X-Cortex-Authorization header"));
    };
    let call = URL_SAFE_NO_PAD
        .decode(sent.as_bytes())
        .map_err(|error| Refusal::new("error", error.to_string()))
        .and_then(|json| serde_json::from_slice::<Value>(&json).map_err(|error| Refusal::new("error", error.to_string())))?;
    let text = |pointer: &str| call.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let whole = text("/Method") == "POST"
        && text("/Body") == "Action=GetCallerIdentity&Version=2011-06-15"
        && call.pointer("/ContentLength").and_then(Value::as_u64) == Some(43)
        && text("/URL") == format!("https://{}/", text("/Host"));
    if !whole {
        return Err(sts("MissingAction", "The request is not a GetCallerIdentity call"));
    }
    fresh(&text("/Header/X-Amz-Date/0"))?;
    let authorization = text("/Header/Authorization/0");
    if !authorization.contains("Credential=SIMULATED/") || !authorization.contains("SignedHeaders=content-type;host;x-amz-date") {
        return Err(sts("InvalidClientTokenId", "The security token included in the request is invalid."));
    }
    if world.faults.aws.credentials_expired {
        return Err(sts("ExpiredToken", "The security token included in the request is expired"));
    }
    Ok(())
}

fn fresh(stamp: &str) -> Result<(), Refusal> {
    let signed = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", stamp).ok().and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok());
    let Some(signed) = signed else { return Err(sts("IncompleteSignature", "X-Amz-Date is not a date")) };
    let now: Timestamp = clock::now();
    if now.duration_since(signed.timestamp()).as_secs().abs() > SIGNATURE_LIFE_SECONDS {
        let present = now.strftime("%Y%m%dT%H%M%SZ");
        return Err(sts("SignatureDoesNotMatch", &format!("Signature expired: {stamp} is not within 15 minutes of {present}")));
    }
    Ok(())
}

/// An error of STS, as the operator passes it on.
fn sts(code: &str, message: &str) -> Refusal {
    let request = super::super::world::minting::uuid(message);
    Refusal::new("error", format!("{code}: {message}\n\tstatus code: 403, request id: {request}"))
}
