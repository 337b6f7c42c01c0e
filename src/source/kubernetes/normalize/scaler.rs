//! What changes numbers of replicas, and what limits taking them away.

use super::Settings;
use super::belonging::{Belonging, Root};
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::limits::{DisruptionBudget, Scaler};
use crate::domain::text::Text;
use crate::domain::workload::ReplicaBounds;
use crate::source::kubernetes::object::Meta;
use crate::source::kubernetes::objects::{Autoscaler, DisruptionBudget as Budget, ScaledObject, Target};
use crate::source::kubernetes::stores::Stores;

/// All scalers, in the order of their keys. A `ScaledObject` and the HPA it works through are one.
pub fn scalers(stores: &Stores, settings: &Settings, belonging: &Belonging<'_>) -> Vec<Scaler> {
    let own = stores.autoscalers.values().filter(|it| it.meta.owner("ScaledObject").is_none());
    let own = own.map(|scaler| Scaler {
        key: key(settings, &scaler.meta),
        workload: workload(stores, belonging, &scaler.meta, &scaler.target),
        min: scaler.min,
        max: scaler.max,
        current: scaler.current,
        desired: scaler.desired,
        metrics: scaler.metrics.clone(),
        conditions: scaler.conditions.clone(),
    });
    let keda = stores.scaled_objects.values().map(|object| scaled(stores, settings, belonging, object));
    let mut scalers: Vec<Scaler> = own.chain(keda).collect();
    scalers.sort_by(|a, b| a.key.cmp(&b.key));
    scalers
}

fn scaled(stores: &Stores, settings: &Settings, belonging: &Belonging<'_>, object: &ScaledObject) -> Scaler {
    let hand = hand(stores, object);
    let mut conditions = object.conditions.clone();
    conditions.extend(hand.iter().flat_map(|hand| hand.conditions.iter().cloned()));
    let metrics = hand.map(|hand| hand.metrics.clone()).filter(|metrics| !metrics.is_empty());
    let mut metrics = metrics.unwrap_or_else(|| object.triggers.clone());
    if object.paused {
        metrics.push("paused".into());
    }
    Scaler {
        key: key(settings, &object.meta),
        workload: workload(stores, belonging, &object.meta, &object.target),
        min: object.min,
        max: object.max,
        current: hand.map_or(0, |hand| hand.current),
        desired: hand.map_or(0, |hand| hand.desired),
        metrics,
        conditions,
    }
}

/// The HPA that a `ScaledObject` works through.
fn hand<'s>(stores: &'s Stores, object: &ScaledObject) -> Option<&'s Autoscaler> {
    let named = stores.autoscalers.get(&(object.meta.namespace.clone(), object.autoscaler.clone()));
    let usual = || stores.autoscalers.get(&(object.meta.namespace.clone(), format!("keda-hpa-{}", object.meta.name).into()));
    named.or_else(usual).map(AsRef::as_ref)
}

fn key(settings: &Settings, meta: &Meta) -> ResourceKey {
    ResourceKey::new(&settings.context, ResourceKind::Scaler, meta.path())
}

/// The workload that a target belongs to.
fn workload(stores: &Stores, belonging: &Belonging<'_>, meta: &Meta, target: &Target) -> Option<ResourceKey> {
    let place = (meta.namespace.clone(), target.name.clone());
    match target.kind.as_str() {
        "Deployment" => belonging.workload_of(Root::Deployment, &stores.deployments.get(&place)?.meta),
        "StatefulSet" => belonging.workload_of(Root::StatefulSet, &stores.stateful_sets.get(&place)?.meta),
        "InferenceService" => belonging.workload_of(Root::InferenceService, &stores.inference_services.get(&place)?.meta),
        "RayService" => belonging.workload_of(Root::RayService, &stores.ray_services.get(&place)?.meta),
        "LeaderWorkerSet" => belonging.workload_of(Root::LeaderWorkerSet, &stores.leader_worker_sets.get(&place)?.meta),
        _ => None,
    }
}

/// The bounds that a scaler gives a workload.
pub fn bounds(stores: &Stores, root: Root, namespace: &Text, name: &Text) -> Option<ReplicaBounds> {
    let is_target = |meta: &Meta, target: &Target| meta.namespace == *namespace && target.kind == root.kind() && target.name == *name;
    let keda = stores.scaled_objects.values().find(|it| is_target(&it.meta, &it.target)).map(|it| (it.min, it.max));
    let own = || stores.autoscalers.values().find(|it| is_target(&it.meta, &it.target)).map(|it| (it.min, it.max));
    keda.or_else(own).map(|(min, max)| ReplicaBounds { min, max })
}

/// All budgets, in the order of their keys.
pub fn budgets(stores: &Stores, settings: &Settings, belonging: &Belonging<'_>) -> Vec<DisruptionBudget> {
    let mut budgets: Vec<DisruptionBudget> = stores
        .budgets
        .values()
        .map(|budget| DisruptionBudget {
            key: ResourceKey::new(&settings.context, ResourceKind::DisruptionBudget, budget.meta.path()),
            workloads: covered(stores, belonging, budget),
            rule: budget.rule.clone(),
            expected: budget.expected,
            healthy: budget.healthy,
            needed: budget.needed,
            allowed: budget.allowed,
            conditions: budget.conditions.clone(),
        })
        .collect();
    budgets.sort_by(|a, b| a.key.cmp(&b.key));
    budgets
}

/// The workloads whose replicas a budget covers: by the labels their pods are made with, and,
/// where no controller is covered (operators label pods themselves), by the pods there are.
fn covered(stores: &Stores, belonging: &Belonging<'_>, budget: &Budget) -> Vec<ResourceKey> {
    let here = |meta: &Meta| meta.namespace == budget.meta.namespace;
    let deployments = stores.deployments.values().filter(|it| here(&it.meta) && budget.selector.matches(&it.template.labels));
    let sets = stores.stateful_sets.values().filter(|it| here(&it.meta) && budget.selector.matches(&it.template.labels));
    let mut workloads: Vec<ResourceKey> = deployments
        .filter_map(|it| belonging.workload_of(Root::Deployment, &it.meta))
        .chain(sets.filter_map(|it| belonging.workload_of(Root::StatefulSet, &it.meta)))
        .collect();
    if workloads.is_empty() {
        let from = (budget.meta.namespace.clone(), Text::default());
        let pods = stores.pods.range(from..).map(|(_, pod)| pod).take_while(|pod| here(&pod.meta));
        workloads = pods
            .filter(|pod| budget.selector.matches(&pod.meta.labels))
            .filter_map(|pod| belonging.of_pod(pod))
            .map(|it| it.workload)
            .collect();
    }
    workloads.sort();
    workloads.dedup();
    workloads
}
