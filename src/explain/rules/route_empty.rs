//! A router sends traffic to a workload with nobody to answer.

use super::Rule;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::workload::Role;
use crate::explain::condition::{Condition, Symptom};
use crate::explain::dialect;
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::Confidence;
use crate::explain::words::names;
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule {
    slug: "route_empty",
    explains: Condition::RouteEmpty,
    causes: &["cortex/http-no-live-replica", "azure/net-not-scored-state"],
    check,
};

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
    let platform = workload.platform.as_str();
    let route = dialect::empty_route(platform);
    let speaks = dialect::speaks_for_targets(platform);
    let names = names(silent.iter().map(|(target, _)| &target.workload));
    let says = format!("{share} % of its traffic goes to {names}, where {} answers", if speaks { "nobody" } else { "no replica" });
    let evidence =
        silent.iter().map(|(target, _)| world.evidence(source, key, route.field, format!("{} {} %", target.workload, target.weight)));
    // Old instances may go on behind a failed update without being counted.
    let confidence = if speaks { Confidence::Likely } else { Confidence::Certain };
    let held =
        Held::new(route.cause, key, world.confidence(source, confidence), says.as_str(), says.as_str()).evidence(evidence).asks_each(
            silent
                .iter()
                .map(|(_, target)| vec![Symptom::new(if speaks { Condition::PlatformSays } else { Condition::TargetSilent }, target)]),
        );
    let remedies =
        if speaks { Fill::of(world, &key.context).known_of(workload).and("endpoint", &key.name).remedies(route.cause) } else { Vec::new() };
    held.remedies(remedies).verdict()
}

#[cfg(test)]
mod tests {
    use crate::domain::workload::{Phase, PlatformMessage, Role, TrafficTarget, Workload};
    use crate::explain::finding::{Confidence, Explanation, Verdict};
    use crate::explain::testing::{Scene, chain, key};

    /// An endpoint that gives this weight to its only deployment.
    fn endpoint(weight: u32, change: impl FnOnce(&mut Workload)) -> Explanation {
        let mut scene = Scene::stuck();
        let mut router = scene.workload("chat");
        router.platform = "azure".into();
        router.role = Role::Router;
        router.status.phase = Phase::Live;
        router.targets = vec![TrafficTarget { workload: "chat/blue".into(), weight, shadow: false }];
        let hero = scene.hero();
        hero.key = key(crate::domain::id::ResourceKind::Workload, "chat/blue");
        hero.platform = "azure".into();
        hero.replicas = None;
        hero.status.phase = Phase::Live;
        hero.status.native = "Succeeded".into();
        change(hero);
        scene.cortex.workloads.push(router);
        scene.explain("chat")
    }

    #[test]
    fn traffic_to_a_deployment_that_failed_leads_to_why_it_failed() {
        let failed = |says: &'static str| {
            endpoint(100, move |blue| {
                blue.status.phase = Phase::Failed;
                blue.status.serving = false;
                blue.messages = vec![PlatformMessage { field: "operation.error".into(), text: says.into(), code: None, at: None }];
            })
        };
        let why =
            failed("Not enough quota available for Standard_DS3_v2 in SubscriptionId 123. Current usage/limit: 0/6. Additional needed: 8");
        assert_eq!(chain(&why), ["azure/net-not-scored-state", "azure/quota-cpu"], "{why:#?}");
        let says = &why.chain[0].finding.says;
        assert!(says.contains("100 % of its traffic goes to chat/blue") && !says.contains("replica"), "{says}");
        let finding = &why.chain[0].finding;
        assert_eq!((finding.confidence, finding.evidence[0].field.as_str()), (Confidence::Likely, "properties.traffic"));
        assert!(!finding.remedies.is_empty());
        let silent = endpoint(100, |blue| {
            blue.status.phase = Phase::Failed;
            blue.status.serving = false;
        });
        assert_eq!(
            (silent.verdict, chain(&silent)),
            (Verdict::CannotTell, vec!["azure/net-not-scored-state"]),
            "why it failed is not known"
        );
    }
}
