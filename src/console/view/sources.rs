//! Where data comes from, how old it is, and what to do about what cannot be read.

use super::content::{Cell, Column, Content, Row, Span};
use super::status;
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::domain::source::{FailureKind, Health};
use crate::domain::time::Timestamp;

/// The table of sources.
pub fn view(model: &Model, _route: &Route, now: Timestamp) -> Content {
    let rows = model.snapshot().views.iter().map(|(id, view)| {
        let gaps = view.view.gaps.len();
        let (glyph, meaning, word) = match &view.health {
            Health::Waiting => ("◌", Meaning::Progressing, "waiting".to_owned()),
            Health::Fresh { .. } if gaps > 0 => ("◐", Meaning::Warning, format!("{gaps} not read")),
            Health::Fresh { .. } => ("●", Meaning::Live, "fresh".to_owned()),
            Health::Stale { failure, .. } => ("✖", Meaning::Failed, format!("behind, {}", status::word(failure.kind))),
            Health::Failed { failure, .. } if failure.kind == FailureKind::Waiting => {
                ("◌", Meaning::Progressing, "waits for the platform".to_owned())
            }
            Health::Failed { failure, .. } => ("✖", Meaning::Failed, status::word(failure.kind).to_owned()),
        };
        let trouble = view.health.failure().or_else(|| view.view.gaps.first().map(|gap| &gap.failure));
        let next = trouble.map(|failure| if failure.hint.is_empty() { failure.message.clone() } else { failure.hint.clone() });
        let cells = vec![
            Cell::new(glyph, meaning),
            Cell::muted(id.context.as_str()),
            Cell::plain(id.kind.as_str()),
            Cell::new(word, meaning),
            Cell::age(now, view.health.read_at()),
            Cell::number(i64::try_from(view.stats.polls).unwrap_or(i64::MAX)),
            Cell::muted(format!("{} ms", view.stats.took.as_millis())).ordered(i64::try_from(view.stats.took.as_millis()).unwrap_or(0)),
            Cell::plain(next.as_deref().unwrap_or_default()),
        ];
        Row::new(ObjectId::Source(id.clone()), cells).problem(trouble.is_some())
    });
    Content {
        columns: vec![
            Column::fit("", 1, 0),
            Column::fit("CONTEXT", 16, 4),
            Column::fit("SOURCE", 20, 0),
            Column::fit("HEALTH", 22, 0),
            Column::fit("READ", 5, 0).right(),
            Column::fit("POLLS", 6, 6).right(),
            Column::fit("TOOK", 8, 5).right(),
            Column::fill("NEXT STEP", 12),
        ],
        rows: rows.collect(),
        empty: "no source is configured; `holdup doctor` says what was looked for".to_owned(),
        ..Content::default()
    }
}

/// One source: health, failure, gaps with the permissions that would close them.
pub fn one(model: &Model, id: &crate::domain::id::SourceId, now: Timestamp) -> Vec<Row> {
    use super::activity::field;
    let Some(view) = model.snapshot().views.get(id) else { return Vec::new() };
    let mut rows =
        vec![Row::text("source", vec![Span::new(id.kind.as_str(), Meaning::Subject), Span::muted(format!(" of {}", id.context))])];
    if let Some(at) = view.health.read_at() {
        rows.push(Row::text(
            "read",
            vec![
                Span::new(format!("{:<12} ", "read"), Meaning::Heading),
                Span::age(now, at, Meaning::Plain),
                Span::plain(format!(" ago, at {}", at.strftime("%H:%M:%S UTC"))),
            ],
        ));
    }
    rows.push(field(
        "polls",
        &format!("{}, {} failed in a row, the last took {} ms", view.stats.polls, view.stats.failures, view.stats.took.as_millis()),
    ));
    let failures = view.health.failure().map(|failure| ("failure".to_owned(), failure)).into_iter();
    let gaps = view.view.gaps.iter().map(|gap| (format!("not read: {}", gap.what), &gap.failure));
    for (index, (what, failure)) in failures.chain(gaps).enumerate() {
        rows.push(Row::text(
            format!("trouble {index}"),
            vec![
                Span::new(format!("✖ {what}: "), Meaning::Failed),
                Span::plain(format!("{} ({})", failure.message, status::word(failure.kind))),
            ],
        ));
        if !failure.hint.is_empty() {
            rows.push(Row { id: ObjectId::Part(format!("hint {index}")), ..field("next step", &failure.hint) });
        }
        for permission in &failure.permissions {
            rows.push(Row { id: ObjectId::Part(format!("{index} {permission}")), ..field("needs", permission) });
        }
    }
    rows
}
