//! What holdup itself saw change: a sample of current state misses a launch that failed and was
//! taken back, so the store keeps short, bounded series.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::id::ResourceKey;
use super::time::Timestamp;
use super::workload::Phase;

/// Series per resource. Bounded: see [`History::SAMPLES`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Sizes of node groups over time, oldest first; a sample only where something changed.
    #[serde(with = "pairs")]
    pub groups: BTreeMap<ResourceKey, VecDeque<GroupSample>>,
    /// Phases of workloads over time, oldest first.
    #[serde(with = "pairs")]
    pub phases: BTreeMap<ResourceKey, VecDeque<PhaseChange>>,
}

impl History {
    /// The most samples kept per resource.
    pub const SAMPLES: usize = 240;

    /// From so many resources on, those that are gone are forgotten.
    pub const RESOURCES: usize = 2_000;

    /// Since when the workload has been in its present phase, as far as holdup watched.
    pub fn phase_since(&self, workload: &ResourceKey) -> Option<&PhaseChange> {
        self.phases.get(workload)?.back()
    }
}

/// The size of a group at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSample {
    /// When.
    pub at: Timestamp,
    /// Asked for.
    pub desired: u32,
    /// In service.
    pub in_service: u32,
}

/// A workload entered a phase. `observed` is false for the first sight: it may have begun earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseChange {
    /// When holdup saw it first.
    pub at: Timestamp,
    /// The phase entered.
    pub phase: Phase,
    /// Whether the change itself was seen.
    pub observed: bool,
}

/// JSON has no maps with structured keys; these travel as lists of pairs.
pub(super) mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<K: Serialize, V: Serialize, S: Serializer>(map: &BTreeMap<K, V>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub fn deserialize<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<K, V>, D::Error> {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
    }
}
