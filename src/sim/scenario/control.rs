//! What a scenario file says of the Kubernetes part of a cluster: demands of a version, quotas,
//! webhooks, claims, scalers, pools, and what goes wrong when. Data only.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Span;

/// What a version demands of its place and of objects beside it: `[cluster.api.needs]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NeedsFile {
    /// Labels a node must have.
    pub selector: BTreeMap<String, String>,
    /// Required node affinity: one of the values for each label.
    pub affinity: BTreeMap<String, Vec<String>>,
    /// Taints it puts up with: `key=value:Effect`, `key:Effect`, `key`.
    pub tolerations: Vec<String>,
    /// A claim for a volume.
    pub claim: Option<String>,
    /// A share of a file server that it mounts, `server:/path`.
    pub share: Option<String>,
    /// A configuration map of its environment.
    pub configmap: Option<String>,
    /// A secret of its environment.
    pub secret: Option<String>,
    /// The secret its images are pulled with.
    pub pull_secret: Option<String>,
    /// A port of the node.
    pub host_port: Option<u16>,
    /// The port its readiness probe asks.
    pub probe_port: Option<u16>,
}

/// What people deploy to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlatformWord {
    /// Cortex, with Kubernetes beneath.
    #[default]
    Cortex,
    /// Kubernetes itself.
    Kubernetes,
}

/// Limits of a namespace: `[[cluster.namespace_quota]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamespaceQuotaFile {
    /// Its name.
    pub name: String,
    /// The namespace.
    pub namespace: String,
    /// GPUs that pods may request in all.
    #[serde(default)]
    pub gpus: Option<i64>,
    /// Pods.
    #[serde(default)]
    pub pods: Option<i64>,
}

/// Sizes that containers of a namespace may have: `[[cluster.limit_range]]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitRangeFile {
    /// Its name.
    pub name: String,
    /// The namespace.
    pub namespace: String,
    /// Memory of a container at most.
    #[serde(default)]
    pub max_memory_gib: Option<f64>,
    /// GPUs of a container at most.
    #[serde(default)]
    pub max_gpus: Option<i64>,
}

/// Who refuses pods at admission: `[[cluster.webhook]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookFile {
    /// Its name, such as `validate.kyverno.svc-fail`.
    pub name: String,
    /// Whose pods it refuses.
    pub api: String,
    /// From when.
    pub at: Span,
    /// What it says.
    pub message: String,
}

/// A claim for a volume: `[[cluster.claim]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimFile {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The zone of its disk.
    pub zone: String,
    /// GiB.
    pub size_gib: u32,
}

/// What changes the number of replicas: `[cluster.api.scaler]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScalerFile {
    /// Never fewer.
    pub min: u32,
    /// Never more.
    pub max: u32,
    /// Replicas that the load asks for.
    pub wanted: u32,
}

/// Limits of a pool of Karpenter: `[cluster.group.pool]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PoolFile {
    /// GPUs that its machines may have in all.
    pub gpus: Option<i64>,
    /// Cores that its machines may have in all.
    pub cpus: Option<i64>,
}

/// Something that goes wrong: `[[cluster.incident]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentFile {
    /// When.
    pub at: Span,
    /// What.
    pub kind: IncidentWord,
    /// The group one of whose machines is hit.
    #[serde(default)]
    pub group: String,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentWord {
    /// The cluster autoscaler exits again and again.
    AutoscalerDown,
    /// AWS takes a spot machine back.
    SpotReclaim,
    /// A node runs short of memory and evicts.
    MemoryPressure,
    /// A GPU reports a fatal error.
    Xid,
    /// Somebody drains a node.
    Drain,
    /// A node's container runtime hangs, and its agent says so.
    NotReady,
    /// A node's agent says nothing any more.
    Unreachable,
}
