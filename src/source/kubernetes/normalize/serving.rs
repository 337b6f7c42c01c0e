//! Workloads of operators: `KServe`'s `InferenceService`, `KubeRay`'s `RayService`, `LeaderWorkerSet`. Each
//! is one workload, whatever it makes.

use super::Settings;
use super::belonging::{Belonging, Root};
use super::rollout::{ByWorkload, rollout_key};
use super::workload::{Facts, Said, failing_since, has_old, is_unobserved, own, rollouts as rollouts_of, versions};
use crate::domain::condition::{StatusCondition, named};
use crate::domain::id::ResourceKey;
use crate::domain::replica::Replica;
use crate::domain::rollout::{Revision, Rollout};
use crate::domain::text::Text;
use crate::domain::workload::{ReplicaBounds, Version};
use crate::source::kubernetes::objects::{InferenceService, LeaderWorkerSet, RayCluster, RayService};
use crate::source::kubernetes::stores::Stores;

/// Revisions of one service that are kept.
const REVISIONS: usize = 10;

fn holds(conditions: &[StatusCondition], name: &str) -> Option<bool> {
    named(conditions, name).and_then(|condition| condition.holds)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Rollouts of the operators' own objects, beside those of the Deployments they make.
pub fn rollouts(
    stores: &Stores,
    settings: &Settings,
    belonging: &Belonging<'_>,
    replicas: &ByWorkload<'_>,
    made: &[Rollout],
) -> Vec<Rollout> {
    let mut rollouts = Vec::new();
    let of = |key: &ResourceKey| replicas.get(key).map(Vec::as_slice).unwrap_or_default();
    for service in stores.inference_services.values() {
        if let Some(workload) = belonging.workload_of(Root::InferenceService, &service.meta) {
            rollouts.push(inference_rollout(service, workload, settings, stores, made));
        }
    }
    for service in stores.ray_services.values() {
        if let Some(workload) = belonging.workload_of(Root::RayService, &service.meta) {
            let own = of(&workload);
            rollouts.push(ray_rollout(service, workload.clone(), settings, stores, own));
        }
    }
    for set in stores.leader_worker_sets.values() {
        if let Some(workload) = belonging.workload_of(Root::LeaderWorkerSet, &set.meta) {
            let own = of(&workload);
            rollouts.push(set_rollout(set, workload.clone(), settings, own));
        }
    }
    rollouts
}

/// The rollout of an `InferenceService`: the sum of the Deployments it made for its newest
/// revision, and Knative's revisions, which say why there are no pods at all.
fn inference_rollout(service: &InferenceService, workload: ResourceKey, settings: &Settings, stores: &Stores, made: &[Rollout]) -> Rollout {
    let parts: Vec<&Rollout> = made.iter().filter(|rollout| rollout.workload == workload).collect();
    let sum = |of: fn(&Rollout) -> u32| parts.iter().map(|part| of(part)).fold(0, u32::saturating_add);
    let own = stores.revisions.values().filter(|revision| {
        revision.meta.namespace == service.meta.namespace
            && revision.meta.label("serving.kserve.io/inferenceservice") == Some(&service.meta.name)
    });
    let mut revisions: Vec<Revision> = own
        .map(|revision| Revision {
            name: revision.meta.name.clone(),
            number: revision.meta.label("serving.knative.dev/configurationGeneration").and_then(|number| number.parse().ok()),
            is_current: revision.meta.name == service.latest_revision,
            desired: revision.desired,
            existing: revision.actual,
            ready: if holds(&revision.conditions, "Ready") == Some(true) { revision.actual } else { 0 },
            images: revision.images.clone(),
            created_at: revision.meta.created_at,
            conditions: revision.conditions.clone(),
        })
        .filter(|revision| revision.is_current || revision.desired > 0 || revision.existing > 0)
        .collect();
    revisions.sort_by_key(|revision| (!revision.is_current, std::cmp::Reverse(revision.number)));
    revisions.truncate(REVISIONS);
    Rollout {
        key: rollout_key(settings, "InferenceService", &service.meta),
        generation: service.meta.generation,
        observed_generation: service.observed_generation,
        paused: service.stopped,
        desired: sum(|part| part.desired),
        updated: sum(|part| part.updated),
        ready: sum(|part| part.ready),
        available: sum(|part| part.available),
        unavailable: sum(|part| part.unavailable),
        surge: sum(|part| part.surge),
        max_unavailable: sum(|part| part.max_unavailable),
        progress_deadline: parts.iter().filter_map(|part| part.progress_deadline).max(),
        conditions: service.conditions.clone(),
        revisions,
        workload,
    }
}

/// What an `InferenceService` says.
pub fn inference_service(facts: &Facts<'_>, service: &InferenceService, key: &ResourceKey) -> Said {
    let replicas = own(facts, key);
    let parts = rollouts_of(facts, key).iter().filter(|rollout| rollout.key.name.starts_with("Deployment "));
    let is_serverless = !service.latest_revision.is_empty();
    // Of Knative's Deployments, one a revision, only the newest counts.
    let parts: Vec<&&Rollout> =
        parts.filter(|part| !is_serverless || part.key.name.ends_with(&format!("/{}-deployment", service.latest_revision))).collect();
    let sum = |of: fn(&Rollout) -> u32| parts.iter().map(|part| of(part)).fold(0, u32::saturating_add);
    let is_ready = holds(&service.conditions, "Ready");
    let stuck = matches!(service.transition.as_str(), "BlockedByFailedLoad" | "InvalidSpec").then(|| service.transition.clone());
    let failed = |part: &&&Rollout| {
        let progressing = named(&part.conditions, "Progressing")?;
        (progressing.holds == Some(false)).then(|| progressing.reason.clone())
    };
    let moves = |part: &&&Rollout| named(&part.conditions, "Progressing").is_some_and(|it| it.reason != "NewReplicaSetAvailable");
    let wanted = if parts.is_empty() && !service.stopped && is_ready != Some(true) { service.min } else { 0 };
    let first = replicas.iter().filter(|replica| replica.is_current).filter_map(|replica| replica.created_at).min();
    let has_old = has_old(replicas) || is_serverless && service.latest_revision != service.ready_revision;
    let mut versions = versions(facts, key, None);
    for version in &mut versions {
        version.traffic = service.traffic.iter().find(|(name, _)| *name == version.id).map(|(_, percent)| *percent);
    }
    let began = versions.first().and_then(|version| version.deployed_at).or(first).or(service.meta.created_at);
    Said {
        desired: sum(|part| part.desired).max(wanted),
        updated: sum(|part| part.updated),
        ready: (sum(|part| part.ready.min(part.updated)), sum(|part| part.ready.saturating_sub(part.updated))),
        situation: super::status::Situation {
            deleting: service.meta.deleting_since.is_some(),
            unobserved: is_unobserved(&service.meta, service.observed_generation),
            paused: service.stopped,
            has_old,
            in_progress: parts.is_empty() && is_ready != Some(true) || parts.iter().any(moves),
            // It is complete only when it says so itself as well: the route comes last.
            unready: is_ready == Some(false) && !service.stopped,
            failed: stuck.or_else(|| parts.iter().find_map(failed)),
            began,
            short_since: failing_since(&service.conditions, "Ready"),
        },
        demand: demand_of(facts, key),
        bounds: (service.max > 0).then_some(ReplicaBounds { min: service.min, max: service.max }),
        versions,
        endpoint: service.url.clone(),
        ..Said::default()
    }
}

/// What the most demanding Deployment of a workload asks for each replica.
fn demand_of(facts: &Facts<'_>, key: &ResourceKey) -> crate::source::kubernetes::objects::Amounts {
    let own = facts.stores.deployments.values().filter(|it| facts.belonging.workload_of(Root::Deployment, &it.meta).as_ref() == Some(key));
    let demands = own.map(|deployment| &deployment.template.demand);
    demands.max_by_key(|demand| (demand.common.gpus + demand.common.neuron, demand.common.cpu_millis)).cloned().unwrap_or_default()
}

fn cluster<'s>(stores: &'s Stores, service: &RayService, name: &Text) -> Option<&'s RayCluster> {
    stores.ray_clusters.get(&(service.meta.namespace.clone(), name.clone())).map(AsRef::as_ref)
}

/// The cluster that is to serve: the pending one if there is any.
fn target(service: &RayService) -> &Text {
    if service.pending_cluster.is_empty() { &service.active_cluster } else { &service.pending_cluster }
}

/// The rollout of a `RayService`: its revisions are its clusters. It makes a second cluster beside
/// the first, so it needs room for all of it.
fn ray_rollout(service: &RayService, workload: ResourceKey, settings: &Settings, stores: &Stores, own: &[&Replica]) -> Rollout {
    let wanted = |cluster: &RayCluster| cluster.desired.saturating_add(1);
    let names = [&service.pending_cluster, &service.active_cluster];
    let clusters: Vec<&RayCluster> = names.into_iter().filter_map(|name| cluster(stores, service, name)).collect();
    let pods = |name: &Text| own.iter().filter(|replica| replica.version == *name).copied().collect::<Vec<_>>();
    let ready = |name: &Text| count(pods(name).iter().filter(|replica| replica.ready).count());
    let desired = cluster(stores, service, target(service)).map_or(0, wanted);
    let all_ready = count(own.iter().filter(|replica| replica.ready).count());
    let revisions = clusters.iter().map(|cluster| Revision {
        name: cluster.meta.name.clone(),
        number: None,
        is_current: cluster.meta.name == *target(service),
        desired: wanted(cluster),
        existing: count(pods(&cluster.meta.name).len()),
        ready: ready(&cluster.meta.name),
        images: cluster.images.clone(),
        created_at: cluster.meta.created_at,
        conditions: cluster.conditions.clone(),
    });
    Rollout {
        key: rollout_key(settings, "RayService", &service.meta),
        workload,
        generation: service.meta.generation,
        observed_generation: service.observed_generation,
        paused: false,
        desired,
        updated: count(pods(target(service)).len()),
        ready: all_ready,
        available: all_ready,
        unavailable: desired.saturating_sub(all_ready),
        surge: desired,
        max_unavailable: 0,
        progress_deadline: None,
        conditions: service.conditions.clone(),
        revisions: revisions.collect(),
    }
}

/// What a `RayService` says.
pub fn ray_service(facts: &Facts<'_>, service: &RayService, key: &ResourceKey) -> Said {
    let replicas = own(facts, key);
    let target = cluster(facts.stores, service, target(service));
    let desired = target.map_or(0, |cluster| cluster.desired.saturating_add(1));
    let ready = named(&service.conditions, "Ready");
    // Before KubeRay 1.3 there were no conditions, only a word.
    let is_ready = ready.map_or(service.service_status == "Running", |ready| ready.holds == Some(true));
    let refused = ready.filter(|ready| matches!(ready.reason.as_str(), "ValidationFailed" | "InitializingTimeout"));
    let broken = service.applications.iter().find(|(_, status, _)| matches!(status.as_str(), "DEPLOY_FAILED" | "UNHEALTHY"));
    let cluster_failed = target.filter(|cluster| cluster.state == "failed").map(|cluster| cluster.reason.clone());
    let upgrading = !service.pending_cluster.is_empty() || holds(&service.conditions, "UpgradeInProgress") == Some(true);
    let suspended = holds(&service.conditions, "Suspended") == Some(true);
    let mut versions: Vec<Version> = versions(facts, key, None);
    for version in &mut versions {
        let (active, pending) = service.traffic;
        version.traffic = if version.id == service.pending_cluster { pending } else { active };
    }
    let ready_in = |current: bool| count(replicas.iter().filter(|replica| replica.ready && replica.is_current == current).count());
    Said {
        desired: if suspended { 0 } else { desired },
        updated: count(replicas.iter().filter(|replica| replica.is_current).count()),
        ready: (ready_in(true), ready_in(false)),
        situation: super::status::Situation {
            deleting: service.meta.deleting_since.is_some(),
            unobserved: is_unobserved(&service.meta, service.observed_generation),
            has_old: upgrading && !service.active_cluster.is_empty(),
            in_progress: upgrading || !is_ready,
            unready: (!is_ready || upgrading) && !suspended,
            failed: refused.map(|ready| ready.reason.clone()).or_else(|| broken.map(|(_, status, _)| status.clone())).or(cluster_failed),
            began: versions.first().and_then(|version| version.deployed_at).or(service.meta.created_at),
            short_since: failing_since(&service.conditions, "Ready"),
            ..super::status::Situation::default()
        },
        demand: service.demand.clone(),
        bounds: target
            .filter(|cluster| cluster.max > 0)
            .map(|cluster| ReplicaBounds { min: cluster.min.saturating_add(1), max: cluster.max.saturating_add(1) }),
        versions,
        endpoint: Some(format!("http://{}-serve-svc.{}:8000", service.meta.name, service.meta.namespace).into()),
        ..Said::default()
    }
}

/// The rollout of a `LeaderWorkerSet`, its groups counted by their pods.
fn set_rollout(set: &LeaderWorkerSet, workload: ResourceKey, settings: &Settings, own: &[&Replica]) -> Rollout {
    let pods = |groups: u32| groups.saturating_mul(set.size);
    let (surge, max_unavailable) = set.strategy.resolve(set.desired);
    let mut names: Vec<(&Text, bool)> = own.iter().map(|replica| (&replica.version, replica.is_current)).collect();
    names.sort_by_key(|(name, is_current)| (!is_current, *name));
    names.dedup();
    let revision = |(name, is_current): (&Text, bool)| {
        let members: Vec<&&Replica> = own.iter().filter(|replica| replica.version == *name).collect();
        let old = pods(set.desired.saturating_sub(set.reported.updated));
        Revision {
            name: name.clone(),
            number: None,
            is_current,
            desired: if is_current { pods(set.desired) } else { old },
            existing: count(members.len()),
            ready: count(members.iter().filter(|replica| replica.ready).count()),
            images: if is_current { set.template.images.clone() } else { Vec::new() },
            created_at: members.iter().filter_map(|replica| replica.created_at).min(),
            conditions: Vec::new(),
        }
    };
    Rollout {
        key: rollout_key(settings, "LeaderWorkerSet", &set.meta),
        workload,
        generation: set.meta.generation,
        observed_generation: set.reported.generation,
        paused: false,
        desired: pods(set.desired),
        updated: pods(set.reported.updated),
        ready: pods(set.reported.ready),
        available: pods(set.reported.ready),
        unavailable: pods(set.desired.saturating_sub(set.reported.ready)),
        surge: pods(surge),
        max_unavailable: pods(max_unavailable),
        progress_deadline: None,
        conditions: set.conditions.clone(),
        revisions: names.into_iter().map(revision).take(REVISIONS).collect(),
    }
}

/// What a `LeaderWorkerSet` says; its replicas are pods, because pods are what finds a place or not.
pub fn leader_worker_set(facts: &Facts<'_>, set: &LeaderWorkerSet, key: &ResourceKey) -> Said {
    let replicas = own(facts, key);
    let pods = |groups: u32| groups.saturating_mul(set.size);
    let updating = holds(&set.conditions, "UpdateInProgress") == Some(true);
    let versions = versions(facts, key, None);
    Said {
        desired: pods(set.desired),
        updated: pods(set.reported.updated),
        ready: (pods(set.reported.ready.min(set.reported.updated)), pods(set.reported.ready.saturating_sub(set.reported.updated))),
        situation: super::status::Situation {
            deleting: set.meta.deleting_since.is_some(),
            unobserved: is_unobserved(&set.meta, set.reported.generation),
            has_old: has_old(replicas),
            in_progress: updating || holds(&set.conditions, "Available") != Some(true),
            began: versions.first().and_then(|version| version.deployed_at).or(set.meta.created_at),
            short_since: failing_since(&set.conditions, "Available"),
            ..super::status::Situation::default()
        },
        demand: set.template.demand.clone(),
        versions,
        ..Said::default()
    }
}
