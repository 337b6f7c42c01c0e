//! Requests to one API: the token in every one of them, a deadline and a size for every answer.
//! Nothing here knows what an answer means.

use reqwest::header::{ACCEPT, AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;

use super::address::Address;
use super::refusal;
use super::token::TokenSource;
use crate::clock;
use crate::config::ContextConfig;
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::domain::time::Duration;
use crate::source::trust::{PinFile, Trust};
use crate::source::{answer, retry_after};

/// The most bytes of one answer.
const BODY_LIMIT: usize = 16 * 1024 * 1024;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long any answer may take. With a frozen control store the dashboard answers some requests
/// after 24 s and others never.
pub const DEADLINE: Duration = Duration::from_secs(8);

/// Which API it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plane {
    /// A Ray cluster's dashboard.
    Dashboard,
    /// Anyscale's service API.
    Services,
}

/// One API.
#[derive(Debug)]
pub struct Api {
    plane: Plane,
    address: Address,
    http: reqwest::Client,
    trust: Trust,
    token: TokenSource,
}

impl Api {
    /// An API of a context. Opens no connection.
    ///
    /// # Errors
    /// `Misconfigured`, naming the setting.
    pub fn new(context: &ContextConfig, plane: Plane, pins: PinFile) -> Result<Self, Failure> {
        let ray = context.ray.clone().unwrap_or_default();
        let (setting, raw, token) = match plane {
            Plane::Dashboard => ("ray.dashboard", ray.dashboard.clone(), TokenSource::dashboard(&ray)),
            Plane::Services => ("endpoint", context.endpoint.clone(), TokenSource::anyscale(&ray)),
        };
        let address = Address::read(context, setting, &raw.unwrap_or_default())?;
        let trust = Trust::new(&context.tls, address.host_port(), pins)?;
        let http = trust
            .http(address.on_this_machine())?
            .connect_timeout(CONNECT)
            .timeout(DEADLINE)
            .user_agent(concat!("holdup/", env!("CARGO_PKG_VERSION")))
            // The token is for this server only; it must not follow a redirection elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| {
                let hint = "check the proxy variables (HTTPS_PROXY, NO_PROXY)";
                Failure::new(FailureKind::Misconfigured, format!("no HTTP client: {error}"), hint)
            })?;
        Ok(Self { plane, address, http, trust, token })
    }

    /// The address as a person types it.
    pub fn shown(&self) -> &str {
        self.address.shown()
    }

    /// Reads one path as JSON.
    ///
    /// # Errors
    /// What the request met.
    pub async fn json<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Failure> {
        let body = self.bytes(path, query, DEADLINE).await?;
        let mut reader = serde_json::Deserializer::from_slice(&body);
        serde_path_to_error::deserialize(&mut reader).map_err(|error| self.garbage(path, &body, &error))
    }

    /// Reads one path as text.
    ///
    /// # Errors
    /// What the request met.
    pub async fn text(&self, path: &str, query: &[(&str, &str)], limit: Duration) -> Result<String, Failure> {
        let body = self.bytes(path, query, limit).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// Opens a path whose body comes bit by bit and has no end.
    ///
    /// # Errors
    /// What the request met.
    pub async fn open(&self, path: &str, query: &[(&str, &str)]) -> Result<reqwest::Response, Failure> {
        // The client's deadline is for whole answers.
        self.send(path, query, Duration::from_hours(24)).await
    }

    async fn bytes(&self, path: &str, query: &[(&str, &str)], limit: Duration) -> Result<Vec<u8>, Failure> {
        let mut response = self.send(path, query, limit).await?;
        self.body(&mut response).await
    }

    async fn send(&self, path: &str, query: &[(&str, &str)], limit: Duration) -> Result<reqwest::Response, Failure> {
        let token = self.token.read()?;
        let headers = self.headers(token.as_ref())?;
        let request = self.http.get(self.address.at(path, query)).headers(headers).timeout(limit);
        let mut response = request.send().await.map_err(|error| self.broken(&error, limit))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if status.is_redirection() {
            let to = response.headers().get(reqwest::header::LOCATION).map(|to| Text::clean_bytes(to.as_bytes())).unwrap_or_default();
            return Err(Failure::new(
                FailureKind::Garbage,
                format!("{} sends elsewhere, to {to}: mostly a login page", self.address.host_port()),
                "use the address behind it, or a port-forward to the dashboard; holdup takes its token nowhere else",
            ));
        }
        let pause = retry_after::asked(response.headers(), clock::now());
        let body = self.body(&mut response).await?;
        let failure = refusal::from_status(self.plane, status.as_u16(), &body, token.is_some());
        Err(Failure { retry_after: pause, ..failure })
    }

    fn headers(&self, token: Option<&SecretString>) -> Result<HeaderMap, Failure> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/plain;q=0.8"));
        let Some(token) = token else { return Ok(headers) };
        let sensitive = |text: String| -> Result<HeaderValue, Failure> {
            let mut value = HeaderValue::from_str(&text).map_err(|_| {
                let hint = "it holds characters that no token has; copy it again";
                Failure::new(FailureKind::NoCredentials, "the token cannot be sent in a header", hint)
            })?;
            value.set_sensitive(true);
            Ok(value)
        };
        match self.plane {
            Plane::Services => {
                headers.insert(COOKIE, sensitive(format!("cli_token={}", token.expose_secret()))?);
            }
            Plane::Dashboard => {
                let bearer = sensitive(format!("Bearer {}", token.expose_secret()))?;
                headers.insert(AUTHORIZATION, bearer.clone());
                // For proxies that keep the other one to themselves.
                headers.insert(HeaderName::from_static("x-ray-authorization"), bearer);
            }
        }
        Ok(headers)
    }

    async fn body(&self, response: &mut reqwest::Response) -> Result<Vec<u8>, Failure> {
        let check = format!("check that {} is {}", self.address.host_port(), self.title());
        answer::bounded(response, BODY_LIMIT, check, |error| self.broken(error, DEADLINE)).await
    }

    fn title(&self) -> &'static str {
        match self.plane {
            Plane::Dashboard => "a Ray dashboard",
            Plane::Services => "Anyscale's API",
        }
    }

    /// What a request that brought no answer means.
    fn broken(&self, error: &reqwest::Error, limit: Duration) -> Failure {
        if let Some(refusal) = self.trust.take_refusal() {
            return refusal;
        }
        let host = self.address.host_port();
        if error.is_timeout() {
            let hint = match self.plane {
                Plane::Dashboard => {
                    "see whether the head node is starved of CPU, memory or disk; a frozen control store makes the dashboard hang"
                }
                Plane::Services => "check that this machine reaches it (proxy, VPN)",
            };
            return Failure::new(FailureKind::TimedOut, format!("no answer from {host} within {} s", limit.as_secs()), hint);
        }
        if error.is_connect() {
            let hint = match self.plane {
                Plane::Dashboard => {
                    "check the address; the head may be gone or still starting, or its dashboard listens on 127.0.0.1 only (kubectl port-forward svc/NAME-head-svc 8265)"
                }
                Plane::Services => "check the endpoint and that this machine reaches it (proxy, VPN)",
            };
            return Failure::new(FailureKind::Unreachable, format!("cannot connect to {host}: {}", answer::innermost(error)), hint);
        }
        Failure::new(
            FailureKind::Garbage,
            format!("the answer of {host} broke off or is no HTTP: {}", answer::innermost(error)),
            format!("check that it is {}, and that no proxy cuts its answers", self.title()),
        )
    }

    fn garbage(&self, path: &str, body: &[u8], error: &serde_path_to_error::Error<serde_json::Error>) -> Failure {
        let start = Text::clean_bytes(body.get(..60).unwrap_or(body));
        let place = error.path().to_string();
        let at = if place == "." { String::new() } else { format!(" at {}", Text::clean_to(&place, 80)) };
        Failure::new(
            FailureKind::Garbage,
            format!("{path} is not as expected{at} ({}); it begins with: {start}", error.inner()),
            format!("check that {} is {}, and that no proxy or login page answers for it", self.address.host_port(), self.title()),
        )
    }
}
