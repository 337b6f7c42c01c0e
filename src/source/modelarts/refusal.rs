//! What refusals mean, and what a person can do about each. The number alone says little: the same
//! number stands for different things at different statuses, so code, status and words count.

use serde_json::Value;

use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::domain::time::Duration;

/// The most bytes of a foreign message that are shown.
const SHOWN: usize = 300;
/// The least pause after being told to slow down.
const LEAST_PAUSE: Duration = Duration::from_secs(5);

/// Code and message of an answer, in whichever envelope they come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Such as `ModelArts.3502` or `APIGW.0301`.
    pub code: String,
    /// The sentence.
    pub message: String,
}

impl Envelope {
    /// Looks in the order in which the official SDK looks: the service's own names, camel case,
    /// plain names, then inside nested objects.
    pub fn read(body: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(body).ok()?;
        Self::inside(&value, 0)
    }

    fn inside(value: &Value, depth: usize) -> Option<Self> {
        let fields = value.as_object().filter(|_| depth < 4)?;
        let text = |name: &str| match fields.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let pairs = [("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message"), ("erno", "msg")];
        let found = pairs.iter().find_map(|(code, message)| {
            let message = text(message)?;
            Some(Self { code: text(code).unwrap_or_default(), message })
        });
        found.or_else(|| fields.values().find_map(|inner| Self::inside(inner, depth + 1)))
    }

    fn says(&self, words: &[&str]) -> bool {
        let message = self.message.to_ascii_lowercase();
        words.iter().any(|word| message.contains(word))
    }

    /// Whether the other form of the signature may be accepted.
    pub fn refuses_signature(&self) -> bool {
        self.code == "APIGW.0301" && self.says(&["verify aksk signature fail"])
    }

    /// Whether a new token may be accepted.
    pub fn refuses_token(&self) -> bool {
        self.code == "ModelArts.0202" || self.says(&["token has expired", "token expired", "decrypt token fail", "invalid token"])
    }
}

/// The failure for an answer that is no success. `action` is what a policy would have to allow.
pub fn failure(status: u16, body: &[u8], action: &str, retry_after: Option<Duration>) -> Failure {
    let Some(envelope) = Envelope::read(body) else { return from_status(status, body, retry_after) };
    // A refused signature quotes the whole request.
    let words = envelope.message.split(", canonicalRequest").next().unwrap_or_default();
    let said = format!("{} ({})", Text::clean_to(words.trim().trim_end_matches('.'), SHOWN), shown_code(&envelope.code, status));
    let throttled = status == 429 || matches!(envelope.code.as_str(), "ModelArts.4206" | "ModelArts.2799" | "ModelArts.6101" | "APIG.0308");
    if throttled {
        return throttling(&said, retry_after);
    }
    let (kind, hint) = kind(status, &envelope);
    let mut failure = Failure::new(kind, format!("the cloud refuses: {said}"), hint);
    if kind == FailureKind::Denied && (status == 403 || envelope.code == "ModelArts.0108") {
        failure.permissions = vec![action.into()];
        failure.hint = format!("let an administrator add {action} to your role (ModelArts ReadOnlyAccess has it)").into();
    }
    failure.retry_after = retry_after;
    failure
}

fn shown_code(code: &str, status: u16) -> String {
    if code.is_empty() { format!("HTTP {status}") } else { format!("{}, HTTP {status}", Text::clean_to(code, 60)) }
}

fn kind(status: u16, envelope: &Envelope) -> (FailureKind, &'static str) {
    use FailureKind::{ClockSkew, Denied, Expired, Garbage, NotFound, ServerError, Unsupported, WrongAccount};
    match (envelope.code.as_str(), status) {
        _ if envelope.says(&["signature expired"]) => {
            (ClockSkew, "this machine's clock is off by more than 15 minutes; set it (timedatectl set-ntp true)")
        }
        ("ModelArts.0202", _) => (Expired, "get a new token, or sign with a key pair (HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK)"),
        ("ModelArts.0207" | "ModelArts.0210" | "ModelArts.0212", _) => {
            (WrongAccount, "the credentials belong to another project or region; check region and project of this context")
        }
        ("ModelArts.4116", _) => (Denied, "the account is in arrears or suspended; its owner sees why under Billing"),
        ("APIG.0101", _) => (Unsupported, "this region may not have ModelArts; check region and endpoint of this context"),
        (_, 401) => (Denied, "check the key pair or token, and that they are of this cloud: Huawei's and Open Telekom Cloud's do not mix"),
        (_, 403) => (Denied, "ask the administrator of the project for read access"),
        (_, 404) => (NotFound, "it may have been deleted since the last poll"),
        (_, 500..=599) => (ServerError, "holdup keeps trying; the X-Request-Id of the answer helps a support ticket"),
        (_, 400..=499) => (Denied, "check region, project and workspace of this context"),
        _ => (Garbage, "check that the endpoint is that of ModelArts"),
    }
}

fn throttling(said: &str, retry_after: Option<Duration>) -> Failure {
    let pause = retry_after.unwrap_or(LEAST_PAUSE).max(LEAST_PAUSE);
    let failure = Failure::new(FailureKind::Throttled, format!("too many requests: {said}"), "holdup slows down by itself");
    Failure { retry_after: Some(pause), ..failure }
}

/// A refusal by something in front of the service: empty, plain text, or a page.
fn from_status(status: u16, body: &[u8], retry_after: Option<Duration>) -> Failure {
    let text = Text::clean_bytes(body.get(..SHOWN).unwrap_or(body));
    let said = if text.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {}", text.as_str()) };
    let (kind, hint) = match status {
        429 => return throttling(&said, retry_after),
        401 | 403 => (FailureKind::Denied, "check that no proxy is in between, and that the endpoint is that of ModelArts"),
        300..=399 => (FailureKind::Garbage, "the API redirects nobody: check the endpoint, and that no login page answers for it"),
        404 | 405 => (FailureKind::Unsupported, "check the endpoint: https://modelarts.REGION.otc.t-systems.com or .myhuaweicloud.com"),
        500..=599 => (FailureKind::ServerError, "holdup keeps trying; if it lasts, look at the cloud's status page"),
        _ => (FailureKind::Garbage, "check that the endpoint is that of ModelArts"),
    };
    Failure { retry_after, ..Failure::new(kind, format!("an answer that is not the service's own ({said})"), hint) }
}

/// Whether a failure of one call means that no other will work either.
pub fn concerns_everything(kind: FailureKind) -> bool {
    use FailureKind::{ClockSkew, Expired, Misconfigured, NoCredentials, Throttled, Unreachable, Untrusted, WrongAccount};
    matches!(kind, ClockSkew | Expired | Misconfigured | NoCredentials | Throttled | Unreachable | Untrusted | WrongAccount)
}
