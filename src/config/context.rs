//! `[contexts.NAME]`: one cluster, workspace or account to watch.

use serde::{Deserialize, Serialize};

use super::azure::{self, AzureConfig};
use super::gateway::{self, GatewayConfig};
use super::modelarts::{self, ModelArtsConfig};
use super::problem::suggestion;
use super::ray::{self, RayConfig};
use super::reader::{Section, SectionOrFalse};

/// One context, from the configuration file or discovered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextConfig {
    /// The name, from the table's key or the platform's own file.
    #[serde(skip)]
    pub name: String,
    /// The platform's id, such as `cortex`.
    pub platform: String,
    /// Where the platform answers (`https://…`); without scheme `https` is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Allow `http://` to a host that is not this machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_plain_http: bool,
    /// How the platform's certificate is trusted.
    #[serde(default)]
    pub tls: TlsTrust,
    /// The AWS account beneath; `None` to ask AWS nothing.
    #[serde(default = "some_default", skip_serializing_if = "Option::is_none")]
    pub aws: Option<AwsConfig>,
    /// How the Kubernetes cluster is reached, beneath the platform or as the platform itself;
    /// `None` to ask no cluster.
    #[serde(default = "some_cluster", skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<KubernetesConfig>,
    /// The Azure workspace, for platform `azure`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azure: Option<AzureConfig>,
    /// The Ray cluster, for platform `anyscale`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ray: Option<RayConfig>,
    /// The project, for platform `modelarts`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modelarts: Option<ModelArtsConfig>,
    /// The compute gateway, for platform `gateway`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<GatewayConfig>,
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the field's own type")]
fn some_cluster() -> Option<KubernetesConfig> {
    Some(KubernetesConfig::default())
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the field's own type")]
fn some_default() -> Option<AwsConfig> {
    Some(AwsConfig::default())
}

/// How a server's certificate is trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsTrust {
    /// Certificate authorities of this machine, as everywhere.
    System,
    /// The SHA-256 of the leaf is remembered on first use, and a different one refused later.
    #[default]
    Pin,
    /// Anything goes. An explicit choice, shown on the screen.
    AcceptInvalid,
}

/// The AWS side of a context.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsConfig {
    /// Profile of the shared configuration files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Region, where the platform does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// All services at this address (a simulator).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
    /// Use fixed, worthless credentials; accepted only with an `endpoint_url` on this machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated_credentials: bool,
}

/// The Kubernetes side of a context.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KubernetesConfig {
    /// The kubeconfig file; `KUBECONFIG` or `~/.kube/config` otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubeconfig: Option<String>,
    /// The kubeconfig context. Beneath a platform, the one that names its cluster otherwise; as the
    /// platform itself, the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Namespaces to read; empty means all, or the context's own where listing all is denied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// Label selector that chooses workloads; empty means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// The API at this address, without credentials (`kubectl proxy`, a simulator).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
}

/// Reads `[contexts]`: every table in it is a context.
pub(super) fn read_all(section: &Section<'_, '_>, platforms: &[&str]) -> Vec<ContextConfig> {
    section
        .sections()
        .into_iter()
        .filter_map(|(name, span, context)| {
            if name.trim().is_empty() || name.chars().any(char::is_control) {
                section.wrong(span, "a context needs a printable name", "for example [contexts.prod]");
                return None;
            }
            Some(read(name, context, platforms))
        })
        .collect()
}

fn read(name: String, mut section: Section<'_, '_>, platforms: &[&str]) -> ContextConfig {
    let platform = section.required("platform", platforms.first().copied().unwrap_or_default());
    if let Some((platform, span)) = &platform
        && !platforms.contains(&platform.as_str())
    {
        section.wrong(span.clone(), format!("unknown platform {platform:?}"), suggestion(platform, platforms));
    }
    let trust = [("system", TlsTrust::System), ("pin", TlsTrust::Pin), ("accept-invalid", TlsTrust::AcceptInvalid)];
    let tls = section.choice("tls", &trust.each_ref().map(|(word, _)| *word));
    let endpoint = section.string("endpoint");
    let azure = section.section("azure").map(|azure| azure::read(azure, endpoint.as_deref()));
    let ray = section.section("ray").map(|ray| ray::read(ray, endpoint.as_deref()));
    let modelarts = section.section("modelarts").map(|modelarts| modelarts::read(modelarts, endpoint.as_deref()));
    let gateway = section.section("gateway").map(|gateway| gateway::read(gateway, endpoint.as_deref()));
    let context = ContextConfig {
        name,
        platform: platform.map(|(platform, _)| platform).unwrap_or_default(),
        endpoint,
        allow_plain_http: section.flag("allow_plain_http").unwrap_or_default(),
        tls: trust.into_iter().nth(tls.unwrap_or(1)).map(|(_, trust)| trust).unwrap_or_default(),
        aws: match section.section_or_false("aws") {
            SectionOrFalse::Absent => Some(AwsConfig::default()),
            SectionOrFalse::False => None,
            SectionOrFalse::Section(aws) => Some(read_aws(aws)),
        },
        kubernetes: match section.section_or_false("kubernetes") {
            SectionOrFalse::Absent => Some(KubernetesConfig::default()),
            SectionOrFalse::False => None,
            SectionOrFalse::Section(kubernetes) => Some(read_kubernetes(kubernetes)),
        },
        azure,
        ray,
        modelarts,
        gateway,
    };
    section.finish();
    context
}

fn read_kubernetes(mut section: Section<'_, '_>) -> KubernetesConfig {
    let kubernetes = KubernetesConfig {
        kubeconfig: section.string("kubeconfig"),
        context: section.string("context"),
        namespaces: section.strings("namespaces"),
        selector: section.string("selector"),
        endpoint_url: section.string("endpoint_url"),
    };
    section.finish();
    kubernetes
}

fn read_aws(mut section: Section<'_, '_>) -> AwsConfig {
    let endpoint = section.placed_string("endpoint_url");
    let simulated = section.flag("simulated_credentials").unwrap_or_default();
    if simulated && !endpoint.as_ref().is_some_and(|(url, _)| is_this_machine(url)) {
        let span = endpoint.as_ref().map(|(_, span)| span.clone()).unwrap_or_default();
        let hint = "remove it, or point endpoint_url at 127.0.0.1 where a simulator listens";
        section.wrong(span, "simulated_credentials are only for an endpoint_url on this machine", hint);
    }
    let aws = AwsConfig {
        profile: section.string("profile"),
        region: section.string("region"),
        endpoint_url: endpoint.map(|(url, _)| url),
        simulated_credentials: simulated,
    };
    section.finish();
    aws
}

/// An address as it may be shown: without user name and password.
pub fn shown_address(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").map_or(("", address), |(scheme, rest)| (scheme, rest));
    match rest.rsplit_once('@') {
        Some((_, host)) if scheme.is_empty() => format!("…@{host}"),
        Some((_, host)) => format!("{scheme}://…@{host}"),
        None => address.to_owned(),
    }
}

/// Whether a URL names the loopback interface.
pub fn is_this_machine(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host_and_port = authority.rsplit('@').next().unwrap_or_default();
    let host = match host_and_port.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host_and_port.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_addresses_are_not_shown() {
        assert_eq!(shown_address("https://me:hunter2@host:1/x"), "https://…@host:1/x");
        assert_eq!(shown_address("me:hunt@er2@host"), "…@host");
        assert_eq!(shown_address("https://host"), "https://host");
    }

    #[test]
    fn only_loopback_is_this_machine() {
        for url in ["http://127.0.0.1:80/x", "http://localhost", "http://[::1]:9", "127.0.0.2:1"] {
            assert!(is_this_machine(url), "{url}");
        }
        for url in ["http://127.0.0.1.example.com", "https://localhost@evil.example", "http://10.0.0.1", "http://127.0.0.1@evil/", ""] {
            assert!(!is_this_machine(url), "{url}");
        }
    }
}
