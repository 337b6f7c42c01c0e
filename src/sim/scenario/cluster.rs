//! The `[[clusters]]` of a scenario file: groups and what surrounds them, as it is written there.
//! Data only; `build.rs` makes a world of it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ApiFile, ClaimFile, IncidentFile, LimitRangeFile, NamespaceQuotaFile, PlatformWord, PoolFile, Span, WebhookFile};

/// One cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterFile {
    /// Its name, also the context's.
    pub name: String,
    /// What people deploy to.
    #[serde(default)]
    pub platform: PlatformWord,
    /// Version of the platform; a usual one by default.
    #[serde(default)]
    pub version: Option<String>,
    /// Region.
    #[serde(default = "oregon")]
    pub region: String,
    /// Whether its Kubernetes API can be reached.
    #[serde(default = "yes")]
    pub kubernetes: bool,
    /// Surroundings to start from, by name; groups and APIs below add to them or replace them.
    #[serde(default)]
    pub base: Option<String>,
    /// Worker groups.
    #[serde(default)]
    pub group: Vec<GroupFile>,
    /// APIs, or workloads of Kubernetes.
    #[serde(default)]
    pub api: Vec<ApiFile>,
    /// Limits of namespaces.
    #[serde(default)]
    pub namespace_quota: Vec<NamespaceQuotaFile>,
    /// Sizes that containers of namespaces may have.
    #[serde(default)]
    pub limit_range: Vec<LimitRangeFile>,
    /// Who refuses pods at admission.
    #[serde(default)]
    pub webhook: Vec<WebhookFile>,
    /// Claims for volumes.
    #[serde(default)]
    pub claim: Vec<ClaimFile>,
    /// What goes wrong.
    #[serde(default)]
    pub incident: Vec<IncidentFile>,
}

impl ClusterFile {
    /// The version of its platform.
    pub fn version(&self) -> &str {
        self.version.as_deref().unwrap_or(match self.platform {
            PlatformWord::Cortex => "0.42.1",
            PlatformWord::Kubernetes => "1.29.4",
        })
    }
}

fn yes() -> bool {
    true
}

fn oregon() -> String {
    "us-west-2".to_owned()
}

/// Surroundings that several scenarios share.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// Worker groups.
    pub group: Vec<GroupFile>,
    /// APIs.
    pub api: Vec<ApiFile>,
}

/// One worker group.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupFile {
    /// Short name.
    pub name: String,
    /// Machine types, the first preferred.
    pub types: Vec<String>,
    /// Launches spot machines.
    #[serde(default)]
    pub spot: bool,
    /// Never fewer.
    pub min: u32,
    /// Never more.
    pub max: u32,
    /// Machines at the beginning.
    pub running: u32,
    /// 1 to 100.
    #[serde(default = "fifty")]
    pub priority: u32,
    /// Zones, all by default.
    #[serde(default)]
    pub zones: Vec<String>,
    /// Whether AWS has no machines of the types in these zones.
    #[serde(default)]
    pub exhausted: bool,
    /// Zones where AWS still has some, for the message.
    #[serde(default)]
    pub available_in: Vec<String>,
    /// From launch to Ready.
    #[serde(default = "usual_join")]
    pub join: Span,
    /// The device plugin never reports GPUs of machines launched from now on.
    #[serde(default)]
    pub without_device_plugin: bool,
    /// Processes somebody switched off.
    #[serde(default)]
    pub suspended: Vec<String>,
    /// Labels of its nodes.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Taints of its nodes: `key=value:Effect`.
    #[serde(default)]
    pub taints: Vec<String>,
    /// Pods a node takes at most.
    #[serde(default)]
    pub max_pods: Option<u32>,
    /// It is a pool of Karpenter, without an auto scaling group.
    #[serde(default)]
    pub pool: Option<PoolFile>,
}

fn fifty() -> u32 {
    50
}

fn usual_join() -> Span {
    Span(150)
}
