//! Makes a world of a scenario: what ran before the story, and the events of the story.

mod apis;
mod groups;

use std::collections::BTreeMap;
use std::path::Path;

use super::scenario::{ClusterFile, FaultsFile, IncidentWord, OperatorWord, PlatformWord, Scenario, base};
use super::story::{Action, Event};
use super::world::account::QUOTAS;
use super::world::journal::Journal;
use super::world::machine::MACHINES;
use super::world::{
    Account, AwsFaults, Claim, Cluster, ControlPlane, Faults, GroupRole, Incident, LimitRange, Moment, NamespaceQuota, OperatorFault,
    Platform, PodPhase, Quota, QuotaRequest, StoryClock, Webhook, World, autoscaler::Autoscaler, fleet, scheduler,
};
use crate::config::problem::{Problem, suggestion};
use crate::domain::time::Timestamp;
use apis::{build_api, mebibytes, plan};
use groups::{add_group, system_groups};

/// How long ago clusters were set up.
const CLUSTER_AGE: i64 = 120 * 86_400;
/// vCPUs of a class that a scenario says nothing about.
const AMPLE: u32 = 256;
/// The account of all scenarios.
const ACCOUNT: &str = "123456789012";

/// Makes the world of a scenario as it is when its clock is at the present.
///
/// # Errors
/// A name that means nothing: a machine type, a quota class, surroundings.
pub fn build(file: &Path, scenario: &Scenario, started: Timestamp, elapsed: Moment, speed: f64) -> Result<World, Box<Problem>> {
    let region = scenario.cluster.first().map_or("us-west-2", |cluster| cluster.region.as_str());
    let mut events = Vec::new();
    let mut clusters = Vec::new();
    for (index, cluster) in scenario.cluster.iter().enumerate() {
        clusters.push(build_cluster(file, cluster, index, &mut events)?);
    }
    events.sort_by_key(|event| event.at);
    let now = events.first().map_or(0, |event| event.at).min(0) - 1;
    for cluster in &mut clusters {
        settle(cluster, now);
    }
    let account = Account {
        id: ACCOUNT.to_owned(),
        region: region.to_owned(),
        caller_arn: format!("arn:aws:sts::{ACCOUNT}:assumed-role/ml-oncall/holdup"),
        quotas: quotas(file, scenario)?,
    };
    let clock = StoryClock::new(started, elapsed, speed);
    let mut world = World {
        clusters,
        azure: scenario.azure.clone(),
        ray: scenario.ray.clone(),
        modelarts: scenario.modelarts.clone(),
        gateway: scenario.gateway.clone(),
        account,
        faults: faults(&scenario.faults),
        clock,
        now,
        events,
    };
    world.advance(elapsed);
    Ok(world)
}

fn faults(file: &FaultsFile) -> Faults {
    Faults {
        operator: match file.operator {
            OperatorWord::None => OperatorFault::None,
            OperatorWord::Down => OperatorFault::Down,
            OperatorWord::Hang => OperatorFault::Hang,
            OperatorWord::Html => OperatorFault::Html,
            OperatorWord::Garbage => OperatorFault::Garbage,
        },
        aws: AwsFaults {
            denied: file.denied.iter().cloned().collect(),
            throttled: file.throttled,
            credentials_expired: file.credentials_expired,
            hang: file.hang,
            html: file.html,
        },
        kubernetes: file.kubernetes.faults(),
    }
}

fn quotas(file: &Path, scenario: &Scenario) -> Result<Vec<Quota>, Box<Problem>> {
    let classes: Vec<&str> = QUOTAS.iter().map(|(_, _, class, _)| *class).collect();
    if let Some(wrong) = scenario.quota.iter().find(|quota| !classes.contains(&quota.class.as_str())) {
        return Err(Box::new(unknown(file, "quota class", &wrong.class, &classes)));
    }
    let quota = |&(code, name, class, default): &(&'static str, &'static str, &'static str, u32)| {
        let given = scenario.quota.iter().find(|quota| quota.class == class);
        let used = ["Standard/OnDemand", "Standard/Spot", "G/OnDemand", "G/Spot"].contains(&class);
        let requests = given.map(|quota| quota.request.iter().map(request).collect()).unwrap_or_default();
        Quota {
            code,
            name,
            class,
            limit: given.map_or(if used { AMPLE } else { default }, |quota| quota.limit),
            default,
            applied: used || given.is_some(),
            used_elsewhere: given.map_or(0, |quota| quota.used_elsewhere),
            requests,
        }
    };
    Ok(QUOTAS.iter().map(quota).collect())
}

fn request(file: &super::scenario::RequestFile) -> QuotaRequest {
    QuotaRequest { desired: file.desired, status: file.status.clone(), created_at: file.at.0, case: file.case.clone() }
}

fn unknown(file: &Path, what: &str, word: &str, known: &[&str]) -> Problem {
    Problem::of_file(file, format!("`{word}` is no {what}"), suggestion(word, known))
}

/// The items of the surroundings, with those of the scenario replacing namesakes or added.
fn overlay<T>(below: Vec<T>, above: &[T], name: impl Fn(&T) -> &str) -> Vec<T>
where
    T: Clone,
{
    let mut merged = below;
    for item in above {
        match merged.iter_mut().find(|known| name(known) == name(item)) {
            Some(known) => *known = item.clone(),
            None => merged.push(item.clone()),
        }
    }
    merged
}

fn build_cluster(file: &Path, given: &ClusterFile, index: usize, events: &mut Vec<Event>) -> Result<Cluster, Box<Problem>> {
    let (groups, apis) = match &given.base {
        Some(name) => base(name).map(|base| (base.group, base.api))?,
        None => (Vec::new(), Vec::new()),
    };
    let groups = overlay(groups, &given.group, |group| &group.name);
    let apis = overlay(apis, &given.api, |api| &api.name);
    let mut cluster = Cluster {
        name: given.name.clone(),
        region: given.region.clone(),
        platform: match given.platform {
            PlatformWord::Cortex => Platform::Cortex,
            PlatformWord::Kubernetes => Platform::Kubernetes,
        },
        version: given.version().to_owned(),
        kubernetes: given.kubernetes || given.platform == PlatformWord::Kubernetes,
        created_at: -CLUSTER_AGE,
        zones: ["a", "b", "c"].iter().map(|zone| format!("{}{zone}", given.region)).collect(),
        groups: Vec::new(),
        nodes: Vec::new(),
        apis: Vec::new(),
        autoscaler: Autoscaler::default(),
        control: control(given),
        minted: 0,
    };
    let types: Vec<&str> = MACHINES.iter().map(|machine| machine.name).collect();
    for group in &groups {
        if let Some(wrong) = group.types.iter().find(|name| !types.contains(&name.as_str())) {
            return Err(Box::new(unknown(file, "machine type", wrong, &types)));
        }
        add_group(&mut cluster, group, GroupRole::Worker);
    }
    for (role, system) in system_groups(&cluster) {
        add_group(&mut cluster, &system, role);
    }
    for api in &apis {
        let made = build_api(&given.name, api);
        plan(&made, api, index, events);
        cluster.apis.push(made);
    }
    for incident in &given.incident {
        let kind = match incident.kind {
            IncidentWord::AutoscalerDown => Incident::AutoscalerDown,
            IncidentWord::SpotReclaim => Incident::SpotReclaim,
            IncidentWord::MemoryPressure => Incident::MemoryPressure,
            IncidentWord::Xid => Incident::Xid,
            IncidentWord::Drain => Incident::Drain,
            IncidentWord::NotReady => Incident::NotReady,
            IncidentWord::Unreachable => Incident::Unreachable,
        };
        let action = Action::Incident { kind, group: incident.group.clone() };
        events.push(Event { at: incident.at.0, cluster: index, api: String::new(), action });
    }
    Ok(cluster)
}

/// What the control plane has beside machines and workloads.
fn control(given: &ClusterFile) -> ControlPlane {
    let claims = given.claim.iter().map(|claim| Claim {
        namespace: claim.namespace.clone(),
        name: claim.name.clone(),
        zone: claim.zone.clone(),
        size_gib: claim.size_gib,
        created_at: -CLUSTER_AGE / 2,
    });
    let quotas = given.namespace_quota.iter().map(|quota| NamespaceQuota {
        name: quota.name.clone(),
        namespace: quota.namespace.clone(),
        gpus: quota.gpus,
        pods: quota.pods,
    });
    let webhooks = given.webhook.iter().map(|webhook| Webhook {
        name: webhook.name.clone(),
        api: webhook.api.clone(),
        since: webhook.at.0,
        message: webhook.message.clone(),
    });
    let limit_ranges = given.limit_range.iter().map(|range| LimitRange {
        name: range.name.clone(),
        namespace: range.namespace.clone(),
        memory_mib: range.max_memory_gib.map(mebibytes),
        gpus: range.max_gpus,
    });
    ControlPlane {
        claims: claims.collect(),
        quotas: quotas.collect(),
        limit_ranges: limit_ranges.collect(),
        webhooks: webhooks.collect(),
        ..ControlPlane::default()
    }
}

/// Puts the replicas that ran before the story on their nodes, ready.
fn settle(cluster: &mut Cluster, now: Moment) {
    for api in cluster.apis.iter_mut().filter(|api| api.kind.has_replicas()) {
        let Some(version) = api.versions.first().cloned() else { continue };
        api.completed = Some(version.pod_id.clone());
        let begun = version.deployed_at.min(now - 600);
        api.pods = fleet::all(api, &version, begun);
    }
    scheduler::step(cluster, now);
    // They were placed long ago; nobody remembers that.
    cluster.control.journal = Journal::default();
    let joined: BTreeMap<String, Moment> = cluster.nodes.iter().map(|node| (node.instance_id.clone(), node.joins_at)).collect();
    for pod in cluster.apis.iter_mut().flat_map(|api| &mut api.pods) {
        let Some(joins_at) = pod.node.as_ref().and_then(|node| joined.get(node)) else { continue };
        let placed = pod.created_at.max(*joins_at + 30).min(now - 300);
        pod.created_at = pod.created_at.max(placed - 5);
        pod.scheduled_at = Some(placed);
        pod.started_at = Some(placed + 45);
        pod.ready_at = Some(placed + 85);
        pod.phase = PodPhase::Ready;
    }
}
