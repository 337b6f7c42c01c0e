//! Copies of a workload: one by one where a source lists them, counted by state where not.

pub mod state;

use super::content::{Cell, Column, Content, Row, Span};
use super::status;
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::domain::replica::Replica;
use crate::domain::time::Timestamp;
use crate::domain::workload::{ReplicaCounts, Workload};

/// The replicas of the route's workload.
pub fn view(model: &Model, route: &Route, now: Timestamp) -> Content {
    let Some(workload) = route.subject() else { return Content::default() };
    let replicas = select(model, |replica| replica.workload.as_ref() == Some(workload));
    let known = model.snapshot().workload(workload).map(|(_, workload)| workload);
    if replicas.is_empty() {
        return known.map_or_else(Content::default, |workload| counted(model, workload, now));
    }
    table(model, replicas, now)
}

/// Replicas that pass a test, over all sources.
pub fn select(model: &Model, test: impl Fn(&Replica) -> bool) -> Vec<&Replica> {
    model.snapshot().views.values().flat_map(|view| &view.view.replicas).filter(|replica| test(replica)).collect()
}

/// A table of replicas, the worst first.
fn table(model: &Model, mut replicas: Vec<&Replica>, now: Timestamp) -> Content {
    replicas.sort_by_key(|replica| (state::rank(replica), &replica.key));
    let shared = shared(replicas.iter().map(|replica| bare(replica)));
    Content {
        columns: vec![
            Column::fit("", 1, 0),
            Column::fit("REPLICA", 38, 0).keep_end(),
            Column::fit("VERSION", 22, 6).keep_end(),
            Column::fit("", 3, 1),
            Column::fit("STATE", 18, 0),
            Column::fit("READY", 5, 3).right(),
            Column::fit("RESTARTS", 8, 4).right(),
            Column::fit("AGE", 5, 2).right(),
            Column::fit("NODE", 22, 5),
            Column::fill("WHY", 18),
        ],
        rows: replicas.into_iter().map(|replica| row(replica, shared, now)).collect(),
        facts: status::troubles(model, now),
        ..Content::default()
    }
}

/// How many bytes all names begin with alike, up to a dash; a single name keeps its last two parts.
pub fn shared<'n>(names: impl Iterator<Item = &'n str> + Clone) -> usize {
    let Some((first, last)) = names.clone().min().zip(names.max()) else { return 0 };
    if first == last {
        return first.rmatch_indices('-').nth(1).map_or(0, |(at, _)| at + 1);
    }
    // What the first and the last of sorted names share, all share.
    let alike = first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
    first.get(..alike).and_then(|alike| alike.rfind('-')).map_or(0, |at| at + 1)
}

/// What a name of a replica says beyond what all of them say.
fn short(name: &str, shared: usize) -> String {
    match name.get(shared..).filter(|rest| !rest.is_empty() && shared > 3) {
        Some(rest) => format!("…{rest}"),
        None => name.to_owned(),
    }
}

/// The name without its namespace.
fn bare(replica: &Replica) -> &str {
    replica.key.name.split_once('/').map_or(replica.key.name.as_str(), |(_, name)| name)
}

fn row(replica: &Replica, shared: usize, now: Timestamp) -> Row {
    let (glyph, meaning) = state::look(replica);
    let (which, tone) = if replica.is_current { ("new", Meaning::Plain) } else { ("old", Meaning::Muted) };
    let cells = vec![
        Cell::new(glyph, meaning),
        Cell::plain(short(bare(replica), shared)),
        Cell::muted(short(&replica.version, shared)),
        Cell::new(which, tone),
        Cell::new(replica.state.as_str(), meaning),
        Cell::muted(state::ready_containers(replica)),
        Cell::number(replica.restarts),
        Cell::age(now, replica.created_at),
        Cell::muted(replica.node.as_deref().and_then(|node| node.split('.').next()).unwrap_or_default()),
        Cell::plain(state::why(replica)),
    ];
    Row::new(ObjectId::Resource(replica.key.clone()), cells).problem(state::is_problem(replica))
}

/// States with their count, as far as there are any.
pub fn states(counts: &ReplicaCounts) -> Vec<(u32, &'static str, &'static str, Meaning)> {
    let all = [
        (counts.ready, "●", "ready, new version", Meaning::Live),
        (counts.ready_old, "●", "ready, old version", Meaning::Live),
        (counts.not_ready, "◌", "running, not ready", Meaning::Progressing),
        (counts.creating, "◌", "being set up", Meaning::Progressing),
        (counts.pending, "◌", "waiting for a place", Meaning::Progressing),
        (counts.stalled, "✖", "waiting for a place for too long", Meaning::Held),
        (counts.image_error, "✖", "image cannot be pulled", Meaning::Failed),
        (counts.failed, "✖", "exited with an error", Meaning::Failed),
        (counts.killed, "✖", "killed", Meaning::Failed),
        (counts.out_of_memory, "✖", "out of memory", Meaning::Failed),
        (counts.terminating, "○", "going away", Meaning::Idle),
        (counts.unknown, "?", "in a state holdup does not know", Meaning::Unknown),
    ];
    all.into_iter().filter(|(count, ..)| *count > 0).collect()
}

fn counted(model: &Model, workload: &Workload, now: Timestamp) -> Content {
    let mut content = Content {
        columns: vec![Column::fit("", 1, 0), Column::fit("REPLICAS", 8, 0).right(), Column::fill("STATE", 20)],
        facts: status::troubles(model, now),
        empty: format!("{} has no replicas to count", workload.kind),
        ..Content::default()
    };
    let Some(counts) = &workload.replicas else { return content };
    let desired = counts.desired.map_or_else(|| "an unknown number is".to_owned(), |desired| format!("{desired} are"));
    content.heading = vec![vec![Span::muted(format!("{desired} asked for; {} counts replicas and does not list them", workload.platform))]];
    content.rows = states(counts)
        .into_iter()
        .map(|(count, glyph, word, meaning)| {
            let cells = vec![Cell::new(glyph, meaning), Cell::number(count), Cell::new(word, meaning)];
            Row::new(ObjectId::Part(word.to_owned()), cells).problem(glyph == "✖")
        })
        .collect();
    content
}
