//! The status line: where one is, how many are held up, how old everything is.

use std::collections::BTreeMap;

use super::content::{Line, Span};
use super::contexts;
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::widgets::wrap::line_columns;
use crate::domain::id::SourceId;
use crate::domain::snapshot::SourceView;
use crate::domain::source::{FailureKind, Health};
use crate::domain::time::Timestamp;
use crate::explain::Verdict;

/// The left end in three lengths, the longest first: with region and version, with region, bare.
pub fn places(model: &Model) -> [Line; 3] {
    let all = words(model);
    let span = |words: &[String]| vec![Span::new(format!(" {}", words.join(" · ")), Meaning::Status)];
    let (bare, region, full) = all;
    [span(&full), span(&region), span(&bare)]
}

/// (bare, with region, with region and version)
fn words(model: &Model) -> (Vec<String>, Vec<String>, Vec<String>) {
    let label: Vec<String> = model.label.iter().map(ToString::to_string).collect();
    let snapshot = model.snapshot();
    let contexts = snapshot.contexts();
    let clusters = || snapshot.views.values().filter_map(|view| view.view.cluster.as_ref());
    let with = |more: Vec<String>| [label.clone(), more].concat();
    let one = match contexts.as_slice() {
        [] => return (with(vec!["no context".to_owned()]), with(vec!["no context".to_owned()]), with(vec!["no context".to_owned()])),
        [one] => one.to_string(),
        several => {
            let count = with(vec![format!("{} contexts", several.len())]);
            return (count.clone(), count.clone(), count);
        }
    };
    let region = clusters().find_map(|cluster| cluster.region.as_ref()).map_or_else(|| one.clone(), |region| format!("{one} {region}"));
    let mut full = vec![region.clone()];
    let platform = clusters().find_map(|cluster| Some((&cluster.platform, cluster.version.as_ref()?)));
    full.extend(platform.map(|(platform, version)| format!("{platform} {version}")));
    (with(vec![one]), with(vec![region]), with(full))
}

/// The right end in pieces, the most important first.
pub fn sources(model: &Model, now: Timestamp) -> Vec<(u8, Line)> {
    let mut pieces = vec![(0, held(model))];
    // Sources of one service share an age: the oldest counts.
    let mut ages: BTreeMap<String, Timestamp> = BTreeMap::new();
    let mut waiting = 0_usize;
    for (id, view) in &model.snapshot().views {
        let service = id.kind.split('.').next().unwrap_or_default().to_owned();
        let part = id.kind.rsplit('.').next().unwrap_or_default();
        match &view.health {
            Health::Failed { failure, .. } if failure.kind == FailureKind::Waiting => waiting += 1,
            Health::Waiting => pieces.push((2, vec![Span::muted(format!("{part} waiting"))])),
            Health::Fresh { at } => {
                let age = ages.entry(service).or_insert(*at);
                *age = (*age).min(*at);
            }
            Health::Stale { since, failure } => {
                let mut line = vec![Span::new(format!("{part} !{} ", word(failure.kind)), Meaning::Failed)];
                line.push(Span::age(now, *since, Meaning::Stale));
                pieces.push((1, line));
            }
            Health::Failed { failure, .. } => {
                pieces.push((1, vec![Span::new(format!("{part} !{}", word(failure.kind)), Meaning::Failed)]));
            }
        }
    }
    if waiting > 0 {
        let verb = if waiting == 1 { "waits" } else { "wait" };
        pieces.push((2, vec![Span::muted(format!("{waiting} {verb} for the platform"))]));
    }
    for (service, at) in ages {
        pieces.push((3, vec![Span::muted(format!("{} ", short(&service))), Span::age(now, at, Meaning::Muted)]));
    }
    pieces
}

/// A long name as people write it: `kubernetes` is `k8s`.
fn short(service: &str) -> String {
    let mut letters = service.chars();
    match (letters.next(), letters.next_back(), letters.count()) {
        (Some(first), Some(last), between @ 8..) => format!("{first}{between}{last}"),
        _ => service.to_owned(),
    }
}

fn held(model: &Model) -> Line {
    let count = |verdict| model.explanations().values().filter(|explanation| explanation.verdict == verdict).count();
    let (held, unclear) = (count(Verdict::Held), count(Verdict::CannotTell));
    let mut line = match held {
        0 if unclear == 0 && model.explanations().is_empty() => vec![Span::muted("nothing known yet")],
        0 => vec![Span::new("none held up", Meaning::Live)],
        held => vec![Span::new(format!("{held} held up"), Meaning::Held)],
    };
    if unclear > 0 {
        line.push(Span::new(format!(", {unclear} unclear"), Meaning::Unknown));
    }
    line
}

/// As many pieces as fit into `room` columns, joined; what had to go is counted.
pub fn fitting(mut pieces: Vec<(u8, Line)>, room: usize) -> Line {
    pieces.sort_by_key(|(importance, _)| *importance);
    let mut hidden = 0;
    loop {
        let mut line: Line = Vec::new();
        for (_, piece) in &pieces {
            if !line.is_empty() {
                line.push(Span::muted(" · "));
            }
            line.extend(piece.iter().cloned());
        }
        if hidden > 0 {
            line.push(Span::muted(format!(" +{hidden}")));
        }
        if line_columns(&line) <= room || pieces.len() < 2 {
            return line;
        }
        pieces.pop();
        hidden += 1;
    }
}

/// Sentences about what could not be read, for the foot of a view.
pub fn troubles(model: &Model, now: Timestamp) -> Vec<Line> {
    troubles_beside(model, now, |_, _, _| false)
}

/// The same without the sources that are told of elsewhere on the screen.
pub fn troubles_beside(model: &Model, now: Timestamp, told: fn(&Model, &SourceId, &SourceView) -> bool) -> Vec<Line> {
    let mut lines: Vec<Line> = waiting(model).into_iter().collect();
    for (id, view) in model.snapshot().views.iter().filter(|(id, view)| !told(model, id, view)) {
        match &view.health {
            Health::Waiting | Health::Fresh { .. } => {}
            Health::Failed { failure, .. } if failure.kind == FailureKind::Waiting => {}
            Health::Stale { since, failure } => lines.push(vec![
                Span::new(format!("{}{} is behind: ", id.kind, contexts::suffix(model, &id.context)), Meaning::Failed),
                Span::plain(format!("{}; shown is what was read ", failure.message)),
                Span::age(now, *since, Meaning::Plain),
                Span::plain(" ago"),
                Span::muted(hint(&failure.hint)),
            ]),
            Health::Failed { failure, .. } => lines.push(vec![
                Span::new(format!("{}{} was never read: ", id.kind, contexts::suffix(model, &id.context)), Meaning::Failed),
                Span::plain(failure.message.as_str()),
                Span::muted(hint(&failure.hint)),
            ]),
        }
        for gap in &view.view.gaps {
            let what = format!("{}{} not read: ", gap.what, contexts::suffix(model, &id.context));
            let mut line = vec![Span::new(what, Meaning::Unknown), Span::plain(gap.failure.message.as_str())];
            if !gap.failure.permissions.is_empty() {
                let needs: Vec<&str> = gap.failure.permissions.iter().map(crate::domain::text::Text::as_str).collect();
                line.push(Span::plain(format!(", needs {}", needs.join(", "))));
            }
            line.push(Span::muted(hint(&gap.failure.hint)));
            lines.push(line);
        }
    }
    lines
}

/// Sources that cannot be asked before the platform is read: told once, for all of them.
fn waiting(model: &Model) -> Option<Line> {
    let is_waiting = |view: &SourceView| matches!(&view.health, Health::Failed { failure, .. } if failure.kind == FailureKind::Waiting);
    let names: Vec<String> = model
        .snapshot()
        .views
        .iter()
        .filter(|(_, view)| is_waiting(view))
        .map(|(id, _)| format!("{}{}", id.kind, contexts::suffix(model, &id.context)))
        .collect();
    let verb = if names.len() == 1 { "waits" } else { "wait" };
    let line = vec![
        Span::muted(names.join(", ")),
        Span::plain(format!(" {verb} for the platform")),
        Span::muted(" · what they are asked for is named by it"),
    ];
    (!names.is_empty()).then_some(line)
}

fn hint(hint: &str) -> String {
    if hint.is_empty() { String::new() } else { format!(" · {hint}") }
}

/// One word for a kind of failure.
pub fn word(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Denied => "denied",
        FailureKind::Expired => "expired",
        FailureKind::NoCredentials => "no-credentials",
        FailureKind::WrongAccount => "wrong-account",
        FailureKind::ClockSkew => "clock-skew",
        FailureKind::Throttled => "throttled",
        FailureKind::Unreachable => "unreachable",
        FailureKind::Untrusted => "untrusted",
        FailureKind::TimedOut => "timed-out",
        FailureKind::Garbage => "garbage",
        FailureKind::ServerError => "server-error",
        FailureKind::Unsupported => "unsupported",
        FailureKind::NotFound => "not-found",
        FailureKind::Misconfigured => "misconfigured",
        FailureKind::Waiting => "waiting",
        FailureKind::Bug => "bug",
    }
}
