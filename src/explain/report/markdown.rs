//! The Markdown of `why`, to paste into a ticket: verdict, chain with evidence, ways out.

use std::fmt::Write as _;

use super::text::{beside_the_unlocking, is_obstacle, lasted, pace, risk, sure, told_once};
use super::{Entry, Report};
use crate::explain::finding::Verdict;

/// The report as Markdown.
pub fn why_markdown(report: &Report<'_>) -> String {
    let mut out = String::new();
    for entry in &report.entries {
        if !out.is_empty() {
            out.push('\n');
        }
        // Writing to a string cannot fail.
        let _ = write_entry(&mut out, report, entry);
    }
    out
}

fn write_entry(out: &mut String, report: &Report<'_>, entry: &Entry<'_>) -> std::fmt::Result {
    let explanation = &*entry.explanation;
    let word = match explanation.verdict {
        Verdict::Held => "held up",
        Verdict::CannotTell => "cannot tell",
        Verdict::Clear if explanation.progress.is_some() => "getting there",
        Verdict::Clear => "clear",
    };
    let since = lasted(report.now, explanation);
    writeln!(out, "## {} ({}): {word}{since}\n", escaped(entry.name()), escaped(&explanation.workload.context))?;
    if !explanation.headline.is_empty() {
        writeln!(out, "**{}**\n", escaped(&explanation.headline))?;
    }
    if let Some(pace) = pace(report.now, explanation) {
        writeln!(out, "{}.\n", escaped(&pace))?;
    }
    if let Some(root) = &explanation.root {
        write!(out, "Root cause: `{root}`")?;
        for cause in &explanation.also {
            write!(out, ", `{cause}`")?;
        }
        writeln!(out, ". As of {}.\n", report.now)?;
    }
    for link in explanation.chain.iter().filter(|link| !is_obstacle(&link.finding)) {
        let indent = "  ".repeat(link.depth);
        let finding = &link.finding;
        writeln!(out, "{indent}- {} ({}, `{}`)", escaped(&finding.says), sure(finding.confidence), finding.cause)?;
        for evidence in &finding.evidence {
            let resource = escaped(&evidence.resource.to_string());
            writeln!(
                out,
                "{indent}  - {resource} {} = {} ({}, {})",
                code(&evidence.field),
                code(&evidence.value),
                evidence.source.kind,
                evidence.observed_at
            )?;
        }
    }
    if !explanation.missing.is_empty() {
        writeln!(out, "\nCould not be told:\n")?;
        for (missing, unlocks) in told_once(&explanation.missing) {
            writeln!(
                out,
                "- {}: {} ({}); unlock with {}",
                escaped(&missing.question),
                escaped(&missing.why),
                missing.source.kind,
                code(&unlocks.join(", "))
            )?;
        }
    }
    let ways = beside_the_unlocking(explanation);
    if !ways.is_empty() {
        writeln!(out, "\nWays out:\n")?;
    }
    for (index, remedy) in ways.iter().enumerate() {
        writeln!(out, "{}. {} ({})", index + 1, escaped(&remedy.text), risk(remedy.risk))?;
        if let Some(command) = &remedy.command {
            writeln!(out, "\n   ```sh\n   {}\n   ```", command.replace("```", "` ` `"))?;
        }
    }
    Ok(())
}

/// Text from outside that must not become markup.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '_' | '`' | '[' | ']' | '<' | '>' | '#' | '|' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A value as code, whatever it holds.
pub(super) fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}
