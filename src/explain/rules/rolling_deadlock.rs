//! The update needs a place before it may take one away: nothing fails, nothing times out.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::domain::workload::Workload;
use crate::explain::commands::{self, advice, remedy};
use crate::explain::condition::Condition;
use crate::explain::dialect::{self, pick};
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{Confidence, Evidence, Remedy, Risk};
use crate::explain::placement::{self, Waiting};
use crate::explain::unplaced;
use crate::explain::words::count;
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule {
    slug: "rolling_deadlock",
    explains: Condition::ReplicaUnplaced,
    causes: &["cortex/update-rolling-deadlock", "kubernetes/rollout-surge-deadlock"],
    check,
};

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let workload = waiting.workload;
    let Some(counts) = workload.replicas else { return Verdict::Clear };
    if !unplaced::is_shortage(world, waiting) {
        return Verdict::Clear;
    }
    let moving = counts.creating + counts.not_ready + counts.terminating > 0;
    if counts.ready_old == 0 || counts.unplaced() == 0 || moving {
        return Verdict::Clear;
    }
    let (surge, unavailable, known) = placement::surge(world, workload);
    let desired = counts.desired.unwrap_or(counts.ready_old);
    // An old replica that the strategy may still take away makes room by itself.
    if counts.serving() > desired.saturating_sub(unavailable) {
        return Verdict::Clear;
    }
    let places = waiting.need_word();
    let says = format!(
        "the old version keeps its {} until the new one is ready, so the update needs {} more meanwhile (surge {}, unavailable {unavailable})",
        if counts.ready_old == 1 { places.to_owned() } else { format!("{} {places}s", counts.ready_old) },
        counts.unplaced().min(surge.max(1)),
        surge,
    );
    let confidence = if known { Confidence::Certain } else { Confidence::Likely };
    let strategy = if known {
        format!("surge {surge}, unavailable {unavailable}")
    } else {
        format!("assumed default: surge {surge}, unavailable {unavailable}")
    };
    Held::new(
        pick(workload, "cortex/update-rolling-deadlock", "kubernetes/rollout-surge-deadlock"),
        key,
        world.confidence(waiting.source, confidence),
        says,
        format!("the update needs {} more {places}", surge.max(1)),
    )
    .evidence([
        world.evidence(waiting.source, key, "replica_counts.ready_out_of_date", counts.ready_old.to_string()),
        world.evidence(waiting.source, key, "replica_counts.pending + stalled", counts.unplaced().to_string()),
        world.evidence(waiting.source, key, "update_strategy", strategy),
    ])
    .evidence(revisions(world, key))
    .remedies(remedies(world, waiting, desired))
    .asks_each(unplaced::asks(world, waiting))
    .verdict()
}

/// The old and the new revision side by side, where the controller is known.
fn revisions(world: &World<'_>, key: &ResourceKey) -> Vec<Evidence> {
    let Some((source, rollout)) = world.inside(&key.context).rollouts(key).first().copied() else { return Vec::new() };
    let told = rollout.revisions.iter().filter(|revision| revision.existing > 0 || revision.is_current).take(2);
    told.map(|revision| {
        let which = if revision.is_current { "new" } else { "old" };
        let value = format!("{which}: {} wanted, {} there, {} ready", revision.desired, revision.existing, revision.ready);
        world.evidence(source, &rollout.key, &format!("revision {}", revision.name), value)
    })
    .collect()
}

/// Replace in place, or free a place: what a person can do without the provider.
fn remedies(world: &World<'_>, waiting: Waiting<'_>, desired: u32) -> Vec<Remedy> {
    let workload = waiting.workload;
    let cost = if desired <= 1 {
        "1 replica: outage until the new version is ready, and longer if it never gets ready".to_owned()
    } else {
        format!("{desired} replicas: one fewer serves until each new one is ready")
    };
    let risk = if desired <= 1 { Risk::Destructive } else { Risk::Mutating };
    let mut remedies = Vec::new();
    if workload.platform.as_str() == "cortex" {
        let text = format!(
            "replace in place: set update_strategy.max_surge to 0 for {} and deploy again. A stuck update refuses every deploy, so --force is needed. {cost}",
            workload.key.name
        );
        remedies.push(remedy(risk, text, commands::deploy_forced(workload)));
    }
    if workload.platform.as_str() == dialect::KUBERNETES {
        remedies.extend(in_place(world, workload, risk, &cost));
    }
    // Where machines are seen from inside, who could make room is told of them.
    if !(workload.platform.as_str() == dialect::KUBERNETES && world.inside(&workload.key.context).sees_nodes()) {
        remedies.extend(free_a_place(world, waiting));
    }
    remedies
}

/// The old replica goes first: one change of the controller's strategy.
fn in_place(world: &World<'_>, workload: &Workload, risk: Risk, cost: &str) -> Option<Remedy> {
    let (_, rollout) = world.inside(&workload.key.context).rollouts(&workload.key).first()?;
    let (kind, name) = rollout.key.name.split_once(' ')?;
    let (namespace, name) = name.split_once('/')?;
    if kind != "Deployment" {
        return Some(advice(risk, format!("let the old replica go first (no surge, one may be missing). {cost}")));
    }
    let kubectl = Fill::of(world, &workload.key.context).kubectl();
    let patch = r#"{"spec":{"strategy":{"rollingUpdate":{"maxSurge":0,"maxUnavailable":1}}}}"#;
    let command = format!(
        "{kubectl} -n {} patch deployment {} --type merge -p {}",
        commands::quoted(namespace),
        commands::quoted(name),
        commands::quoted(patch)
    );
    Some(remedy(risk, format!("replace in place: no surge, one replica may be missing. {cost}"), command))
}

/// Who could make room; nothing where nobody else holds any.
fn free_a_place(world: &World<'_>, waiting: Waiting<'_>) -> Option<Remedy> {
    let context = world.context(&waiting.workload.key.context);
    let word = waiting.need_word();
    let (other, gpus) = placement::held_by_others(context, waiting.workload).next()?;
    let held = count(u32::try_from(gpus).unwrap_or(u32::MAX), word);
    if waiting.workload.platform.as_str() == dialect::KUBERNETES {
        return Some(advice(Risk::Destructive, format!("free a {word}: {} holds {held}; fewer replicas of it make room", other.name)));
    }
    let text = format!(
        "free a {word}: {} holds {held}. Give it fewer replicas, or delete it: its requests go unanswered until it is deployed again",
        other.name
    );
    let command = format!("cortex delete {} --env {} --keep-cache", commands::quoted(&other.name), commands::quoted(&other.context));
    Some(remedy(Risk::Destructive, text, command))
}
