//! Karpenter: pools that claim machines one by one, straight from EC2, without auto scaling groups.

use super::account::Account;
use super::clock::Moment;
use super::cluster::{Cluster, Group, Node};
use super::history::Refusal;
use super::journal::About;
use super::launching;
use super::machine::{allocatable, machine};
use super::minting;
use super::scheduler::{Waiting, fits, waiting};

/// Its name of itself.
const NAME: &str = "karpenter";
/// Story seconds between two looks.
const SCAN: i64 = 10;
/// Story seconds that what was sold out is not asked for again.
const HIDDEN: i64 = 180;
/// Story seconds between two complaints about a pod.
const REPEAT: i64 = 120;
/// Characters of an error that its events keep.
const CUT: usize = 300;

/// Limits and memory of a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// GPUs that its machines may have in all.
    pub gpus: Option<i64>,
    /// Cores that its machines may have in all.
    pub cpus: Option<i64>,
    /// Until when it does not ask again.
    pub(crate) hidden_until: Moment,
    /// When the pool's machines last failed to come, and the error.
    pub failed: Option<(Moment, String)>,
}

/// A machine that a pool asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeClaim {
    /// Its name.
    pub name: String,
    /// The pool.
    pub pool: String,
    /// The machine.
    pub instance: String,
    /// When it was made.
    pub created_at: Moment,
}

impl Cluster {
    /// Whether Karpenter adds machines here.
    pub fn uses_pools(&self) -> bool {
        self.groups.iter().any(|group| group.pool.is_some())
    }

    /// What the machines of a pool have together: cores, GPUs.
    pub fn used_by_pool(&self, pool: &str, now: Moment) -> (i64, i64) {
        self.nodes_of(pool, now)
            .map(|node| machine(&node.instance_type))
            .fold((0, 0), |(cpus, gpus), shape| (cpus + i64::from(shape.vcpus), gpus + i64::from(shape.gpus)))
    }
}

/// The claim of a machine that ran before the story.
pub(crate) fn remember(cluster: &mut Cluster, node: &Node) {
    let name = claim_name(&node.group, &node.instance_id);
    let claim = NodeClaim { name, pool: node.group.clone(), instance: node.instance_id.clone(), created_at: node.launched_at };
    cluster.control.node_claims.push(claim);
}

fn claim_name(pool: &str, label: &str) -> String {
    format!("{pool}-{}", minting::letters(label, "bcdfghjklmnpqrstvwxz2456789", 5))
}

pub(crate) fn step(clusters: &mut [Cluster], account: &Account, now: Moment) {
    if now % SCAN != 0 {
        return;
    }
    for index in 0..clusters.len() {
        let Some(cluster) = clusters.get(index).filter(|cluster| cluster.uses_pools()) else { continue };
        let pods = homeless(cluster, now);
        let Some(pod) = pods.first() else { continue };
        match choose(cluster, pod, now) {
            Ok(pool) => {
                let answer =
                    clusters.get(index).and_then(|cluster| cluster.group(&pool)).map(|group| launching::ask(clusters, account, group, now));
                if let (Some(answer), Some(cluster)) = (answer, clusters.get_mut(index)) {
                    launch(cluster, &pool, pod, answer, now);
                }
            }
            // It says the same of a pod again only after some minutes.
            Err(_) if now % REPEAT >= SCAN => {}
            Err(why) => {
                let Some(cluster) = clusters.get_mut(index) else { continue };
                for pod in &pods {
                    cluster.control.journal.warn(now, NAME, &pod.about, "FailedScheduling", format!("Failed to schedule pod, {why}"));
                }
            }
        }
    }
}

/// Pods for which no machine is on its way.
fn homeless(cluster: &Cluster, now: Moment) -> Vec<Waiting> {
    let mut coming: Vec<(String, crate::domain::capacity::Resources)> = cluster
        .live_nodes(now)
        .filter(|node| !node.has_joined(now))
        .map(|node| (node.group.clone(), allocatable(machine(&node.instance_type))))
        .collect();
    let mut homeless = Vec::new();
    for pod in waiting(cluster) {
        match coming.iter_mut().find(|(pool, free)| fits(*free, pod.demand) && pod.may_use(cluster, pool)) {
            Some((_, free)) => *free = free.minus(pod.demand),
            None => homeless.push(pod),
        }
    }
    homeless
}

/// The pool to ask, or why none can be.
fn choose(cluster: &Cluster, pod: &Waiting, now: Moment) -> Result<String, String> {
    let mut whys = Vec::new();
    let mut pools: Vec<(&Group, &Pool)> = cluster.groups.iter().filter_map(|group| Some((group, group.pool.as_ref()?))).collect();
    pools.sort_by_key(|(group, _)| std::cmp::Reverse(group.priority));
    for (group, pool) in pools {
        match objection(cluster, (group, pool), pod, now) {
            None => return Ok(group.name.clone()),
            Some(why) => whys.push(why),
        }
    }
    Err(whys.join("; "))
}

fn objection(cluster: &Cluster, (group, pool): (&Group, &Pool), pod: &Waiting, now: Moment) -> Option<String> {
    use super::placement::Obstacle;
    let shape = group.machine();
    let (cpus, gpus) = cluster.used_by_pool(&group.name, now);
    let over = |limit: Option<i64>, used: i64, more: u32| limit.is_some_and(|limit| used + i64::from(more) > limit);
    let overhead = "daemonset overhead={\"cpu\":\"410m\",\"memory\":\"500Mi\",\"pods\":\"7\"}";
    let lead = format!("incompatible with nodepool \"{}\", {overhead}", group.name);
    let wanted = format!(
        "no instance type satisfied resources {{\"cpu\":\"{}m\",\"memory\":\"{}Mi\",\"nvidia.com/gpu\":\"{}\",\"pods\":\"8\"}} and \
         requirements karpenter.sh/capacity-type In [{}], karpenter.sh/nodepool In [{}], node.kubernetes.io/instance-type In [{}]",
        pod.demand.cpu_millis,
        pod.demand.memory_bytes / 1_048_576,
        pod.demand.gpus,
        if group.spot { "spot" } else { "on-demand" },
        group.name,
        group.instance_types.join(" ")
    );
    match pod.obstacles_in(cluster, group).first() {
        Some(Obstacle::Taint(taint)) => {
            return Some(format!("{lead}, did not tolerate taint (taint={}={}:{})", taint.key, taint.value, taint.effect));
        }
        Some(Obstacle::Insufficient(_) | Obstacle::TooManyPods) => {
            return Some(format!("{lead}, {wanted} (no instance type has enough resources)"));
        }
        Some(_) => return Some(format!("{lead}, incompatible requirements, key node.kubernetes.io/instance-type is not allowed")),
        None => {}
    }
    if over(pool.gpus, gpus, shape.gpus) || over(pool.cpus, cpus, shape.vcpus) {
        return Some(format!("all available instance types exceed limits for nodepool: \"{}\"", group.name));
    }
    (pool.hidden_until > now).then(|| format!("{lead}, {wanted} (no instance type has the required offering)"))
}

/// Makes a claim; if EC2 refuses, the claim is gone at once and only events tell of it.
fn launch(cluster: &mut Cluster, pool: &str, pod: &Waiting, answer: Result<String, Refusal>, now: Moment) {
    let label = cluster.mint("claim").to_string();
    let name = claim_name(pool, &label);
    let about = About::new("NodeClaim", "", &name);
    let journal = &mut cluster.control.journal;
    journal.normal(now, NAME, &pod.about, "Nominated", format!("Pod should schedule on: nodeclaim/{name}"));
    match answer {
        Ok(zone) => {
            let Some(node) = launching::node(cluster, pool, zone, now) else { return };
            let instance = node.instance_id.clone();
            cluster.control.node_claims.push(NodeClaim { name: name.clone(), pool: pool.to_owned(), instance, created_at: now });
            cluster.nodes.push(node);
            cluster.control.journal.normal(
                now,
                NAME,
                &about,
                "Launched",
                "Status condition transitioned, Type: Launched, Status: Unknown -> True, Reason: Launched".to_owned(),
            );
            if let Some(group) = cluster.groups.iter_mut().find(|group| group.name == pool) {
                group.desired += 1;
                if let Some(pool) = &mut group.pool {
                    pool.failed = None;
                }
            }
        }
        Err(refusal) => {
            let error = format!("creating nodeclaim, insufficient capacity, with fleet error(s), {}", fleet_error(&refusal));
            let cut: String = error.chars().take(CUT).collect();
            journal.warn(now, NAME, &about, "InsufficientCapacityError", format!("NodeClaim {name} event: {cut}"));
            let pool = cluster.groups.iter_mut().find(|group| group.name == pool).and_then(|group| group.pool.as_mut());
            if let Some(pool) = pool {
                pool.hidden_until = now + HIDDEN;
                pool.failed = Some((now, error));
            }
        }
    }
}

/// As `CreateFleet` words what an auto scaling group words otherwise.
fn fleet_error(refusal: &Refusal) -> String {
    match refusal {
        Refusal::VcpuQuota { limit } => format!(
            "VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of {limit} allows for the instance \
             bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an \
             adjustment to this limit."
        ),
        Refusal::SpotQuota => "MaxSpotInstanceCountExceeded: Max spot instance count exceeded".to_owned(),
        Refusal::SpotCapacity => {
            "UnfulfillableCapacity: Unable to fulfill capacity due to your request configuration. Please adjust your request and try again."
                .to_owned()
        }
        Refusal::ZoneCapacity { instance_type, zone, .. } => format!(
            "InsufficientInstanceCapacity: We currently do not have sufficient {instance_type} capacity in the Availability Zone you \
             requested ({zone}). Our system will be working on provisioning additional capacity."
        ),
    }
}
