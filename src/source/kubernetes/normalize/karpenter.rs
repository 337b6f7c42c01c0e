//! Karpenter's pools, machines and templates.

use super::Settings;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::provisioner::{NodeClaim, NodeClass, NodePool};
use crate::domain::text::Text;
use crate::source::kubernetes::objects::{NodeClaim as Claim, NodePool as Pool};
use crate::source::kubernetes::stores::Stores;

/// All pools, in the order of their keys.
pub fn pools(stores: &Stores, settings: &Settings) -> Vec<NodePool> {
    stores.node_pools.values().map(|it| pool(it, settings)).collect()
}

/// The key of a pool.
pub fn pool_key(settings: &Settings, name: &Text) -> ResourceKey {
    ResourceKey::new(&settings.context, ResourceKind::NodePool, name.clone())
}

/// The key of a claim.
pub fn claim_key(settings: &Settings, name: &Text) -> ResourceKey {
    ResourceKey::new(&settings.context, ResourceKind::NodeClaim, name.clone())
}

/// The key of a class.
pub fn class_key(settings: &Settings, name: &Text) -> ResourceKey {
    ResourceKey::new(&settings.context, ResourceKind::NodeClass, format!("EC2NodeClass/{name}"))
}

fn pool(pool: &Pool, settings: &Settings) -> NodePool {
    NodePool {
        key: pool_key(settings, &pool.meta.name),
        node_class: pool.node_class.clone(),
        conditions: pool.conditions.clone(),
        requirements: pool.requirements.clone(),
        taints: pool.taints.clone(),
        labels: pool.labels.clone(),
        limits: pool.limits.clone(),
        used: pool.used.clone(),
        weight: pool.weight,
    }
}

/// All machines that pools asked for, in the order of their keys.
pub fn claims(stores: &Stores, settings: &Settings) -> Vec<NodeClaim> {
    stores.node_claims.values().map(|it| claim(it, settings)).collect()
}

fn claim(claim: &Claim, settings: &Settings) -> NodeClaim {
    let label = |name: &str| claim.meta.label(name).filter(|value| !value.is_empty()).cloned();
    NodeClaim {
        key: claim_key(settings, &claim.meta.name),
        pool: label("karpenter.sh/nodepool").unwrap_or_default(),
        node: claim.node.clone(),
        instance_type: label("node.kubernetes.io/instance-type"),
        zone: label("topology.kubernetes.io/zone"),
        spot: label("karpenter.sh/capacity-type").map(|kind| kind == "spot"),
        requested: claim.requested.common,
        conditions: claim.conditions.clone(),
        created_at: claim.meta.created_at,
        deleting_since: claim.meta.deleting_since,
    }
}

/// All templates, in the order of their keys.
pub fn classes(stores: &Stores, settings: &Settings) -> Vec<NodeClass> {
    let class = stores.node_classes.values();
    class.map(|class| NodeClass { key: class_key(settings, &class.meta.name), conditions: class.conditions.clone() }).collect()
}
