//! Tokens for the Resource Manager: who asks, kept until shortly before they expire.
//!
//! The tokens come from `azure_identity`; the chain, the cache and the words for what went wrong
//! are here, because the crate has none of the first two and runs `az` anew for every token. No
//! token and no secret is ever shown.

use std::path::Path;
use std::sync::Arc;

use azure_core::cloud::CloudConfiguration;
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::ClientOptions;
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential,
    WorkloadIdentityCredentialOptions,
};
use secrecy::SecretString;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::place::Cloud;
use crate::clock;
use crate::config::{AzureCloud, AzureConfig, AzureCredential};
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp};

/// How long before its end a token is not used any more.
const MARGIN: Duration = Duration::from_mins(5);
/// How long a token may take: `az` is slow to start.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the machine's own identity may take where nobody asked for it by name.
const PROBE: Duration = Duration::from_secs(3);
/// How long a failure is repeated instead of asked again.
const PAUSE: Duration = Duration::from_secs(20);
/// The worthless token for a simulator.
const SIMULATED: &str = "simulated-token";
/// The most bytes of a foreign message that are shown.
const SHOWN: usize = 300;

/// Hands out tokens.
#[derive(Debug)]
pub struct Tokens {
    config: AzureConfig,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<(SecretString, Timestamp)>,
    failed: Option<(Instant, Failure)>,
    /// Which of the chain worked.
    found: Option<(AzureCredential, Arc<dyn TokenCredential>)>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("found", &self.found.as_ref().map(|(kind, _)| *kind)).finish_non_exhaustive()
    }
}

impl Tokens {
    /// Tokens for a context.
    pub fn new(config: AzureConfig) -> Self {
        Self { config, state: Mutex::new(State::default()) }
    }

    /// A token that lasts a while. One request is in flight at a time; a failure is repeated for a
    /// few seconds instead of asked again.
    ///
    /// # Errors
    /// `NoCredentials` or `Expired`, with the next step.
    pub async fn get(&self) -> Result<SecretString, Failure> {
        if self.config.simulated_credentials {
            return Ok(SecretString::from(SIMULATED));
        }
        let mut state = self.state.lock().await;
        if let Some((token, expires)) = &state.token
            && expires.duration_since(clock::now()).unsigned_abs() > MARGIN
            && *expires > clock::now()
        {
            return Ok(token.clone());
        }
        if let Some((at, failure)) = &state.failed
            && at.elapsed() < PAUSE
        {
            return Err(failure.clone());
        }
        match self.ask(&mut state).await {
            Ok((token, expires)) => {
                state.failed = None;
                state.token = Some((token.clone(), expires));
                Ok(token)
            }
            Err(failure) => {
                state.token = None;
                state.failed = Some((Instant::now(), failure.clone()));
                Err(failure)
            }
        }
    }

    /// Makes the next request ask for a new token: the server did not take this one.
    pub async fn forget(&self) {
        self.state.lock().await.token = None;
    }

    async fn ask(&self, state: &mut State) -> Result<(SecretString, Timestamp), Failure> {
        if let Some((kind, credential)) = state.found.clone() {
            return self.token_of(kind, &credential, PATIENCE).await;
        }
        let kinds = match self.config.credential {
            AzureCredential::Chained => chain(&|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())),
            kind => vec![kind],
        };
        let mut failures = Vec::new();
        for kind in kinds {
            let asked_for = self.config.credential == kind;
            let patience = if asked_for || kind != AzureCredential::ManagedIdentity { PATIENCE } else { PROBE };
            let tried = match self.credential(kind) {
                Ok(credential) => self.token_of(kind, &credential, patience).await.map(|token| (token, credential)),
                Err(failure) => Err(failure),
            };
            match tried {
                Ok((token, credential)) => {
                    state.found = Some((kind, credential));
                    return Ok(token);
                }
                Err(failure) => failures.push((kind, failure)),
            }
        }
        Err(conclude(failures))
    }

    async fn token_of(
        &self,
        kind: AzureCredential,
        credential: &Arc<dyn TokenCredential>,
        patience: Duration,
    ) -> Result<(SecretString, Timestamp), Failure> {
        let scope = Cloud::of(self.config.cloud).scope;
        match tokio::time::timeout(patience, credential.get_token(&[scope], None)).await {
            Ok(Ok(token)) => {
                let expires = Timestamp::from_second(token.expires_on.unix_timestamp()).unwrap_or_else(|_| clock::now());
                Ok((SecretString::from(token.token.secret().to_owned()), expires))
            }
            Ok(Err(error)) => Err(refusal(kind, &error.to_string())),
            Err(_) => Err(Failure::new(
                FailureKind::TimedOut,
                format!("{} gave no token within {} s", word(kind), patience.as_secs()),
                "check the network path to the login service, or set credential to another kind for this context",
            )),
        }
    }

    fn credential(&self, kind: AzureCredential) -> Result<Arc<dyn TokenCredential>, Failure> {
        let options = || ClientOptions { cloud: cloud_of(self.config.cloud).map(Arc::new), ..ClientOptions::default() };
        let made: azure_core::Result<Arc<dyn TokenCredential>> = match kind {
            AzureCredential::ManagedIdentity => {
                let user_assigned_id = self.config.client_id.clone().map(UserAssignedId::ClientId);
                let options = ManagedIdentityCredentialOptions { user_assigned_id, client_options: options() };
                ManagedIdentityCredential::new(Some(options)).map(|made| made as Arc<dyn TokenCredential>)
            }
            AzureCredential::ServicePrincipal => {
                let (tenant, client, secret) =
                    (variable("AZURE_TENANT_ID")?, variable("AZURE_CLIENT_ID")?, variable("AZURE_CLIENT_SECRET")?);
                let options = ClientSecretCredentialOptions { client_options: options() };
                ClientSecretCredential::new(&tenant, client, Secret::new(secret), Some(options))
                    .map(|made| made as Arc<dyn TokenCredential>)
            }
            AzureCredential::WorkloadIdentity => {
                let credential_options = ClientAssertionCredentialOptions { client_options: options() };
                let options = WorkloadIdentityCredentialOptions { credential_options, ..WorkloadIdentityCredentialOptions::default() };
                WorkloadIdentityCredential::new(Some(options)).map(|made| made as Arc<dyn TokenCredential>)
            }
            AzureCredential::AzureCli | AzureCredential::Chained => {
                let options =
                    AzureCliCredentialOptions { subscription: self.config.subscription.clone(), ..AzureCliCredentialOptions::default() };
                AzureCliCredential::new(Some(options)).map(|made| made as Arc<dyn TokenCredential>)
            }
        };
        made.map_err(|error| refusal(kind, &error.to_string()))
    }
}

/// The login authority of a sovereign cloud; `None` leaves public Azure to `AZURE_AUTHORITY_HOST`.
fn cloud_of(cloud: AzureCloud) -> Option<CloudConfiguration> {
    match cloud {
        AzureCloud::Public => None,
        AzureCloud::UsGovernment => Some(CloudConfiguration::AzureGovernment),
        AzureCloud::China => Some(CloudConfiguration::AzureChina),
    }
}

/// What to try, in the order of Azure's own libraries, but a person's own login before the
/// machine's identity: on a bastion that is whose permissions are meant.
fn chain(is_set: &dyn Fn(&str) -> bool) -> Vec<AzureCredential> {
    let all = |names: &[&str]| names.iter().all(|name| is_set(name));
    let mut kinds = Vec::new();
    if all(&["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"]) {
        kinds.push(AzureCredential::ServicePrincipal);
    }
    if all(&["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"]) {
        kinds.push(AzureCredential::WorkloadIdentity);
    }
    kinds.extend([AzureCredential::AzureCli, AzureCredential::ManagedIdentity]);
    kinds
}

fn variable(name: &str) -> Result<String, Failure> {
    std::env::var(name).ok().filter(|value| !value.is_empty()).ok_or_else(|| {
        Failure::new(
            FailureKind::NoCredentials,
            format!("{name} is not set"),
            "a service principal needs AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
        )
    })
}

/// Whether `az login` left an account on this machine; asks nobody.
pub fn has_cli_login() -> bool {
    let home = std::env::var_os("AZURE_CONFIG_DIR").map(std::path::PathBuf::from);
    let home = home.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".azure")));
    home.is_some_and(|folder| folder.join("azureProfile.json").is_file())
}

fn word(kind: AzureCredential) -> &'static str {
    match kind {
        AzureCredential::AzureCli | AzureCredential::Chained => "the Azure CLI",
        AzureCredential::ManagedIdentity => "the managed identity",
        AzureCredential::ServicePrincipal => "the service principal",
        AzureCredential::WorkloadIdentity => "the workload identity",
    }
}

/// What a refused token means, from the words of the login service or of `az`.
fn refusal(kind: AzureCredential, message: &str) -> Failure {
    use FailureKind::{Expired, NoCredentials, Unreachable};
    let has = |words: &[&str]| words.iter().any(|word| message.to_lowercase().contains(&word.to_lowercase()));
    let said = Text::clean_to(first_sentence(message), SHOWN);
    let failure = |kind, message: String, hint: &str| Failure::new(kind, message, hint);
    if has(&["AADSTS7000222"]) {
        return failure(
            Expired,
            "the secret of the service principal has expired".to_owned(),
            "make a new one: az ad app credential reset --id CLIENT_ID, and set AZURE_CLIENT_SECRET",
        );
    }
    if has(&["AADSTS7000215"]) {
        return failure(
            NoCredentials,
            "the secret of the service principal is wrong".to_owned(),
            "set AZURE_CLIENT_SECRET to the secret's value, not to its id",
        );
    }
    if has(&["AADSTS700016"]) {
        return failure(NoCredentials, "the application is not in this tenant".to_owned(), "check AZURE_CLIENT_ID and AZURE_TENANT_ID");
    }
    if has(&["AADSTS70043", "AADSTS700082", "AADSTS50173", "expired due to inactivity", "token has expired"]) {
        return failure(Expired, format!("the login of {} has expired", word(kind)), "log in again: az login");
    }
    if has(&["az login", "AADSTS50076", "AADSTS50079"]) {
        return failure(
            NoCredentials,
            "nobody is logged in with the Azure CLI".to_owned(),
            "log in: az login (az login --use-device-code without a browser)",
        );
    }
    if has(&["not found on path", "command not found", "not installed", "az: not found"]) {
        return failure(
            NoCredentials,
            "the Azure CLI is not on PATH".to_owned(),
            "install az, or set credential for this context to managed-identity, service-principal or workload-identity",
        );
    }
    if kind == AzureCredential::ManagedIdentity && has(&["400", "identity not found", "not been assigned"]) {
        return failure(
            NoCredentials,
            format!("this machine has no such managed identity: {said}"),
            "assign one to the machine, or set client_id to the one it has",
        );
    }
    if has(&["dns error", "error sending request", "timed out", "connect"]) {
        return failure(
            Unreachable,
            format!("{} could not be asked: {said}", word(kind)),
            "check the network path to the login service (proxy, firewall), or choose another credential for this context",
        );
    }
    failure(
        NoCredentials,
        format!("{} gave no token: {said}", word(kind)),
        "az account get-access-token shows whether the login works; credential of this context chooses another kind",
    )
}

/// The crate adds a link to every message, and `az` whole pages.
fn first_sentence(message: &str) -> &str {
    message.split("\nTo troubleshoot").next().unwrap_or(message).lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim()
}

/// The failure of the whole chain: the one that came closest, with the others named.
fn conclude(mut failures: Vec<(AzureCredential, Failure)>) -> Failure {
    if failures.len() == 1 {
        return failures.remove(0).1;
    }
    let tried: Vec<String> = failures.iter().map(|(kind, failure)| format!("{} ({})", word(*kind), failure.message)).collect();
    let hint = failures.first().map(|(_, failure)| failure.hint.clone()).unwrap_or_default();
    let kind =
        failures.iter().map(|(_, failure)| failure.kind).find(|kind| *kind == FailureKind::Expired).unwrap_or(FailureKind::NoCredentials);
    Failure::new(kind, format!("no Azure credentials: {}", tried.join("; ")), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_login_comes_before_the_machines_identity_and_variables_before_both() {
        assert_eq!(chain(&|_| false), [AzureCredential::AzureCli, AzureCredential::ManagedIdentity]);
        let principal = chain(&|name| name != "AZURE_FEDERATED_TOKEN_FILE");
        assert_eq!(principal.first(), Some(&AzureCredential::ServicePrincipal));
        let workload = chain(&|name| name != "AZURE_CLIENT_SECRET");
        assert_eq!(workload.first(), Some(&AzureCredential::WorkloadIdentity));
    }

    #[test]
    fn what_the_login_service_says_becomes_a_next_step() {
        let cases = [
            ("AADSTS7000215: Invalid client secret provided.", FailureKind::NoCredentials, "not to its id"),
            ("AADSTS7000222: The provided client secret keys are expired.", FailureKind::Expired, "credential reset"),
            ("AzureCliCredential authentication failed. Please run 'az login' to setup account.", FailureKind::NoCredentials, "az login"),
            ("AzureCliCredential authentication failed. /bin/sh: 1: az: not found", FailureKind::NoCredentials, "install az"),
        ];
        for (message, kind, hint) in cases {
            let failure = refusal(AzureCredential::ServicePrincipal, message);
            assert_eq!(failure.kind, kind, "{message}");
            assert!(failure.hint.contains(hint), "{failure:?}");
        }
    }

    #[tokio::test]
    async fn no_secret_shows() {
        let tokens = Tokens::new(AzureConfig { simulated_credentials: true, ..AzureConfig::default() });
        let token = tokens.get().await.unwrap();
        assert!(!format!("{tokens:?} {token:?}").contains(SIMULATED));
    }
}
