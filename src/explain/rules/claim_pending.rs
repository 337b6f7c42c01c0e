//! Why a volume claim has no volume: its class does not exist, or who makes volumes says why not.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::explain::condition::Condition;
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::Confidence;
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule {
    slug: "claim_pending",
    explains: Condition::ClaimPending,
    causes: &["kubernetes/vol-no-storage-class", "kubernetes/vol-provision-failed", "kubernetes/vol-waiting-provisioner"],
    check,
};

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((source, claim)) = world.inside(&key.context).claims.get(&key.name).copied() else { return Verdict::Clear };
    let fill = Fill::of(world, &key.context).named("claim", &key.name);
    let class = claim.class.as_deref().unwrap_or("(none named, and no default)");
    let held = |cause, confidence, says: String, headline: String| {
        Held::new(cause, key, world.confidence(source, confidence), says, headline).remedies(fill.remedies(cause))
    };
    if claim.class_exists == Some(false) {
        let says = format!("its storage class {class} does not exist");
        return held("kubernetes/vol-no-storage-class", Confidence::Certain, says.clone(), format!("storage class {class} does not exist"))
            .evidence([world.evidence(source, key, "spec.storageClassName", class)])
            .verdict();
    }
    if let Some(event) = world.event(key, &["ProvisioningFailed"]) {
        let missing = event.1.message.contains("storageclass") && event.1.message.contains("not found");
        let cause = if missing { "kubernetes/vol-no-storage-class" } else { "kubernetes/vol-provision-failed" };
        let says = format!("the volume could not be made: {}", event.1.message);
        return held(cause, Confidence::Certain, says, "the volume cannot be made".to_owned()).evidence([world.told(event)]).verdict();
    }
    if let Some(event) = world.event(key, &["ExternalProvisioning", "Provisioning"]) {
        let says = format!("it waits for the driver that makes volumes of class {class}, which has not answered");
        return held("kubernetes/vol-waiting-provisioner", Confidence::Likely, says, "the volume driver does not answer".to_owned())
            .evidence([world.told(event)])
            .verdict();
    }
    Verdict::Clear
}
