//! The world at one moment: one view per source, immutable, cheap to clone.
//!
//! A view is what one source says, whole. Views of several sources are joined by
//! [`super::topology`], never merged in place, so evidence always knows where it came from.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::group::{NodeGroup, ScalingActivity};
use super::history::History;
use super::id::{ResourceKey, SourceId};
use super::limits::{DisruptionBudget, LimitRule, NamespaceQuota, Scaler, VolumeClaim};
use super::log::LogTail;
use super::node::Node;
use super::provisioner::{AutoscalerStatus, NodeClaim, NodeClass, NodePool};
use super::quota::Quota;
use super::replica::Replica;
use super::rollout::Rollout;
use super::source::{Gap, Health, PollStats};
use super::text::Text;
use super::time::Timestamp;
use super::workload::Workload;

/// Everything one poll of one source brought. A source fills the lists it knows about; lists are
/// sorted by key (activities and events newest first) so that equal worlds compare equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// What the cluster, workspace or account says of itself.
    pub cluster: Option<Cluster>,
    /// The context that reaches the cluster, as `kubectl --context` takes it.
    pub kubectl_context: Option<Text>,
    /// The profile that reaches the account, as `aws --profile` takes it; none where the default chain does.
    pub aws_profile: Option<Text>,
    /// Workloads.
    pub workloads: Vec<Workload>,
    /// Replicas one by one.
    pub replicas: Vec<Replica>,
    /// Controllers that carry updates out.
    pub rollouts: Vec<Rollout>,
    /// Machines.
    pub nodes: Vec<Node>,
    /// Node groups.
    pub groups: Vec<NodeGroup>,
    /// Node group history. Sources send only what is new; the store keeps a bounded ring.
    pub activities: Vec<ScalingActivity>,
    /// Quotas.
    pub quotas: Vec<Quota>,
    /// Limits of namespaces.
    pub namespace_quotas: Vec<NamespaceQuota>,
    /// Sizes that namespaces allow.
    pub limit_rules: Vec<LimitRule>,
    /// What changes numbers of replicas.
    pub scalers: Vec<Scaler>,
    /// What may be taken away.
    pub budgets: Vec<DisruptionBudget>,
    /// Claims for volumes.
    pub claims: Vec<VolumeClaim>,
    /// What adds machines to the cluster, if it reports.
    pub autoscaler: Option<AutoscalerStatus>,
    /// Pools that claim machines one by one.
    pub node_pools: Vec<NodePool>,
    /// Machines that pools asked for.
    pub node_claims: Vec<NodeClaim>,
    /// Templates of machines.
    pub node_classes: Vec<NodeClass>,
    /// Events. As activities: appended, bounded.
    pub events: Vec<Event>,
    /// Last lines of the logs of what is in trouble.
    pub log_tails: Vec<LogTail>,
    /// Parts that could not be read.
    pub gaps: Vec<Gap>,
    /// Raw records as received (pretty-printed JSON or XML, cleaned), for the `y` view.
    #[serde(with = "super::history::pairs")]
    pub raw: BTreeMap<ResourceKey, Text>,
}

/// A cluster, workspace or account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// The platform's id, such as `cortex`, or `aws` for the account.
    pub platform: Text,
    /// Its own name, such as `prod`.
    pub name: Text,
    /// The platform's version.
    pub version: Option<Text>,
    /// Cloud region.
    pub region: Option<Text>,
    /// Cloud account.
    pub account: Option<Text>,
    /// Who holdup is there (the caller's ARN), never a secret.
    pub identity: Option<Text>,
    /// Replicas of any workload without a place, if the platform counts them.
    pub pending_replicas: Option<u32>,
}

/// One source's view with its health.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceView {
    /// How current it is.
    pub health: Health,
    /// The data; empty until the first good poll.
    pub view: Arc<View>,
    /// Polling figures.
    pub stats: PollStats,
}

/// The world at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Counts changes of data (not of ages): a new generation is a reason to explain again.
    pub generation: u64,
    /// One view per source.
    #[serde(with = "super::history::pairs")]
    pub views: BTreeMap<SourceId, SourceView>,
    /// What holdup itself saw change over time.
    pub history: Arc<History>,
}

impl Snapshot {
    /// All sources of one context, in order.
    pub fn sources<'a>(&'a self, context: &'a Text) -> impl Iterator<Item = (&'a SourceId, &'a SourceView)> {
        self.views.iter().filter(move |(id, _)| id.context == *context)
    }

    /// All contexts, in order.
    pub fn contexts(&self) -> Vec<&Text> {
        let mut contexts: Vec<&Text> = self.views.keys().map(|id| &id.context).collect();
        contexts.dedup();
        contexts
    }

    /// All workloads with the source that told of them.
    pub fn workloads(&self) -> impl Iterator<Item = (&SourceId, &Workload)> {
        self.views.iter().flat_map(|(id, source)| source.view.workloads.iter().map(move |workload| (id, workload)))
    }

    /// One workload.
    pub fn workload(&self, key: &ResourceKey) -> Option<(&SourceId, &Workload)> {
        self.workloads().find(|(_, workload)| workload.key == *key)
    }

    /// When the source's shown data was read.
    pub fn read_at(&self, source: &SourceId) -> Option<Timestamp> {
        self.views.get(source).and_then(|view| view.health.read_at())
    }
}
