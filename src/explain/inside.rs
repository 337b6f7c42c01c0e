//! What a cluster tells from inside: replicas one by one with their tenants, controllers, limits
//! of namespaces, and what adds machines. One index a context; it joins, it does not judge.

use std::collections::BTreeMap;

use super::world::Said;
use crate::domain::id::{ResourceKey, SourceId};
use crate::domain::limits::{DisruptionBudget, LimitRule, NamespaceQuota, Scaler, VolumeClaim};
use crate::domain::node::Node;
use crate::domain::provisioner::{AutoscalerStatus, NodeClaim, NodeClass, NodePool};
use crate::domain::replica::{Replica, ReplicaPhase};
use crate::domain::rollout::Rollout;
use crate::domain::snapshot::SourceView;
use crate::domain::text::Text;
use crate::domain::topology;

/// The kind of the sources that read a cluster's own objects.
pub const SOURCE: &str = "kubernetes";
/// The source of nodes and of what adds them.
pub const NODES: &str = "kubernetes.nodes";
/// The source of events.
pub const EVENTS: &str = "kubernetes.events";

/// One context from inside.
#[derive(Default)]
pub struct Inside<'a> {
    /// Replicas by name (`namespace/pod`).
    pub replicas: BTreeMap<&'a Text, Said<'a, Replica>>,
    /// Nodes by name; of two that tell of one, the one that saw the machine itself.
    pub nodes: BTreeMap<&'a Text, Said<'a, Node>>,
    by_workload: BTreeMap<&'a Text, Vec<Said<'a, Replica>>>,
    by_node: BTreeMap<&'a Text, Vec<Said<'a, Replica>>>,
    rollouts: BTreeMap<&'a Text, Vec<Said<'a, Rollout>>>,
    scalers: BTreeMap<&'a Text, Vec<Said<'a, Scaler>>>,
    budgets: BTreeMap<&'a Text, Vec<Said<'a, DisruptionBudget>>>,
    /// Claims for volumes by name.
    pub claims: BTreeMap<&'a Text, Said<'a, VolumeClaim>>,
    /// Limits of namespaces.
    pub quotas: Vec<Said<'a, NamespaceQuota>>,
    /// Sizes that containers of namespaces may have.
    pub limit_rules: Vec<Said<'a, LimitRule>>,
    /// What the autoscaler reports.
    pub autoscaler: Option<Said<'a, AutoscalerStatus>>,
    /// Pools by name.
    pub pools: BTreeMap<&'a Text, Said<'a, NodePool>>,
    /// Machines that pools asked for.
    pub node_claims: BTreeMap<&'a Text, Said<'a, NodeClaim>>,
    /// Templates of machines, `Kind/name`.
    pub node_classes: BTreeMap<&'a Text, Said<'a, NodeClass>>,
    /// Whether a source of the cluster's own objects exists for this context.
    pub is_read: bool,
    sees_nodes: bool,
}

impl<'a> Inside<'a> {
    /// Adds what one source tells.
    pub(super) fn add(&mut self, id: &'a SourceId, source: &'a SourceView) {
        let view = &source.view;
        for node in &view.nodes {
            let slot = self.nodes.entry(&node.key.name).or_insert((id, node));
            if topology::tells_more(slot.1, node) {
                *slot = (id, node);
            }
        }
        if !id.kind.starts_with(SOURCE) {
            return;
        }
        self.is_read = true;
        self.add_replicas(id, &view.replicas);
        for rollout in &view.rollouts {
            self.rollouts.entry(&rollout.workload.name).or_default().push((id, rollout));
        }
        for scaler in &view.scalers {
            if let Some(workload) = &scaler.workload {
                self.scalers.entry(&workload.name).or_default().push((id, scaler));
            }
        }
        for budget in &view.budgets {
            for workload in &budget.workloads {
                self.budgets.entry(&workload.name).or_default().push((id, budget));
            }
        }
        self.claims.extend(view.claims.iter().map(|claim| (&claim.key.name, (id, claim))));
        self.quotas.extend(view.namespace_quotas.iter().map(|quota| (id, quota)));
        self.limit_rules.extend(view.limit_rules.iter().map(|rule| (id, rule)));
        self.autoscaler = self.autoscaler.or(view.autoscaler.as_ref().map(|status| (id, status)));
        self.pools.extend(view.node_pools.iter().map(|pool| (&pool.key.name, (id, pool))));
        self.node_claims.extend(view.node_claims.iter().map(|claim| (&claim.key.name, (id, claim))));
        self.node_classes.extend(view.node_classes.iter().map(|class| (&class.key.name, (id, class))));
    }

    /// Once all sources are added: where the cluster itself was read it is the authority, as in
    /// [`topology::nodes`]. A platform may list a machine under a name of its own making.
    pub(super) fn settle(&mut self) {
        self.sees_nodes = self.nodes.values().any(|(_, node)| node.detail.is_some());
        if self.sees_nodes {
            self.nodes.retain(|_, (_, node)| node.detail.is_some());
        }
    }

    fn add_replicas(&mut self, id: &'a SourceId, replicas: &'a [Replica]) {
        // The list is sorted, so the map is built in one go.
        self.replicas.append(&mut replicas.iter().map(|replica| (&replica.key.name, (id, replica))).collect());
        for replica in replicas {
            if let Some(workload) = &replica.workload {
                self.by_workload.entry(&workload.name).or_default().push((id, replica));
            }
            if let Some(node) = replica.node.as_ref().filter(|_| replica.phase.holds_node()) {
                self.by_node.entry(node).or_default().push((id, replica));
            }
        }
    }

    /// The replicas of a workload, one by one; none where nobody lists them.
    pub fn of(&self, workload: &ResourceKey) -> &[Said<'a, Replica>] {
        self.by_workload.get(&workload.name).map_or(&[], Vec::as_slice)
    }

    /// Who holds something on a node.
    pub fn tenants(&self, node: &Text) -> &[Said<'a, Replica>] {
        self.by_node.get(node).map_or(&[], Vec::as_slice)
    }

    /// The controllers of a workload.
    pub fn rollouts(&self, workload: &ResourceKey) -> &[Said<'a, Rollout>] {
        self.rollouts.get(&workload.name).map_or(&[], Vec::as_slice)
    }

    /// What changes a workload's number of replicas.
    pub fn scalers(&self, workload: &ResourceKey) -> &[Said<'a, Scaler>] {
        self.scalers.get(&workload.name).map_or(&[], Vec::as_slice)
    }

    /// What limits how many replicas of a workload may go.
    pub fn budgets(&self, workload: &ResourceKey) -> &[Said<'a, DisruptionBudget>] {
        self.budgets.get(&workload.name).map_or(&[], Vec::as_slice)
    }

    /// Replicas of a workload that have no node, the oldest first.
    pub fn unplaced(&self, workload: &ResourceKey) -> Vec<Said<'a, Replica>> {
        let is_unplaced = |replica: &Replica| replica.phase == ReplicaPhase::Unplaced && replica.deleting_since.is_none();
        let mut unplaced: Vec<Said<'a, Replica>> = self.of(workload).iter().copied().filter(|(_, replica)| is_unplaced(replica)).collect();
        unplaced.sort_by(|(_, a), (_, b)| {
            b.is_current.cmp(&a.is_current).then_with(|| a.created_at.cmp(&b.created_at)).then_with(|| a.key.cmp(&b.key))
        });
        unplaced
    }

    /// Whether the machines were seen from inside.
    pub fn sees_nodes(&self) -> bool {
        self.sees_nodes
    }
}
