//! The scaler wants more replicas than it may have.

use super::Rule;
use crate::domain::condition;
use crate::domain::id::ResourceKey;
use crate::domain::limits::Scaler;
use crate::explain::condition::Condition;
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::Confidence;
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule { slug: "wants_more", explains: Condition::RolloutBlocked, causes: &["kubernetes/hpa-at-max"], check };

/// Whether a scaler is at its maximum and would go on. The reason and the numbers decide: the
/// sentence about the maximum is also told at the minimum.
pub(crate) fn is_limited(scaler: &Scaler) -> bool {
    let limited = condition::named(&scaler.conditions, "ScalingLimited").filter(|told| told.holds == Some(true));
    limited.is_some_and(|told| told.reason.as_str() == "TooManyReplicas") && scaler.current >= scaler.max && scaler.max > 0
}

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let scalers = world.inside(&key.context).scalers(key);
    let Some((source, scaler)) = scalers.iter().copied().find(|(_, scaler)| is_limited(scaler)) else { return Verdict::Clear };
    let metrics: Vec<&str> = scaler.metrics.iter().map(crate::domain::text::Text::as_str).collect();
    let measured = if metrics.is_empty() { String::new() } else { format!(" ({})", metrics.join(", ")) };
    let full = &scaler.key.name;
    Held::new(
        "kubernetes/hpa-at-max",
        &scaler.key,
        world.confidence(source, Confidence::Certain),
        format!("its autoscaler has reached its maximum of {} replicas and would add more{measured}", scaler.max),
        format!("autoscaler at its maximum of {}", scaler.max),
    )
    .evidence([world.evidence(source, &scaler.key, "currentReplicas / maxReplicas", format!("{} / {}", scaler.current, scaler.max))])
    .evidence(condition::named(&scaler.conditions, "ScalingLimited").map(|told| {
        let mut evidence = world.evidence(source, &scaler.key, "ScalingLimited", format!("True ({}): {}", told.reason, told.message));
        evidence.observed_at = told.since.unwrap_or(evidence.observed_at);
        evidence
    }))
    .remedies(Fill::of(world, &key.context).workload(key).named("hpa", full).remedies("kubernetes/hpa-at-max"))
    .verdict()
}
