//! A workload: one API, endpoint or service that is deployed, updated and asked for answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::capacity::Resources;
use super::id::ResourceKey;
use super::job::Job;
use super::text::Text;
use super::time::{Duration, Timestamp};

/// One workload as its platform describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workload {
    /// Its identity.
    pub key: ResourceKey,
    /// The platform's id, such as `cortex`.
    pub platform: Text,
    /// The platform's kind in a short word: `realtime`, `async`, `batch`, `task`, `splitter`.
    pub kind: Text,
    /// What it does, whatever the platform calls it.
    pub role: Role,
    /// Where it stands.
    pub status: Status,
    /// Copies by state. `None` where the platform has none (splitters) or was not asked yet.
    pub replicas: Option<ReplicaCounts>,
    /// What one replica asks of the scheduler, if the specification was read.
    pub demand: Option<Resources>,
    /// Node groups it is pinned to; empty means any.
    pub pinned_groups: Vec<Text>,
    /// How an update replaces replicas.
    pub strategy: Option<UpdateStrategy>,
    /// Replica bounds of its autoscaler.
    pub bounds: Option<ReplicaBounds>,
    /// Versions, newest first; the first is the one being rolled out.
    pub versions: Vec<Version>,
    /// Where a router sends traffic.
    pub targets: Vec<TrafficTarget>,
    /// Jobs, newest first.
    pub jobs: Vec<Job>,
    /// When the last deploy happened.
    pub deployed_at: Option<Timestamp>,
    /// Where requests go.
    pub endpoint: Option<Text>,
    /// What the platform itself says is wrong with it, the weightiest first; empty where all is well.
    #[serde(default)]
    pub messages: Vec<PlatformMessage>,
    /// What one replica counts in which quota, where the platform shows no machines and only the quota limits.
    #[serde(default)]
    pub quota_demand: Option<QuotaDemand>,
    /// How long this platform's rollouts take when nothing is wrong.
    pub usual_rollout: Duration,
    /// What somebody would type to see the same, context included; `Y` copies it.
    pub reproduce: Text,
    /// What else its platform's own commands need, by the catalogue's name for it (`scoring_uri`, `log_group`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<Text, Text>,
}

impl Workload {
    /// Surge and unavailable as absolute numbers, rounded as Kubernetes rounds them (surge up,
    /// unavailable down, both zero becomes unavailable 1).
    pub fn surge_and_unavailable(&self) -> Option<(u32, u32)> {
        let desired = self.replicas.as_ref()?.desired?;
        Some(self.strategy.as_ref()?.resolve(desired))
    }
}

/// A sentence of the platform about a workload: an error of the last operation, the reason of a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformMessage {
    /// Where it stands, as the service names the field (`error.message`, `deployments.GPUModel.message`).
    pub field: Text,
    /// The sentence.
    pub text: Text,
    /// A code that came with it, where there is one.
    pub code: Option<Text>,
    /// When it was said, where the service tells.
    pub at: Option<Timestamp>,
}

/// What replicas count in a quota of a platform that shows no machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaDemand {
    /// The quota.
    pub quota: ResourceKey,
    /// What one replica counts, in the quota's unit.
    pub each: u64,
    /// What an update needs on top of all replicas, in percent of them.
    pub update_reserve_percent: u32,
    /// Whether the quota must hold every replica of a new version beside the old one.
    pub side_by_side: bool,
}

/// What a workload does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Answers requests.
    Serving,
    /// Runs jobs to completion.
    Jobs,
    /// Sends requests on to other workloads.
    Router,
}

/// The common status beside the platform's own word, which is never lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The common phase.
    pub phase: Phase,
    /// The platform's own word, or what its own CLI would print.
    pub native: Text,
    /// Since when the phase holds, as far as anybody knows.
    pub since: Option<Timestamp>,
    /// Whether any replica, old or new, answers requests.
    pub serving: bool,
}

/// The phases all platforms share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// All that was asked for is ready and current.
    Live,
    /// Serving, with fewer replicas than asked for.
    Short,
    /// An update or a first start is going on.
    Updating,
    /// The platform itself says that it failed.
    Failed,
    /// At zero replicas on purpose.
    Zero,
    /// Nothing to do (no job running).
    Idle,
    /// Going away.
    Stopping,
    /// A state holdup does not know; the native word says it.
    Unrecognized,
}

/// Replicas by state. A count that the platform does not give is `None` only for `desired`;
/// the others are zero, because every platform that gives any gives all it knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaCounts {
    /// How many there should be.
    pub desired: Option<u32>,
    /// New and ready.
    pub ready: u32,
    /// Old (previous version) and ready.
    pub ready_old: u32,
    /// Of the current version, in whatever state.
    pub up_to_date: u32,
    /// Waiting for a place.
    pub pending: u32,
    /// Waiting for a place for longer than the platform finds normal.
    pub stalled: u32,
    /// Placed; image and containers being set up.
    pub creating: u32,
    /// Running, readiness not reached.
    pub not_ready: u32,
    /// Image cannot be pulled.
    pub image_error: u32,
    /// Exited with an error.
    pub failed: u32,
    /// Killed by a signal.
    pub killed: u32,
    /// Killed or evicted for memory.
    pub out_of_memory: u32,
    /// Going away.
    pub terminating: u32,
    /// In a state holdup does not know.
    pub unknown: u32,
}

impl ReplicaCounts {
    /// Ready in either version.
    pub fn serving(&self) -> u32 {
        self.ready.saturating_add(self.ready_old)
    }

    /// Waiting for a place, for however long.
    pub fn unplaced(&self) -> u32 {
        self.pending.saturating_add(self.stalled)
    }

    /// Broken by themselves: image, crash, memory.
    pub fn broken(&self) -> u32 {
        [self.failed, self.killed, self.out_of_memory].into_iter().fold(self.image_error, u32::saturating_add)
    }
}

/// `max_surge` and `max_unavailable`, as configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateStrategy {
    /// Extra replicas allowed during an update.
    pub max_surge: Amount,
    /// Missing replicas allowed during an update.
    pub max_unavailable: Amount,
}

impl UpdateStrategy {
    /// (surge, unavailable) for `desired` replicas. Source: the Deployment controller's rule.
    pub fn resolve(self, desired: u32) -> (u32, u32) {
        let surge = self.max_surge.of(desired, true);
        let unavailable = self.max_unavailable.of(desired, false);
        if surge == 0 && unavailable == 0 { (0, 1) } else { (surge, unavailable) }
    }
}

/// A count or a percentage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Amount {
    /// So many.
    Count(u32),
    /// So many of a hundred.
    Percent(u32),
}

impl Amount {
    fn of(self, total: u32, up: bool) -> u32 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => {
                let hundredths = u64::from(total) * u64::from(percent);
                let whole = if up { hundredths.div_ceil(100) } else { hundredths / 100 };
                u32::try_from(whole).unwrap_or(u32::MAX)
            }
        }
    }
}

/// Replica bounds of an autoscaler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaBounds {
    /// Never fewer.
    pub min: u32,
    /// Never more.
    pub max: u32,
}

/// One deployed version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The platform's id of it.
    pub id: Text,
    /// When it was deployed.
    pub deployed_at: Option<Timestamp>,
    /// Share of the traffic in percent, where the platform splits it.
    pub traffic: Option<u32>,
}

/// One target of a router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficTarget {
    /// The workload's name.
    pub workload: Text,
    /// Share in percent.
    pub weight: u32,
    /// Gets a copy of the traffic and answers to nobody.
    pub shadow: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surge_rounds_up_and_unavailable_down() {
        let default = UpdateStrategy { max_surge: Amount::Percent(25), max_unavailable: Amount::Percent(25) };
        let cases = [(1, (1, 0)), (3, (1, 0)), (4, (1, 1)), (5, (2, 1)), (8, (2, 2))];
        for (desired, expected) in cases {
            assert_eq!(default.resolve(desired), expected, "{desired} replicas");
        }
        let none = UpdateStrategy { max_surge: Amount::Count(0), max_unavailable: Amount::Percent(25) };
        assert_eq!(none.resolve(1), (0, 1), "both zero lets one go");
    }
}
