//! Which of several recognised causes is the one: wrappers step back, certainty goes first.

use std::collections::BTreeSet;

use super::super::catalogue::Catalogue;
use super::super::finding::Confidence;
use super::set::lower;

/// A cause that a text fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Its position in the catalogue.
    pub position: usize,
    /// How well it fits.
    pub confidence: Confidence,
    /// Whether it is news rather than trouble.
    pub benign: bool,
    /// Whether it belongs to another platform than the text.
    pub foreign: bool,
}

/// Who steps back behind whom, followed through to the end.
#[derive(Debug, Default)]
pub(super) struct Preferences {
    /// For each cause, the positions of those that step back behind it.
    over: Vec<BTreeSet<usize>>,
}

impl Preferences {
    /// Follows `prefer_over` of every cause transitively.
    pub(super) fn new(catalogue: &Catalogue) -> Self {
        let direct: Vec<Vec<usize>> =
            catalogue.all().iter().map(|cause| cause.prefer_over.iter().filter_map(|id| catalogue.position(id)).collect()).collect();
        let reach = |from: usize| {
            let mut seen = BTreeSet::new();
            let mut open = vec![from];
            while let Some(at) = open.pop() {
                for next in direct.get(at).into_iter().flatten() {
                    if seen.insert(*next) {
                        open.push(*next);
                    }
                }
            }
            seen
        };
        Self { over: (0..direct.len()).map(reach).collect() }
    }

    /// Whether `one` makes `other` step back.
    fn beats(&self, one: &Candidate, other: &Candidate) -> bool {
        // What is merely possible does not push away what the text says outright.
        let weighty = one.confidence != Confidence::Possible || other.confidence == Confidence::Possible;
        weighty && self.names(one.position, other.position)
    }

    /// Whether the cause at `one` is preferred over the one at `other`, directly or by way of others.
    pub(super) fn names(&self, one: usize, other: usize) -> bool {
        self.over.get(one).is_some_and(|over| over.contains(&other))
    }

    /// The causes that remain, the one to name first.
    pub(super) fn decide(&self, found: &[Candidate]) -> Vec<Candidate> {
        let mut left: Vec<Candidate> = found.iter().filter(|other| !found.iter().any(|one| self.beats(one, other))).copied().collect();
        left.sort_by_key(|candidate| (std::cmp::Reverse(candidate.confidence), candidate.benign, candidate.foreign, candidate.position));
        let best = left.first().map(|first| first.confidence);
        // Beside something better, the merely possible is noise.
        left.retain(|candidate| Some(candidate.confidence) == best || candidate.confidence != Confidence::Possible);
        if let [first, second, ..] = left.as_mut_slice()
            && first.confidence == second.confidence
            && (first.benign, first.foreign) == (second.benign, second.foreign)
        {
            first.confidence = lower(first.confidence);
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cause_steps_back_behind_itself() {
        let catalogue = Catalogue::shared();
        let preferences = Preferences::new(catalogue);
        for (at, over) in preferences.over.iter().enumerate() {
            assert!(!over.contains(&at), "{} is preferred over itself by way of others", catalogue.all()[at].id);
        }
    }
}
