//! What can be wrong with what: the questions that rules answer.
//!
//! A condition has a rank, from the rollout a person looks at down to the account's limits. A rule
//! explains one condition and may only ask on at a higher rank, so every chain ends.

use crate::domain::id::ResourceKey;

/// Something that is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// A workload does not reach what was asked for.
    RolloutUnfinished,
    /// A job does not get its workers.
    JobWaiting,
    /// A router sends traffic where nobody answers.
    RouteEmpty,
    /// A replica has no place to run.
    ReplicaUnplaced,
    /// A replica dies.
    ReplicaDies,
    /// Replicas were taken away, or do not go away.
    ReplicaLost,
    /// The controller does not carry the update out.
    RolloutBlocked,
    /// The platform itself says what is wrong.
    PlatformSays,
    /// The machines there are do not take the replica.
    NodesRefuse,
    /// The image of a replica does not arrive.
    ImageMissing,
    /// A replica has a node and its containers are not made.
    StartBlocked,
    /// A replica runs and never answers its probe.
    ProbeFails,
    /// The target of a route has nobody to answer.
    TargetSilent,
    /// A machine is not as it should be.
    NodeSick,
    /// A node group does not bring the machine that is needed.
    GroupFixed,
    /// Nothing adds a machine for a replica.
    NoMachineComes,
    /// An object of the namespace keeps a replica from being made or placed.
    ClaimPending,
    /// A log says why its program ended or does not answer.
    LogTells,
    /// A replica beneath a platform breaks, and the cluster says why.
    ReplicaTells,
    /// The account refuses what a pool or an autoscaler asks it for.
    PurchaseRefused,
    /// A part of the cluster could not be read.
    ClusterUnread,
    /// The provider refuses a machine to a node group.
    LaunchRefused,
}

impl Condition {
    /// All conditions.
    pub const ALL: [Self; 22] = [
        Self::RolloutUnfinished,
        Self::JobWaiting,
        Self::RouteEmpty,
        Self::ReplicaUnplaced,
        Self::ReplicaDies,
        Self::ReplicaLost,
        Self::RolloutBlocked,
        Self::PlatformSays,
        Self::NodesRefuse,
        Self::ImageMissing,
        Self::StartBlocked,
        Self::ProbeFails,
        Self::TargetSilent,
        Self::NodeSick,
        Self::GroupFixed,
        Self::NoMachineComes,
        Self::ClaimPending,
        Self::LogTells,
        Self::ReplicaTells,
        Self::LaunchRefused,
        Self::PurchaseRefused,
        Self::ClusterUnread,
    ];

    /// How deep it lies: 0 rollout, 1 replica, 2 node, image, probe, route, 3 group, 4 quota,
    /// provider and permission.
    pub const fn rank(self) -> u8 {
        match self {
            Self::RolloutUnfinished | Self::JobWaiting | Self::RouteEmpty => 0,
            Self::ReplicaUnplaced | Self::ReplicaDies | Self::ReplicaLost | Self::RolloutBlocked | Self::PlatformSays => 1,
            Self::NodesRefuse | Self::ImageMissing | Self::StartBlocked | Self::ProbeFails | Self::TargetSilent => 2,
            Self::NodeSick | Self::GroupFixed | Self::NoMachineComes | Self::ClaimPending | Self::LogTells | Self::ReplicaTells => 3,
            Self::LaunchRefused | Self::PurchaseRefused | Self::ClusterUnread => 4,
        }
    }
}

/// A condition of one resource: what the engine is asked, and its memory's key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symptom {
    /// What is wrong.
    pub condition: Condition,
    /// With what.
    pub of: ResourceKey,
}

impl Symptom {
    /// A symptom from its parts.
    pub fn new(condition: Condition, of: &ResourceKey) -> Self {
        Self { condition, of: of.clone() }
    }
}
