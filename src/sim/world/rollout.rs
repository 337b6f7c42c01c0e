//! The Deployment controller: replaces old replicas by new ones within surge and unavailable.

use std::collections::BTreeMap;

use super::admission::{Admission, usage};
use super::clock::Moment;
use super::cluster::Cluster;
use super::journal::About;
use super::minting;
use super::silent;
use super::workload::{Api, ApiKind, Pod, PodPhase, Version};

/// Who says what of Deployments, and of their replica sets.
const CONTROLLER: &str = "deployment-controller";
const SETS: &str = "replicaset-controller";
/// Story seconds that a pod takes to go.
const GRACE: i64 = 25;

pub(crate) fn step(cluster: &mut Cluster, now: Moment) {
    // Nobody says of a pod on a silent machine that it has ended.
    let silent = silent::instances(cluster);
    for api in &mut cluster.apis {
        let hangs = |pod: &Pod| pod.node.as_ref().is_some_and(|node| silent.contains(node));
        api.pods.retain(|pod| hangs(pod) || pod.deleted_at.is_none_or(|at| now - at < GRACE));
    }
    let used = if cluster.control.quotas.is_empty() { BTreeMap::new() } else { usage(cluster) };
    let Cluster { apis, control, .. } = cluster;
    let mut admission = Admission::new(control, used, now);
    for api in apis.iter_mut().filter(|api| api.kind.is_deployment()) {
        roll(api, &mut admission, now);
    }
}

/// What one pass of the controller does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Plan {
    create: u32,
    delete_old: u32,
    delete_new: u32,
}

/// Replicas by what matters to the controller.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    new: u32,
    new_ready: u32,
    old: u32,
    old_ready: u32,
}

/// The controller's arithmetic. Source: the rolling update of the Kubernetes Deployment controller.
fn plan(standing: Standing, desired: u32, surge: u32, unavailable: u32) -> Plan {
    let Standing { new, new_ready, old, old_ready } = standing;
    let total = new + old;
    let create = desired.saturating_sub(new).min((desired + surge).saturating_sub(total));
    let least = desired.saturating_sub(unavailable);
    // Old replicas that are not ready serve nobody: they go first, as far as the new ones that are
    // not ready yet leave room.
    let room = total.saturating_sub(least + (new - new_ready));
    let broken = (old - old_ready).min(room);
    let spare = (new_ready + old_ready).saturating_sub(least).min(old_ready).min(room - broken);
    Plan { create, delete_old: broken + spare, delete_new: new.saturating_sub(desired) }
}

fn roll(api: &mut Api, admission: &mut Admission<'_>, now: Moment) {
    let Some(version) = api.versions.first() else { return };
    let mut standing = Standing::default();
    for pod in api.replicas() {
        let ready = u32::from(pod.phase == PodPhase::Ready);
        if pod.pod_id == version.pod_id {
            standing.new += 1;
            standing.new_ready += ready;
        } else {
            standing.old += 1;
            standing.old_ready += ready;
        }
    }
    let (surge, unavailable) = version.strategy.resolve(api.desired);
    let plan = plan(standing, api.desired, surge, unavailable);
    if plan == Plan::default() {
        if standing.old == 0 && standing.new_ready == api.desired {
            api.completed = Some(version.pod_id.clone());
        }
        return;
    }
    let version = version.clone();
    let set = About::new("ReplicaSet", &api.namespace, &api.replica_set(&version));
    let deployment = About::new("Deployment", &api.namespace, &api.object_name());
    let tried = api.next_try <= now;
    if plan.create > 0 && api.refused.is_none() {
        let message = format!("Scaled up replica set {} to {}", set.name, standing.new + plan.create);
        admission.journal.normal(now, CONTROLLER, &deployment, "ScalingReplicaSet", message);
    }
    for count in 0..plan.create {
        let pod = new_pod(api, &version, None, now, count);
        if !tried || !admission.admit(api, pod, &set, SETS) {
            break;
        }
    }
    let dismissed = [dismiss(api, &version, false, plan.delete_old, now), dismiss(api, &version, true, plan.delete_new, now)];
    for (name, pod_id) in dismissed.into_iter().flatten() {
        let Some(version) = api.versions.iter().find(|version| version.pod_id == pod_id) else { continue };
        let set = About::new("ReplicaSet", &api.namespace, &api.replica_set(version));
        admission.journal.normal(now, SETS, &set, "SuccessfulDelete", format!("Deleted pod: {name}"));
        let left = api.replicas().filter(|pod| pod.pod_id == pod_id).count();
        let message = format!("Scaled down replica set {} to {left}", set.name);
        admission.journal.normal(now, CONTROLLER, &deployment, "ScalingReplicaSet", message);
    }
}

/// Tells pods of the current or of older versions to go: those that are least ready first.
/// Their names and versions.
fn dismiss(api: &mut Api, version: &Version, current: bool, count: u32, now: Moment) -> Vec<(String, String)> {
    let mut candidates: Vec<&mut Pod> = api
        .pods
        .iter_mut()
        .filter(|pod| pod.job.is_none() && pod.phase != PodPhase::Terminating && (pod.pod_id == version.pod_id) == current)
        .collect();
    candidates.sort_by_key(|pod| (pod.phase == PodPhase::Ready, pod.node.is_some(), std::cmp::Reverse(pod.created_at)));
    let mut dismissed = Vec::new();
    for pod in candidates.into_iter().take(count as usize) {
        pod.dismiss(now);
        dismissed.push((pod.name.clone(), pod.pod_id.clone()));
    }
    dismissed
}

impl Pod {
    /// Tells it to go. A pod that was never placed is gone at once.
    pub(crate) fn dismiss(&mut self, now: Moment) {
        self.deleted_at = Some(if self.node.is_some() { now } else { now - GRACE });
        self.phase = PodPhase::Terminating;
    }
}

impl Api {
    /// Kubernetes' name of the object that carries it out.
    pub fn object_name(&self) -> String {
        match self.kind {
            ApiKind::InferenceService => format!("{}-predictor", self.name),
            kind if kind.is_of_cortex() => format!("api-{}", self.name),
            _ => self.name.clone(),
        }
    }

    /// The name of the set of replicas of a version.
    pub fn replica_set(&self, version: &Version) -> String {
        format!("{}-{}", self.object_name(), template_hash(version))
    }
}

/// The label by which a Deployment tells versions apart.
pub fn template_hash(version: &Version) -> String {
    minting::letters(&version.pod_id, "bcdfghjklmnpqrstvwxz2456789", 10)
}

/// A pod that waits for a place.
pub(crate) fn new_pod(api: &Api, version: &Version, job: Option<u64>, now: Moment, count: u32) -> Pod {
    let label = format!("{}/{}/{now}/{count}/{job:?}", api.name, version.pod_id);
    let suffix = minting::letters(&label, "bcdfghjklmnpqrstvwxz2456789", 5);
    Pod {
        name: format!("{}-{suffix}", api.replica_set(version)),
        labels: BTreeMap::new(),
        spec_id: version.spec_id.clone(),
        pod_id: version.pod_id.clone(),
        job,
        demand: version.demand(api.kind),
        phase: PodPhase::Pending,
        node: None,
        created_at: now,
        tried_at: None,
        unplaced_because: None,
        evicted_because: None,
        disrupted: None,
        scheduled_at: None,
        started_at: None,
        ready_at: None,
        unready_at: None,
        deleted_at: None,
        restarts: 0,
        log: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_replica_at_the_defaults_wants_one_extra_and_keeps_the_old() {
        let standing = Standing { new: 0, new_ready: 0, old: 1, old_ready: 1 };
        assert_eq!(plan(standing, 1, 1, 0), Plan { create: 1, delete_old: 0, delete_new: 0 });
        let waiting = Standing { new: 1, ..standing };
        assert_eq!(plan(waiting, 1, 1, 0), Plan::default(), "waits for ever");
        let ready = Standing { new_ready: 1, ..waiting };
        assert_eq!(plan(ready, 1, 1, 0), Plan { delete_old: 1, ..Plan::default() });
    }

    #[test]
    fn without_surge_the_old_one_goes_first() {
        let standing = Standing { new: 0, new_ready: 0, old: 1, old_ready: 1 };
        assert_eq!(plan(standing, 1, 0, 1), Plan { delete_old: 1, ..Plan::default() });
    }

    /// One GPU a replica and none spare: which sizes stick (`true`) at the defaults of 25 %.
    #[test]
    fn only_one_to_three_replicas_stick_without_a_spare_slot() {
        for (desired, surge, unavailable, sticks) in
            [(1, 1, 0, true), (2, 1, 0, true), (3, 1, 0, true), (4, 1, 1, false), (5, 2, 1, false), (8, 2, 2, false)]
        {
            let mut standing = Standing { old: desired, old_ready: desired, ..Standing::default() };
            for _ in 0..100 {
                let next = plan(standing, desired, surge, unavailable);
                standing.new += next.create;
                let broken = (standing.old - standing.old_ready).min(next.delete_old);
                standing.old -= next.delete_old;
                standing.old_ready -= next.delete_old - broken;
                let slots = desired - standing.old;
                standing.new_ready = standing.new.min(slots);
            }
            assert_eq!(standing.new_ready < desired, sticks, "{desired} replicas");
        }
    }
}
