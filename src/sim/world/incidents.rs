//! What goes wrong with machines and controllers, and what follows from it.

use super::clock::Moment;
use super::cluster::{Cluster, Node};
use super::journal::About;
use super::launching::reclaimed;
use super::silent;
use super::workload::PodPhase;

/// Story seconds between AWS's warning and the end of a spot machine.
const WARNING: i64 = 120;
/// Story seconds until a node short of memory removes a pod.
const EVICTS: i64 = 10;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incident {
    /// The cluster autoscaler exits again and again.
    AutoscalerDown,
    /// AWS takes a spot machine back.
    SpotReclaim,
    /// A node runs short of memory and evicts.
    MemoryPressure,
    /// A GPU reports a fatal error; the device plugin takes it out of service.
    Xid,
    /// Somebody drains a node.
    Drain,
    /// A node's container runtime hangs, and its agent says so.
    NotReady,
    /// A node's agent says nothing any more.
    Unreachable,
}

/// What is wrong with a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What.
    pub incident: Incident,
    /// Since when.
    pub since: Moment,
}

/// Lets it happen.
pub(crate) fn strike(cluster: &mut Cluster, incident: Incident, group: &str, now: Moment) {
    if incident == Incident::AutoscalerDown {
        cluster.autoscaler.down_at = Some(now);
        return;
    }
    let Some(instance) = victim(cluster, incident, group, now) else { return };
    let Some(node) = cluster.nodes.iter_mut().find(|node| node.instance_id == instance) else { return };
    node.trouble = Some(Trouble { incident, since: now });
    let about = About::new("Node", "", &node.name);
    let name = node.name.clone();
    let journal = &mut cluster.control.journal;
    match incident {
        Incident::SpotReclaim => {
            node.cordoned_at = Some(now);
            let message = format!("Spot ITN received. Instance {instance} will be interrupted in two minutes: spot interruption notice");
            journal.warn(now, "aws-node-termination-handler", &about, "SpotInterruption", message);
        }
        Incident::MemoryPressure => {
            journal.normal(
                now,
                "kubelet",
                &about,
                "NodeHasInsufficientMemory",
                format!("Node {name} status is now: NodeHasInsufficientMemory"),
            );
            journal.warn(now, "kubelet", &about, "EvictionThresholdMet", "Attempting to reclaim memory".to_owned());
        }
        Incident::Xid => {
            journal.warn(now, "eks-node-monitoring-agent", &about, "NvidiaXID95Error", XID.to_owned());
        }
        Incident::Drain => {
            node.cordoned_at = Some(now);
            journal.normal(now, "kubelet", &about, "NodeNotSchedulable", format!("Node {name} status is now: NodeNotSchedulable"));
        }
        Incident::NotReady | Incident::Unreachable => {
            journal.normal(now, "node-controller", &about, "NodeNotReady", format!("Node {name} status is now: NodeNotReady"));
        }
        Incident::AutoscalerDown => {}
    }
}

/// What the driver says of the GPU.
pub const XID: &str = "NVRM: Xid (PCI:0000:00:1e): 95, pid='<unknown>', name=<unknown>, Uncontained ECC error";

/// The machine that is hit: for a GPU one that nobody uses, else the first.
fn victim(cluster: &Cluster, incident: Incident, group: &str, now: Moment) -> Option<String> {
    let mut nodes: Vec<&Node> = cluster.nodes_of(group, now).collect();
    if incident == Incident::Xid {
        nodes.sort_by_key(|node| cluster.held_on(&node.instance_id).gpus);
    }
    nodes.first().map(|node| node.instance_id.clone())
}

/// What follows.
pub(crate) fn step(cluster: &mut Cluster, now: Moment) {
    let hit: Vec<(String, Trouble)> = cluster
        .nodes
        .iter()
        .filter(|node| node.exists(now - 1))
        .filter_map(|node| Some((node.instance_id.clone(), node.trouble?)))
        .collect();
    for (instance, trouble) in hit {
        match trouble.incident {
            Incident::SpotReclaim => reclaim(cluster, &instance, trouble.since, now),
            Incident::MemoryPressure if now == trouble.since + EVICTS => evict(cluster, &instance, now),
            Incident::Drain => drain(cluster, &instance, now),
            incident if incident.silences() => silent::step(cluster, &instance, trouble.since, now),
            _ => {}
        }
    }
}

fn reclaim(cluster: &mut Cluster, instance: &str, since: Moment, now: Moment) {
    if now == since + 5 {
        remove_pods(cluster, instance, ("EvictionByEvictionAPI", "Eviction API: evicting"), now, |_| true);
    }
    if now == since + WARNING {
        let Some(node) = cluster.nodes.iter_mut().find(|node| node.instance_id == instance) else { return };
        node.terminated_at = Some(now);
        let (group, node) = (node.group.clone(), node.clone());
        let message = format!("Node {0} event: Removing Node {0} from Controller", node.name);
        cluster.control.journal.normal(now, "node-controller", &About::new("Node", "", &node.name), "RemovingNode", message);
        if let Some(group) = cluster.groups.iter_mut().find(|each| each.name == group) {
            let activity = reclaimed(group, &node, now);
            group.activities.push(activity);
        }
    }
}

/// Tells pods of a machine to go, because of somebody.
fn remove_pods(cluster: &mut Cluster, instance: &str, (reason, message): (&'static str, &str), now: Moment, may_go: impl Fn(&str) -> bool) {
    for api in &mut cluster.apis {
        if !may_go(&api.name) {
            continue;
        }
        let here = api.pods.iter_mut().filter(|pod| pod.node.as_deref() == Some(instance) && !pod.phase.is_over());
        for pod in here.filter(|pod| pod.phase != PodPhase::Terminating) {
            pod.disrupted = Some((reason, message.to_owned(), now));
            pod.dismiss(now);
        }
    }
}

/// Evicts all whose budget allows it; the others are tried again and again.
fn drain(cluster: &mut Cluster, instance: &str, now: Moment) {
    let allowed: Vec<String> = cluster
        .apis
        .iter()
        .filter(|api| {
            let healthy = api.pods.iter().filter(|pod| pod.phase == PodPhase::Ready).count();
            api.budget.is_none_or(|needed| healthy > needed as usize)
        })
        .map(|api| api.name.clone())
        .collect();
    remove_pods(cluster, instance, ("EvictionByEvictionAPI", "Eviction API: evicting"), now, |name| {
        allowed.iter().any(|each| each == name)
    });
}

/// The node agent removes the pod that has the most memory.
fn evict(cluster: &mut Cluster, instance: &str, now: Moment) {
    let mut most: Option<(usize, usize, i64)> = None;
    for (api_index, api) in cluster.apis.iter().enumerate() {
        for (pod_index, pod) in api.pods.iter().enumerate() {
            let here = pod.node.as_deref() == Some(instance) && !pod.phase.is_over();
            if here && most.is_none_or(|(_, _, memory)| pod.demand.memory_bytes > memory) {
                most = Some((api_index, pod_index, pod.demand.memory_bytes));
            }
        }
    }
    let Some((api, pod, memory)) = most else { return };
    let Some(api) = cluster.apis.get_mut(api) else { return };
    let Some(pod) = api.pods.get_mut(pod) else { return };
    let container = api.versions.first().and_then(|version| version.containers.first()).map_or("api", |container| container.name.as_str());
    let (used, asked) = (memory / 1_024 * 13 / 10, memory / 1_024);
    let message = format!(
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 62348Ki. Container {container} was using {used}Ki, \
         request is {asked}Ki, has larger consumption of memory. "
    );
    let about = About::new("Pod", &api.namespace, &pod.name);
    pod.phase = PodPhase::Evicted;
    pod.evicted_because = Some(message.clone());
    pod.disrupted = Some(("TerminationByKubelet", message.clone(), now));
    cluster.control.journal.warn(now, "kubelet", &about, "Evicted", message);
}
