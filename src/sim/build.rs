//! Makes a world of a scenario: what ran before the story, and the events of the story.

use std::collections::BTreeMap;
use std::path::Path;

use super::scenario::{
    ApiFile, BehaviourWord, ClusterFile, DeployFile, FaultsFile, GroupFile, KindWord, OperatorWord, Scenario, Span, base,
};
use super::story::{Action, Event};
use super::world::account::QUOTAS;
use super::world::history::{ActivityStatus, Sentence};
use super::world::machine::MACHINES;
use super::world::{
    Account, Activity, Api, ApiKind, AwsFaults, Behaviour, Capacity, Cluster, Container, ControlPlane, Faults, Group, GroupRole, Moment,
    Needs, Node, OperatorFault, Platform, PodPhase, Quota, QuotaRequest, StoryClock, Suspension, Target, Version, World,
    autoscaler::Autoscaler, launching, minting, rollout, scheduler,
};
use crate::config::problem::{Problem, suggestion};
use crate::domain::time::Timestamp;
use crate::domain::workload::{Amount, UpdateStrategy};

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
    let mut world = World { clusters, account, faults: faults(&scenario.faults), clock, now, events };
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
        platform: Platform::Cortex,
        version: given.version.clone(),
        kubernetes: given.kubernetes,
        created_at: -CLUSTER_AGE,
        zones: ["a", "b", "c"].iter().map(|zone| format!("{}{zone}", given.region)).collect(),
        groups: Vec::new(),
        nodes: Vec::new(),
        apis: Vec::new(),
        autoscaler: Autoscaler::default(),
        control: ControlPlane::default(),
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
    Ok(cluster)
}

/// The groups that Cortex makes for itself; their sizes changed with its versions.
fn system_groups(cluster: &Cluster) -> Vec<(GroupRole, GroupFile)> {
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
    };
    let operator = if cluster.minor() <= 37 { group("operator", 2, 2, 2) } else { group("operator", 2, 25, 3) };
    let mut groups = vec![(GroupRole::Operator, operator)];
    if cluster.minor() >= 38 {
        groups.push((GroupRole::Prometheus, group("prometheus", 1, 1, 1)));
    }
    groups
}

fn add_group(cluster: &mut Cluster, file: &GroupFile, role: GroupRole) {
    let prefix = match (role, file.spot) {
        (GroupRole::Worker, true) => "cx-ws-",
        (GroupRole::Worker, false) => "cx-wd-",
        _ => "cx-",
    };
    let nodegroup = format!("{prefix}{}", file.name);
    let random = minting::letters(&format!("{}/{nodegroup}", cluster.name), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 12);
    let on_purpose = (role == GroupRole::Worker).then(|| Suspension { process: "AZRebalance".to_owned(), since: -CLUSTER_AGE });
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
        labels: BTreeMap::new(),
        taints: Vec::new(),
        max_pods: None,
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
            remember(cluster, &node, count);
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

fn build_api(cluster: &str, file: &ApiFile) -> Api {
    let kind = match file.kind {
        KindWord::Realtime => ApiKind::Realtime,
        KindWord::Async => ApiKind::Async,
        KindWord::Batch => ApiKind::Batch,
        KindWord::Task => ApiKind::Task,
        KindWord::Splitter => ApiKind::Splitter,
    };
    let deployment = format!("{cluster}/{}", file.name);
    let deployment_id =
        if kind.has_replicas() { minting::letters(&deployment, "abcdefghijklmnopqrstuvwxyz0123456789", 10) } else { String::new() };
    let container = Container {
        name: match kind {
            ApiKind::Batch => "batch",
            ApiKind::Task => "task",
            _ => "api",
        }
        .to_owned(),
        image: format!("registry.example/{}:1", file.name),
        cpu_millis: thousandths(file.cpu),
        memory_mib: mebibytes(file.memory_gib),
        gpu: file.gpu,
        env: BTreeMap::from([("LOG_LEVEL".to_owned(), "info".to_owned())]),
    };
    let version = Version {
        spec_id: minting::hex(&format!("{deployment}/spec/1"), 32),
        pod_id: minting::hex(&format!("{deployment}/pod/1"), 63),
        deployment_id,
        deployed_at: -file.age.0,
        containers: if kind == ApiKind::Splitter { Vec::new() } else { vec![container] },
        node_groups: file.groups.clone(),
        strategy: UpdateStrategy { max_surge: amount(&file.max_surge), max_unavailable: amount(&file.max_unavailable) },
        min_replicas: file.min_replicas.unwrap_or(file.replicas),
        max_replicas: file.max_replicas.unwrap_or(file.replicas.max(1) * 3),
        max_concurrency: 4,
        behaviour: Behaviour::Normal { pull: 45, warm_up: 40 },
        needs: Needs { probe_port: 8080, ..Needs::default() },
    };
    let target = |target: &super::scenario::TargetFile| Target { api: target.api.clone(), weight: target.weight, shadow: target.shadow };
    Api {
        name: file.name.clone(),
        namespace: "default".to_owned(),
        kind,
        created_at: version.deployed_at - 21 * 86_400,
        versions: vec![version],
        desired: file.replicas,
        pods: Vec::new(),
        jobs: Vec::new(),
        targets: file.target.iter().map(target).collect(),
        refused: None,
        completed: None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a handful of cores")]
fn thousandths(cpus: f64) -> i64 {
    (cpus * 1_000.0).round() as i64
}

#[expect(clippy::cast_possible_truncation, reason = "some gibibytes")]
fn mebibytes(gibibytes: f64) -> i64 {
    (gibibytes * 1_024.0).round() as i64
}

fn amount(text: &str) -> Amount {
    let percent = text.strip_suffix('%').and_then(|percent| percent.parse().ok());
    percent.map_or_else(|| Amount::Count(text.parse().unwrap_or_default()), Amount::Percent)
}

/// The events of one API.
fn plan(api: &Api, file: &ApiFile, cluster: usize, events: &mut Vec<Event>) {
    let mut add = |at: Span, action: Action| events.push(Event { at: at.0, cluster, api: api.name.clone(), action });
    let mut version = api.versions.first().cloned();
    for (count, deploy) in file.deploy.iter().enumerate() {
        if let Some(before) = &version {
            let next = next_version(before, deploy, count + 2);
            add(deploy.at, Action::Deploy(Box::new(next.clone())));
            version = Some(next);
        }
    }
    for scale in &file.scale {
        add(scale.at, Action::Scale(scale.replicas));
    }
    for job in &file.job {
        add(job.at, Action::Submit { workers: job.workers, batches: job.batches, seconds: job.work.0 });
    }
}

fn next_version(before: &Version, deploy: &DeployFile, number: usize) -> Version {
    let mut next = before.clone();
    let label = format!("{}/{number}", before.pod_id);
    next.spec_id = minting::hex(&format!("spec/{label}"), 32);
    next.pod_id = minting::hex(&format!("pod/{label}"), 63);
    next.deployed_at = deploy.at.0;
    for container in &mut next.containers {
        let image = container.image.split(':').next().unwrap_or_default();
        container.image = format!("{image}:{number}");
        container.cpu_millis = deploy.cpu.map_or(container.cpu_millis, thousandths);
        container.memory_mib = deploy.memory_gib.map_or(container.memory_mib, mebibytes);
        container.gpu = deploy.gpu.unwrap_or(container.gpu);
    }
    if let Some(groups) = &deploy.groups {
        next.node_groups.clone_from(groups);
    }
    next.behaviour = match deploy.behaviour {
        BehaviourWord::Normal => Behaviour::Normal { pull: deploy.pull.0, warm_up: deploy.warm_up.0 },
        BehaviourWord::Crash => Behaviour::Crash { after: 20 },
        BehaviourWord::OutOfMemory => Behaviour::OutOfMemory { after: 55 },
        BehaviourWord::ImagePull => Behaviour::ImagePull,
        BehaviourWord::NeverReady => Behaviour::NeverReady,
    };
    next
}

/// Puts the replicas that ran before the story on their nodes, ready.
fn settle(cluster: &mut Cluster, now: Moment) {
    for api in cluster.apis.iter_mut().filter(|api| api.kind.has_replicas()) {
        let Some(version) = api.versions.first().cloned() else { continue };
        api.completed = Some(version.pod_id.clone());
        for count in 0..api.desired {
            let pod = rollout::new_pod(api, &version, None, version.deployed_at.min(now - 600) + i64::from(count), count);
            api.pods.push(pod);
        }
    }
    scheduler::step(cluster, now);
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
