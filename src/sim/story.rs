//! What happens in a story: deploys, jobs, changes of size, at their moments.

use super::world::{Incident, Moment, PodPhase, Version, World, incidents, jobs};

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    /// When.
    pub at: Moment,
    /// Index of the cluster.
    pub cluster: usize,
    /// Name of the API.
    pub api: String,
    /// What happens to it.
    pub action: Action,
}

/// What happens to an API.
#[derive(Clone, Debug)]
pub enum Action {
    /// A new version is deployed.
    Deploy(Box<Version>),
    /// The replica autoscaler asks for another number of replicas.
    Scale(u32),
    /// Something goes wrong in the cluster.
    Incident {
        /// What.
        kind: Incident,
        /// The group one of whose machines is hit.
        group: String,
    },
    /// A job is submitted.
    Submit {
        /// Workers.
        workers: u32,
        /// Batches, zero for a task.
        batches: u32,
        /// Seconds of work for one worker in all.
        seconds: i64,
    },
}

impl Event {
    /// Lets it happen.
    pub(crate) fn apply(self, world: &mut World) {
        let now = self.at;
        let Some(cluster) = world.clusters.get_mut(self.cluster) else { return };
        if let Action::Incident { kind, group } = &self.action {
            incidents::strike(cluster, *kind, group, now);
            return;
        }
        let Some(api) = cluster.apis.iter_mut().find(|api| api.name == self.api) else { return };
        match self.action {
            Action::Incident { .. } => {}
            Action::Scale(replicas) => api.desired = replicas,
            Action::Submit { workers, batches, seconds } => jobs::submit(api, workers, batches, seconds, now),
            Action::Deploy(version) => {
                api.desired = api.desired.clamp(version.min_replicas, version.max_replicas);
                // Without one ready replica Cortex deletes the Deployment and makes it anew.
                let serves = !api.kind.is_of_cortex() || api.pods.iter().any(|pod| pod.phase == PodPhase::Ready);
                for pod in api.pods.iter_mut().filter(|pod| !serves && pod.job.is_none()) {
                    pod.phase = PodPhase::Terminating;
                    pod.deleted_at = Some(now);
                }
                api.versions.insert(0, *version);
                api.versions.truncate(10);
            }
        }
    }
}
