//! What the operator's refusals mean, and what a person can do about each.

use super::version;
use super::wire::ErrorBody;
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::source::aws::errors::without_request;

/// The most bytes of a foreign message that are shown.
const SHOWN: usize = 300;

/// A refusal in the operator's envelope. `credentials_hint` is the next step for credentials.
pub fn from_envelope(body: &ErrorBody, credentials_hint: &str) -> Failure {
    use FailureKind::{NotFound, ServerError, Unsupported, WrongAccount};
    let message = Text::clean_to(without_request(&body.message), SHOWN);
    let failure = |kind, what: String, hint: &str| Failure::new(kind, what, hint);
    match body.kind.as_str() {
        "endpoints.header_missing" => version::too_old(None),
        "endpoints.api_version_mismatch" => failure(
            Unsupported,
            "the operator's version changed while holdup was reading it".to_owned(),
            "wait for the next poll; if it stays, check with `cortex version` what runs at this endpoint",
        ),
        "endpoints.auth_other_account" => failure(
            WrongAccount,
            "your AWS credentials belong to another account than the cluster".to_owned(),
            "set aws.profile for this context, or AWS_PROFILE, to a profile of the cluster's account; aws sts get-caller-identity shows the present one",
        ),
        "endpoints.auth_api_error" => failure(
            ServerError,
            format!("the operator cannot reach AWS STS to check who you are: {message}"),
            "check that the cluster's network reaches sts in its region (NAT gateway or VPC endpoint)",
        ),
        "resources.api_not_deployed" => failure(NotFound, message.to_string(), "`cortex get` lists what is deployed"),
        "resources.api_id_not_found" | "job.not_found" => {
            failure(NotFound, message.to_string(), "it may have been removed since the last poll")
        }
        "resources.operation_is_only_supported_for_kind" => {
            failure(Unsupported, message.to_string(), "nothing to do: this kind of API has no such view")
        }
        "endpoints.logs_job_id_required" => failure(NotFound, message.to_string(), "open the logs of one job instead"),
        "operator.load_balancer_initializing" => failure(
            ServerError,
            "the cluster's load balancer is still being set up".to_owned(),
            "wait a few minutes; `cortex cluster health` shows when it is up",
        ),
        "operator.cortex_installation_broken" => {
            failure(ServerError, format!("the cluster's installation is broken: {message}"), "`cortex cluster health` names the part")
        }
        "error" => foreign(&body.message, &message, credentials_hint),
        other => failure(
            ServerError,
            format!("the operator refused: {message} ({})", Text::clean_to(other, 80)),
            "`cortex cluster health` shows whether the operator is well",
        ),
    }
}

/// An error that the operator passes on, mostly from AWS STS; its kind is in the words.
fn foreign(raw: &str, shown: &Text, credentials_hint: &str) -> Failure {
    let says = |words: &[&str]| words.iter().any(|word| raw.contains(word));
    let first = shown.split(" status code:").next().unwrap_or_default().trim().to_owned();
    if says(&["Signature expired", "Signature not yet current", "RequestExpired", "RequestTimeTooSkewed"]) {
        Failure::new(
            FailureKind::ClockSkew,
            format!("AWS finds a freshly signed identity out of date: {first}"),
            "this machine's clock is off by more than a few minutes; set it (timedatectl set-ntp true)",
        )
    } else if says(&["ExpiredToken", "token included in the request is expired", "TokenRefreshRequired"]) {
        Failure::new(FailureKind::Expired, "your AWS credentials have expired".to_owned(), credentials_hint)
    } else if says(&["InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClient", "AccessDenied", "InvalidAccessKeyId"]) {
        Failure::new(FailureKind::Denied, format!("AWS does not accept your credentials: {first}"), credentials_hint)
    } else {
        Failure::new(
            FailureKind::ServerError,
            format!("the operator failed: {first}"),
            "`cortex cluster health` shows whether the operator is well",
        )
    }
}

/// Whether signing anew may help: the operator said so of the signature or the token.
pub fn wants_new_signature(body: &ErrorBody) -> bool {
    body.kind == "error" && ["ignature", "xpired", "InvalidClientTokenId", "security token"].iter().any(|word| body.message.contains(word))
}

/// A refusal by something in front of the operator: plain text, or a page.
pub fn from_status(status: u16, body: &[u8]) -> Failure {
    let text = Text::clean_bytes(body.get(..SHOWN).unwrap_or(body));
    let said = if text.is_empty() { String::new() } else { format!(": {}", text.as_str()) };
    let (kind, what, hint) = match status {
        401 | 403 => (
            FailureKind::Denied,
            "the endpoint does not let this request through",
            "check that it is the operator's address, and that no proxy is in between",
        ),
        404 | 405 => (
            FailureKind::Unsupported,
            "the endpoint does not know this request",
            "check that the endpoint is a Cortex operator: `cortex cluster info` prints its address",
        ),
        429 => (FailureKind::Throttled, "too many requests", "holdup slows down by itself"),
        500..=599 => (
            FailureKind::ServerError,
            "the operator does not answer behind its load balancer",
            "`cortex cluster health`, or kubectl get pods -l workloadID=operator, shows whether it runs",
        ),
        _ => (
            FailureKind::Garbage,
            "an answer that no Cortex operator gives",
            "check that the endpoint is a Cortex operator: `cortex cluster info` prints its address",
        ),
    };
    Failure::new(kind, format!("{what} (HTTP {status}{said})"), hint)
}

/// Whether a failure on one API means that nothing else will work either.
pub fn concerns_everything(kind: FailureKind) -> bool {
    use FailureKind::{
        Bug, ClockSkew, Denied, Expired, Garbage, Misconfigured, NoCredentials, NotFound, ServerError, Throttled, TimedOut, Unreachable,
        Unsupported, Untrusted, Waiting, WrongAccount,
    };
    match kind {
        Denied | Expired | NoCredentials | WrongAccount | ClockSkew | Untrusted | Unreachable | Misconfigured | Throttled => true,
        TimedOut | Garbage | ServerError | Unsupported | NotFound | Waiting | Bug => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_signature_does_not_repeat_the_session_token() {
        let message = "SignatureDoesNotMatch: The request signature we calculated does not match.\n\nThe Canonical String for this request should have been\n'POST\n/\n\nx-amz-security-token:FwoGsecret\n'";
        let body = ErrorBody { kind: "error".to_owned(), message: message.to_owned() };
        let shown = format!("{:?}", from_envelope(&body, "log in"));
        assert!(shown.contains("does not match") && !shown.contains("FwoG") && !shown.contains("Canonical"), "{shown}");
        let direct = crate::source::aws::errors::from_code("sts:GetCallerIdentity", "SignatureDoesNotMatch", message);
        assert!(!format!("{direct:?}").contains("FwoG"), "{direct:?}");
    }
}
