//! What the rules ask of the catalogue: recognise a message, prefer one cause over another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::catalogue::{self, Cause, Layer};
use super::finding::{CauseId, Confidence, Remedy};
use super::signature::{self, Field, Hints};

/// The cause that a refused launch names, and how sure that is.
pub fn recognise(message: &str) -> Option<(CauseId, Confidence)> {
    let hints = Hints::field("aws", Field::ActivityStatusMessage);
    let found = signature::classify(message, &hints);
    if found.benign { None } else { found.cause.map(|cause| (cause, found.confidence)) }
}

/// Whether `one` is the better name where `other` holds too, directly or by way of others.
pub fn prefers(one: &CauseId, other: &CauseId) -> bool {
    static COVERED: OnceLock<BTreeMap<&'static str, BTreeSet<&'static str>>> = OnceLock::new();
    let covered = COVERED.get_or_init(|| catalogue::all().iter().map(|cause| (cause.id.as_str(), covered_by(cause))).collect());
    covered.get(one.as_str()).is_some_and(|worse| worse.contains(other.as_str()))
}

/// Whether a cause is what stands above better names: something about a program or its rollout
/// that says that it failed and not why.
pub fn is_umbrella(cause: &CauseId) -> bool {
    static BETTER_KNOWN: OnceLock<BTreeSet<&'static str>> = OnceLock::new();
    let better_known =
        BETTER_KNOWN.get_or_init(|| catalogue::all().iter().flat_map(|cause| cause.prefer_over.iter().map(CauseId::as_str)).collect());
    let about_a_program = catalogue::find(cause).is_some_and(|cause| matches!(cause.layer, Layer::Rollout | Layer::Replica | Layer::Probe));
    about_a_program && better_known.contains(cause.as_str())
}

/// Everything a cause is a better name for.
fn covered_by(cause: &'static Cause) -> BTreeSet<&'static str> {
    let mut covered = BTreeSet::new();
    let mut open: Vec<&'static CauseId> = cause.prefer_over.iter().collect();
    while let Some(worse) = open.pop() {
        if covered.insert(worse.as_str()) {
            open.extend(catalogue::find(worse).into_iter().flat_map(|cause| cause.prefer_over.iter()));
        }
    }
    covered
}

/// The catalogue's title of a cause.
pub fn title(cause: &CauseId) -> Option<&'static str> {
    catalogue::find(cause).map(|cause| cause.title.as_str())
}

/// The catalogue's ways out, with names filled in.
pub fn remedies(cause: &CauseId, fill: &[(&str, &str)]) -> Vec<Remedy> {
    catalogue::find(cause).map(|cause| cause.remedies(fill)).unwrap_or_default()
}
