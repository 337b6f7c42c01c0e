//! Who may call what, and what stands between a client and the services when they are broken.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::super::world::SharedWorld;
use super::{Call, Refusal, Service};

/// Whether calls are accepted and never answered.
pub(super) fn hangs(world: &SharedWorld) -> bool {
    world.now_view().faults.aws.hang
}

/// An answer that does not come from AWS at all.
pub(super) fn broken(world: &SharedWorld, call: &Call) -> Option<Response> {
    let faults = world.now_view().faults.aws.clone();
    if faults.html {
        let page = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Proxy sign in</body></html>";
        return Some((StatusCode::INTERNAL_SERVER_ERROR, Html(page)).into_response());
    }
    if faults.throttled && call.service() != Service::Identity {
        let code = match call {
            Call::Query(..) => "Throttling",
            Call::Json(Service::Quotas, _) => "TooManyRequestsException",
            Call::Json(..) => "ThrottlingException",
        };
        return Some(call.refuse(&Refusal::new(StatusCode::BAD_REQUEST, code, "Rate exceeded")));
    }
    None
}

/// Checks signature scope, session and permission, in AWS's order.
pub(super) fn admit(world: &SharedWorld, call: &Call, headers: &HeaderMap) -> Result<(), Refusal> {
    let is_form = matches!(call, Call::Query(..));
    let forbidden = if is_form { StatusCode::FORBIDDEN } else { StatusCode::BAD_REQUEST };
    let view = world.now_view();
    let scope = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(credential_scope);
    let Some((region, service)) = scope else {
        let code = if is_form { "MissingAuthenticationToken" } else { "MissingAuthenticationTokenException" };
        return Err(Refusal::new(forbidden, code, "Request is missing Authentication Token"));
    };
    if region != view.account.region || service != call.service().signing_name() {
        let code = if is_form { "SignatureDoesNotMatch" } else { "InvalidSignatureException" };
        let expected = format!("{}/{}", view.account.region, call.service().signing_name());
        return Err(Refusal::new(forbidden, code, format!("Credential should be scoped to {expected}, not to {region}/{service}.")));
    }
    if view.faults.aws.credentials_expired {
        let code = if is_form { "ExpiredToken" } else { "ExpiredTokenException" };
        return Err(Refusal::new(forbidden, code, "The security token included in the request is expired"));
    }
    let action = call.action();
    if view.faults.aws.denied.contains(&action) {
        let code = if is_form { "AccessDenied" } else { "AccessDeniedException" };
        let message = format!(
            "User: {} is not authorized to perform: {action} because no identity-based policy allows the {action} action",
            view.account.caller_arn
        );
        return Err(Refusal::new(forbidden, code, message));
    }
    Ok(())
}

/// Region and service from `… Credential=KEY/20261121/us-west-2/autoscaling/aws4_request, …`.
fn credential_scope(authorization: &str) -> Option<(&str, &str)> {
    let credential = authorization.split_once("Credential=")?.1.split([',', ' ']).next()?;
    let mut parts = credential.rsplit('/');
    let (_terminator, service, region) = (parts.next()?, parts.next()?, parts.next()?);
    Some((region, service))
}
