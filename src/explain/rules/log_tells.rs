//! The last lines of a program that ended, or that never answers, say why. The decisive line is
//! the evidence; a log that names no known cause says nothing here.

use super::Rule;
use crate::domain::id::{ResourceKey, SourceId};
use crate::domain::log::LogTail;
use crate::domain::text::Text;
use crate::domain::workload::Workload;
use crate::explain::condition::Condition;
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{CauseId, Confidence, Evidence};
use crate::explain::known;
use crate::explain::placement::Waiting;
use crate::explain::signature::{self, Field, Hints};
use crate::explain::words::{count, excerpt, in_quotes, lower};
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule { slug: "log_tells", explains: Condition::LogTells, causes: &[], check };

/// Pieces of one cause that are shown.
const SHOWN: usize = 3;

/// Causes that say how a container ended, not why.
const ENDS: &str = "kubernetes/cont-";

/// A log that names a cause.
struct Told<'a> {
    source: &'a SourceId,
    tail: &'a LogTail,
    line: String,
    cause: CauseId,
    confidence: Confidence,
}

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let mut told: Vec<Told<'_>> =
        world.logs(&waiting.workload.key).iter().filter_map(|(source, tail)| read(&waiting.workload.platform, source, tail)).collect();
    told.sort_by_key(|told| std::cmp::Reverse(told.confidence));
    let mut held: Vec<Held> = Vec::new();
    let mut seen: Vec<&CauseId> = Vec::new();
    for one in &told {
        let covered = told.iter().any(|other| known::prefers(&other.cause, &one.cause));
        if covered || seen.contains(&&one.cause) {
            continue;
        }
        seen.push(&one.cause);
        let same: Vec<&Told<'_>> = told.iter().filter(|other| other.cause == one.cause).collect();
        held.push(finding(world, waiting, key, one, &same));
    }
    if held.is_empty() { Verdict::Clear } else { Verdict::Several(held) }
}

fn read<'a>(platform: &str, source: &'a SourceId, tail: &'a LogTail) -> Option<Told<'a>> {
    let (found, at) = signature::classify_log(&tail.lines, &Hints::field(platform, Field::LogLine))?;
    // A line that fits this and other things is no news beside an exit code.
    let is_news = !found.benign && found.confidence > Confidence::Possible;
    // How a container ended is told better by its status than by the last word of its shell.
    let cause = found.cause.filter(|cause| is_news && !cause.as_str().starts_with(ENDS))?;
    let line = tail.lines.lines().nth(at)?.trim().to_owned();
    Some(Told { source, tail, line, cause, confidence: found.confidence })
}

fn finding(world: &World<'_>, waiting: Waiting<'_>, key: &ResourceKey, first: &Told<'_>, same: &[&Told<'_>]) -> Held {
    let title = known::title(&first.cause).map(lower).unwrap_or_default();
    let others = match u32::try_from(same.len()).unwrap_or(u32::MAX) {
        0 | 1 => String::new(),
        several => format!("; {} say the same", count(several, "log")),
    };
    let says = format!("{title}: the log of {} says {}{others}", whose(first.tail), in_quotes(&excerpt(&first.line)));
    let fill = Fill::of(world, &key.context).known_of(waiting.workload);
    let fill = match world.replica(&first.tail.of) {
        Some((_, replica)) => fill.replica(replica),
        None => fill,
    };
    let fill = match &first.tail.container {
        Some(container) => fill.and("container", container),
        None => fill,
    };
    let fill = match quoted_path(&first.line) {
        Some(path) => fill.and("path", path),
        None => fill,
    };
    Held::new(first.cause.as_str(), key, world.confidence(first.source, first.confidence), says, title)
        .evidence(same.iter().take(SHOWN).map(|told| evidence(told)))
        .remedies(fill.remedies(first.cause.as_str()))
}

/// Lines of a workload's logs that name a cause of which the platform itself speaks.
/// A line that only repeats the platform's own sentence is none.
pub(super) fn saying(world: &World<'_>, workload: &Workload, cause: &CauseId, sentence: &str) -> Vec<Evidence> {
    let told = world.logs(&workload.key).iter().filter_map(|(source, tail)| read(&workload.platform, source, tail));
    told.filter(|told| told.cause == *cause && !told.line.contains(sentence.trim())).take(SHOWN).map(|told| evidence(&told)).collect()
}

/// The path that a line quotes: `No such file or directory: '/models/a.bin'`.
fn quoted_path(line: &str) -> Option<&str> {
    line.split(['\'', '"']).skip(1).step_by(2).find(|quoted| quoted.starts_with('/') && quoted.len() > 1)
}

/// `ml/api-7c4 (main)`.
fn whose(tail: &LogTail) -> String {
    let container = tail.container.as_ref().map(|container| format!(" ({container})")).unwrap_or_default();
    format!("{}{container}", tail.of.name)
}

/// The last line of a log that names no known cause: what a person would look at first.
pub(super) fn last_words(world: &World<'_>, waiting: Waiting<'_>) -> Option<Evidence> {
    let logs = world.logs(&waiting.workload.key);
    if logs.iter().any(|(source, tail)| read(&waiting.workload.platform, source, tail).is_some()) {
        return None;
    }
    let (source, tail, line) = logs.iter().find_map(|(source, tail)| {
        let line = tail.lines.lines().map(str::trim).rfind(|line| !line.is_empty())?;
        Some((*source, *tail, line))
    })?;
    Some(Evidence {
        source: source.clone(),
        resource: tail.of.clone(),
        field: format!("{}, last line", which(tail)).into(),
        value: line.into(),
        observed_at: tail.at,
    })
}

/// Which log a line is from.
fn which(tail: &LogTail) -> String {
    let container = tail.container.as_ref().map(Text::as_str);
    match (container, tail.previous) {
        (Some(container), true) => format!("log of {container}, before its restart"),
        (Some(container), false) => format!("log of {container}"),
        (None, true) => "log, before its restart".to_owned(),
        (None, false) => "log".to_owned(),
    }
}

fn evidence(told: &Told<'_>) -> Evidence {
    Evidence {
        source: told.source.clone(),
        resource: told.tail.of.clone(),
        field: which(told.tail).into(),
        value: told.line.as_str().into(),
        observed_at: told.tail.at,
    }
}
