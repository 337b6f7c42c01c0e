//! Machines, the ones with accelerators first: what they have, what of it is held, and whether they
//! take replicas. Who holds it is [`tenants`].

pub mod amounts;
pub mod tenants;

use std::collections::BTreeMap;

use super::content::{Cell, Column, Content, Row};
use super::{contexts, status};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::domain::condition::{self, StatusCondition};
use crate::domain::id::ResourceKey;
use crate::domain::node::{Node, NodeDetail};
use crate::domain::placement::Taint;
use crate::domain::source::Health;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use crate::domain::topology::{self, JoinedNode};

/// Replicas that hold a place on a machine, counted by context and name of the machine.
type Tenants<'a> = BTreeMap<(&'a Text, &'a Text), u32>;

/// The table of machines.
pub fn view(model: &Model, _route: &Route, now: Timestamp) -> Content {
    let snapshot = model.snapshot();
    let mut nodes: Vec<JoinedNode<'_>> = snapshot.contexts().into_iter().flat_map(|context| topology::nodes(snapshot, context)).collect();
    nodes.sort_by_key(|joined| (!has_accelerator(joined.node), !joined.node.is_worker, joined.group));
    let tenants = counted(model);
    Content {
        columns: vec![
            Column::fit("", 1, 0),
            contexts::COLUMN,
            Column::fit("ACCELERATORS", 28, 0),
            Column::fit("STATE", 14, 2),
            Column::fit("TYPE", 15, 0),
            Column::fit("BUY", 4, 1),
            Column::fit("ZONE", 12, 7),
            Column::fit("GROUP", 18, 6).keep_end(),
            Column::fit("CPU", 11, 4).right(),
            Column::fit("MEM GIB", 9, 4).right(),
            Column::fit("PODS", 7, 5).right(),
            Column::fit("AGE", 5, 3).right(),
            Column::fit("TAINTS", 26, 8),
            Column::fill("NODE", 12).keep_end(),
        ],
        rows: nodes.iter().map(|joined| row(model, joined, &tenants, now)).collect(),
        facts: status::troubles(model, now),
        empty: "no machine is known yet".to_owned(),
        ..Content::default()
    }
}

fn has_accelerator(node: &Node) -> bool {
    node.capacity.wants_accelerator() || amounts::named(node).any(|(_, amount)| amount.capacity > 0)
}

fn counted(model: &Model) -> Tenants<'_> {
    let mut counted: Tenants<'_> = BTreeMap::new();
    for replica in model.snapshot().views.values().flat_map(|view| &view.view.replicas).filter(|replica| replica.phase.holds_node()) {
        if let Some(node) = &replica.node {
            *counted.entry((&replica.key.context, node)).or_default() += 1;
        }
    }
    counted
}

/// One machine, joined over its sources.
pub fn find<'a>(model: &'a Model, key: &ResourceKey) -> Option<JoinedNode<'a>> {
    let snapshot = model.snapshot();
    let context = snapshot.contexts().into_iter().find(|context| **context == key.context)?;
    topology::nodes(snapshot, context).into_iter().find(|joined| joined.node.key == *key)
}

fn row(model: &Model, joined: &JoinedNode<'_>, tenants: &Tenants<'_>, now: Timestamp) -> Row {
    let JoinedNode { node, source, group, .. } = *joined;
    let (glyph, word, meaning) = state(node);
    let stale = model.snapshot().views.get(source).is_some_and(|view| matches!(view.health, Health::Stale { .. }));
    let detail = node.detail.as_deref();
    let pods = tenants.get(&(&node.key.context, &node.key.name)).copied();
    let cells = vec![
        Cell::new(glyph, meaning),
        contexts::cell(model, &node.key.context),
        Cell::line(amounts::bars(node)).ordered(node.free.gpus + node.free.neuron),
        Cell::new(if word == "ready" { "" } else { word }, meaning),
        Cell::plain(node.instance_type.as_str()),
        Cell::muted(if node.spot { "spot" } else { "od" }),
        Cell::muted(detail.and_then(|detail| detail.zone.as_deref()).unwrap_or_default()),
        Cell::muted(group.map(Text::as_str).unwrap_or_default()),
        amounts::used(node.capacity.cpu_millis, node.free.cpu_millis, amounts::cores),
        amounts::used(node.capacity.memory_bytes, node.free.memory_bytes, amounts::gibibytes),
        pods_cell(node, pods),
        Cell::age(now, node.created_at),
        Cell::muted(detail.map(|detail| taints(&detail.taints)).unwrap_or_default()),
        // The domain is the same for all; the host tells them apart.
        Cell::muted(node.key.name.split('.').next().unwrap_or_default()),
    ];
    Row::new(ObjectId::Resource(node.key.clone()), cells).problem(meaning == Meaning::Failed).stale(stale)
}

/// Replicas on it, of how many it takes, as far as anybody counts them.
fn pods_cell(node: &Node, tenants: Option<u32>) -> Cell {
    let Some(count) = tenants.or(node.replicas).or_else(|| node.detail.as_ref().map(|_| 0)) else { return Cell::default() };
    let most = node.capacity.pods;
    let full = most > 0 && i64::from(count) >= most;
    let text = if most > 0 { format!("{count}/{most}") } else { count.to_string() };
    Cell::new(text, if full { Meaning::Held } else { Meaning::Muted }).ordered(count)
}

/// Whether a machine takes replicas: glyph, word, meaning.
pub fn state(node: &Node) -> (&'static str, &'static str, Meaning) {
    if let Some(detail) = &node.detail {
        let not_ready = condition_holds(detail, "Ready") != Some(true);
        return match () {
            () if detail.deleting_since.is_some() => ("○", "going away", Meaning::Idle),
            () if not_ready && condition_holds(detail, "Ready").is_none() => ("?", "not heard of", Meaning::Failed),
            () if not_ready => ("✖", "not ready", Meaning::Failed),
            () if trouble(detail).is_some_and(|trouble| trouble.name.ends_with("Pressure")) => ("✖", "pressure", Meaning::Failed),
            () if trouble(detail).is_some() => ("✖", "trouble", Meaning::Failed),
            () if detail.cordoned => ("◐", "cordoned", Meaning::Warning),
            () => ("●", "ready", Meaning::Live),
        };
    }
    match node.ready {
        Some(false) => ("✖", "not ready", Meaning::Failed),
        Some(true) => ("●", "ready", Meaning::Live),
        None => ("–", "", Meaning::Muted),
    }
}

fn condition_holds(detail: &NodeDetail, name: &str) -> Option<bool> {
    condition::named(&detail.conditions, name)?.holds
}

/// The first condition that is not as it should be: pressures, and what problem detectors found.
pub fn trouble(detail: &NodeDetail) -> Option<&StatusCondition> {
    // `Ready`, `StorageReady`, `GPUHealthy` are good news; what else a machine reports are problems.
    let is_good = |name: &str| ["Ready", "Healthy", "Available"].iter().any(|end| name.ends_with(end));
    detail.conditions.iter().find(|condition| condition.holds == Some(!is_good(&condition.name)))
}

/// Taints in short, those that keep nobody away left out.
pub fn taints(taints: &[Taint]) -> String {
    let keeps_away = taints.iter().filter(|taint| taint.effect.as_str() != "PreferNoSchedule");
    let words: Vec<String> = keeps_away
        .map(|taint| if taint.value.is_empty() { taint.key.to_string() } else { format!("{}={}", taint.key, taint.value) })
        .collect();
    words.join(" ")
}
