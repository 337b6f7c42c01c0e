//! A survey of the machines in one sentence with numbers, and who holds what is taken.

use std::collections::BTreeMap;

use super::scheduler;
use super::survey::Survey;
use super::weigh::Refusal;
use super::words::{bytes, cores, list};
use super::world::World;
use crate::domain::placement::{LabelOperator, Placement, Taint};
use crate::domain::replica::Replica;
use crate::domain::text::Text;

/// `9 nodes: 3 have no free GPU, 2 carry the taint dedicated=ml, 4 are CPU machines`.
pub fn sentence(survey: &Survey<'_>) -> String {
    let mut parts: Vec<(String, String, usize, u8)> = Vec::new();
    for machine in &survey.machines {
        let (one, many) = machine.first().map_or_else(|| said("has room", "have room"), |refusal| phrase(refusal));
        match parts.iter_mut().find(|(known, ..)| *known == one) {
            Some((_, _, count, _)) => *count += 1,
            None => parts.push((one, many, 1, machine.first().map_or(0, distance))),
        }
    }
    parts.sort_by(|a, b| a.3.cmp(&b.3).then_with(|| b.2.cmp(&a.2)).then_with(|| a.0.cmp(&b.0)));
    let total = survey.machines.len();
    let told: Vec<String> =
        parts.iter().map(|(one, many, count, _)| if *count == 1 { format!("1 {one}") } else { format!("{count} {many}") }).collect();
    match (total, told.as_slice()) {
        (0, _) => "there are no nodes".to_owned(),
        (1, [only]) => format!("the only node {}", only.strip_prefix("1 ").unwrap_or(only)),
        _ => format!("{total} nodes: {}", told.join(", ")),
    }
}

/// How far a machine is from taking the replica: those that were never meant for it stand last.
fn distance(refusal: &Refusal<'_>) -> u8 {
    match refusal {
        Refusal::Plain => 3,
        Refusal::Taint(taint) if scheduler::taint_cause(&taint.key).ends_with("control-plane") => 2,
        refusal if refusal.is_rule() => 1,
        _ => 0,
    }
}

fn said(one: &str, many: &str) -> (String, String) {
    (one.to_owned(), many.to_owned())
}

/// What a refusal does to one and to several machines.
fn phrase(refusal: &Refusal<'_>) -> (String, String) {
    let both = |one: &str, many: &str, rest: String| (format!("{one} {rest}"), format!("{many} {rest}"));
    match refusal {
        Refusal::Plain => said("is a CPU machine", "are CPU machines"),
        Refusal::Leaving => said("is being removed", "are being removed"),
        Refusal::NotReady(false) => said("is not ready", "are not ready"),
        Refusal::NotReady(true) => said("does not report", "do not report"),
        Refusal::Pressure(name) => both("is under", "are under", pressure(name)),
        Refusal::Cordoned => said("is closed (cordoned)", "are closed (cordoned)"),
        Refusal::Taint(taint) if scheduler::taint_cause(&taint.key).ends_with("control-plane") => {
            said("belongs to the control plane", "belong to the control plane")
        }
        Refusal::Taint(taint) => both("carries", "carry", format!("the taint {}", taint_words(taint))),
        Refusal::Labels => said("lacks the labels asked for", "lack the labels asked for"),
        Refusal::Zone => said("is in another zone than its volume", "are in another zone than its volume"),
        Refusal::Port(port) => both("has", "have", format!("port {port} taken")),
        Refusal::Dead(true) => said("is still registering its GPU", "are still registering their GPUs"),
        Refusal::Dead(false) => said("offers no GPU", "offer no GPU"),
        Refusal::Small(name) => both("is", "are", format!("too small ({name})")),
        Refusal::Short(name, 0, _) => both("has", "have", format!("no free {name}")),
        Refusal::Short(name, free, wanted) => {
            both("has", "have", format!("too little {name} free ({} of {})", amount(name, *free), amount(name, *wanted)))
        }
        Refusal::Slots => said("has no free pod slot", "have no free pod slot"),
    }
}

/// An amount of a resource as people write it.
pub fn amount(name: &str, amount: i64) -> String {
    match name {
        "CPU" => cores(amount),
        "memory" | "local disk" => bytes(amount),
        _ => amount.to_string(),
    }
}

/// `key=value`, or the key alone.
pub fn taint_words(taint: &Taint) -> String {
    if taint.value.is_empty() { taint.key.to_string() } else { format!("{}={}", taint.key, taint.value) }
}

/// `disk pressure` for `DiskPressure`.
pub fn pressure(name: &str) -> String {
    format!("{} pressure", name.strip_suffix("Pressure").unwrap_or(name).to_lowercase())
}

/// The labels a replica asks for: `pool=inference and zone a or b`.
pub fn asked(placement: &Placement) -> String {
    let mut asked: Vec<String> = placement.selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    for rule in placement.affinity.iter().flat_map(|term| &term.all) {
        let values: Vec<&str> = rule.values.iter().map(Text::as_str).collect();
        let (key, values) = (&rule.key, values.join(" or "));
        asked.push(match rule.operator {
            LabelOperator::In => format!("{key}={values}"),
            LabelOperator::NotIn => format!("{key} other than {values}"),
            LabelOperator::Exists => format!("{key} (any value)"),
            LabelOperator::DoesNotExist => format!("no {key}"),
            LabelOperator::Gt => format!("{key} above {values}"),
            LabelOperator::Lt => format!("{key} below {values}"),
        });
    }
    asked.truncate(3);
    list(&asked)
}

/// Who holds accelerators on the machines meant for a replica: workloads first, the largest first.
pub fn holders<'a>(world: &World<'a>, survey: &Survey<'a>) -> Vec<(&'a Text, i64, bool)> {
    let mut held: BTreeMap<(bool, &'a Text), i64> = BTreeMap::new();
    for machine in survey.machines.iter().filter(|machine| machine.is_eligible()) {
        let node = machine.said.1;
        for (_, tenant) in world.inside(&node.key.context).tenants(&node.key.name) {
            let amount = accelerators(tenant);
            if amount > 0 {
                let who = tenant.workload.as_ref().map_or(&tenant.key.name, |workload| &workload.name);
                *held.entry((tenant.workload.is_none(), who)).or_default() += amount;
            }
        }
    }
    let mut holders: Vec<(&'a Text, i64, bool)> = held.into_iter().map(|((stray, who), amount)| (who, amount, !stray)).collect();
    holders.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| b.1.cmp(&a.1)).then_with(|| a.0.cmp(b.0)));
    holders
}

/// Accelerators a replica holds or asks for, slices included.
pub fn accelerators(replica: &Replica) -> i64 {
    let whole = replica.demand.gpus.max(replica.demand.neuron);
    if whole > 0 {
        return whole;
    }
    replica.extended.iter().filter(|(name, _)| scheduler::is_accelerator(name)).map(|(_, amount)| *amount).sum()
}
