//! A managed deployment is being made for an hour, and neither the operation nor a log says a word.
//! What is known then is the silence itself, and what it has meant before.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::domain::time::{Duration, age, words};
use crate::domain::workload::{Phase, PlatformMessage, Workload};
use crate::explain::condition::Condition;
use crate::explain::durations::{self, Stage};
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::Confidence;
use crate::explain::world::World;

pub(super) const RULE: Rule =
    Rule { slug: "creating_silent", explains: Condition::PlatformSays, causes: &["azure/state-stuck-creating-silent"], check };

/// The sentence that comes instead of a log.
const WITHHELD: &str = "logs can't be retrieved";

/// Whether the silence has lasted too long.
pub(super) fn applies(world: &World<'_>, key: &ResourceKey) -> bool {
    world.workload(key).is_some_and(|(_, workload)| silence(world, workload).is_some())
}

/// For how long a deployment has been made in silence, and the sentence that stands for its log.
fn silence<'a>(world: &World<'_>, workload: &'a Workload) -> Option<(Duration, &'a PlatformMessage)> {
    if workload.platform.as_str() != "azure" || workload.status.phase != Phase::Updating {
        return None;
    }
    let sentence = workload.messages.iter().find(|message| message.text.contains(WITHHELD))?;
    let waited = age(world.now, world.since(workload)?);
    (waited >= durations::of("azure", Stage::Rollout).stuck).then_some((waited, sentence))
}

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((source, workload)) = world.workload(key) else { return Verdict::Clear };
    let Some((waited, sentence)) = silence(world, workload) else { return Verdict::Clear };
    let cause = "azure/state-stuck-creating-silent";
    let says = format!("{} has been {} for {}, and its log is withheld all the while", key.name, workload.status.native, words(waited));
    Held::new(
        cause,
        key,
        world.confidence(source, Confidence::Likely),
        says,
        format!("{} for {} without a word", workload.status.native, words(waited)),
    )
    .evidence([
        world.evidence(source, key, "provisioningState", workload.status.native.clone()),
        world.evidence(source, key, "operation has been running for", words(waited)),
        world.evidence(source, key, &sentence.field, sentence.text.clone()),
    ])
    .remedies(Fill::of(world, &key.context).known_of(workload).remedies(cause))
    .verdict()
}
