//! Who holdup is at AWS: credentials, region, endpoint and the HTTP client all services share.
//!
//! The SDK's default chain decides (environment, profile, SSO, web identity, instance role), and
//! `AWS_ENDPOINT_URL*` as well as `AWS_ENDPOINT_URL_<SERVICE>` are honoured by the SDK itself.
//! Every call gets a deadline, because the SDK has none of its own.

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use tokio::sync::{Mutex, MutexGuard};

use super::budget::Budget;
use super::errors;
use crate::config::AwsConfig;
use crate::domain::snapshot::Snapshot;
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::domain::time::Duration;

/// The longest one operation may take, retries included.
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest one attempt may take.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(6);
/// Attempts per operation. Few: the poller tries again by itself.
const ATTEMPTS: u32 = 2;

/// The access key of simulated credentials: worthless everywhere.
pub const SIMULATED_ACCESS_KEY: &str = "SIMULATED";

/// The caller, as STS names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account's number.
    pub account: Text,
    /// The caller's ARN.
    pub arn: Text,
}

/// What the AWS sources of one context share: settings, loaded SDK configuration, budget.
pub struct Account {
    aws: AwsConfig,
    timeouts: (Duration, Duration),
    loaded: Mutex<Option<Loaded>>,
}

struct Loaded {
    asked_region: Option<String>,
    session: Session,
}

/// A loaded configuration with the request budget of its account and region.
#[derive(Clone, Debug)]
pub struct Session {
    /// For the SDK's clients.
    pub config: SdkConfig,
    /// The region calls go to.
    pub region: String,
    /// Shared by everything that asks this account in this region.
    pub budget: Arc<Budget>,
}

impl Account {
    /// An account by its settings. Loads nothing yet.
    pub fn new(aws: AwsConfig) -> Self {
        Self { aws, timeouts: (OPERATION_TIMEOUT, ATTEMPT_TIMEOUT), loaded: Mutex::new(None) }
    }

    /// The same with other deadlines: `operation` in all, `attempt` for each try.
    pub fn with_timeouts(mut self, operation: Duration, attempt: Duration) -> Self {
        self.timeouts = (operation, attempt);
        self
    }

    /// The profile that reaches it, if the context names one.
    pub fn profile(&self) -> Option<Text> {
        self.aws.profile.as_deref().map(Text::clean)
    }

    /// The configuration for `region` (what the platform says), loaded once and kept.
    ///
    /// # Errors
    /// As [`sdk_config`].
    pub async fn session(&self, region: Option<&str>) -> Result<Session, Failure> {
        let mut loaded = self.loaded.lock().await;
        if let Some(known) = loaded.as_ref().filter(|known| known.asked_region.as_deref() == region) {
            return Ok(known.session.clone());
        }
        let config = load(&self.aws, region, self.timeouts).await?;
        let region_name = config.region().map(ToString::to_string).unwrap_or_default();
        let session = Session { budget: Budget::shared(&budget_key(&self.aws, &region_name)), region: region_name, config };
        remember(&mut loaded, region, &session);
        Ok(session)
    }
}

impl Session {
    /// Sends one request within the budget. `action` names it in failures.
    ///
    /// # Errors
    /// As [`errors::from_sdk`]; `Throttled` also when the budget rests.
    pub async fn call<T, E>(&self, action: &str, request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.budget.take().await?;
        match request.await {
            Ok(answer) => {
                self.budget.answered();
                Ok(answer)
            }
            Err(error) => {
                let failure = errors::from_sdk(action, &error);
                if failure.kind == FailureKind::Throttled {
                    self.budget.throttled();
                }
                Err(failure)
            }
        }
    }
}

/// Name and region of the context's cluster, as the platform says.
///
/// # Errors
/// `Waiting` while the platform has not answered: asked again soon.
pub(super) fn cluster_of(snapshot: &Snapshot, context: &Text) -> Result<(Text, Option<Text>), Failure> {
    let mut clusters = snapshot.sources(context).filter_map(|(_, source)| source.view.cluster.as_ref());
    let cluster = clusters.find(|cluster| cluster.platform != "aws").ok_or_else(waiting_for_platform)?;
    Ok((cluster.name.clone(), cluster.region.clone()))
}

pub(super) fn waiting_for_platform() -> Failure {
    let mut failure = Failure::new(
        FailureKind::Waiting,
        "the cluster's name and groups are not known yet",
        "they come from the platform: if it cannot be read, that is the first thing to repair",
    );
    failure.retry_after = Some(Duration::from_secs(1));
    failure
}

fn remember(loaded: &mut MutexGuard<'_, Option<Loaded>>, region: Option<&str>, session: &Session) {
    **loaded = Some(Loaded { asked_region: region.map(str::to_owned), session: session.clone() });
}

/// Two contexts that use one profile and region share one account's budget. The account's number
/// would be exacter but costs a call before the first one.
fn budget_key(aws: &AwsConfig, region: &str) -> String {
    format!("{}|{}|{region}", aws.profile.as_deref().unwrap_or_default(), aws.endpoint_url.as_deref().unwrap_or_default())
}

/// The SDK configuration of a context. `region` is what the platform says; the context's own
/// setting and the default chain come after it.
///
/// # Errors
/// `Misconfigured` for an unusable endpoint, certificate file or missing region.
pub async fn sdk_config(aws: &AwsConfig, region: Option<&str>) -> Result<SdkConfig, Failure> {
    load(aws, region, (OPERATION_TIMEOUT, ATTEMPT_TIMEOUT)).await
}

async fn load(aws: &AwsConfig, region: Option<&str>, (operation, attempt): (Duration, Duration)) -> Result<SdkConfig, Failure> {
    let local = aws.endpoint_url.as_deref().is_some_and(is_on_this_machine);
    let timeouts = TimeoutConfig::builder().operation_timeout(operation).operation_attempt_timeout(attempt).build();
    let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(Duration::from_millis(300));
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).timeout_config(timeouts).retry_config(retries);
    if let Some(client) = http_client(local)? {
        loader = loader.http_client(client);
    }
    if let Some(profile) = &aws.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint) = &aws.endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    let mut chosen = region.or(aws.region.as_deref()).map(str::to_owned);
    if aws.simulated_credentials {
        if !local {
            return Err(refused_simulation());
        }
        let nobody = Credentials::new(SIMULATED_ACCESS_KEY, "simulated", None, None, "simulated");
        loader = loader.credentials_provider(nobody);
        chosen = chosen.or_else(|| Some("us-east-1".to_owned()));
    }
    if let Some(name) = chosen {
        if !is_region(&name) {
            return Err(no_such_region(&name));
        }
        loader = loader.region(Region::new(name));
    }
    let config = loader.load().await;
    if config.region().is_none() { Err(errors::no_region()) } else { Ok(config) }
}

/// Whether a name can be a region's. It becomes part of a host name that signed requests go to,
/// and it may be a server's word.
fn is_region(name: &str) -> bool {
    name.len() <= 63 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn no_such_region(name: &str) -> Failure {
    Failure::new(
        FailureKind::Misconfigured,
        format!("`{}` is no AWS region", Text::clean_to(name, 80)),
        "check `aws.region` of the context and that the endpoint is your cluster's operator: it names the region",
    )
}

fn refused_simulation() -> Failure {
    Failure::new(
        FailureKind::Misconfigured,
        "simulated credentials are only for a simulator on this machine",
        "remove `simulated_credentials`, or set `endpoint_url` to a loopback address such as http://127.0.0.1:4566",
    )
}

/// A client of our own where the SDK's will not do: a certificate bundle it does not know of, or
/// an endpoint on this machine that must not be reached through the environment's proxy.
fn http_client(local: bool) -> Result<Option<SharedHttpClient>, Failure> {
    let bundle = extra_certificates()?;
    if bundle.is_none() && !local {
        return Ok(None);
    }
    let trust = match bundle {
        Some(pem) => TrustStore::default().with_pem_certificate(pem),
        None => TrustStore::default(),
    };
    let tls = TlsContext::builder().with_trust_store(trust).build().map_err(|error| bad_bundle(&error.to_string()))?;
    let client = Builder::new().build_with_connector_fn(move |settings, components| {
        let proxy = if local { ProxyConfig::disabled() } else { ProxyConfig::from_env() };
        let mut connector =
            Connector::builder().proxy_config(proxy).tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(tls.clone());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(aws_smithy_runtime_api::client::runtime_components::RuntimeComponents::sleep_impl));
        connector.build()
    });
    Ok(Some(client))
}

/// Certificates of `AWS_CA_BUNDLE`, in PEM. (`SSL_CERT_FILE` is honoured by both HTTP clients.)
///
/// # Errors
/// `Misconfigured` when the file cannot be used.
pub(super) fn extra_certificates() -> Result<Option<Vec<u8>>, Failure> {
    match std::env::var("AWS_CA_BUNDLE") {
        Ok(path) if !path.is_empty() => read_bundle(&path).map(Some),
        _ => Ok(None),
    }
}

/// Reads and checks the bundle here, because the SDK would panic on a bad one at its first use.
fn read_bundle(path: &str) -> Result<Vec<u8>, Failure> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let pem = std::fs::read(path).map_err(|error| bad_bundle(&format!("{path}: {error}")))?;
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match parsed {
        Ok(certificates) if !certificates.is_empty() => Ok(pem),
        Ok(_) => Err(bad_bundle(&format!("{path}: no certificate in it"))),
        Err(error) => Err(bad_bundle(&format!("{path}: {error}"))),
    }
}

fn bad_bundle(why: &str) -> Failure {
    Failure::new(
        FailureKind::Misconfigured,
        format!("the certificate bundle cannot be used: {why}"),
        "point AWS_CA_BUNDLE at a readable PEM file with at least one certificate, or unset it",
    )
}

/// Whether an address is on this machine, without asking a name server.
pub fn is_on_this_machine(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let Some(host) = url.host_str() else { return false };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Asks STS who the caller is. Needs no permission.
///
/// # Errors
/// Whatever keeps the call from working: it is the first one a wrong set-up fails at.
pub async fn identity(config: &SdkConfig) -> Result<Identity, Failure> {
    let answer = aws_sdk_sts::Client::new(config).get_caller_identity().send().await;
    let answer = answer.map_err(|error| errors::from_sdk("sts:GetCallerIdentity", &error))?;
    Ok(Identity { account: answer.account().unwrap_or_default().into(), arn: answer.arn().unwrap_or_default().into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_on_this_machine() {
        for url in ["http://127.0.0.1:4566", "http://localhost:1", "http://[::1]:80/", "https://127.9.9.9"] {
            assert!(is_on_this_machine(url), "{url}");
        }
        for url in ["http://127.0.0.1.example.org", "https://sts.amazonaws.com", "localhost:80", "http://10.0.0.1"] {
            assert!(!is_on_this_machine(url), "{url}");
        }
    }

    #[tokio::test]
    async fn a_region_cannot_lead_elsewhere() {
        for name in ["x.example/", "evil.example#", "a@b", "us west"] {
            let failure = sdk_config(&AwsConfig::default(), Some(name)).await.unwrap_err();
            assert_eq!(failure.kind, FailureKind::Misconfigured, "{name}");
        }
    }

    #[tokio::test]
    async fn simulated_credentials_go_nowhere_else() {
        let aws = AwsConfig { simulated_credentials: true, endpoint_url: Some("http://10.1.2.3:80".into()), ..AwsConfig::default() };
        let failure = sdk_config(&aws, Some("us-west-2")).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Misconfigured);
        let aws = AwsConfig { endpoint_url: Some("http://127.0.0.1:9".into()), ..aws };
        let config = sdk_config(&aws, None).await.unwrap();
        assert_eq!(config.region().map(ToString::to_string).as_deref(), Some("us-east-1"));
    }
}
