//! The patterns of all signatures and a quick search through them.
//!
//! One automaton over a thousand patterns does not fit any sensible amount of memory and turns
//! slow. So each pattern is asked only where one of the words it cannot do without stands in the
//! text: the words of all patterns are looked for at once, and most texts contain very few.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind, Look};

/// Room for one compiled pattern and for the automaton that is built while searching, in bytes.
const COMPILED: usize = 8 << 20;
const AUTOMATON: usize = 1 << 20;

/// How far a pattern with a gap of any length (`.*`) may reach, in bytes: in a long text, words that
/// stand further apart have nothing to do with each other.
const REACH: usize = 600;

/// A gap of any length.
const GAP: &str = ".*";

/// How many beginnings of a match are tried until one does not reach too far.
const TRIES: usize = 4;

/// Shorter words stand in nearly every text and spare nothing.
const SHORTEST: usize = 3;

/// Patterns by number, compiled when they are first asked.
#[derive(Debug)]
pub(super) struct Patterns {
    sources: Vec<&'static str>,
    compiled: Vec<OnceLock<Option<Regex>>>,
    words: Option<AhoCorasick>,
    /// For each word the patterns that may match where it stands.
    needed_by: Vec<Vec<usize>>,
    /// The patterns that can match without any particular word.
    always: Vec<usize>,
    /// The patterns that match a text of nothing too.
    empty: Vec<usize>,
}

impl Patterns {
    /// Patterns, numbered in the order given.
    pub(super) fn new(sources: Vec<&'static str>) -> Self {
        let mut by_word: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
        let (mut always, mut empty) = (Vec::new(), Vec::new());
        for (number, source) in sources.iter().enumerate() {
            let parsed = parse(source);
            if parsed.as_ref().is_some_and(|parsed| parsed.properties().minimum_len() == Some(0)) {
                empty.push(number);
            }
            match parsed.as_ref().and_then(words_of) {
                Some(words) => {
                    for word in words {
                        by_word.entry(word.to_ascii_lowercase()).or_default().push(number);
                    }
                }
                None => always.push(number),
            }
        }
        let words = AhoCorasick::builder().ascii_case_insensitive(true).build(by_word.keys()).ok();
        if words.is_none() {
            always = (0..sources.len()).collect();
        }
        let compiled = sources.iter().map(|_| OnceLock::new()).collect();
        Self { sources, compiled, words, needed_by: by_word.into_values().collect(), always, empty }
    }

    /// The patterns that may match in a text, in order: a word of each stands in it.
    pub(super) fn candidates(&self, text: &[u8]) -> Vec<usize> {
        let mut candidates = self.always.clone();
        if text.is_empty() {
            candidates.extend(&self.empty);
        } else if let Some(words) = &self.words {
            for found in words.find_overlapping_iter(text) {
                candidates.extend(self.needed_by.get(found.pattern().as_usize()).into_iter().flatten());
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }

    /// Whether a pattern matches; one that does not compile never does.
    pub(super) fn is_match(&self, number: usize, text: &[u8]) -> bool {
        let Some(pattern) = self.pattern(number) else { return false };
        if text.len() <= REACH || !pattern.as_str().contains(GAP) {
            return pattern.is_match(text);
        }
        let mut from = 0;
        for _ in 0..TRIES {
            let Some(found) = pattern.find_at(text, from) else { return false };
            if found.len() <= REACH {
                return true;
            }
            from = found.start() + 1;
        }
        false
    }

    /// Whether a pattern asks for nothing at all.
    pub(super) fn is_wordless(&self, number: usize) -> bool {
        self.sources.get(number).is_some_and(|source| source.is_empty())
    }

    fn pattern(&self, number: usize) -> Option<&Regex> {
        let (source, compiled) = (self.sources.get(number)?, self.compiled.get(number)?);
        compiled.get_or_init(|| compile(source)).as_ref()
    }

    /// Every pattern, in the order of the numbers.
    #[cfg(test)]
    pub(super) fn sources(&self) -> impl Iterator<Item = &'static str> {
        self.sources.iter().copied()
    }

    /// The patterns that are asked of every text.
    #[cfg(test)]
    pub(super) fn asked_always(&self) -> impl Iterator<Item = &'static str> {
        self.always.iter().filter_map(|number| self.sources.get(*number).copied())
    }
}

/// Compiles a pattern as signatures mean it: bytes, ASCII classes, case ignored. With a gap of any
/// length the shortest match is the one that is measured.
pub(super) fn compile(pattern: &str) -> Option<Regex> {
    let shortest = pattern.contains(GAP);
    RegexBuilder::new(pattern)
        .swap_greed(shortest)
        .unicode(false)
        .case_insensitive(true)
        .size_limit(COMPILED)
        .dfa_size_limit(AUTOMATON)
        .build()
        .ok()
}

/// The structure of a pattern, if it has one.
fn parse(pattern: &str) -> Option<Hir> {
    ParserBuilder::new().utf8(false).unicode(false).build().parse(pattern).ok()
}

/// Words of which one stands in every text, other than an empty one, that the pattern matches, if there
/// are such words.
fn words_of(parsed: &Hir) -> Option<Vec<Vec<u8>>> {
    needed(parsed).filter(|words| words.iter().all(|word| word.len() >= SHORTEST))
}

fn needed(part: &Hir) -> Option<Vec<Vec<u8>>> {
    match part.kind() {
        HirKind::Literal(literal) => Some(vec![literal.0.to_vec()]),
        HirKind::Capture(capture) => needed(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => needed(&repetition.sub),
        HirKind::Concat(parts) => {
            let begins = parts.first().is_some_and(|first| is_look(first, Look::Start));
            let of = |(at, part): (usize, &Hir)| match part.kind() {
                // What `^(?:$|…)` was made of: nothing, or one of the others.
                HirKind::Alternation(others) if begins && at == 1 => one_of(others, |part| is_look(part, Look::End)),
                _ => needed(part),
            };
            parts.iter().enumerate().filter_map(of).max_by_key(|words| rarity(words))
        }
        HirKind::Alternation(parts) => one_of(parts, nothing_only),
        _ => None,
    }
}

/// The words of all alternatives that fit something.
fn one_of(alternatives: &[Hir], nothing: impl Fn(&Hir) -> bool) -> Option<Vec<Vec<u8>>> {
    let each: Option<Vec<Vec<Vec<u8>>>> = alternatives.iter().filter(|part| !nothing(part)).map(needed).collect();
    each.map(|words| words.into_iter().flatten().collect())
}

/// Whether a part is `^$`: it fits a text of nothing and no other.
fn nothing_only(part: &Hir) -> bool {
    matches!(part.kind(), HirKind::Concat(parts)
        if matches!(parts.as_slice(), [start, end] if is_look(start, Look::Start) && is_look(end, Look::End)))
}

fn is_look(part: &Hir, look: Look) -> bool {
    matches!(part.kind(), HirKind::Look(own) if *own == look)
}

/// Words that stand in many a line that tells of nothing: they spare less than their length says.
const FREQUENT: &[&str] = &[
    "error",
    "status",
    "http",
    "fail",
    "request",
    "timeout",
    "replica",
    "container",
    "deployment",
    "init",
    "model",
    "exit",
    "code",
    "server",
];

/// How seldom texts contain one of the words, roughly: long words are rare, and so are numbers.
fn rarity(words: &[Vec<u8>]) -> usize {
    let of = |word: &Vec<u8>| {
        let plain = String::from_utf8_lossy(word).trim().to_ascii_lowercase();
        match word.len() {
            length if length < SHORTEST => length,
            _ if FREQUENT.contains(&plain.as_str()) => SHORTEST,
            length if word.iter().any(u8::is_ascii_digit) => length * 2,
            length => length,
        }
    };
    words.iter().map(of).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(pattern: &str) -> Option<Vec<String>> {
        words_of(&parse(pattern)?).map(|words| words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect())
    }

    #[test]
    fn the_words_a_pattern_needs_are_read_off_it() {
        assert_eq!(words(r"\bfailed to \w+ the image$"), Some(vec![" the image".to_owned()]));
        assert_eq!(words("(?:alpha|beta)s? at"), Some(vec!["alpha".to_owned(), "beta".to_owned()]));
        assert_eq!(words(r"^\S+ +\d+"), None);
        assert_eq!(words("longword|x"), None);
        assert_eq!(words("^$|alpha"), Some(vec!["alpha".to_owned()]));
        assert_eq!(words("^$|^alpha|^beta"), Some(vec!["alpha".to_owned(), "beta".to_owned()]));
        assert_eq!(words(r"(?:error|status)\W{0,3}502\b"), Some(vec!["502".to_owned()]));
        assert_eq!(words(""), None);
    }

    #[test]
    fn a_gap_reaches_only_so_far() {
        let patterns = Patterns::new(vec!["image build.*conflict"]);
        let matches = |gap: usize| {
            patterns.is_match(0, format!("image build {} conflict, conflict {}", "x".repeat(gap), "y".repeat(REACH)).as_bytes())
        };
        assert!(matches(300) && !matches(2 * REACH));
        let later = format!("image build {} image build: conflict", "x".repeat(2 * REACH));
        assert!(patterns.is_match(0, later.as_bytes()));
    }

    #[test]
    fn a_text_of_nothing_is_asked_what_matches_it() {
        let patterns = Patterns::new(vec!["^$|gateway", "gateway", r"^\d+$"]);
        assert_eq!(patterns.candidates(b""), [0, 2]);
        assert_eq!(patterns.candidates(b"x"), [2]);
        assert_eq!(patterns.candidates(b"bad Gateway"), [0, 1, 2]);
    }

    #[test]
    fn only_patterns_with_a_word_in_the_text_are_asked() {
        let patterns = Patterns::new(vec!["no space left", r"^\d+ of \d+$", "Image .*gone", "(", "absent"]);
        let text = b"the IMAGE x is gone, No Space left";
        assert_eq!(patterns.candidates(text), [0, 2, 3]);
        let found: Vec<bool> = (0..6).map(|number| patterns.is_match(number, text)).collect();
        assert_eq!(found, [true, false, true, false, false, false]);
    }
}
