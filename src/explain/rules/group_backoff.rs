//! The autoscaler pauses with a group after a failure. Where the cloud's own history tells of the
//! refusal, that is the story; else the autoscaler's report is all there is.

use super::Rule;
use super::at_max::is_full;
use super::node_joining::underway;
use crate::domain::id::ResourceKey;
use crate::domain::time::{age, words};
use crate::explain::autoscaler;
use crate::explain::condition::{Condition, Symptom};
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::Confidence;
use crate::explain::world::{Group, World};

pub(super) const RULE: Rule = Rule { slug: "group_backoff", explains: Condition::GroupFixed, causes: &["kubernetes/ca-backoff"], check };

/// Whether the autoscaler pauses with a group and the cloud's history does not say why.
pub(crate) fn applies(world: &World<'_>, group: &Group<'_>) -> bool {
    let pauses = autoscaler::group(world, group).is_some_and(|(.., told)| autoscaler::pauses(told));
    // A pause that follows from suspended launches is told with them.
    pauses && !super::suspended::applies(group) && group.refusals().is_empty() && !is_full(group) && underway(world, group).is_none()
}

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(group) = world.group(key) else { return Verdict::Clear };
    if !applies(world, group) || autoscaler_is_dead(world, key) {
        return Verdict::Clear;
    }
    let Some((source, status, told)) = autoscaler::group(world, group) else { return Verdict::Clear };
    let since = told.since.map(|at| format!(" for {}", words(age(world.now, at)))).unwrap_or_default();
    let why = told.backoff.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let name = &key.name;
    let mut evidence = world.evidence(source, status, &format!("{} scaleUp", told.cloud_name), format!("{}{why}", told.scale_up));
    evidence.observed_at = told.since.unwrap_or(evidence.observed_at);
    Held::new(
        "kubernetes/ca-backoff",
        key,
        world.confidence(source, Confidence::Certain),
        format!("the autoscaler has left group {name} alone{since}, after a launch that failed{why}"),
        format!("group {name} in a pause after a failed launch"),
    )
    .evidence([evidence])
    .remedies(Fill::of(world, &key.context).group(group).remedies("kubernetes/ca-backoff"))
    .asks([Symptom::new(Condition::PurchaseRefused, key)])
    .verdict()
}

fn autoscaler_is_dead(world: &World<'_>, key: &ResourceKey) -> bool {
    super::autoscaler_silent::dead(world, &key.context).is_some()
}
