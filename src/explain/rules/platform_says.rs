//! What the platform itself says is wrong with a workload, recognised from its own words. Words
//! that name no known cause are quoted, never dropped and never guessed at.

use super::Rule;
use crate::domain::id::{ResourceKey, SourceId};
use crate::domain::text::Text;
use crate::domain::workload::{Phase, PlatformMessage, Workload};
use crate::explain::condition::{Condition, Symptom};
use crate::explain::demanded;
use crate::explain::dialect;
use crate::explain::engine::{Held, Obstacle, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{CauseId, Confidence, Evidence, Missing};
use crate::explain::known;
use crate::explain::signature::{self, Field, Hints};
use crate::explain::since::is_trouble;
use crate::explain::words::{excerpt, gist, lower};
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule { slug: "platform_says", explains: Condition::PlatformSays, causes: &[], check };

/// A message and the cause it names.
struct Reading<'a> {
    message: &'a PlatformMessage,
    cause: CauseId,
    confidence: Confidence,
}

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((source, workload)) = world.workload(key) else { return Verdict::Clear };
    let live = workload.status.phase == Phase::Live;
    if workload.messages.is_empty() || !(live || is_trouble(workload.status.phase)) {
        return Verdict::Clear;
    }
    let mut readings: Vec<Reading<'_>> = Vec::new();
    let mut unknown: Vec<&PlatformMessage> = Vec::new();
    for message in &workload.messages {
        let found = read(workload, message);
        match found.cause {
            _ if found.benign => {}
            Some(cause) => readings.push(Reading { message, cause, confidence: found.confidence }),
            None => unknown.push(message),
        }
    }
    // An item that is still being made is no failure: how long it takes is told by the state's age.
    if workload.status.phase != Phase::Failed {
        unknown.retain(|message| !message.field.starts_with("checklist."));
    }
    if super::creating_silent::applies(world, key) {
        // The silence is the story then, and its sentence is its evidence.
        readings.retain(|reading| reading.cause.as_str() != "azure/state-logs-withheld");
    }
    if live {
        // All that was asked for is there: only words that are understood make it trouble.
        readings.retain(|reading| reading.confidence > Confidence::Possible);
        unknown.clear();
    }
    if readings.is_empty() {
        return quoted(world, source, workload, &unknown);
    }
    // The sort is stable: of equally sure ones the first told stays the first.
    readings.sort_by_key(|reading| std::cmp::Reverse(reading.confidence));
    let mut held = findings(world, source, workload, &readings);
    if let Some(first) = held.first_mut() {
        first.finding.evidence.extend(unknown.iter().map(|message| evidence(world, source, workload, message)));
    }
    Verdict::Several(held)
}

/// The cause that a message names, by its words, its code and the field it stands in.
fn read(workload: &Workload, message: &PlatformMessage) -> signature::Classification {
    let hints = Hints {
        platform: Some(workload.platform.to_string()),
        field: message.field.rsplit('.').next().and_then(Field::named),
        status: message.code.as_ref().map(Text::to_string),
        after: None,
    };
    match &message.code {
        // Some services say in the code what others say in the sentence.
        Some(code) if !message.text.contains(code.as_str()) => signature::classify(&format!("{code}: {}", message.text), &hints),
        _ => signature::classify(&message.text, &hints),
    }
}

/// One finding for each cause that no better known one covers; the messages of a covered one are
/// further evidence of the better.
fn findings(world: &World<'_>, source: &SourceId, workload: &Workload, readings: &[Reading<'_>]) -> Vec<Held> {
    let best = readings.first().map(|reading| reading.confidence);
    let stands = |one: &Reading<'_>| {
        let covered = readings.iter().any(|other| known::prefers(&other.cause, &one.cause));
        !covered && (one.confidence > Confidence::Possible || Some(one.confidence) == best)
    };
    let mut roots: Vec<&Reading<'_>> = Vec::new();
    for reading in readings.iter().filter(|reading| stands(reading)) {
        if !roots.iter().any(|root| root.cause == reading.cause) {
            roots.push(reading);
        }
    }
    let home = |reading: &Reading<'_>| {
        let same = roots.iter().position(|root| root.cause == reading.cause);
        same.or_else(|| roots.iter().position(|root| known::prefers(&root.cause, &reading.cause))).unwrap_or_default()
    };
    let told = |(position, root): (usize, &&Reading<'_>)| {
        let messages = readings.iter().filter(|reading| home(reading) == position).map(|reading| reading.message);
        finding(world, source, workload, root, messages)
    };
    roots.iter().enumerate().map(told).collect()
}

fn finding<'m>(
    world: &World<'_>,
    source: &SourceId,
    workload: &Workload,
    reading: &Reading<'m>,
    messages: impl Iterator<Item = &'m PlatformMessage>,
) -> Held {
    let title = known::title(&reading.cause).map(lower).unwrap_or_default();
    let (says, title) = match demanded::shortage(&reading.message.text) {
        Some(short) => (format!("{title}: {}'s replica wants {short}", short_of(workload, reading.message)), format!("{title}: {short}")),
        None => (format!("{title}: {} says {}", dialect::speaker(workload), gist(&reading.message.text)), title),
    };
    let held = Held::new(reading.cause.as_str(), &workload.key, world.confidence(source, reading.confidence), says, title)
        .evidence(messages.map(|message| evidence(world, source, workload, message)))
        .evidence(super::log_tells::saying(world, workload, &reading.cause, &reading.message.text))
        .remedies(
            Fill::of(world, &workload.key.context).known_of(workload).said_in(&reading.message.field).remedies(reading.cause.as_str()),
        );
    if known::is_umbrella(&reading.cause) { held.asks([Symptom::new(Condition::LogTells, &workload.key)]) } else { held }
}

/// The part of a workload that a message is about (`deployments.Encoder.message`), or all of it.
fn short_of<'a>(workload: &'a Workload, message: &'a PlatformMessage) -> &'a str {
    message.field.strip_prefix("deployments.").and_then(|rest| rest.split('.').next()).unwrap_or(&workload.key.name)
}

/// Words that no entry of the catalogue knows.
fn quoted(world: &World<'_>, source: &SourceId, workload: &Workload, unknown: &[&PlatformMessage]) -> Verdict {
    let Some(first) = unknown.first() else { return Verdict::Clear };
    let platform = dialect::speaker(workload);
    let headline = format!("{platform} says: {}", excerpt(&first.text));
    if let Some(cause) = dialect::failure(&workload.platform).filter(|cause| known::title(&CauseId::from(*cause)).is_some()) {
        let says = format!("{platform} says it failed, in words holdup does not know: {}", gist(&first.text));
        return Held::new(cause, &workload.key, Confidence::Possible, says, headline)
            .evidence(unknown.iter().map(|message| evidence(world, source, workload, message)))
            .remedies(Fill::of(world, &workload.key.context).known_of(workload).said_in(&first.field).remedies(cause))
            .asks([Symptom::new(Condition::LogTells, &workload.key)])
            .verdict();
    }
    let missing = unknown.iter().map(|message| Missing {
        source: source.clone(),
        question: format!("what {platform} means by {}", field(message)).into(),
        why: format!("holdup does not know the words \"{}\"", message.text).into(),
        unlock: workload.reproduce.clone(),
    });
    Verdict::CannotTell(Box::new(Obstacle { missing: missing.collect(), finding: None, headline: headline.into() }))
}

/// A message as evidence, at the time it was said where the service tells.
fn evidence(world: &World<'_>, source: &SourceId, workload: &Workload, message: &PlatformMessage) -> Evidence {
    let mut evidence = world.evidence(source, &workload.key, &field(message), message.text.clone());
    evidence.observed_at = message.at.unwrap_or(evidence.observed_at);
    evidence
}

/// The field with the code that came with it: `error (OutOfQuota)`.
fn field(message: &PlatformMessage) -> String {
    match &message.code {
        Some(code) if !message.text.contains(code.as_str()) => format!("{} ({code})", message.field),
        _ => message.field.to_string(),
    }
}
