//! Serve applications as workloads, their deployments as what carries the update out, and replicas
//! one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::PLATFORM;
use super::super::wire::{Application, Deployment, ServeReplica};
use super::amounts::{amounts, resources};
use super::autoscaler::Autoscaler;
use super::message::{messages, weight};
use super::{Machine, moment};
use crate::domain::capacity::Resources;
use crate::domain::condition::StatusCondition;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::replica::{Replica, ReplicaPhase};
use crate::domain::rollout::{Revision, Rollout};
use crate::domain::snapshot::View;
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp};
use crate::domain::workload::{Phase, ReplicaCounts, Role, Status, Version, Workload};

/// A change of a healthy application is through in seconds; large models load for minutes.
const USUAL: Duration = Duration::from_mins(5);

/// What is known of the actor behind a replica.
#[derive(Clone, Debug, Default)]
pub struct Actor {
    /// `PENDING_CREATION`, `ALIVE`, …
    pub state: String,
    /// Where it was put.
    pub node_id: Option<String>,
    /// Why it died.
    pub death: Option<String>,
}

/// What other answers say, for all applications.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The context.
    pub context: &'a Text,
    /// What stands before names of applications.
    pub prefix: &'a str,
    /// The dashboard's address, for commands.
    pub dashboard: &'a str,
    /// Actors by name.
    pub actors: &'a BTreeMap<String, Actor>,
    /// Machines by id.
    pub machines: &'a BTreeMap<String, Machine>,
    /// The autoscaler.
    pub autoscaler: &'a Autoscaler,
}

/// A deployment, counted.
pub(super) struct Seen<'a> {
    pub(super) name: Text,
    pub(super) status: &'a str,
    pub(super) trigger: Option<&'a str>,
    pub(super) message: Option<&'a str>,
    pub(super) amounts: BTreeMap<String, f64>,
    pub(super) waiting: u32,
    pub(super) death: Option<String>,
    counts: ReplicaCounts,
    target: u32,
    replicas: Vec<Replica>,
}

/// Adds all applications to a view; returns what is placed on each machine by its id.
pub fn applications(read: &[(String, Application)], facts: &Facts<'_>, view: &mut View) -> BTreeMap<String, Vec<Resources>> {
    let mut placed: BTreeMap<String, Vec<Resources>> = BTreeMap::new();
    for (name, application) in read {
        let key = ResourceKey::new(facts.context, ResourceKind::Workload, format!("{}{name}", facts.prefix));
        let deployed = application.last_deployed_time_s.and_then(moment);
        let mut seen = Vec::new();
        for (own, deployment) in application.deployments.iter().flatten() {
            for replica in deployment.replicas.iter().flatten() {
                if let Some(node) = node_of(replica, facts).0 {
                    placed.entry(node.to_owned()).or_default().push(demand(deployment).1);
                }
            }
            seen.push(look(own, deployment, &key, deployed, facts));
        }
        view.rollouts.extend(seen.iter().map(|one| rollout(one, &key, deployed)));
        view.workloads.push(workload(key, application, deployed, &seen, facts));
        view.replicas.extend(seen.into_iter().flat_map(|one| one.replicas));
    }
    view.workloads.sort_by(|a, b| a.key.cmp(&b.key));
    view.replicas.sort_by(|a, b| a.key.cmp(&b.key));
    view.rollouts.sort_by(|a, b| a.key.cmp(&b.key));
    placed
}

fn demand(deployment: &Deployment) -> (BTreeMap<String, f64>, Resources) {
    let amounts = deployment.required_resources.as_ref().map(amounts).unwrap_or_default();
    let resources = resources(&amounts);
    (amounts, resources)
}

/// The node of a replica by Serve, or else by its actor, and whether the actor runs.
fn node_of<'a>(replica: &'a ServeReplica, facts: &Facts<'a>) -> (Option<&'a str>, Option<&'a Actor>) {
    let actor = replica.actor_name.as_ref().and_then(|name| facts.actors.get(name));
    let own = replica.node_id.as_deref().filter(|id| !id.is_empty());
    (own.or_else(|| actor?.node_id.as_deref().filter(|id| !id.is_empty())), actor)
}

fn look<'a>(name: &str, deployment: &'a Deployment, workload: &ResourceKey, deployed: Option<Timestamp>, facts: &Facts<'a>) -> Seen<'a> {
    let status = deployment.status.as_deref().unwrap_or_default();
    let (amounts, demand) = demand(deployment);
    let configured = deployment.deployment_config.as_ref().and_then(|config| config.get("num_replicas")?.as_u64());
    let target = deployment.target_num_replicas.or_else(|| u32::try_from(configured?).ok()).unwrap_or_default();
    let mut counts = ReplicaCounts { desired: Some(target), ..ReplicaCounts::default() };
    let mut replicas = Vec::new();
    let mut waiting = 0;
    let told_of_place = deployment.message.as_deref().is_some_and(|said| said.contains("to be scheduled"));
    for replica in deployment.replicas.iter().flatten() {
        let began = replica.start_time_s.and_then(moment);
        // Serve does not mark the version; while it updates, what was started before the last
        // change is of the version before.
        let is_old = status == "UPDATING" && began.zip(deployed).is_some_and(|(began, deployed)| began < deployed);
        let (node, actor) = node_of(replica, facts);
        let state = replica.state.as_deref().unwrap_or_default();
        let phase = phase_of(state, node.is_some(), actor);
        count(&mut counts, phase, is_old, told_of_place);
        waiting += u32::from(phase == ReplicaPhase::Unplaced);
        let key = ResourceKey::new(facts.context, ResourceKind::Replica, format!("{}/{name}#{}", workload.name, replica.replica_id));
        replicas.push(Replica {
            workload: Some(workload.clone()),
            version: version_name(if is_old { None } else { deployed }),
            is_current: !is_old,
            phase,
            state: Text::clean(state),
            ready: phase == ReplicaPhase::Ready,
            node: node.map(|id| facts.machines.get(id).map_or_else(|| Text::clean(id), |machine| machine.name.clone())),
            demand,
            message: deployment.message.as_deref().filter(|said| phase != ReplicaPhase::Ready && !said.is_empty()).map(super::sentence),
            created_at: began,
            placement: Arc::default(),
            ..Replica::unknown(key)
        });
    }
    let existing = u32::try_from(replicas.len()).unwrap_or(u32::MAX);
    if matches!(status, "DEPLOY_FAILED" | "UNHEALTHY") {
        counts.failed = target.saturating_sub(existing);
    }
    Seen {
        name: Text::clean(name),
        status,
        trigger: deployment.status_trigger.as_deref().filter(|trigger| *trigger != "UNSPECIFIED"),
        message: deployment.message.as_deref(),
        amounts,
        waiting,
        death: weight(status).and_then(|_| death(name, workload, facts)),
        counts,
        target,
        replicas,
    }
}

/// Why one of its replicas died; those that Serve itself ended are no news.
fn death(name: &str, workload: &ResourceKey, facts: &Facts<'_>) -> Option<String> {
    let own = workload.name.strip_prefix(facts.prefix).unwrap_or(&workload.name);
    let begins = format!("SERVE_REPLICA::{own}#{name}#");
    let mut of_it = facts.actors.iter().filter(|(actor, _)| actor.starts_with(&begins)).filter_map(|(_, actor)| actor.death.as_ref());
    of_it.rfind(|death| !death.contains("killed by `ray.kill`") && !death.contains("ray.kill(")).cloned()
}

fn phase_of(state: &str, is_placed: bool, actor: Option<&Actor>) -> ReplicaPhase {
    match state {
        "RUNNING" | "PENDING_MIGRATION" => ReplicaPhase::Ready,
        "STARTING" | "RECOVERING" if !is_placed => ReplicaPhase::Unplaced,
        "STARTING" | "RECOVERING" if actor.is_some_and(|actor| actor.state == "PENDING_CREATION") => ReplicaPhase::Starting,
        "STARTING" | "UPDATING" | "RECOVERING" => ReplicaPhase::Unready,
        "STOPPING" | "STOPPED" => ReplicaPhase::Terminating,
        _ => ReplicaPhase::Unknown,
    }
}

fn count(counts: &mut ReplicaCounts, phase: ReplicaPhase, is_old: bool, told_of_place: bool) {
    counts.up_to_date += u32::from(!is_old);
    let slot = match phase {
        ReplicaPhase::Ready if is_old => &mut counts.ready_old,
        ReplicaPhase::Ready => &mut counts.ready,
        ReplicaPhase::Unplaced if told_of_place => &mut counts.stalled,
        ReplicaPhase::Unplaced => &mut counts.pending,
        ReplicaPhase::Starting => &mut counts.creating,
        ReplicaPhase::Unready => &mut counts.not_ready,
        ReplicaPhase::Terminating => &mut counts.terminating,
        ReplicaPhase::Failing | ReplicaPhase::Evicted | ReplicaPhase::Done | ReplicaPhase::Unknown => &mut counts.unknown,
    };
    *slot += 1;
}

fn version_name(deployed: Option<Timestamp>) -> Text {
    deployed.map_or_else(|| "before".into(), |at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into())
}

fn rollout(one: &Seen<'_>, workload: &ResourceKey, deployed: Option<Timestamp>) -> Rollout {
    let counts = &one.counts;
    let revision = |old: bool| {
        let own: Vec<&Replica> = one.replicas.iter().filter(|replica| replica.is_current != old).collect();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Revision {
            name: version_name(if old { None } else { deployed }),
            number: None,
            is_current: !old,
            desired: if old { number(own.len()) } else { one.target },
            existing: number(own.len()),
            ready: number(own.iter().filter(|replica| replica.ready).count()),
            images: Vec::new(),
            created_at: if old { None } else { deployed },
            conditions: Vec::new(),
        }
    };
    let mut revisions = vec![revision(false)];
    revisions.extend(one.replicas.iter().any(|replica| !replica.is_current).then(|| revision(true)));
    Rollout {
        key: ResourceKey::new(&workload.context, ResourceKind::Rollout, format!("Deployment {}/{}", workload.name, one.name)),
        workload: workload.clone(),
        generation: None,
        observed_generation: None,
        paused: false,
        desired: one.target,
        updated: counts.up_to_date,
        ready: counts.serving(),
        available: counts.serving(),
        unavailable: one.target.saturating_sub(counts.serving()),
        surge: 0,
        max_unavailable: 1,
        progress_deadline: None,
        conditions: vec![health(one)],
        revisions,
    }
}

/// Serve's state of a deployment and what brought it about, which no sentence of it repeats.
fn health(one: &Seen<'_>) -> StatusCondition {
    StatusCondition {
        name: "Healthy".into(),
        holds: match one.status {
            "HEALTHY" => Some(true),
            "UNHEALTHY" | "DEPLOY_FAILED" => Some(false),
            _ => None,
        },
        reason: Text::clean(one.status),
        message: Text::clean(one.trigger.unwrap_or_default()),
        since: None,
    }
}

fn sum(seen: &[Seen<'_>]) -> ReplicaCounts {
    seen.iter().fold(ReplicaCounts { desired: Some(0), ..ReplicaCounts::default() }, |mut sum, one| {
        let own = &one.counts;
        sum.desired = sum.desired.map(|desired| desired + one.target);
        sum.ready += own.ready;
        sum.ready_old += own.ready_old;
        sum.up_to_date += own.up_to_date;
        sum.pending += own.pending;
        sum.stalled += own.stalled;
        sum.creating += own.creating;
        sum.not_ready += own.not_ready;
        sum.failed += own.failed;
        sum.terminating += own.terminating;
        sum.unknown += own.unknown;
        sum
    })
}

fn phase(status: &str, counts: &ReplicaCounts, seen: &[Seen<'_>]) -> Phase {
    let short = counts.desired.is_some_and(|desired| counts.serving() < desired);
    match status {
        "RUNNING" if !seen.is_empty() && counts.desired == Some(0) => Phase::Zero,
        "RUNNING" if short || seen.iter().any(|one| matches!(one.status, "UNHEALTHY" | "DEPLOY_FAILED")) => Phase::Short,
        "RUNNING" => Phase::Live,
        "NOT_STARTED" | "DEPLOYING" => Phase::Updating,
        "DEPLOY_FAILED" | "UNHEALTHY" => Phase::Failed,
        "DELETING" => Phase::Stopping,
        _ => Phase::Unrecognized,
    }
}

/// Where the log of the replica stands that tells most: the one that ended last of a deployment that
/// is not well, or one that does not come up; and the head, where the cluster's own logs are.
fn places(read: &Application, facts: &Facts<'_>) -> BTreeMap<Text, Text> {
    let ill = || read.deployments.iter().flatten().map(|(_, own)| own).filter(|own| own.status.as_deref() != Some("HEALTHY"));
    let dead = ill().filter_map(|own| own.recent_dead_replicas.as_ref()?.last());
    let late = ill().flat_map(|own| own.replicas.iter().flatten()).filter(|replica| replica.state.as_deref() != Some("RUNNING"));
    let place = dead.chain(late).find_map(|replica| {
        let file = replica.log_file_path.as_deref()?.trim_start_matches('/');
        Some((node_of(replica, facts).0?, file))
    });
    let (node, log) = place.unzip();
    let head = facts.machines.iter().find(|(_, machine)| machine.is_head()).map(|(id, _)| id.as_str());
    [("node", node), ("log", log), ("head_node", head)]
        .into_iter()
        .filter_map(|(name, value)| Some((Text::from(name), Text::clean(value?))))
        .collect()
}

fn workload(key: ResourceKey, read: &Application, deployed: Option<Timestamp>, seen: &[Seen<'_>], facts: &Facts<'_>) -> Workload {
    let status = read.status.as_deref().unwrap_or_default();
    let counts = sum(seen);
    let names: BTreeSet<&str> = seen.iter().map(|one| one.name.as_str()).collect();
    let waiting = seen.iter().filter(|one| one.waiting > 0).chain(seen).map(|one| resources(&one.amounts));
    let demand = waiting.max_by_key(|demand| (demand.gpus, demand.cpu_millis));
    let phase = phase(status, &counts, seen);
    Workload {
        platform: PLATFORM.into(),
        kind: "application".into(),
        role: Role::Serving,
        status: Status {
            phase,
            native: Text::clean(status),
            // A change of the configuration raises it for all applications alike: only while it moves.
            since: deployed.filter(|_| matches!(phase, Phase::Updating | Phase::Failed)),
            serving: counts.serving() > 0,
        },
        replicas: (!names.is_empty()).then_some(counts),
        demand,
        pinned_groups: Vec::new(),
        strategy: None,
        bounds: None,
        versions: vec![Version { id: version_name(deployed), deployed_at: deployed, traffic: None }],
        targets: Vec::new(),
        jobs: Vec::new(),
        deployed_at: deployed,
        endpoint: read.route_prefix.as_deref().map(Text::clean),
        messages: if matches!(phase, Phase::Live | Phase::Zero) {
            Vec::new()
        } else {
            messages(&key.name, read.message.as_deref(), seen, facts)
        },
        quota_demand: None,
        usual_rollout: USUAL,
        reproduce: format!("serve status --address {}", facts.dashboard).into(),
        names: places(read, facts),
        key,
    }
}
