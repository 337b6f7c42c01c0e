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
        self.finding.evidence.extend(evidence);
        self
    }

    /// Ways out, the best first.
    pub fn remedies(mut self, remedies: impl IntoIterator<Item = Remedy>) -> Self {
        self.finding.remedies.extend(remedies);
        self
    }

    /// One more question: alternatives, of which one that is getting there is enough.
    pub fn asks(mut self, alternatives: impl IntoIterator<Item = Symptom>) -> Self {
        self.asks.push(alternatives.into_iter().collect());
        self
    }

    /// Several questions, each to be settled by itself.
    pub fn asks_each(mut self, questions: impl IntoIterator<Item = Vec<Symptom>>) -> Self {
        self.asks.extend(questions);
        self
    }

    /// The verdict of the rule.
    pub fn verdict(self) -> Verdict {
        Verdict::Held(Box::new(self))
    }
}
