//! What goes wrong between holdup and an API server, and what a person can do about each.
//! Nothing here sends anything; no text of a credential plugin's answer is ever repeated.

use std::error::Error as StdError;

use kube::client::AuthError;
use serde::Deserialize;

use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::domain::time::Duration;

/// The most bytes of a foreign message that are shown.
const SHOWN: usize = 300;

/// The body of a refusal (`metav1.Status`), as far as it is used.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Status {
    /// Such as `Failure`.
    pub kind: String,
    /// The sentence.
    pub message: String,
    /// The machine word, such as `Expired`.
    pub reason: String,
    /// The HTTP status it stands for.
    pub code: u16,
    /// More, for some reasons.
    pub details: Details,
}

/// More about a refusal.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Details {
    /// A pause that the server asks for.
    #[serde(rename = "retryAfterSeconds")]
    pub retry_after_seconds: u64,
}

/// A request that brought nothing.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The HTTP status, if there was one.
    pub code: u16,
    /// What it means.
    pub failure: Failure,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self { code: 0, failure }
    }
}

impl Refused {
    /// Whether what was asked to be continued is too old for the server to continue.
    pub fn is_gone(&self) -> bool {
        self.code == 410
    }
}

/// What was asked, in the words of a permission: `list pods in namespace prod`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The verb and the resource: `list pods`.
    pub what: String,
    /// The namespace, if it was asked for one.
    pub namespace: Option<String>,
}

impl Asked {
    /// The permission that would allow it.
    pub fn permission(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{} in namespace {namespace}", self.what),
            None => self.what.clone(),
        }
    }

    /// The command that tells whether one may.
    fn check(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("kubectl auth can-i {} -n {namespace}", self.what),
            None => format!("kubectl auth can-i {} -A", self.what),
        }
    }
}

/// What a refusal means.
pub fn refused(asked: &Asked, code: u16, body: &[u8], retry_after: Option<Duration>) -> Refused {
    let status: Status = serde_json::from_slice(body).unwrap_or_default();
    let said = match status.message.as_str() {
        "" => Text::clean_to(&String::from_utf8_lossy(body.get(..SHOWN).unwrap_or(body)), SHOWN),
        message => Text::clean_to(message, SHOWN),
    };
    let asked_pause = (status.details.retry_after_seconds > 0).then(|| Duration::from_secs(status.details.retry_after_seconds));
    let failure = Failure { retry_after: retry_after.or(asked_pause), ..meaning(asked, code, &said) };
    Refused { code, failure }
}

fn meaning(asked: &Asked, code: u16, said: &Text) -> Failure {
    let what = asked.permission();
    let failure = |kind, message: String, hint: &str| Failure::new(kind, message, hint);
    match code {
        401 => failure(
            FailureKind::Expired,
            "the API server does not accept your credentials (401)".to_owned(),
            "log in anew (for EKS: aws sso login, or fresh keys for the profile in the kubeconfig); holdup asks again by itself",
        ),
        403 => Failure {
            permissions: vec![what.clone().into()],
            ..failure(
                FailureKind::Denied,
                format!("you may not {what}"),
                &format!(
                    "{} confirms it; a ClusterRole with get, list and watch on it, bound to you, grants it. kubernetes.namespaces names the ones to read where not all are for you",
                    asked.check()
                ),
            )
        },
        404 | 405 => failure(
            FailureKind::NotFound,
            format!("the server knows nothing of this: {said}"),
            "nothing to do if the cluster does not have it; otherwise check that the address is an API server: kubectl version",
        ),
        410 => failure(
            FailureKind::ServerError,
            format!("what was read is too old to be continued: {said}"),
            "nothing to do: holdup reads it anew by itself",
        ),
        429 => failure(FailureKind::Throttled, format!("too many requests: {said}"), "holdup slows down by itself"),
        400 | 422 => {
            failure(FailureKind::Unsupported, format!("the server refuses to {what}: {said}"), "report this with the version of holdup")
        }
        500..=599 => failure(
            FailureKind::ServerError,
            format!("the API server failed (HTTP {code}): {said}"),
            "kubectl get --raw /readyz?verbose shows what is unwell in the control plane; holdup keeps trying",
        ),
        _ => failure(
            FailureKind::Garbage,
            format!("an answer that no API server gives (HTTP {code}): {said}"),
            "check that the address is an API server, and that no proxy or login page answers for it",
        ),
    }
}

/// What a request that brought no answer means.
pub fn broken(server: &str, error: &(dyn StdError + 'static)) -> Failure {
    if let Some(auth) = in_chain::<AuthError>(error) {
        return credentials(auth);
    }
    let innermost = innermost(error);
    if in_chain::<rustls::Error>(error).is_some() || innermost.contains("certificate") {
        return Failure::new(
            FailureKind::Untrusted,
            format!("the certificate of {server} is not trusted: {innermost}"),
            "the cluster's certificate-authority-data in the kubeconfig is not that of this server: aws eks update-kubeconfig writes it anew",
        );
    }
    if innermost.contains("tunnel") || innermost.contains("proxy") {
        return Failure::new(
            FailureKind::Unreachable,
            format!("the proxy does not let a connection to {server} through: {innermost}"),
            "check proxy-url in the kubeconfig, HTTPS_PROXY and NO_PROXY",
        );
    }
    if in_chain::<std::io::Error>(error).is_some_and(|error| error.kind() == std::io::ErrorKind::TimedOut) {
        return timed_out(server, crate::source::kubernetes::connect::CONNECT);
    }
    Failure::new(
        FailureKind::Unreachable,
        format!("cannot reach {server}: {innermost}"),
        "check the network path (VPN, bastion, the endpoint's allowed addresses): kubectl version asks the same server",
    )
}

/// A server that is silent.
pub fn timed_out(server: &str, after: Duration) -> Failure {
    Failure::new(
        FailureKind::TimedOut,
        format!("no answer from {server} within {} s", after.as_secs()),
        "check the network path (VPN, bastion, the endpoint's allowed addresses); holdup keeps trying",
    )
}

/// An answer that breaks off, or is not what the protocol says.
pub fn garbage(server: &str, why: &str) -> Failure {
    Failure::new(
        FailureKind::Garbage,
        format!("the answer of {server} {why}"),
        "check that no proxy cuts or rewrites its answers; holdup reads it again by itself",
    )
}

/// What a login that failed means. Nothing that a command wrote is repeated.
pub fn credentials(error: &AuthError) -> Failure {
    if let AuthError::ReadTokenFile(why, path) = error {
        return Failure::new(
            FailureKind::NoCredentials,
            format!("the token file {} cannot be read: {why}", path.display()),
            "check the kubeconfig's user; inside a pod, that its service account's token is mounted",
        );
    }
    Failure::new(
        FailureKind::NoCredentials,
        "the kubeconfig's user gives no usable credentials",
        "check it: kubectl config view --minify; kubectl version shows whether it can log in",
    )
}

/// A login command that cannot be run.
pub(super) fn plugin_missing(command: &Text, install_hint: Option<&str>, why: &std::io::Error) -> Failure {
    let own = install_hint.map(|hint| Text::clean_to(hint.trim(), SHOWN).to_string());
    let hint =
        own.unwrap_or_else(|| format!("install {command} or put it on PATH: the kubeconfig's user names it, and kubectl needs it too"));
    Failure::new(FailureKind::NoCredentials, format!("the kubeconfig logs in with {command}, which cannot be run: {why}"), hint)
}

/// A login command whose answer is no credential.
pub(super) fn plugin_unreadable(command: &Text) -> Failure {
    Failure::new(
        FailureKind::NoCredentials,
        format!("{command} ran and gave no credential that can be read"),
        "run what the kubeconfig's user names by hand and look at its answer; a newer version of it often helps",
    )
}

/// A login command that failed. Of its words only the error output is shown, cleaned.
pub(super) fn plugin_failed(command: &Text, stderr: &[u8]) -> Failure {
    let said = Text::clean_to(String::from_utf8_lossy(stderr).trim(), SHOWN);
    let lower = said.to_lowercase();
    let (kind, hint) = if lower.contains("sso") || lower.contains("expired") || lower.contains("refresh") {
        (
            FailureKind::Expired,
            "log in anew: aws sso login --profile NAME (the kubeconfig's user names the profile); holdup tries again by itself",
        )
    } else if lower.contains("locate credentials") || lower.contains("config profile") {
        (FailureKind::NoCredentials, "set AWS_PROFILE or add a profile (aws configure); the kubeconfig's user may name one")
    } else {
        (FailureKind::NoCredentials, "run kubectl version: it logs in the same way and shows the whole message")
    };
    Failure::new(kind, format!("{command} could not log in: {}", if said.is_empty() { "it says nothing" } else { said.as_str() }), hint)
}

/// An error of a kind among the causes of another.
pub fn in_chain<'e, E: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        // An `io::Error` that wraps another one does not count the wrapped one among its causes.
        if let Some(found) =
            error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref).and_then(|inner| inner.downcast_ref::<E>())
        {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn innermost(error: &(dyn StdError + 'static)) -> Text {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    Text::clean_to(&inner.to_string(), SHOWN)
}
