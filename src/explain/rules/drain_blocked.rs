//! A machine is being emptied, and a disruption budget lets no replica go.

use super::Rule;
use crate::domain::event::Event;
use crate::domain::id::ResourceKey;
use crate::domain::limits::DisruptionBudget;
use crate::domain::node::Node;
use crate::domain::text::Text;
use crate::explain::condition::Condition;
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{Confidence, Evidence};
use crate::explain::scheduler;
use crate::explain::since::is_trouble;
use crate::explain::words::short_name;
use crate::explain::world::{Said, World};

pub(super) const RULE: Rule =
    Rule { slug: "drain_blocked", explains: Condition::RolloutBlocked, causes: &["kubernetes/pdb-blocked"], check };

/// A budget, the machine it keeps from being emptied, and who says so.
type Blocked<'a> = (Said<'a, DisruptionBudget>, Said<'a, Node>, Option<Said<'a, Event>>);

/// A budget that lets nothing go, a machine that is to be emptied, and who says so.
fn find<'a>(world: &World<'a>, key: &ResourceKey) -> Option<Blocked<'a>> {
    let inside = world.inside(&key.context);
    let budget = inside.budgets(key).iter().copied().find(|(_, budget)| budget.allowed == 0 && budget.expected > 0)?;
    let emptied = |node: &Node| {
        let Some(detail) = node.detail.as_deref() else { return false };
        let leaving = detail.taints.iter().any(|taint| scheduler::taint_cause(&taint.key) == "kubernetes/sched-taint-draining");
        detail.cordoned || leaving || detail.deleting_since.is_some()
    };
    let nodes =
        inside.of(key).iter().filter_map(|(_, replica)| replica.node.as_ref()).filter_map(|node: &Text| inside.nodes.get(node).copied());
    let node = nodes.into_iter().find(|(_, node)| emptied(node))?;
    let replicas = inside.of(key).iter().filter(|(_, replica)| replica.node.as_ref() == Some(&node.1.key.name));
    let refused = |event: &Event| {
        event.message.contains("disruption budget") || event.message.contains("PodDisruptionBudget") || event.message.contains("pdb")
    };
    let of_replicas = replicas.flat_map(|(_, replica)| world.events(&replica.key));
    let event = of_replicas.chain(world.events(&node.1.key)).find(|(_, event)| refused(event));
    Some((budget, node, event))
}

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(((source, budget), (node_source, node), event)) = find(world, key) else { return Verdict::Clear };
    // Of a workload that serves, only a refusal that was told matters: a closed machine alone is nobody's trouble.
    let serves = world.workload(key).is_some_and(|(_, workload)| !is_trouble(workload.status.phase));
    if serves && event.is_none() {
        return Verdict::Clear;
    }
    held((world, key), (source, budget), (node_source, node), event)
}

/// The first budget that keeps a tenant on a machine that somebody closed.
pub(super) fn on_machine(world: &World<'_>, node: Said<'_, Node>) -> Option<Verdict> {
    let inside = world.inside(&node.1.key.context);
    let workloads = inside.tenants(&node.1.key.name).iter().filter_map(|(_, tenant)| tenant.workload.as_ref());
    let found =
        workloads.filter_map(|key| find(world, key).map(|found| (key, found))).find(|(_, (_, emptied, _))| emptied.1.key == node.1.key);
    found.map(|(key, (budget, emptied, event))| held((world, key), budget, emptied, event))
}

fn held(
    (world, key): (&World<'_>, &ResourceKey),
    (source, budget): Said<'_, DisruptionBudget>,
    (node_source, node): Said<'_, Node>,
    event: Option<Said<'_, Event>>,
) -> Verdict {
    let name = short_name(&node.key.name);
    let confidence = if event.is_some() { Confidence::Certain } else { Confidence::Likely };
    let evidence: Vec<Evidence> = event.map(|event| world.told(event)).into_iter().collect();
    let full = &budget.key.name;
    Held::new(
        "kubernetes/pdb-blocked",
        &budget.key,
        world.confidence(source, confidence),
        format!(
            "{name} is being emptied and keeps a replica: the disruption budget {full} ({}) lets none go, {} of {} are healthy and {} must stay",
            budget.rule, budget.healthy, budget.expected, budget.needed
        ),
        format!("budget {full} blocks the drain of {name}"),
    )
    .evidence(evidence)
    .evidence([
        world.evidence(source, &budget.key, "disruptionsAllowed", budget.allowed.to_string()),
        world.evidence(node_source, &node.key, "spec.unschedulable", node.detail.as_deref().is_some_and(|detail| detail.cordoned).to_string()),
    ])
    .remedies(Fill::of(world, &key.context).workload(key).named("pdb", full).and("node", &node.key.name).remedies("kubernetes/pdb-blocked"))
    .verdict()
}
