//! The image of the new version does not arrive.

use super::Rule;
use super::unfinished::is_satisfied;
use crate::domain::id::ResourceKey;
use crate::explain::commands::{self, remedy};
use crate::explain::condition::Condition;
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::{Confidence, Risk};
use crate::explain::placement::Waiting;
use crate::explain::words::count;
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule { slug: "image_pull", explains: Condition::ImageMissing, causes: &["cortex/update-image-pull"], check };

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let counts = match (waiting.job, waiting.workload.replicas) {
        (Some(job), _) => job.counts,
        (None, Some(counts)) => counts,
        (None, None) => return Verdict::Clear,
    };
    if counts.image_error == 0 || (waiting.job.is_none() && is_satisfied(&counts)) {
        return Verdict::Clear;
    }
    let event = world.warnings(key, "Failed").or_else(|| world.warnings(key, "BackOff"));
    let affected = count(counts.image_error, waiting.unit());
    let mut remedies = Vec::new();
    if waiting.workload.platform.as_str() == "cortex" {
        let name = commands::quoted(&format!("apiName={}", waiting.workload.key.name));
        remedies.push(remedy(
            Risk::Inspect,
            "read the registry's answer: the operator does not pass it on, the events of the pod have it",
            format!("kubectl describe pods -l {name}"),
        ));
        remedies.push(remedy(
            Risk::Mutating,
            "correct the image name, or let the nodes' role read the repository, and deploy (--force, because an update is still going on)",
            commands::deploy_forced(waiting.workload),
        ));
    }
    Held::new(
        "cortex/update-image-pull",
        key,
        world.confidence(waiting.source, Confidence::Certain),
        format!("the image of the new version cannot be pulled ({affected})"),
        format!("image cannot be pulled ({affected})"),
    )
    .evidence([world.evidence(waiting.source, key, "replica_counts.err_image_pull", counts.image_error.to_string())])
    .evidence(event.map(|(source, event)| {
        let mut evidence = world.evidence(source, key, &event.reason, event.message.clone());
        evidence.observed_at = event.at;
        evidence
    }))
    .remedies(remedies)
    .verdict()
}
