//! Auto scaling groups: launch what was asked for, or are refused, and keep the history of both.

use super::account::Account;
use super::clock::Moment;
use super::cluster::{Capacity, Cluster, Group, Node};
use super::history::{Activity, ActivityStatus, Refusal, Sentence};
use super::machine::machine;
use super::minting;

/// Story seconds from launch to `InService`.
const IN_SERVICE: i64 = 38;

pub(crate) fn step(clusters: &mut [Cluster], account: &Account, now: Moment) {
    for cluster in clusters.iter_mut() {
        finish(cluster, now);
    }
    let due: Vec<(usize, usize)> = clusters
        .iter()
        .enumerate()
        .flat_map(|(index, cluster)| (0..cluster.groups.len()).map(move |group| (index, group)))
        .filter(|(cluster, group)| clusters.get(*cluster).is_some_and(|cluster| is_due(cluster, *group, now)))
        .collect();
    for (cluster, group) in due {
        let answer = clusters.get(cluster).and_then(|owner| owner.groups.get(group)).map(|group| ask(clusters, account, group, now));
        if let (Some(answer), Some(owner)) = (answer, clusters.get_mut(cluster)) {
            attempt(owner, group, answer, now);
        }
    }
}

/// vCPUs that count against a quota class at a moment.
pub(crate) fn vcpus_in_use(clusters: &[Cluster], account: &Account, class: &str, at: Moment) -> u32 {
    let elsewhere = account.quota(class).map_or(0, |quota| quota.used_elsewhere);
    let nodes = clusters.iter().flat_map(|cluster| cluster.live_nodes(at));
    let counted = nodes.map(|node| (machine(&node.instance_type), node.spot));
    elsewhere + counted.filter(|(shape, spot)| shape.quota_class(*spot) == class).map(|(shape, _)| shape.vcpus).sum::<u32>()
}

/// Marks launches that reached service.
fn finish(cluster: &mut Cluster, now: Moment) {
    for group in &mut cluster.groups {
        for activity in group.activities.iter_mut().filter(|activity| activity.ended_at.is_none()) {
            match now - activity.started_at {
                ..8 => activity.progress = 30,
                8..IN_SERVICE => activity.progress = 50,
                _ => {
                    activity.status = ActivityStatus::Successful;
                    activity.progress = 100;
                    activity.ended_at = Some(activity.started_at + IN_SERVICE);
                }
            }
        }
    }
}

fn is_due(cluster: &Cluster, group: usize, now: Moment) -> bool {
    cluster.groups.get(group).is_some_and(|group| {
        let live = cluster.nodes_of(&group.name, now).count();
        group.is_auto_scaling() && live < group.desired as usize && !group.is_suspended("Launch") && now >= group.next_launch
    })
}

/// What AWS answers to one more machine for a group.
pub(crate) fn ask(clusters: &[Cluster], account: &Account, group: &Group, now: Moment) -> Result<String, Refusal> {
    let shape = group.machine();
    let class = shape.quota_class(group.spot);
    let used = vcpus_in_use(clusters, account, &class, now);
    if let Some(quota) = account.quota(&class).filter(|quota| used + shape.vcpus > quota.limit) {
        return Err(if group.spot { Refusal::SpotQuota } else { Refusal::VcpuQuota { limit: quota.limit } });
    }
    let others = match &group.capacity {
        Capacity::Plenty => return Ok(zone_of(group, now)),
        Capacity::Exhausted => Vec::new(),
        Capacity::OnlyIn(others) => others.clone(),
    };
    if group.spot {
        return Err(Refusal::SpotCapacity);
    }
    Err(Refusal::ZoneCapacity { instance_type: shape.name.to_owned(), zone: zone_of(group, now), others })
}

/// Zones are tried in turn.
fn zone_of(group: &Group, now: Moment) -> String {
    let turn = group.activities.len() + usize::try_from(now.rem_euclid(2)).unwrap_or_default();
    let zones = &group.zones;
    zones.get(turn % zones.len().max(1)).cloned().unwrap_or_default()
}

fn attempt(cluster: &mut Cluster, index: usize, answer: Result<String, Refusal>, now: Moment) {
    let Some(group) = cluster.groups.get(index) else { return };
    let live = cluster.nodes_of(&group.name, now).count();
    let (name, desired) = (group.name.clone(), group.desired);
    let activity = match answer {
        Ok(zone) => {
            let Some(node) = node(cluster, &name, zone.clone(), now) else { return };
            let instance = node.instance_id.clone();
            cluster.nodes.push(node);
            launched(cluster, index, &instance, zone, (live, now))
        }
        Err(refusal) => refused(cluster, index, &refusal, (live, now)),
    };
    let Some(group) = cluster.groups.get_mut(index) else { return };
    let refused = activity.status == ActivityStatus::Failed;
    group.activities.push(activity);
    group.refusals = if refused { group.refusals + 1 } else { 0 };
    // The group tries again by itself, more and more rarely.
    group.next_launch = now + if refused { (45 + 30 * i64::from(group.refusals)).min(300) } else { 1 };
    debug_assert!(group.desired == desired, "launching never changes desired");
}

/// The sentences AWS writes when a group grows.
fn cause(group: &Group, live: usize, now: Moment) -> Vec<Sentence> {
    let (min, max, desired) = (group.min, group.max, group.desired);
    let asked = format!(
        "a user request update of AutoScalingGroup constraints to min: {min}, max: {max}, desired: {desired} changing the desired \
         capacity from {live} to {desired}."
    );
    let started = format!(
        "an instance was started in response to a difference between desired and actual capacity, increasing the capacity from \
         {live} to {desired}."
    );
    vec![Sentence { at: now - 4, text: asked }, Sentence { at: now - 1, text: started }]
}

fn launched(cluster: &mut Cluster, index: usize, instance: &str, zone: String, (live, now): (usize, Moment)) -> Activity {
    let id = cluster.mint("activity");
    let cause = cluster.groups.get(index).map(|group| cause(group, live, now)).unwrap_or_default();
    Activity {
        id: minting::uuid(&format!("activity/{id}")),
        description: format!("Launching a new EC2 instance: {instance}"),
        cause,
        status: ActivityStatus::PreInService,
        message: None,
        progress: 30,
        started_at: now,
        ended_at: None,
        subnet: subnet(&cluster.name, &zone),
        zone,
        instance: Some(instance.to_owned()),
    }
}

fn refused(cluster: &mut Cluster, index: usize, refusal: &Refusal, (live, now): (usize, Moment)) -> Activity {
    let id = cluster.mint("activity");
    let group = cluster.groups.get(index);
    let zone = match refusal {
        Refusal::ZoneCapacity { zone, .. } => zone.clone(),
        _ => group.map(|group| zone_of(group, now)).unwrap_or_default(),
    };
    let message = refusal.message();
    Activity {
        id: minting::uuid(&format!("activity/{id}")),
        description: format!("Launching a new EC2 instance.  Status Reason: {message}"),
        cause: group.map(|group| cause(group, live, now)).unwrap_or_default(),
        status: ActivityStatus::Failed,
        message: Some(message),
        progress: 100,
        started_at: now,
        ended_at: Some(now),
        subnet: subnet(&cluster.name, &zone),
        zone,
        instance: None,
    }
}

/// The entry for a machine that is given back.
pub(crate) fn terminating(group: &Group, node: &Node, now: Moment) -> Activity {
    let (from, to) = (group.desired, group.desired.saturating_sub(1));
    let text = format!(
        "instance {} was taken out of service in response to a user request, shrinking the capacity from {from} to {to}.",
        node.instance_id
    );
    Activity {
        id: minting::uuid(&format!("terminate/{}", node.instance_id)),
        description: format!("Terminating EC2 instance: {}", node.instance_id),
        cause: vec![Sentence { at: now, text }],
        status: ActivityStatus::InProgress,
        message: None,
        progress: 50,
        started_at: now,
        ended_at: None,
        zone: node.zone.clone(),
        subnet: subnet(&group.asg_name, &node.zone),
        instance: Some(node.instance_id.clone()),
    }
}

/// The entry for a machine that AWS took back.
pub(crate) fn reclaimed(group: &Group, node: &Node, now: Moment) -> Activity {
    let text = "an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped.";
    Activity { cause: vec![Sentence { at: now, text: text.to_owned() }], ..terminating(group, node, now) }
}

fn subnet(owner: &str, zone: &str) -> String {
    format!("subnet-{}", minting::hex(&format!("{owner}/{zone}"), 17))
}

/// A machine of a group, launched now.
pub(crate) fn node(cluster: &mut Cluster, group: &str, zone: String, now: Moment) -> Option<Node> {
    let number = cluster.mint("node");
    let owner = cluster.group(group)?;
    let joins_at = now + owner.join_seconds;
    Some(Node {
        instance_id: format!("i-0{}", minting::hex(&format!("{}/{number}", cluster.name), 16)),
        name: format!("ip-192-168-{}-{}.{}.compute.internal", 8 + number % 88, 4 + number / 97 % 250, cluster.region),
        group: group.to_owned(),
        instance_type: owner.machine().name.to_owned(),
        spot: owner.spot,
        zone,
        launched_at: now,
        in_service_at: now + IN_SERVICE,
        joins_at,
        devices_at: owner.device_plugin_seconds.map(|delay| joins_at + delay),
        cordoned_at: None,
        trouble: None,
        terminated_at: None,
        idle_since: None,
    })
}
