//! `/info` as a cluster, its machines and its configured node groups.

use serde::Deserialize as _;
use serde_json::Value;

use super::super::wire::{Info, NodeGroup as WireGroup, NodeInfo};
use super::demand::amount;
use super::raw::raw_record;
use crate::domain::capacity::Resources;
use crate::domain::group::NodeGroup;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::node::Node;
use crate::domain::snapshot::Cluster;
use crate::domain::source::{Failure, FailureKind, Gap};
use crate::domain::text::Text;

/// What one `/info` brings.
#[derive(Clone, Debug, Default)]
pub struct ClusterView {
    /// The cluster.
    pub cluster: Option<Cluster>,
    /// Its machines.
    pub nodes: Vec<Node>,
    /// Its node groups as configured.
    pub groups: Vec<NodeGroup>,
    /// Elements that could not be read.
    pub gaps: Vec<Gap>,
    /// Records of nodes and groups.
    pub raw: Vec<(ResourceKey, Text)>,
}

/// The short name of a group: `gpu` for `cx-wd-gpu` (on demand) and `cx-ws-gpu` (spot). Groups of
/// the platform itself keep `cx-` off, those of 0.30 `ng-cortex-`.
pub fn group_name(with_prefix: &str) -> &str {
    ["cx-wd-", "cx-ws-", "ng-cortex-", "cx-"].iter().find_map(|prefix| with_prefix.strip_prefix(prefix)).unwrap_or(with_prefix)
}

/// Reads an `/info`.
pub fn cluster(info: &Info, context: &Text) -> ClusterView {
    let mut view = ClusterView { cluster: Some(summary(info)), ..ClusterView::default() };
    for raw in info.worker_node_infos.iter().chain(&info.node_infos) {
        add_node(&mut view, raw, context, true);
    }
    for raw in &info.operator_node_infos {
        add_node(&mut view, raw, context, false);
    }
    for raw in &info.cluster_config.node_groups {
        match WireGroup::deserialize(raw) {
            Ok(group) if !group.name.is_empty() => add_group(&mut view, &group, info, context, Some(raw)),
            Ok(_) => view.gaps.push(unreadable("a node group", "it has no name")),
            Err(error) => view.gaps.push(unreadable("a node group", &error.to_string())),
        }
    }
    if let (true, Some(instance_type)) = (info.cluster_config.node_groups.is_empty(), &info.cluster_config.instance_type) {
        add_group(&mut view, &only_group(info, instance_type), info, context, None);
    }
    view.nodes.sort_by(|a, b| a.key.cmp(&b.key));
    view.groups.sort_by(|a, b| a.key.cmp(&b.key));
    view
}

fn summary(info: &Info) -> Cluster {
    let config = &info.cluster_config;
    Cluster {
        platform: "cortex".into(),
        name: config.cluster_name.as_str().into(),
        version: Some(config.api_version.as_str().into()),
        region: config.region.as_deref().map(Text::from),
        account: config.account_id.as_deref().map(Text::from),
        identity: None,
        pending_replicas: info.num_pending_replicas,
    }
}

fn add_node(view: &mut ClusterView, raw: &Value, context: &Text, is_worker: bool) {
    let info = match NodeInfo::deserialize(raw) {
        Ok(info) => info,
        Err(error) => {
            view.gaps.push(unreadable("a node", &error.to_string()));
            return;
        }
    };
    let group = info.nodegroup_name.as_deref().map(group_name);
    let name = match &info.name {
        Some(name) if !name.is_empty() => name.clone(),
        // The operator does not name its own machines; they are numbered.
        _ => format!("{} #{}", group.unwrap_or("node"), view.nodes.len() + 1),
    };
    let key = ResourceKey::new(context, ResourceKind::Node, name);
    view.raw.push((key.clone(), raw_record(&[("/info", raw)])));
    view.nodes.push(Node {
        key,
        group: group.map(Text::from),
        is_worker,
        instance_type: info.instance_type.as_str().into(),
        spot: info.is_spot,
        price_milli_usd: info.price.and_then(thousandths),
        capacity: if is_worker { amount(&info.compute_user_capacity) } else { Resources::default() },
        free: if is_worker { amount(&info.compute_available) } else { Resources::default() },
        replicas: info.num_replicas.map(|replicas| replicas.saturating_add(info.num_enqueuer_replicas.unwrap_or(0))),
        ready: None,
        created_at: None,
        detail: None,
    });
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a price saturates at the bounds and is no exact figure")]
fn thousandths(price: f64) -> Option<u64> {
    (price.is_finite() && price >= 0.0).then(|| (price * 1_000.0).round() as u64)
}

/// The one node group of 0.30, under the name that its machines and its cloud group carry.
fn only_group(info: &Info, instance_type: &str) -> WireGroup {
    let config = &info.cluster_config;
    WireGroup {
        name: if config.spot { "worker-spot" } else { "worker-on-demand" }.to_owned(),
        instance_type: instance_type.to_owned(),
        min_instances: config.min_instances,
        max_instances: config.max_instances,
        priority: None,
        spot: config.spot,
        spot_config: None,
    }
}

fn add_group(view: &mut ClusterView, group: &WireGroup, info: &Info, context: &Text, raw: Option<&Value>) {
    let named = |node: &&Node| node.is_worker && node.group.as_deref().is_none_or(|name| name == group.name);
    let running = view.nodes.iter().filter(named).count();
    let mut types = group.spot_config.as_ref().map(|spot| spot.instance_distribution.clone()).unwrap_or_default();
    if !types.contains(&group.instance_type) {
        types.insert(0, group.instance_type.clone());
    }
    let key = ResourceKey::new(context, ResourceKind::NodeGroup, group.name.as_str());
    if let Some(raw) = raw {
        view.raw.push((key.clone(), raw_record(&[("/info", raw)])));
    }
    view.groups.push(NodeGroup {
        key,
        cloud_name: None,
        is_worker: true,
        spot: group.spot,
        instance_types: types.iter().map(|name| name.as_str().into()).collect(),
        min: group.min_instances,
        max: group.max_instances,
        desired: None,
        in_service: u32::try_from(running).ok(),
        pending: None,
        zones: info.cluster_config.availability_zones.iter().map(|zone| zone.as_str().into()).collect(),
        suspended: Vec::new(),
        priority: group.priority,
    });
}

fn unreadable(what: &str, why: &str) -> Gap {
    Gap {
        what: format!("{what} in /info").into(),
        failure: Failure::new(
            FailureKind::Garbage,
            format!("it is not as Cortex sends it: {why}"),
            "`cortex cluster info -o json` shows what the operator sends",
        ),
    }
}
