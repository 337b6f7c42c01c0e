//! All signatures, compiled once, and the search through them.

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
    set: RegexSet,
    /// For each pattern of the set: the cause's position and the signature's position in it.
    owners: Vec<(usize, usize)>,
    preferences: Preferences,
}

/// The recognizer of the compiled-in catalogue.
pub fn shared() -> &'static Recognizer {
    static SHARED: OnceLock<Recognizer> = OnceLock::new();
    SHARED.get_or_init(|| Recognizer::new(Catalogue::shared()))
}

impl Recognizer {
    /// Compiles the signatures of a catalogue; one that does not compile is left out.
    pub fn new(catalogue: &'static Catalogue) -> Self {
        let mut patterns: Vec<&str> = Vec::new();
        let mut owners = Vec::new();
        for (at, cause) in catalogue.all().iter().enumerate() {
            for (nth, signature) in cause.signatures.iter().enumerate() {
                patterns.push(&signature.pattern);
                owners.push((at, nth));
            }
        }
        let set = compile(&patterns).unwrap_or_else(|| {
            let sound: Vec<bool> = patterns.iter().map(|pattern| compile(&[pattern]).is_some()).collect();
            let mut keep = sound.iter();
            owners.retain(|_| keep.next().copied().unwrap_or(false));
            let mut keep = sound.iter();
            patterns.retain(|_| keep.next().copied().unwrap_or(false));
            compile(&patterns).unwrap_or_default()
        });
        Self { catalogue, set, owners, preferences: Preferences::new(catalogue) }
    }

    /// How many signatures there are.
    pub fn signatures(&self) -> usize {
        self.set.len()
    }

    /// The cause that `text` names.
    pub fn classify(&self, text: &str, hints: &Hints) -> Classification {
        let text = unfold(text);
        let mut found: Vec<Candidate> = Vec::new();
        for nth in &self.set.matches(text.as_bytes()) {
            let Some((position, cause, signature)) = self.owner(nth) else { continue };
            let Some(confidence) = weigh(cause, signature, hints) else { continue };
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
        self.classification(&self.preferences.decide(&found))
    }

    fn owner(&self, nth: usize) -> Option<(usize, &Cause, &Signature)> {
        let (at, nth) = self.owners.get(nth)?;
        let cause = self.catalogue.all().get(*at)?;
        Some((*at, cause, cause.signatures.get(*nth)?))
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

fn compile(patterns: &[&str]) -> Option<RegexSet> {
    RegexSetBuilder::new(patterns).unicode(false).case_insensitive(true).size_limit(COMPILED).dfa_size_limit(AUTOMATON).build().ok()
}

/// How much a match of `signature` proves here, or `None` if it means nothing in this place.
fn weigh(cause: &Cause, signature: &Signature, hints: &Hints) -> Option<Confidence> {
    let platform = hints.platform.as_deref();
    if !concerns(cause.platform(), platform) || (signature.needs_platform && platform != Some(cause.platform())) {
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
            for signature in &cause.signatures {
                assert!(compile(&[&signature.pattern]).is_some(), "{}: {}", cause.id, signature.pattern);
            }
        }
        assert_eq!(shared().signatures(), Catalogue::shared().all().iter().map(|cause| cause.signatures.len()).sum::<usize>());
    }

    #[test]
    fn every_cause_belongs_to_a_known_platform() {
        assert!(Catalogue::shared().all().iter().all(|cause| platforms().any(|platform| platform == cause.platform())));
    }
}
