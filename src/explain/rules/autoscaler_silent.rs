//! A group does not grow and no refusal is known: either its history could not be read, or the
//! autoscaler never asked, which only Kubernetes can tell.

use super::Rule;
use crate::domain::id::{ResourceKey, SourceId};
use crate::explain::condition::Condition;
use crate::explain::engine::{Obstacle, Verdict};
use crate::explain::finding::Missing;
use crate::explain::obstacle::{self, Need};
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule { slug: "autoscaler_silent", explains: Condition::LaunchRefused, causes: &[], check };

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(group) = world.group(key) else { return Verdict::Clear };
    if !group.refusals().is_empty() {
        return Verdict::Clear;
    }
    if obstacle::failure(world, &key.context, Need::Groups).is_some() {
        return obstacle::verdict(world, &key.context, Need::Groups);
    }
    let missing = Missing {
        source: SourceId::new(&key.context, "kubernetes"),
        question: format!("why the cluster autoscaler does not grow group {}", key.name).into(),
        why: "holdup does not read the cluster autoscaler here".into(),
        unlock: "kubectl -n kube-system get configmap cluster-autoscaler-status -o yaml".into(),
    };
    let headline = format!("cannot tell why group {} does not grow", key.name).into();
    Verdict::CannotTell(Box::new(Obstacle { missing: vec![missing], finding: None, headline }))
}
