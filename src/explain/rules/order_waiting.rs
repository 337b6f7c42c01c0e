//! An order that was placed with a network and not taken: fresh ones wait, older ones have a reason.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::domain::job::JobPhase;
use crate::domain::time::{Duration, age, words};
use crate::explain::condition::{Condition, Symptom};
use crate::explain::dialect;
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{Confidence, Progress};
use crate::explain::placement::Waiting;
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule { slug: "order_waiting", explains: Condition::JobWaiting, causes: &["gateway/pending"], check };

/// How long a network that has taken a job may need to start it.
const STARTS_WITHIN: Duration = Duration::from_mins(10);

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let Some(job) = waiting.job.filter(|job| job.phase == JobPhase::Pending) else { return Verdict::Clear };
    if waiting.workload.platform.as_str() != dialect::GATEWAY {
        return Verdict::Clear;
    }
    let elapsed = job.started_at.map(|made| age(world.now, made)).unwrap_or_default();
    let taken = job.counts.creating > 0;
    let (stage, usual) =
        if taken { ("a provider has it, starting", STARTS_WITHIN) } else { ("waiting for a provider", waiting.workload.usual_rollout) };
    if elapsed <= usual {
        return Verdict::Moving(Progress { stage: stage.into(), elapsed, usual });
    }
    let says = format!("the job is {} after {}", job.native, words(elapsed));
    let made = job.started_at.map(|made| world.evidence(waiting.source, &waiting.workload.key, "createdAt", made.to_string()));
    Held::new("gateway/pending", &waiting.workload.key, world.confidence(waiting.source, Confidence::Certain), says.as_str(), says.as_str())
        .evidence([world.evidence(waiting.source, &waiting.workload.key, "status", job.native.clone())])
        .evidence(made)
        .remedies(Fill::of(world, &key.context).known_of(waiting.workload).remedies("gateway/pending"))
        .asks([Symptom::new(Condition::ReplicaUnplaced, key)])
        .verdict()
}
