//! The text of `why`: a tree that reads from the symptom down to the root, then the ways out.

use super::{Entry, Report, Style};
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::time::{Duration, Timestamp, age, words};
use crate::explain::finding::{CauseId, Confidence, Evidence, Explanation, Finding, Missing, Progress, Remedy, Risk, Verdict};
use crate::explain::words::{clock_time, one_line, short_name, span};

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
    // What needs somebody stands first; what is well takes one line each at the end.
    let mut entries: Vec<&Entry<'_>> = report.entries.iter().collect();
    entries.sort_by_key(|entry| urgency(&entry.explanation));
    let mut brief = false;
    for entry in entries {
        let is_brief = is_brief(&entry.explanation);
        if !(brief && is_brief) {
            out.part();
        }
        brief = is_brief;
        out.entry(entry);
    }
    out.finish()
}

/// Held up, then cannot tell, then moving, then well.
fn urgency(explanation: &Explanation) -> u8 {
    match explanation.verdict {
        Verdict::Held => 0,
        Verdict::CannotTell => 1,
        Verdict::Clear if explanation.progress.is_some() => 2,
        Verdict::Clear if !is_brief(explanation) => 3,
        Verdict::Clear => 4,
    }
}

/// Whether one line says it all.
fn is_brief(explanation: &Explanation) -> bool {
    explanation.verdict == Verdict::Clear && explanation.headline.is_empty() && explanation.progress.is_none()
}

/// What is left of typographic characters on a plain terminal.
pub(super) fn to_ascii(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '…' => "...".to_owned(),
            '×' => "x".to_owned(),
            '→' => "->".to_owned(),
            '·' | '–' => "-".to_owned(),
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
        // Two ways to word one command are one way; where a hole is left (a file to write), the words say what goes in.
        let whole = remedy.command.as_ref().is_some_and(|command| remedy.risk == Risk::Inspect || !command.contains('<'));
        let same = |known: &&Remedy| known.command == remedy.command && (whole && known.risk == remedy.risk || known.text == remedy.text);
        if !ways.iter().any(same) {
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
        self.wrap(&format!("{glyph} "), &format!("{name}: {word}{}", lasted(self.now, explanation)), "  ");
        if !explanation.headline.is_empty() {
            self.wrap("  ", &explanation.headline, "  ");
        }
        if let Some(pace) = pace(self.now, explanation) {
            self.wrap("  ", &pace, "  ");
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
        self.ways("Ways out", &beside_the_unlocking(explanation));
    }

    fn chain(&mut self, explanation: &Explanation) {
        let glyphs = self.style.glyphs();
        let mut told: Vec<&Evidence> = Vec::new();
        for link in explanation.chain.iter().filter(|link| !is_obstacle(&link.finding)) {
            self.lines.push(String::new());
            let finding = &link.finding;
            let indent = "  ".to_owned() + &"   ".repeat(link.depth.saturating_sub(1));
            let arm = if link.depth == 0 { String::new() } else { format!("{} ", glyphs.branch) };
            let lead = format!("{indent}{arm}{} ", glyphs.held);
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
                        whose(&evidence.resource),
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
        for (entry, unlocks) in told_once(missing) {
            self.wrap(&format!("  {glyph} "), &format!("{}: {} ({})", entry.question, entry.why, entry.source.kind), "    ");
            self.wrap("    unlock: ", &unlocks.join(", "), "            ");
        }
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

/// ` for 41 min (since 10:59 UTC)`; nothing for what has only just been seen.
pub(super) fn lasted(now: Timestamp, explanation: &Explanation) -> String {
    let since = explanation.since.filter(|since| age(now, *since) >= JUST_NOW);
    since.map(|since| format!(" for {} (since {})", words(age(now, since)), clock_time(now, since))).unwrap_or_default()
}

/// Shorter than this is no duration worth telling.
pub(super) const JUST_NOW: Duration = Duration::from_secs(5);

/// Where a rollout stands against what is normal for it: normal so far, or since when it is not.
pub(super) fn pace(now: Timestamp, explanation: &Explanation) -> Option<String> {
    let pace = explanation.pace?;
    let span = span(pace.least, pace.most);
    if pace.until < now {
        return Some(format!("stopped being normal at {} (after {}; typically {span})", clock_time(now, pace.until), words(pace.most)));
    }
    let progress = explanation.progress.as_ref()?;
    Some(format!("normal so far: {} of typically {span}", words(progress.elapsed)))
}

/// Whether a finding is about holdup's own reading: it is told once, among what could not be told.
pub(super) fn is_obstacle(finding: &Finding) -> bool {
    finding.resource.kind == ResourceKind::Source
}

/// What could not be told, each question once with all that would unlock it.
pub(super) fn told_once(missing: &[Missing]) -> Vec<(&Missing, Vec<&str>)> {
    let mut told: Vec<(&Missing, Vec<&str>)> = Vec::new();
    for entry in missing {
        let same = |(known, _): &&mut (&Missing, Vec<&str>)| {
            (&known.question, &known.why, &known.source) == (&entry.question, &entry.why, &entry.source)
        };
        match told.iter_mut().find(same) {
            Some((_, unlocks)) if !unlocks.contains(&entry.unlock.as_str()) => unlocks.push(&entry.unlock),
            Some(_) => {}
            None => told.push((entry, vec![&entry.unlock])),
        }
    }
    told
}

/// The ways out, without those that stand as the unlocking of what could not be told.
pub(super) fn beside_the_unlocking(explanation: &Explanation) -> Vec<&Remedy> {
    let mut ways = ways_out(explanation);
    ways.retain(|remedy| remedy.command.is_some() || !explanation.missing.iter().any(|missing| missing.unlock == remedy.text));
    ways
}

/// Characters of a name that a service made up of numbers.
const UUID: usize = 36;

/// A resource at the beginning of a line of evidence. An activity's name is a long number of which the
/// beginning will do; the JSON has it whole.
fn whose(resource: &ResourceKey) -> String {
    match resource.kind {
        ResourceKind::Activity if resource.name.len() == UUID => format!("activity {}", resource.name.get(..8).unwrap_or_default()),
        _ => short_name(&resource.name).to_owned(),
    }
}

/// The longest value shown in a tree; the JSON has it whole.
const SHOWN: usize = 200;

/// The start of a long value, in one line.
fn excerpt(value: &str) -> String {
    let value = one_line(value);
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or(&value).trim_end()),
        None => value.into_owned(),
    }
}

/// How long ago, in words; the present is `now`.
fn ago(duration: Duration) -> String {
    if duration.as_secs() == 0 { "now".to_owned() } else { format!("{} ago", words(duration)) }
}

/// Columns of a text on a terminal.
pub(super) fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}
