//! A replica runs and never answers its readiness probe. Loading a model takes time: slow is not
//! stuck, and an estimate comes before an alarm.

use super::Rule;
use super::crash::way_back;
use super::unfinished::is_satisfied;
use crate::domain::id::ResourceKey;
use crate::domain::time::{age, words};
use crate::domain::workload::Phase;
use crate::explain::broken;
use crate::explain::condition::{Condition, Symptom};
use crate::explain::dialect::{self, pick};
use crate::explain::durations;
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::Confidence;
use crate::explain::placement::{self, Waiting};
use crate::explain::troubles::Trouble;
use crate::explain::words::{count, span};
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule {
    slug: "never_ready",
    explains: Condition::ProbeFails,
    causes: &["cortex/update-never-ready", "kubernetes/probe-readiness"],
    check,
};

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let Some(counts) = waiting.workload.replicas else { return Verdict::Clear };
    // Where replicas are known one by one, the probe itself tells.
    if waiting.job.is_none() && !broken::replicas(world, key, Trouble::Probe).is_empty() {
        return Verdict::Clear;
    }
    if counts.not_ready == 0 || is_satisfied(&counts) {
        return Verdict::Clear;
    }
    let (platform, phase) = (&waiting.workload.platform, waiting.workload.status.phase);
    // What the platform itself calls failed starts no more, and whether it still runs nobody says.
    if dialect::tells_stages(platform) && phase == Phase::Failed {
        return Verdict::Clear;
    }
    let elapsed = waiting.since(world).map(|since| age(world.now, since)).unwrap_or_default();
    let typical = durations::start(waiting.workload, waves(world, waiting, counts.ready));
    if elapsed < typical.stuck {
        return typical.moving("starting, not ready yet", elapsed);
    }
    // Its own events say more than its counts.
    if dialect::tells_stages(platform) && phase == Phase::Updating {
        return Verdict::Clear;
    }
    let affected = count(counts.not_ready, waiting.unit());
    let confidence = if counts.ready == 0 { Confidence::Certain } else { Confidence::Likely };
    Held::new(
        pick(waiting.workload, "cortex/update-never-ready", "kubernetes/probe-readiness"),
        key,
        world.confidence(waiting.source, confidence),
        format!(
            "the new version runs but does not get ready ({affected}, for {}; typically it takes {})",
            words(elapsed),
            span(typical.least, typical.most)
        ),
        format!("runs, never ready ({affected})"),
    )
    .evidence([
        world.evidence(waiting.source, key, "replica_counts.not_ready", counts.not_ready.to_string()),
        world.evidence(waiting.source, key, "replica_counts.ready", counts.ready.to_string()),
    ])
    .remedies(way_back(world, waiting, "see whether it still loads or listens on another port than pod.port"))
    .asks([Symptom::new(Condition::LogTells, key)])
    .verdict()
}

/// A rollout comes in waves of surge plus unavailable; while none is through, one is expected.
pub(super) fn waves(world: &World<'_>, waiting: Waiting<'_>, ready: u32) -> u32 {
    let (surge, unavailable, _) = placement::surge(world, waiting.workload);
    let desired = waiting.workload.replicas.and_then(|counts| counts.desired).unwrap_or(1);
    if ready == 0 { 1 } else { desired.div_ceil(surge.saturating_add(unavailable).max(1)).clamp(1, 4) }
}
