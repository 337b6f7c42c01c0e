//! One API as a workload, from whatever of it was read so far.

use serde::Deserialize as _;

use super::super::version::{Dialect, Version};
use super::super::wire::{ApiResponse, ApiVersion, LegacyStatus, ModernStatus, Spec, TrafficSplit};
use super::demand::{demand, strategy};
use super::ident::deployed_at;
use super::job::job;
use super::status::{Derived, derive, legacy_counts, modern_counts};
use crate::domain::history::PhaseChange;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::job::Job;
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp, age};
use crate::domain::workload::{Phase, ReplicaBounds, ReplicaCounts, Role, Status, TrafficTarget, Version as Deployed, Workload};

/// How long a rollout takes when nothing is wrong: a new machine in three to five minutes, then
/// the image, then the model. Longer than that and the operator itself begins to doubt (it calls a
/// replica stalled after 10 or 15 minutes).
const USUAL_ROLLOUT: Duration = Duration::from_mins(10);

/// A deploy longer ago than this says nothing about when a trouble without old replicas began.
const PLAUSIBLE: Duration = Duration::from_hours(6);

/// The most jobs kept per API, newest first.
const JOBS: usize = 50;

/// What is remembered of one version of an API, because it never changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// The specification.
    pub spec: Option<Spec>,
    /// Versions, newest first.
    pub versions: Vec<ApiVersion>,
    /// Where requests go.
    pub endpoint: Option<String>,
}

impl Known {
    /// What an answer to `/get/{api}` (or a legacy `/get`) says for ever.
    pub fn of(item: &ApiResponse) -> Self {
        Self {
            spec: item.spec.clone(),
            versions: item.api_versions.iter().filter_map(|version| ApiVersion::deserialize(version).ok()).collect(),
            endpoint: item.endpoint.clone(),
        }
    }
}

/// Everything that a workload is made of.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Its element of `/get`.
    pub item: &'a ApiResponse,
    /// Its `/describe`, if it was asked.
    pub described: Option<&'a ApiResponse>,
    /// What was read of its version before.
    pub known: Option<&'a Known>,
    /// The operator's version.
    pub version: &'a Version,
    /// Its context.
    pub context: &'a Text,
    /// Since when holdup has seen it in its last known phase.
    pub seen: Option<&'a PhaseChange>,
    /// The present, to judge whether a deploy can be the beginning of a trouble.
    pub now: Timestamp,
}

impl Facts<'_> {
    fn spec(&self) -> Option<&Spec> {
        self.item.spec.as_ref().or_else(|| self.known.and_then(|known| known.spec.as_ref()))
    }
}

/// Name, kind and version id of an element, wherever the dialect puts them.
pub fn identify(item: &ApiResponse) -> Option<(String, String, String)> {
    let (name, kind, id) = match (&item.metadata, &item.spec) {
        (Some(metadata), _) => (&metadata.name, &metadata.kind, &metadata.id),
        (None, Some(spec)) => (&spec.name, &spec.kind, &spec.id),
        (None, None) => return None,
    };
    (!name.is_empty()).then(|| (name.clone(), kind.clone(), id.clone()))
}

/// What a kind does, and its short word.
pub fn role(kind: &str) -> (Role, Text) {
    match kind {
        "RealtimeAPI" => (Role::Serving, "realtime".into()),
        "AsyncAPI" => (Role::Serving, "async".into()),
        "BatchAPI" => (Role::Jobs, "batch".into()),
        "TaskAPI" => (Role::Jobs, "task".into()),
        "TrafficSplitter" => (Role::Router, "splitter".into()),
        other => (Role::Serving, other.into()),
    }
}

/// The workload; `None` for an element without a name.
pub fn workload(facts: &Facts<'_>) -> Option<Workload> {
    let (name, kind, id) = identify(facts.item)?;
    let (role, word) = role(&kind);
    let key = ResourceKey::new(facts.context, ResourceKind::Workload, name.as_str());
    let spec = facts.spec();
    let bounds = spec
        .and_then(|spec| spec.autoscaling.as_ref())
        .map(|scaling| ReplicaBounds { min: scaling.min_replicas, max: scaling.max_replicas });
    let deployed = deploy_time(facts, &id);
    let jobs = jobs(facts.item, &key);
    let (status, replicas) = match role {
        Role::Serving => serving(facts, bounds.map(|bounds| bounds.min), deployed),
        Role::Jobs => working(&jobs),
        Role::Router => routing(facts),
    };
    Some(Workload {
        platform: "cortex".into(),
        kind: word,
        role,
        status,
        replicas,
        demand: spec.and_then(|spec| demand(spec, facts.version)),
        pinned_groups: spec.map(|spec| spec.node_groups.iter().map(|group| group.as_str().into()).collect()).unwrap_or_default(),
        strategy: spec.and_then(strategy),
        bounds,
        versions: versions(facts, &id, deployed),
        targets: spec.map(targets).unwrap_or_default(),
        jobs,
        deployed_at: deployed,
        endpoint: endpoint(facts),
        messages: Vec::new(),
        quota_demand: None,
        usual_rollout: USUAL_ROLLOUT,
        reproduce: reproduce(facts, &name, role),
        names: std::collections::BTreeMap::new(),
        key,
    })
}

fn deploy_time(facts: &Facts<'_>, id: &str) -> Option<Timestamp> {
    let metadata = facts.item.metadata.as_ref().and_then(|metadata| metadata.last_updated);
    let seconds = metadata.or_else(|| facts.item.spec.as_ref().and_then(|spec| spec.last_updated));
    seconds.filter(|seconds| *seconds > 0).and_then(|seconds| Timestamp::from_second(seconds).ok()).or_else(|| deployed_at(id))
}

fn serving(facts: &Facts<'_>, min: Option<u32>, deployed: Option<Timestamp>) -> (Status, Option<ReplicaCounts>) {
    let raw = facts.described.and_then(|described| described.status.as_ref()).or(facts.item.status.as_ref());
    let unreadable = || {
        let status = Status { phase: Phase::Unrecognized, native: "no status".into(), since: None, serving: false };
        (status, None)
    };
    let Some(raw) = raw else { return unreadable() };
    let (counts, code) = match facts.version.dialect() {
        Dialect::Modern => match ModernStatus::deserialize(raw) {
            Ok(status) => (modern_counts(&status, min), None),
            Err(_) => return unreadable(),
        },
        Dialect::Legacy => match LegacyStatus::deserialize(raw) {
            Ok(status) => (legacy_counts(&status), Some(status.status_code)),
            Err(_) => return unreadable(),
        },
    };
    let Derived { phase, native } = derive(&counts, min, code.as_deref());
    let since = since(facts, phase, counts.has_old, deployed);
    let status = Status { phase, native, since, serving: counts.replicas.serving() > 0 };
    (status, Some(counts.replicas))
}

/// Whether replicas of two versions are about: an update is running.
pub fn is_updating(item: &ApiResponse, version: &Version) -> bool {
    let Some(raw) = &item.status else { return false };
    match version.dialect() {
        Dialect::Modern => ModernStatus::deserialize(raw).is_ok_and(|status| modern_counts(&status, None).has_old),
        Dialect::Legacy => LegacyStatus::deserialize(raw).is_ok_and(|status| legacy_counts(&status).has_old),
    }
}

/// Since when the phase holds. While old replicas are about, the update began with the deploy.
/// Without them it may be a node that was lost: then only what holdup saw itself counts, or a
/// deploy that is recent enough to be the reason.
fn since(facts: &Facts<'_>, phase: Phase, has_old: bool, deployed: Option<Timestamp>) -> Option<Timestamp> {
    match phase {
        Phase::Updating | Phase::Failed if has_old => deployed,
        Phase::Updating | Phase::Failed | Phase::Short => {
            let watched = facts.seen.filter(|seen| seen.phase == phase && seen.observed).map(|seen| seen.at);
            let recent = deployed.filter(|at| phase != Phase::Short && age(facts.now, *at) < PLAUSIBLE);
            watched.or(recent)
        }
        Phase::Live | Phase::Zero | Phase::Idle | Phase::Stopping | Phase::Unrecognized => None,
    }
}

fn jobs(item: &ApiResponse, key: &ResourceKey) -> Vec<Job> {
    let (mut statuses, _) = item.jobs();
    // Ids count down with time, so the smallest is the newest.
    statuses.sort_by(|a, b| a.job_id.cmp(&b.job_id));
    statuses.truncate(JOBS);
    statuses.iter().filter(|status| !status.job_id.is_empty()).map(|status| job(status, key)).collect()
}

/// A job API is as well as its running jobs: idle without any, short while workers wait.
fn working(jobs: &[Job]) -> (Status, Option<ReplicaCounts>) {
    let active: Vec<&Job> = jobs.iter().filter(|job| job.phase.is_active()).collect();
    if active.is_empty() {
        let status = Status { phase: Phase::Idle, native: "no job running".into(), since: None, serving: false };
        return (status, None);
    }
    let counts = active.iter().fold(ReplicaCounts { desired: Some(0), ..ReplicaCounts::default() }, |sum, job| add(sum, &job.counts));
    let waits = counts.unplaced() > 0;
    let phase = match (waits, counts.broken()) {
        (_, 1..) => Phase::Failed,
        (true, 0) => Phase::Short,
        (false, 0) => Phase::Live,
    };
    let count = active.len();
    let native = format!("{count} running job{}", if count == 1 { "" } else { "s" });
    let since = if waits { active.iter().filter(|job| job.counts.unplaced() > 0).filter_map(|job| job.started_at).min() } else { None };
    (Status { phase, native: native.into(), since, serving: counts.ready > 0 }, Some(counts))
}

fn add(sum: ReplicaCounts, more: &ReplicaCounts) -> ReplicaCounts {
    ReplicaCounts {
        desired: Some(sum.desired.unwrap_or(0).saturating_add(more.desired.unwrap_or(0))),
        ready: sum.ready.saturating_add(more.ready),
        ready_old: sum.ready_old.saturating_add(more.ready_old),
        up_to_date: sum.up_to_date.saturating_add(more.up_to_date),
        pending: sum.pending.saturating_add(more.pending),
        stalled: sum.stalled.saturating_add(more.stalled),
        creating: sum.creating.saturating_add(more.creating),
        not_ready: sum.not_ready.saturating_add(more.not_ready),
        image_error: sum.image_error.saturating_add(more.image_error),
        failed: sum.failed.saturating_add(more.failed),
        killed: sum.killed.saturating_add(more.killed),
        out_of_memory: sum.out_of_memory.saturating_add(more.out_of_memory),
        terminating: sum.terminating.saturating_add(more.terminating),
        unknown: sum.unknown.saturating_add(more.unknown),
    }
}

fn routing(facts: &Facts<'_>) -> (Status, Option<ReplicaCounts>) {
    let listed = facts.spec().map(|spec| u32::try_from(spec.apis.len()).unwrap_or(u32::MAX));
    let native = match listed.or(facts.item.num_traffic_splitter_targets) {
        Some(1) => "1 target".into(),
        Some(count) => format!("{count} targets").into(),
        None => Text::from("targets not read yet"),
    };
    (Status { phase: Phase::Live, native, since: None, serving: false }, None)
}

fn targets(spec: &Spec) -> Vec<TrafficTarget> {
    let readable = spec.apis.iter().filter_map(|target| TrafficSplit::deserialize(target).ok());
    readable.map(|target| TrafficTarget { workload: target.name.as_str().into(), weight: target.weight, shadow: target.shadow }).collect()
}

/// A router answers where one of the targets that get traffic does: known only when all
/// workloads are.
pub fn serving_routers(workloads: &mut [Workload]) {
    let serving: std::collections::BTreeSet<Text> =
        workloads.iter().filter(|workload| workload.status.serving).map(|workload| workload.key.name.clone()).collect();
    for router in workloads.iter_mut().filter(|workload| workload.role == Role::Router) {
        router.status.serving =
            router.targets.iter().any(|target| target.weight > 0 && !target.shadow && serving.contains(target.workload.as_str()));
    }
}

fn versions(facts: &Facts<'_>, id: &str, deployed: Option<Timestamp>) -> Vec<Deployed> {
    let known = facts.known.map(|known| known.versions.as_slice()).unwrap_or_default();
    let mut versions: Vec<Deployed> = known
        .iter()
        .filter(|version| !version.api_id.is_empty())
        .map(|version| Deployed {
            id: version.api_id.as_str().into(),
            deployed_at: version.last_updated.and_then(|seconds| Timestamp::from_second(seconds).ok()),
            traffic: None,
        })
        .collect();
    if !id.is_empty() && versions.iter().all(|version| version.id != id) {
        versions.insert(0, Deployed { id: id.into(), deployed_at: deployed, traffic: None });
    }
    versions
}

fn endpoint(facts: &Facts<'_>) -> Option<Text> {
    let written = facts.item.endpoint.as_ref().or_else(|| facts.described.and_then(|described| described.endpoint.as_ref()));
    written.or_else(|| facts.known.and_then(|known| known.endpoint.as_ref())).map(|endpoint| endpoint.as_str().into())
}

/// The Cortex command that shows the same. The context's name is the environment's.
fn reproduce(facts: &Facts<'_>, name: &str, role: Role) -> Text {
    let verb = match (role, facts.version.dialect()) {
        (Role::Serving, Dialect::Modern) => "describe",
        (Role::Serving | Role::Jobs | Role::Router, _) => "get",
    };
    format!("cortex {verb} {} --env {}", quoted(name), quoted(facts.context)).into()
}

fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
