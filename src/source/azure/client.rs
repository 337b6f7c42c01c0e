//! Requests to one Resource Manager: a token, a deadline, a size and a pace for every answer.
//! Nothing here knows what an answer means, and nothing here changes anything.

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Method, Url};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::budget::Budget;
use super::credential::Tokens;
use super::place::{API_VERSION, OLDER_API_VERSION, Place};
use super::refusal::{refused, wants_older_version};
use crate::clock;
use crate::config::{ContextConfig, TlsTrust};
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::domain::time::Duration;
use crate::source::trust::{PinFile, Trust};
use crate::source::{answer, retry_after};

/// The most bytes of one answer.
pub const BODY_LIMIT: usize = 16 * 1024 * 1024;
/// How long any answer may take.
pub const DEADLINE: Duration = Duration::from_secs(10);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// The most pages of one list.
pub const PAGES: usize = 20;

/// One Resource Manager, shared by the poller and the log reader.
#[derive(Debug)]
pub struct Manager {
    /// What is asked about.
    pub place: Place,
    http: reqwest::Client,
    trust: Trust,
    tokens: Tokens,
    budget: Arc<Budget>,
    api_version: Mutex<String>,
    may_fall_back: bool,
}

/// A list, read to its end or to the bound.
#[derive(Debug, Default)]
pub struct Pages {
    /// The elements.
    pub values: Vec<Value>,
    /// Whether there was more.
    pub cut: bool,
}

impl Manager {
    /// A client from a context. Opens no connection.
    ///
    /// # Errors
    /// `Misconfigured`, naming the setting.
    pub fn new(context: &ContextConfig) -> Result<Arc<Self>, Failure> {
        let place = Place::of(context)?;
        let azure = context.azure.clone().unwrap_or_default();
        // Azure's certificates come from public authorities: pinning one would break at its renewal.
        let policy = match context.tls {
            TlsTrust::AcceptInvalid => TlsTrust::AcceptInvalid,
            TlsTrust::System | TlsTrust::Pin => TlsTrust::System,
        };
        let trust = Trust::new(&policy, &place.host_port(), PinFile::at("pinned-certificates"))?;
        let http = trust
            .http(place.on_this_machine)?
            .connect_timeout(CONNECT)
            .timeout(DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("holdup/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| {
                let hint = "check the proxy variables (HTTPS_PROXY, NO_PROXY)";
                Failure::new(FailureKind::Misconfigured, format!("no HTTP client: {error}"), hint)
            })?;
        let budget = Budget::shared(&format!("{} {}", place.host_port(), place.subscription));
        Ok(Arc::new(Self {
            http,
            trust,
            budget,
            api_version: Mutex::new(azure.api_version.clone().unwrap_or_else(|| API_VERSION.to_owned())),
            may_fall_back: azure.api_version.is_none(),
            tokens: Tokens::new(azure),
            place,
        }))
    }

    /// Whether there is room for what is only nice to know.
    pub fn is_ample(&self) -> bool {
        self.budget.is_ample()
    }

    /// Reads a path of the Machine Learning provider.
    ///
    /// # Errors
    /// What the request met. `what` names the thing in it.
    pub async fn get(&self, path: &str, what: &str) -> Result<Value, Failure> {
        self.versioned(&Method::GET, path, &[], None, what).await
    }

    /// Asks a path of the Machine Learning provider that wants a body and changes nothing.
    ///
    /// # Errors
    /// What the request met.
    pub async fn ask(&self, path: &str, body: &Value, what: &str) -> Result<Value, Failure> {
        self.versioned(&Method::POST, path, &[], Some(body), what).await
    }

    /// Reads a path of another provider, which has a version of its own in the query.
    ///
    /// # Errors
    /// What the request met.
    pub async fn get_other(&self, path: &str, query: &[(&str, &str)], what: &str) -> Result<Value, Failure> {
        self.send(&Method::GET, &self.place.url(path, query), None, what).await.map_err(Refusal::into_failure)
    }

    /// Follows a link out of an answer as it stands, on the own server only.
    ///
    /// # Errors
    /// What the request met.
    pub async fn follow(&self, link: &str, what: &str) -> Result<Value, Failure> {
        let Some(url) = self.place.link(link) else { return Err(astray(link)) };
        self.send(&Method::GET, &url, None, what).await.map_err(Refusal::into_failure)
    }

    /// Reads a list to its end, or to the bound on pages.
    ///
    /// # Errors
    /// What any of the requests met: half a list would look like deletions.
    pub async fn list(&self, path: &str, query: &[(&str, &str)], what: &str) -> Result<Pages, Failure> {
        let own = query.iter().any(|(key, _)| *key == "api-version");
        let first =
            if own { self.get_other(path, query, what).await? } else { self.versioned(&Method::GET, path, query, None, what).await? };
        self.rest_of(first, what).await
    }

    async fn rest_of(&self, first: Value, what: &str) -> Result<Pages, Failure> {
        let mut pages = Pages::default();
        let mut page = first;
        for number in 1..=PAGES {
            let Some(values) = page.get_mut("value").and_then(Value::as_array_mut) else { return Err(no_list(what)) };
            pages.values.append(values);
            match page.get("nextLink").and_then(Value::as_str).filter(|link| !link.is_empty()) {
                Some(_) if number == PAGES => pages.cut = true,
                Some(next) => page = self.follow(next, what).await?,
                None => return Ok(pages),
            }
        }
        Ok(pages)
    }

    async fn versioned(
        &self,
        method: &Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
        what: &str,
    ) -> Result<Value, Failure> {
        let version = self.version();
        let mut all = vec![("api-version", version.as_str())];
        all.extend_from_slice(query);
        match self.send(method, &self.place.url(path, &all), body, what).await {
            Err(Refusal::Version(failure)) if self.may_fall_back && version != OLDER_API_VERSION => {
                tracing::info!(%version, "the management API is not served in this version: {}", failure.message);
                OLDER_API_VERSION.clone_into(&mut self.api_version.lock().unwrap_or_else(PoisonError::into_inner));
                let mut all = vec![("api-version", OLDER_API_VERSION)];
                all.extend_from_slice(query);
                self.send(method, &self.place.url(path, &all), body, what).await.map_err(Refusal::into_failure)
            }
            other => other.map_err(Refusal::into_failure),
        }
    }

    fn version(&self) -> String {
        self.api_version.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One request, once more with a new token where the server does not take the kept one.
    async fn send(&self, method: &Method, url: &Url, body: Option<&Value>, what: &str) -> Result<Value, Refusal> {
        match self.once(method, url, body, what).await {
            Err(Refusal::Other(failure)) if failure.kind == FailureKind::Expired => {
                self.tokens.forget().await;
                self.once(method, url, body, what).await
            }
            other => other,
        }
    }

    async fn once(&self, method: &Method, url: &Url, body: Option<&Value>, what: &str) -> Result<Value, Refusal> {
        self.budget.take().await?;
        let token = self.tokens.get().await?;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
            .map_err(|_| Failure::new(FailureKind::NoCredentials, "the token is no header value", "log in again: az login"))?;
        bearer.set_sensitive(true);
        let mut request = self.http.request(method.clone(), url.clone()).header(AUTHORIZATION, bearer).header(ACCEPT, "application/json");
        if let Some(body) = body {
            request = request.json(body);
        }
        let mut response = request.send().await.map_err(|error| self.broken(&error))?;
        let status = response.status();
        let reads = response.headers().get("x-ms-ratelimit-remaining-subscription-reads");
        if let Some(reads) = reads.and_then(|value| value.to_str().ok()).and_then(|value| value.parse().ok()) {
            self.budget.remaining(reads);
        }
        let pause = retry_after::asked(response.headers(), clock::now());
        let bytes = self.body(&mut response).await?;
        if status.as_u16() == 429 {
            return Err(self.budget.rest(pause).into());
        }
        if status.is_redirection() {
            let hint = "check the endpoint of this context: the Resource Manager redirects nobody";
            return Err(Failure::new(FailureKind::Garbage, format!("{} sends elsewhere ({status})", self.place.host_port()), hint).into());
        }
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|error| garbage(&bytes, &error).into());
        }
        let failure = Failure { retry_after: pause, ..refused(status.as_u16(), &bytes, what) };
        Err(if wants_older_version(status.as_u16(), &bytes) { Refusal::Version(failure) } else { Refusal::Other(failure) })
    }

    async fn body(&self, response: &mut reqwest::Response) -> Result<Vec<u8>, Failure> {
        let check = "check that nothing else answers for the Resource Manager";
        answer::bounded(response, BODY_LIMIT, check, |error| self.broken(error)).await
    }

    /// What a request that brought no answer means.
    fn broken(&self, error: &reqwest::Error) -> Failure {
        if let Some(refusal) = self.trust.take_refusal() {
            return refusal;
        }
        let host = self.place.host_port();
        let inner = answer::innermost(error);
        if error.is_timeout() {
            let message = format!("no answer from {host} within {} s", DEADLINE.as_secs());
            return Failure::new(FailureKind::TimedOut, message, "check the network path to Azure (proxy, firewall, VPN)");
        }
        if error.is_connect() {
            let message = format!("cannot connect to {host}: {inner}");
            return Failure::new(FailureKind::Unreachable, message, "check the network path to Azure (proxy, firewall, DNS)");
        }
        let message = format!("the answer of {host} broke off or is no HTTP: {inner}");
        Failure::new(FailureKind::Garbage, message, "check that no proxy cuts the answers")
    }
}

/// A refusal, with the one that asking in an older version may cure told apart.
enum Refusal {
    Version(Failure),
    Other(Failure),
}

impl Refusal {
    fn into_failure(self) -> Failure {
        match self {
            Self::Version(failure) | Self::Other(failure) => failure,
        }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

fn astray(link: &str) -> Failure {
    let message = format!("a link of Azure leads elsewhere: {}", Text::clean_to(link.split('?').next().unwrap_or_default(), 120));
    Failure::new(FailureKind::Garbage, message, "check that nothing else answers for the Resource Manager")
}

fn no_list(what: &str) -> Failure {
    Failure::new(FailureKind::Garbage, format!("the list of {what} is no list"), "check that nothing else answers for the Resource Manager")
}

fn garbage(body: &[u8], error: &serde_json::Error) -> Failure {
    let start = Text::clean_bytes(body.get(..60).unwrap_or(body));
    Failure::new(
        FailureKind::Garbage,
        format!("the answer is no JSON ({error}); it begins with: {start}"),
        "check that no proxy or login page answers for the Resource Manager",
    )
}
