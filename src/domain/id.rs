//! Identities. Every resource carries its context, so two clusters never mix on one screen.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::Text;

/// What kind of thing a [`ResourceKey`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    /// Something that serves or runs models and can be updated.
    Workload,
    /// One running copy of a workload.
    Replica,
    /// A batch or task job of a workload.
    Job,
    /// A machine.
    Node,
    /// A set of machines that grows and shrinks together.
    NodeGroup,
    /// One entry of a node group's history.
    Activity,
    /// A limit of the account or the provider.
    Quota,
    /// The controller object that carries a workload's update out (`Kind namespace/name`).
    Rollout,
    /// A claim for a volume.
    VolumeClaim,
    /// What changes a workload's number of replicas.
    Scaler,
    /// How many replicas may be taken away at once.
    DisruptionBudget,
    /// A limit of one namespace.
    NamespaceQuota,
    /// What adds machines to the cluster.
    Autoscaler,
    /// A pool that claims machines one by one.
    NodePool,
    /// A machine that a pool asked for.
    NodeClaim,
    /// A template of machines.
    NodeClass,
    /// Any other object of the cluster (`Kind namespace/name`).
    Object,
    /// The cluster, workspace or account itself.
    Cluster,
    /// Something holdup reads from.
    Source,
}

impl ResourceKind {
    /// The lower-case word people use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Workload => "workload",
            Self::Replica => "replica",
            Self::Job => "job",
            Self::Node => "node",
            Self::NodeGroup => "group",
            Self::Activity => "activity",
            Self::Quota => "quota",
            Self::Rollout => "rollout",
            Self::VolumeClaim => "volume claim",
            Self::Scaler => "scaler",
            Self::DisruptionBudget => "disruption budget",
            Self::NamespaceQuota => "namespace quota",
            Self::Autoscaler => "autoscaler",
            Self::NodePool => "node pool",
            Self::NodeClaim => "node claim",
            Self::NodeClass => "node class",
            Self::Object => "object",
            Self::Cluster => "cluster",
            Self::Source => "source",
        }
    }
}

/// Names one resource for ever: the selection, evidence and history hang on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResourceKey {
    /// The configured context (a cluster, a workspace) it lives in.
    pub context: Text,
    /// What it is.
    pub kind: ResourceKind,
    /// Its name, unique for the kind inside the context (`namespace/name` where there are any).
    pub name: Text,
}

impl ResourceKey {
    /// A key from its parts; the texts are cleaned.
    pub fn new(context: &Text, kind: ResourceKind, name: impl Into<Text>) -> Self {
        Self { context: context.clone(), kind, name: name.into() }
    }
}

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.word(), self.name)
    }
}

/// Names one source: where a view came from. `kind` is `cortex`, `aws.autoscaling`, …
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceId {
    /// The context it reads for.
    pub context: Text,
    /// What it reads: a dotted lower-case word, stable because the JSON contract shows it.
    pub kind: Text,
}

impl SourceId {
    /// An id from its parts.
    pub fn new(context: &Text, kind: &str) -> Self {
        Self { context: context.clone(), kind: kind.into() }
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.context, self.kind)
    }
}
