//! Which kinds are kept, where, and which views they change. Data only.

use crate::source::kubernetes::object::{Kind, Object, Store};
use crate::source::kubernetes::objects as is;
use crate::source::kubernetes::stores::Stores;

/// Group and plural of everything that is read, for the rights it takes.
pub fn read_kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    KINDS.iter().map(|kind| (kind.group, kind.plural))
}

/// A view that is made from the stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feed {
    /// Workloads, rollouts, replicas and what limits them.
    Workloads,
    /// Nodes and what adds them.
    Nodes,
    /// Events.
    Events,
}

/// A kind that is kept.
pub trait Kept: Object {
    /// The views that it changes, the one that tells what is wrong with it first.
    const FEEDS: &'static [Feed];
    /// Its place.
    fn store(stores: &mut Stores) -> &mut Store<Self>;
}

const WORKLOADS: &[Feed] = &[Feed::Workloads];
const NODES: &[Feed] = &[Feed::Nodes];
const BOTH: &[Feed] = &[Feed::Workloads, Feed::Nodes];
const NODES_FIRST: &[Feed] = &[Feed::Nodes, Feed::Workloads];
const EVENTS: &[Feed] = &[Feed::Events];

macro_rules! kept {
    ($($kind:ident $field:ident $feeds:ident;)*) => {
        $(impl Kept for is::$kind {
            const FEEDS: &'static [Feed] = $feeds;

            fn store(stores: &mut Stores) -> &mut Store<Self> {
                &mut stores.$field
            }
        })*

        /// All kinds, those that matter most first.
        pub(super) const KINDS: &[Kind] = &[$(<is::$kind as Object>::KIND),*];

        /// Calls a macro with every kept type, in the same order.
        macro_rules! for_each_kind {
            ($call:ident) => { $($call!($kind);)* };
        }
        pub(super) use for_each_kind;
    };
}

kept! {
    Pod pods BOTH;
    Node nodes NODES_FIRST;
    Deployment deployments WORKLOADS;
    ReplicaSet replica_sets WORKLOADS;
    Event events EVENTS;
    StatefulSet stateful_sets WORKLOADS;
    InferenceService inference_services WORKLOADS;
    Revision revisions WORKLOADS;
    RayService ray_services WORKLOADS;
    RayCluster ray_clusters WORKLOADS;
    LeaderWorkerSet leader_worker_sets WORKLOADS;
    Autoscaler autoscalers WORKLOADS;
    ScaledObject scaled_objects WORKLOADS;
    VolumeClaim claims WORKLOADS;
    Volume volumes WORKLOADS;
    StorageClass storage_classes WORKLOADS;
    DisruptionBudget budgets WORKLOADS;
    ResourceQuota quotas WORKLOADS;
    LimitRange limit_ranges WORKLOADS;
    Namespace namespaces WORKLOADS;
    DaemonSet daemon_sets BOTH;
    ConfigMap config_maps NODES;
    NodePool node_pools NODES;
    NodeClaim node_claims NODES;
    Ec2NodeClass node_classes NODES;
}
