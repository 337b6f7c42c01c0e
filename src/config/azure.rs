//! `[contexts.NAME.azure]`: one Azure Machine Learning workspace, and who asks it.
//!
//! No secret stands here: they come from the environment or from the files it names.

use serde::{Deserialize, Serialize};

use super::context::is_this_machine;
use super::reader::Section;

/// The Azure side of a context.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AzureConfig {
    /// The subscription's id; that of `AZURE_SUBSCRIPTION_ID` otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<String>,
    /// The resource group of the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_group: Option<String>,
    /// The workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Which Azure it is.
    #[serde(default)]
    pub cloud: AzureCloud,
    /// Who asks.
    #[serde(default)]
    pub credential: AzureCredential,
    /// The client id of a user-assigned managed identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The version of the management API, where the newest known is not served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Use a fixed, worthless token; accepted only with an endpoint on this machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated_credentials: bool,
}

/// Public Azure, or one of its sovereign sisters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AzureCloud {
    /// `management.azure.com`.
    #[default]
    Public,
    /// `management.usgovcloudapi.net`.
    UsGovernment,
    /// `management.chinacloudapi.cn`.
    China,
}

/// Where the token comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AzureCredential {
    /// The first of these that this machine is set up for: a service principal in the environment,
    /// a workload identity, `az login`, the machine's managed identity.
    #[default]
    Chained,
    /// `az login`.
    AzureCli,
    /// The identity of the machine.
    ManagedIdentity,
    /// `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_CLIENT_SECRET`.
    ServicePrincipal,
    /// `AZURE_FEDERATED_TOKEN_FILE` and its companions.
    WorkloadIdentity,
}

const CLOUDS: [(&str, AzureCloud); 3] =
    [("public", AzureCloud::Public), ("us-government", AzureCloud::UsGovernment), ("china", AzureCloud::China)];

const CREDENTIALS: [(&str, AzureCredential); 5] = [
    ("chained", AzureCredential::Chained),
    ("azure-cli", AzureCredential::AzureCli),
    ("managed-identity", AzureCredential::ManagedIdentity),
    ("service-principal", AzureCredential::ServicePrincipal),
    ("workload-identity", AzureCredential::WorkloadIdentity),
];

/// Reads the section; `endpoint` is the context's own.
pub(super) fn read(mut section: Section<'_, '_>, endpoint: Option<&str>) -> AzureConfig {
    let cloud = section.choice("cloud", &CLOUDS.map(|(word, _)| word));
    let credential = section.choice("credential", &CREDENTIALS.map(|(word, _)| word));
    let simulated = section.flag("simulated_credentials").unwrap_or_default();
    if simulated && !endpoint.is_some_and(is_this_machine) {
        let hint = "remove it, or point the context's endpoint at 127.0.0.1 where a simulator listens";
        section.wrong(0..0, "simulated_credentials are only for an endpoint on this machine", hint);
    }
    let azure = AzureConfig {
        subscription: section.string("subscription"),
        resource_group: section.string("resource_group"),
        workspace: section.string("workspace"),
        cloud: cloud.and_then(|index| CLOUDS.get(index)).map(|(_, cloud)| *cloud).unwrap_or_default(),
        credential: credential.and_then(|index| CREDENTIALS.get(index)).map(|(_, credential)| *credential).unwrap_or_default(),
        client_id: section.string("client_id"),
        api_version: section.string("api_version"),
        simulated_credentials: simulated,
    };
    section.finish();
    azure
}
