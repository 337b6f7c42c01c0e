//! Node groups of a scenario, with the machines that ran before the story.

use std::collections::BTreeMap;

use super::super::scenario::{GroupFile, Span};
use super::super::world::history::{ActivityStatus, Sentence};
use super::super::world::{
    Activity, Capacity, Cluster, Group, GroupRole, Moment, Node, Platform, Pool, Suspension, Taint, karpenter, launching, minting,
};
use super::CLUSTER_AGE;

/// The groups that Cortex makes for itself; their sizes changed with its versions.
pub(super) fn system_groups(cluster: &Cluster) -> Vec<(GroupRole, GroupFile)> {
    let group = |name: &str, min, max, running| GroupFile {
        name: name.to_owned(),
        types: vec!["t3.medium".to_owned()],
        spot: false,
        min,
        max,
        running,
        priority: 1,
        zones: Vec::new(),
        exhausted: false,
        available_in: Vec::new(),
        join: Span(120),
        without_device_plugin: false,
        suspended: Vec::new(),
        labels: BTreeMap::new(),
        taints: Vec::new(),
        max_pods: None,
        pool: None,
    };
    if cluster.platform == Platform::Kubernetes {
        return vec![(GroupRole::Operator, group("system", 2, 4, 2))];
    }
    let operator = if cluster.minor() <= 37 { group("operator", 2, 2, 2) } else { group("operator", 2, 25, 3) };
    let mut groups = vec![(GroupRole::Operator, operator)];
    if cluster.minor() >= 38 {
        groups.push((GroupRole::Prometheus, group("prometheus", 1, 1, 1)));
    }
    groups
}

pub(super) fn add_group(cluster: &mut Cluster, file: &GroupFile, role: GroupRole) {
    let prefix = match (cluster.platform, role, file.spot) {
        (Platform::Kubernetes, _, _) => "",
        (_, GroupRole::Worker, true) => "cx-ws-",
        (_, GroupRole::Worker, false) => "cx-wd-",
        _ => "cx-",
    };
    let nodegroup = format!("{prefix}{}", file.name);
    let random = minting::letters(&format!("{}/{nodegroup}", cluster.name), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 12);
    let on_purpose = (role == GroupRole::Worker && cluster.platform == Platform::Cortex)
        .then(|| Suspension { process: "AZRebalance".to_owned(), since: -CLUSTER_AGE });
    let by_hand = file.suspended.iter().map(|process| Suspension { process: process.clone(), since: -1_560 });
    let group = Group {
        name: file.name.clone(),
        role,
        asg_name: format!("eksctl-{}-nodegroup-{nodegroup}-NodeGroup-{random}", cluster.name),
        nodegroup,
        spot: file.spot,
        instance_types: file.types.clone(),
        min: file.min,
        max: file.max,
        desired: file.running,
        priority: file.priority,
        zones: if file.zones.is_empty() { cluster.zones.clone() } else { file.zones.clone() },
        suspended: on_purpose.into_iter().chain(by_hand).collect(),
        capacity: match (file.exhausted, file.available_in.as_slice()) {
            (false, _) => Capacity::Plenty,
            (true, []) => Capacity::Exhausted,
            (true, zones) => Capacity::OnlyIn(zones.to_vec()),
        },
        join_seconds: file.join.0,
        device_plugin_seconds: (!file.without_device_plugin).then_some(25),
        labels: file.labels.clone(),
        taints: file.taints.iter().map(|text| Taint::parse(text)).collect(),
        max_pods: file.max_pods,
        pool: file.pool.map(|pool| Pool { gpus: pool.gpus, cpus: pool.cpus, ..Pool::default() }),
        activities: Vec::new(),
        created_at: -CLUSTER_AGE,
        refusals: 0,
        next_launch: Moment::MIN,
    };
    let zones = group.zones.clone();
    cluster.groups.push(group);
    for count in 0..file.running {
        // Machines that ran before the story: the first ones are weeks old, the others younger.
        let age = (17 * 86_400) / i64::from(count + 1) + 1_733 * i64::from(count);
        let zone = zones.get(count as usize % zones.len().max(1)).cloned().unwrap_or_default();
        if let Some(mut node) = launching::node(cluster, &file.name, zone, -age) {
            // They had their device plugin, whatever is wrong with new ones.
            node.devices_at = Some(node.joins_at + 25);
            if file.pool.is_none() {
                remember(cluster, &node, count);
            } else {
                karpenter::remember(cluster, &node);
            }
            cluster.nodes.push(node);
        }
    }
}

/// The entry of a launch that went well long ago.
fn remember(cluster: &mut Cluster, node: &Node, before: u32) {
    let id = minting::uuid(&node.instance_id);
    let subnet = format!("subnet-{}", minting::hex(&format!("{}/{}", cluster.name, node.zone), 17));
    let Some(group) = cluster.groups.iter_mut().find(|group| group.name == node.group) else { return };
    let text = format!(
        "an instance was started in response to a difference between desired and actual capacity, increasing the capacity from \
         {before} to {}.",
        before + 1
    );
    group.activities.push(Activity {
        id,
        description: format!("Launching a new EC2 instance: {}", node.instance_id),
        cause: vec![Sentence { at: node.launched_at - 2, text }],
        status: ActivityStatus::Successful,
        message: None,
        progress: 100,
        started_at: node.launched_at,
        ended_at: Some(node.in_service_at),
        zone: node.zone.clone(),
        subnet,
        instance: Some(node.instance_id.clone()),
    });
}
