//! The cause catalogue and the recognition of messages, held against real failure messages.
//!
//! `fixtures/corpus/*.jsonl` are messages as people met them, each with its causes (the root
//! first); `fixtures/causes/*.ids` list the causes that the catalogue has to know.

#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a fixture that cannot be read is a failed test")]

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use holdup::explain::catalogue::{self, Cause, Sample};
use holdup::explain::signature::{self, Classification, Field, Hints};
use holdup::explain::{CauseId, Confidence, Risk};
use serde_json::Value;

fn fixture(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)
}

fn text(path: &str) -> String {
    fs::read_to_string(fixture(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn covered() -> Vec<&'static str> {
    let mut platforms: Vec<&str> = catalogue::all().iter().map(Cause::platform).collect();
    platforms.dedup();
    platforms
}

#[test]
fn every_known_cause_has_an_entry() {
    for platform in covered() {
        let ids = text(&format!("causes/{platform}.ids"));
        let missing: Vec<&str> = ids.lines().filter(|id| catalogue::find(&CauseId::from(*id)).is_none()).collect();
        assert!(missing.is_empty(), "{platform}: no entry for {missing:?}");
    }
}

#[test]
fn every_entry_helps() {
    for cause in catalogue::all() {
        let id = &cause.id;
        assert!(cause.explanation.split_whitespace().count() >= 12, "{id}: explains too little");
        assert!(!cause.explanation.contains('\n'), "{id}: the explanation is one paragraph");
        assert!(!cause.remedies.is_empty(), "{id}: no way out");
        let recognised = !cause.signatures.is_empty() || !cause.observed.is_empty() || !cause.prefer_over.is_empty();
        assert!(recognised || cause.retryable, "{id}: nothing gives it away");
        let shown = cause.remedies(&[]);
        assert!(shown.iter().all(|remedy| !remedy.text.contains('{')), "{id}: an unfilled text");
        assert!(
            shown.iter().filter(|remedy| remedy.risk == Risk::Destructive).all(|remedy| remedy.text.len() > 20),
            "{id}: say what it costs"
        );
    }
}

#[test]
fn every_entry_knows_its_messages_from_its_look_alikes() {
    let mut faults = String::new();
    for cause in catalogue::all() {
        let certain = cause.signatures.iter().any(|signature| signature.confidence != Confidence::Possible);
        if certain && (cause.matches.is_empty() || cause.look_alikes.is_empty()) {
            let _ = writeln!(faults, "{}: needs a message and a look-alike", cause.id);
        }
        for sample in &cause.matches {
            let found = classify(cause, sample);
            if found.cause.as_ref() != Some(&cause.id) {
                let _ = writeln!(faults, "{}: {sample:?} is taken for {:?}", cause.id, found.cause);
            }
        }
        for sample in &cause.look_alikes {
            let found = classify(cause, sample);
            if found.cause.as_ref() == Some(&cause.id) {
                let _ = writeln!(faults, "{}: {sample:?} is taken for it", cause.id);
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

fn classify(cause: &Cause, sample: &Sample) -> Classification {
    let platform = Some(cause.platform().to_owned());
    match sample {
        Sample::Plain(text) => signature::classify(text, &Hints { platform, ..Hints::default() }),
        Sample::Placed(placed) => {
            let hints = Hints { platform, field: placed.where_, status: placed.status.clone(), after: placed.after };
            signature::classify(&placed.text, &hints)
        }
    }
}

/// Whether the cause found is the root that the record names, under any of its names.
fn right(found: &Classification, labels: &[&str]) -> bool {
    match (&found.cause, labels.first()) {
        (Some(cause), Some(root)) => catalogue::find(&CauseId::from(*root)).is_some_and(|entry| entry.id == *cause),
        (None, None) => true,
        _ => false,
    }
}

struct Tally {
    correct: usize,
    wrong: usize,
    none: usize,
    wrong_and_certain: Vec<String>,
    report: String,
}

impl Tally {
    fn share(&self) -> f64 {
        self.correct as f64 * 100.0 / (self.correct + self.wrong + self.none).max(1) as f64
    }
}

fn measure(file: &str, with_platform: bool) -> Tally {
    let mut tally = Tally { correct: 0, wrong: 0, none: 0, wrong_and_certain: Vec::new(), report: String::new() };
    for line in text(&format!("corpus/{file}.jsonl")).lines() {
        let record: Value = serde_json::from_str(line).expect("a corpus line is JSON");
        let message = record["message"].as_str().expect("a message");
        let labels: Vec<&str> = record["labels"].as_array().expect("labels").iter().filter_map(Value::as_str).collect();
        let platform = record["platform"].as_str().filter(|_| with_platform).map(str::to_owned);
        let found = signature::classify(message, &Hints { platform, ..Hints::default() });
        let id = record["id"].as_str().unwrap_or_default();
        if right(&found, &labels) {
            tally.correct += 1;
            continue;
        }
        if found.cause.is_some() {
            tally.wrong += 1;
        } else {
            tally.none += 1;
        }
        if found.cause.is_some() && found.confidence == Confidence::Certain {
            tally.wrong_and_certain.push(id.to_owned());
        }
        let head: String = message.chars().take(160).collect();
        let _ =
            writeln!(tally.report, "  {id}: {labels:?}, taken for {:?} ({:?}): {head}", found.cause.map(|cause| cause.0), found.confidence);
    }
    println!(
        "corpus {file}{}: {} correct, {} wrong, {} none ({:.1} %)",
        if with_platform { "" } else { " (platform not told)" },
        tally.correct,
        tally.wrong,
        tally.none,
        tally.share()
    );
    print!("{}", tally.report);
    tally
}

#[test]
fn real_messages_are_recognised() {
    // Told by the autoscaler in a Kubernetes event, a refused launch has a name on either side; without
    // the platform the one of Kubernetes is right.
    for (file, at_least) in [
        ("aws", [97.0, 92.0]),
        ("kubernetes", [97.0, 95.0]),
        ("azure", [97.0, 92.0]),
        ("gateway", [97.0, 90.0]),
        ("ray", [97.0, 60.0]),
        ("modelarts", [97.0, 60.0]),
    ] {
        for (with_platform, at_least) in [true, false].into_iter().zip(at_least) {
            let tally = measure(file, with_platform);
            assert!(tally.share() >= at_least, "{file}: {:.1} %\n{}", tally.share(), tally.report);
            assert!(!with_platform || tally.wrong_and_certain.is_empty(), "{file}: certain and wrong: {:?}", tally.wrong_and_certain);
        }
    }
}

/// The same faults with other regions, types, numbers, tools and wordings than in the corpus.
#[test]
fn unseen_wordings_are_recognised() {
    for line in text("causes/unseen.jsonl").lines() {
        let record: Value = serde_json::from_str(line).expect("a line is JSON");
        let hints = Hints {
            platform: record["platform"].as_str().map(str::to_owned),
            field: record["field"].as_str().and_then(Field::named),
            status: record["status"].as_str().map(str::to_owned),
            after: record["after"].as_f64(),
        };
        let found = signature::classify(record["message"].as_str().expect("a message"), &hints);
        assert_eq!(found.cause.as_ref().map(CauseId::as_str), record["cause"].as_str(), "{line}");
    }
}
