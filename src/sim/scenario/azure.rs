//! `[[azure]]` of a scenario file: a workspace with its endpoints. Data only; it does not move
//! except by its operations coming to their end.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Span;

/// One workspace; its name is the context's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AzureFile {
    /// Its name.
    pub name: String,
    /// Its region.
    #[serde(default = "region")]
    pub location: String,
    /// Endpoints.
    #[serde(default)]
    pub endpoint: Vec<AzureEndpointFile>,
    /// What of each family the subscription uses; families not named have room for all.
    #[serde(default)]
    pub usage: Vec<AzureUsageFile>,
    /// Actions the caller may not do, such as `getLogs/action` or `usages/read`.
    #[serde(default)]
    pub denied: Vec<String>,
}

fn region() -> String {
    "eastus2".to_owned()
}

/// One online endpoint.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AzureEndpointFile {
    /// Its name.
    pub name: String,
    /// On Kubernetes, the name of the compute.
    #[serde(default)]
    pub compute: Option<String>,
    /// Share of the traffic in percent, by deployment.
    #[serde(default)]
    pub traffic: BTreeMap<String, u32>,
    /// Share of the mirrored traffic in percent.
    #[serde(default)]
    pub mirror: BTreeMap<String, u32>,
    /// Deployments.
    #[serde(default)]
    pub deployment: Vec<AzureDeploymentFile>,
}

/// One deployment and its last operation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AzureDeploymentFile {
    /// Its name.
    pub name: String,
    /// The machine.
    #[serde(default = "machine")]
    pub instance_type: String,
    /// Instances.
    #[serde(default = "one")]
    pub instances: u32,
    /// When the last operation began; it existed before where `updates` says so.
    #[serde(default)]
    pub at: Span,
    /// Whether the operation updates what there was, instead of creating it.
    #[serde(default)]
    pub updates: bool,
    /// When the operation ends; never while it is not written.
    #[serde(default)]
    pub ends: Option<Span>,
    /// The operation ends with this error.
    #[serde(default)]
    pub error: Option<AzureErrorFile>,
    /// What the logs say.
    #[serde(default)]
    pub log: AzureLogWord,
    /// Requests a minute, by the status that callers see.
    #[serde(default)]
    pub requests: BTreeMap<String, u32>,
}

fn machine() -> String {
    "Standard_DS3_v2".to_owned()
}

fn one() -> u32 {
    1
}

/// How an operation fails.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AzureErrorFile {
    /// The code of its own; most come as `null`, with the code in the text.
    #[serde(default)]
    pub code: Option<String>,
    /// The text.
    pub message: String,
}

/// What both containers write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AzureLogWord {
    /// It started and waits for requests.
    #[default]
    Serving,
    /// It is on its way: the model is being fetched.
    Downloading,
    /// The script imports what is not there.
    MissingPackage,
    /// The script raises for every request.
    RaisesOnScore,
    /// The service gives none out while it creates.
    Withheld,
    /// There is none.
    Nothing,
    /// The model cannot be fetched, again and again.
    DownloadFails,
}

/// What of a family is used.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AzureUsageFile {
    /// The family, such as `NCADSA100v4`.
    pub family: String,
    /// vCPUs.
    pub used: u32,
    /// vCPUs.
    pub limit: i64,
}
