//! Controllers as rollouts: their own numbers and the revisions they move between.

use std::collections::BTreeMap;

use super::Settings;
use super::belonging::{Belonging, Root, revision_number};
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::replica::Replica;
use crate::domain::rollout::{Revision, Rollout};
use crate::domain::text::Text;
use crate::domain::workload::{Amount, UpdateStrategy};
use crate::source::kubernetes::object::Meta;
use crate::source::kubernetes::objects::{Deployment, ReplicaSet, StatefulSet};
use crate::source::kubernetes::stores::Stores;

/// Revisions of one rollout that are kept: nobody moves between more.
const REVISIONS: usize = 10;

/// The key of a controller object.
pub fn rollout_key(settings: &Settings, kind: &str, meta: &Meta) -> ResourceKey {
    ResourceKey::new(&settings.context, ResourceKind::Rollout, format!("{kind} {}", meta.path()))
}

/// Replicas by workload.
pub type ByWorkload<'r> = BTreeMap<&'r ResourceKey, Vec<&'r Replica>>;

/// Groups replicas by workload.
pub fn by_workload(replicas: &[Replica]) -> ByWorkload<'_> {
    let mut groups = ByWorkload::new();
    for replica in replicas {
        if let Some(workload) = &replica.workload {
            groups.entry(workload).or_default().push(replica);
        }
    }
    groups
}

/// Rollouts of Deployments and `StatefulSets` whose workload is shown.
pub fn controllers(stores: &Stores, settings: &Settings, belonging: &Belonging<'_>, replicas: &ByWorkload<'_>) -> Vec<Rollout> {
    let mut rollouts = Vec::new();
    for deployment in stores.deployments.values() {
        if let Some(workload) = belonging.workload_of(Root::Deployment, &deployment.meta) {
            rollouts.push(of_deployment(deployment, workload, settings, belonging));
        }
    }
    for set in stores.stateful_sets.values() {
        if let Some(workload) = belonging.workload_of(Root::StatefulSet, &set.meta)
            && set.meta.label("leaderworkerset.sigs.k8s.io/name").is_none()
            && set.meta.owner("LeaderWorkerSet").is_none()
        {
            let own = replicas.get(&workload).map(Vec::as_slice).unwrap_or_default();
            rollouts.push(of_stateful_set(set, workload.clone(), settings, own));
        }
    }
    rollouts
}

/// The rollout of a Deployment.
pub fn of_deployment(deployment: &Deployment, workload: ResourceKey, settings: &Settings, belonging: &Belonging<'_>) -> Rollout {
    let reported = deployment.reported;
    let desired = deployment.desired;
    let (surge, max_unavailable) = deployment.strategy.map_or((0, desired), |strategy| strategy.resolve(desired));
    let sets = belonging.revisions(&deployment.meta.namespace, &deployment.meta.name);
    Rollout {
        key: rollout_key(settings, "Deployment", &deployment.meta),
        workload,
        generation: deployment.meta.generation,
        observed_generation: reported.generation,
        paused: deployment.paused,
        desired,
        updated: reported.updated,
        ready: reported.ready,
        available: reported.available,
        unavailable: desired.saturating_sub(reported.available),
        surge,
        max_unavailable,
        progress_deadline: deployment.progress_deadline,
        conditions: deployment.conditions.clone(),
        revisions: sets.iter().enumerate().filter_map(|(index, set)| revision(set, index == 0)).take(REVISIONS).collect(),
    }
}

/// A revision, if it has or wants replicas or is the current one.
fn revision(set: &ReplicaSet, is_current: bool) -> Option<Revision> {
    (is_current || set.desired > 0 || set.reported.replicas > 0).then(|| Revision {
        name: set.meta.name.clone(),
        number: revision_number(&set.meta),
        is_current,
        desired: set.desired,
        existing: set.reported.replicas,
        ready: set.reported.ready,
        images: set.images.clone(),
        created_at: set.meta.created_at,
        conditions: set.conditions.clone(),
    })
}

fn of_stateful_set(set: &StatefulSet, workload: ResourceKey, settings: &Settings, own: &[&Replica]) -> Rollout {
    let (reported, desired) = (set.reported, set.desired);
    let strategy = UpdateStrategy { max_surge: Amount::Count(0), max_unavailable: set.max_unavailable.unwrap_or(Amount::Count(1)) };
    let (surge, max_unavailable) = strategy.resolve(desired);
    let of = |name: &Text, is_current: bool, wanted: u32| {
        let pods = || own.iter().filter(|replica| replica.version == *name);
        let mut images: Vec<Text> =
            pods().flat_map(|replica| replica.containers.iter().filter(|part| !part.init)).map(|part| part.image.clone()).collect();
        images.sort();
        images.dedup();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Revision {
            name: name.clone(),
            number: None,
            is_current,
            desired: wanted,
            existing: count(pods().count()),
            ready: count(pods().filter(|replica| replica.ready).count()),
            images: if is_current { set.template.images.clone() } else { images },
            created_at: pods().filter_map(|replica| replica.created_at).min(),
            conditions: Vec::new(),
        }
    };
    let kept = set.partition.min(desired);
    let mut revisions = vec![of(&set.update_revision, true, desired - kept)];
    if set.current_revision != set.update_revision {
        revisions.push(of(&set.current_revision, false, kept));
    }
    Rollout {
        key: rollout_key(settings, "StatefulSet", &set.meta),
        generation: set.meta.generation,
        observed_generation: reported.generation,
        paused: set.on_delete,
        desired,
        // With nothing to update to, the server reports none as updated.
        updated: if set.current_revision == set.update_revision { reported.replicas } else { reported.updated },
        ready: reported.ready,
        available: reported.available.max(if reported.available == 0 { reported.ready } else { 0 }),
        unavailable: desired.saturating_sub(reported.ready),
        surge,
        max_unavailable,
        progress_deadline: None,
        conditions: set.conditions.clone(),
        revisions: revisions.into_iter().filter(|revision| !revision.name.is_empty()).collect(),
        workload,
    }
}
