//! All objects of one cluster that are known at the moment. A kind that may not be listed, or that
//! the server does not have, is an empty store.

use super::object::Store;
use super::objects::{
    Autoscaler, ConfigMap, DaemonSet, Deployment, DisruptionBudget, Ec2NodeClass, Event, InferenceService, LeaderWorkerSet, LimitRange,
    Namespace, Node, NodeClaim, NodePool, Pod, RayCluster, RayService, ReplicaSet, ResourceQuota, Revision, ScaledObject, StatefulSet,
    StorageClass, Volume, VolumeClaim,
};

/// The newest version of every object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stores {
    /// Pods.
    pub pods: Store<Pod>,
    /// Nodes.
    pub nodes: Store<Node>,
    /// Events.
    pub events: Store<Event>,
    /// Namespaces.
    pub namespaces: Store<Namespace>,
    /// Deployments.
    pub deployments: Store<Deployment>,
    /// Their revisions.
    pub replica_sets: Store<ReplicaSet>,
    /// `StatefulSets`.
    pub stateful_sets: Store<StatefulSet>,
    /// `DaemonSets`.
    pub daemon_sets: Store<DaemonSet>,
    /// `HorizontalPodAutoscalers`.
    pub autoscalers: Store<Autoscaler>,
    /// `PodDisruptionBudgets`.
    pub budgets: Store<DisruptionBudget>,
    /// `PersistentVolumeClaims`.
    pub claims: Store<VolumeClaim>,
    /// `PersistentVolumes`.
    pub volumes: Store<Volume>,
    /// `StorageClasses`.
    pub storage_classes: Store<StorageClass>,
    /// `ResourceQuotas`.
    pub quotas: Store<ResourceQuota>,
    /// `LimitRanges`.
    pub limit_ranges: Store<LimitRange>,
    /// `ConfigMaps`: only the autoscaler's report is of use ([`super::objects::AUTOSCALER_STATUS`]).
    pub config_maps: Store<ConfigMap>,
    /// `KServe`.
    pub inference_services: Store<InferenceService>,
    /// Knative.
    pub revisions: Store<Revision>,
    /// `KubeRay` services.
    pub ray_services: Store<RayService>,
    /// `KubeRay` clusters.
    pub ray_clusters: Store<RayCluster>,
    /// `LeaderWorkerSets`.
    pub leader_worker_sets: Store<LeaderWorkerSet>,
    /// KEDA.
    pub scaled_objects: Store<ScaledObject>,
    /// Karpenter's pools.
    pub node_pools: Store<NodePool>,
    /// Karpenter's machines.
    pub node_claims: Store<NodeClaim>,
    /// Karpenter's templates.
    pub node_classes: Store<Ec2NodeClass>,
}
