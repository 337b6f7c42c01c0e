//! Would the next update of a workload finish? The plan as `fit` reckons it, with keys to vary it.

use super::content::{Cell, Column, Content, Line, Row, Span};
use super::explanation::{risk, wrapped_remedy};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::domain::time::{self, Timestamp};
use crate::domain::workload::{Amount, Workload};
use crate::explain::Remedy;
use crate::explain::fit::{self, Fit, Outcome, Proposal};
use crate::explain::world::World;

/// Surges one can choose between, after the one it has.
const SURGES: [Amount; 3] = [Amount::Count(0), Amount::Count(1), Amount::Percent(25)];

/// The most replicas and GPUs one can propose.
const MOST: u32 = 10_000;

/// What a key varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vary {
    /// One replica more or fewer.
    Replicas(i32),
    /// The next surge.
    Surge,
    /// One GPU a replica more or fewer.
    Gpus(i64),
    /// As it is.
    Nothing,
}

/// A proposal after a key: what it does not name stays as it is now.
pub fn varied(proposal: &Proposal, workload: &Workload, vary: Vary) -> Proposal {
    let mut proposal = proposal.clone();
    match vary {
        Vary::Nothing => return Proposal::default(),
        Vary::Replicas(by) => {
            let now = proposal.replicas.or(workload.replicas.as_ref().and_then(|counts| counts.desired)).unwrap_or(1);
            proposal.replicas = Some(now.saturating_add_signed(by).clamp(1, MOST));
        }
        Vary::Gpus(by) => {
            let now = proposal.gpus.or(workload.demand.map(|demand| demand.gpus)).unwrap_or_default();
            proposal.gpus = Some(now.saturating_add(by).clamp(0, i64::from(MOST)));
        }
        Vary::Surge => {
            let next = match proposal.max_surge {
                None => SURGES.first(),
                Some(surge) => SURGES.iter().skip_while(|known| **known != surge).nth(1),
            };
            proposal.max_surge = next.copied();
            // Without an extra replica one must be missing, or nothing could ever move.
            proposal.max_unavailable = (next == Some(&Amount::Count(0))).then_some(Amount::Count(1));
        }
    }
    proposal
}

/// The plan for a workload with the proposal that was made for it.
pub fn plan(model: &Model, key: &crate::domain::id::ResourceKey, now: Timestamp) -> Option<Fit> {
    let proposal = model.proposals.get(key).cloned().unwrap_or_default();
    fit::plan(&World::new(model.snapshot(), now), key, &proposal)
}

/// The plan of the route's workload.
pub fn view(model: &Model, route: &Route, now: Timestamp) -> Content {
    let columns = vec![Column::fill("", 38), Column::fit("", 11, 1).right()];
    let Some(key) = route.subject() else { return Content::default() };
    let (Some(fit), Some((_, workload))) = (plan(model, key, now), model.snapshot().workload(key)) else {
        let empty = format!("{} is not deployed any more, or was not read yet", key.name);
        return Content { columns, empty, ..Content::default() };
    };
    let proposal = model.proposals.get(key).cloned().unwrap_or_default();
    let mut rows = vec![outcome_row(&fit), part("played", vec![Span::muted("played: "), Span::plain(fit.update.as_str())])];
    section(&mut rows, "Step by step", fit.steps.iter().map(|step| vec![Span::plain(step.as_str())]));
    section(&mut rows, "In the way", fit.walls.iter().map(|wall| vec![Span::new("✖ ", Meaning::Held), Span::plain(wall.says.as_str())]));
    let missing = fit.missing.iter().map(|missing| {
        vec![
            Span::new(format!("? cannot tell {}", missing.question), Meaning::Unknown),
            Span::plain(format!(": {} {}", missing.source.kind, missing.why)),
            Span::muted(" · unlock: "),
            Span::new(missing.unlock.as_str(), Meaning::Command),
        ]
    });
    section(&mut rows, "Not known", missing);
    if !fit.ways.is_empty() {
        rows.push(part(
            "ways",
            vec![Span::new("What would make it fit", Meaning::Heading), Span::muted("  each was played · digits copy the commands")],
        ));
        rows.extend(fit.ways.iter().enumerate().map(|(index, remedy)| way_row(index + 1, remedy)));
    }
    section(&mut rows, "Assumed", fit.assumed.iter().map(|assumed| vec![Span::muted(assumed.as_str())]));
    Content { heading: vec![varied_line(&proposal, workload)], columns, rows, ..Content::default() }
}

fn part(id: &str, line: Line) -> Row {
    Row { wrap: Some("  ".to_owned()), ..Row::new(ObjectId::Part(id.to_owned()), vec![Cell::line(line), Cell::default()]) }
}

fn section(rows: &mut Vec<Row>, title: &str, lines: impl Iterator<Item = Line>) {
    let before = rows.len();
    for (index, mut line) in lines.enumerate() {
        line.insert(0, Span::plain("  "));
        rows.push(Row { wrap: Some("    ".to_owned()), ..part(&format!("{title}:{index}"), line) });
    }
    if rows.len() > before {
        rows.insert(before, part(title, vec![Span::new(title, Meaning::Heading)]));
    }
}

fn outcome_row(fit: &Fit) -> Row {
    let (glyph, meaning) = match &fit.outcome {
        Outcome::FitsNow => ("●", Meaning::Live),
        Outcome::FitsAfter { .. } => ("◌", Meaning::Progressing),
        Outcome::Stuck { .. } => ("✖", Meaning::Held),
        Outcome::CannotTell => ("?", Meaning::Unknown),
    };
    let mut line = vec![Span::new(format!("{glyph} "), meaning), Span::new(fit.says.as_str(), Meaning::Subject)];
    if let Outcome::FitsAfter { about, .. } = &fit.outcome {
        line.push(Span::muted(format!("  about {}", time::words(*about))));
    }
    part("outcome", line).problem(matches!(fit.outcome, Outcome::Stuck { .. }))
}

fn way_row(number: usize, remedy: &Remedy) -> Row {
    let (word, meaning) = risk(remedy.risk);
    let cells = vec![Cell::line(wrapped_remedy(number, remedy)), Cell::new(word, meaning)];
    Row { wrap: Some("    ".to_owned()), ..Row::new(ObjectId::Part(format!("remedy:{number}")), cells) }
}

/// What is varied, and what the next key would vary.
fn varied_line(proposal: &Proposal, workload: &Workload) -> Line {
    let amount = |amount: Amount| match amount {
        Amount::Count(count) => count.to_string(),
        Amount::Percent(percent) => format!("{percent} %"),
    };
    let desired = workload.replicas.as_ref().and_then(|counts| counts.desired);
    let value = |set: Option<String>, now: Option<String>| match set {
        Some(set) => Span::new(set, Meaning::Warning),
        None => Span::plain(now.unwrap_or_else(|| "?".to_owned())),
    };
    let mut line = vec![Span::muted("replicas ")];
    line.push(value(proposal.replicas.map(|count| count.to_string()), desired.map(|count| count.to_string())));
    line.push(Span::muted("  surge "));
    line.push(value(
        proposal.max_surge.map(amount),
        workload.strategy.map(|strategy| amount(strategy.max_surge)).or(Some("usual".to_owned())),
    ));
    line.push(Span::muted("  GPUs each "));
    line.push(value(proposal.gpus.map(|count| count.to_string()), workload.demand.map(|demand| demand.gpus.to_string())));
    if *proposal == Proposal::default() {
        line.push(Span::muted("   as it is now"));
    } else {
        line.push(Span::new("   varied", Meaning::Warning));
        line.push(Span::muted(" · 0 takes it back"));
    }
    line
}
