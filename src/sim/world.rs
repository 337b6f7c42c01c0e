//! The world model: clusters, node groups, quotas, a scheduler, rollouts, a clock.
//!
//! [`SharedWorld`] is what the servers hold. The world is told in story seconds ([`Moment`]) and
//! stepped one story second at a time, without randomness, so that two runs of a scenario are one
//! story. It knows nothing of bytes: how a service words what is here is the servers' business.

pub mod account;
pub mod admission;
pub mod autoscaler;
pub mod clock;
pub mod cluster;
pub mod control;
pub mod fleet;
pub mod history;
pub mod incidents;
pub mod jobs;
pub mod journal;
pub mod karpenter;
mod last_words;
pub mod launching;
pub mod machine;
pub mod minting;
pub mod permissions;
pub mod placement;
pub mod replicas;
pub mod rollout;
pub mod runs;
pub mod scheduler;
pub mod silent;
pub mod workload;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::now;
use crate::domain::time::Timestamp;

pub use account::{Account, AwsFaults, Faults, OperatorFault, Quota, QuotaRequest};
pub use admission::{LimitRange, NamespaceQuota, Webhook};
pub use clock::{Moment, StoryClock};
pub use cluster::{Capacity, Cluster, Dialect, Group, GroupRole, Node, Platform, Suspension};
pub use control::{Claim, ControlPlane};
pub use history::{Activity, ActivityStatus};
pub use incidents::{Incident, Trouble};
pub use journal::{About, Happening};
pub use karpenter::{NodeClaim, Pool};
pub use last_words::LastWords;
pub use machine::Machine;
pub use permissions::{Access, KubernetesFaults, Permission, Scope};
pub use placement::{Needs, Taint, Toleration};
pub use workload::{Api, ApiKind, Behaviour, Container, Job, JobStatus, LogLine, Pod, PodPhase, Scaler, Target, Version};

/// Story seconds that one look at the world may catch up; more is left for the next look.
const CATCH_UP: i64 = 24 * 3_600;

/// Everything that exists, at one moment of the story.
#[derive(Clone, Debug)]
pub struct World {
    /// Clusters, in the order of their ports.
    pub clusters: Vec<Cluster>,
    /// Azure workspaces, in the order of their ports.
    pub azure: Vec<super::scenario::AzureFile>,
    /// Ray clusters, in the order of their ports.
    pub ray: Vec<super::scenario::RayFile>,
    /// Projects of `ModelArts`, in the order of their ports.
    pub modelarts: Vec<super::scenario::ModelArtsFile>,
    /// Compute gateways, in the order of their ports.
    pub gateway: Vec<super::scenario::GatewayFile>,
    /// The AWS account beneath all of the clusters.
    pub account: Account,
    /// What is broken between a client and this world.
    pub faults: Faults,
    /// Story time against real time.
    pub clock: StoryClock,
    /// Up to where the story has been told.
    pub now: Moment,
    /// What is still to happen, the next first.
    pub(crate) events: Vec<crate::sim::story::Event>,
}

impl World {
    /// The real, never future stamp of a moment of the story: what every service shows.
    pub fn stamp(&self, moment: Moment) -> Timestamp {
        self.clock.stamp(moment)
    }

    /// The present as a real stamp.
    pub fn present(&self) -> Timestamp {
        self.stamp(self.now)
    }

    /// Tells the story up to a moment, one second at a time.
    pub fn advance(&mut self, until: Moment) {
        let until = until.min(self.now + CATCH_UP);
        while self.now < until {
            self.now += 1;
            self.step();
        }
    }

    fn step(&mut self) {
        self.happen();
        for cluster in &mut self.clusters {
            incidents::step(cluster, self.now);
            jobs::step(cluster, self.now);
            fleet::step(cluster, self.now);
            rollout::step(cluster, self.now);
            scheduler::step(cluster, self.now);
            replicas::step(cluster, self.now);
            autoscaler::step(cluster, self.now);
            cluster.control.journal.forget(self.now);
        }
        launching::step(&mut self.clusters, &self.account, self.now);
        karpenter::step(&mut self.clusters, &self.account, self.now);
    }

    /// Lets the events of this moment happen.
    fn happen(&mut self) {
        while self.events.first().is_some_and(|event| event.at <= self.now) {
            let event = self.events.remove(0);
            event.apply(self);
        }
    }

    /// vCPUs that count against a quota class (such as `G/OnDemand`) at a moment, in all clusters
    /// and elsewhere in the account.
    pub fn vcpus_in_use(&self, class: &str, at: Moment) -> u32 {
        launching::vcpus_in_use(&self.clusters, &self.account, class, at)
    }

    /// The sixteen hexadecimal digits with which Cortex begins the ids of versions and jobs made
    /// at a moment: 2⁶³−1 minus the nanoseconds since 1970, so that newer ids sort first.
    pub fn id_prefix(&self, moment: Moment) -> String {
        let nanos = i64::try_from(self.stamp(moment).as_nanosecond()).unwrap_or(i64::MAX);
        format!("{:016x}", i64::MAX - nanos)
    }

    /// The id of a version, as Cortex makes it: deploy time, deployment id (empty for jobs and
    /// splitters), specification id.
    pub fn api_id(&self, version: &Version) -> String {
        format!("{}-{}-{}", self.id_prefix(version.deployed_at), version.deployment_id, version.spec_id)
    }

    /// The id of a job, as Cortex makes it.
    pub fn job_id(&self, job: &Job) -> String {
        self.id_prefix(job.submitted_at)
    }
}

/// The world as the servers share it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SharedWorld(Arc<Mutex<World>>);

impl SharedWorld {
    /// Shares a world.
    pub fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    /// Brings the world to the present and lets the caller look at it. The guard must not be held
    /// over an `await`: build the answer, drop the guard, then send.
    pub fn now_view(&self) -> MutexGuard<'_, World> {
        let mut world = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = world.clock.moment(now());
        world.advance(until);
        world
    }
}
