//! A router sends nothing to anybody although somebody would answer: the rollout is finished, and the
//! last step of it was forgotten.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::domain::workload::{Phase, Role, Workload};
use crate::explain::condition::Condition;
use crate::explain::dialect;
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::Confidence;
use crate::explain::words::names;
use crate::explain::world::World;

pub(super) const RULE: Rule =
    Rule { slug: "route_unweighted", explains: Condition::PlatformSays, causes: &["azure/net-not-scored-traffic"], check };

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((source, workload)) = world.workload(key) else { return Verdict::Clear };
    if workload.role != Role::Router || workload.status.phase != Phase::Live {
        return Verdict::Clear;
    }
    let route = dialect::empty_route(&workload.platform);
    let Some(cause) = route.unweighted else { return Verdict::Clear };
    if workload.targets.iter().any(|target| target.weight > 0 && !target.shadow) {
        return Verdict::Clear;
    }
    let all = &world.context(&key.context).workloads;
    let behind =
        |other: &Workload| other.status.serving && other.key.name.split_once('/').is_some_and(|(router, _)| router == key.name.as_str());
    let ready: Vec<_> = all.iter().map(|(_, workload)| *workload).filter(|workload| behind(workload)).collect();
    let Some(first) = ready.first() else { return Verdict::Clear };
    let own = first.key.name.split_once('/').map_or(first.key.name.as_str(), |(_, own)| own);
    let says = format!("no target has traffic, although {} would answer", names(ready.iter().map(|workload| &workload.key.name)));
    Held::new(cause, key, world.confidence(source, Confidence::Likely), says.as_str(), "no target has traffic")
        .evidence([world.evidence(source, key, route.field, "adds up to 0 %")])
        .evidence(ready.iter().map(|workload| world.evidence(source, &workload.key, "provisioningState", workload.status.native.clone())))
        .remedies(Fill::of(world, &key.context).known_of(workload).and("endpoint", &key.name).and("deployment", own).remedies(cause))
        .verdict()
}

#[cfg(test)]
mod tests {
    use crate::domain::workload::{Phase, Role, TrafficTarget, Workload};
    use crate::explain::finding::{Explanation, Verdict};
    use crate::explain::testing::{Scene, key, root};

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
    fn a_rollout_that_nobody_is_sent_to_is_not_finished() {
        let why = endpoint(0, |_| {});
        assert_eq!((why.verdict, root(&why)), (Verdict::Held, "azure/net-not-scored-traffic"));
        assert!(why.chain[0].finding.says.contains("although chat/blue would answer"), "{}", why.chain[0].finding.says);
        let commands: Vec<&str> = why.chain[0].finding.remedies.iter().filter_map(|remedy| remedy.command.as_deref()).collect();
        assert!(commands.iter().any(|command| command.contains("--traffic blue=100")), "{commands:?}");
        let nobody = endpoint(0, |blue| {
            blue.status.phase = Phase::Failed;
            blue.status.serving = false;
        });
        assert_eq!(nobody.verdict, Verdict::Clear, "there is nobody to send traffic to");
        assert_eq!(endpoint(100, |_| {}).verdict, Verdict::Clear);
    }
}
