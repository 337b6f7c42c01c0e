//! What a cluster of the world looks like as Kubernetes objects: pure, from the world's state at
//! one moment to JSON values, with the fields a real API server fills. Who serves them gives them
//! resource versions; nothing here knows of requests.

mod autoscaler;
mod autoscaler_yaml;
mod containers;
mod daemon_sets;
mod daemons;
mod deployments;
mod events;
mod karpenter;
mod limits;
mod nodes;
mod object;
mod pods;
mod serving;
mod sets;
mod templates;

use serde_json::Value;

use super::super::world::{Cluster, World};
use object::View;

/// Every object that a cluster has right now, each with `apiVersion`, `kind`, `metadata` (without a
/// resource version), `spec` and `status`. The same moment gives the same objects, with the same
/// uids, in the same order.
pub fn objects(world: &World, cluster: &Cluster) -> Vec<Value> {
    let view = View { world, cluster };
    let mut objects = Vec::new();
    objects.extend(nodes::namespaces(view));
    objects.extend(nodes::nodes(view));
    objects.extend(nodes::leases(view));
    objects.extend(deployments::deployments(view));
    objects.extend(sets::stateful_sets(view));
    objects.extend(serving::services(view));
    objects.extend(pods::pods(view));
    objects.extend(limits::limits(view));
    objects.extend(karpenter::objects(view));
    objects.extend(daemons::objects(view));
    objects.extend(autoscaler::status(view));
    objects.extend(events::events(view));
    objects
}
