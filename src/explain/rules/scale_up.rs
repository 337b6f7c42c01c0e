//! What the cluster autoscaler says about one replica: a machine is coming, or why none does.

use super::Rule;
use crate::domain::event::Event;
use crate::domain::id::ResourceKey;
use crate::domain::provisioner::AutoscalerGroup;
use crate::domain::replica::Replica;
use crate::domain::time::{Duration, age, words};
use crate::explain::autoscaler;
use crate::explain::condition::{Condition, Symptom};
use crate::explain::durations::{self, Stage};
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{Confidence, Evidence};
use crate::explain::scheduler::{self, Predicate};
use crate::explain::words::count;
use crate::explain::world::{Said, World};
use crate::explain::{node_story, survey, unplaced};

pub(super) const RULE: Rule = Rule {
    slug: "scale_up",
    explains: Condition::NoMachineComes,
    causes: &[
        "kubernetes/ca-backoff",
        "kubernetes/ca-down",
        "kubernetes/ca-max-cluster-limit",
        "kubernetes/ca-max-nodes-total",
        "kubernetes/ca-max-size",
        "kubernetes/ca-no-fit",
        "kubernetes/ca-not-ready",
        "kubernetes/ca-scale-from-zero",
        "kubernetes/ca-scaleup-timeout",
        "kubernetes/ca-unhealthy",
    ],
    check,
};

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((_, replica)) = world.replica(key) else { return Verdict::Clear };
    let inside = world.inside(&key.context);
    let survey = if inside.sees_nodes() { Some(survey::of(world, replica)) } else { None };
    let groups = survey.as_ref().map(|survey| unplaced::growable(world, replica, survey)).unwrap_or_default();
    let told_by_groups = groups.iter().any(|group| group.actual.is_some() || group.configured.is_some());
    let (up, not) = (world.event(key, &["TriggeredScaleUp"]), world.event(key, &["NotTriggerScaleUp"]));
    if let Some(up) = up.filter(|up| not.is_none_or(|not| up.1.at > not.1.at)) {
        let refused = groups.iter().any(|group| group.refusals().first().is_some_and(|(_, launch)| launch.started_at >= up.1.at));
        let elapsed = age(world.now, up.1.first_at.unwrap_or(up.1.at).max(up.1.at));
        let typical = durations::of("kubernetes", Stage::Machine);
        if !refused && elapsed < typical.stuck {
            return typical.moving("the autoscaler adds a machine", elapsed);
        }
        if !refused && !told_by_groups {
            return timed_out(world, key, up, elapsed);
        }
    }
    if told_by_groups {
        return limits(world, replica, not);
    }
    if let Some(held) = super::autoscaler_silent::dead(world, &key.context) {
        return held.verdict();
    }
    match not {
        Some(not) => refused(world, replica, not),
        None => Verdict::Clear,
    }
}

fn timed_out(world: &World<'_>, key: &ResourceKey, up: Said<'_, Event>, elapsed: Duration) -> Verdict {
    Held::new(
        "kubernetes/ca-scaleup-timeout",
        key,
        world.confidence(up.0, Confidence::Likely),
        format!("the autoscaler asked for a machine {} ago and none has joined", words(elapsed)),
        "the machine asked for has not joined",
    )
    .evidence([world.told(up)])
    .remedies(Fill::of(world, &key.context).remedies("kubernetes/ca-scaleup-timeout"))
    .verdict()
}

/// The groups tell their own story; only what concerns the whole cluster is left to say.
fn limits(world: &World<'_>, replica: &Replica, not: Option<Said<'_, Event>>) -> Verdict {
    let Some(not) = not else { return Verdict::Clear };
    let told = scheduler::read(&not.1.message);
    let limit = told.reasons.iter().find(|reason| matches!(reason.why, Predicate::ClusterLimit | Predicate::ClusterNodes));
    limit.map_or(Verdict::Clear, |reason| {
        held(world, replica, not, reason.why.cause().unwrap_or_default(), "a limit of the whole cluster is reached", Vec::new())
    })
}

/// The autoscaler's reasons, checked against the groups it reports.
fn refused(world: &World<'_>, replica: &Replica, not: Said<'_, Event>) -> Verdict {
    let told = scheduler::read(&not.1.message);
    let has = |predicate: &Predicate| told.count(|why| why == predicate);
    let status = world.inside(&replica.key.context).autoscaler;
    let groups: &[AutoscalerGroup] = status.map_or(&[], |(_, status)| status.groups.as_slice());
    let report = |which: &dyn Fn(&AutoscalerGroup) -> bool| -> Vec<Evidence> {
        let Some((source, status)) = status else { return Vec::new() };
        let size = |group: &AutoscalerGroup| {
            world.evidence(source, &status.key, &format!("{} target / max", group.cloud_name), format!("{} / {}", group.target, group.max))
        };
        groups.iter().filter(|group| which(group)).take(3).map(size).collect()
    };
    let limit = told.reasons.iter().find(|reason| matches!(reason.why, Predicate::ClusterLimit | Predicate::ClusterNodes));
    if let Some(reason) = limit {
        return held(world, replica, not, reason.why.cause().unwrap_or_default(), "a limit of the whole cluster is reached", Vec::new());
    }
    if has(&Predicate::GroupInBackoff) > 0 {
        let paused = report(&autoscaler::pauses);
        let words = format!("{} in a pause after a launch that failed", count(has(&Predicate::GroupInBackoff), "group"));
        return held(world, replica, not, "kubernetes/ca-backoff", &words, paused);
    }
    let full = |group: &AutoscalerGroup| group.max > 0 && group.target >= group.max;
    if has(&Predicate::GroupAtMax) > 0 {
        // Groups of the platform itself are always full too: only the report tells which.
        let words = format!("{} at the maximum size", count(has(&Predicate::GroupAtMax), "group"));
        return held(world, replica, not, "kubernetes/ca-max-size", &words, report(&full));
    }
    if has(&Predicate::GroupNotReady) > 0 {
        return held(world, replica, not, "kubernetes/ca-not-ready", "its groups are not ready to grow", Vec::new());
    }
    let empty = |group: &AutoscalerGroup| group.target == 0 && group.max > 0;
    let accelerated =
        told.reasons.iter().any(|reason| matches!(&reason.why, Predicate::Insufficient(name) if scheduler::is_accelerator(name)));
    if accelerated && groups.iter().any(empty) {
        let words = "the autoscaler believes that a machine of an empty group would have no GPU";
        return held(world, replica, not, "kubernetes/ca-scale-from-zero", words, report(&empty));
    }
    let why = told.decisive().map(|reason| {
        format!("no group brings a machine that would take it: {} {}", reason.count, node_story::predicate_words(&reason.why))
    });
    held(world, replica, not, "kubernetes/ca-no-fit", why.as_deref().unwrap_or("no group brings a machine that would take it"), Vec::new())
}

fn held(world: &World<'_>, replica: &Replica, not: Said<'_, Event>, cause: &str, words: &str, report: Vec<Evidence>) -> Verdict {
    let sure = !report.is_empty() || cause.contains("max-nodes") || cause.contains("limit");
    let confidence = if sure { Confidence::Certain } else { Confidence::Likely };
    let held =
        Held::new(cause, &replica.key, world.confidence(not.0, confidence), format!("the autoscaler adds no machine: {words}"), words)
            .evidence([world.told(not)])
            .evidence(report)
            .remedies(Fill::of(world, &replica.key.context).replica(replica).remedies(cause));
    match world.inside(&replica.key.context).autoscaler {
        Some((_, status)) if cause == "kubernetes/ca-backoff" => {
            held.asks([Symptom::new(Condition::PurchaseRefused, &status.key)]).verdict()
        }
        _ => held.verdict(),
    }
}
