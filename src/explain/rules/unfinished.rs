//! The symptom a person sees: a workload does not reach what was asked for.

use super::{Rule, machine_reclaimed};
use crate::domain::condition;
use crate::domain::id::ResourceKey;
use crate::domain::text::Text;
use crate::domain::workload::{Phase, ReplicaCounts, Role, Workload};
use crate::explain::condition::{Condition, Symptom};
use crate::explain::dialect::{self, pick};
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::{Confidence, Evidence};
use crate::explain::placement::Waiting;
use crate::explain::since::is_trouble;
use crate::explain::troubles::{self, Trouble};
use crate::explain::words::{count, of};
use crate::explain::world::World;
use crate::explain::{commands, finding::Risk, unplaced};

pub(super) const RULE: Rule = Rule {
    slug: "unfinished",
    explains: Condition::RolloutUnfinished,
    causes: &[
        "cortex/update-stuck",
        "cortex/update-live-but-short",
        "kubernetes/rollout-waiting",
        "kubernetes/rollout-min-unavailable",
        "kubernetes/rollout-deadline",
    ],
    check,
};

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((source, workload)) = world.workload(key) else { return Verdict::Clear };
    if workload.role != Role::Serving || !is_trouble(workload.status.phase) {
        return Verdict::Clear;
    }
    // Its words and rules are about pods; a platform that shows none has its own (platform_says).
    if workload.platform.as_str() == "anyscale" {
        return Verdict::Clear;
    }
    let Some(counts) = workload.replicas else { return Verdict::Clear };
    if is_satisfied(&counts) {
        return Verdict::Clear;
    }
    let waiting = Waiting { source, workload, job: None };
    let asks = asks(world, waiting, &counts);
    let short = workload.status.phase == Phase::Short;
    let late = past_deadline(world, key);
    let cause = match (short, late.is_some()) {
        (true, _) => pick(workload, "cortex/update-live-but-short", "kubernetes/rollout-min-unavailable"),
        (false, false) => pick(workload, "cortex/update-stuck", "kubernetes/rollout-waiting"),
        (false, true) => pick(workload, "cortex/update-stuck", "kubernetes/rollout-deadline"),
    };
    let says = Text::from(says(workload, waiting, &counts));
    let mut evidence = vec![world.evidence(source, key, "status", workload.status.native.clone())];
    evidence.extend(states(&counts).map(|(field, value)| world.evidence(source, key, field, value.to_string())));
    evidence.extend(late);
    Held::new(cause, key, world.confidence(source, Confidence::Certain), says.clone(), says)
        .evidence(evidence)
        .remedies(
            (workload.platform.as_str() == "cortex")
                .then(|| commands::remedy(Risk::Inspect, "look at the replicas by state", commands::describe(workload))),
        )
        .asks_each(asks)
        .verdict()
}

/// Whether what was asked for is there, whatever remains of the past is still counted.
pub(crate) fn is_satisfied(counts: &ReplicaCounts) -> bool {
    counts.desired.is_some_and(|desired| counts.ready >= desired)
}

fn asks<'a>(world: &World<'a>, waiting: Waiting<'a>, counts: &ReplicaCounts) -> Vec<Vec<Symptom>> {
    let key = waiting.key();
    let seen = troubles::of(world, key);
    let has = |trouble: Trouble| seen.contains_key(&trouble);
    let mut asks = Vec::new();
    if machine_reclaimed::applies(world, waiting) {
        // What happened to the machine comes first, and leads to why there is no other.
        asks.push(vec![Symptom::new(Condition::ReplicaLost, key)]);
    } else if counts.unplaced() > 0 || has(Trouble::Unplaced) {
        if counts.ready_old > 0 && unplaced::is_shortage(world, waiting) {
            asks.push(vec![Symptom::new(Condition::ReplicaUnplaced, key)]);
        } else {
            asks.extend(unplaced::asks(world, waiting));
        }
    }
    let mut ask = |condition, told: bool| {
        if told {
            asks.push(vec![Symptom::new(condition, key)]);
        }
    };
    let stages = dialect::tells_stages(&waiting.workload.platform);
    ask(Condition::PlatformSays, stages || !waiting.workload.messages.is_empty());
    ask(Condition::ReplicaDies, counts.failed + counts.killed + counts.out_of_memory > 0 || has(Trouble::Dies));
    ask(Condition::ImageMissing, counts.image_error > 0 || has(Trouble::Image));
    ask(Condition::StartBlocked, has(Trouble::Start));
    ask(Condition::ProbeFails, counts.not_ready > 0 || has(Trouble::Probe));
    ask(Condition::ReplicaLost, has(Trouble::Lost) && !machine_reclaimed::applies(world, waiting));
    ask(Condition::RolloutBlocked, world.inside(&key.context).is_read);
    asks
}

/// The controller's own word that it took too long. It states the time, not the cause.
fn past_deadline(world: &World<'_>, key: &ResourceKey) -> Option<Evidence> {
    let rollouts = world.inside(&key.context).rollouts(key);
    let (source, rollout, told) = rollouts.iter().find_map(|(source, rollout)| {
        let told =
            condition::named(&rollout.conditions, "Progressing").filter(|told| told.reason.as_str() == "ProgressDeadlineExceeded")?;
        Some((source, rollout, told))
    })?;
    let mut evidence = world.evidence(source, &rollout.key, "Progressing", format!("{}: {}", told.reason, told.message));
    evidence.observed_at = told.since.unwrap_or(evidence.observed_at);
    Some(evidence)
}

fn says(workload: &Workload, waiting: Waiting<'_>, counts: &ReplicaCounts) -> String {
    let what = if workload.status.phase == Phase::Short {
        let desired = counts.desired.map(|desired| format!("{} replicas ready", of(counts.ready, desired)));
        format!("it serves with fewer replicas than asked for ({})", desired.unwrap_or_else(|| format!("{} ready", counts.ready)))
    } else if counts.ready_old > 0 {
        "the new version does not take over".to_owned()
    } else {
        "it does not start".to_owned()
    };
    let mut parts = Vec::new();
    if counts.unplaced() > 0 {
        parts.push(format!("{} {} for a {}", count(counts.unplaced(), "replica"), waits(counts.unplaced()), waiting.need_word()));
    }
    if counts.creating > 0 {
        parts.push(format!("{} being created", count(counts.creating, "replica")));
    }
    if counts.image_error > 0 {
        parts.push(format!("{} without an image", count(counts.image_error, "replica")));
    }
    let dead = counts.failed + counts.killed + counts.out_of_memory;
    if dead > 0 {
        parts.push(format!("{} died", count(dead, "replica")));
    }
    if counts.not_ready > 0 {
        parts.push(format!("{} not ready", count(counts.not_ready, "replica")));
    }
    if parts.is_empty() { what } else { format!("{what}: {}", parts.join(", ")) }
}

fn waits(replicas: u32) -> &'static str {
    if replicas == 1 { "waits" } else { "wait" }
}

/// Counts that are not zero, as the platform names them.
fn states(counts: &ReplicaCounts) -> impl Iterator<Item = (&'static str, u32)> {
    let states = [
        ("replica_counts.stalled", counts.stalled),
        ("replica_counts.pending", counts.pending),
        ("replica_counts.creating", counts.creating),
        ("replica_counts.not_ready", counts.not_ready),
        ("replica_counts.err_image_pull", counts.image_error),
        ("replica_counts.failed", counts.failed),
        ("replica_counts.killed", counts.killed),
        ("replica_counts.killed_oom", counts.out_of_memory),
        ("replica_counts.ready_out_of_date", counts.ready_old),
    ];
    states.into_iter().filter(|(_, count)| *count > 0).chain([("replica_counts.ready", counts.ready)])
}
