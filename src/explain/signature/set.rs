//! All signatures and the search through them.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::super::catalogue::{Catalogue, Cause, Signature};
use super::super::finding::{CauseId, Confidence};
use super::decide::{Candidate, Preferences};
use super::home::{Homes, QUOTES_OTHERS};
use super::ordinary;
use super::patterns::Patterns;
use super::unfold::unfold;
use super::{Classification, Hints};

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
    /// Every pattern once, however many signatures share it.
    patterns: Patterns,
    /// For each pattern: the signatures that begin with it.
    owners: Vec<Vec<Owner>>,
    preferences: Preferences,
    /// What texts say about where they are from.
    homes: Homes,
}

/// A signature of the catalogue.
#[derive(Debug)]
struct Owner {
    /// The cause's position.
    cause: usize,
    /// The signature's position in it.
    nth: usize,
    /// The patterns that have to be found too.
    with: Vec<usize>,
}

/// The recognizer of the compiled-in catalogue.
pub fn shared() -> &'static Recognizer {
    static SHARED: OnceLock<Recognizer> = OnceLock::new();
    SHARED.get_or_init(|| Recognizer::new(Catalogue::shared()))
}

impl Recognizer {
    /// Makes the signatures of a catalogue ready; one that does not compile never matches.
    pub fn new(catalogue: &'static Catalogue) -> Self {
        let every: BTreeSet<&'static str> = catalogue.all().iter().flat_map(|cause| cause.signatures.iter().flat_map(patterns)).collect();
        let numbers: BTreeMap<&str, usize> = every.iter().enumerate().map(|(number, pattern)| (*pattern, number)).collect();
        let number = |pattern: &String| numbers.get(pattern.as_str()).copied();
        let mut owners: Vec<Vec<Owner>> = every.iter().map(|_| Vec::new()).collect();
        for (cause, entry) in catalogue.all().iter().enumerate() {
            for (nth, signature) in entry.signatures.iter().enumerate() {
                if let Some(begins) = number(&signature.pattern).and_then(|number| owners.get_mut(number)) {
                    begins.push(Owner { cause, nth, with: signature.with.iter().filter_map(number).collect() });
                }
            }
        }
        let patterns = Patterns::new(every.into_iter().collect());
        Self { catalogue, patterns, owners, preferences: Preferences::new(catalogue), homes: Homes::new() }
    }

    /// How many signatures there are.
    pub fn signatures(&self) -> usize {
        self.owners.iter().map(Vec::len).sum()
    }

    /// The cause that `text` names.
    pub fn classify(&self, text: &str, hints: &Hints) -> Classification {
        if ordinary::tells_nothing(text) {
            return Classification::none();
        }
        let text = unfold(text);
        let text = text.as_bytes();
        let candidates = self.patterns.candidates(text);
        let home = OnceCell::new();
        let home = || hints.platform.as_deref().or_else(|| *home.get_or_init(|| self.homes.of(text)));
        let mut found: Vec<Candidate> = Vec::new();
        let mut elsewhere: Vec<Candidate> = Vec::new();
        // Signatures that ask for a status and no words mean nothing without one.
        let asked = |number: &&usize| hints.status.is_some() || !self.patterns.is_wordless(**number);
        for number in candidates.iter().filter(asked) {
            // A pattern is asked at most once, and only if a match would mean something here.
            let mut fits: Option<bool> = None;
            for owner in self.owners.get(*number).into_iter().flatten() {
                let Some(candidate) = self.would_mean(owner, hints) else { continue };
                let surrounded = owner.with.iter().all(|with| candidates.binary_search(with).is_ok());
                if surrounded
                    && *fits.get_or_insert_with(|| self.patterns.is_match(*number, text))
                    && owner.with.iter().all(|with| self.patterns.is_match(*with, text))
                {
                    weigh_in(candidate, if self.counts(owner, home()) { &mut found } else { &mut elsewhere });
                }
            }
        }
        let mut decided = self.preferences.decide(&found);
        if (!decided.is_empty() || !elsewhere.is_empty()) && home().is_none() {
            self.doubt(&mut decided, &elsewhere);
            if decided.is_empty() {
                decided = self.one_home(&elsewhere);
            }
        }
        self.classification(&decided)
    }

    /// Where nobody told the platform and the text does not either: what its words would be called on
    /// another platform makes the name found here doubtful. The other name is kept beside it.
    fn doubt(&self, decided: &mut Vec<Candidate>, elsewhere: &[Candidate]) {
        let Some(first) = decided.first_mut().filter(|first| first.confidence == Confidence::Certain && !first.benign) else { return };
        let own = self.platform_of(first);
        let namesakes = || {
            let others = elsewhere.iter().filter(|other| other.confidence == Confidence::Certain);
            others.filter(|other| ![own, QUOTES_OTHERS].contains(&self.platform_of(other)))
        };
        if namesakes().next().is_none() {
            return;
        }
        first.confidence = Confidence::Likely;
        for other in namesakes() {
            if decided.iter().all(|candidate| candidate.position != other.position) {
                decided.push(Candidate { confidence: Confidence::Possible, ..*other });
            }
        }
    }

    /// What a text means that only one platform knows: possibly, for nobody said that it is from there.
    fn one_home(&self, elsewhere: &[Candidate]) -> Vec<Candidate> {
        let platforms: BTreeSet<&str> = elsewhere.iter().map(|candidate| self.platform_of(candidate)).collect();
        if platforms.len() != 1 || elsewhere.iter().all(|candidate| candidate.confidence != Confidence::Certain) {
            return Vec::new();
        }
        let decided = self.preferences.decide(elsewhere);
        decided.into_iter().map(|candidate| Candidate { confidence: Confidence::Possible, ..candidate }).collect()
    }

    fn platform_of(&self, candidate: &Candidate) -> &'static str {
        self.catalogue.all().get(candidate.position).map_or("", Cause::platform)
    }

    /// Whether a match of a signature counts for a text from there; some do on their own platform alone.
    fn counts(&self, owner: &Owner, home: Option<&str>) -> bool {
        let Some(cause) = self.catalogue.all().get(owner.cause) else { return false };
        cause.signatures.get(owner.nth).is_some_and(|signature| !signature.needs_platform || home == Some(cause.platform()))
    }

    /// Whether `other` only wraps `one` or follows from it, by the catalogue.
    pub fn prefers(&self, one: &CauseId, other: &CauseId) -> bool {
        let positions = (self.catalogue.position(one), self.catalogue.position(other));
        matches!(positions, (Some(one), Some(other)) if self.preferences.names(one, other))
    }

    /// What a match of a signature would say here, if anything.
    fn would_mean(&self, owner: &Owner, hints: &Hints) -> Option<Candidate> {
        let cause = self.catalogue.all().get(owner.cause)?;
        let platform = hints.platform.as_deref();
        if !concerns(cause.platform(), platform) {
            return None;
        }
        Some(Candidate {
            position: owner.cause,
            confidence: weigh(cause, cause.signatures.get(owner.nth)?, hints)?,
            benign: cause.benign,
            foreign: platform.is_some_and(|platform| platform != cause.platform()),
        })
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

/// Adds the cause of a signature that fits, or strengthens it.
fn weigh_in(found: Candidate, all: &mut Vec<Candidate>) {
    match all.iter_mut().find(|candidate| candidate.position == found.position) {
        Some(candidate) => candidate.confidence = candidate.confidence.max(found.confidence),
        None => all.push(found),
    }
}

/// Every pattern of a signature.
fn patterns(signature: &Signature) -> impl Iterator<Item = &str> {
    std::iter::once(&signature.pattern).chain(&signature.with).map(String::as_str)
}

/// How much a match of `signature` proves here, or `None` if it means nothing in this place.
fn weigh(cause: &Cause, signature: &Signature, hints: &Hints) -> Option<Confidence> {
    let platform = hints.platform.as_deref();
    if signature.needs_platform && platform.is_some_and(|platform| platform != cause.platform()) {
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
    use super::super::patterns::compile;
    use super::*;

    #[test]
    fn every_pattern_of_the_catalogue_compiles() {
        for cause in Catalogue::shared().all() {
            for pattern in cause.signatures.iter().flat_map(patterns) {
                assert!(compile(pattern).is_some(), "{}: {pattern}", cause.id);
            }
        }
        assert_eq!(shared().signatures(), Catalogue::shared().all().iter().map(|cause| cause.signatures.len()).sum::<usize>());
    }

    /// A pattern without a word that has to stand in the text is asked of every text, which costs,
    /// except where a status has to be known first.
    #[test]
    fn few_patterns_are_asked_of_every_text() {
        let begins: BTreeSet<&str> = Catalogue::shared()
            .all()
            .iter()
            .flat_map(|cause| &cause.signatures)
            .filter(|signature| signature.status.is_empty())
            .map(|signature| signature.pattern.as_str())
            .collect();
        let always: Vec<&str> = shared().patterns.asked_always().filter(|pattern| begins.contains(pattern)).collect();
        assert!(always.len() <= 3, "need no word of three letters: {always:#?}");
    }

    /// To look only where a word of a pattern stands finds what looking everywhere finds. Every ninth
    /// text, for time.
    #[test]
    fn no_match_is_missed_for_want_of_a_word() {
        let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let read = |name: &str| std::fs::read_to_string(fixtures.join(name)).unwrap();
        let message = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["message"].as_str().unwrap().to_owned();
        let mut texts: Vec<String> = read("causes/hay.txt").lines().map(str::to_owned).collect();
        for file in
            ["corpus/aws", "corpus/kubernetes", "corpus/azure", "corpus/ray", "corpus/modelarts", "corpus/gateway", "causes/unseen-3"]
        {
            texts.extend(read(&format!("{file}.jsonl")).lines().map(message));
        }
        let patterns = &shared().patterns;
        for text in texts.iter().step_by(9) {
            let text = unfold(text);
            let candidates = patterns.candidates(text.as_bytes());
            for (number, source) in patterns.sources().enumerate() {
                let missed = candidates.binary_search(&number).is_err() && patterns.is_match(number, text.as_bytes());
                assert!(!missed, "{source} matches {text} and is not asked");
            }
        }
    }

    #[test]
    fn every_cause_belongs_to_a_known_platform() {
        assert!(Catalogue::shared().all().iter().all(|cause| platforms().any(|platform| platform == cause.platform())));
    }
}
