//! The listing of `status`: one line per workload, and its JSON (`holdup/status/1`).

use serde::Serialize;

use super::json::pretty;
use super::text::{JUST_NOW, mark, to_ascii, width};
use super::{Entry, Report, Style};
use crate::domain::id::ResourceKind;
use crate::domain::time::{Timestamp, age, short};
use crate::domain::workload::{Phase, Workload};
use crate::explain::finding::{CauseId, Verdict};

/// The name and version of the shape.
const SCHEMA: &str = "holdup/status/1";

/// The listing as pretty-printed JSON with a final line break.
pub fn status_json(report: &Report<'_>) -> String {
    pretty(&Status { schema: SCHEMA, observed_at: report.now, workloads: report.entries.iter().map(Line::new).collect() })
}

#[derive(Serialize)]
struct Status<'a> {
    schema: &'static str,
    observed_at: Timestamp,
    workloads: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    context: &'a str,
    /// `null` where the whole context could not be read.
    workload: Option<&'a str>,
    platform: &'a str,
    kind: Option<&'a str>,
    phase: Option<Phase>,
    native: Option<&'a str>,
    serving: Option<bool>,
    ready: Option<u32>,
    desired: Option<u32>,
    up_to_date: Option<u32>,
    deployed_at: Option<Timestamp>,
    verdict: Verdict,
    since: Option<Timestamp>,
    root: Option<&'a str>,
    headline: &'a str,
}

impl<'a> Line<'a> {
    fn new(entry: &'a Entry<'_>) -> Self {
        let explanation = &*entry.explanation;
        let workload = entry.workload;
        let counts = workload.and_then(|workload| workload.replicas);
        Self {
            context: &explanation.workload.context,
            workload: (explanation.workload.kind == ResourceKind::Workload).then_some(explanation.workload.name.as_str()),
            platform: &entry.platform,
            kind: workload.map(|workload| workload.kind.as_str()),
            phase: workload.map(|workload| workload.status.phase),
            native: workload.map(|workload| workload.status.native.as_str()),
            serving: workload.map(|workload| workload.status.serving),
            ready: counts.map(|counts| counts.serving()),
            desired: counts.and_then(|counts| counts.desired),
            up_to_date: counts.map(|counts| counts.up_to_date),
            deployed_at: workload.and_then(|workload| workload.deployed_at),
            verdict: explanation.verdict,
            since: explanation.since,
            root: explanation.root.as_ref().map(CauseId::as_str),
            headline: &explanation.headline,
        }
    }
}

/// The listing as a table.
pub fn status_text(report: &Report<'_>, style: Style) -> String {
    let glyphs = style.glyphs();
    let several =
        report.entries.windows(2).any(|pair| matches!(pair, [a, b] if a.explanation.workload.context != b.explanation.workload.context));
    let mut rows = vec![header(several)];
    rows.extend(report.entries.iter().map(|entry| {
        let (glyph, word) = mark(&entry.explanation, glyphs);
        row(entry, glyph, word, several, report.now)
    }));
    let limit = style.width.max(40);
    let text = aligned(&narrowed(rows, limit), limit);
    if style.ascii { to_ascii(&text) } else { text }
}

fn header(several: bool) -> Vec<String> {
    let mut cells = vec![" ".to_owned()];
    if several {
        cells.push("CONTEXT".to_owned());
    }
    cells.extend(["WORKLOAD", "KIND", "STATUS", "READY", "UP-TO-DATE", "AGE", "WHY"].map(str::to_owned));
    cells
}

fn row(entry: &Entry<'_>, glyph: &str, word: &str, several: bool, now: Timestamp) -> Vec<String> {
    let explanation = &*entry.explanation;
    let mut cells = vec![glyph.to_owned()];
    if several {
        cells.push(explanation.workload.context.to_string());
    }
    let since = explanation.since.filter(|since| age(now, *since) >= JUST_NOW);
    let since = since.map(|since| format!(" {}", short(age(now, since)))).unwrap_or_default();
    match entry.workload {
        Some(workload) => {
            let (ready, current) = counted(workload);
            let deployed = workload.deployed_at.map_or_else(|| "-".to_owned(), |at| short(age(now, at)));
            cells.extend([
                workload.key.name.to_string(),
                workload.kind.to_string(),
                format!("{}{since}", workload.status.native),
                ready,
                current,
                deployed,
            ]);
        }
        None => cells.extend([
            format!("(context {})", entry.name()),
            "-".to_owned(),
            format!("{word}{since}"),
            "-".to_owned(),
            "-".to_owned(),
            "-".to_owned(),
        ]),
    }
    cells.push(explanation.headline.to_string());
    cells
}

fn counted(workload: &Workload) -> (String, String) {
    match workload.replicas {
        Some(counts) => {
            let desired = counts.desired.map_or_else(|| "?".to_owned(), |desired| desired.to_string());
            (format!("{}/{desired}", counts.serving()), counts.up_to_date.to_string())
        }
        None => ("-".to_owned(), "-".to_owned()),
    }
}

/// Columns that make room for the reason on a narrow screen, the first to go first. The context
/// stays: two workloads of one name must be told apart.
const SPARE: [&str; 3] = ["UP-TO-DATE", "KIND", "AGE"];

/// Drops spare columns until the reason fits, or none is left.
fn narrowed(mut rows: Vec<Vec<String>>, limit: usize) -> Vec<Vec<String>> {
    for spare in SPARE {
        let wanted: usize = widths(&rows).iter().map(|column| column + 2).sum();
        if wanted <= limit + 3 {
            break;
        }
        if let Some(at) = rows.first().and_then(|header| header.iter().position(|cell| cell == spare)) {
            for row in &mut rows {
                row.remove(at);
            }
        }
    }
    rows
}

fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let columns = rows.first().map_or(0, Vec::len);
    let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0);
    (0..columns).map(widest).collect()
}

/// Columns as wide as their widest cell; the last is cut at the width.
fn aligned(rows: &[Vec<String>], limit: usize) -> String {
    let widths = widths(rows);
    let columns = widths.len();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (index, (cell, column)) in row.iter().zip(&widths).enumerate() {
            if index + 1 == columns {
                line.push_str(&cut(cell, limit.saturating_sub(width(&line)).max(12)));
            } else {
                line.push_str(cell);
                line.extend(std::iter::repeat_n(' ', column.saturating_sub(width(cell)) + if index == 0 { 1 } else { 2 }));
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn cut(cell: &str, limit: usize) -> String {
    if width(cell) <= limit {
        return cell.to_owned();
    }
    let mut kept = String::new();
    for c in cell.chars() {
        if width(&kept) + 1 + unicode_width::UnicodeWidthChar::width(c).unwrap_or(0) > limit {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}
