//! Requests to one operator: identity and version in every header, a deadline and a size for
//! every answer. Nothing here knows what an answer means.

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::endpoint::Endpoint;
use super::identity::{self, Identity};
use super::refusal;
use super::version::Version;
use super::wire::{ErrorBody, Info};
use crate::clock;
use crate::config::ContextConfig;
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::domain::time::Duration;
use crate::source::trust::{PinFile, Trust};
use crate::source::{answer, retry_after};

/// The most bytes of one answer.
pub const BODY_LIMIT: usize = 32 * 1024 * 1024;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long any answer may take, from the first byte sent to the last byte read.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// The header with the operator's own version.
pub const VERSION_HEADER: &str = "CortexAPIVersion";

/// One operator, shared by the poller and the log reader.
#[derive(Debug)]
pub struct Operator {
    endpoint: Endpoint,
    http: reqwest::Client,
    trust: Trust,
    identity: Identity,
    region: Option<String>,
    learned: Mutex<Option<Learned>>,
}

#[derive(Clone, Debug)]
struct Learned {
    version: Version,
    region: Option<String>,
}

/// What a single try brought.
enum Answer {
    Good(Value),
    Refused(ErrorBody),
}

impl Operator {
    /// An operator from its context. Opens no connection.
    ///
    /// # Errors
    /// `Misconfigured`, naming the setting.
    pub fn new(context: &ContextConfig, pins: PinFile) -> Result<Arc<Self>, Failure> {
        let endpoint = Endpoint::of(context)?;
        let trust = Trust::new(&context.tls, endpoint.host_port(), pins)?;
        let http = trust
            .http(endpoint.on_this_machine())?
            .connect_timeout(CONNECT)
            .timeout(DEADLINE)
            // The identity is for this server only; it must not follow a redirection elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| {
                Failure::new(
                    FailureKind::Misconfigured,
                    format!("no HTTP client: {error}"),
                    "check the proxy variables (HTTPS_PROXY, NO_PROXY)",
                )
            })?;
        let aws = context.aws.clone().unwrap_or_default();
        let region = aws.region.clone().or_else(|| endpoint.region().map(str::to_owned));
        Ok(Arc::new(Self { endpoint, http, trust, identity: Identity::new(aws), region, learned: Mutex::new(None) }))
    }

    /// The operator's version, once `/info` was read.
    pub fn version(&self) -> Option<Version> {
        self.lock().as_ref().map(|learned| learned.version.clone())
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Why the last handshake was refused.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Reads `/info` and learns version and region from it.
    ///
    /// # Errors
    /// What the request met, or `Unsupported` for a version that is too old.
    pub async fn info(&self) -> Result<(Info, Value), Failure> {
        let answer = self.signed(&["info"], &[]).await?;
        let raw = self.conclude(answer).await?;
        let info: Info = decode(&raw, "/info")?;
        let version = Version::read(&info.cluster_config.api_version)?;
        *self.lock() = Some(Learned { version, region: info.cluster_config.region.clone() });
        Ok((info, raw))
    }

    /// Reads one path. Signs anew once when the operator finds the identity expired, and reads
    /// `/info` anew once when it finds its version mismatched.
    ///
    /// # Errors
    /// What the request met.
    pub async fn get(&self, segments: &[&str], query: &[(&str, &str)]) -> Result<Value, Failure> {
        let mut answer = self.signed(segments, query).await?;
        if matches!(&answer, Answer::Refused(body) if body.kind == "endpoints.api_version_mismatch") {
            self.info().await?;
            answer = self.signed(segments, query).await?;
        }
        self.conclude(answer).await
    }

    /// One request, signed anew and repeated where the signature was the trouble.
    async fn signed(&self, segments: &[&str], query: &[(&str, &str)]) -> Result<Answer, Failure> {
        match self.once(segments, query).await? {
            Answer::Refused(body) if refusal::wants_new_signature(&body) => {
                self.identity.forget().await;
                self.once(segments, query).await
            }
            answer => Ok(answer),
        }
    }

    async fn conclude(&self, answer: Answer) -> Result<Value, Failure> {
        match answer {
            Answer::Good(value) => Ok(value),
            Answer::Refused(body) => Err(self.refused(&body).await),
        }
    }

    /// The failure for a refusal. An identity that was not accepted is not used again.
    pub async fn refused(&self, body: &ErrorBody) -> Failure {
        let failure = refusal::from_envelope(body, &self.identity.hint());
        if matches!(failure.kind, FailureKind::Expired | FailureKind::Denied | FailureKind::WrongAccount | FailureKind::ClockSkew) {
            self.identity.forget().await;
        }
        failure
    }

    /// Makes the next request sign anew.
    pub async fn forget_identity(&self) {
        self.identity.forget().await;
    }

    /// The headers every request carries.
    ///
    /// # Errors
    /// What the credential chain said.
    pub async fn headers(&self) -> Result<HeaderMap, Failure> {
        let learned = self.lock().clone();
        let region = learned.as_ref().and_then(|learned| learned.region.as_deref()).or(self.region.as_deref());
        let secret = self.identity.header(region, clock::now()).await?;
        let mut headers = HeaderMap::new();
        headers.insert(identity::HEADER, identity::header_value(&secret)?);
        if let Some(learned) = &learned {
            let version = HeaderValue::from_str(learned.version.as_str())
                .map_err(|_| Failure::new(FailureKind::Garbage, "the operator's version is no header value", "check the endpoint"))?;
            headers.insert(VERSION_HEADER, version);
        }
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Ok(headers)
    }

    async fn once(&self, segments: &[&str], query: &[(&str, &str)]) -> Result<Answer, Failure> {
        let headers = self.headers().await?;
        let request = self.http.get(self.endpoint.http(segments, query)).headers(headers);
        let mut response = request.send().await.map_err(|error| self.broken(&error))?;
        let status = response.status();
        let retry_after = retry_after::asked(response.headers(), crate::clock::now());
        let body = self.body(&mut response).await?;
        if status.is_success() {
            return serde_json::from_slice(&body).map(Answer::Good).map_err(|error| garbage(&body, &error));
        }
        match serde_json::from_slice::<ErrorBody>(&body) {
            Ok(envelope) => Ok(Answer::Refused(envelope)),
            Err(_) => Err(Failure { retry_after, ..refusal::from_status(status.as_u16(), &body) }),
        }
    }

    async fn body(&self, response: &mut reqwest::Response) -> Result<Vec<u8>, Failure> {
        let check = "check that the endpoint is a Cortex operator: `cortex cluster info` prints its address";
        answer::bounded(response, BODY_LIMIT, check, |error| self.broken(error)).await
    }

    /// What a request that brought no answer means.
    fn broken(&self, error: &reqwest::Error) -> Failure {
        if let Some(refusal) = self.trust.take_refusal() {
            return refusal;
        }
        let host = self.endpoint.host_port();
        if error.is_timeout() {
            return timed_out(host);
        }
        if error.is_connect() {
            return unreachable(host, &answer::innermost(error));
        }
        Failure::new(
            FailureKind::Garbage,
            format!("the answer of {host} broke off or is no HTTP: {}", answer::innermost(error)),
            "check that the endpoint is a Cortex operator, and that no proxy cuts its answers",
        )
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Learned>> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The failure for an operator that is silent.
pub fn timed_out(host: &str) -> Failure {
    Failure::new(
        FailureKind::TimedOut,
        format!("no answer from {host} within {} s", DEADLINE.as_secs()),
        "check that this machine may reach the operator: its load balancer can be internal or limited to some addresses",
    )
}

/// The failure for an address where nothing answers.
pub fn unreachable(host: &str, why: &str) -> Failure {
    Failure::new(
        FailureKind::Unreachable,
        format!("cannot connect to {host}: {why}"),
        "check the endpoint with `cortex env list`, and that its load balancer lets this machine in (VPN, bastion, CIDR list)",
    )
}

/// Decodes a body that arrived whole.
///
/// # Errors
/// `Garbage`, naming the path inside the body.
pub fn decode<T: DeserializeOwned>(raw: &Value, what: &str) -> Result<T, Failure> {
    serde_path_to_error::deserialize(raw).map_err(|error| {
        Failure::new(
            FailureKind::Garbage,
            format!("{what} is not as Cortex sends it, at {}: {}", error.path(), error.inner()),
            "check that the endpoint is a Cortex operator of version 0.30 to 0.42",
        )
    })
}

fn garbage(body: &[u8], error: &serde_json::Error) -> Failure {
    let start = Text::clean_bytes(body.get(..60).unwrap_or(body));
    Failure::new(
        FailureKind::Garbage,
        format!("the answer is no JSON ({error}); it begins with: {start}"),
        "check that the endpoint is a Cortex operator, and that no proxy or login page answers for it",
    )
}
