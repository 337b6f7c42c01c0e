//! The text of `why`: a tree that reads from the symptom down to the root, then the ways out.

use super::{Entry, Report, Style};
use crate::domain::time::{Duration, Timestamp, age, words};
use crate::explain::finding::{CauseId, Confidence, Evidence, Explanation, Finding, Missing, Progress, Remedy, Risk, Verdict};
use crate::explain::words::short_name;

/// The characters a report is drawn with.
pub(super) struct Glyphs {
    pub held: &'static str,
    pub open: &'static str,
    pub moving: &'static str,
    pub clear: &'static str,
    branch: &'static str,
    dot: &'static str,
}

pub(super) const UNICODE: Glyphs = Glyphs { held: "✖", open: "?", moving: "◌", clear: "●", branch: "└─", dot: "·" };
pub(super) const ASCII: Glyphs = Glyphs { held: "x", open: "?", moving: "~", clear: "o", branch: "`-", dot: "-" };

impl Style {
    pub(super) fn glyphs(self) -> &'static Glyphs {
        if self.ascii { &ASCII } else { &UNICODE }
    }
}

/// The report as text, wrapped at the style's width.
pub fn why_text(report: &Report<'_>, style: Style) -> String {
    let mut out = Page::new(style, report.now);
    for entry in &report.entries {
        out.part();
        out.entry(entry);
    }
    out.finish()
}

/// What is left of typographic characters on a plain terminal.
pub(super) fn to_ascii(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '…' => "...".to_owned(),
            '×' => "x".to_owned(),
            '→' => "->".to_owned(),
            '·' => "-".to_owned(),
            c if c.is_ascii() => c.to_string(),
            _ => "?".to_owned(),
        })
        .collect()
}

/// The glyph and the word of a verdict; a clear one that moves has its own.
pub(super) fn mark(explanation: &Explanation, glyphs: &Glyphs) -> (&'static str, &'static str) {
    match explanation.verdict {
        Verdict::Held => (glyphs.held, "held up"),
        Verdict::CannotTell => (glyphs.open, "cannot tell"),
        Verdict::Clear if explanation.progress.as_ref().is_some_and(Progress::is_slow) => (glyphs.moving, "slow"),
        Verdict::Clear if explanation.progress.is_some() => (glyphs.moving, "getting there"),
        Verdict::Clear => (glyphs.clear, "clear"),
    }
}

/// The word for a confidence.
pub(super) fn sure(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Certain => "certain",
        Confidence::Likely => "likely",
        Confidence::Possible => "possible",
    }
}

/// The word for a risk.
pub(super) fn risk(risk: Risk) -> &'static str {
    match risk {
        Risk::Inspect => "only looks",
        Risk::Low => "low risk",
        Risk::Mutating => "changes the system",
        Risk::Destructive => "may interrupt service",
    }
}

/// All ways out of an explanation, those that end it before those that only look, none twice; the
/// root's own first.
pub fn ways_out(explanation: &Explanation) -> Vec<&Remedy> {
    let is_root = |finding: &Finding| explanation.root.as_ref() == Some(&finding.cause);
    let (mut roots, mut others): (Vec<&Finding>, Vec<&Finding>) =
        explanation.chain.iter().rev().map(|link| link.finding.as_ref()).partition(|finding| is_root(finding));
    roots.append(&mut others);
    let mut ways: Vec<&Remedy> = Vec::new();
    for remedy in roots.into_iter().flat_map(|finding| &finding.remedies) {
        if !ways.iter().any(|known| known.text == remedy.text && known.command == remedy.command) {
            ways.push(remedy);
        }
    }
    ways.sort_by_key(|remedy| remedy.risk == Risk::Inspect);
    ways
}

/// A text that grows line by line.
pub(super) struct Page {
    pub style: Style,
    now: Timestamp,
    pub lines: Vec<String>,
}

impl Page {
    pub(super) fn new(style: Style, now: Timestamp) -> Self {
        Self { style, now, lines: Vec::new() }
    }

    /// Leaves a line free before another part.
    pub(super) fn part(&mut self) {
        if !self.lines.is_empty() {
            self.lines.push(String::new());
        }
    }

    /// The text, in the characters that the style allows.
    pub(super) fn finish(self) -> String {
        let text: Vec<&str> = self.lines.iter().map(|line| line.trim_end()).collect();
        let mut text = text.join("\n");
        if !text.is_empty() {
            text.push('\n');
        }
        if self.style.ascii { to_ascii(&text) } else { text }
    }

    fn entry(&mut self, entry: &Entry<'_>) {
        let explanation = &*entry.explanation;
        let glyphs = self.style.glyphs();
        let (glyph, word) = mark(explanation, glyphs);
        let name = match entry.workload {
            Some(_) => format!("{} in {}", entry.name(), explanation.workload.context),
            None => format!("context {}", entry.name()),
        };
        let since = explanation
            .since
            .map(|since| format!(" for {} (since {})", words(age(self.now, since)), moment(self.now, since)))
            .unwrap_or_default();
        self.wrap(&format!("{glyph} "), &format!("{name}: {word}{since}"), "  ");
        if !explanation.headline.is_empty() {
            self.wrap("  ", &explanation.headline, "  ");
        }
        if let Some(freed) = explanation.freed.as_ref().filter(|_| explanation.progress.is_some()) {
            self.wrap("  ", &freed.says(), "  ");
        }
        if let Some(cause) = &explanation.root {
            let also: Vec<&str> = explanation.also.iter().map(CauseId::as_str).collect();
            let also = if also.is_empty() { String::new() } else { format!(", and {}", also.join(", ")) };
            self.wrap("  ", &format!("root: {cause}{also}   (holdup explain {cause})"), "  ");
        }
        self.chain(explanation);
        self.missing(&explanation.missing);
        self.ways_out(explanation);
    }

    fn chain(&mut self, explanation: &Explanation) {
        let glyphs = self.style.glyphs();
        let mut told: Vec<&Evidence> = Vec::new();
        for link in &explanation.chain {
            self.lines.push(String::new());
            let finding = &link.finding;
            let indent = "  ".to_owned() + &"   ".repeat(link.depth.saturating_sub(1));
            let arm = if link.depth == 0 { String::new() } else { format!("{} ", glyphs.branch) };
            let is_obstacle = finding.resource.kind == crate::domain::id::ResourceKind::Source;
            let glyph = if is_obstacle { glyphs.open } else { glyphs.held };
            let lead = format!("{indent}{arm}{glyph} ");
            let rest = " ".repeat(width(&lead));
            self.wrap(&lead, &format!("{} ({})", finding.says, sure(finding.confidence)), &rest);
            for evidence in &finding.evidence {
                // What a link above already rests on need not be read twice.
                if told.contains(&evidence) {
                    continue;
                }
                told.push(evidence);
                let ago = ago(age(self.now, evidence.observed_at));
                let lead = format!("{rest}{} ", glyphs.dot);
                let below = " ".repeat(width(&lead));
                self.wrap(
                    &lead,
                    &format!(
                        "{} {}: {} ({}, {ago})",
                        short_name(&evidence.resource.name),
                        evidence.field,
                        excerpt(&evidence.value),
                        evidence.source.kind
                    ),
                    &below,
                );
            }
        }
    }

    pub(super) fn missing(&mut self, missing: &[Missing]) {
        if missing.is_empty() {
            return;
        }
        let glyph = self.style.glyphs().open;
        self.lines.push(String::new());
        self.lines.push("  What could not be told".to_owned());
        for entry in missing {
            self.wrap(&format!("  {glyph} "), &format!("{}: {} ({})", entry.question, entry.why, entry.source.kind), "    ");
            self.wrap("    unlock: ", &entry.unlock, "            ");
        }
    }

    fn ways_out(&mut self, explanation: &Explanation) {
        self.ways("Ways out", &ways_out(explanation));
    }

    pub(super) fn ways(&mut self, title: &str, ways: &[&Remedy]) {
        if ways.is_empty() {
            return;
        }
        self.lines.push(String::new());
        self.lines.push(format!("  {title}"));
        for (index, remedy) in ways.iter().enumerate() {
            let lead = format!("  [{}] ", index + 1);
            let below = " ".repeat(width(&lead));
            self.wrap(&lead, &format!("{} ({})", remedy.text, risk(remedy.risk)), &below);
            if let Some(command) = &remedy.command {
                // A command stays on one line: a wrapped one cannot be copied.
                self.lines.push(format!("{below}$ {command}"));
            }
        }
    }

    /// Writes words after `lead`, continued after `rest`, within the width.
    pub(super) fn wrap(&mut self, lead: &str, text: &str, rest: &str) {
        let limit = self.style.width.max(40);
        let mut line = lead.to_owned();
        let mut is_fresh = true;
        for word in text.split(' ') {
            if !is_fresh && width(&line) + 1 + width(word) > limit {
                self.lines.push(std::mem::replace(&mut line, rest.to_owned()));
                is_fresh = true;
            }
            if !is_fresh {
                line.push(' ');
            }
            line.push_str(word);
            is_fresh = false;
        }
        self.lines.push(line);
    }
}

/// The longest value shown in a tree; the JSON has it whole.
const SHOWN: usize = 200;

/// The start of a long value, in one line.
fn excerpt(value: &str) -> String {
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    let value = value.as_str();
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or(value).trim_end()),
        None => value.to_owned(),
    }
}

/// A moment, in UTC as everywhere in a report: `14:02 UTC`, with its day where that is another one.
fn moment(now: Timestamp, at: Timestamp) -> String {
    let is_today = now.strftime("%F").to_string() == at.strftime("%F").to_string();
    at.strftime(if is_today { "%H:%M UTC" } else { "%F %H:%M UTC" }).to_string()
}

/// How long ago, in words; the present is `now`.
fn ago(duration: Duration) -> String {
    if duration.as_secs() == 0 { "now".to_owned() } else { format!("{} ago", words(duration)) }
}

/// Columns of a text on a terminal.
pub(super) fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}
