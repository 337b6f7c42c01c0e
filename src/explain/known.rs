//! What the rules ask of the catalogue: recognise a message, prefer one cause over another.

use super::catalogue;
use super::finding::{CauseId, Confidence, Remedy};
use super::signature::{self, Field, Hints};

/// The cause that a refused launch names, and how sure that is.
pub fn recognise(message: &str) -> Option<(CauseId, Confidence)> {
    let hints = Hints::field("aws", Field::ActivityStatusMessage);
    let found = signature::classify(message, &hints);
    if found.benign { None } else { found.cause.map(|cause| (cause, found.confidence)) }
}

/// Whether `one` is the better name where `other` holds too.
pub fn prefers(one: &CauseId, other: &CauseId) -> bool {
    let mut seen: Vec<&CauseId> = vec![one];
    let mut at = 0;
    while let Some(cause) = seen.get(at).copied() {
        for worse in catalogue::find(cause).map(|cause| cause.prefer_over.as_slice()).unwrap_or_default() {
            if worse == other {
                return true;
            }
            if !seen.contains(&worse) {
                seen.push(worse);
            }
        }
        at += 1;
    }
    false
}

/// The catalogue's title of a cause.
pub fn title(cause: &CauseId) -> Option<&'static str> {
    catalogue::find(cause).map(|cause| cause.title.as_str())
}

/// The catalogue's ways out, with names filled in.
pub fn remedies(cause: &CauseId, fill: &[(&str, &str)]) -> Vec<Remedy> {
    catalogue::find(cause).map(|cause| cause.remedies(fill)).unwrap_or_default()
}
