//! Why is this rollout not finishing? Pure: a snapshot and the time go in, explanations come out.
//!
//! Two kinds of knowledge: causes are data (`causes/<platform>.toml`), rules are code
//! (`rules/<slug>.rs`, one a file). Nothing here does IO, reads a clock or can fail.

pub mod catalogue;
pub mod finding;
pub mod signature;

pub use finding::{CauseId, Confidence, Evidence, Explanation, Explanations, Finding, Link, Missing, Progress, Remedy, Risk, Verdict};
