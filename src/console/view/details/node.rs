//! One machine: whether it takes replicas, what it has and who holds it, what is wrong with it.

use super::document::Document;
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::view::content::Span;
use crate::console::view::nodes::{self, amounts, tenants};
use crate::domain::capacity::Resources;
use crate::domain::id::ResourceKey;
use crate::domain::node::{Node, NodeDetail};

/// Everything known of a machine.
pub fn write(document: &mut Document, model: &Model, key: &ResourceKey) {
    let Some(joined) = nodes::find(model, key) else { return };
    let node = joined.node;
    let detail = node.detail.as_deref();
    let (glyph, word, meaning) = nodes::state(node);
    document.field("node", &node.key.name);
    document.line("state", vec![Span::new(format!("{glyph} {word}"), meaning)]);
    document.field("type", format!("{}{}", node.instance_type, if node.spot { ", spot" } else { ", on demand" }));
    document.some("group", joined.group);
    document.some("zone", detail.and_then(|detail| detail.zone.as_ref()));
    document.some("instance", detail.and_then(|detail| detail.instance.as_ref()));
    document.some("price", joined.price_milli_usd.map(|milli| format!("{}.{:03} $ an hour", milli / 1000, milli % 1000)));
    document.at("joined", node.created_at);
    if let Some(detail) = detail {
        document.at("going since", detail.deleting_since);
        if detail.cordoned {
            document.line("cordoned", vec![Span::new("closed for new replicas: kubectl uncordon opens it", Meaning::Warning)]);
        }
    }
    write_amounts(document, node);
    if let Some(detail) = detail {
        write_detail(document, detail);
    }
    let tenants = tenants::on(model, node);
    if !tenants.is_empty() {
        let holders = tenants.iter().filter(|tenant| tenant.demand.wants_accelerator()).count();
        document.section("Tenants");
        document.field("in all", format!("{}, {holders} with accelerators: Enter in the list of nodes shows them", tenants.len()));
    }
    document.events(model, key);
}

/// Physical, allocatable, requested and free, a resource a line.
fn write_amounts(document: &mut Document, node: &Node) {
    document.section("Amounts: requested of allocatable (physical)");
    let physical = node.detail.as_ref().map(|detail| detail.physical).unwrap_or_default();
    let mut line = |name: &str, of: fn(Resources) -> i64, unit: fn(i64) -> String| {
        let (capacity, free) = (of(node.capacity), of(node.free));
        if capacity == 0 && of(physical) == 0 {
            return;
        }
        let whole = if of(physical) > 0 { format!(" (of {})", unit(of(physical))) } else { String::new() };
        document.field(name, format!("{} of {}{whole}, {} free", unit((capacity - free).max(0)), unit(capacity), unit(free)));
    };
    line("cpu", |amount| amount.cpu_millis, amounts::cpu);
    line("memory", |amount| amount.memory_bytes, amounts::memory);
    line("local disk", |amount| amount.storage_bytes, amounts::memory);
    line("GPUs", |amount| amount.gpus, |count| count.to_string());
    line("Neuron", |amount| amount.neuron, |count| count.to_string());
    line("pods", |amount| amount.pods, |count| count.to_string());
    let Some(detail) = &node.detail else { return };
    for (name, amount) in &detail.extended {
        let sick = amount.capacity - amount.allocatable;
        let health = if sick > 0 { format!("; {sick} registered and not healthy") } else { String::new() };
        let text = format!("{} of {} (of {}){health}", amount.requested, amount.allocatable, amount.capacity);
        let meaning = if sick > 0 { Meaning::Failed } else { Meaning::Plain };
        document.line(name, vec![Span::new(text, meaning)]);
    }
}

fn write_detail(document: &mut Document, detail: &NodeDetail) {
    document.section("Conditions");
    document.conditions(&detail.conditions);
    document.section("Taints");
    for taint in &detail.taints {
        let value = if taint.value.is_empty() { String::new() } else { format!("={}", taint.value) };
        document.field(&taint.effect, format!("{}{value}", taint.key));
    }
    document.section("Accelerator");
    document.some("model", detail.accelerator_model.as_ref());
    document.some("driver", detail.driver_version.as_ref());
    document.some("node agent", detail.agent_version.as_ref());
    document.section("Labels worth reading");
    for (label, value) in detail.labels.iter().filter(|(label, _)| is_worth_reading(label)) {
        document.line("", vec![Span::muted(format!("{label}=")), Span::plain(value.as_str())]);
    }
}

/// Whether a label says something that the fields above do not.
fn is_worth_reading(label: &str) -> bool {
    const TOLD: [&str; 8] = [
        "beta.kubernetes.io/",
        "failure-domain.beta.kubernetes.io/",
        "kubernetes.io/hostname",
        "kubernetes.io/os",
        "node.kubernetes.io/instance-type",
        "topology.kubernetes.io/zone",
        "feature.node.kubernetes.io/",
        "topology.ebs.csi.",
    ];
    !TOLD.iter().any(|told| label.starts_with(told))
}
