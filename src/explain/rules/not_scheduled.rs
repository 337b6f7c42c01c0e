//! The scheduler has not looked at the replica: gates hold it back, or it waits for a scheduler of
//! its own that does not answer.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::domain::replica::Replica;
use crate::domain::time::{Duration, age, words};
use crate::explain::condition::Condition;
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::Confidence;
use crate::explain::words::list;
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule {
    slug: "not_scheduled",
    explains: Condition::NodesRefuse,
    causes: &["kubernetes/sched-gated", "kubernetes/sched-no-scheduler"],
    check,
};

/// A scheduler that has not said a word after this is not there.
const SILENT: Duration = Duration::from_mins(1);

/// Whether this explains the wait.
pub(crate) fn applies(world: &World<'_>, replica: &Replica) -> bool {
    !replica.placement.gates.is_empty() || is_unseen(world, replica)
}

fn is_unseen(world: &World<'_>, replica: &Replica) -> bool {
    let silent = replica.created_at.is_some_and(|at| age(world.now, at) > SILENT);
    let told = replica.reason.is_some() || crate::domain::condition::named(&replica.conditions, "PodScheduled").is_some();
    silent && !told && world.event(&replica.key, &["FailedScheduling", "Scheduled", "NotTriggerScaleUp", "TriggeredScaleUp"]).is_none()
}

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((source, replica)) = world.replica(key) else { return Verdict::Clear };
    let placement = &replica.placement;
    let fill = Fill::of(world, &key.context).replica(replica);
    if !placement.gates.is_empty() {
        let gates = list(&placement.gates.iter().map(crate::domain::text::Text::as_str).collect::<Vec<_>>());
        let says = format!(
            "the scheduler may not look at it yet: the gate {gates} is not lifted. Who set the gate lifts it, mostly a queue with no room"
        );
        return Held::new(
            "kubernetes/sched-gated",
            key,
            world.confidence(source, Confidence::Certain),
            says,
            format!("held back by gate {gates}"),
        )
        .evidence([world.evidence(source, key, "spec.schedulingGates", gates.as_str())])
        .remedies(fill.remedies("kubernetes/sched-gated"))
        .verdict();
    }
    if !is_unseen(world, replica) {
        return Verdict::Clear;
    }
    let waited = replica.created_at.map(|at| words(age(world.now, at))).unwrap_or_default();
    let named = !placement.scheduler.is_empty() && placement.scheduler.as_str() != "default-scheduler";
    let who = if named { placement.scheduler.as_str() } else { "default-scheduler" };
    let says = format!("no scheduler has said a word about it in {waited}: it waits for {who}");
    let confidence = if named { Confidence::Certain } else { Confidence::Likely };
    Held::new("kubernetes/sched-no-scheduler", key, world.confidence(source, confidence), says, format!("{who} does not answer"))
        .evidence([
            world.evidence(source, key, "spec.schedulerName", who),
            world.evidence(source, key, "status.conditions[PodScheduled]", "absent"),
        ])
        .remedies(fill.remedies("kubernetes/sched-no-scheduler"))
        .verdict()
}
