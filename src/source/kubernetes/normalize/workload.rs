//! Workloads, where Kubernetes itself is the platform.

use std::collections::BTreeMap;

use super::Settings;
use super::belonging::{Belonging, Place, Root};
use super::replica::counts;
use super::rollout::ByWorkload;
use super::status::{Situation, status};
use crate::domain::condition::{StatusCondition, named};
use crate::domain::id::ResourceKey;
use crate::domain::replica::Replica;
use crate::domain::rollout::Rollout;
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp};
use crate::domain::workload::{ReplicaBounds, ReplicaCounts, Role, UpdateStrategy, Version, Workload};
use crate::source::kubernetes::PLATFORM;
use crate::source::kubernetes::object::Meta;
use crate::source::kubernetes::objects::{Amounts, Deployment, StatefulSet};
use crate::source::kubernetes::stores::Stores;

/// How long a rollout takes when nothing is wrong: a new machine, the image, the model. It is also
/// the deadline that Deployments have unless they say otherwise.
pub const USUAL_ROLLOUT: Duration = Duration::from_mins(10);

/// What all kinds of workloads are made from.
pub struct Facts<'a> {
    /// All objects.
    pub stores: &'a Stores,
    /// What was chosen.
    pub settings: &'a Settings,
    /// Who belongs to whom.
    pub belonging: &'a Belonging<'a>,
    /// Replicas by workload.
    pub replicas: &'a ByWorkload<'a>,
    /// Rollouts by workload.
    pub rollouts: &'a BTreeMap<&'a ResourceKey, Vec<&'a Rollout>>,
}

/// What one kind of workload says of itself.
#[derive(Default)]
pub struct Said {
    /// Replicas asked for.
    pub desired: u32,
    /// Replicas of the new revision.
    pub updated: u32,
    /// Ready ones, as the controller counts, for where no pods may be listed: new and old.
    pub ready: (u32, u32),
    /// What decides about the phase.
    pub situation: Situation,
    /// What one replica asks for.
    pub demand: Amounts,
    /// How replicas are replaced.
    pub strategy: Option<UpdateStrategy>,
    /// Its own bounds, where no scaler gives any.
    pub bounds: Option<ReplicaBounds>,
    /// Versions, the one rolled out first.
    pub versions: Vec<Version>,
    /// Where requests go.
    pub endpoint: Option<Text>,
    /// How long it may take.
    pub deadline: Option<Duration>,
}

/// All workloads, in the order of their keys.
pub fn workloads(facts: &Facts<'_>) -> Vec<Workload> {
    let mut workloads: Vec<Workload> = facts.belonging.roots().filter_map(|(place, key)| workload(facts, place, key)).collect();
    workloads.sort_by(|a, b| a.key.cmp(&b.key));
    workloads
}

fn workload(facts: &Facts<'_>, (root, namespace, name): &Place, key: &ResourceKey) -> Option<Workload> {
    let place = (namespace.clone(), name.clone());
    let stores = facts.stores;
    let said = match root {
        Root::Deployment => deployment(facts, stores.deployments.get(&place)?, key),
        Root::StatefulSet => stateful_set(facts, stores.stateful_sets.get(&place)?, key),
        Root::InferenceService => super::serving::inference_service(facts, stores.inference_services.get(&place)?, key),
        Root::RayService => super::serving::ray_service(facts, stores.ray_services.get(&place)?, key),
        Root::LeaderWorkerSet => super::serving::leader_worker_set(facts, stores.leader_worker_sets.get(&place)?, key),
    };
    let counts = counted(facts, key, &said);
    Some(Workload {
        platform: PLATFORM.into(),
        kind: word(*root).into(),
        role: Role::Serving,
        status: status(&said.situation, &counts),
        replicas: Some(counts),
        demand: Some(said.demand.common),
        pinned_groups: Vec::new(),
        strategy: said.strategy,
        bounds: super::scaler::bounds(stores, *root, namespace, name).or(said.bounds),
        deployed_at: said.versions.first().and_then(|version| version.deployed_at),
        versions: said.versions,
        targets: Vec::new(),
        jobs: Vec::new(),
        endpoint: said.endpoint,
        messages: Vec::new(),
        quota_demand: None,
        usual_rollout: said.deadline.unwrap_or(USUAL_ROLLOUT),
        reproduce: reproduce(facts.settings, *root, namespace, name),
        names: std::collections::BTreeMap::new(),
        key: key.clone(),
    })
}

fn word(root: Root) -> &'static str {
    match root {
        Root::InferenceService => "inference",
        Root::RayService => "ray",
        Root::LeaderWorkerSet => "leader-worker",
        Root::Deployment => "deployment",
        Root::StatefulSet => "stateful",
    }
}

/// Replicas by state: from the pods, or from the controller's numbers where none may be listed or
/// none could be told to be its own.
fn counted(facts: &Facts<'_>, key: &ResourceKey, said: &Said) -> ReplicaCounts {
    let (ready, ready_old) = said.ready;
    if facts.stores.pods.is_empty() || own(facts, key).is_empty() && ready + ready_old > 0 {
        let unknown = said.desired.saturating_sub(ready);
        return ReplicaCounts {
            desired: Some(said.desired),
            ready,
            ready_old,
            up_to_date: said.updated,
            unknown,
            ..ReplicaCounts::default()
        };
    }
    counts(said.desired, said.updated, own(facts, key).iter().copied())
}

/// The replicas of a workload.
pub fn own<'a>(facts: &Facts<'a>, key: &ResourceKey) -> &'a [&'a Replica] {
    facts.replicas.get(key).map(Vec::as_slice).unwrap_or_default()
}

/// The rollouts of a workload.
pub fn rollouts<'a>(facts: &Facts<'a>, key: &ResourceKey) -> &'a [&'a Rollout] {
    facts.rollouts.get(key).map(Vec::as_slice).unwrap_or_default()
}

/// Whether old replicas are about that are not going away.
pub fn has_old(replicas: &[&Replica]) -> bool {
    replicas.iter().any(|replica| !replica.is_current && replica.deleting_since.is_none() && replica.phase.holds_node())
}

/// When a condition that should hold stopped doing so.
pub fn failing_since(conditions: &[StatusCondition], name: &str) -> Option<Timestamp> {
    named(conditions, name).filter(|condition| condition.holds == Some(false)).and_then(|condition| condition.since)
}

/// Whether the controller has not looked at the newest specification.
pub fn is_unobserved(meta: &Meta, observed: Option<u64>) -> bool {
    matches!((meta.generation, observed), (Some(wanted), Some(seen)) if seen < wanted)
}

fn deployment(facts: &Facts<'_>, deployment: &Deployment, key: &ResourceKey) -> Said {
    let meta = &deployment.meta;
    let reported = deployment.reported;
    let replicas = own(facts, key);
    let sets = facts.belonging.revisions(&meta.namespace, &meta.name);
    let progressing = named(&deployment.conditions, "Progressing");
    let old_sets = sets.iter().skip(1).any(|set| set.desired > 0);
    let has_old = has_old(replicas) || old_sets;
    let began = began(sets.first().and_then(|set| set.meta.created_at).or(meta.created_at), replicas, has_old);
    let failed = progressing.filter(|condition| condition.holds == Some(false)).map(|condition| condition.reason.clone());
    let refused = named(&deployment.conditions, "ReplicaFailure").filter(|condition| condition.holds == Some(true));
    let new_ready = sets.first().map_or(reported.ready.min(reported.updated), |set| set.reported.ready);
    Said {
        desired: deployment.desired,
        updated: reported.updated,
        ready: (new_ready, reported.ready.saturating_sub(new_ready)),
        situation: Situation {
            deleting: meta.deleting_since.is_some(),
            unobserved: is_unobserved(meta, reported.generation),
            paused: deployment.paused,
            has_old,
            in_progress: match progressing {
                Some(condition) => condition.reason != "NewReplicaSetAvailable",
                None => reported.updated < deployment.desired,
            },
            unready: false,
            failed: failed.or_else(|| refused.map(|condition| condition.reason.clone())),
            began,
            short_since: failing_since(&deployment.conditions, "Available"),
        },
        demand: deployment.template.demand.clone(),
        strategy: deployment.strategy,
        bounds: None,
        versions: versions(facts, key, began),
        endpoint: None,
        deadline: deployment.progress_deadline.filter(|deadline| *deadline > USUAL_ROLLOUT && *deadline < Duration::from_hours(24)),
    }
}

/// When an update began: with its revision, or, where an older revision was taken up again, with
/// the first of its replicas.
fn began(revision: Option<Timestamp>, replicas: &[&Replica], has_old: bool) -> Option<Timestamp> {
    let first = replicas.iter().filter(|replica| replica.is_current).filter_map(|replica| replica.created_at).min();
    if has_old { revision.max(first) } else { revision.or(first) }
}

/// The revisions of a workload's rollouts, the ones being rolled out first. The newest one's time
/// is that of the update.
pub fn versions(facts: &Facts<'_>, key: &ResourceKey, began: Option<Timestamp>) -> Vec<Version> {
    let mut revisions: Vec<_> = rollouts(facts, key).iter().flat_map(|rollout| &rollout.revisions).collect();
    revisions.sort_by_key(|revision| (!revision.is_current, std::cmp::Reverse(revision.created_at)));
    let versions = revisions.iter().enumerate().map(|(index, revision)| Version {
        id: revision.name.clone(),
        deployed_at: if index == 0 { began.or(revision.created_at) } else { revision.created_at },
        traffic: None,
    });
    versions.collect()
}

fn stateful_set(facts: &Facts<'_>, set: &StatefulSet, key: &ResourceKey) -> Said {
    let reported = set.reported;
    let replicas = own(facts, key);
    let is_updating = set.current_revision != set.update_revision && !set.current_revision.is_empty();
    let has_old = has_old(replicas) && set.partition < set.desired;
    let first = replicas.iter().filter(|replica| replica.is_current).filter_map(|replica| replica.created_at).min();
    let began = if is_updating { first } else { first.or(set.meta.created_at) };
    let (updated, ready_new) =
        if is_updating { (reported.updated, reported.updated.min(reported.ready)) } else { (reported.replicas, reported.ready) };
    Said {
        desired: set.desired,
        updated,
        ready: (ready_new, reported.ready.saturating_sub(ready_new)),
        situation: Situation {
            deleting: set.meta.deleting_since.is_some(),
            unobserved: is_unobserved(&set.meta, reported.generation),
            paused: is_updating && set.on_delete,
            has_old,
            in_progress: (is_updating || updated == 0) && updated < set.desired.saturating_sub(set.partition),
            began,
            ..Situation::default()
        },
        demand: set.template.demand.clone(),
        versions: versions(facts, key, began),
        ..Said::default()
    }
}

/// The kubectl command that shows the same.
fn reproduce(settings: &Settings, root: Root, namespace: &str, name: &str) -> Text {
    let context = settings.kubectl_context.as_ref().map(|context| format!(" --context {}", quoted(context))).unwrap_or_default();
    format!("kubectl{context} -n {} describe {} {}", quoted(namespace), root.kind().to_lowercase(), quoted(name)).into()
}

fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@'));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
