//! What lies beneath a Cortex cluster: how its autoscaling groups are told from others. Data only.
//!
//! Source: eksctl's and `CloudFormation`'s tags, and the node group names of Cortex 0.31 and later.

use crate::source::aws::{GroupSelector, WorkerPrefix};

/// How Cortex and eksctl name and tag groups.
pub const GROUPS: GroupSelector = GroupSelector {
    cluster_tags: &["cortex.dev/cluster-name", "alpha.eksctl.io/cluster-name"],
    node_group_tags: &["alpha.eksctl.io/nodegroup-name", "eksctl.io/v1alpha2/nodegroup-name"],
    worker_prefixes: &[
        WorkerPrefix { prefix: "cx-wd-", spot: false },
        WorkerPrefix { prefix: "cx-ws-", spot: true },
        // Up to 0.30 there was one group of each kind.
        WorkerPrefix { prefix: "ng-cortex-worker-on-", spot: false },
        WorkerPrefix { prefix: "ng-cortex-worker-", spot: true },
    ],
    // Cortex switches it off on its workers, so that machines at work are not moved.
    normal_suspensions: &["AZRebalance"],
};
