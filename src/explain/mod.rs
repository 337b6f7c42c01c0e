//! Why is this rollout not finishing? Pure: a snapshot and the time go in, explanations come out.
//!
//! Two kinds of knowledge: causes are data (`causes/<platform>.toml`), rules are code
//! (`rules/<slug>.rs`, one a file). Nothing here does IO, reads a clock or can fail.

mod autoscaler;
mod broken;
pub mod catalogue;
mod changes;
mod commands;
pub mod condition;
mod demanded;
mod dialect;
mod durations;
mod enablement;
pub mod engine;
mod fill;
pub mod finding;
pub mod fit;
pub mod fronts;
mod held;
pub mod inside;
mod known;
mod node_story;
mod obstacle;
mod placement;
mod places;
mod refusal;
pub mod report;
mod roster;
pub mod rules;
pub mod scheduler;
mod shape;
pub mod signature;
mod since;
pub mod source_health;
pub mod survey;
mod tally;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod troubles;
mod unplaced;
mod verdict;
pub mod weigh;
mod words;
pub mod world;

pub use changes::changes;
pub use finding::{
    CauseId, Confidence, Evidence, Explanation, Explanations, Finding, Freed, Link, Missing, Progress, Remedy, Risk, Verdict,
};
pub use source_health::context_health;
pub use verdict::run;
