//! What only Kubernetes knows of a cluster: labels and taints of nodes, what pods demand, what
//! controllers say.

use std::collections::BTreeMap;

use super::admission::{LimitRange, NamespaceQuota, Webhook};
use super::clock::Moment;
use super::cluster::{Cluster, Group, GroupRole, Node, Platform};
use super::incidents::Incident;
use super::journal::{About, Journal};
use super::karpenter::NodeClaim;
use super::placement::{Needs, Taint, Toleration};
use super::workload::{Api, Pod, Version};

/// Story seconds before it is Ready that a node is known.
const REGISTERS_EARLIER: i64 = 20;

/// What a cluster has beside machines and workloads.
#[derive(Clone, Debug, Default)]
pub struct ControlPlane {
    /// What controllers say.
    pub journal: Journal,
    /// Claims for volumes.
    pub claims: Vec<Claim>,
    /// Limits of namespaces.
    pub quotas: Vec<NamespaceQuota>,
    /// Sizes that containers of a namespace may have.
    pub limit_ranges: Vec<LimitRange>,
    /// Who refuses pods at admission.
    pub webhooks: Vec<Webhook>,
    /// Machines that pools asked for.
    pub node_claims: Vec<NodeClaim>,
}

/// A claim for a volume, bound to a disk in one zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The zone of its disk.
    pub zone: String,
    /// GiB.
    pub size_gib: u32,
    /// When it was made.
    pub created_at: Moment,
}

impl Cluster {
    /// The minor version of Kubernetes 1: EKS as each Cortex version set it up.
    pub fn kubernetes_minor(&self) -> u32 {
        match (self.platform, self.minor()) {
            (Platform::Kubernetes, minor) => minor,
            (Platform::Cortex, 42..) => 22,
            (Platform::Cortex, 39..) => 21,
            (Platform::Cortex, 31..) => 20,
            (Platform::Cortex, _) => 18,
        }
    }

    /// Who has the disk of a pod's claim attached on another node, so that the pod cannot have it.
    pub fn holds_disk_of(&self, api: &Api, pod: &Pod) -> Option<&Pod> {
        let claim_of = |api: &Api, pod: &Pod| {
            let claim = api.version(&pod.spec_id)?.needs.claim.clone()?;
            Some((api.namespace.clone(), claim))
        };
        let wanted = claim_of(api, pod)?;
        let node = pod.node.as_ref()?;
        let has = |other: &Pod| other.node.is_some() && !other.phase.is_over() && other.scheduled_at < pod.scheduled_at;
        self.pods()
            .find(|(owner, other)| has(other) && other.node.as_ref() != Some(node) && claim_of(owner, other).as_ref() == Some(&wanted))
            .map(|(_, other)| other)
    }

    /// The zone of the disk behind a claim.
    pub fn zone_of_claim(&self, namespace: &str, name: &str) -> Option<String> {
        let claim = self.control.claims.iter().find(|claim| claim.namespace == namespace && claim.name == name);
        claim.map(|claim| claim.zone.clone())
    }

    /// A pod as the journal knows it.
    pub fn about_pod(api: &Api, pod: &Pod) -> About {
        About::new("Pod", &api.namespace, &pod.name)
    }

    /// Labels of a node. Sources: eksctl, the cloud provider, the NVIDIA feature discovery.
    pub fn labels_of(&self, node: &Node) -> BTreeMap<String, String> {
        let shape = super::machine::machine(&node.instance_type);
        let mut labels: BTreeMap<String, String> = [
            ("kubernetes.io/hostname", node.name.as_str()),
            ("kubernetes.io/arch", "amd64"),
            ("kubernetes.io/os", "linux"),
            ("beta.kubernetes.io/instance-type", &node.instance_type),
            ("node.kubernetes.io/instance-type", &node.instance_type),
            ("topology.kubernetes.io/region", &self.region),
            ("topology.kubernetes.io/zone", &node.zone),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
        let mut put = |key: &str, value: &str| labels.insert(key.to_owned(), value.to_owned());
        let Some(group) = self.group(&node.group) else { return labels };
        if group.is_auto_scaling() {
            put("alpha.eksctl.io/cluster-name", &self.name);
            put("alpha.eksctl.io/nodegroup-name", &group.nodegroup);
            put("alpha.eksctl.io/instance-id", &node.instance_id);
            put("node-lifecycle", if node.spot { "spot" } else { "on-demand" });
        } else {
            put("karpenter.sh/nodepool", &group.name);
            put("karpenter.sh/capacity-type", if node.spot { "spot" } else { "on-demand" });
            put("karpenter.sh/registered", "true");
            put("karpenter.sh/initialized", "true");
        }
        if node.spot {
            put("lifecycle", "Ec2Spot");
        }
        if self.platform == Platform::Cortex && group.is_worker() {
            put("workload", "true");
        }
        if group.role == GroupRole::Prometheus {
            put("prometheus", "true");
        }
        if shape.gpus > 0 {
            put("nvidia.com/gpu", "true");
        }
        // What the daemon set of the device plugin chooses its nodes by.
        if shape.gpus > 0 && node.devices_at.is_some() {
            put("k8s.amazonaws.com/accelerator", "true");
        }
        labels.extend(group.labels.clone());
        labels
    }

    /// Taints of a node at a moment.
    pub fn taints_of(&self, node: &Node, now: Moment) -> Vec<Taint> {
        let mut taints = self.group(&node.group).map(|group| self.taints_of_group(group)).unwrap_or_default();
        if !node.is_ready(now) {
            let lost = node.is_hit_by(Incident::Unreachable);
            let key = if lost { "node.kubernetes.io/unreachable" } else { "node.kubernetes.io/not-ready" };
            taints.push(Taint::no_schedule(key, ""));
            if node.is_silent() {
                taints.push(Taint { effect: "NoExecute", ..Taint::no_schedule(key, "") });
            }
        }
        if node.is_cordoned(now) {
            taints.push(Taint::no_schedule("node.kubernetes.io/unschedulable", ""));
        }
        match node.trouble.map(|trouble| trouble.incident) {
            Some(Incident::MemoryPressure) => taints.push(Taint::no_schedule("node.kubernetes.io/memory-pressure", "")),
            Some(Incident::SpotReclaim) => taints.push(Taint::no_schedule("aws-node-termination-handler/spot-itn", &node.instance_id)),
            _ => {}
        }
        taints
    }

    /// Taints that machines of a group start with.
    pub fn taints_of_group(&self, group: &Group) -> Vec<Taint> {
        let mut taints = group.taints.clone();
        let cortex = self.platform == Platform::Cortex;
        match group.role {
            GroupRole::Worker if cortex => taints.push(Taint::no_schedule("workload", "true")),
            GroupRole::Prometheus => taints.push(Taint::no_schedule("prometheus", "true")),
            GroupRole::Operator if !cortex => taints.push(Taint::no_schedule("CriticalAddonsOnly", "true")),
            _ => {}
        }
        if group.machine().gpus > 0 {
            taints.push(Taint::no_schedule("nvidia.com/gpu", "true"));
        }
        taints
    }

    /// What pods of a version demand of their place. Cortex adds selector, tolerations and, where
    /// the API names node groups, affinity.
    pub fn needs_of(&self, version: &Version) -> Needs {
        let mut needs = version.needs.clone();
        if self.platform == Platform::Cortex {
            needs.selector.insert("workload".to_owned(), "true".to_owned());
            needs.tolerations.extend([
                Toleration::equal("workload", "true"),
                Toleration::exists("nvidia.com/gpu"),
                Toleration::equal("aws.amazon.com/neuron", "true"),
            ]);
            if !version.node_groups.is_empty() {
                let named = |name: &String| self.group(name).map_or_else(|| format!("cx-wd-{name}"), |group| group.nodegroup.clone());
                let groups = version.node_groups.iter().map(named).collect();
                needs.affinity.insert("alpha.eksctl.io/nodegroup-name".to_owned(), groups);
            }
        }
        needs
    }
}

impl Node {
    /// Whether the cluster knows it, Ready or not.
    pub fn is_registered(&self, now: Moment) -> bool {
        self.exists(now) && self.registers_at() <= now
    }

    /// When the cluster first knew it.
    pub fn registers_at(&self) -> Moment {
        (self.joins_at - REGISTERS_EARLIER).max(self.launched_at)
    }
}
