//! What ails one machine: it is not ready, is under a pressure, its GPU broke or never registered.

use super::Rule;
use crate::domain::condition::{self, StatusCondition};
use crate::domain::event::Event;
use crate::domain::id::ResourceKey;
use crate::domain::node::{Node, NodeDetail};
use crate::domain::text::Text;
use crate::explain::condition::Condition;
use crate::explain::enablement::{self, Enabled};
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{Confidence, Evidence};
use crate::explain::signature::{self, Field, Hints};
use crate::explain::tally;
use crate::explain::words::{count, short_name};
use crate::explain::world::{RECLAIMED, Said, World};

pub(super) const RULE: Rule = Rule {
    slug: "node_sick",
    explains: Condition::NodeSick,
    causes: &[
        "kubernetes/gpu-lost",
        "kubernetes/gpu-operator",
        "kubernetes/gpu-plugin-missing",
        "kubernetes/gpu-plugin-nvml",
        "kubernetes/gpu-unhealthy-device",
        "kubernetes/gpu-xid",
        "kubernetes/node-disk-pressure",
        "kubernetes/node-memory-pressure",
        "kubernetes/node-not-ready",
        "kubernetes/node-pid-pressure",
        "kubernetes/node-removed",
        "kubernetes/node-spot-interruption",
        "kubernetes/node-unknown",
        "kubernetes/pdb-blocked",
    ],
    check,
};

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let inside = world.inside(&key.context);
    let known = inside.nodes.get(&key.name).copied();
    if let Some(event) = world.event(key, RECLAIMED) {
        return reclaimed(world, key, event);
    }
    let Some((source, node)) = known else { return removed(world, key) };
    let Some(detail) = node.detail.as_deref() else { return Verdict::Clear };
    let of = (source, node);
    if let Some(verdict) = broken_gpu(world, of, detail) {
        return verdict;
    }
    if let Some(pressure) = detail.conditions.iter().find(|told| told.holds == Some(true) && told.name.ends_with("Pressure")) {
        let cause = match pressure.name.as_str() {
            "MemoryPressure" => "kubernetes/node-memory-pressure",
            "PIDPressure" => "kubernetes/node-pid-pressure",
            _ => "kubernetes/node-disk-pressure",
        };
        let words = tally::pressure(&pressure.name);
        return by_condition(world, of, cause, pressure, &format!("is under {words}"), &words);
    }
    if let Some(ready) = condition::named(&detail.conditions, "Ready").filter(|ready| ready.holds != Some(true)) {
        let lost = ready.holds.is_none();
        let cause = if lost { "kubernetes/node-unknown" } else { "kubernetes/node-not-ready" };
        let what = if lost { "does not report any more" } else { "is not ready" };
        return by_condition(world, of, cause, ready, what, what);
    }
    if let Some(blocked) = super::drain_blocked::on_machine(world, of) {
        return blocked;
    }
    no_device(world, of, detail)
}

fn held(world: &World<'_>, (source, node): Said<'_, Node>, cause: &str, confidence: Confidence, says: String, headline: String) -> Held {
    let fill = enablement::plugin(world, Fill::of(world, &node.key.context).node(node), node);
    // Where no such pod runs there, there is none to look into.
    let ways = fill.remedies(cause).into_iter().filter(|way| way.command.as_ref().is_none_or(|command| !command.contains("<pod>")));
    Held::new(cause, &node.key, world.confidence(source, confidence), says, headline).remedies(ways)
}

fn by_condition(world: &World<'_>, of: Said<'_, Node>, cause: &str, told: &StatusCondition, what: &str, short: &str) -> Verdict {
    let name = short_name(&of.1.key.name);
    let why = if told.message.is_empty() { String::new() } else { format!(": {}", told.message) };
    held(world, of, cause, Confidence::Certain, format!("machine {name} {what}{why}"), format!("{name}: {short}"))
        .evidence([said(world, of, told)])
        .verdict()
}

fn said(world: &World<'_>, (source, node): Said<'_, Node>, told: &StatusCondition) -> Evidence {
    let holds = told.holds.map_or("Unknown", |holds| if holds { "True" } else { "False" });
    let mut evidence = world.evidence(source, &node.key, &told.name, format!("{holds} ({}): {}", told.reason, told.message));
    evidence.observed_at = told.since.unwrap_or(evidence.observed_at);
    evidence
}

/// An error of the GPU itself, from a problem detector's condition or from an event.
fn broken_gpu(world: &World<'_>, of: Said<'_, Node>, detail: &NodeDetail) -> Option<Verdict> {
    let is_gpu = |text: &str| ["xid", "gpu", "nvlink", "fallen off the bus"].iter().any(|word| text.to_ascii_lowercase().contains(word));
    // A condition of a problem detector holds when there is a problem; "healthy" ones the other way round.
    let bad = |told: &&StatusCondition| {
        let positive = told.name.ends_with("Ready") || told.name.ends_with("Healthy");
        is_gpu(&told.name) && told.holds == Some(!positive)
    };
    let condition = detail.conditions.iter().find(bad);
    let event = world.events(&of.1.key).into_iter().find(|(_, event)| event.warning && is_gpu(&event.message));
    let text: &Text = match (condition, event) {
        (Some(told), _) => &told.message,
        (None, Some((_, event))) => &event.message,
        (None, None) => return None,
    };
    let hints = Hints::field("kubernetes", Field::EventMessage);
    let known = signature::classify(text, &hints).cause.filter(|cause| cause.as_str().starts_with("kubernetes/gpu-"));
    let lower = text.to_ascii_lowercase();
    let cause = match &known {
        Some(cause) => cause.as_str(),
        None if lower.contains("xid") => "kubernetes/gpu-xid",
        None => "kubernetes/gpu-unhealthy-device",
    };
    let name = short_name(&of.1.key.name);
    let held =
        held(world, of, cause, Confidence::Certain, format!("a GPU of machine {name} broke: {text}"), format!("GPU error on {name}"));
    let told = condition.map(|told| said(world, of, told)).or_else(|| event.map(|event| world.told(event)));
    Some(held.evidence(told).evidence(devices(world, of, detail)).verdict())
}

/// Devices by name: what is healthy of what the machine has.
fn devices(world: &World<'_>, (source, node): Said<'_, Node>, detail: &NodeDetail) -> Vec<Evidence> {
    let accelerators = detail.extended.iter().filter(|(name, _)| crate::explain::scheduler::is_accelerator(name));
    accelerators
        .map(|(name, amount)| {
            world.evidence(
                source,
                &node.key,
                &format!("{name} allocatable / capacity"),
                format!("{} / {}", amount.allocatable, amount.capacity),
            )
        })
        .collect()
}

/// A GPU machine without a GPU to offer: what runs there of the chain that should bring it.
fn no_device(world: &World<'_>, of: Said<'_, Node>, detail: &NodeDetail) -> Verdict {
    if !crate::explain::weigh::offers_nothing(of.1) {
        return Verdict::Clear;
    }
    let name = short_name(&of.1.key.name);
    match enablement::of(world, &of.1.key) {
        Enabled::Broken(stage, (source, tenant)) => {
            let why = tenant.message.as_deref().or(tenant.reason.as_deref()).unwrap_or(&tenant.state);
            let says = format!("the {} that its GPU needs does not run on {name}: {} is {why}", stage.name, tenant.key.name);
            let hints = Hints::field("kubernetes", Field::EventMessage);
            let known = signature::classify(why, &hints).cause.filter(|cause| cause.as_str().starts_with("kubernetes/gpu-"));
            let cause = known.map_or_else(|| stage.cause.to_owned(), |cause| cause.0);
            held(world, of, &cause, Confidence::Likely, says, format!("{} does not run on {name}", stage.name))
                .evidence([world.evidence(source, &tenant.key, "state", tenant.state.clone())])
                .evidence(devices(world, of, detail))
                .verdict()
        }
        Enabled::Missing(stage, elsewhere) => {
            let others = count(u32::try_from(elsewhere).unwrap_or(u32::MAX), "other machine");
            let says = format!("no {} runs on {name}; {others} {} one", stage.name, if elsewhere == 1 { "has" } else { "have" });
            let offered = format!("{} of {}", of.1.capacity.gpus, detail.physical.gpus.max(of.1.capacity.gpus));
            held(world, of, "kubernetes/gpu-plugin-missing", Confidence::Certain, says, format!("no {} on {name}", stage.name))
                .evidence([
                    world.evidence(of.0, &of.1.key, &format!("pods of the {}", stage.name), format!("none here, {elsewhere} elsewhere")),
                    world.evidence(of.0, &of.1.key, "GPUs allocatable / capacity", offered),
                ])
                .evidence(devices(world, of, detail))
                .verdict()
        }
        Enabled::Runs((source, tenant)) if detail.physical.gpus > 0 => {
            let says = format!("the device plugin runs on {name} and reports none of its {} healthy", gpus(detail.physical.gpus));
            held(world, of, "kubernetes/gpu-unhealthy-device", Confidence::Likely, says, format!("no healthy GPU on {name}"))
                .evidence([world.evidence(source, &tenant.key, "state", tenant.state.clone())])
                .evidence(devices(world, of, detail))
                .verdict()
        }
        Enabled::Runs(_) | Enabled::Unseen => Verdict::Clear,
    }
}

fn gpus(number: i64) -> String {
    count(u32::try_from(number).unwrap_or_default(), "GPU")
}

fn reclaimed(world: &World<'_>, key: &ResourceKey, event: Said<'_, Event>) -> Verdict {
    let name = short_name(&key.name);
    Held::new(
        "kubernetes/node-spot-interruption",
        key,
        world.confidence(event.0, Confidence::Certain),
        format!("the provider took the spot machine {name} back: {}", event.1.message),
        format!("spot machine {name} reclaimed"),
    )
    .evidence([world.told(event)])
    .remedies(Fill::of(world, &key.context).and("node", &key.name).remedies("kubernetes/node-spot-interruption"))
    .verdict()
}

/// The node is gone: only its events are left.
fn removed(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(event) = world.event(key, &["RemovingNode", "DeletingNode", "NodeNotReady", "DeletingAllPods"]) else { return Verdict::Clear };
    let name = short_name(&key.name);
    Held::new(
        "kubernetes/node-removed",
        key,
        world.confidence(event.0, Confidence::Likely),
        format!("machine {name} is gone from the cluster: {}", event.1.message),
        format!("machine {name} is gone"),
    )
    .evidence([world.told(event)])
    .remedies(Fill::of(world, &key.context).and("node", &key.name).remedies("kubernetes/node-removed"))
    .verdict()
}
