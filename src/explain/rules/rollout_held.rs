//! The controller itself does not go on: somebody paused it, or it has not looked yet.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::domain::rollout::Rollout;
use crate::domain::time::{Duration, age};
use crate::explain::condition::Condition;
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::Confidence;
use crate::explain::world::{Said, World};

pub(super) const RULE: Rule = Rule {
    slug: "rollout_held",
    explains: Condition::RolloutBlocked,
    causes: &["kubernetes/rollout-generation-lag", "kubernetes/rollout-paused"],
    check,
};

/// A controller that works looks within seconds.
const LOOKS: Duration = Duration::from_secs(30);

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((_, workload)) = world.workload(key) else { return Verdict::Clear };
    let rollouts = world.inside(&key.context).rollouts(key);
    if let Some(said) = rollouts.iter().copied().find(|(_, rollout)| rollout.paused && rollout.updated < rollout.desired) {
        let (_, rollout) = said;
        let says = format!("{} is paused: {} of {} replicas are of the new version", rollout.key.name, rollout.updated, rollout.desired);
        return held(world, "kubernetes/rollout-paused", said, says, "the rollout is paused", ("spec.paused", "true"));
    }
    let waited = world.since(workload).map(|since| age(world.now, since));
    let lags = |rollout: &Rollout| rollout.generation.zip(rollout.observed_generation).is_some_and(|(wanted, seen)| seen < wanted);
    match rollouts.iter().copied().find(|(_, rollout)| lags(rollout)) {
        Some(said) if waited.is_none_or(|waited| waited > LOOKS) => {
            let (_, rollout) = said;
            let (wanted, seen) = (rollout.generation.unwrap_or(0), rollout.observed_generation.unwrap_or(0));
            let says =
                format!("the controller of {} has not looked at the change yet (generation {wanted}, seen {seen})", rollout.key.name);
            held(
                world,
                "kubernetes/rollout-generation-lag",
                said,
                says,
                "the controller has not seen the change",
                ("generation / observedGeneration", &format!("{wanted} / {seen}")),
            )
        }
        _ => Verdict::Clear,
    }
}

fn held(
    world: &World<'_>,
    cause: &str,
    (source, rollout): Said<'_, Rollout>,
    says: String,
    headline: &str,
    (field, value): (&str, &str),
) -> Verdict {
    let full = rollout.key.name.split_once(' ').map_or(rollout.key.name.as_str(), |(_, name)| name);
    Held::new(cause, &rollout.key, world.confidence(source, Confidence::Certain), says, headline)
        .evidence([world.evidence(source, &rollout.key, field, value)])
        .remedies(Fill::of(world, &rollout.key.context).workload(&rollout.workload).named("deployment", full).remedies(cause))
        .verdict()
}
