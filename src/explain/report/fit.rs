//! `fit` for people, scripts and tickets. The JSON's schema is `holdup/fit/1`: fields are added,
//! never renamed.

use std::fmt::Write as _;

use serde::Serialize;

use super::Style;
use super::json::{EvidenceBody, MissingBody, RemedyBody, pretty};
use super::markdown::{code, escaped};
use super::text::{Page, risk};
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use crate::explain::fit::{Fit, Outcome, Wall};

/// The name and version of the shape.
const SCHEMA: &str = "holdup/fit/1";

#[derive(Serialize)]
struct Body<'a> {
    schema: &'static str,
    observed_at: Timestamp,
    fits: Vec<FitBody<'a>>,
}

#[derive(Serialize)]
struct FitBody<'a> {
    context: &'a str,
    workload: &'a str,
    #[serde(flatten)]
    outcome: &'a Outcome,
    says: &'a str,
    update: &'a str,
    steps: &'a [Text],
    walls: &'a [Wall],
    assumed: &'a [Text],
    missing: Vec<MissingBody<'a>>,
    evidence: Vec<EvidenceBody<'a>>,
    ways: Vec<RemedyBody<'a>>,
}

impl<'a> FitBody<'a> {
    fn new(fit: &'a Fit) -> Self {
        Self {
            context: &fit.workload.context,
            workload: &fit.workload.name,
            outcome: &fit.outcome,
            says: &fit.says,
            update: &fit.update,
            steps: &fit.steps,
            walls: &fit.walls,
            assumed: &fit.assumed,
            missing: fit.missing.iter().map(MissingBody::new).collect(),
            evidence: fit.evidence.iter().map(EvidenceBody::new).collect(),
            ways: fit.ways.iter().map(RemedyBody::new).collect(),
        }
    }
}

/// The answers as pretty-printed JSON with a final line break.
pub fn fit_json(fits: &[Fit], now: Timestamp) -> String {
    pretty(&Body { schema: SCHEMA, observed_at: now, fits: fits.iter().map(FitBody::new).collect() })
}

/// The answers as text, wrapped at the style's width.
pub fn fit_text(fits: &[Fit], now: Timestamp, style: Style) -> String {
    let mut page = Page::new(style, now);
    let glyphs = style.glyphs();
    for fit in fits {
        page.part();
        let glyph = match fit.outcome {
            Outcome::FitsNow => glyphs.clear,
            Outcome::FitsAfter { .. } => glyphs.moving,
            Outcome::Stuck { .. } => glyphs.held,
            Outcome::CannotTell => glyphs.open,
        };
        page.wrap(&format!("{glyph} "), &format!("{} in {}: {}", fit.workload.name, fit.workload.context, word(&fit.outcome)), "  ");
        page.wrap("  ", &fit.says, "  ");
        page.wrap("  played: ", &fit.update, "          ");
        for step in &fit.steps {
            page.wrap("    ", step, "    ");
        }
        section(&mut page, "In the way", fit.walls.iter().map(|wall| &wall.says));
        page.missing(&fit.missing);
        let ways: Vec<_> = fit.ways.iter().collect();
        page.ways("What would make it fit (each was played)", &ways);
        section(&mut page, "Assumed", fit.assumed.iter());
    }
    page.finish()
}

fn section<'t>(page: &mut Page, title: &str, lines: impl Iterator<Item = &'t Text>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        page.lines.push(String::new());
        page.lines.push(format!("  {title}"));
    }
    for line in lines {
        page.wrap("    ", line, "      ");
    }
}

/// The outcome in a word or two.
pub(crate) fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::FitsNow => "fits now",
        Outcome::FitsAfter { .. } => "fits after new machines",
        Outcome::Stuck { .. } => "gets stuck",
        Outcome::CannotTell => "cannot tell",
    }
}

/// The answers as Markdown, to paste into a ticket.
pub fn fit_markdown(fits: &[Fit], now: Timestamp) -> String {
    let mut out = String::new();
    for fit in fits {
        // Writing to a string cannot fail.
        let _ = write_one(&mut out, fit, now);
    }
    out
}

fn write_one(out: &mut String, fit: &Fit, now: Timestamp) -> std::fmt::Result {
    writeln!(out, "## {} ({}): {}\n", escaped(&fit.workload.name), escaped(&fit.workload.context), word(&fit.outcome))?;
    writeln!(out, "{} As of {now}.\n\nPlayed: {}.\n", escaped(&fit.says), escaped(&fit.update))?;
    for line in fit.steps.iter().chain(fit.walls.iter().map(|wall| &wall.says)) {
        writeln!(out, "- {}", escaped(line))?;
    }
    for (number, way) in (1..).zip(&fit.ways) {
        writeln!(out, "\n{number}. {} ({})", escaped(&way.text), risk(way.risk))?;
        if let Some(command) = &way.command {
            writeln!(out, "   {}", code(command))?;
        }
    }
    for missing in &fit.missing {
        writeln!(out, "\n- cannot tell {}: {} (unlock: {})", escaped(&missing.question), escaped(&missing.why), escaped(&missing.unlock))?;
    }
    Ok(())
}

/// The exit code of `fit`: 0 it fits, 1 it gets stuck, 3 cannot tell; stuck outweighs the rest.
pub fn fit_exit_code(fits: &[Fit]) -> u8 {
    let any = |test: fn(&Outcome) -> bool| fits.iter().any(|fit| test(&fit.outcome));
    if any(|outcome| matches!(outcome, Outcome::Stuck { .. })) {
        1
    } else if any(|outcome| matches!(outcome, Outcome::CannotTell)) {
        3
    } else {
        0
    }
}
