//! Who holds what of one machine: replicas of workloads and everybody else, accelerators first.

use super::amounts;
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::console::view::activity::field;
use crate::console::view::content::{Cell, Column, Content, Line, Row, Span};
use crate::console::view::{replicas, status};
use crate::domain::node::Node;
use crate::domain::replica::Replica;
use crate::domain::time::Timestamp;
use crate::domain::topology::JoinedNode;

/// The tenants of the route's machine.
pub fn view(model: &Model, route: &Route, now: Timestamp) -> Content {
    let Some(joined) = route.subject().and_then(|key| super::find(model, key)) else {
        return Content { empty: "this machine is gone".to_owned(), ..Content::document(Vec::new()) };
    };
    let mut tenants = on(model, joined.node);
    let heading = heading(&joined);
    if tenants.is_empty() {
        let note = match (joined.node.replicas, joined.node.detail.is_some()) {
            (_, true) => "nothing runs here".to_owned(),
            (Some(count), false) => format!("this platform does not say which replicas run here; {count} are counted on it"),
            (None, false) => "this platform does not say which replicas run here, and does not count them".to_owned(),
        };
        return Content { heading, ..Content::document(vec![field("replicas", &note)]) };
    }
    tenants.sort_by_key(|replica| {
        let extended: i64 = replica.extended.values().sum();
        let demand = replica.demand;
        (std::cmp::Reverse((demand.gpus + demand.neuron, extended, demand.cpu_millis)), &replica.key)
    });
    Content {
        heading,
        columns: vec![
            Column::fit("", 1, 0),
            Column::fit("TENANT", 34, 0).keep_end(),
            Column::fit("OF", 20, 0).keep_end(),
            Column::fit("HOLDS", 34, 0),
            Column::fit("STATE", 18, 1),
            Column::fit("RESTARTS", 8, 3).right(),
            Column::fit("AGE", 5, 2).right(),
            Column::fill("WHY", 4),
        ],
        rows: tenants.into_iter().map(|replica| row(replica, now)).collect(),
        facts: status::troubles(model, now),
        ..Content::default()
    }
}

/// Everybody who holds something on a machine.
pub fn on<'a>(model: &'a Model, node: &Node) -> Vec<&'a Replica> {
    replicas::select(model, |replica| {
        replica.node.as_ref() == Some(&node.key.name) && replica.key.context == node.key.context && replica.phase.holds_node()
    })
}

fn row(replica: &Replica, now: Timestamp) -> Row {
    let (glyph, meaning) = replicas::state::look(replica);
    let owner = replica.workload.as_ref().map_or(Cell::muted("no workload"), |workload| Cell::plain(workload.name.as_str()));
    let holds = amounts::demand(replica.demand, &replica.extended);
    let wants = replica.demand.gpus + replica.demand.neuron;
    let cells = vec![
        Cell::new(glyph, meaning),
        Cell::plain(replica.key.name.as_str()),
        owner,
        Cell::new(holds, if wants > 0 { Meaning::Subject } else { Meaning::Muted }).ordered(wants),
        Cell::new(replica.state.as_str(), meaning),
        Cell::number(replica.restarts),
        Cell::age(now, replica.created_at),
        Cell::plain(replicas::state::why(replica)),
    ];
    Row::new(ObjectId::Resource(replica.key.clone()), cells).problem(replicas::state::is_problem(replica))
}

fn heading(joined: &JoinedNode<'_>) -> Vec<Line> {
    let node = joined.node;
    let (glyph, word, meaning) = super::state(node);
    let kind = format!(
        "  {}{}  {}",
        node.instance_type,
        if node.spot { " spot" } else { " on demand" },
        joined.group.map(|group| format!("group {group}")).unwrap_or_default()
    );
    let mut first = vec![Span::new(format!("{glyph} {word}  "), meaning)];
    first.extend(amounts::bars(node));
    first.push(Span::plain(kind));
    let second = vec![Span::muted(format!(
        "free {} of {}, {} of {}{}",
        amounts::cpu(node.free.cpu_millis),
        amounts::cpu(node.capacity.cpu_millis),
        amounts::memory(node.free.memory_bytes),
        amounts::memory(node.capacity.memory_bytes),
        node.detail
            .as_ref()
            .map(|detail| super::taints(&detail.taints))
            .filter(|taints| !taints.is_empty())
            .map(|taints| format!(" · tainted {taints}"))
            .unwrap_or_default()
    ))];
    vec![first, second]
}
