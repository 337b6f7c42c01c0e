//! What Ray's and Anyscale's own tools left on this machine: addresses in the environment, and the
//! credentials file. Only looked at; no network is asked.

use std::path::PathBuf;

use super::PLATFORM;
use super::token::credentials_file;
use crate::config::{ContextConfig, RayConfig, TlsTrust};
use crate::source::Discovery;

/// Anyscale's own address.
const CONSOLE: &str = "https://console.anyscale.com";

/// What discovery looks at.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Addresses of a cluster, by the variable that names it, the preferred first.
    pub addresses: Vec<(&'static str, String)>,
    /// `ANYSCALE_HOST`.
    pub host: Option<String>,
    /// Whether `ANYSCALE_CLI_TOKEN` is set.
    pub has_token: bool,
    /// The credentials file, if there is one.
    pub credentials: Option<PathBuf>,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_this_process() -> Self {
        let variable = |name: &str| std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let names = ["RAY_DASHBOARD_ADDRESS", "RAY_API_SERVER_ADDRESS", "RAY_ADDRESS"];
        Self {
            addresses: names.into_iter().filter_map(|name| Some((name, variable(name)?))).collect(),
            host: variable("ANYSCALE_HOST"),
            has_token: variable("ANYSCALE_CLI_TOKEN").is_some(),
            credentials: credentials_file().filter(|file| file.is_file()),
        }
    }
}

/// The contexts that follow.
pub fn found(surroundings: &Surroundings) -> Discovery {
    let mut discovery = Discovery::default();
    for (name, address) in &surroundings.addresses {
        if !(address.starts_with("http://") || address.starts_with("https://")) {
            discovery.notes.push(format!(
                "Ray: {name} is not the dashboard's address (that begins with http:// and mostly ends with :8265); set RAY_DASHBOARD_ADDRESS"
            ));
        } else if discovery.contexts.is_empty() {
            discovery.contexts.push(dashboard(address));
        }
    }
    if surroundings.has_token || surroundings.credentials.is_some() {
        discovery.contexts.push(ContextConfig {
            name: "anyscale".to_owned(),
            platform: PLATFORM.to_owned(),
            endpoint: Some(surroundings.host.clone().unwrap_or_else(|| CONSOLE.to_owned())),
            tls: TlsTrust::System,
            aws: None,
            kubernetes: None,
            ray: Some(RayConfig::default()),
            ..ContextConfig::default()
        });
    }
    if discovery.contexts.is_empty() && discovery.notes.is_empty() {
        discovery.notes.push(
            "Anyscale and Ray: neither RAY_DASHBOARD_ADDRESS, RAY_API_SERVER_ADDRESS nor RAY_ADDRESS names a dashboard, and `anyscale login` left no credentials"
                .to_owned(),
        );
    }
    discovery
}

fn dashboard(address: &str) -> ContextConfig {
    ContextConfig {
        name: "ray".to_owned(),
        platform: PLATFORM.to_owned(),
        // The person's own tools talk to this address in the clear already.
        allow_plain_http: true,
        tls: TlsTrust::System,
        aws: None,
        kubernetes: None,
        ray: Some(RayConfig { dashboard: Some(address.to_owned()), ..RayConfig::default() }),
        ..ContextConfig::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_credentials_become_contexts_and_a_client_address_a_note() {
        let surroundings = Surroundings {
            addresses: vec![("RAY_API_SERVER_ADDRESS", "http://10.0.0.1:8265".into()), ("RAY_ADDRESS", "ray://10.0.0.1:10001".into())],
            has_token: true,
            ..Surroundings::default()
        };
        let found = found(&surroundings);
        let names: Vec<&str> = found.contexts.iter().map(|context| context.name.as_str()).collect();
        assert_eq!(names, ["ray", "anyscale"]);
        assert_eq!(found.contexts[1].endpoint.as_deref(), Some(CONSOLE));
        assert!(found.notes[0].contains("RAY_ADDRESS is not the dashboard"));
        assert!(super::found(&Surroundings::default()).notes[0].contains("anyscale login"));
    }
}
