//! What an AWS error means for the person at the keyboard, and what they can do next.
//!
//! The SDK's own `Display` says only "service error"; the code and message behind it decide here.
//! Sources: error tables of the service models, and texts as the services send them.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;

/// The most bytes of a server's message that are repeated.
const QUOTED: usize = 600;

/// Turns any SDK error of the call `action` (`autoscaling:DescribeScalingActivities`) into a
/// failure with its next step.
pub fn from_sdk<E>(action: &str, error: &SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error {
        SdkError::TimeoutError(_) => timed_out(action),
        SdkError::ServiceError(service) => {
            let raw = service.raw();
            let metadata = service.err();
            match metadata.code() {
                Some(code) => from_code(action, code, metadata.message().unwrap_or_default()),
                None => unreadable(action, raw.status().as_u16(), raw.body().bytes().unwrap_or_default()),
            }
        }
        SdkError::ResponseError(response) => {
            let raw = response.raw();
            unreadable(action, raw.status().as_u16(), raw.body().bytes().unwrap_or_default())
        }
        other => before_answer(action, &DisplayErrorContext(other).to_string(), &deepest(other)),
    }
}

/// Turns the code and message of an error answer into a failure.
pub fn from_code(action: &str, code: &str, message: &str) -> Failure {
    let quoted = Text::clean_to(without_request(message), QUOTED);
    let said = if quoted.is_empty() { code.to_owned() } else { format!("{code}: {quoted}") };
    match code {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "NotAuthorized" => denied(action, &said, message),
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => Failure::new(
            FailureKind::Expired,
            "the AWS session has expired",
            "log in again (`aws sso login`, or whatever gave you the session); holdup picks the new credentials up by itself",
        ),
        "SignatureDoesNotMatch" | "InvalidSignatureException" | "RequestTimeTooSkewed" if is_skew(code, message) => clock_skew(&said),
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "AuthFailure"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "InvalidAccessKeyId" => Failure::new(
            FailureKind::NoCredentials,
            format!("AWS does not know these credentials ({said})"),
            "check AWS_ACCESS_KEY_ID or the profile; `aws sts get-caller-identity` fails in the same way until it is right",
        ),
        "NoSuchResourceException" => {
            Failure::new(FailureKind::NotFound, said, "nothing to do where a provider's default stands in; else check the region")
        }
        "InternalFailure" | "InternalServerError" | "ServiceException" | "ServiceUnavailable" | "ResourceContention" => Failure::new(
            FailureKind::ServerError,
            format!("{action} failed at AWS ({said})"),
            "holdup tries again by itself; if it lasts, look at the AWS Health Dashboard",
        ),
        _ if is_throttling(code) => Failure::new(
            FailureKind::Throttled,
            format!("{action}: too many requests ({said})"),
            "holdup slows down by itself; the limit is shared with every caller of this account and region",
        ),
        _ => Failure::new(
            FailureKind::ServerError,
            format!("{action} was refused ({said})"),
            "check region and endpoint of the context with `holdup doctor`",
        ),
    }
}

/// A message without the request that it repeats: a service that refuses a signature says what
/// should have been signed, session token included.
pub fn without_request(message: &str) -> &str {
    let marks = ["The Canonical String", "The String-to-Sign", "x-amz-security-token", "X-Amz-Security-Token", "AWS4-HMAC-SHA256"];
    let begins = marks.iter().filter_map(|mark| message.find(mark)).min();
    begins.and_then(|at| message.get(..at)).map_or(message, str::trim_end)
}

/// Codes that the SDK itself treats as throttling.
pub fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestThrottledException"
            | "RequestThrottled"
            | "TooManyRequestsException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "BandwidthLimitExceeded"
            | "LimitExceededException"
            | "SlowDown"
            | "PriorRequestNotComplete"
            | "EC2ThrottledException"
    )
}

/// No region anywhere.
pub fn no_region() -> Failure {
    Failure::new(
        FailureKind::Misconfigured,
        "no AWS region is known",
        "set AWS_REGION, `region` in the AWS profile, or `aws.region` of the context in holdup's configuration",
    )
}

fn denied(action: &str, said: &str, message: &str) -> Failure {
    let named = denied_action(message).unwrap_or(action);
    let mut failure = Failure::new(FailureKind::Denied, format!("not allowed to call {named}"), hint_for_denial(said, named));
    failure.permissions.push(Text::clean(named));
    failure
}

fn hint_for_denial(said: &str, action: &str) -> String {
    if said.contains("service control policy") {
        format!("an organization's service control policy denies {action}; only an administrator of the organization can allow it")
    } else if said.contains("permissions boundary") {
        format!("the permissions boundary of the caller leaves out {action}; extend the boundary")
    } else if said.contains("explicit deny") {
        format!("a policy denies {action} explicitly; find the Deny statement and narrow it")
    } else {
        format!("allow {action} on resource \"*\" for this identity; it only reads")
    }
}

/// The action that the message itself names: it can be a deeper one than the call.
fn denied_action(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("not authorized to perform: ")?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '*'))).unwrap_or(rest.len());
    rest.get(..end).filter(|action| action.contains(':'))
}

fn is_skew(code: &str, message: &str) -> bool {
    code == "RequestTimeTooSkewed" || message.contains("Signature expired") || message.contains("Signature not yet current")
}

fn clock_skew(said: &str) -> Failure {
    Failure::new(
        FailureKind::ClockSkew,
        format!("this machine's clock disagrees with AWS by more than 5 min ({said})"),
        "set the clock (`timedatectl set-ntp true`, `chronyc makestep`); AWS refuses signatures that are off",
    )
}

/// No answer within the deadline.
pub fn timed_out(action: &str) -> Failure {
    Failure::new(
        FailureKind::TimedOut,
        format!("{action} got no answer in time"),
        "check that this machine reaches the AWS endpoint of the region (VPC endpoint, proxy, security group)",
    )
}

/// An answer that is no AWS answer: an HTML page of a proxy, half a body.
pub fn unreadable(action: &str, status: u16, body: &[u8]) -> Failure {
    let start = Text::clean_bytes(body.get(..200).unwrap_or(body));
    let looks_html = start.trim_start().starts_with("<!") || start.to_ascii_lowercase().contains("<html");
    let what = if looks_html {
        "an HTML page instead of an AWS answer"
    } else if body.is_empty() {
        "an empty answer"
    } else {
        "an answer that is not what the protocol says"
    };
    let hint = if looks_html {
        "something in between answers for AWS: check HTTPS_PROXY, NO_PROXY and AWS_ENDPOINT_URL"
    } else {
        "check AWS_ENDPOINT_URL and any proxy in between; holdup tries again by itself"
    };
    Failure::new(FailureKind::Garbage, format!("{action}: {what} (HTTP {status})"), hint)
}

/// The deepest cause of an error: what a person can act on (`Connection refused`), without the
/// layers of clients around it.
pub fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.last().unwrap_or(error).to_string()
}

/// Failures before any answer: no credentials, no connection, no region. They are told apart by
/// everything the error says (`context`); a person reads only its deepest `cause`.
pub fn before_answer(action: &str, context: &str, cause: &str) -> Failure {
    let quoted = Text::clean_to(cause, QUOTED);
    let is = |needles: &[&str]| needles.iter().any(|needle| context.contains(needle));
    if is(&["SSO token has expired", "cached SSO token", "session associated with this profile has expired", "ExpiredToken"]) {
        return Failure::new(
            FailureKind::Expired,
            "the SSO login has expired",
            "run `aws sso login` (with `--profile` if you use one); holdup picks it up by itself",
        );
    }
    if is(&["Missing Region"]) {
        return no_region();
    }
    if is(&["no credentials", "credential", "IMDS"]) {
        return Failure::new(
            FailureKind::NoCredentials,
            "no AWS credentials were found",
            "set AWS_PROFILE or AWS_ACCESS_KEY_ID, log in with `aws sso login`, or give this machine an instance role; \
             `holdup doctor` lists what was tried",
        );
    }
    if is(&["timeout", "timed out"]) {
        return timed_out(action);
    }
    if is(&["certificate", "UnknownIssuer", "invalid peer"]) {
        return Failure::new(
            FailureKind::Untrusted,
            format!("the certificate of the AWS endpoint is not trusted ({quoted})"),
            "if a proxy inspects TLS here, put its certificate authority into AWS_CA_BUNDLE or SSL_CERT_FILE",
        );
    }
    if is(&["dispatch failure", "Connect", "connection", "dns"]) {
        return unreachable(action, &quoted);
    }
    Failure::new(
        FailureKind::Misconfigured,
        format!("{action} could not be sent ({quoted})"),
        "check the AWS settings of the context with `holdup doctor`",
    )
}

/// Nothing answers.
pub fn unreachable(action: &str, quoted: &str) -> Failure {
    Failure::new(
        FailureKind::Unreachable,
        format!("{action}: nothing answers at the AWS endpoint ({quoted})"),
        "check network, HTTPS_PROXY and AWS_ENDPOINT_URL; a private subnet needs a VPC endpoint for the service",
    )
}
