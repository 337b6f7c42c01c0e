//! Machines that are Ready no more: their pods answer nobody, and after five minutes they are given
//! up. They are not gone, though: their node agent would have to say so.

use std::collections::BTreeSet;

use super::clock::Moment;
use super::cluster::Cluster;
use super::incidents::Incident;
use super::journal::About;
use super::workload::PodPhase;

/// Story seconds that pods tolerate a node that is not Ready.
const TOLERATED: i64 = 300;

/// What the node agent says while its container runtime does not answer.
pub const RUNTIME_HANGS: &str = "PLEG is not healthy: pleg was last seen active 4m12.204711928s ago; threshold is 3m0s";

/// What the node controller says of a node that it hears nothing of.
pub const UNHEARD: &str = "Kubelet stopped posting node status.";

/// Machines that do nothing they are told, by instance id.
pub(crate) fn instances(cluster: &Cluster) -> BTreeSet<String> {
    cluster.nodes.iter().filter(|node| node.is_silent()).map(|node| node.instance_id.clone()).collect()
}

/// What follows for the pods of a machine that is silent since a moment.
pub(crate) fn step(cluster: &mut Cluster, instance: &str, since: Moment, now: Moment) {
    if now == since + 1 {
        each_pod(cluster, instance, |cluster, about, api, pod| {
            let journal = &mut cluster.control.journal;
            journal.warn(now, "node-controller", about, "NodeNotReady", "Node is not ready".to_owned());
            if let Some(pod) = cluster.apis.get_mut(api).and_then(|api| api.pods.get_mut(pod))
                && pod.phase == PodPhase::Ready
            {
                pod.phase = PodPhase::NotReady;
                pod.unready_at = Some(now);
            }
        });
    }
    if now == since + TOLERATED {
        each_pod(cluster, instance, |cluster, about, api, pod| {
            let message = format!("Marking for deletion Pod {}/{}", about.namespace, about.name);
            cluster.control.journal.normal(now, "taint-eviction-controller", about, "TaintManagerEviction", message);
            if let Some(pod) = cluster.apis.get_mut(api).and_then(|api| api.pods.get_mut(pod)) {
                let message = "Taint manager: deleting due to NoExecute taint".to_owned();
                pod.disrupted = Some(("DeletionByTaintManager", message, now));
                pod.dismiss(now);
            }
        });
    }
}

/// All pods of a machine that are not on their way out yet.
fn each_pod(cluster: &mut Cluster, instance: &str, mut act: impl FnMut(&mut Cluster, &About, usize, usize)) {
    let mut here = Vec::new();
    for (index, api) in cluster.apis.iter().enumerate() {
        for (place, pod) in api.pods.iter().enumerate() {
            let stays = !pod.phase.is_over() && pod.phase != PodPhase::Terminating;
            if stays && pod.node.as_deref() == Some(instance) {
                here.push((Cluster::about_pod(api, pod), index, place));
            }
        }
    }
    for (about, api, pod) in here {
        act(cluster, &about, api, pod);
    }
}

impl Incident {
    /// Whether a node with it is not Ready.
    pub fn silences(self) -> bool {
        matches!(self, Self::NotReady | Self::Unreachable)
    }
}
