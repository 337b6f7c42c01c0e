//! How far a deployment has come, from the sentences of its events. Pure.
//!
//! The published sentences bracket the model now with `[]`, now with `()`, and abnormal ones are
//! published in other words than they are sent, so both are matched loosely.

use super::wire::ServiceEvent;
use crate::domain::time::Timestamp;

/// A sentence's word, for [`crate::domain::event::Event::reason`].
const WORDS: &[(&str, &str)] = &[
    ("deployment timed out", "DeployTimedOut"),
    ("rollback failed", "RollbackFailed"),
    ("rolled back", "RolledBack"),
    ("failed to update", "UpdateFailed"),
    ("failed to create model image", "ImageBuildFailed"),
    ("failed to pull image", "ImagePullFailed"),
    ("failed to start the pod container", "ContainerFailed"),
    ("scheduling failed", "FailedScheduling"),
    ("insufficient", "Insufficient"),
    ("start to deploy service", "DeployBegun"),
    ("service is being updated", "UpdateBegun"),
    ("is being started", "StartBegun"),
    ("build image success", "ImageBuilt"),
    ("building image", "ImageBuilding"),
    ("prepare environment success", "Prepared"),
    ("preparing environment", "Preparing"),
    ("schedule resource success", "Scheduled"),
    ("pull image success", "Pulled"),
    ("pulling model image", "Pulling"),
    ("starting model", "Starting"),
];

/// The phases of a deployment, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Asked for; nothing has begun.
    Begun,
    /// The image is built.
    Building,
    /// The environment is prepared, and a place is looked for.
    Placing,
    /// The image is fetched.
    Pulling,
    /// The model starts.
    Starting,
}

impl Stage {
    /// In a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Begun => "asked for",
            Self::Building => "building the image",
            Self::Placing => "looking for a place",
            Self::Pulling => "pulling the image",
            Self::Starting => "starting the model",
        }
    }
}

/// The short word of an event.
pub fn word(event: &ServiceEvent) -> &'static str {
    let said = event.event_info.to_lowercase();
    let known = WORDS.iter().find(|(words, _)| said.contains(words)).map(|(_, word)| *word);
    known.unwrap_or(if is_abnormal(event) { "Abnormal" } else { "Normal" })
}

/// Whether an event is filed as abnormal, or tells of a failure all the same.
pub fn is_abnormal(event: &ServiceEvent) -> bool {
    event.event_type.eq_ignore_ascii_case("abnormal") || event.event_info.to_lowercase().starts_with("failed to")
}

/// Milliseconds as a moment.
pub fn moment(millis: Option<u64>) -> Option<Timestamp> {
    Timestamp::from_millisecond(i64::try_from(millis?).ok()?).ok()
}

/// The events of the present deployment, the oldest first: from its beginning on, whatever order
/// they came in. Events of one moment keep the order in which they tell of progress.
pub fn of_this_deployment(events: &[ServiceEvent]) -> Vec<&ServiceEvent> {
    let mut sorted: Vec<&ServiceEvent> = events.iter().collect();
    sorted.sort_by_key(|event| event.occur_time);
    let begun = sorted.iter().rposition(|event| matches!(word(event), "DeployBegun" | "UpdateBegun" | "StartBegun"));
    sorted.split_off(begun.unwrap_or_default())
}

/// How far the present deployment has come.
pub fn reached(events: &[ServiceEvent]) -> Stage {
    let stage = |event: &&ServiceEvent| match word(event) {
        "ImageBuilding" => Stage::Building,
        "ImageBuilt" | "Preparing" | "Prepared" | "FailedScheduling" | "Insufficient" => Stage::Placing,
        "Scheduled" | "Pulling" | "ImagePullFailed" => Stage::Pulling,
        "Pulled" | "Starting" | "ContainerFailed" => Stage::Starting,
        _ => Stage::Begun,
    };
    of_this_deployment(events).iter().map(stage).max().unwrap_or(Stage::Begun)
}
