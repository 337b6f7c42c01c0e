//! Objects as holdup keeps them: one type a kind, trimmed, read from whatever the server sent.
//!
//! Reading decides what depends on the one object alone (what a pod asks for, the word for its
//! state); nothing here knows a second object or the present.

mod amounts;
mod conditions;
mod container;
mod controller;
mod event;
mod karpenter;
mod namespace;
mod node;
mod place;
mod pod;
mod pod_state;
mod raw;
mod scaling;
mod selector;
mod serving;
mod storage;

pub use amounts::Amounts;
pub use controller::{DaemonSet, Deployment, ReplicaSet, Reported, StatefulSet};
pub use event::Event;
pub use karpenter::{Ec2NodeClass, NodeClaim, NodePool};
pub use namespace::{AUTOSCALER_STATUS, ConfigMap, LimitRange, Namespace, ResourceQuota, SizeRule};
pub use node::Node;
pub use pod::{Pod, Template};
pub use scaling::{Autoscaler, DisruptionBudget, ScaledObject, Target};
pub use selector::Selector;
pub use serving::{InferenceService, LeaderWorkerSet, RayCluster, RayService, Revision};
pub use storage::{StorageClass, Volume, VolumeClaim};
