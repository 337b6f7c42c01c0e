//! What Ray says about resources, put in words that a pattern can see: whether what a replica asks
//! for is missing from the cluster, short in total, or there in total and only scattered.
//!
//! Ray names what one replica needs and what is free now, summed over all nodes. Up to 1.x the
//! objects are Python literals, later JSON, for a placement group a list of bundles. In the
//! autoscaler's report the demands stand below the usage. Nothing is guessed where a part is missing.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// Adds what the figures of a Ray message come to.
pub(super) fn mark(text: Cow<'_, str>) -> Cow<'_, str> {
    match waiting_replica(&text).or_else(|| autoscaler_report(&text)) {
        Some(words) => Cow::Owned(format!("{text} [{words}]")),
        None => text,
    }
}

/// What a message about a replica that is not scheduled comes to.
fn waiting_replica(text: &str) -> Option<&'static str> {
    let (_, behind) = text.split_once("esources required")?;
    let (wanted, rest) = literal(behind)?;
    if wanted.starts_with('[') {
        return Some("ray asks for bundles");
    }
    let (_, behind) = rest.split_once("vailable")?;
    let (free, _) = literal(behind)?;
    Some(compared(&amounts(wanted), &amounts(free)))
}

/// What the demands of an autoscaler's report come to, held against its usage.
fn autoscaler_report(text: &str) -> Option<&'static str> {
    let (_, behind) = text.split_once("Usage:")?;
    let (usage, demands) = behind.split_once("Demands:")?;
    let free = unused(usage);
    let mut rest = demands;
    let mut worst = None;
    while let Some((wanted, behind)) = literal(rest) {
        if behind.split('{').next().is_some_and(|own| own.contains("pending tasks/actors")) {
            let found = compared(&amounts(wanted), &free);
            if worst.is_none() || found == MISSING {
                worst = Some(found);
            }
        }
        rest = behind;
    }
    worst
}

const MISSING: &str = "ray lacks a resource";

fn compared(wanted: &BTreeMap<&str, f64>, free: &BTreeMap<&str, f64>) -> &'static str {
    let asked = || wanted.iter().filter(|(_, amount)| **amount > 0.0);
    if asked().any(|(name, _)| !free.contains_key(name) && !everywhere(name)) {
        return MISSING;
    }
    let left = |name: &str| free.get(name).copied().unwrap_or(0.0);
    if asked().any(|(name, amount)| left(name) < *amount) {
        return "ray is short in total";
    }
    // A share of a card has to come from one card; less than one whole in total is what others left over.
    if asked().any(|(name, amount)| *name == "GPU" && *amount < 1.0 && left(name) < 1.0) {
        return "ray has leftovers only";
    }
    "ray has enough in total"
}

/// Resources that every node has: free nowhere, they are taken, not missing.
fn everywhere(name: &str) -> bool {
    matches!(name, "CPU" | "memory" | "object_store_memory")
}

/// The first `{…}` or `[…]` of a text and what stands behind it.
fn literal(text: &str) -> Option<(&str, &str)> {
    let begin = text.find(['{', '['])?;
    let text = text.get(begin..)?;
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return text.split_at_checked(at + 1);
        }
    }
    None
}

/// The amounts of `{"CPU": 0.1, 'node:x': 1}`; names may hold a colon and need no quotes.
fn amounts(literal: &str) -> BTreeMap<&str, f64> {
    let pair = |part| {
        let (name, amount): (&str, &str) = str::rsplit_once(part, ':')?;
        let amount = amount.trim_matches(|c: char| !c.is_ascii_digit() && c != '.').parse().ok()?;
        Some((name.trim_matches(|c: char| c.is_whitespace() || "{}'\"".contains(c)), amount))
    };
    literal.split(',').filter_map(pair).collect()
}

/// What is free by lines of the form `0.2/2.0 CPU`. Sizes with a unit count as plenty: a replica
/// that waits for memory cannot be told from this report.
fn unused(usage: &str) -> BTreeMap<&str, f64> {
    let mut words = usage.split_whitespace().peekable();
    let mut free = BTreeMap::new();
    while let Some(word) = words.next() {
        let (Some((used, total)), Some(name)) = (word.split_once('/'), words.peek()) else { continue };
        match (used.parse::<f64>(), total.parse::<f64>()) {
            (Ok(used), Ok(total)) => free.insert(*name, total - used),
            _ => free.insert(*name, f64::INFINITY),
        };
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        let marked = mark(Cow::Borrowed(text)).into_owned();
        marked.get(text.len()..).unwrap_or_default().trim().to_owned()
    }

    #[test]
    fn what_is_asked_for_is_held_against_what_is_free() {
        let waiting =
            |wanted: &str, free: &str| words(&format!("Resources required for each replica: {wanted}, total resources available: {free}."));
        assert_eq!(waiting(r#"{"CPU": 0.1, "GPU": 1}"#, r#"{"CPU": 1.8}"#), "[ray lacks a resource]");
        assert_eq!(waiting(r#"{"GPU": 1}"#, r#"{"GPU": 0.5}"#), "[ray is short in total]");
        assert_eq!(waiting(r#"{"CPU": 2.0}"#, "{}"), "[ray is short in total]");
        assert_eq!(waiting(r#"{"CPU": 2.0}"#, r#"{"CPU": 10.0}"#), "[ray has enough in total]");
        assert_eq!(waiting(r#"{"GPU": 0.3}"#, r#"{"GPU": 0.4}"#), "[ray has leftovers only]");
        assert_eq!(waiting(r#"[{"CPU": 0.1}, {"GPU": 1.0}]"#, "{}"), "[ray asks for bundles]");
        assert_eq!(waiting(r#"{"accelerator_type:L4": 0.01}"#, r#"{"CPU": 1}"#), "[ray lacks a resource]");
    }

    #[test]
    fn older_wordings_are_read() {
        let text = "Resources required: defaultdict(<class 'float'>, {'CPU': 100, 'GPU': 2}), resources available: {'CPU': 14.0}.";
        assert_eq!(words(text), "[ray lacks a resource]");
        assert_eq!(words("Resources required: {CPU: 4}, resources available: {CPU: 1.0}."), "[ray is short in total]");
    }

    #[test]
    fn the_autoscalers_report_is_read() {
        let report = |demand: &str| {
            words(&format!(
                "Total Usage: 0.2/1.0 CPU 0B/1.86GiB memory 1.0/1.0 GPU From request_resources: (none) Pending Demands: {demand}"
            ))
        };
        assert_eq!(report("{'CPU': 0.1, 'TPU': 1.0}: 1+ pending tasks/actors"), "[ray lacks a resource]");
        assert_eq!(report("{'CPU': 0.1, 'GPU': 1.0}: 1+ pending tasks/actors"), "[ray is short in total]");
        assert_eq!(report("(no resource demands)"), "");
        assert_eq!(report("{'GPU': 1.0} * 2 (STRICT_PACK): 1+ pending placement groups"), "");
    }

    #[test]
    fn parts_of_a_message_are_survived() {
        for text in [
            "Resources required",
            "resources required: {",
            "Resources required: {}, available",
            "Usage: / Demands: {",
            "é Resources required {é: é}, available {",
        ] {
            let _ = words(text);
        }
    }
}
