//! All workloads: what is held up first, with the reason in the row.

use super::content::{Cell, Column, Content, Line, Row, Span};
use super::explanation::NEXT_UPDATE;
use super::state::Standing;
use super::{contexts, status};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::domain::source::Health;
use crate::domain::time::{self, Timestamp};
use crate::domain::workload::{Phase, Workload};
use crate::explain::{Explanation, Verdict};

/// The longest word of a platform for a phase that a table has room for, in characters.
const WORD: usize = 14;

/// The table of workloads.
pub fn view(model: &Model, _route: &Route, now: Timestamp) -> Content {
    let snapshot = model.snapshot();
    let mut rows: Vec<((Standing, Timestamp), Row)> = snapshot
        .workloads()
        .map(|(source, workload)| {
            let explanation = model.explanation(&workload.key);
            let standing = Standing::of(workload, explanation);
            let stale = snapshot.views.get(source).is_some_and(|view| matches!(view.health, Health::Stale { .. }));
            // What waits the longest comes first among the unfinished; the rest keeps its order.
            let since = explanation.and_then(|explanation| explanation.since).or(workload.status.since);
            let since = since.filter(|_| standing.is_problem()).unwrap_or(Timestamp::MAX);
            ((standing, since), row(model, workload, standing, now).stale(stale))
        })
        .collect();
    rows.sort_by_key(|(order, _)| *order);
    Content {
        columns: vec![
            Column::fit("", 1, 0),
            contexts::COLUMN,
            Column::fit("API", 28, 0).keep_end(),
            Column::fit("KIND", 9, 5),
            Column::fit("STATUS", 21, 0),
            // What the platform adds to its word: where there is room to spare.
            Column::fit("", 20, 9),
            Column::fit("READY", 7, 2).right(),
            Column::fit("UP-TO-DATE", 10, 4).right(),
            Column::fit("AGE", 5, 4).right(),
            Column::fill("WHY", 26),
        ],
        rows: rows.into_iter().map(|(_, row)| row).collect(),
        heading: contexts::dark(model),
        facts: status::troubles_beside(model, now, contexts::is_dark),
        empty: empty(model),
        ..Content::default()
    }
}

fn empty(model: &Model) -> String {
    let any = |of: fn(&Health) -> bool| model.snapshot().views.values().any(|view| of(&view.health));
    let text = if any(|health| *health == Health::Waiting) {
        "waiting for the first answer"
    } else if any(|health| matches!(health, Health::Failed { .. })) {
        "nothing could be read yet; ctrl-r asks again at once"
    } else {
        "no workload is deployed here"
    };
    text.to_owned()
}

fn row(model: &Model, workload: &Workload, standing: Standing, now: Timestamp) -> Row {
    let explanation = model.explanation(&workload.key);
    let meaning = standing.meaning();
    let counts = workload.replicas.as_ref();
    let ready = counts.map(|counts| match counts.desired {
        Some(desired) => format!("{}/{desired}", counts.serving()),
        None => counts.serving().to_string(),
    });
    let current = counts.map(|counts| Cell::number(counts.up_to_date));
    let cells = vec![
        Cell::new(standing.glyph(), meaning).ordered(standing as i64),
        contexts::cell(model, &workload.key.context),
        Cell::new(workload.key.name.as_str(), if standing.is_problem() { Meaning::Subject } else { Meaning::Plain }),
        Cell::muted(workload.kind.as_str()),
        status_cell(workload, explanation, standing, now),
        Cell::new(words(workload).1, standing.meaning()),
        Cell::plain(ready.unwrap_or_default()).ordered(counts.map_or(-1, |counts| i64::from(counts.serving()))),
        current.unwrap_or_default(),
        Cell::age(now, workload.deployed_at),
        Cell::line(why(explanation)),
    ];
    Row::new(ObjectId::Resource(workload.key.clone()), cells).problem(standing.is_problem())
}

/// The platform's word for the phase, and what it adds: `updating` and `stalled`. The age comes
/// between them, because a cell that is cut must not lose it.
fn words(workload: &Workload) -> (&str, &str) {
    let native = workload.status.native.as_str();
    let (word, more) = native.find([',', '(']).map_or((native, ""), |at| native.split_at(at));
    let (word, more) = (word.trim_end(), more.trim_matches([',', '(', ')', ' ']));
    match workload.status.phase {
        // Serving too few is not what `live` means to whoever reads a table.
        Phase::Short => ("short", more.trim_start_matches("short ")),
        phase if word.chars().count() > WORD => (phase_word(phase), native),
        _ => (word, more),
    }
}

/// What stands for a platform's word that is too long for a table.
fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Live => "live",
        Phase::Short => "short",
        Phase::Updating => "updating",
        Phase::Failed => "failed",
        Phase::Zero => "at zero",
        Phase::Idle => "idle",
        Phase::Stopping => "stopping",
        Phase::Unrecognized => "unknown",
    }
}

fn status_cell(workload: &Workload, explanation: Option<&Explanation>, standing: Standing, now: Timestamp) -> Cell {
    let mut line = vec![Span::new(words(workload).0, standing.meaning())];
    let since = explanation.and_then(|explanation| explanation.since).or(workload.status.since);
    let settled = matches!(standing, Standing::Live | Standing::Idle);
    if let Some(since) = since.filter(|_| !settled) {
        line.push(Span::new(" ", standing.meaning()));
        line.push(Span::age(now, since, standing.meaning()));
    }
    Cell::line(line).ordered(standing as i64)
}

/// The reason, the estimate, or what could not be told; nothing for the healthy.
pub fn why(explanation: Option<&Explanation>) -> Line {
    let Some(explanation) = explanation else { return Vec::new() };
    match (explanation.verdict, &explanation.progress) {
        (Verdict::Held, _) => vec![Span::new(explanation.headline.as_str(), Meaning::Held)],
        (Verdict::CannotTell, _) => vec![Span::new(cannot_tell(explanation), Meaning::Unknown)],
        (Verdict::Clear, Some(progress)) => {
            let left = progress.remaining();
            let text = if left.is_zero() {
                format!("{}: slow, usual {}, {} so far", progress.stage, time::words(progress.usual), time::words(progress.elapsed))
            } else {
                format!("{}, about {} left", progress.stage, time::words(rounded(left)))
            };
            vec![Span::new(text, Meaning::Progressing)]
        }
        (Verdict::Clear, None) if explanation.next_update.is_some() && explanation.headline.is_empty() => {
            vec![Span::new(NEXT_UPDATE, Meaning::Warning), Span::muted(" next update would not fit")]
        }
        (Verdict::Clear, None) => vec![Span::muted(explanation.headline.as_str())],
    }
}

/// To whole minutes, because an estimate is no more exact.
fn rounded(left: time::Duration) -> time::Duration {
    time::Duration::from_secs(left.as_secs().div_ceil(60) * 60)
}

fn cannot_tell(explanation: &Explanation) -> String {
    if !explanation.headline.is_empty() {
        return explanation.headline.to_string();
    }
    explanation.missing.first().map_or_else(|| "cannot tell".to_owned(), |missing| format!("cannot tell {}", missing.question))
}
