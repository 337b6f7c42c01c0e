//! How a rule puts a finding together: one builder, so that rules read as sentences.

use super::condition::Symptom;
use super::engine::{Held, Verdict};
use super::finding::{CauseId, Confidence, Evidence, Finding, Remedy};
use crate::domain::id::ResourceKey;
use crate::domain::text::Text;

impl Held {
    /// A finding about `of`, with nothing attached yet.
    pub fn new(cause: &str, of: &ResourceKey, confidence: Confidence, says: impl Into<Text>, headline: impl Into<Text>) -> Self {
        let finding = Finding {
            cause: CauseId::from(cause),
            resource: of.clone(),
            says: says.into(),
            confidence,
            evidence: Vec::new(),
            remedies: Vec::new(),
            leads_to: Vec::new(),
        };
        Self { finding, headline: headline.into(), asks: Vec::new() }
    }

    /// What it rests on, the decisive piece first.
    pub fn evidence(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        add(&mut self.finding.evidence, evidence);
        self
    }

    /// Ways out, the best first.
    pub fn remedies(mut self, remedies: impl IntoIterator<Item = Remedy>) -> Self {
        add(&mut self.finding.remedies, remedies);
        self
    }

    /// One more question: alternatives, of which one that is getting there is enough.
    pub fn asks(mut self, alternatives: impl IntoIterator<Item = Symptom>) -> Self {
        self.asks.push(alternatives.into_iter().collect());
        self
    }

    /// Several questions, each to be settled by itself.
    pub fn asks_each(mut self, questions: impl IntoIterator<Item = Vec<Symptom>>) -> Self {
        add(&mut self.asks, questions);
        self
    }

    /// The verdict of the rule.
    pub fn verdict(self) -> Verdict {
        Verdict::Held(Box::new(self))
    }
}

/// Puts `more` behind what is there; the first whole list is taken over instead of copied.
fn add<T>(list: &mut Vec<T>, more: impl IntoIterator<Item = T>) {
    if list.is_empty() {
        *list = more.into_iter().collect();
    } else {
        list.extend(more);
    }
}
