//! From the cluster's objects to the common vocabulary. Pure: stores in, views out.
//!
//! Nothing here asks anything. What could not be listed is an empty store, and the result says as
//! much as the rest allows.

mod autoscaler;
mod belonging;
mod event;
mod karpenter;
mod limits;
mod node;
mod replica;
mod rollout;
mod scaler;
mod serving;
mod status;
mod system;
mod workload;

use std::collections::BTreeMap;

use self::belonging::{Belonging, Root};
use self::workload::Facts;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::rollout::Rollout;
use crate::domain::snapshot::View;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use crate::source::kubernetes::Adoption;
use crate::source::kubernetes::objects::Selector;
use crate::source::kubernetes::stores::Stores;

pub use self::system::is_system;

/// What a person and the platform above chose to look at.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The configured context.
    pub context: Text,
    /// The kubeconfig context, for commands a person could type; `None` without kubeconfig.
    pub kubectl_context: Option<Text>,
    /// The platform whose objects these are; `None` where Kubernetes itself is the platform.
    pub adoption: Option<Adoption>,
    /// Which workloads are shown, by their labels.
    pub selector: Selector,
    /// Namespaces whose workloads are shown; empty for all but those of the cluster itself.
    pub namespaces: Vec<Text>,
    /// The present.
    pub now: Timestamp,
}

/// Workloads (where Kubernetes is the platform), rollouts, replicas with all tenants, scalers,
/// budgets, volume claims and the limits of namespaces.
pub fn workloads(stores: &Stores, settings: &Settings) -> View {
    let belonging = Belonging::new(stores, settings);
    let replicas = replica::replicas(stores, settings, &belonging);
    let by_workload = rollout::by_workload(&replicas);
    let mut rollouts = rollout::controllers(stores, settings, &belonging, &by_workload);
    let operators = serving::rollouts(stores, settings, &belonging, &by_workload, &rollouts);
    rollouts.extend(operators);
    rollouts.sort_by(|a, b| a.key.cmp(&b.key));
    let mut by_rollout: BTreeMap<&ResourceKey, Vec<&Rollout>> = BTreeMap::new();
    for rollout in &rollouts {
        by_rollout.entry(&rollout.workload).or_default().push(rollout);
    }
    let facts = Facts { stores, settings, belonging: &belonging, replicas: &by_workload, rollouts: &by_rollout };
    let workloads = workload::workloads(&facts);
    View {
        workloads,
        scalers: scaler::scalers(stores, settings, &belonging),
        budgets: scaler::budgets(stores, settings, &belonging),
        claims: limits::claims(stores, settings),
        namespace_quotas: limits::quotas(stores, settings),
        limit_rules: limits::limit_rules(stores, settings),
        raw: records(stores, settings, &belonging),
        replicas,
        rollouts,
        ..View::default()
    }
}

/// Nodes with what is free on them, and what adds nodes.
pub fn nodes(stores: &Stores, settings: &Settings) -> View {
    let belonging = Belonging::new(stores, settings);
    let node_key = |name: &Text| ResourceKey::new(&settings.context, ResourceKind::Node, name.clone());
    let mut raw: BTreeMap<ResourceKey, Text> = stores.nodes.values().map(|it| (node_key(&it.meta.name), it.raw.clone())).collect();
    raw.extend(stores.node_pools.values().map(|it| (karpenter::pool_key(settings, &it.meta.name), it.raw.clone())));
    raw.extend(stores.node_claims.values().map(|it| (karpenter::claim_key(settings, &it.meta.name), it.raw.clone())));
    raw.extend(stores.node_classes.values().map(|it| (karpenter::class_key(settings, &it.meta.name), it.raw.clone())));
    View {
        nodes: node::nodes(stores, settings, &belonging),
        autoscaler: autoscaler::autoscaler(stores, settings),
        node_pools: karpenter::pools(stores, settings),
        node_claims: karpenter::claims(stores, settings),
        node_classes: karpenter::classes(stores, settings),
        raw,
        ..View::default()
    }
}

/// Events, repetitions merged, newest first.
pub fn events(stores: &Stores, settings: &Settings) -> View {
    View { events: event::events(stores, settings), ..View::default() }
}

/// Records as received: of pods that are not ready, of controllers and of workloads. Pods that
/// serve are not kept whole; five thousand of them would take more memory than all else.
fn records(stores: &Stores, settings: &Settings, belonging: &Belonging<'_>) -> BTreeMap<ResourceKey, Text> {
    let key = |kind, name: Text| ResourceKey::new(&settings.context, kind, name);
    let pods = stores.pods.values().filter_map(|pod| Some((key(ResourceKind::Replica, pod.meta.path()), pod.raw.clone()?)));
    let mut records: BTreeMap<ResourceKey, Text> = pods.collect();
    records.extend(stores.autoscalers.values().map(|it| (key(ResourceKind::Scaler, it.meta.path()), it.raw.clone())));
    let mut add = |root: Root, meta: &crate::source::kubernetes::object::Meta, raw: &Text| {
        if let Some(workload) = belonging.workload_of(root, meta) {
            records.insert(rollout::rollout_key(settings, root.kind(), meta), raw.clone());
            // Beneath a platform the workload's own record is the platform's.
            if settings.adoption.is_none() && belonging.root_of(root, meta).0 == root {
                records.insert(workload, raw.clone());
            }
        }
    };
    stores.deployments.values().for_each(|it| add(Root::Deployment, &it.meta, &it.raw));
    stores.stateful_sets.values().for_each(|it| add(Root::StatefulSet, &it.meta, &it.raw));
    stores.inference_services.values().for_each(|it| add(Root::InferenceService, &it.meta, &it.raw));
    stores.ray_services.values().for_each(|it| add(Root::RayService, &it.meta, &it.raw));
    stores.leader_worker_sets.values().for_each(|it| add(Root::LeaderWorkerSet, &it.meta, &it.raw));
    records
}

#[cfg(test)]
mod tests;
