//! A cluster: its node groups as Cortex and eksctl set them up, and the machines in them.

use std::collections::BTreeMap;

use super::autoscaler::Autoscaler;
use super::clock::Moment;
use super::control::ControlPlane;
use super::history::Activity;
use super::incidents::{Incident, Trouble};
use super::karpenter::Pool;
use super::machine::{Machine, allocatable, machine};
use super::minting;
use super::placement::Taint;
use super::workload::{Api, Pod};
use crate::domain::capacity::Resources;

/// One cluster: Cortex on Kubernetes, or Kubernetes alone.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// AWS region.
    pub region: String,
    /// What people deploy to.
    pub platform: Platform,
    /// Version of the platform: Cortex's (`0.42.1`; decides the dialect), or Kubernetes' (`1.29.4`).
    pub version: String,
    /// Whether its Kubernetes API can be reached by those who reach its operator.
    pub kubernetes: bool,
    /// When it was set up; its `cluster_uid` is this as Unix seconds.
    pub created_at: Moment,
    /// Zones it spans.
    pub zones: Vec<String>,
    /// Node groups: workers in the order of the configuration, then the system's own.
    pub groups: Vec<Group>,
    /// Machines, gone ones included.
    pub nodes: Vec<Node>,
    /// APIs of all kinds.
    pub apis: Vec<Api>,
    /// The cluster autoscaler.
    pub autoscaler: Autoscaler,
    /// What only Kubernetes knows.
    pub control: ControlPlane,
    /// How often something was named, so that names differ.
    pub(crate) minted: u64,
}

/// What people deploy to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Cortex, with Kubernetes beneath.
    Cortex,
    /// Kubernetes itself.
    Kubernetes,
}

/// The two wire formats of Cortex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// 0.22–0.39: status codes, updated and stale counts, specs in the list.
    Legacy,
    /// 0.40–0.42: counts only, `/describe`.
    Modern,
}

impl Cluster {
    /// The wire format of its version.
    pub fn dialect(&self) -> Dialect {
        if self.minor() >= 40 { Dialect::Modern } else { Dialect::Legacy }
    }

    /// The middle number of the version.
    pub fn minor(&self) -> u32 {
        self.version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(42)
    }

    /// Story seconds after which Cortex calls a waiting replica stalled.
    pub fn stalled_after(&self) -> i64 {
        if self.minor() <= 32 { 600 } else { 900 }
    }

    /// A node group by its short name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// An API by name.
    pub fn api(&self, name: &str) -> Option<&Api> {
        self.apis.iter().find(|api| api.name == name)
    }

    /// Machines that exist at a moment.
    pub fn live_nodes(&self, now: Moment) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(move |node| node.exists(now))
    }

    /// Machines of a group that exist at a moment.
    pub fn nodes_of<'a>(&'a self, group: &'a str, now: Moment) -> impl Iterator<Item = &'a Node> {
        self.live_nodes(now).filter(move |node| node.group == group)
    }

    /// All pods of all APIs.
    pub fn pods(&self) -> impl Iterator<Item = (&Api, &Pod)> {
        self.apis.iter().flat_map(|api| api.pods.iter().map(move |pod| (api, pod)))
    }

    /// What API pods hold on a machine, terminating ones included.
    pub fn held_on(&self, instance: &str) -> Resources {
        self.pods()
            .filter(|(_, pod)| pod.node.as_deref() == Some(instance) && !pod.phase.is_over())
            .fold(Resources::default(), |sum, (_, pod)| sum.plus(pod.demand))
    }

    /// What a machine offers to API pods at a moment.
    pub fn offered_by(&self, node: &Node, now: Moment) -> Resources {
        let mut offered = allocatable(machine(&node.instance_type));
        offered.gpus = if node.is_hit_by(Incident::Xid) { 0 } else { node.gpus(now) };
        let most = self.group(&node.group).and_then(|group| group.max_pods);
        offered.pods = most.map_or(offered.pods, |most| i64::from(most) - super::machine::DAEMON_PODS);
        offered
    }

    /// What is free on a machine at a moment.
    pub fn free_on(&self, node: &Node, now: Moment) -> Resources {
        self.offered_by(node, now).minus(self.held_on(&node.instance_id))
    }

    /// A name that was not used before: deterministic, looks random.
    pub(crate) fn mint(&mut self, label: &str) -> u64 {
        self.minted += 1;
        minting::number(&format!("{}/{label}/{}", self.name, self.minted))
    }
}

/// What a group is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupRole {
    /// Runs APIs.
    Worker,
    /// Runs the operator and its companions.
    Operator,
    /// Runs Prometheus.
    Prometheus,
}

/// One node group and the auto scaling group behind it.
#[derive(Clone, Debug)]
pub struct Group {
    /// Short name, as in the cluster configuration (`gpu`).
    pub name: String,
    /// What it is for.
    pub role: GroupRole,
    /// eksctl's name: `cx-wd-gpu`, `cx-ws-gpu-spot`, `cx-operator`.
    pub nodegroup: String,
    /// `eksctl-<cluster>-nodegroup-<nodegroup>-NodeGroup-<RANDOM>`.
    pub asg_name: String,
    /// Whether it launches spot machines (a mixed instances policy).
    pub spot: bool,
    /// Machine types, the first preferred.
    pub instance_types: Vec<String>,
    /// Never fewer machines.
    pub min: u32,
    /// Never more machines.
    pub max: u32,
    /// What the group was asked for.
    pub desired: u32,
    /// Cortex's priority, 1 to 100, higher first.
    pub priority: u32,
    /// Zones it may launch in.
    pub zones: Vec<String>,
    /// Processes that are switched off (`AZRebalance` on workers, on purpose).
    pub suspended: Vec<Suspension>,
    /// Whether AWS has machines of these types, quotas aside.
    pub capacity: Capacity,
    /// Story seconds from launch until the node is Ready.
    pub join_seconds: i64,
    /// Story seconds from Ready until the device plugin reports GPUs; `None` for never.
    pub device_plugin_seconds: Option<i64>,
    /// Labels of its nodes, beyond those that every node has.
    pub labels: BTreeMap<String, String>,
    /// Taints of its nodes, beyond those that its role and machines bring.
    pub taints: Vec<Taint>,
    /// Pods a node takes at most, daemons included; by default what the machine type allows.
    pub max_pods: Option<u32>,
    /// It is a pool of Karpenter, without an auto scaling group.
    pub pool: Option<Pool>,
    /// History, oldest first.
    pub activities: Vec<Activity>,
    /// When it was made.
    pub created_at: Moment,
    /// Launches refused in a row since the group was last asked for something.
    pub(crate) refusals: u32,
    /// When the next launch is tried.
    pub(crate) next_launch: Moment,
}

impl Group {
    /// The preferred machine type.
    pub fn machine(&self) -> &'static Machine {
        machine(self.instance_types.first().map_or("", String::as_str))
    }

    /// Whether APIs run on it.
    pub fn is_worker(&self) -> bool {
        self.role == GroupRole::Worker
    }

    /// Whether an auto scaling group is behind it.
    pub fn is_auto_scaling(&self) -> bool {
        self.pool.is_none()
    }

    /// The activities as the API orders them: those under way first, then the newest start.
    pub fn activities_newest_first(&self) -> Vec<&Activity> {
        let mut sorted: Vec<&Activity> = self.activities.iter().rev().collect();
        sorted.sort_by_key(|activity| (activity.ended_at.is_some(), std::cmp::Reverse(activity.started_at)));
        sorted
    }

    /// Whether a process such as `Launch` is switched off.
    pub fn is_suspended(&self, process: &str) -> bool {
        self.suspended.iter().any(|suspension| suspension.process == process)
    }
}

/// A process that was switched off.
#[derive(Clone, Debug)]
pub struct Suspension {
    /// Such as `Launch`.
    pub process: String,
    /// When. The reason AWS shows is `User suspended at <that>`.
    pub since: Moment,
}

/// What AWS has of a group's machine types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Capacity {
    /// Enough.
    #[default]
    Plenty,
    /// Nothing anywhere.
    Exhausted,
    /// Nothing in the group's zones, something in these others.
    OnlyIn(Vec<String>),
}

/// One machine: an instance, and the node it becomes.
#[derive(Clone, Debug)]
pub struct Node {
    /// Such as `i-0a1b2c3d4e5f60001`.
    pub instance_id: String,
    /// Such as `ip-192-168-11-21.us-west-2.compute.internal`.
    pub name: String,
    /// Short name of its group.
    pub group: String,
    /// Machine type.
    pub instance_type: String,
    /// Whether it can be reclaimed.
    pub spot: bool,
    /// Zone.
    pub zone: String,
    /// When AWS started it.
    pub launched_at: Moment,
    /// When its group counts it as `InService`.
    pub in_service_at: Moment,
    /// When Kubernetes finds it Ready.
    pub joins_at: Moment,
    /// When its GPUs become allocatable; `None` for never.
    pub devices_at: Option<Moment>,
    /// When somebody closed it for new pods.
    pub cordoned_at: Option<Moment>,
    /// What is wrong with it.
    pub trouble: Option<Trouble>,
    /// When it was terminated.
    pub terminated_at: Option<Moment>,
    /// Since when no API pod runs on it.
    pub(crate) idle_since: Option<Moment>,
}

impl Node {
    /// Whether the instance exists.
    pub fn exists(&self, now: Moment) -> bool {
        self.launched_at <= now && self.terminated_at.is_none_or(|at| at > now)
    }

    /// Whether its group counts it as `InService`; otherwise `Pending`.
    pub fn is_in_service(&self, now: Moment) -> bool {
        self.exists(now) && self.in_service_at <= now
    }

    /// Whether Kubernetes ever found it Ready (before that, `/info` does not list it).
    pub fn has_joined(&self, now: Moment) -> bool {
        self.exists(now) && self.joins_at <= now
    }

    /// Whether Kubernetes finds it Ready.
    pub fn is_ready(&self, now: Moment) -> bool {
        self.has_joined(now) && !self.is_silent()
    }

    /// Whether it was Ready and is not any more.
    pub fn is_silent(&self) -> bool {
        self.trouble.is_some_and(|trouble| trouble.incident.silences())
    }

    /// Whether the device plugin has told of its GPUs.
    pub fn has_devices(&self, now: Moment) -> bool {
        machine(&self.instance_type).gpus > 0 && self.devices_at.is_some_and(|at| at <= now)
    }

    /// Whether this is wrong with it.
    pub fn is_hit_by(&self, incident: Incident) -> bool {
        self.trouble.is_some_and(|trouble| trouble.incident == incident)
    }

    /// Whether somebody closed it for new pods.
    pub fn is_cordoned(&self, now: Moment) -> bool {
        self.cordoned_at.is_some_and(|at| at <= now)
    }

    /// GPUs that can be handed out now.
    pub fn gpus(&self, now: Moment) -> i64 {
        let reported = self.devices_at.is_some_and(|at| at <= now);
        if reported { i64::from(machine(&self.instance_type).gpus) } else { 0 }
    }
}
