//! `[contexts.NAME]`: one cluster, workspace or account to watch.

use serde::{Deserialize, Serialize};

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
