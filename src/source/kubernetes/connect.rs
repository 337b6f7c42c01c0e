//! From settings to a client: which API server, with which credentials, through which proxy, with
//! which authorities. Runs credential plugins; sends no request itself.

use std::fmt;
use std::time::Duration;

use kube::config::{AuthInfo, KubeConfigOptions, KubeconfigError};
use kube::{Client, Config};

use super::kubeconfig::{self, EksName, Entry, Merged};
use super::{login, refusal};
use crate::config::KubernetesConfig;
use crate::config::context::{is_this_machine, shown_address};
use crate::domain::source::{Failure, FailureKind};
use crate::domain::time::Timestamp;

/// How long a connection may take to be made.
pub const CONNECT: Duration = Duration::from_secs(10);

/// The variable that a cluster sets in its pods.
const IN_CLUSTER: &str = "KUBERNETES_SERVICE_HOST";

/// Where a pod finds its own namespace.
const OWN_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// Which API server is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The one at this address, without credentials.
    Address(String),
    /// That of a kubeconfig context.
    Context {
        /// The file that the settings name.
        file: Option<String>,
        /// The context.
        entry: Entry,
    },
    /// That of the cluster holdup itself runs in.
    InCluster,
}

/// What a platform knows of the cluster it runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: Option<String>,
}

/// A client, and what it reaches.
pub struct Connection {
    /// The client.
    pub client: Client,
    /// The server's address as it may be shown.
    pub server: String,
    /// Until when its credentials hold, if that is known.
    pub expires: Option<Timestamp>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Target {
    /// The server that the settings mean, reading kubeconfig files. `wanted` is what a platform
    /// above knows of its cluster: without a context in the settings, the one that names that
    /// cluster is taken. `None` when none does.
    ///
    /// # Errors
    /// `Misconfigured`, naming file or setting.
    pub fn of(config: &KubernetesConfig, wanted: Option<&Wanted>) -> Result<Option<Self>, Failure> {
        if let Some(url) = &config.endpoint_url {
            return address(url).map(Some);
        }
        let file = config.kubeconfig.clone();
        let Some(merged) = kubeconfig::read(file.as_deref())? else {
            // The pod's own cluster need not be the one that a platform above tells of.
            return match &config.context {
                Some(context) => Err(no_file(context)),
                None if wanted.is_none() && in_cluster() => Ok(Some(Self::InCluster)),
                None => Ok(None),
            };
        };
        let entry = match (&config.context, wanted) {
            (None, Some(wanted)) => merged.of_cluster(&wanted.name, wanted.region.as_deref()),
            (context, _) => Some(merged.choose(context.as_deref())?),
        };
        Ok(entry.map(|entry| Self::Context { file, entry }))
    }

    /// What it is called, for people: the kubeconfig context, or the address.
    pub fn shown(&self) -> String {
        match self {
            Self::Address(url) => shown_address(url),
            Self::Context { entry, .. } => entry.name.clone(),
            Self::InCluster => "in-cluster".to_owned(),
        }
    }

    /// The kubeconfig context, if it is one.
    pub fn context(&self) -> Option<&str> {
        match self {
            Self::Context { entry, .. } => Some(&entry.name),
            Self::Address(_) | Self::InCluster => None,
        }
    }

    /// The server's address, as the settings have it.
    pub fn address(&self) -> Option<String> {
        match self {
            Self::Address(url) => Some(url.clone()),
            Self::InCluster => None,
            Self::Context { file, entry } => {
                let config = kubeconfig::read(file.as_deref()).ok().flatten()?.config;
                let named = config.clusters.into_iter().find(|named| named.name == entry.cluster)?;
                named.cluster?.server
            }
        }
    }

    /// The namespace that it names for requests without one.
    pub fn namespace(&self) -> String {
        let own = match self {
            Self::Address(_) => None,
            Self::Context { entry, .. } => entry.namespace.clone(),
            Self::InCluster => std::fs::read_to_string(OWN_NAMESPACE).ok().map(|name| name.trim().to_owned()),
        };
        own.filter(|name| !name.is_empty()).unwrap_or_else(|| "default".to_owned())
    }

    /// What its name says of an EKS cluster.
    pub fn eks(&self) -> Option<EksName> {
        match self {
            Self::Context { entry, .. } => entry.eks(),
            Self::Address(_) | Self::InCluster => None,
        }
    }

    /// The cluster's own name, where the kubeconfig tells.
    pub fn cluster(&self) -> Option<String> {
        match self {
            Self::Context { entry, .. } => Some(entry.eks().map_or_else(|| entry.cluster.clone(), |eks| eks.name)),
            Self::Address(_) | Self::InCluster => None,
        }
    }

    /// Makes a client: reads files anew, runs the credential plugin. Sends nothing.
    ///
    /// # Errors
    /// What is wrong with the settings, or why the login failed.
    pub async fn connect(&self) -> Result<Connection, Failure> {
        let target = self.clone();
        // Files are read and plugins run on a thread that may wait.
        let made = tokio::task::spawn_blocking(move || target.config());
        let mut config = flatten(made.await)?;
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        forbid_plain(&config, &server)?;
        // kube would run a plugin several times, let it write over the screen, and retry unseen.
        let expires = login::log_in(&mut config.auth_info).await?;
        config.default_retry = false;
        config.connect_timeout = Some(CONNECT);
        let client = match Client::try_from(config) {
            Ok(client) => client,
            Err(kube::Error::Auth(error)) => return Err(refusal::credentials(&error)),
            Err(error) => return Err(unusable(&error)),
        };
        Ok(Connection { client, server: shown_address(&server), expires })
    }

    fn config(&self) -> Result<Config, Failure> {
        match self {
            Self::Address(url) => match url.parse() {
                Ok(url) => Ok(Config::new(url)),
                Err(_) => Err(no_address(url)),
            },
            Self::InCluster => Config::incluster().map_err(|error| {
                let hint = "mount the pod's service account token, or name a kubeconfig in KUBECONFIG";
                Failure::new(FailureKind::NoCredentials, format!("the pod's own credentials cannot be read: {error}"), hint)
            }),
            Self::Context { file, entry } => {
                let Some(Merged { config, .. }) = kubeconfig::read(file.as_deref())? else { return Err(no_file(&entry.name)) };
                let options = KubeConfigOptions { context: Some(entry.name.clone()), ..KubeConfigOptions::default() };
                // The future reads files and never waits.
                let made = futures_util::FutureExt::now_or_never(Config::from_custom_kubeconfig(config, &options));
                made.ok_or_else(lost)?.map_err(|error| incomplete(&entry.name, &error))
            }
        }
    }
}

fn forbid_plain(config: &Config, server: &str) -> Result<(), Failure> {
    let plain = config.cluster_url.scheme_str() != Some("https");
    if plain && !is_this_machine(server) && is_secret(&config.auth_info) {
        let hint = "use https:// as the cluster's server in the kubeconfig, or kubectl proxy on this machine";
        let message = format!("{} is http://, which would show your credentials to the network", shown_address(server));
        return Err(Failure::new(FailureKind::Misconfigured, message, hint));
    }
    Ok(())
}

fn is_secret(auth: &AuthInfo) -> bool {
    auth.token.is_some() || auth.token_file.is_some() || auth.exec.is_some() || auth.password.is_some() || auth.auth_provider.is_some()
}

fn address(url: &str) -> Result<Target, Failure> {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    match scheme {
        Some("https") => Ok(Target::Address(url.to_owned())),
        Some("http") if is_this_machine(url) => Ok(Target::Address(url.to_owned())),
        Some("http") => Err(Failure::new(
            FailureKind::Misconfigured,
            format!("kubernetes.endpoint_url is http:// to another machine: {}", shown_address(url)),
            "run kubectl proxy on this machine and point it there, or use a kubeconfig context",
        )),
        _ => Err(no_address(url)),
    }
}

fn no_address(url: &str) -> Failure {
    let message = format!("kubernetes.endpoint_url is no address: {}", shown_address(url));
    Failure::new(FailureKind::Misconfigured, message, "write it as http://127.0.0.1:PORT, where kubectl proxy or a simulator listens")
}

fn no_file(context: &str) -> Failure {
    let looked = kubeconfig::files(None).iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ");
    let message = format!("there is no kubeconfig for context {context}; looked for {looked}");
    Failure::new(FailureKind::Misconfigured, message, "name the file in KUBECONFIG or in kubernetes.kubeconfig of this context")
}

/// A context whose cluster or user is not all there. Files are named, contents never.
fn incomplete(context: &str, error: &KubeconfigError) -> Failure {
    let why = match error {
        KubeconfigError::LoadClusterOfContext(cluster) => format!("names the cluster {cluster}, which the kubeconfig does not have"),
        KubeconfigError::MissingClusterUrl => "has a cluster without a server".to_owned(),
        KubeconfigError::ParseClusterUrl(_) => "has a server that is no address".to_owned(),
        KubeconfigError::ParseProxyUrl(_) => "has a proxy-url that is no address".to_owned(),
        KubeconfigError::LoadCertificateAuthority(why) => format!("has a certificate authority that cannot be read: {why}"),
        KubeconfigError::LoadClientCertificate(why) | KubeconfigError::LoadClientKey(why) => {
            format!("has a client certificate that cannot be read: {why}")
        }
        KubeconfigError::ParseCertificates(_) => "has a certificate authority that is no PEM".to_owned(),
        KubeconfigError::ParseNoProxy(_) => "meets a NO_PROXY that cannot be read".to_owned(),
        _ => "cannot be used".to_owned(),
    };
    let hint = "kubectl config view --minify --context NAME shows it; aws eks update-kubeconfig writes it anew";
    Failure::new(FailureKind::Misconfigured, format!("kubeconfig context {context} {why}"), hint)
}

fn unusable(error: &kube::Error) -> Failure {
    let why = match error {
        kube::Error::ProxyProtocolUnsupported { .. } | kube::Error::ProxyProtocolDisabled { .. } => {
            "its proxy is neither http:// nor https://"
        }
        kube::Error::RustlsTls(_) => "its certificates or keys cannot be used",
        _ => "its settings cannot be used",
    };
    let hint = "kubectl config view --minify shows what the context has; holdup speaks http:// and https:// proxies, not socks5://";
    Failure::new(FailureKind::Misconfigured, format!("no connection can be made from the kubeconfig context: {why}"), hint)
}

fn flatten<T>(joined: Result<Result<T, Failure>, tokio::task::JoinError>) -> Result<T, Failure> {
    joined.unwrap_or_else(|_| Err(lost()))
}

fn lost() -> Failure {
    Failure::new(FailureKind::Bug, "the work of connecting was lost", "report this with the version of holdup")
}

/// Whether holdup runs in a pod.
pub fn in_cluster() -> bool {
    std::env::var_os(IN_CLUSTER).is_some_and(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine() {
        let of = |url: &str| Target::of(&KubernetesConfig { endpoint_url: Some(url.into()), ..KubernetesConfig::default() }, None);
        assert!(matches!(of("http://127.0.0.1:8001"), Ok(Some(Target::Address(_)))));
        for wrong in ["http://10.0.0.1:8001", "http://127.0.0.1.example.com", "prod", "ftp://x"] {
            assert_eq!(of(wrong).unwrap_err().kind, FailureKind::Misconfigured, "{wrong}");
        }
    }
}
