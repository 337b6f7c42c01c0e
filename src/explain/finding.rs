//! What an explanation is made of.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::id::{ResourceKey, SourceId};
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp, age, words};

/// A cause's id: `platform/kebab-slug`, stable for ever, never reused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CauseId(pub String);

impl CauseId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for CauseId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl fmt::Display for CauseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Fits what is seen; so would other things.
    Possible,
    /// The best reading of what is seen.
    Likely,
    /// The evidence says so itself.
    Certain,
}

/// How much a remedy can hurt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Only looks.
    Inspect,
    /// Changes something that nobody will miss.
    Low,
    /// Changes the system.
    Mutating,
    /// May interrupt service or lose something.
    Destructive,
}

/// One way out: text, and a command to copy. holdup never runs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    /// What to do and what it costs.
    pub text: Text,
    /// The command, complete with context (region, profile, environment, names).
    pub command: Option<Text>,
    /// How much it can hurt.
    pub risk: Risk,
}

/// What a finding rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Who said it.
    pub source: SourceId,
    /// Of what.
    pub resource: ResourceKey,
    /// The field, as the service names it (`StatusMessage`, `replica_counts.stalled`).
    pub field: Text,
    /// The value as read.
    pub value: Text,
    /// When it was read, or when it happened if the record says so.
    pub observed_at: Timestamp,
}

/// One link of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The cause in the catalogue.
    pub cause: CauseId,
    /// What it is about.
    pub resource: ResourceKey,
    /// The sentence for this case, with its numbers.
    pub says: Text,
    /// How sure.
    pub confidence: Confidence,
    /// What it rests on, the decisive piece first.
    pub evidence: Vec<Evidence>,
    /// Ways out, the best first.
    pub remedies: Vec<Remedy>,
    /// Causes beneath it (ids of other findings of the same explanation).
    pub leads_to: Vec<CauseId>,
}

/// A finding at its depth in the chain, for display: 0 is the symptom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Nesting depth.
    pub depth: usize,
    /// The finding, one for all workloads whose chains lead through it.
    pub finding: Arc<Finding>,
}

/// What could not be told, and what would unlock it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Missing {
    /// The source that could not be read.
    pub source: SourceId,
    /// The question that stays open because of it (`whether the vCPU quota is used up`).
    pub question: Text,
    /// Why it could not be read.
    pub why: Text,
    /// The permission or setting that would unlock it.
    pub unlock: Text,
}

/// The answer for one workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing holds it up (it is live, or it is getting there).
    Clear,
    /// Something does.
    Held,
    /// It does not finish, and the reason could not be read.
    CannotTell,
}

/// How a rollout that is not held up is getting on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Where it is (`node joining`), in a few words.
    pub stage: Text,
    /// How long it has been there.
    pub elapsed: Duration,
    /// How long that takes when it goes quickly.
    #[serde(default)]
    pub least: Duration,
    /// How long that usually takes at most.
    pub usual: Duration,
}

impl Progress {
    /// Whether it takes longer than usual: no longer normal, and nothing that holds it up.
    pub fn is_slow(&self) -> bool {
        self.elapsed > self.usual
    }

    /// How long it is normally, in words: `2–5 min`.
    pub fn span(&self) -> String {
        super::words::span(self.least, self.usual)
    }

    /// What is left if all goes as usual.
    pub fn remaining(&self) -> Duration {
        self.usual.saturating_sub(self.elapsed)
    }
}

/// What is normal for a rollout like this one, and until when it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// How long it takes when it goes quickly.
    pub least: Duration,
    /// How long it usually takes at most.
    pub most: Duration,
    /// When that time was, or will be, over.
    pub until: Timestamp,
}

/// What a workload that was held up was freed by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freed {
    /// What held it up.
    pub root: CauseId,
    /// That in a few words.
    pub was: Text,
    /// Since when it was held up.
    pub since: Option<Timestamp>,
    /// When it was seen to be free.
    pub at: Timestamp,
    /// What happened then (`node ip-10-0-3-7 joined`), where something is known.
    pub by: Option<Text>,
}

impl Freed {
    /// `freed itself after 12 min when node ip-10-0-3-7 joined (was: G vCPU quota 4, all in use)`.
    pub fn says(&self) -> Text {
        let after = self.since.map(|since| format!(" after {}", words(age(self.at, since)))).unwrap_or_default();
        let by = self.by.as_ref().map(|by| format!(" when {by}")).unwrap_or_default();
        format!("freed itself{after}{by} (was: {})", self.was).into()
    }
}

/// Why one workload does not finish, or that it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Which workload.
    pub workload: ResourceKey,
    /// The answer.
    pub verdict: Verdict,
    /// Since when it has been held up (or has been updating).
    pub since: Option<Timestamp>,
    /// The deepest cause with the highest confidence.
    pub root: Option<CauseId>,
    /// Further independent roots.
    pub also: Vec<CauseId>,
    /// The root in a few words, for a table cell (`G vCPU quota 4, all in use`).
    pub headline: Text,
    /// The chain from symptom to roots, in reading order.
    pub chain: Vec<Link>,
    /// What could not be told.
    pub missing: Vec<Missing>,
    /// How it is getting on, while nothing holds it up.
    pub progress: Option<Progress>,
    /// What is normal for its rollout, while one goes on.
    #[serde(default)]
    pub pace: Option<Pace>,
    /// Why its next update would not finish, for one that is well now.
    #[serde(default)]
    pub next_update: Option<Text>,
    /// What freed it, for a while after it was held up.
    #[serde(default)]
    pub freed: Option<Freed>,
}

/// Explanations of all workloads.
pub type Explanations = BTreeMap<ResourceKey, Explanation>;
