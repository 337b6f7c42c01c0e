//! Conditions, as nearly every object lists them.

use serde_json::Value;

use super::super::tree::Fields;
use crate::domain::condition::StatusCondition;
use crate::domain::text::Text;

/// Bytes of one condition's message that are kept.
const MESSAGE: usize = 2_048;

/// The conditions of a status.
pub fn conditions(status: &Value) -> Vec<StatusCondition> {
    status.list("conditions").iter().map(condition).filter(|condition| !condition.name.is_empty()).collect()
}

fn condition(tree: &Value) -> StatusCondition {
    StatusCondition {
        name: tree.word("type"),
        holds: match tree.at("status").as_str() {
            Some("True") => Some(true),
            Some("False") => Some(false),
            _ => None,
        },
        reason: tree.word("reason"),
        message: message(tree),
        since: tree.time("lastTransitionTime"),
    }
}

/// A message, bounded.
pub fn message(tree: &Value) -> Text {
    match tree.at("message").as_str() {
        None | Some("") => tree.word("message"),
        Some(message) => Text::clean_to(message, MESSAGE),
    }
}
