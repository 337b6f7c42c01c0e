//! Nodes, what is free on them, and which group they belong to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Settings;
use super::belonging::Belonging;
use crate::domain::condition::named;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::node::{ExtendedAmount, Node, NodeDetail};
use crate::domain::text::Text;
use crate::source::kubernetes::objects::{Amounts, Node as Machine};
use crate::source::kubernetes::stores::Stores;

/// Labels whose value is the name of a node's group, the first present counts. Sources: the
/// documentation of EKS, eksctl, Karpenter, GKE and AKS.
const GROUPS: [&str; 7] = [
    "eks.amazonaws.com/nodegroup",
    "alpha.eksctl.io/nodegroup-name",
    "karpenter.sh/nodepool",
    "cloud.google.com/gke-nodepool",
    "kubernetes.azure.com/agentpool",
    "agentpool",
    "node.kubernetes.io/nodegroup",
];

/// Labels and values of machines that can be reclaimed.
const SPOT: [(&str, &str); 8] = [
    ("eks.amazonaws.com/capacityType", "SPOT"),
    ("karpenter.sh/capacity-type", "spot"),
    ("node-lifecycle", "spot"),
    ("node.kubernetes.io/lifecycle", "spot"),
    ("lifecycle", "Ec2Spot"),
    ("cloud.google.com/gke-spot", "true"),
    ("cloud.google.com/gke-preemptible", "true"),
    ("kubernetes.azure.com/scalesetpriority", "spot"),
];

/// Labels and taints of machines that run the cluster itself.
const SYSTEM: [&str; 4] =
    ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master", "node-role.kubernetes.io/infra", "CriticalAddonsOnly"];

/// Labels that name the accelerator's model.
const MODELS: [&str; 6] = [
    "nvidia.com/gpu.product",
    "cloud.google.com/gke-accelerator",
    "cloud.google.com/gke-tpu-accelerator",
    "amd.com/gpu.product-name",
    "karpenter.k8s.aws/instance-gpu-name",
    "karpenter.k8s.aws/instance-accelerator-name",
];

/// What pods hold of a node.
#[derive(Clone, Debug, Default)]
struct Held {
    amounts: Amounts,
    replicas: u32,
}

/// All nodes, in the order of their keys.
pub fn nodes(stores: &Stores, settings: &Settings, belonging: &Belonging<'_>) -> Vec<Node> {
    let held = held(stores, belonging);
    let nothing = Held::default();
    // Where no pods may be listed, nothing is known to be free or held.
    let counts_pods = !stores.pods.is_empty();
    let of = |machine: &Machine| node(machine, settings, held.get(&machine.meta.name).unwrap_or(&nothing), counts_pods);
    let mut nodes: Vec<Node> = stores.nodes.values().map(|machine| of(machine)).collect();
    nodes.sort_by(|a, b| a.key.cmp(&b.key));
    nodes
}

/// What the pods that have not ended hold, by node.
fn held<'s>(stores: &'s Stores, belonging: &Belonging<'_>) -> BTreeMap<&'s Text, Held> {
    let mut held: BTreeMap<&Text, Held> = BTreeMap::new();
    for pod in stores.pods.values().filter(|pod| !pod.ended) {
        let Some(node) = &pod.node else { continue };
        let slot = held.entry(node).or_default();
        slot.amounts.add(&pod.demand);
        if belonging.of_pod(pod).is_some() {
            slot.replicas = slot.replicas.saturating_add(1);
        }
    }
    held
}

fn node(machine: &Machine, settings: &Settings, held: &Held, counts_pods: bool) -> Node {
    let labels = &machine.meta.labels;
    let adopted = settings.adoption.as_ref().and_then(|adoption| adoption.group(labels));
    let group = adopted.as_ref().map(|group| group.name.clone()).or_else(|| first(labels, &GROUPS));
    let is_spot = SPOT.iter().any(|(label, value)| labels.get(*label).is_some_and(|own| own.eq_ignore_ascii_case(value)));
    let takes = named(&machine.conditions, "Ready").map(|ready| ready.holds == Some(true) && !machine.cordoned);
    Node {
        key: ResourceKey::new(&settings.context, ResourceKind::Node, machine.meta.name.clone()),
        group,
        is_worker: adopted.as_ref().is_none_or(|group| group.is_worker) && !is_system(machine),
        instance_type: first(labels, &["node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type"]).unwrap_or_default(),
        spot: is_spot || adopted.is_some_and(|group| group.spot),
        price_milli_usd: None,
        capacity: machine.allocatable.common,
        free: machine.allocatable.common.minus(held.amounts.common),
        replicas: counts_pods.then_some(held.replicas),
        ready: takes,
        created_at: machine.meta.created_at,
        detail: Some(Arc::new(detail(machine, held))),
    }
}

fn first(labels: &BTreeMap<Text, Text>, names: &[&str]) -> Option<Text> {
    names.iter().find_map(|name| labels.get(*name)).filter(|value| !value.is_empty()).cloned()
}

fn is_system(machine: &Machine) -> bool {
    let labels = &machine.meta.labels;
    let says = |key: &str| SYSTEM.contains(&key);
    machine.taints.iter().any(|taint| says(&taint.key))
        || SYSTEM.iter().any(|label| labels.contains_key(*label))
        || labels.get("kubernetes.azure.com/mode").is_some_and(|mode| *mode == "system")
}

fn detail(machine: &Machine, held: &Held) -> NodeDetail {
    let labels = &machine.meta.labels;
    NodeDetail {
        labels: labels.clone(),
        taints: machine.taints.clone(),
        cordoned: machine.cordoned,
        conditions: machine.conditions.clone(),
        physical: machine.capacity.common,
        extended: extended(machine, held),
        zone: first(labels, &["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"]),
        instance: machine.provider_id.rsplit('/').next().filter(|id| !id.is_empty()).map(Text::from),
        accelerator_model: first(labels, &MODELS),
        driver_version: driver(labels),
        agent_version: Some(machine.agent_version.clone()).filter(|version| !version.is_empty()),
        deleting_since: machine.meta.deleting_since,
    }
}

fn extended(machine: &Machine, held: &Held) -> BTreeMap<Text, ExtendedAmount> {
    let (capacity, allocatable, requested) = (&machine.capacity.extended, &machine.allocatable.extended, &held.amounts.extended);
    let names = capacity.keys().chain(allocatable.keys()).chain(requested.keys());
    let amount = |of: &BTreeMap<Text, i64>, name: &Text| of.get(name).copied().unwrap_or_default();
    names
        .map(|name| {
            let amounts = ExtendedAmount {
                capacity: amount(capacity, name),
                allocatable: amount(allocatable, name),
                requested: amount(requested, name),
            };
            (name.clone(), amounts)
        })
        .collect()
}

/// The driver's version as GPU feature discovery labels it: whole, or in up to three parts.
fn driver(labels: &BTreeMap<Text, Text>) -> Option<Text> {
    if let Some(whole) = first(labels, &["nvidia.com/cuda.driver-version.full"]) {
        return Some(whole);
    }
    let part = |name: &str| labels.get(format!("nvidia.com/cuda.driver.{name}").as_str()).map(Text::as_str).filter(|part| !part.is_empty());
    let parts: Vec<&str> = ["major", "minor", "rev"].into_iter().map_while(part).collect();
    (!parts.is_empty()).then(|| parts.join(".").into())
}
