//! How the auto scaling groups of a Cortex cluster look to AWS. Data only.
//!
//! Facts: eksctl's tags, Cortex's own tag on every resource, its group names since 0.31, and that
//! it switches off rebalancing between zones on workers on purpose.

use crate::source::aws::{GroupSelector, WorkerPrefix};

/// The groups of a Cortex cluster.
pub const GROUPS: GroupSelector = GroupSelector {
    cluster_tags: &["cortex.dev/cluster-name", "alpha.eksctl.io/cluster-name"],
    node_group_tags: &["alpha.eksctl.io/nodegroup-name", "eksctl.io/v1alpha2/nodegroup-name"],
    worker_prefixes: &[
        WorkerPrefix { prefix: "cx-wd-", spot: false },
        WorkerPrefix { prefix: "cx-ws-", spot: true },
        // Up to 0.30 there were two: `on-demand` and `spot`; the latter has a mixed instances policy.
        WorkerPrefix { prefix: "ng-cortex-worker-", spot: false },
    ],
    normal_suspensions: &["AZRebalance"],
};
