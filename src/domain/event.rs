//! Things that happened: the raw material of the timeline.

use serde::{Deserialize, Serialize};

use super::id::ResourceKey;
use super::text::Text;
use super::time::Timestamp;

/// One thing that happened to one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// To what.
    pub of: ResourceKey,
    /// When last.
    pub at: Timestamp,
    /// When first, if it repeats.
    pub first_at: Option<Timestamp>,
    /// How often.
    pub count: u32,
    /// Whether it is a warning.
    pub warning: bool,
    /// The short machine word (`FailedScheduling`).
    pub reason: Text,
    /// The sentence.
    pub message: Text,
}
