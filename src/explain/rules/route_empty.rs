//! A router sends traffic to a workload with nobody to answer.

use super::Rule;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::workload::Role;
use crate::explain::condition::{Condition, Symptom};
use crate::explain::engine::{Held, Verdict};
use crate::explain::finding::Confidence;
use crate::explain::words::names;
use crate::explain::world::World;

pub(super) const RULE: Rule =
    Rule { slug: "route_empty", explains: Condition::RouteEmpty, causes: &["cortex/http-no-live-replica"], check };

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((source, workload)) = world.workload(key) else { return Verdict::Clear };
    if workload.role != Role::Router {
        return Verdict::Clear;
    }
    let silent: Vec<_> = workload
        .targets
        .iter()
        .filter(|target| target.weight > 0 && !target.shadow)
        .map(|target| (target, ResourceKey::new(&key.context, ResourceKind::Workload, target.workload.clone())))
        .filter(|(_, target)| world.workload(target).is_none_or(|(_, target)| !target.status.serving))
        .collect();
    let share = silent.iter().map(|(target, _)| target.weight).fold(0, u32::saturating_add);
    if silent.is_empty() {
        return Verdict::Clear;
    }
    let names = names(silent.iter().map(|(target, _)| &target.workload));
    let says = format!("{share} % of its traffic goes to {names}, where no replica answers");
    let evidence =
        silent.iter().map(|(target, _)| world.evidence(source, key, "apis[].weight", format!("{} {} %", target.workload, target.weight)));
    Held::new("cortex/http-no-live-replica", key, world.confidence(source, Confidence::Certain), says.as_str(), says.as_str())
        .evidence(evidence)
        .asks_each(silent.iter().map(|(_, target)| vec![Symptom::new(Condition::TargetSilent, target)]))
        .verdict()
}
