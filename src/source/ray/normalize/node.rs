//! Machines of a Ray cluster: the state API says which live, the summary how full they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::wire::{Proxy, Raylet, StateNode, SummaryData};
use super::amounts::{resources, usage};
use crate::domain::capacity::Resources;
use crate::domain::condition::StatusCondition;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::node::{Node, NodeDetail};
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp, age};

/// The condition of a head node whose disk is full.
pub const HEAD_DISK: &str = "HeadDiskFull";
/// From this on a disk counts as full: Ray stops creating objects there.
const FULL: f64 = 95.0;
/// Machines that are gone for longer are history.
const GONE: Duration = Duration::from_hours(1);

/// One machine with what both answers say of it.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Its name: the address, with a part of the id where two share it.
    pub name: Text,
    /// The state API's row.
    pub state: StateNode,
    /// How full its fullest disk is, with the mount point.
    pub disk: Option<(String, f64)>,
    /// The state of Serve's proxy there, where one runs.
    pub proxy: Option<String>,
    raylet: Raylet,
    used: Option<BTreeMap<String, f64>>,
}

impl Machine {
    /// Whether it lives.
    pub fn is_alive(&self) -> bool {
        self.state.state.as_deref() == Some("ALIVE")
    }

    /// Whether the control store runs there.
    pub fn is_head(&self) -> bool {
        self.state.is_head_node.unwrap_or_else(|| self.state.resources_total.contains_key("node:__internal_head__"))
    }

    /// Whether it is a head whose disk is full.
    pub fn is_full_head(&self) -> bool {
        self.is_alive() && self.is_head() && self.disk.as_ref().is_some_and(|(_, percent)| *percent >= FULL)
    }
}

/// Joins the rows of both answers, by node id.
pub fn machines(states: Vec<StateNode>, summary: Option<&SummaryData>, now: Timestamp) -> BTreeMap<String, Machine> {
    let recent = |state: &StateNode| moment(state.end_time_ms).is_none_or(|ended| age(now, ended) < GONE);
    let states: Vec<StateNode> = states.into_iter().filter(recent).collect();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for state in &states {
        *seen.entry(state.node_ip.clone().unwrap_or_default()).or_default() += 1;
    }
    let shared: BTreeSet<String> = seen.into_iter().filter(|(_, count)| *count > 1).map(|(address, _)| address).collect();
    states.into_iter().map(|state| (state.node_id.clone(), machine(state, summary, &shared))).collect()
}

fn machine(state: StateNode, summary: Option<&SummaryData>, shared: &BTreeSet<String>) -> Machine {
    let address = state.node_ip.clone().unwrap_or_default();
    let short = state.node_id.get(..8).unwrap_or(&state.node_id);
    let name = if address.is_empty() || shared.contains(&address) { format!("{address}-{short}") } else { address };
    let is_own = |raylet: &Raylet| raylet.node_id.as_deref() == Some(&state.node_id);
    let own = summary.and_then(|summary| summary.summary.iter().find(|row| row.raylet.as_ref().is_some_and(is_own)));
    let disks = own.and_then(|row| row.disk.as_ref()).into_iter().flatten();
    let disk = disks
        .filter_map(|(mount, disk)| Some((mount.clone(), disk.percent?)))
        .max_by(|(a, x), (b, y)| x.total_cmp(y).then_with(|| b.len().cmp(&a.len())));
    let lines = summary.and_then(|summary| summary.node_logical_resources.as_ref()?.get(&state.node_id));
    let used = lines.map(|lines| lines.lines().filter_map(usage).map(|(name, used, _)| (name.to_owned(), used)).collect());
    Machine { name: name.into(), raylet: own.and_then(|row| row.raylet.clone()).unwrap_or_default(), state, disk, used, proxy: None }
}

/// Tells each machine the state of the proxy that runs there.
pub fn with_proxies(machines: &mut BTreeMap<String, Machine>, proxies: &BTreeMap<String, Proxy>) {
    for (node, proxy) in proxies {
        if let Some(machine) = machines.get_mut(node) {
            machine.proxy.clone_from(&proxy.status);
        }
    }
}

fn moment(millis: Option<i64>) -> Option<Timestamp> {
    millis.filter(|millis| *millis > 0).and_then(|millis| Timestamp::from_millisecond(millis).ok())
}

/// The machines as nodes; `placed` are the demands of replicas by node id, for clusters that do
/// not tell what is in use.
pub fn nodes(machines: &BTreeMap<String, Machine>, placed: &BTreeMap<String, Vec<Resources>>, context: &Text) -> Vec<Node> {
    let mut nodes: Vec<Node> = machines.values().map(|machine| node(machine, placed, context)).collect();
    nodes.sort_by(|a, b| a.key.cmp(&b.key));
    nodes
}

fn node(machine: &Machine, placed: &BTreeMap<String, Vec<Resources>>, context: &Text) -> Node {
    let own = placed.get(&machine.state.node_id).map(Vec::as_slice).unwrap_or_default();
    let capacity = resources(&machine.state.resources_total);
    let used = match &machine.used {
        Some(used) => resources(used),
        None => own.iter().fold(Resources::default(), |sum, demand| sum.plus(*demand)),
    };
    let label = |name: &str| machine.state.labels.as_ref().and_then(|labels| labels.get(name)).filter(|value| !value.is_empty());
    let group = machine.raylet.node_type_name.as_ref().filter(|name| !name.is_empty()).or_else(|| label("ray.io/node-group"));
    let filled = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(Text::clean);
    let model = machine.state.resources_total.keys().find_map(|name| name.strip_prefix("accelerator_type:"));
    Node {
        key: ResourceKey::new(context, ResourceKind::Node, machine.name.clone()),
        group: group.map(|group| Text::clean(group)),
        is_worker: capacity.cpu_millis > 0 || capacity.gpus > 0,
        instance_type: filled(&machine.raylet.instance_type_name).unwrap_or_default(),
        spot: label("ray.io/market-type").is_some_and(|market| market == "spot"),
        price_milli_usd: None,
        capacity,
        free: if machine.is_alive() { capacity.minus(used) } else { Resources::default() },
        replicas: u32::try_from(own.len()).ok(),
        ready: Some(machine.is_alive()),
        created_at: moment(machine.state.start_time_ms),
        detail: Some(Arc::new(NodeDetail {
            labels: machine.state.labels.iter().flatten().map(|(name, value)| (Text::clean(name), Text::clean(value))).collect(),
            conditions: conditions(machine),
            physical: capacity,
            zone: label("ray.io/availability-zone").map(|zone| Text::clean(zone)),
            instance: filled(&machine.raylet.instance_id),
            accelerator_model: model.map(Text::clean),
            ..NodeDetail::default()
        })),
    }
}

fn conditions(machine: &Machine) -> Vec<StatusCondition> {
    let mut conditions = vec![StatusCondition {
        name: "Ready".into(),
        holds: Some(machine.is_alive()),
        reason: machine.state.state.as_deref().map(Text::clean).unwrap_or_default(),
        message: machine.state.state_message.as_deref().map(Text::clean).unwrap_or_default(),
        since: moment(machine.state.end_time_ms),
    }];
    if let Some((mount, percent)) = machine.disk.as_ref().filter(|_| machine.is_full_head()) {
        conditions.push(StatusCondition {
            name: HEAD_DISK.into(),
            holds: Some(true),
            reason: "DiskFull".into(),
            message: format!("the disk at {} is {percent:.1} % full", Text::clean(mount)).into(),
            since: None,
        });
    }
    if let Some(status) = machine.proxy.as_deref().filter(|_| machine.is_alive()) {
        conditions.push(StatusCondition {
            name: "ServeProxyHealthy".into(),
            holds: match status {
                "HEALTHY" => Some(true),
                "UNHEALTHY" => Some(false),
                _ => None,
            },
            reason: Text::clean(status),
            message: Text::default(),
            since: None,
        });
    }
    conditions
}
