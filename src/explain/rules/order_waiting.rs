//! An order that was placed with a network and not taken: fresh ones wait, older ones have a reason.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::domain::job::JobPhase;
use crate::domain::time::{age, words};
use crate::explain::condition::{Condition, Symptom};
use crate::explain::dialect;
use crate::explain::durations::{self, Stage};
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::Confidence;
use crate::explain::placement::Waiting;
use crate::explain::words::span;
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule { slug: "order_waiting", explains: Condition::JobWaiting, causes: &["gateway/pending"], check };

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let Some(job) = waiting.job.filter(|job| job.phase == JobPhase::Pending) else { return Verdict::Clear };
    if waiting.workload.platform.as_str() != dialect::GATEWAY {
        return Verdict::Clear;
    }
    let elapsed = job.started_at.map(|made| age(world.now, made)).unwrap_or_default();
    let taken = job.counts.creating > 0;
    let (words_of_stage, stage) =
        if taken { ("a provider has it, starting", Stage::Start) } else { ("waiting for a provider", Stage::Offer) };
    let typical = durations::of(dialect::GATEWAY, stage);
    if elapsed <= typical.stuck {
        return typical.moving(words_of_stage, elapsed);
    }
    let says =
        format!("the job is still {} after {}; typically it takes {}", job.native, words(elapsed), span(typical.least, typical.most));
    let made = job.started_at.map(|made| world.evidence(waiting.source, &waiting.workload.key, "createdAt", made.to_string()));
    Held::new("gateway/pending", &waiting.workload.key, world.confidence(waiting.source, Confidence::Certain), says.as_str(), says.as_str())
        .evidence([world.evidence(waiting.source, &waiting.workload.key, "status", job.native.clone())])
        .evidence(made)
        .remedies(Fill::of(world, &key.context).known_of(waiting.workload).remedies("gateway/pending"))
        .asks([Symptom::new(Condition::ReplicaUnplaced, key)])
        .verdict()
}
