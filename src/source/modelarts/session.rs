//! What proves who asks, kept until it ends: a key pair as it is, a token of IAM's, or the
//! temporary pair of the machine.

use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::sync::Mutex;

use super::client::{Answer, Call, Cloud};
use super::credential::{Identity, KeyDocument, Password, identity};
use super::environment::Variables;
use super::place::Service;
use super::refusal;
use super::sign::Keys;
use crate::clock;
use crate::config::{ModelArtsConfig, SignStyle};
use crate::domain::source::{Failure, FailureKind};
use crate::domain::time::{Duration, Timestamp};

/// How long before its end a kept proof is made anew, as the official SDK does.
const EARLY: Duration = Duration::from_mins(40);
/// How long a token is taken to last when nobody says it.
const UNSAID: Duration = Duration::from_hours(1);

/// What a request carries.
#[derive(Clone, Debug)]
pub(super) enum Proof {
    /// Nothing: the request for a token itself.
    Nobody,
    /// A key pair to sign with.
    Keys(Keys),
    /// A token to send.
    Token(SecretString),
}

/// A proof that was fetched.
#[derive(Debug)]
struct Kept {
    proof: Proof,
    until: Timestamp,
    project: Option<String>,
}

/// The proof of one context.
#[derive(Debug)]
pub(super) struct Session {
    settings: ModelArtsConfig,
    variables: Variables,
    kept: Mutex<Option<Kept>>,
}

impl Session {
    pub(super) fn new(settings: ModelArtsConfig, variables: Variables) -> Self {
        Self { settings, variables, kept: Mutex::new(None) }
    }

    /// What the next request carries.
    pub(super) async fn proof(&self, cloud: &Cloud) -> Result<Proof, Failure> {
        let identity = identity(&self.settings, &self.variables)?;
        match identity {
            Identity::Keys(keys) => return Ok(Proof::Keys(keys)),
            Identity::Token(token) => return Ok(Proof::Token(token)),
            Identity::Password(_) | Identity::Machine => {}
        }
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| clock::now() < kept.until) {
            return Ok(kept.proof.clone());
        }
        let fresh = match identity {
            Identity::Password(password) => log_in(cloud, &password).await?,
            _ => of_machine(cloud).await?,
        };
        let proof = fresh.proof.clone();
        *kept = Some(fresh);
        Ok(proof)
    }

    /// The project that a fetched token is for.
    pub(super) async fn project_of_token(&self, cloud: &Cloud) -> Result<Option<String>, Failure> {
        if matches!(identity(&self.settings, &self.variables)?, Identity::Password(_)) {
            self.proof(cloud).await?;
        }
        Ok(self.kept.lock().await.as_ref().and_then(|kept| kept.project.clone()))
    }

    /// Throws a fetched proof away; whether there was one.
    pub(super) async fn forget(&self) -> bool {
        self.kept.lock().await.take().is_some()
    }
}

/// Asks IAM for a token of the project.
async fn log_in(cloud: &Cloud, password: &Password) -> Result<Kept, Failure> {
    let project = if password.project.is_empty() { cloud.place.region.as_str() } else { password.project.as_str() };
    let scope = match &cloud.place.project {
        Some(id) => json!({ "project": { "id": id } }),
        None => json!({ "project": { "name": project } }),
    };
    let user = json!({ "name": password.user, "password": password.password.expose_secret(), "domain": { "name": password.domain } });
    let body = json!({ "auth": { "identity": { "methods": ["password"], "password": { "user": user } }, "scope": scope } }).to_string();
    let call = Call {
        service: Service::Iam,
        method: &Method::POST,
        path: "/v3/auth/tokens",
        query: &[("nocatalog", "true")],
        body: body.as_bytes(),
        action: "a token of IAM",
    };
    let answer = cloud.once(call, &Proof::Nobody, SignStyle::Access).await?;
    if answer.status != 201 {
        let mut failure = refusal::failure(answer.status, &answer.body, call.action, None);
        if answer.status == 401 {
            failure.hint = "check OS_USERNAME, OS_PASSWORD and OS_DOMAIN_NAME; a user with a second factor needs a key pair instead".into();
        }
        return Err(failure);
    }
    token(&answer).ok_or_else(|| {
        let hint = "check iam_endpoint of this context, or OS_AUTH_URL";
        Failure::new(FailureKind::Garbage, "IAM answered without a token", hint)
    })
}

fn token(answer: &Answer) -> Option<Kept> {
    let token = answer.headers.get("x-subject-token")?.to_str().ok()?.to_owned();
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let until = body.pointer("/token/expires_at").and_then(serde_json::Value::as_str);
    let project = body.pointer("/token/project/id").and_then(serde_json::Value::as_str).map(str::to_owned);
    Some(Kept { proof: Proof::Token(SecretString::from(token)), until: good_until(until), project })
}

/// Asks the machine's metadata for the temporary pair of its agency.
async fn of_machine(cloud: &Cloud) -> Result<Kept, Failure> {
    let none = |failure: &Failure| {
        let message = format!("there are no credentials, and this machine has none of its own ({})", failure.message);
        let hint = "set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, or keys_file in the [modelarts] section of this context";
        Failure::new(FailureKind::NoCredentials, message, hint)
    };
    if cloud.place.on_this_machine {
        let here = Failure::new(FailureKind::NoCredentials, "the endpoint is on this machine", "");
        return Err(none(&here));
    }
    let ask = cloud.metadata(Method::PUT, "/meta-data/latest/api/token", ("X-Metadata-Token-Ttl-Seconds", "300"));
    let session = ask.await.map_err(|failure| none(&failure))?;
    let session = String::from_utf8_lossy(&session).trim().to_owned();
    let document = cloud.metadata(Method::GET, "/openstack/latest/securitykey", ("X-Metadata-Token", &session));
    let document = document.await.map_err(|failure| none(&failure))?;
    let pair = serde_json::from_slice::<KeyDocument>(&document).ok().and_then(KeyDocument::keys);
    let (keys, until) = pair.ok_or_else(|| {
        let hint = "give the machine an agency with read access to ModelArts, or set a key pair";
        Failure::new(FailureKind::NoCredentials, "the machine's metadata holds no key pair", hint)
    })?;
    Ok(Kept { proof: Proof::Keys(keys), until: good_until(until.as_deref()), project: None })
}

/// When a proof should be made anew.
fn good_until(expires: Option<&str>) -> Timestamp {
    let now = clock::now();
    let ends: Option<Timestamp> = expires.and_then(|text| text.parse().ok());
    let early = |ends: Timestamp| ends.saturating_sub(EARLY).unwrap_or(ends);
    ends.map(early).filter(|at| *at > now).unwrap_or_else(|| now.saturating_add(UNSAID.min(Duration::from_mins(10))).unwrap_or(now))
}
