//! What is held up or unclear, the longest first.

use super::content::{Cell, Column, Content, Row};
use super::{contexts, explanation as chain, status, workloads};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::domain::time::Timestamp;
use crate::explain::{Explanation, Verdict};

/// The table of what does not finish.
pub fn view(model: &Model, _route: &Route, now: Timestamp) -> Content {
    let unfinished = model.explanations().values().filter(|explanation| explanation.verdict != Verdict::Clear);
    let mut unfinished: Vec<&Explanation> = unfinished.collect();
    unfinished.sort_by_key(|explanation| (explanation.verdict, explanation.since.unwrap_or(Timestamp::MAX)));
    Content {
        columns: vec![
            Column::fit("", 1, 0),
            contexts::COLUMN,
            Column::fit("API", 28, 0).keep_end(),
            Column::fit("SINCE", 6, 0).right(),
            Column::fill("WHY", 26),
            Column::fit("SURE", 8, 2),
            Column::fit("CAUSE", 34, 6),
        ],
        rows: unfinished.into_iter().map(|explanation| row(model, explanation, now)).collect(),
        facts: status::troubles(model, now),
        empty: "nothing is held up".to_owned(),
        ..Content::default()
    }
}

fn row(model: &Model, explanation: &Explanation, now: Timestamp) -> Row {
    let held = explanation.verdict == Verdict::Held;
    let glyph = if held { Cell::new("✖", Meaning::Held) } else { Cell::new("?", Meaning::Unknown) };
    let root = explanation.chain.iter().find(|link| Some(&link.finding.cause) == explanation.root.as_ref());
    let cells = vec![
        glyph,
        contexts::cell(model, &explanation.workload.context),
        Cell::new(explanation.workload.name.as_str(), Meaning::Subject),
        Cell::age(now, explanation.since).ordered(chain::held_for(explanation, now)),
        Cell::line(workloads::why(Some(explanation))),
        Cell::muted(root.map_or("", |link| chain::confidence(link.finding.confidence))),
        Cell::muted(explanation.root.as_ref().map_or("", |cause| cause.as_str())),
    ];
    Row::new(ObjectId::Resource(explanation.workload.clone()), cells).problem(true)
}
