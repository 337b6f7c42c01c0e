//! How a Cortex cluster looks to AWS and to Kubernetes. Data only.
//!
//! Facts: eksctl's tags, Cortex's own tag on every resource, its group names since 0.31, and that
//! it switches off rebalancing between zones on workers on purpose.

use crate::source::aws::{GroupSelector, WorkerPrefix};
use crate::source::kubernetes::{Adoption, GroupPrefix};

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

/// The objects of a Cortex cluster in Kubernetes.
pub const OBJECTS: Adoption = Adoption {
    namespace: "default",
    workload_label: "apiName",
    group_labels: &["alpha.eksctl.io/nodegroup-name", "eksctl.io/v1alpha2/nodegroup-name"],
    worker_prefixes: &[
        GroupPrefix { prefix: "cx-wd-", spot: false },
        GroupPrefix { prefix: "cx-ws-", spot: true },
        GroupPrefix { prefix: "ng-cortex-worker-", spot: false },
    ],
};
