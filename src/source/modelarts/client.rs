//! Requests to one project: a signature or a token, a deadline, a size and a pace for every answer.
//! Nothing here knows what an answer means, and nothing here changes anything.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::environment::Variables;
use super::place::{Place, Service};
use super::refusal::{self, Envelope};
use super::session::{Proof, Session};
use super::sign::{DATE_HEADER, Form, Signed, authorization, canonical_query, escaped};
use super::wire::ProjectList;
use crate::clock;
use crate::config::{ContextConfig, SignStyle, TlsTrust};
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
/// Requests in flight at once: the management API publishes no limits, so little is asked of it.
const AT_ONCE: usize = 2;

/// One project, shared by the poller and the log reader.
#[derive(Debug)]
pub struct Cloud {
    /// Where it is.
    pub place: Place,
    http: reqwest::Client,
    trust: Trust,
    session: Session,
    style: Mutex<SignStyle>,
    project: Mutex<Option<String>>,
    gate: Semaphore,
}

/// One request, before it is proven who asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) service: Service,
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) body: &'a [u8],
    /// What a policy would have to allow.
    pub(super) action: &'a str,
}

/// What a single try brought.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Cloud {
    /// A client from a context. Opens no connection.
    ///
    /// # Errors
    /// `Misconfigured`, naming the setting.
    pub fn new(context: &ContextConfig, variables: Variables) -> Result<Arc<Self>, Failure> {
        let place = Place::of(context, &variables)?;
        let settings = context.modelarts.clone().unwrap_or_default();
        // Certificates come from public authorities: pinning one would break at its renewal.
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
        Ok(Arc::new(Self {
            style: Mutex::new(settings.sign_style),
            project: Mutex::new(place.project.clone()),
            session: Session::new(settings, variables),
            gate: Semaphore::new(AT_ONCE),
            http,
            trust,
            place,
        }))
    }

    /// Reads a path below `/v1/PROJECT`.
    ///
    /// # Errors
    /// What the request met.
    pub async fn get(&self, segments: &[&str], query: &[(&str, &str)], action: &str) -> Result<Value, Failure> {
        let path = below(&["v1", &self.project().await?], segments);
        self.send(Call { service: Service::ModelArts, method: &Method::GET, path: &path, query, body: b"", action }).await
    }

    /// Asks the log service for lines of a stream.
    ///
    /// # Errors
    /// What the request met.
    pub async fn ask_logs(&self, group: &str, stream: &str, body: &Value) -> Result<Value, Failure> {
        let segments = ["groups", group, "streams", stream, "content", "query"];
        let path = below(&["v2", &self.project().await?], &segments);
        let body = body.to_string();
        let action = "lts:logs:list";
        self.send(Call { service: Service::Lts, method: &Method::POST, path: &path, query: &[], body: body.as_bytes(), action }).await
    }

    /// The project's id: as set, or as IAM has it for the region.
    ///
    /// # Errors
    /// What IAM said, or that it has none.
    pub async fn project(&self) -> Result<String, Failure> {
        if let Some(project) = self.project.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Ok(project);
        }
        if let Some(project) = self.session.project_of_token(self).await? {
            return Ok(self.keep(project));
        }
        let region = self.place.region.as_str();
        let call = Call {
            service: Service::Iam,
            method: &Method::GET,
            path: "/v3/projects",
            query: &[("name", region)],
            body: b"",
            action: "iam:projects:listProjects",
        };
        let list: ProjectList = decode(&self.send(call).await?, "the list of projects")?;
        let found = list.projects.into_iter().find(|project| project.name == region && !project.id.is_empty());
        found.map(|project| self.keep(project.id)).ok_or_else(|| {
            let message = format!("the account has no project named {region:?}");
            Failure::new(FailureKind::Misconfigured, message, "set project and region in the [modelarts] section of this context")
        })
    }

    /// The project's id as far as it is known.
    pub fn known_project(&self) -> String {
        self.project.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
    }

    /// Where the service API answers.
    pub fn address(&self) -> &str {
        self.place.base(Service::ModelArts).as_str().trim_end_matches('/')
    }

    fn keep(&self, project: String) -> String {
        *self.project.lock().unwrap_or_else(PoisonError::into_inner) = Some(project.clone());
        project
    }

    fn style(&self) -> SignStyle {
        *self.style.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One request; once more with a new token where the kept one is refused, and once in the other
    /// form where the signature is.
    async fn send(&self, call: Call<'_>) -> Result<Value, Failure> {
        let _turn = self.gate.acquire().await;
        let mut answer = self.once(call, &self.session.proof(self).await?, self.style()).await?;
        let envelope = (answer.status == 401).then(|| Envelope::read(&answer.body)).flatten().unwrap_or_default();
        if envelope.refuses_token() && self.session.forget().await {
            answer = self.once(call, &self.session.proof(self).await?, self.style()).await?;
        } else if envelope.refuses_signature() {
            let proof = self.session.proof(self).await?;
            let other = match self.style() {
                SignStyle::Access => SignStyle::Credential,
                SignStyle::Credential => SignStyle::Access,
            };
            let second = self.once(call, &proof, other).await?;
            if second.status != 401 {
                *self.style.lock().unwrap_or_else(PoisonError::into_inner) = other;
                answer = second;
            }
        }
        self.conclude(&answer, call.action)
    }

    fn conclude(&self, answer: &Answer, action: &str) -> Result<Value, Failure> {
        if !(200..300).contains(&answer.status) {
            let pause = retry_after::asked(&answer.headers, clock::now());
            return Err(refusal::failure(answer.status, &answer.body, action, pause));
        }
        serde_json::from_slice(&answer.body).map_err(|error| {
            let start = Text::clean_bytes(answer.body.get(..60).unwrap_or(&answer.body));
            Failure::new(
                FailureKind::Garbage,
                format!("the answer of {} is no JSON ({error}); it begins with: {start}", self.place.host_port()),
                "check the endpoint, and that no proxy or login page answers for it",
            )
        })
    }

    /// One try.
    pub(super) async fn once(&self, call: Call<'_>, proof: &Proof, style: SignStyle) -> Result<Answer, Failure> {
        let query = canonical_query(call.query);
        let mark = if query.is_empty() { "" } else { "?" };
        let base = self.place.base(call.service).as_str().trim_end_matches('/');
        let url = Url::parse(&format!("{base}{}{mark}{query}", call.path)).map_err(|error| {
            Failure::new(FailureKind::Misconfigured, format!("no address can be made: {error}"), "check the endpoint of this context")
        })?;
        let headers = self.headers(call, proof, style)?;
        let mut request = self.http.request(call.method.clone(), url).headers(headers);
        if !call.body.is_empty() {
            request = request.body(call.body.to_vec());
        }
        self.read(request, call.service).await
    }

    fn headers(&self, call: Call<'_>, proof: &Proof, style: SignStyle) -> Result<HeaderMap, Failure> {
        let mut plain: BTreeMap<String, String> = BTreeMap::new();
        if !call.body.is_empty() {
            plain.insert("content-type".to_owned(), "application/json".to_owned());
        }
        let mut secret = BTreeMap::new();
        match proof {
            Proof::Nobody => {}
            Proof::Token(token) => {
                secret.insert("x-auth-token", token.expose_secret().to_owned());
            }
            Proof::Keys(keys) => {
                plain.insert("host".to_owned(), self.place.host(call.service));
                plain.insert(DATE_HEADER.to_owned(), clock::now().strftime("%Y%m%dT%H%M%SZ").to_string());
                let mut signed = plain.clone();
                if let Some(token) = &keys.token {
                    signed.insert("x-security-token".to_owned(), token.expose_secret().to_owned());
                    secret.insert("x-security-token", token.expose_secret().to_owned());
                }
                let request =
                    Signed { method: call.method.as_str(), path: call.path, query: call.query, headers: &signed, body: call.body };
                let form = Form { style, region: &self.place.region, service: call.service.label() };
                secret.insert("authorization", authorization(&request, keys, form));
            }
        }
        let value = |text: &str, hide: bool| {
            let mut value = HeaderValue::from_str(text).map_err(|_| {
                let hint = "check keys and token for line breaks and other signs that do not belong there";
                Failure::new(FailureKind::NoCredentials, "the key or token is no header value", hint)
            })?;
            value.set_sensitive(hide);
            Ok::<_, Failure>(value)
        };
        let mut headers = HeaderMap::new();
        for (name, text) in &plain {
            if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
                headers.insert(name, value(text, false)?);
            }
        }
        for (name, text) in &secret {
            headers.insert(*name, value(text, true)?);
        }
        Ok(headers)
    }

    async fn read(&self, request: reqwest::RequestBuilder, service: Service) -> Result<Answer, Failure> {
        let mut response = request.send().await.map_err(|error| self.broken(&error, service))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let check = "check that the endpoint is that of ModelArts";
        let body = answer::bounded(&mut response, BODY_LIMIT, check, |error| self.broken(error, service)).await?;
        Ok(Answer { status, headers, body })
    }

    /// A request to the machine's own metadata, which wants neither signature nor long patience.
    pub(super) async fn metadata(&self, method: Method, path: &str, header: (&'static str, &str)) -> Result<Vec<u8>, Failure> {
        let url = format!("http://169.254.169.254{path}");
        let request = self.http.request(method, url).header(header.0, header.1).timeout(Duration::from_secs(3));
        let answer = self.read(request, Service::Iam).await?;
        if (200..300).contains(&answer.status) {
            return Ok(answer.body);
        }
        Err(refusal::failure(answer.status, &answer.body, "the machine's metadata", None))
    }

    /// What a request that brought no answer means.
    fn broken(&self, error: &reqwest::Error, service: Service) -> Failure {
        if let Some(refusal) = self.trust.take_refusal() {
            return refusal;
        }
        let host = self.place.host(service);
        let inner = answer::innermost(error);
        if error.is_timeout() {
            let message = format!("no answer from {host} within {} s", DEADLINE.as_secs());
            return Failure::new(FailureKind::TimedOut, message, "check the network path to the cloud (proxy, firewall, VPN)");
        }
        if error.is_connect() {
            let message = format!("cannot connect to {host}: {inner}");
            return Failure::new(FailureKind::Unreachable, message, "check region and endpoint of this context, and the network path");
        }
        let message = format!("the answer of {host} broke off or is no HTTP: {inner}");
        Failure::new(FailureKind::Garbage, message, "check that no proxy cuts the answers")
    }
}

/// A path of escaped segments.
fn below(first: &[&str], rest: &[&str]) -> String {
    first.iter().chain(rest).flat_map(|segment| ["/".to_owned(), escaped(segment.as_bytes())]).collect()
}

/// Decodes a body that arrived whole.
///
/// # Errors
/// `Garbage`, naming the path inside the body.
pub fn decode<T: DeserializeOwned>(raw: &Value, what: &str) -> Result<T, Failure> {
    serde_path_to_error::deserialize(raw).map_err(|error| {
        Failure::new(
            FailureKind::Garbage,
            format!("{what} is not as ModelArts sends it, at {}: {}", error.path(), error.inner()),
            "check that the endpoint is that of ModelArts",
        )
    })
}
