//! A batch or task job does not get its workers.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::explain::condition::{Condition, Symptom};
use crate::explain::dialect::pick;
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::Confidence;
use crate::explain::placement::Waiting;
use crate::explain::unplaced;
use crate::explain::words::{count, of};
use crate::explain::world::World;

pub(super) const RULE: Rule =
    Rule { slug: "job_waiting", explains: Condition::JobWaiting, causes: &["cortex/update-stuck", "kubernetes/rollout-waiting"], check };

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let Some(job) = waiting.job else { return Verdict::Clear };
    let dead = job.counts.failed + job.counts.killed + job.counts.out_of_memory;
    if !job.phase.is_active() || (job.counts.unplaced() == 0 && job.counts.image_error == 0 && dead == 0) {
        return Verdict::Clear;
    }
    let mut asks = Vec::new();
    if job.counts.unplaced() > 0 {
        asks.extend(unplaced::asks(world, waiting));
    }
    if dead > 0 {
        asks.push(vec![Symptom::new(Condition::ReplicaDies, key)]);
    }
    if job.counts.image_error > 0 {
        asks.push(vec![Symptom::new(Condition::ImageMissing, key)]);
    }
    let at_work = job.counts.ready;
    let says = match job.counts.unplaced() {
        0 => format!("the job does not get ahead: {} of {} at work", at_work, count(job.workers, "worker")),
        unplaced => format!("{} workers of the job wait for a {}, {at_work} at work", of(unplaced, job.workers), waiting.need_word()),
    };
    let evidence = [
        world.evidence(waiting.source, key, "worker_counts.pending + stalled", job.counts.unplaced().to_string()),
        world.evidence(waiting.source, key, "worker_counts.ready", at_work.to_string()),
        world.evidence(waiting.source, key, "workers", job.workers.to_string()),
    ];
    Held::new(
        pick(waiting.workload, "cortex/update-stuck", "kubernetes/rollout-waiting"),
        key,
        world.confidence(waiting.source, Confidence::Certain),
        says.as_str(),
        says.as_str(),
    )
    .evidence(evidence)
    .asks_each(asks)
    .verdict()
}
