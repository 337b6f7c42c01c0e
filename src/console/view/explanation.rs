//! Why one workload does not finish: the chain as a tree, each link with its evidence and its
//! remedies, and what could not be told.

use super::content::{Cell, Column, Content, Line, Row, Span};
use super::workloads;
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::domain::id::ResourceKey;
use crate::domain::time::{self, Timestamp};
use crate::explain::{CauseId, Confidence, Evidence, Explanation, Finding, Link, Missing, Remedy, Risk, Verdict};

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

/// Remedies in the order of their numbers: the root's first, then along the chain. The numbers do
/// not depend on what is open.
pub fn remedies(explanation: &Explanation) -> Vec<(&CauseId, &Remedy)> {
    let is_root = |link: &&Link| explanation.root.as_ref() == Some(&link.finding.cause);
    let roots = explanation.chain.iter().filter(is_root);
    let others = explanation.chain.iter().filter(|link| !is_root(link));
    roots.chain(others).flat_map(|link| link.finding.remedies.iter().map(|remedy| (&link.finding.cause, remedy))).collect()
}

/// What the row with this name stands for.
pub fn part<'a>(explanation: &'a Explanation, name: &str) -> Option<Part<'a>> {
    if let Some(number) = name.strip_prefix("remedy:") {
        return number.split(':').next()?.parse().ok().map(Part::Remedy);
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
    if let Some(number) = name.strip_prefix("remedy:") {
        let number: usize = number.split(':').next()?.parse().ok()?;
        return remedies(explanation).get(number.checked_sub(1)?).map(|(cause, _)| (*cause).clone());
    }
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
    let columns = vec![Column::fill("", 38), Column::fit("", 11, 1), Column::fit("", 6, 2).right()];
    let Some(workload) = route.subject() else { return Content::default() };
    let Some(explanation) = model.explanation(workload) else {
        let empty = format!("{} is not deployed any more, or was not read yet", workload.name);
        return Content { columns, empty, ..Content::default() };
    };
    let mut rows = Vec::new();
    for (index, link) in explanation.chain.iter().enumerate() {
        let open = model.is_open(explanation, &link.finding.cause);
        rows.push(link_row(explanation, index, link, open, now));
        if open {
            rows.extend(inside(model, explanation, index, link, now));
        }
    }
    rows.extend(explanation.missing.iter().enumerate().map(|(index, missing)| missing_row(index, missing)));
    if explanation.chain.is_empty() {
        rows.insert(0, calm_row(explanation));
    }
    Content { columns, rows, ..Content::default() }
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

/// The guide before a row at this depth: `└─` after an indent.
fn guide(depth: usize) -> String {
    if depth == 0 { String::new() } else { format!("{}└─", "   ".repeat(depth - 1)) }
}

fn link_row(explanation: &Explanation, index: usize, link: &Link, open: bool, now: Timestamp) -> Row {
    let finding = &link.finding;
    let root = explanation.root.as_ref() == Some(&finding.cause) || explanation.also.contains(&finding.cause);
    let (glyph, meaning) = match finding.confidence {
        Confidence::Certain | Confidence::Likely => ("✖ ", Meaning::Held),
        Confidence::Possible => ("? ", Meaning::Unknown),
    };
    let line = vec![
        Span::new(guide(link.depth), Meaning::Rule),
        Span::new(glyph, meaning),
        Span::new(finding.says.as_str(), if root { Meaning::Subject } else { Meaning::Plain }),
        Span::muted(if open || finding.evidence.is_empty() { String::new() } else { format!("  ▸{}", finding.evidence.len()) }),
    ];
    let newest = finding.evidence.iter().map(|evidence| evidence.observed_at).max();
    let cells = vec![Cell::line(line), Cell::muted(confidence(finding.confidence)), Cell::age(now, newest)];
    Row {
        wrap: Some("   ".repeat(link.depth) + "  "),
        ..Row::new(ObjectId::Part(format!("link:{index}:{}", finding.cause)), cells).problem(root)
    }
}

fn inside(model: &Model, explanation: &Explanation, index: usize, link: &Link, now: Timestamp) -> Vec<Row> {
    // Not as deep as the chain: room for words is worth more than the stairs.
    let indent = "    ";
    // The root shows itself in brief; what somebody opened is shown whole.
    let cause = (explanation.workload.clone(), link.finding.cause.clone());
    let whole = model.opened.contains(&explanation.workload) || model.toggled.contains(&cause);
    let evidence = link.finding.evidence.iter().enumerate().map(|(number, evidence)| {
        let line = vec![
            Span::new(format!("{indent}· "), Meaning::Rule),
            Span::muted(format!("{} {} {}: ", evidence.source.kind, evidence.resource.name, evidence.field)),
            Span::new(evidence.value.as_str(), Meaning::Quoted),
        ];
        let cells = vec![Cell::line(line), Cell::default(), Cell::age(now, Some(evidence.observed_at))];
        let id = ObjectId::Part(format!("link:{index}:evidence:{number}"));
        Row { wrap: whole.then(|| format!("{indent}  ")), ..Row::new(id, cells) }
    });
    let own = remedies(explanation).into_iter().enumerate().filter(|(_, (cause, _))| **cause == link.finding.cause);
    let remedies = own.flat_map(|(number, (_, remedy))| remedy_rows(number + 1, remedy, indent, whole));
    evidence.chain(remedies).collect()
}

/// The remedy, and its command on a line of its own: cut if long, because `y` copies it whole.
fn remedy_rows(number: usize, remedy: &Remedy, indent: &str, whole: bool) -> Vec<Row> {
    let (risk, meaning) = risk(remedy.risk);
    let line = vec![Span::new(indent, Meaning::Rule), Span::new(format!("[{number}] "), Meaning::Key), Span::plain(remedy.text.as_str())];
    let hang = format!("{indent}    ");
    let row = |id: String, line: Line, risk: Cell, wrap: bool| Row {
        wrap: wrap.then(|| hang.clone()),
        ..Row::new(ObjectId::Part(id), vec![Cell::line(line), risk, Cell::default()])
    };
    let mut rows = vec![row(format!("remedy:{number}"), line, Cell::new(risk, meaning), true)];
    if let Some(command) = &remedy.command {
        let line = vec![Span::new(hang.as_str(), Meaning::Rule), Span::new(command.as_str(), Meaning::Command)];
        rows.push(row(format!("remedy:{number}:command"), line, Cell::default(), whole));
    }
    rows
}

fn missing_row(index: usize, missing: &Missing) -> Row {
    let line = vec![
        Span::new("? cannot tell ", Meaning::Unknown),
        Span::new(missing.question.as_str(), Meaning::Unknown),
        Span::plain(format!(": {} {}", missing.source.kind, missing.why)),
        Span::muted(" · unlock: "),
        Span::new(missing.unlock.as_str(), Meaning::Command),
    ];
    Row {
        wrap: Some("  ".to_owned()),
        ..Row::new(ObjectId::Part(format!("missing:{index}")), vec![Cell::line(line), Cell::default(), Cell::default()]).problem(true)
    }
}

/// The word of a confidence.
pub fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Certain => "certain",
        Confidence::Likely => "likely",
        Confidence::Possible => "possible",
    }
}

fn risk(risk: Risk) -> (&'static str, Meaning) {
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
