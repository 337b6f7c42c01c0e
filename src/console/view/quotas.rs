//! Limits of the account as gauges, and one quota with its requests and who uses it.

use super::activity::field;
use super::content::{Cell, Column, Content, Line, Row, Span};
use super::{contexts, status};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::console::widgets::gauge::gauge;
use crate::domain::id::SourceId;
use crate::domain::quota::Quota;
use crate::domain::source::Health;
use crate::domain::time::Timestamp;

/// Cells of the gauge.
const CELLS: u64 = 6;

/// The table of quotas, the fullest first.
pub fn view(model: &Model, _route: &Route, now: Timestamp) -> Content {
    let mut rows: Vec<(u64, Row)> = quotas(model).map(|(source, quota)| (fullness(quota), row(model, source, quota, now))).collect();
    rows.sort_by_key(|(fullness, _)| std::cmp::Reverse(*fullness));
    Content {
        columns: vec![
            Column::fit("", 1, 0),
            contexts::COLUMN,
            Column::fit("USED", 8, 0),
            Column::fit("OF", 9, 0).right(),
            Column::fit("UNIT", 6, 6),
            Column::fill("QUOTA", 10),
            Column::fit("BUY", 4, 2),
            Column::fit("ASKED FOR", 18, 3),
            Column::fit("MEASURED", 8, 5).right(),
            Column::fit("CODE", 12, 7),
        ],
        rows: rows.into_iter().map(|(_, row)| row).collect(),
        facts: status::troubles(model, now),
        empty: "no quota was read".to_owned(),
        ..Content::default()
    }
}

fn quotas(model: &Model) -> impl Iterator<Item = (&SourceId, &Quota)> {
    model.snapshot().views.iter().flat_map(|(id, view)| view.view.quotas.iter().map(move |quota| (id, quota)))
}

/// Per mille of the limit in use; 0 where nobody knows.
fn fullness(quota: &Quota) -> u64 {
    match (quota.usage, quota.limit) {
        (Some(usage), Some(limit)) if limit > 0 => usage.value.saturating_mul(1000) / limit,
        _ => 0,
    }
}

fn row(model: &Model, source: &SourceId, quota: &Quota, now: Timestamp) -> Row {
    let full = fullness(quota);
    let (glyph, meaning) = match full {
        1000.. => ("✖", Meaning::Held),
        800.. => ("◐", Meaning::Warning),
        _ if quota.usage.is_none() || quota.limit.is_none() => ("?", Meaning::Unknown),
        _ => ("●", Meaning::Live),
    };
    let used = quota.usage.map(|usage| usage.value);
    let bar = gauge(used.unwrap_or_default(), quota.limit.unwrap_or_default(), CELLS);
    let number = |value: Option<u64>| value.map_or_else(|| "?".to_owned(), |value| value.to_string());
    let text = format!("{}/{}", number(used), number(quota.limit));
    let stale = model.snapshot().views.get(source).is_some_and(|view| matches!(view.health, Health::Stale { .. }));
    let cells = vec![
        Cell::new(glyph, meaning),
        contexts::cell(model, &quota.key.context),
        Cell::line(if used.is_some() { bar } else { Vec::new() }),
        Cell::new(text, meaning).ordered(i64::try_from(full).unwrap_or(i64::MAX)),
        Cell::muted(quota.unit.as_str()),
        Cell::plain(if quota.family.is_empty() { quota.title.as_str() } else { quota.family.as_str() }),
        Cell::muted(if !counts_machines(quota) {
            ""
        } else if quota.spot {
            "spot"
        } else {
            "od"
        }),
        Cell::line(asked(quota)),
        Cell::age(now, quota.usage.map(|usage| usage.at)),
        Cell::muted(quota.key.name.as_str()),
    ];
    Row::new(ObjectId::Resource(quota.key.clone()), cells).problem(full >= 1000).stale(stale)
}

/// Whether it limits machines, for which how they are bought matters, and not requests or services.
fn counts_machines(quota: &Quota) -> bool {
    quota.unit == "vCPU"
}

fn covers(quota: &Quota) -> String {
    let what = if quota.family.is_empty() { quota.unit.as_str() } else { quota.family.as_str() };
    match (counts_machines(quota), quota.spot) {
        (true, true) => format!("{what}, spot"),
        (true, false) => format!("{what}, on demand"),
        (false, _) => what.to_owned(),
    }
}

fn asked(quota: &Quota) -> Line {
    match quota.requests.iter().find(|request| request.is_open()) {
        Some(request) => vec![Span::new(format!("◌ {} {}", request.desired, request.status.to_lowercase()), Meaning::Progressing)],
        None if !quota.adjustable => vec![Span::muted("cannot be raised")],
        None => Vec::new(),
    }
}

/// One quota: value, use, requests, and the machines that count in it.
pub fn one(model: &Model, route: &Route, now: Timestamp) -> Content {
    let Some((source, quota)) = route.subject().and_then(|key| quotas(model).find(|(_, quota)| quota.key == *key)) else {
        return Content { empty: "this quota is no longer read".to_owned(), ..Content::document(Vec::new()) };
    };
    let limit = quota.limit.map_or_else(|| "not readable".to_owned(), |limit| format!("{limit} {}", quota.unit));
    let applied = if quota.is_default { "the provider's default" } else { "the account's own value" };
    let mut rows = vec![
        Row::text("title", vec![Span::new(quota.title.as_str(), Meaning::Subject)]),
        field("limit", &format!("{limit}, {applied}")),
        Row::text("used", used_line(quota, now)),
        field("covers", &covers(quota)),
        field("code", &quota.key.name),
        field("raising", if quota.adjustable { "can be asked for" } else { "is not possible" }),
    ];
    for (index, request) in quota.requests.iter().enumerate() {
        let mut line = vec![
            Span::new(format!("{:<12} ", if index == 0 { "requests" } else { "" }), Meaning::Heading),
            Span::plain(format!("{} {} ", request.desired, quota.unit)),
            Span::new(request.status.to_lowercase(), if request.is_open() { Meaning::Progressing } else { Meaning::Muted }),
        ];
        if let Some(at) = request.created_at {
            line.extend([Span::plain(", asked "), Span::age(now, at, Meaning::Plain), Span::plain(" ago")]);
        }
        line.extend(request.case.as_ref().map(|case| Span::muted(format!(", case {case}"))));
        rows.push(Row::text(format!("request {index}"), line));
    }
    if quota.requests.is_empty() {
        rows.push(field("requests", "none on record"));
    }
    rows.extend(users(model, quota));
    rows.push(field("source", &source.kind));
    Content::document(rows)
}

fn used_line(quota: &Quota, now: Timestamp) -> Line {
    let mut line = vec![Span::new(format!("{:<12} ", "used"), Meaning::Heading)];
    match quota.usage {
        Some(usage) => {
            line.extend(gauge(usage.value, quota.limit.unwrap_or_default(), 20));
            line.push(Span::plain(format!(" {} {}, measured ", usage.value, quota.unit)));
            line.extend([Span::age(now, usage.at, Meaning::Plain), Span::plain(" ago")]);
        }
        None => line.push(Span::new("not measured", Meaning::Unknown)),
    }
    line
}

fn users(model: &Model, quota: &Quota) -> Vec<Row> {
    let views = model.snapshot().sources(&quota.key.context);
    let nodes = views.flat_map(|(_, view)| &view.view.nodes).filter(|node| node.spot == quota.spot);
    let of_family = nodes.filter(|node| family(&node.instance_type, &quota.family));
    let texts = of_family.map(|node| (node, node.group.as_ref().map(|group| format!(", group {group}")).unwrap_or_default()));
    texts
        .enumerate()
        .map(|(index, (node, group))| {
            let name = if index == 0 { "used by" } else { "" };
            let line = vec![
                Span::new(format!("{name:<12} "), Meaning::Heading),
                Span::plain(format!("{} {}{group}", node.instance_type, node.key.name)),
            ];
            Row::text(format!("node {}", node.key.name), line)
        })
        .collect()
}

/// Whether a machine type belongs to a family such as `G and VT`, by the letters it begins with.
fn family(instance_type: &str, family: &str) -> bool {
    let letters: String = instance_type.chars().take_while(char::is_ascii_alphabetic).collect();
    family.split([' ', ',']).any(|word| !word.is_empty() && word != "and" && letters == word.to_lowercase())
}
