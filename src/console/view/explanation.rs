//! Why one workload does not finish: the chain as a tree, each link with the evidence that decides,
//! what could not be told, and the ways out of the whole chain.

use super::content::{Cell, Column, Content, Line, Row, Span};
use super::workloads;
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::time::{self, Timestamp};
use crate::explain::report::ways_out;
use crate::explain::{CauseId, Confidence, Evidence, Explanation, Finding, Link, Missing, Remedy, Risk, Verdict};

/// The glyph of a next update that would not finish.
pub const NEXT_UPDATE: &str = "△";

/// What a row of an explanation stands for.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// A link of the chain.
    Link(&'a Finding),
    /// A piece of evidence.
    Evidence(&'a Evidence),
    /// A remedy, by number from 1.
    Remedy(usize),
}

/// Remedies in the order of their numbers, as reports number them: they do not depend on what is
/// open.
pub fn remedies(explanation: &Explanation) -> Vec<&Remedy> {
    ways_out(explanation)
}

/// What the row with this name stands for.
pub fn part<'a>(explanation: &'a Explanation, name: &str) -> Option<Part<'a>> {
    if let Some(number) = name.strip_prefix("remedy:") {
        return number.parse().ok().map(Part::Remedy);
    }
    let (index, rest) = name.strip_prefix("link:")?.split_once(':')?;
    let finding = &explanation.chain.get(index.parse::<usize>().ok()?)?.finding;
    match rest.strip_prefix("evidence:") {
        Some(number) => finding.evidence.get(number.parse::<usize>().ok()?).map(Part::Evidence),
        None => Some(Part::Link(finding)),
    }
}

/// The cause whose link the row belongs to.
pub fn link_of(explanation: &Explanation, name: &str) -> Option<CauseId> {
    let index: usize = name.strip_prefix("link:")?.split(':').next()?.parse().ok()?;
    explanation.chain.get(index).map(|link| link.finding.cause.clone())
}

/// How it stands, for a title: ` · held up`.
pub fn standing(model: &Model, workload: &ResourceKey) -> String {
    match model.explanation(workload).map(|explanation| (explanation.verdict, &explanation.progress)) {
        Some((Verdict::Held, _)) => " · held up".to_owned(),
        Some((Verdict::CannotTell, _)) => " · cannot tell".to_owned(),
        Some((Verdict::Clear, Some(_))) => " · on its way".to_owned(),
        Some((Verdict::Clear, None)) | None => String::new(),
    }
}

/// How it stands and since when.
pub fn standing_line(model: &Model, workload: &ResourceKey, now: Timestamp) -> Line {
    let Some(explanation) = model.explanation(workload) else { return Vec::new() };
    let (text, meaning) = match (explanation.verdict, &explanation.progress) {
        (Verdict::Held, _) => ("✖ held up ", Meaning::Held),
        (Verdict::CannotTell, _) => ("? cannot tell ", Meaning::Unknown),
        (Verdict::Clear, Some(_)) => ("◌ on its way ", Meaning::Progressing),
        (Verdict::Clear, None) => ("● not held up", Meaning::Live),
    };
    let mut line = vec![Span::new(text, meaning)];
    let timed = explanation.verdict != Verdict::Clear || explanation.progress.is_some();
    line.extend(explanation.since.filter(|_| timed).map(|since| Span::age(now, since, meaning)));
    line
}

/// The explanation of the route's workload.
pub fn view(model: &Model, route: &Route, now: Timestamp) -> Content {
    let columns = vec![Column::fill("", 38), Column::fit("", 11, 1).right()];
    let Some(workload) = route.subject() else { return Content::default() };
    let Some(explanation) = model.explanation(workload) else {
        let empty = format!("{} is not deployed any more, or was not read yet", workload.name);
        return Content { columns, empty, ..Content::default() };
    };
    let mut rows = chain(model, explanation, now);
    rows.extend(missing_rows(explanation));
    if explanation.chain.is_empty() {
        rows.insert(0, calm_row(explanation));
        // A rollout that moves again says beside its progress what freed it.
        if let Some(freed) = explanation.freed.as_ref().filter(|_| explanation.progress.is_some()) {
            rows.insert(1, Row::text("freed", vec![Span::muted(freed.says().as_str())]));
        }
    }
    rows.extend(explanation.next_update.as_ref().map(|told| next_update_row(told)));
    let ways = remedies(explanation);
    if !ways.is_empty() {
        rows.push(ways_row(ways.len()));
        rows.extend(ways.into_iter().enumerate().map(|(index, remedy)| remedy_row(index + 1, remedy)));
    }
    Content { columns, rows, ..Content::default() }
}

fn chain(model: &Model, explanation: &Explanation, now: Timestamp) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut told: Vec<&Evidence> = Vec::new();
    for (index, link) in explanation.chain.iter().enumerate() {
        let open = model.is_open(explanation, &link.finding.cause);
        // What a link above shows already need not be read twice.
        let fresh = link.finding.evidence.iter().enumerate().filter(|(_, evidence)| !told.contains(evidence));
        let mut shown: Vec<(usize, &Evidence)> = fresh.collect();
        let hidden = if open { 0 } else { shown.len().saturating_sub(1) };
        shown.truncate(if open { usize::MAX } else { 1 });
        told.extend(shown.iter().map(|(_, evidence)| *evidence));
        rows.push(link_row(explanation, index, link));
        rows.extend(shown.into_iter().map(|(number, evidence)| {
            let row = evidence_row((index, number), link.depth, evidence, now);
            if open { Row { wrap: Some(indent(link.depth + 1)), ..row } } else { folded(row, hidden) }
        }));
    }
    rows
}

/// What an explanation without a chain says.
fn calm_row(explanation: &Explanation) -> Row {
    let why = workloads::why(Some(explanation));
    let mut line = match explanation.verdict {
        Verdict::Clear if explanation.progress.is_some() => vec![Span::new("◌ ", Meaning::Progressing)],
        Verdict::Clear => vec![Span::new("● nothing holds it up", Meaning::Live)],
        Verdict::Held => vec![Span::new("✖ ", Meaning::Held)],
        Verdict::CannotTell => vec![Span::new("? ", Meaning::Unknown)],
    };
    if explanation.verdict != Verdict::Clear || explanation.progress.is_some() {
        line.extend(why);
    } else if !explanation.headline.is_empty() {
        line.push(Span::muted(format!(": {}", explanation.headline)));
    }
    Row::text("calm", line)
}

/// Why the next update would not finish, for a workload that is well now.
fn next_update_row(told: &str) -> Row {
    let line = vec![Span::new(format!("{NEXT_UPDATE} "), Meaning::Warning), Span::plain(told), Span::muted(" · F shows the plan")];
    Row { wrap: Some("  ".to_owned()), ..Row::new(ObjectId::Part("next-update".to_owned()), vec![Cell::line(line), Cell::default()]) }
}

/// The guide before a link at this depth: `└─` beneath the glyph of the link above.
fn guide(depth: usize) -> String {
    if depth == 0 { String::new() } else { format!("{}└─", "  ".repeat(depth - 1)) }
}

/// As far as the words of a link at this depth are indented.
fn indent(depth: usize) -> String {
    "  ".repeat(depth + 1)
}

fn link_row(explanation: &Explanation, index: usize, link: &Link) -> Row {
    let finding = &link.finding;
    let root = explanation.root.as_ref() == Some(&finding.cause) || explanation.also.contains(&finding.cause);
    let (glyph, meaning) = match finding.confidence {
        Confidence::Certain | Confidence::Likely if !is_obstacle(finding) => ("✖ ", Meaning::Held),
        _ => ("? ", Meaning::Unknown),
    };
    let line = vec![
        Span::new(guide(link.depth), Meaning::Rule),
        Span::new(glyph, meaning),
        Span::new(finding.says.as_str(), if root { Meaning::Subject } else { Meaning::Plain }),
        Span::muted(format!(" ({})", confidence(finding.confidence))),
    ];
    let cells = vec![Cell::line(line), Cell::default()];
    Row { wrap: Some(indent(link.depth)), ..Row::new(ObjectId::Part(format!("link:{index}:{}", finding.cause)), cells).problem(root) }
}

/// What was read, then where: the value matters most, and the end is what may be cut. An open link
/// shows it whole.
fn evidence_row((link, number): (usize, usize), depth: usize, evidence: &Evidence, now: Timestamp) -> Row {
    let line = vec![
        Span::new(format!("{}· ", indent(depth)), Meaning::Rule),
        Span::muted(format!("{}: ", evidence.field)),
        Span::new(evidence.value.as_str(), Meaning::Quoted),
        Span::muted(format!("  {} {}", evidence.source.kind, name_of(evidence))),
    ];
    let id = ObjectId::Part(format!("link:{link}:evidence:{number}"));
    let cells = vec![Cell::line(line), Cell::age(now, Some(evidence.observed_at))];
    Row::new(id, cells)
}

/// The same row, with how many more pieces there are.
fn folded(mut row: Row, hidden: usize) -> Row {
    if let Some(cell) = row.cells.last_mut().filter(|_| hidden > 0) {
        cell.line.insert(0, Span::muted(format!("▸{hidden}  ")));
    }
    row
}

/// The name of what evidence is about; of a long number its beginning.
fn name_of(evidence: &Evidence) -> &str {
    let name = evidence.resource.name.as_str();
    if evidence.resource.kind == ResourceKind::Activity { name.split('-').next().unwrap_or(name) } else { name }
}

fn ways_row(count: usize) -> Row {
    let keys = if count == 1 { "1 copies its command".to_owned() } else { format!("1–{} copy their commands", count.min(9)) };
    Row::text("ways-out", vec![Span::new("Ways out", Meaning::Heading), Span::muted(format!("  {keys}"))])
}

/// The remedy, and its command on lines of its own, never cut: it is what people copy.
fn remedy_row(number: usize, remedy: &Remedy) -> Row {
    let (risk, meaning) = risk(remedy.risk);
    let cells = vec![Cell::line(wrapped_remedy(number, remedy)), Cell::new(risk, meaning)];
    Row { wrap: Some("    ".to_owned()), ..Row::new(ObjectId::Part(format!("remedy:{number}")), cells) }
}

/// A remedy with its command in a line of its own.
pub fn wrapped_remedy(number: usize, remedy: &Remedy) -> Line {
    let mut line = vec![Span::new(format!("[{number}] "), Meaning::Key), Span::plain(remedy.text.as_str())];
    if let Some(command) = &remedy.command {
        line.push(Span::plain("\n"));
        line.push(Span::new(command.as_str(), Meaning::Command));
    }
    line
}

/// What could not be told: one row a question, with all that would unlock it.
fn missing_rows(explanation: &Explanation) -> Vec<Row> {
    let mut questions: Vec<(&Missing, Vec<&str>)> = Vec::new();
    for missing in &explanation.missing {
        let same = |(first, _): &&mut (&Missing, Vec<&str>)| (&first.source, &first.question) == (&missing.source, &missing.question);
        match questions.iter_mut().find(same) {
            Some((_, unlocks)) => unlocks.push(&missing.unlock),
            None => questions.push((missing, vec![&missing.unlock])),
        }
    }
    questions
        .into_iter()
        .enumerate()
        .map(|(index, (missing, unlocks))| missing_row(explanation, index, missing, &unlocks.join(", ")))
        .collect()
}

fn missing_row(explanation: &Explanation, index: usize, missing: &Missing, unlock: &str) -> Row {
    // A link of the chain that says it says why, too.
    let said = explanation.chain.iter().any(|link| is_obstacle(&link.finding) && link.finding.says.contains(missing.question.as_str()));
    let mut line = if said {
        vec![Span::new("? ", Meaning::Unknown), Span::plain(missing.source.kind.as_str()), Span::muted(" · unlock: ")]
    } else {
        vec![
            Span::new("? cannot tell ", Meaning::Unknown),
            Span::new(missing.question.as_str(), Meaning::Unknown),
            Span::plain(format!(": {} {}", missing.source.kind, missing.why)),
            Span::muted(" · unlock: "),
        ]
    };
    line.push(Span::new(unlock, Meaning::Command));
    Row {
        wrap: Some("  ".to_owned()),
        ..Row::new(ObjectId::Part(format!("missing:{index}")), vec![Cell::line(line), Cell::default()]).problem(true)
    }
}

/// Whether a finding is that something could not be read.
fn is_obstacle(finding: &Finding) -> bool {
    finding.resource.kind == ResourceKind::Source
}

/// The word of a confidence.
pub fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Certain => "certain",
        Confidence::Likely => "likely",
        Confidence::Possible => "possible",
    }
}

/// The word of a risk.
pub fn risk(risk: Risk) -> (&'static str, Meaning) {
    match risk {
        Risk::Inspect => ("inspect", Meaning::RiskInspect),
        Risk::Low => ("low", Meaning::RiskLow),
        Risk::Mutating => ("mutating", Meaning::RiskMutating),
        Risk::Destructive => ("destructive", Meaning::RiskDestructive),
    }
}

/// How long it has been held up, for tables.
pub fn held_for(explanation: &Explanation, now: Timestamp) -> i64 {
    explanation.since.map_or(0, |since| i64::try_from(time::age(now, since).as_secs()).unwrap_or(i64::MAX))
}
