//! Machines, the ones with accelerators first, and what runs on one of them.

use super::activity::field;
use super::content::{Cell, Column, Content, Line, Row, Span};
use super::{contexts, replicas, status};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::console::widgets::gauge::gauge;
use crate::domain::capacity::Resources;
use crate::domain::id::SourceId;
use crate::domain::node::Node;
use crate::domain::source::Health;
use crate::domain::time::Timestamp;

/// The table of machines.
pub fn view(model: &Model, _route: &Route, now: Timestamp) -> Content {
    let mut nodes: Vec<(&SourceId, &Node)> = nodes(model).collect();
    nodes.sort_by_key(|(_, node)| (!node.capacity.wants_accelerator(), !node.is_worker, node.group.clone()));
    Content {
        columns: vec![
            Column::fit("", 1, 0),
            contexts::COLUMN,
            Column::fit("GPU", 14, 0),
            Column::fit("TYPE", 15, 0),
            Column::fit("BUY", 4, 3),
            Column::fit("GROUP", 18, 4).keep_end(),
            Column::fit("CPU FREE", 9, 7).right(),
            Column::fit("MEM FREE", 9, 8).right(),
            Column::fit("REPLICAS", 8, 6).right(),
            Column::fit("AGE", 5, 5).right(),
            Column::fill("NODE", 12).keep_end(),
        ],
        rows: nodes.into_iter().map(|(source, node)| row(model, source, node, now)).collect(),
        facts: status::troubles(model, now),
        empty: "no machine is known yet".to_owned(),
        ..Content::default()
    }
}

fn nodes(model: &Model) -> impl Iterator<Item = (&SourceId, &Node)> {
    model.snapshot().views.iter().flat_map(|(id, view)| view.view.nodes.iter().map(move |node| (id, node)))
}

fn row(model: &Model, source: &SourceId, node: &Node, now: Timestamp) -> Row {
    let (glyph, meaning, problem) = match node.ready {
        Some(false) => ("✖", Meaning::Failed, true),
        Some(true) => ("●", Meaning::Live, false),
        None => ("–", Meaning::Muted, false),
    };
    let stale = model.snapshot().views.get(source).is_some_and(|view| matches!(view.health, Health::Stale { .. }));
    let cells = vec![
        Cell::new(glyph, meaning),
        contexts::cell(model, &node.key.context),
        Cell::line(accelerators(node.capacity, node.free)).ordered(node.free.gpus + node.free.neuron),
        Cell::plain(node.instance_type.as_str()),
        Cell::muted(if node.spot { "spot" } else { "od" }),
        Cell::muted(node.group.as_deref().unwrap_or_default()),
        Cell::muted(cpu(node.free.cpu_millis)).ordered(node.free.cpu_millis),
        Cell::muted(memory(node.free.memory_bytes)).ordered(node.free.memory_bytes),
        node.replicas.map(Cell::number).unwrap_or_default(),
        Cell::age(now, node.created_at),
        // The domain is the same for all; the host tells them apart.
        Cell::muted(node.key.name.split('.').next().unwrap_or_default()),
    ];
    Row::new(ObjectId::Resource(node.key.clone()), cells).problem(problem).stale(stale)
}

/// Used accelerators of all: `▮▮▮▯ 3/4`.
fn accelerators(capacity: Resources, free: Resources) -> Line {
    let (total, free) = if capacity.gpus > 0 { (capacity.gpus, free.gpus) } else { (capacity.neuron, free.neuron) };
    let (Ok(total), Ok(used)) = (u64::try_from(total), u64::try_from((total - free).max(0))) else { return Vec::new() };
    if total == 0 {
        return Vec::new();
    }
    let mut line = gauge(used, total, 8);
    line.push(Span::plain(format!(" {used}/{total}")));
    line
}

/// Cores, with one decimal where they are not whole.
pub fn cpu(millis: i64) -> String {
    if millis % 1000 == 0 { format!("{} cores", millis / 1000) } else { format!("{}.{} cores", millis / 1000, millis.abs() % 1000 / 100) }
}

/// Memory in the largest whole unit.
pub fn memory(bytes: i64) -> String {
    const MIB: i64 = 1 << 20;
    if bytes.abs() >= 10 * 1024 * MIB { format!("{} GiB", bytes / (1024 * MIB)) } else { format!("{} MiB", bytes / MIB) }
}

/// One machine: what it has, what is free, and the replicas on it.
pub fn one(model: &Model, route: &Route, now: Timestamp) -> Content {
    let Some((_, node)) = route.subject().and_then(|key| nodes(model).find(|(_, node)| node.key == *key)) else {
        return Content { empty: "this machine is gone".to_owned(), ..Content::document(Vec::new()) };
    };
    let on_it = replicas::select(model, |replica| replica.node.as_ref() == Some(&node.key.name) && replica.key.context == node.key.context);
    let heading = vec![
        [
            accelerators(node.capacity, node.free),
            vec![Span::plain(format!(
                "  {}{}  {}",
                node.instance_type,
                if node.spot { " spot" } else { " on demand" },
                node.group.as_deref().unwrap_or_default()
            ))],
        ]
        .concat(),
        vec![Span::muted(format!(
            "free {} of {}, {} of {}",
            cpu(node.free.cpu_millis),
            cpu(node.capacity.cpu_millis),
            memory(node.free.memory_bytes),
            memory(node.capacity.memory_bytes)
        ))],
    ];
    if on_it.is_empty() {
        let counted = node.replicas.map_or_else(|| "not counted either".to_owned(), |count| format!("{count} are counted on it"));
        let note = field("replicas", &format!("this platform does not say which replicas run here; {counted}"));
        return Content { heading, ..Content::document(vec![note]) };
    }
    Content { heading, ..replicas::table(model, on_it, true, now) }
}
