//! What follows from a survey of the machines, in words: the cause, the sentence, the headline,
//! the evidence and the ways out. No judging: that is the survey's.

use super::commands::advice;
use super::dialect::pick;
use super::durations::{self, Stage};
use super::enablement;
use super::fill::Fill;
use super::finding::{Evidence, Progress, Remedy, Risk};
use super::scheduler::{self, Predicate};
use super::survey::{Survey, Why};
use super::tally;
use super::weigh::{Refusal, wants_accelerator};
use super::words::{names, short_name};
use super::world::{Said, World};
use crate::domain::limits::VolumeClaim;
use crate::domain::node::Node;
use crate::domain::replica::Replica;
use crate::domain::text::Text;
use crate::domain::time::age;
use crate::domain::workload::Workload;

/// Every cause that a survey may name.
pub const CAUSES: &[&str] = &[
    "cortex/update-fragmentation",
    "cortex/update-gpu-held",
    "cortex/update-gpu-not-allocatable",
    "cortex/update-node-groups-pin",
    "cortex/update-pod-limit",
    "kubernetes/gpu-plugin-missing",
    "kubernetes/gpu-unhealthy-device",
    "kubernetes/sched-cordoned",
    "kubernetes/sched-host-ports",
    "kubernetes/sched-insufficient-cpu",
    "kubernetes/sched-insufficient-ephemeral-storage",
    "kubernetes/sched-insufficient-extended",
    "kubernetes/sched-insufficient-gpu",
    "kubernetes/sched-insufficient-memory",
    "kubernetes/sched-no-nodes",
    "kubernetes/sched-node-affinity",
    "kubernetes/sched-taint",
    "kubernetes/sched-taint-control-plane",
    "kubernetes/sched-taint-draining",
    "kubernetes/sched-taint-gpu",
    "kubernetes/sched-taint-network",
    "kubernetes/sched-taint-not-ready",
    "kubernetes/sched-taint-pressure",
    "kubernetes/sched-taint-startup",
    "kubernetes/sched-taint-unreachable",
    "kubernetes/sched-too-many-pods",
    "kubernetes/sched-volume-zone",
];

/// A finding in words.
pub struct Story {
    /// The cause.
    pub cause: &'static str,
    /// The sentence, without the tally of the machines.
    pub says: String,
    /// In a few words.
    pub headline: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// Ways out.
    pub remedies: Vec<Remedy>,
}

/// The story of a survey.
pub fn story<'a>(world: &World<'a>, replica: &'a Replica, survey: &Survey<'a>) -> Story {
    let workload = replica.workload.as_ref().and_then(|key| world.workload(key)).map(|(_, workload)| workload);
    let word = if wants_accelerator(replica) { "GPU" } else { "place" };
    let own = |cortex: &'static str, cluster: &'static str| workload.map_or(cluster, |workload| pick(workload, cortex, cluster));
    let (cause, says, headline, shown) = match &survey.why {
        Why::Rule(refusal, count, node) => rule_story(workload, replica, refusal, *count, *node, (word, replica_volume(world, replica))),
        Why::Dead(node, _) => {
            let name = short_name(&node.1.key.name);
            let says = format!("machine {name} ({}) is up but offers no GPU", node.1.instance_type);
            (own("cortex/update-gpu-not-allocatable", "kubernetes/gpu-plugin-missing"), says, format!("{name} offers no GPU"), vec![*node])
        }
        Why::Unhealthy(node, missing) => {
            let name = short_name(&node.1.key.name);
            let says = format!("{missing} of the GPUs of {name} are out of service");
            ("kubernetes/gpu-unhealthy-device", says, format!("{missing} GPUs of {name} out of service"), vec![*node])
        }
        Why::Beside(node) => beside(replica, survey, *node, &own),
        Why::Slots(node) => {
            let name = short_name(&node.1.key.name);
            let says =
                format!("machine {name} has room but no pod slot left: {} carries {} pods", node.1.instance_type, node.1.capacity.pods);
            (own("cortex/update-pod-limit", "kubernetes/sched-too-many-pods"), says, format!("no pod slot on {name}"), vec![*node])
        }
        Why::Scattered(machines) => {
            let (free, wanted) = (survey.free, replica.demand.gpus.max(replica.demand.neuron));
            let says = format!("{free} GPUs are free, but on {machines} machines; one replica needs {wanted} on one machine");
            (
                own("cortex/update-fragmentation", "kubernetes/sched-insufficient-gpu"),
                says,
                format!("{free} GPUs free, on {machines} machines"),
                busiest(survey),
            )
        }
        Why::Taken(name) => taken(world, replica, survey, name, &own),
        Why::Small(name) => {
            let says = format!("no machine that it may use could hold one replica even empty: too little {name}");
            (shortage(name), says, format!("no machine is large enough ({name})"), busiest(survey))
        }
        Why::NoKind => {
            let says = format!("no machine of the cluster has a {word}");
            (shortage("GPU"), says.clone(), says, Vec::new())
        }
        Why::Nothing | Why::Room(_) => {
            ("kubernetes/sched-no-nodes", "the cluster has no node for it".to_owned(), "no nodes".to_owned(), Vec::new())
        }
    };
    let fill = Fill::of(world, &replica.key.context).replica(replica);
    let fill = shown.first().map_or(fill.clone(), |(_, node)| fill.and("node", &node.key.name));
    let fill = match (&survey.why, shown.first()) {
        // What runs on that machine is in question, not the replica that waits for it.
        (Why::Dead(..) | Why::Unhealthy(..), Some((_, node))) => enablement::plugin(world, fill, node),
        (Why::Rule(Refusal::Zone, ..), _) => {
            let volume = replica_volume(world, replica).and_then(|claim| claim.volume.as_ref());
            volume.map_or(fill.clone(), |volume| fill.and("volume", volume))
        }
        _ => fill,
    };
    let mut remedies = make_room(world, replica, survey);
    let under_pressure = matches!(survey.why, Why::Rule(Refusal::Pressure(_), ..));
    let taken = matches!(survey.why, Why::Taken(_));
    remedies.extend(if taken || under_pressure { fill.commands(cause) } else { fill.remedies(cause) });
    if matches!(survey.why, Why::Dead(..)) {
        // What ails the machine is told beneath, with its own ways out.
        remedies.retain(|remedy| remedy.command.is_some());
    }
    if let Why::Rule(Refusal::Taint(taint), ..) = &survey.why {
        let text = format!("let the replica tolerate {}, if those machines are meant for it", tally::taint_words(taint));
        remedies.insert(0, advice(Risk::Mutating, text));
    }
    if matches!(survey.why, Why::Rule(Refusal::Labels, ..)) && cause == "kubernetes/sched-node-affinity" {
        remedies.insert(0, advice(Risk::Mutating, "ask for labels that machines have, or add machines that carry them"));
    }
    let mut evidence: Vec<Evidence> = shown.iter().take(3).map(|said| of_node(world, *said, survey)).collect();
    if matches!(survey.why, Why::Taken(_)) {
        evidence.extend(of_holders(world, replica, survey));
    }
    Story { cause, says, headline, evidence, remedies }
}

type Parts<'a> = (&'static str, String, String, Vec<Said<'a, Node>>);

fn rule_story<'a>(
    workload: Option<&Workload>,
    replica: &Replica,
    refusal: &Refusal<'a>,
    count: usize,
    node: Said<'a, Node>,
    (word, volume): (&str, Option<&VolumeClaim>),
) -> Parts<'a> {
    let name = short_name(&node.1.key.name);
    let several = if count == 1 { name.to_owned() } else { format!("{count} machines") };
    let with = if replica.demand.wants_accelerator() && node.1.free.gpus.max(node.1.free.neuron) > 0 {
        format!(" with a free {word}")
    } else {
        String::new()
    };
    let (cause, what) = match refusal {
        Refusal::Taint(taint) => {
            let verb = if count == 1 { "carries" } else { "carry" };
            (
                scheduler::taint_cause(&taint.key),
                format!("{verb} the taint {}, which the replica does not tolerate", tally::taint_words(taint)),
            )
        }
        Refusal::Labels => return by_labels(workload, replica, count, node, &with),
        Refusal::Cordoned => ("kubernetes/sched-cordoned", "closed for new replicas (cordoned)".to_owned()),
        Refusal::NotReady(true) => ("kubernetes/sched-taint-unreachable", "not heard of any more".to_owned()),
        Refusal::NotReady(false) => ("kubernetes/sched-taint-not-ready", "not ready".to_owned()),
        Refusal::Pressure(pressure) => ("kubernetes/sched-taint-pressure", format!("under {}", tally::pressure(pressure))),
        Refusal::Leaving => ("kubernetes/sched-taint-draining", "being removed".to_owned()),
        Refusal::Zone => {
            let volume = volume.map_or_else(|| "another".to_owned(), |claim| names(claim.zones.iter()));
            ("kubernetes/sched-volume-zone", format!("in zone {}, and the replica's volume is in {volume}", zone(node.1)))
        }
        Refusal::Port(port) => ("kubernetes/sched-host-ports", format!("without port {port}, which another replica holds there")),
        _ => ("kubernetes/sched-node-affinity", "out by rule".to_owned()),
    };
    let is = match refusal {
        Refusal::Taint(_) => String::new(),
        _ if count == 1 => "is ".to_owned(),
        _ => "are ".to_owned(),
    };
    (cause, format!("{several}{with} {is}{what}"), format!("{several}: {}", headline(refusal)), vec![node])
}

/// Machines with other labels than the replica asks for. Where a person pinned it to groups by name, the
/// groups say more than the labels they come down to.
fn by_labels<'a>(workload: Option<&Workload>, replica: &Replica, count: usize, node: Said<'a, Node>, with: &str) -> Parts<'a> {
    let name = short_name(&node.1.key.name);
    let several = if count == 1 { name.to_owned() } else { format!("{count} machines") };
    let pinned = workload.filter(|workload| !workload.pinned_groups.is_empty() && workload.platform.as_str() == "cortex");
    if let Some(workload) = pinned {
        let groups = names(workload.pinned_groups.iter());
        let of = node.1.group.as_ref().map_or_else(|| "of another group".to_owned(), |group| format!("of group {group}"));
        let is = if count == 1 { "is" } else { "are" };
        let says = format!("the replica may only run on group {groups} (node_groups), and {several}{with} {is} {of}");
        return ("cortex/update-node-groups-pin", says, format!("pinned to group {groups}; a place is free on {name}"), vec![node]);
    }
    let lack = if count == 1 { "lacks" } else { "lack" };
    let asked = tally::asked(&replica.placement);
    let says = format!("{several}{with} {lack} what the replica asks for: {asked}");
    ("kubernetes/sched-node-affinity", says, format!("{several} {lack} {asked}"), vec![node])
}

fn headline(refusal: &Refusal<'_>) -> String {
    match refusal {
        Refusal::Taint(taint) => format!("taint {} not tolerated", tally::taint_words(taint)),
        Refusal::Cordoned => "cordoned".to_owned(),
        Refusal::NotReady(_) => "not ready".to_owned(),
        Refusal::Pressure(name) => tally::pressure(name),
        Refusal::Leaving => "being removed".to_owned(),
        Refusal::Zone => "the volume is in another zone".to_owned(),
        Refusal::Port(port) => format!("port {port} is taken"),
        _ => "out by rule".to_owned(),
    }
}

fn zone(node: &Node) -> &str {
    node.detail.as_deref().and_then(|detail| detail.zone.as_deref()).unwrap_or("unknown")
}

fn beside<'a>(
    replica: &Replica,
    survey: &Survey<'a>,
    node: Said<'a, Node>,
    own: &impl Fn(&'static str, &'static str) -> &'static str,
) -> Parts<'a> {
    let short: Vec<(&str, i64, i64)> = survey
        .machines
        .iter()
        .filter(|machine| machine.said.1.key == node.1.key)
        .flat_map(|machine| &machine.refusals)
        .filter_map(|refusal| match refusal {
            Refusal::Short(name, free, wanted) => Some((*name, *free, *wanted)),
            Refusal::Small(name) => Some((*name, 0, 0)),
            _ => None,
        })
        .collect();
    let name = short.first().map_or("room", |(name, ..)| *name);
    let lacking: Vec<String> = short
        .iter()
        .map(|(name, free, wanted)| {
            if *wanted == 0 {
                format!("{name} (the machine is too small)")
            } else {
                format!("{name} ({} free, {} asked for)", tally::amount(name, *free), tally::amount(name, *wanted))
            }
        })
        .collect();
    let free = node.1.free.gpus.max(node.1.free.neuron).max(replica.demand.gpus);
    let says =
        format!("a GPU is free on {}, but beside it the replica lacks {}", short_name(&node.1.key.name), super::words::list(&lacking));
    (own("cortex/update-fragmentation", shortage(name)), says, format!("{free} GPU free, {name} short"), vec![node])
}

fn taken<'a>(
    world: &World<'a>,
    replica: &'a Replica,
    survey: &Survey<'a>,
    name: &str,
    own: &impl Fn(&'static str, &'static str) -> &'static str,
) -> Parts<'a> {
    let accelerated = name == "GPU" || name == "accelerator" || scheduler::is_accelerator(name);
    if !accelerated {
        let says = format!("no machine has enough {name} free");
        return (shortage(name), says, format!("no machine with enough {name} free"), busiest(survey));
    }
    let holders = tally::holders(world, survey);
    let cause = if held_by_others(world, replica, survey) {
        own("cortex/update-gpu-held", "kubernetes/sched-insufficient-gpu")
    } else {
        shortage(name)
    };
    let whole = match (survey.capacity, survey.free) {
        (1, 0) => format!("the only {name} it could use is taken"),
        (2, 0) => format!("both {name}s it could use are taken"),
        (capacity, 0) => format!("all {capacity} {name}s it could use are taken"),
        (capacity, free) => format!("{} of {capacity} {name}s it could use are taken", capacity - free),
    };
    if holders.is_empty() {
        return (cause, whole, format!("all {} {name}s taken", survey.capacity), busiest(survey));
    }
    let who: Vec<String> = holders.iter().take(3).map(|(name, amount, _)| format!("{name} ({amount})")).collect();
    let more = holders.len().saturating_sub(3);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let own_name = replica.workload.as_ref().map(|key| &key.name);
    let by = match holders.as_slice() {
        // Nobody else is in its way: the replica waits for its own workload.
        [(only, ..)] if Some(*only) == own_name => format!("by {only} itself"),
        _ => format!("by {}{more}", super::words::list(&who)),
    };
    let says = if survey.capacity > 0 { format!("{whole} {by}") } else { format!("every {name} it could use is taken {by}") };
    let keys: Vec<&Text> = holders.iter().map(|(name, ..)| *name).collect();
    (cause, says, format!("all {} {name}s held by {}", survey.capacity, names(keys.into_iter())), busiest(survey))
}

/// Whether others than the replica's own workload hold everything it could use.
pub fn held_by_others<'a>(world: &World<'a>, replica: &'a Replica, survey: &Survey<'a>) -> bool {
    if !matches!(survey.why, Why::Taken(_)) || !wants_accelerator(replica) {
        return false;
    }
    let holders = tally::holders(world, survey);
    let own = replica.workload.as_ref().map(|key| &key.name);
    !holders.is_empty() && !holders.iter().any(|(name, _, is_workload)| *is_workload && Some(*name) == own)
}

/// A replica that is just leaving a machine it needs.
pub fn leaving(world: &World<'_>, survey: &Survey<'_>, replica: &Replica) -> Option<Progress> {
    if !matches!(survey.why, Why::Taken(_)) {
        return None;
    }
    let tenants = survey.machines.iter().filter(|machine| machine.is_eligible()).flat_map(|machine| {
        let node = &machine.said.1.key;
        world.inside(&node.context).tenants(&node.name)
    });
    let going = tenants.filter(|(_, tenant)| tally::accelerators(tenant) >= tally::accelerators(replica).max(1));
    let since = going.filter_map(|(_, tenant)| tenant.deleting_since).map(|since| age(world.now, since)).min()?;
    let typical = durations::of("kubernetes", Stage::Leaving);
    (since < typical.most).then(|| typical.progress("waiting for a replica to leave its GPU", since))
}

/// Machines meant for the replica, those with the most accelerators first.
fn busiest<'a>(survey: &Survey<'a>) -> Vec<Said<'a, Node>> {
    let mut eligible: Vec<Said<'a, Node>> =
        survey.machines.iter().filter(|machine| machine.is_eligible()).map(|machine| machine.said).collect();
    eligible.sort_by(|(_, a), (_, b)| b.capacity.gpus.cmp(&a.capacity.gpus).then_with(|| a.key.cmp(&b.key)));
    eligible
}

fn of_node(world: &World<'_>, (source, node): Said<'_, Node>, survey: &Survey<'_>) -> Evidence {
    let (field, value) = match &survey.why {
        Why::Rule(Refusal::Taint(taint), ..) => ("spec.taints", format!("{}:{}", tally::taint_words(taint), taint.effect)),
        Why::Rule(Refusal::Zone, ..) => ("topology.kubernetes.io/zone", zone(node).to_owned()),
        Why::Slots(_) => ("allocatable.pods", format!("{} of {} free", node.free.pods.max(0), node.capacity.pods)),
        Why::Unhealthy(..) | Why::Dead(..) => ("allocatable GPUs / capacity", format!("{} / {}", node.capacity.gpus, physical(node))),
        _ => ("free", amounts(node)),
    };
    world.evidence(source, &node.key, field, value)
}

fn physical(node: &Node) -> i64 {
    node.detail.as_deref().map_or(node.capacity.gpus, |detail| detail.physical.gpus.max(node.capacity.gpus))
}

fn amounts(node: &Node) -> String {
    let free = node.free;
    let accelerators = format!("{} of {} GPUs, ", free.gpus.max(free.neuron).max(0), node.capacity.gpus.max(node.capacity.neuron));
    let accelerators = if node.capacity.gpus.max(node.capacity.neuron) > 0 { accelerators } else { String::new() };
    format!("{accelerators}{} CPU, {} memory", super::words::cores(free.cpu_millis.max(0)), super::words::bytes(free.memory_bytes.max(0)))
}

fn of_holders<'a>(world: &World<'a>, replica: &Replica, survey: &Survey<'a>) -> Vec<Evidence> {
    let context = &replica.key.context;
    let Some((source, _)) = world.inside(context).of(replica.workload.as_ref().unwrap_or(&replica.key)).first() else { return Vec::new() };
    let holders = tally::holders(world, survey);
    holders
        .iter()
        .take(3)
        .map(|(name, amount, is_workload)| {
            let kind = if *is_workload { crate::domain::id::ResourceKind::Workload } else { crate::domain::id::ResourceKind::Replica };
            world.evidence(source, &crate::domain::id::ResourceKey::new(context, kind, (*name).clone()), "GPUs held", amount.to_string())
        })
        .collect()
}

/// The volume whose zone keeps a replica off.
fn replica_volume<'a>(world: &World<'a>, replica: &Replica) -> Option<&'a VolumeClaim> {
    let inside = world.inside(&replica.key.context);
    let namespace = replica.key.name.split('/').next().unwrap_or_default();
    let claims = replica.placement.claims.iter().filter_map(|claim| {
        let full: Text = if claim.contains('/') { claim.clone() } else { format!("{namespace}/{claim}").into() };
        inside.claims.get(&full).copied()
    });
    claims.map(|(_, claim)| claim).find(|claim| !claim.zones.is_empty())
}

/// What would free a place, by name.
fn make_room<'a>(world: &World<'a>, replica: &Replica, survey: &Survey<'a>) -> Vec<Remedy> {
    if !matches!(survey.why, Why::Taken(_)) {
        return Vec::new();
    }
    let own = replica.workload.as_ref().map(|key| &key.name);
    let holders = tally::holders(world, survey);
    let other = holders.iter().find(|(name, _, is_workload)| *is_workload && Some(*name) != own);
    other
        .map(|(name, amount, _)| {
            advice(
                Risk::Destructive,
                format!("free a GPU: {name} holds {amount}; with fewer replicas, or none, it serves less or not at all"),
            )
        })
        .into_iter()
        .collect()
}

/// The cause of a shortage by the name it has in a sentence.
fn shortage(name: &str) -> &'static str {
    match name {
        "GPU" | "accelerator" => "kubernetes/sched-insufficient-gpu",
        "CPU" | "room" => "kubernetes/sched-insufficient-cpu",
        "local disk" => "kubernetes/sched-insufficient-ephemeral-storage",
        other => scheduler::shortage(other),
    }
}

/// Whether a reason cannot be seen from the nodes alone.
pub fn is_unseen(predicate: &Predicate) -> bool {
    matches!(
        predicate,
        Predicate::PodAffinity
            | Predicate::AntiAffinity
            | Predicate::AffinityConflict
            | Predicate::Spread
            | Predicate::VolumeLimit
            | Predicate::VolumeSpace
            | Predicate::VolumeConflict
            | Predicate::DeviceClaim
            | Predicate::Gang
            | Predicate::NodeName
            | Predicate::ClaimUnbound
            | Predicate::ClaimMissing
            | Predicate::VolumeZone
    )
}

/// A reason as the end of "so many nodes …".
pub fn predicate_words(predicate: &Predicate) -> String {
    match predicate {
        Predicate::Insufficient(resource) => format!("have too little {resource} free"),
        Predicate::TooManyPods => "have no pod slot".to_owned(),
        Predicate::Taint(Some((key, value))) if value.is_empty() => format!("carry the taint {key}"),
        Predicate::Taint(Some((key, value))) => format!("carry the taint {key}={value}"),
        Predicate::Taint(None) => "carry a taint that it does not tolerate".to_owned(),
        Predicate::Cordoned => "are closed (cordoned)".to_owned(),
        Predicate::NotReady => "are not ready".to_owned(),
        Predicate::Labels => "lack the labels it asks for".to_owned(),
        Predicate::NodeName => "are not the node it names".to_owned(),
        Predicate::AffinityConflict => "can meet affinity terms that contradict each other".to_owned(),
        Predicate::PodAffinity => "have not the neighbours it asks for".to_owned(),
        Predicate::AntiAffinity => "have a neighbour it must keep away from".to_owned(),
        Predicate::Spread => "would break its spread rule".to_owned(),
        Predicate::ClaimUnbound => "are out because its volume claim is not bound".to_owned(),
        Predicate::ClaimMissing => "are out because its volume claim does not exist".to_owned(),
        Predicate::VolumeZone => "are in another zone than its volume".to_owned(),
        Predicate::VolumeLimit => "cannot attach one more volume".to_owned(),
        Predicate::VolumeSpace => "have too little storage behind them".to_owned(),
        Predicate::VolumeConflict => "are out because another replica holds its volume".to_owned(),
        Predicate::HostPorts => "have the port it wants taken".to_owned(),
        Predicate::DeviceClaim => "cannot give the device it claims".to_owned(),
        Predicate::Gang => "wait for the rest of its group".to_owned(),
        Predicate::NoNodes => "are there at all".to_owned(),
        Predicate::GroupAtMax => "groups have their maximum".to_owned(),
        Predicate::GroupInBackoff => "groups are in a pause after a failure".to_owned(),
        Predicate::GroupNotReady => "groups are not ready to grow".to_owned(),
        Predicate::ClusterLimit | Predicate::ClusterNodes => "would pass a limit of the cluster".to_owned(),
        Predicate::Other(words) => format!("say \"{words}\""),
    }
}

/// The same of one node: `have` becomes `has`.
pub fn of_one(words: &str) -> String {
    let verbs = [("have ", "has "), ("are ", "is "), ("carry ", "carries "), ("wait ", "waits "), ("lack ", "lacks "), ("say ", "says ")];
    let found = verbs.iter().find_map(|(many, one)| words.strip_prefix(many).map(|rest| format!("{one}{rest}")));
    found.unwrap_or_else(|| words.to_owned())
}
