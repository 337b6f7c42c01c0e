//! All signatures, compiled once, and the search through them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use regex::bytes::{RegexSet, RegexSetBuilder};

use super::super::catalogue::{Catalogue, Cause, Signature};
use super::super::finding::Confidence;
use super::decide::{Candidate, Preferences};
use super::unfold::unfold;
use super::{Classification, Hints};

/// Room for the compiled set and for the automaton that is built while searching, in bytes.
const COMPILED: usize = 64 << 20;
const AUTOMATON: usize = 32 << 20;

/// The platforms, each with those beneath it whose texts its users meet too.
const BENEATH: &[(&str, &[&str])] = &[
    ("anyscale", &["kubernetes", "aws"]),
    ("aws", &["kubernetes"]),
    ("azure", &["kubernetes"]),
    ("cortex", &["kubernetes", "aws"]),
    ("gateway", &["kubernetes"]),
    ("kubernetes", &["aws"]),
    ("modelarts", &["kubernetes"]),
];

/// The names of the platforms.
pub fn platforms() -> impl Iterator<Item = &'static str> {
    BENEATH.iter().map(|(platform, _)| *platform)
}

/// Whether a cause of `own` may explain a text that came from `from`.
fn concerns(own: &str, from: Option<&str>) -> bool {
    let Some(from) = from else { return true };
    own == from || BENEATH.iter().find(|(platform, _)| *platform == from).is_none_or(|(_, beneath)| beneath.contains(&own))
}

/// The catalogue's signatures, ready to search with.
#[derive(Debug)]
pub struct Recognizer {
    catalogue: &'static Catalogue,
    groups: Vec<Group>,
    preferences: Preferences,
}

/// The signatures of one platform. Each has a set of its own: one automaton of them all outgrows its
/// cache and is slower by far, and platforms that cannot have written a text are not searched.
#[derive(Debug)]
struct Group {
    platform: &'static str,
    /// Every pattern once, however many signatures share it.
    set: RegexSet,
    /// For each pattern of the set: the signatures that begin with it.
    owners: Vec<Vec<Owner>>,
    signatures: usize,
}

/// A signature of the catalogue.
#[derive(Debug)]
struct Owner {
    /// The cause's position.
    cause: usize,
    /// The signature's position in it.
    nth: usize,
    /// The patterns of the set that have to be found too.
    with: Vec<usize>,
}

/// The recognizer of the compiled-in catalogue.
pub fn shared() -> &'static Recognizer {
    static SHARED: OnceLock<Recognizer> = OnceLock::new();
    SHARED.get_or_init(|| Recognizer::new(Catalogue::shared()))
}

impl Recognizer {
    /// Compiles the signatures of a catalogue; one that does not compile is left out.
    pub fn new(catalogue: &'static Catalogue) -> Self {
        let named: BTreeSet<&'static str> = catalogue.all().iter().map(Cause::platform).collect();
        let groups = named.into_iter().map(|platform| Group::new(catalogue, platform)).collect();
        Self { catalogue, groups, preferences: Preferences::new(catalogue) }
    }

    /// How many signatures there are.
    pub fn signatures(&self) -> usize {
        self.groups.iter().map(|group| group.signatures).sum()
    }

    /// The cause that `text` names.
    pub fn classify(&self, text: &str, hints: &Hints) -> Classification {
        let text = unfold(text);
        let mut found: Vec<Candidate> = Vec::new();
        for group in self.groups.iter().filter(|group| concerns(group.platform, hints.platform.as_deref())) {
            let matches = group.set.matches(text.as_bytes());
            let begun = matches.iter().filter_map(|nth| group.owners.get(nth)).flatten();
            for owner in begun.filter(|owner| owner.with.iter().all(|nth| matches.matched(*nth))) {
                self.weigh_in(owner, hints, &mut found);
            }
        }
        self.classification(&self.preferences.decide(&found))
    }

    /// Adds the cause of a signature that fits, or strengthens it.
    fn weigh_in(&self, owner: &Owner, hints: &Hints, found: &mut Vec<Candidate>) {
        let position = owner.cause;
        let Some(cause) = self.catalogue.all().get(position) else { return };
        let Some(confidence) = cause.signatures.get(owner.nth).and_then(|signature| weigh(cause, signature, hints)) else { return };
        match found.iter_mut().find(|candidate| candidate.position == position) {
            Some(candidate) => candidate.confidence = candidate.confidence.max(confidence),
            None => found.push(Candidate {
                position,
                confidence,
                benign: cause.benign,
                foreign: hints.platform.as_deref().is_some_and(|platform| platform != cause.platform()),
            }),
        }
    }

    fn classification(&self, decided: &[Candidate]) -> Classification {
        let mut causes = decided.iter().filter_map(|candidate| Some((candidate, self.catalogue.all().get(candidate.position)?)));
        let Some((first, cause)) = causes.next() else { return Classification::none() };
        Classification {
            cause: Some(cause.id.clone()),
            confidence: first.confidence,
            also: causes.map(|(_, cause)| cause.id.clone()).collect(),
            retryable: cause.retryable,
            benign: cause.benign,
        }
    }
}

impl Group {
    fn new(catalogue: &'static Catalogue, platform: &'static str) -> Self {
        let mine = || catalogue.all().iter().enumerate().filter(|(_, cause)| cause.platform() == platform);
        let every: BTreeSet<&str> = mine().flat_map(|(_, cause)| cause.signatures.iter().flat_map(patterns)).collect();
        let mut distinct: Vec<&str> = every.into_iter().collect();
        let set = compile(&distinct).unwrap_or_else(|| {
            distinct.retain(|pattern| compile(&[pattern]).is_some());
            compile(&distinct).unwrap_or_default()
        });
        let numbers: BTreeMap<&str, usize> = distinct.iter().enumerate().map(|(number, pattern)| (*pattern, number)).collect();
        let mut owners: Vec<Vec<Owner>> = distinct.iter().map(|_| Vec::new()).collect();
        let mut signatures = 0;
        for (cause, entry) in mine() {
            for (nth, signature) in entry.signatures.iter().enumerate() {
                let with: Option<Vec<usize>> = signature.with.iter().map(|pattern| numbers.get(pattern.as_str()).copied()).collect();
                let begins = numbers.get(signature.pattern.as_str()).and_then(|number| owners.get_mut(*number));
                if let (Some(begins), Some(with)) = (begins, with) {
                    begins.push(Owner { cause, nth, with });
                    signatures += 1;
                }
            }
        }
        Self { platform, set, owners, signatures }
    }
}

/// Every pattern of a signature.
fn patterns(signature: &Signature) -> impl Iterator<Item = &str> {
    std::iter::once(&signature.pattern).chain(&signature.with).map(String::as_str)
}

fn compile(patterns: &[&str]) -> Option<RegexSet> {
    RegexSetBuilder::new(patterns).unicode(false).case_insensitive(true).size_limit(COMPILED).dfa_size_limit(AUTOMATON).build().ok()
}

/// How much a match of `signature` proves here, or `None` if it means nothing in this place.
fn weigh(cause: &Cause, signature: &Signature, hints: &Hints) -> Option<Confidence> {
    let platform = hints.platform.as_deref();
    if signature.needs_platform && platform != Some(cause.platform()) {
        return None;
    }
    if hints.field.is_some_and(|field| !signature.where_.is_empty() && !signature.where_.contains(&field)) {
        return None;
    }
    let mut confidence = signature.confidence;
    match &hints.status {
        _ if signature.status.is_empty() => {}
        Some(status) if signature.status.iter().any(|wanted| wanted.eq_ignore_ascii_case(status)) => {}
        Some(_) => return None,
        None if signature.pattern.is_empty() => return None,
        None => confidence = lower(confidence),
    }
    match (signature.after, hints.after) {
        (Some(range), Some(after)) if after < range.from || after > range.to => return None,
        (Some(_), None) => confidence = lower(confidence),
        _ => {}
    }
    Some(confidence)
}

/// One step less sure.
pub(super) fn lower(confidence: Confidence) -> Confidence {
    match confidence {
        Confidence::Certain => Confidence::Likely,
        Confidence::Likely | Confidence::Possible => Confidence::Possible,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_of_the_catalogue_compiles() {
        for cause in Catalogue::shared().all() {
            for pattern in cause.signatures.iter().flat_map(|signature| std::iter::once(&signature.pattern).chain(&signature.with)) {
                assert!(compile(&[pattern]).is_some(), "{}: {pattern}", cause.id);
            }
        }
        assert_eq!(shared().signatures(), Catalogue::shared().all().iter().map(|cause| cause.signatures.len()).sum::<usize>());
    }

    #[test]
    fn every_cause_belongs_to_a_known_platform() {
        assert!(Catalogue::shared().all().iter().all(|cause| platforms().any(|platform| platform == cause.platform())));
    }
}
