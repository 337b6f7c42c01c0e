//! What an object says of itself: a named condition that holds, does not hold, or is unknown.
//!
//! Whether "true" is good depends on the condition; that is for the explanations to know.

use serde::{Deserialize, Serialize};

use super::text::Text;
use super::time::Timestamp;

/// One condition of a rollout, replica, node, scaler or pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusCondition {
    /// Its name, such as `Progressing` or `DiskPressure`.
    pub name: Text,
    /// Whether it holds; `None` when the object says that it does not know.
    pub holds: Option<bool>,
    /// The short machine word.
    pub reason: Text,
    /// The sentence.
    pub message: Text,
    /// Since when it has been like this.
    pub since: Option<Timestamp>,
}

/// The condition of that name.
pub fn named<'a>(conditions: &'a [StatusCondition], name: &str) -> Option<&'a StatusCondition> {
    conditions.iter().find(|condition| condition.name.as_str() == name)
}
