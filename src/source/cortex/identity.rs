//! Who the person is, as the operator wants to hear it: a signed but unsent STS call in a header.
//!
//! The operator sends that call itself and compares the account. Whoever holds the header can do
//! the same for a quarter of an hour, so it is a secret: never logged, never shown.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use tokio::sync::Mutex;

use crate::config::AwsConfig;
use crate::domain::source::{Failure, FailureKind};
use crate::domain::time::{Duration, Timestamp};
use crate::source::aws::account;

/// The header's name.
pub const HEADER: &str = "X-Cortex-Authorization";

/// How long one header is used. STS accepts it for 15 minutes.
const LIFE: Duration = Duration::from_mins(5);

/// How long the credential chain may take: it asks other processes and other servers.
const CHAIN_DEADLINE: Duration = Duration::from_secs(15);

const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";
const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// Makes and remembers headers for one context.
pub struct Identity {
    aws: AwsConfig,
    made: Mutex<Option<Made>>,
}

struct Made {
    header: SecretString,
    region: String,
    at: Timestamp,
}

impl Identity {
    /// An identity from the context's AWS settings; loads nothing yet.
    pub fn new(aws: AwsConfig) -> Self {
        Self { aws, made: Mutex::new(None) }
    }

    /// The header's value, signed for the STS endpoint of `region` (the cluster's, because the
    /// operator makes the call and may reach no other one).
    ///
    /// # Errors
    /// `NoCredentials`, `Expired`, `Misconfigured`: what the credential chain said, with a hint.
    pub async fn header(&self, region: Option<&str>, now: Timestamp) -> Result<SecretString, Failure> {
        let mut made = self.made.lock().await;
        if let Some(known) = made.as_ref() {
            let fresh = now.duration_since(known.at).unsigned_abs() < LIFE;
            if fresh && region.is_none_or(|region| region == known.region) {
                return Ok(known.header.clone());
            }
        }
        let loading = tokio::time::timeout(CHAIN_DEADLINE, self.credentials(region));
        let (credentials, region) = loading.await.unwrap_or_else(|_| Err(self.slow_chain()))?;
        let header = SecretString::from(sign_header(&credentials, &region, SystemTime::from(now))?);
        *made = Some(Made { header: header.clone(), region, at: now });
        Ok(header)
    }

    /// Credentials from the default chain, and the region to sign for.
    async fn credentials(&self, region: Option<&str>) -> Result<(Credentials, String), Failure> {
        let config = account::sdk_config(&self.aws, region).await?;
        let region = region.map(str::to_owned).or_else(|| config.region().map(ToString::to_string));
        let region = region.unwrap_or_else(|| "us-east-1".to_owned());
        let provider = config.credentials_provider().ok_or_else(|| no_credentials("no credential provider"))?;
        let credentials = provider.provide_credentials().await.map_err(|error| no_credentials(&root_cause(&error)))?;
        Ok((credentials, region))
    }

    fn slow_chain(&self) -> Failure {
        Failure::new(
            FailureKind::TimedOut,
            format!("AWS credentials did not come within {} s", CHAIN_DEADLINE.as_secs()),
            format!("a credential_process, SSO or the instance metadata service is slow: {}", self.hint()),
        )
    }

    /// Makes the next header anew, with credentials read anew: the operator refused the last one.
    pub async fn forget(&self) {
        *self.made.lock().await = None;
    }

    /// The hint for a person whose credentials are the trouble.
    pub fn hint(&self) -> String {
        match &self.aws.profile {
            Some(profile) => {
                format!("aws sso login --profile {profile}, or aws sts get-caller-identity --profile {profile} to see what is wrong")
            }
            None => "aws sso login, or set AWS_PROFILE; aws sts get-caller-identity shows what is wrong".to_owned(),
        }
    }
}

/// What the credential chain said. A session that has run out is the commonest, and has its own
/// next step.
fn no_credentials(why: &str) -> Failure {
    if why.to_ascii_lowercase().contains("expired") {
        return Failure::new(
            FailureKind::Expired,
            format!("your AWS session has expired: {why}"),
            "aws sso login, or whatever you got the session from; holdup reads the new one by itself",
        );
    }
    Failure::new(
        FailureKind::NoCredentials,
        format!("no AWS credentials to prove who you are to the operator: {why}"),
        "aws sso login, or set AWS_PROFILE, or set aws.profile for this context",
    )
}

/// The innermost message: the outer ones only say that a provider failed.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// The call as the operator unpacks it. Field order is that of the operator's own client.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Artifact<'a> {
    header: BTreeMap<String, Vec<String>>,
    #[serde(rename = "URL")]
    url: &'a str,
    method: &'a str,
    host: &'a str,
    body: &'a str,
    content_length: usize,
}

/// Signs the call and wraps it: JSON, then URL-safe base64 without padding.
fn sign_header(credentials: &Credentials, region: &str, at: SystemTime) -> Result<String, Failure> {
    let host = sts_host(region);
    let url = format!("https://{host}/");
    let headers = signed_headers(credentials, region, at, &url, &host).map_err(|why| {
        Failure::new(FailureKind::Bug, format!("cannot sign the identity: {why}"), "report this with the version of holdup")
    })?;
    let artifact = Artifact { header: headers, url: &url, method: "POST", host: &host, body: BODY, content_length: BODY.len() };
    let json = serde_json::to_vec(&artifact).map_err(|why| {
        Failure::new(FailureKind::Bug, format!("cannot write the identity: {why}"), "report this with the version of holdup")
    })?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

fn signed_headers(
    credentials: &Credentials,
    region: &str,
    at: SystemTime,
    url: &str,
    host: &str,
) -> Result<BTreeMap<String, Vec<String>>, Box<dyn std::error::Error>> {
    let identity = credentials.clone().into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(at)
        .settings(SigningSettings::default())
        .build()?
        .into();
    let given = [("content-type", CONTENT_TYPE), ("host", host)];
    let request = SignableRequest::new("POST", url, given.into_iter(), SignableBody::Bytes(BODY.as_bytes()))?;
    let (instructions, _signature) = sign(request, &params)?.into_parts();
    let mut headers = BTreeMap::from([("Content-Type".to_owned(), vec![CONTENT_TYPE.to_owned()])]);
    for (name, value) in instructions.headers() {
        headers.insert(canonical(name), vec![value.to_owned()]);
    }
    Ok(headers)
}

/// `x-amz-date` as Go spells it: `X-Amz-Date`.
fn canonical(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    });
    words.collect::<Vec<_>>().join("-")
}

fn sts_host(region: &str) -> String {
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("sts.{region}.{suffix}")
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("profile", &self.aws.profile).finish_non_exhaustive()
    }
}

/// Puts the header into a request, marked as not to be logged.
///
/// # Errors
/// `Bug` when the value is no header value, which base64 always is.
pub fn header_value(secret: &SecretString) -> Result<reqwest::header::HeaderValue, Failure> {
    let mut value = reqwest::header::HeaderValue::from_str(secret.expose_secret())
        .map_err(|_| Failure::new(FailureKind::Bug, "the identity is no header value", "report this with the version of holdup"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_equal_the_published_vectors() {
        let text = include_str!("../../../tests/fixtures/cortex/auth_header_vectors.json");
        let vectors: Vec<serde_json::Value> = serde_json::from_str(text).unwrap();
        assert_eq!(vectors.len(), 2);
        for vector in vectors {
            let input = |name: &str| vector["inputs"][name].as_str().map(str::to_owned);
            let credentials = Credentials::new(
                input("access_key_id").unwrap(),
                input("secret_access_key").unwrap(),
                input("session_token"),
                None,
                "test",
            );
            let at: Timestamp = "2022-10-04T11:42:00Z".parse().unwrap();
            let header = sign_header(&credentials, &input("region").unwrap(), SystemTime::from(at)).unwrap();
            assert_eq!(header, vector["header_value"].as_str().unwrap(), "{}", vector["case"]);
        }
    }

    #[test]
    fn nothing_of_it_shows_in_debug_output() {
        let identity = Identity::new(AwsConfig::default());
        assert_eq!(format!("{identity:?}"), "Identity { profile: None, .. }");
    }
}
