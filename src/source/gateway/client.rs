//! Requests to one gateway: the key in one header, a deadline and a size for every answer, one
//! budget for all, and the memory of calls that this instance does not have.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::budget::{Budget, Weight};
use super::place::{self, Place};
use super::refusal::{Refusal, refused};
use super::{envelope, retry};
use crate::clock;
use crate::config::ContextConfig;
use crate::domain::source::{Failure, FailureKind};
use crate::domain::time::{Duration, words};
use crate::source::answer;
use crate::source::trust::{PinFile, Trust};

/// The most bytes of one answer.
pub const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long any answer may take, from the first byte sent to the last byte read.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// One call.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The path below the prefix, such as `plugin-core/jobs/job_1/events`.
    pub path: &'a str,
    /// Its parameters.
    pub query: &'a [(&'a str, &'a str)],
    /// The call without ids, by which its absence is remembered: `jobs/{id}/events`.
    pub kind: &'static str,
    /// How much it matters.
    pub weight: Weight,
    /// How long it may take.
    pub deadline: Duration,
}

impl<'a> Call<'a> {
    /// A call without parameters that nothing depends on.
    pub fn background(path: &'a str, kind: &'static str) -> Self {
        Self { path, query: &[], kind, weight: Weight::Background, deadline: DEADLINE }
    }

    /// The same, of the most weight.
    pub fn essential(path: &'a str, kind: &'static str) -> Self {
        Self { weight: Weight::Essential, ..Self::background(path, kind) }
    }

    /// With parameters.
    pub fn with(self, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { query, ..self }
    }
}

/// One gateway, shared by the poller and the log reader.
#[derive(Debug)]
pub struct Gateway {
    place: Place,
    http: reqwest::Client,
    trust: Trust,
    key: Option<SecretString>,
    budget: Budget,
    absent: Mutex<BTreeSet<&'static str>>,
}

impl Gateway {
    /// A gateway from its context. Opens no connection.
    ///
    /// # Errors
    /// `Misconfigured`, naming the setting.
    pub fn new(context: &ContextConfig, pins: PinFile) -> Result<Arc<Self>, Failure> {
        let place = Place::of(context)?;
        let trust = Trust::new(&context.tls, place.host_port(), pins)?;
        let http = trust
            .http(place.on_this_machine())?
            .user_agent(concat!("holdup/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            // The key is for this server only; it must not follow a redirection elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| {
                Failure::new(
                    FailureKind::Misconfigured,
                    format!("no HTTP client: {error}"),
                    "check the proxy variables (HTTPS_PROXY, NO_PROXY)",
                )
            })?;
        let key = place::key(context)?;
        Ok(Arc::new(Self { place, http, trust, key, budget: Budget::default(), absent: Mutex::default() }))
    }

    /// Its address.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Whether it is known that this instance lacks a kind of call.
    pub fn lacks(&self, kind: &str) -> bool {
        self.absent().contains(kind)
    }

    /// Reads one call and takes the wrapping off.
    ///
    /// # Errors
    /// What the request met.
    pub async fn get(&self, call: Call<'_>) -> Result<Value, Refusal> {
        self.get_whole(call).await.map(envelope::unwrap)
    }

    /// Reads one call, wrapping and all.
    ///
    /// # Errors
    /// What the request met.
    pub async fn get_whole(&self, call: Call<'_>) -> Result<Value, Refusal> {
        if self.lacks(call.kind) {
            return Err(refused(404, b"", call.kind));
        }
        let answered = tokio::time::timeout(call.deadline, self.once(call)).await;
        let outcome = answered.unwrap_or_else(|_| Err(timed_out(self.place.host_port(), call.deadline).into()));
        if let Err(refusal) = &outcome
            && refusal.absent
        {
            self.absent().insert(call.kind);
        }
        outcome
    }

    /// Opens a call whose answer comes in pieces.
    ///
    /// # Errors
    /// What the request met.
    pub async fn open(&self, call: Call<'_>) -> Result<reqwest::Response, Refusal> {
        self.budget.take(call.weight)?;
        let opened = tokio::time::timeout(call.deadline, self.request(call, "text/event-stream, application/json").send()).await;
        let sent = opened.map_err(|_| timed_out(self.place.host_port(), call.deadline))?;
        let mut response = sent.map_err(|error| self.broken(&error))?;
        self.budget.learn(response.headers(), clock::now());
        if response.status().is_success() {
            return Ok(response);
        }
        let body = self.body(&mut response).await?;
        Err(self.refuse(&response, &body, call))
    }

    async fn once(&self, call: Call<'_>) -> Result<Value, Refusal> {
        self.budget.take(call.weight)?;
        let sent = self.request(call, "application/json").send().await;
        let mut response = sent.map_err(|error| self.broken(&error))?;
        self.budget.learn(response.headers(), clock::now());
        let body = self.body(&mut response).await?;
        if !response.status().is_success() {
            return Err(self.refuse(&response, &body, call));
        }
        if body.is_empty() {
            return Ok(Value::Null);
        }
        match serde_json::from_slice::<Value>(&body) {
            // Some versions say that they failed with status 200: then the code counts.
            Ok(value) if envelope::is_refusal(&value) => Err(self.refuse(&response, &body, call)),
            Ok(value) => Ok(value),
            // A page where data should be: the web interface answers for calls that do not exist.
            Err(_) if looks_like_a_page(&body) => Err(refused(404, b"", call.kind)),
            Err(error) => Err(Failure::new(
                FailureKind::Garbage,
                format!("the answer for {} is no JSON: {error}", call.kind),
                "check that the endpoint is a compute gateway, and that no proxy or login page answers for it",
            )
            .into()),
        }
    }

    fn refuse(&self, response: &reqwest::Response, body: &[u8], call: Call<'_>) -> Refusal {
        let status = match response.status().as_u16() {
            // A failure under a good status: its code says which it is.
            200..=299 => status_of(body),
            status => status,
        };
        let mut refusal = refused(status, body, call.kind);
        if refusal.failure.kind == FailureKind::Throttled {
            let value = serde_json::from_slice(body).unwrap_or(Value::Null);
            let now = clock::now();
            let asked = retry::asked(response.headers(), &value, now);
            let pause = self.budget.refused(asked, retry::until_reset(response.headers(), now));
            refusal.failure.hint =
                format!("holdup waits by itself and asks again in {}; what else polls with this key?", words(pause)).into();
            refusal.failure.retry_after = Some(pause);
        }
        refusal
    }

    fn request(&self, call: Call<'_>, accept: &'static str) -> reqwest::RequestBuilder {
        let request = self.http.get(self.place.call(call.path, call.query)).header(ACCEPT, accept);
        let value = self.key.as_ref().and_then(|key| HeaderValue::from_str(&format!("Bearer {}", key.expose_secret())).ok());
        match value {
            Some(mut value) => {
                value.set_sensitive(true);
                request.header(AUTHORIZATION, value)
            }
            None => request,
        }
    }

    async fn body(&self, response: &mut reqwest::Response) -> Result<Vec<u8>, Failure> {
        answer::bounded(response, BODY_LIMIT, "check that the endpoint is a compute gateway", |error| self.broken(error)).await
    }

    /// What a request that brought no answer means.
    pub fn broken(&self, error: &reqwest::Error) -> Failure {
        if let Some(refusal) = self.trust.take_refusal() {
            return refusal;
        }
        let host = self.place.host_port();
        if error.is_timeout() {
            return timed_out(host, DEADLINE);
        }
        let inner = answer::innermost(error);
        if error.is_connect() {
            let hint = "check endpoint, and that this machine may reach it (VPN, firewall)";
            return Failure::new(FailureKind::Unreachable, format!("cannot connect to {host}: {inner}"), hint);
        }
        Failure::new(
            FailureKind::Garbage,
            format!("the answer of {host} broke off or is no HTTP: {inner}"),
            "check that the endpoint is a compute gateway, and that no proxy cuts its answers",
        )
    }

    fn absent(&self) -> std::sync::MutexGuard<'_, BTreeSet<&'static str>> {
        self.absent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The status that belongs to the code of a failure under a good status.
fn status_of(body: &[u8]) -> u16 {
    let told = serde_json::from_slice(body).map(|value| envelope::told(&value)).unwrap_or_default();
    match told.code.as_str() {
        "UNAUTHORIZED" | "AUTH_INVALID" | "EXPIRED_TOKEN" | "INVALID_TOKEN" => 401,
        "FORBIDDEN" => 403,
        "RATE_LIMIT_EXCEEDED" => 429,
        code if code.ends_with("_NOT_FOUND") => 404,
        _ => 500,
    }
}

fn looks_like_a_page(body: &[u8]) -> bool {
    let start = String::from_utf8_lossy(body.get(..200).unwrap_or(body)).trim_start().to_ascii_lowercase();
    start.starts_with("<!doctype") || start.starts_with("<html")
}

fn timed_out(host: &str, deadline: Duration) -> Failure {
    Failure::new(
        FailureKind::TimedOut,
        format!("no answer from {host} within {} s", deadline.as_secs()),
        "check that this machine may reach the gateway, and its own health at …/api/health",
    )
}
