//! Status of a serving API: counts only from 0.40 on, a code with two sets of counts before.

use serde::Deserialize;

use super::lenient;

/// `status` of 0.40 and later.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ModernStatus {
    /// Ready replicas, old and new.
    #[serde(deserialize_with = "lenient::count")]
    pub ready: u32,
    /// All live replicas, old and surge included: **not** how many there should be.
    #[serde(deserialize_with = "lenient::count")]
    pub requested: u32,
    /// Replicas of the current version, in whatever state.
    #[serde(deserialize_with = "lenient::count")]
    pub up_to_date: u32,
    /// Only in answers to `/describe`.
    #[serde(deserialize_with = "lenient::if_readable")]
    pub replica_counts: Option<ModernCounts>,
}

/// `status.replica_counts` of 0.40 and later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ModernCounts {
    /// How many there should be.
    #[serde(deserialize_with = "lenient::count")]
    pub requested: u32,
    /// Waiting for a place.
    #[serde(deserialize_with = "lenient::count")]
    pub pending: u32,
    /// Containers being set up.
    #[serde(deserialize_with = "lenient::count")]
    pub creating: u32,
    /// Running, not ready.
    #[serde(deserialize_with = "lenient::count")]
    pub not_ready: u32,
    /// Ready, current version.
    #[serde(deserialize_with = "lenient::count")]
    pub ready: u32,
    /// Ready, previous version.
    #[serde(deserialize_with = "lenient::count")]
    pub ready_out_of_date: u32,
    /// Image cannot be pulled.
    #[serde(deserialize_with = "lenient::count")]
    pub err_image_pull: u32,
    /// Going away, old and new.
    #[serde(deserialize_with = "lenient::count")]
    pub terminating: u32,
    /// Exited with an error.
    #[serde(deserialize_with = "lenient::count")]
    pub failed: u32,
    /// Killed by a signal.
    #[serde(deserialize_with = "lenient::count")]
    pub killed: u32,
    /// Killed or evicted for memory, up to two hours ago.
    #[serde(deserialize_with = "lenient::count")]
    pub killed_oom: u32,
    /// Unschedulable for 15 minutes.
    #[serde(deserialize_with = "lenient::count")]
    pub stalled: u32,
    /// Anything else.
    #[serde(deserialize_with = "lenient::count")]
    pub unknown: u32,
}

/// `status` of 0.22 to 0.39.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LegacyStatus {
    /// `status_live`, `status_updating`, …
    #[serde(deserialize_with = "lenient::string")]
    pub status_code: String,
    /// The API's name.
    #[serde(deserialize_with = "lenient::string")]
    pub api_name: String,
    /// The current version's id.
    #[serde(deserialize_with = "lenient::string")]
    pub api_id: String,
    /// Both sets of counts.
    #[serde(deserialize_with = "lenient::or_default")]
    pub replica_counts: LegacyReplicaCounts,
}

/// `status.replica_counts` of 0.22 to 0.39.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LegacyReplicaCounts {
    /// Replicas of the current version.
    #[serde(deserialize_with = "lenient::or_default")]
    pub updated: LegacyCounts,
    /// Replicas of previous versions.
    #[serde(deserialize_with = "lenient::or_default")]
    pub stale: LegacyCounts,
    /// How many there should be.
    #[serde(deserialize_with = "lenient::count")]
    pub requested: u32,
}

/// One set of counts of 0.22 to 0.39.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LegacyCounts {
    /// Waiting, for whatever.
    #[serde(deserialize_with = "lenient::count")]
    pub pending: u32,
    /// Containers being set up, or not ready yet.
    #[serde(deserialize_with = "lenient::count")]
    pub initializing: u32,
    /// Ready.
    #[serde(deserialize_with = "lenient::count")]
    pub ready: u32,
    /// Image cannot be pulled.
    #[serde(deserialize_with = "lenient::count")]
    pub err_image_pull: u32,
    /// Going away.
    #[serde(deserialize_with = "lenient::count")]
    pub terminating: u32,
    /// Exited with an error.
    #[serde(deserialize_with = "lenient::count")]
    pub failed: u32,
    /// Killed by a signal.
    #[serde(deserialize_with = "lenient::count")]
    pub killed: u32,
    /// Killed or evicted for memory.
    #[serde(deserialize_with = "lenient::count")]
    pub killed_oom: u32,
    /// Pending for 10 minutes (15 from 0.33 on) since creation.
    #[serde(deserialize_with = "lenient::count")]
    pub stalled: u32,
    /// Anything else.
    #[serde(deserialize_with = "lenient::count")]
    pub unknown: u32,
}

impl LegacyCounts {
    /// All replicas of the set, in whatever state.
    pub fn total(&self) -> u32 {
        [
            self.pending,
            self.initializing,
            self.ready,
            self.err_image_pull,
            self.terminating,
            self.failed,
            self.killed,
            self.killed_oom,
            self.stalled,
            self.unknown,
        ]
        .into_iter()
        .fold(0, u32::saturating_add)
    }
}
