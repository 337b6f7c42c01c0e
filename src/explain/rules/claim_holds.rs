//! A volume claim of the replica keeps it off every node: it is missing, or has no volume.

use super::Rule;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::limits::VolumeClaim;
use crate::domain::replica::Replica;
use crate::domain::text::Text;
use crate::domain::time::{Duration, age};
use crate::explain::condition::{Condition, Symptom};
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::Confidence;
use crate::explain::scheduler::{self, Predicate};
use crate::explain::world::{Said, World};

pub(super) const RULE: Rule = Rule {
    slug: "claim_holds",
    explains: Condition::NodesRefuse,
    causes: &["kubernetes/sched-pvc-missing", "kubernetes/sched-pvc-unbound"],
    check,
};

/// How long a volume may take to be made.
const MADE: Duration = Duration::from_mins(1);

/// Whether this explains the wait.
pub(crate) fn applies(world: &World<'_>, replica: &Replica) -> bool {
    pending(world, replica).is_some() || missing(world, replica).is_some()
}

/// The first claim that is not bound and does not merely wait for the replica to find a node.
fn pending<'a>(world: &World<'a>, replica: &Replica) -> Option<Said<'a, VolumeClaim>> {
    let inside = world.inside(&replica.key.context);
    let claims = replica.placement.claims.iter().filter_map(|name| inside.claims.get(name).copied());
    let young = |claim: &VolumeClaim| claim.created_at.is_some_and(|at| age(world.now, at) < MADE);
    let mut open = claims.filter(|(_, claim)| claim.phase.as_str() != "Bound" && !young(claim));
    open.find(|(_, claim)| !claim.waits_for_replica || claim.phase.as_str() == "Lost" || claim.class_exists == Some(false))
}

/// A claim that does not exist, by the scheduler's word: claims may not be readable.
fn missing<'a>(world: &World<'_>, replica: &'a Replica) -> Option<&'a Text> {
    let message = replica.message.as_deref()?;
    let told = scheduler::read(message);
    let says = told.reasons.iter().any(|reason| reason.why == Predicate::ClaimMissing);
    let inside = world.inside(&replica.key.context);
    let absent = |name: &&Text| !inside.claims.contains_key(*name);
    if says { replica.placement.claims.iter().find(absent) } else { None }
}

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((source, replica)) = world.replica(key) else { return Verdict::Clear };
    let fill = Fill::of(world, &key.context).replica(replica);
    if let Some((told_by, claim)) = pending(world, replica) {
        let name = &claim.key.name;
        let says = format!("no node may take it: its volume claim {name} is {}", claim.phase.to_lowercase());
        return Held::new(
            "kubernetes/sched-pvc-unbound",
            key,
            world.confidence(told_by, Confidence::Certain),
            says,
            format!("claim {name} is not bound"),
        )
        .evidence([world.evidence(told_by, &claim.key, "status.phase", claim.phase.clone())])
        .evidence(replica.message.as_ref().map(|message| world.evidence(source, key, "PodScheduled", message.clone())))
        .remedies(fill.named("claim", name).remedies("kubernetes/sched-pvc-unbound"))
        .asks([Symptom::new(Condition::ClaimPending, &claim.key)])
        .verdict();
    }
    let Some(name) = missing(world, replica) else { return Verdict::Clear };
    let claim = ResourceKey::new(&key.context, ResourceKind::VolumeClaim, name.clone());
    Held::new(
        "kubernetes/sched-pvc-missing",
        key,
        world.confidence(source, Confidence::Certain),
        format!("it mounts the volume claim {name}, which does not exist"),
        format!("claim {name} does not exist"),
    )
    .evidence([world.evidence(source, &claim, "PodScheduled", replica.message.clone().unwrap_or_default())])
    .remedies(fill.named("claim", name).remedies("kubernetes/sched-pvc-missing"))
    .verdict()
}
