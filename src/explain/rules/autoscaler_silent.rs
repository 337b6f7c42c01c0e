//! A group does not grow and no refusal is known: the autoscaler is dead, or its word could not
//! be read, or the group's history could not.

use super::Rule;
use crate::domain::id::{ResourceKey, SourceId};
use crate::domain::text::Text;
use crate::explain::autoscaler::{self, State};
use crate::explain::commands::remedy;
use crate::explain::condition::Condition;
use crate::explain::engine::{Held, Obstacle, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{Confidence, Missing, Risk};
use crate::explain::obstacle::{self, Need};
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule {
    slug: "autoscaler_silent",
    explains: Condition::LaunchRefused,
    causes: &["kubernetes/ca-down", "kubernetes/ca-unhealthy"],
    check,
};

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(group) = world.group(key) else { return Verdict::Clear };
    if !group.refusals().is_empty() {
        return Verdict::Clear;
    }
    if let Some(held) = dead(world, &key.context) {
        return held.verdict();
    }
    if obstacle::failure(world, &key.context, Need::Groups).is_some() {
        return obstacle::verdict(world, &key.context, Need::Groups);
    }
    match autoscaler::state(world, &key.context) {
        State::Unread if world.inside(&key.context).is_read => obstacle::verdict(world, &key.context, Need::Autoscaler),
        State::Unread | State::Absent => unseen(world, key),
        State::Works | State::Down(..) | State::Unhealthy(..) => Verdict::Clear,
    }
}

/// The autoscaler does not run, or runs and has stopped by itself.
pub(crate) fn dead(world: &World<'_>, context: &Text) -> Option<Held> {
    let (cause, says, key, evidence) = match autoscaler::state(world, context) {
        State::Down(says, key, evidence) => {
            ("kubernetes/ca-down", format!("the cluster autoscaler does not work: {says}. Nothing asks for a machine"), key, evidence)
        }
        State::Unhealthy(key, evidence) => {
            let says = "the cluster autoscaler has stopped: too many nodes are not ready in its eyes";
            ("kubernetes/ca-unhealthy", says.to_owned(), key, evidence)
        }
        State::Works | State::Unread | State::Absent => return None,
    };
    let source = evidence.first().map_or_else(|| SourceId::new(context, crate::explain::inside::NODES), |evidence| evidence.source.clone());
    let fill = Fill::of(world, context);
    let held = Held::new(cause, key, world.confidence(&source, Confidence::Certain), says, "the cluster autoscaler does not work");
    let restart = remedy(
        Risk::Low,
        "restart the autoscaler, once its log says why it stopped; machines and replicas stay as they are",
        format!("{} -n kube-system rollout restart deployment/cluster-autoscaler", fill.kubectl()),
    );
    Some(held.evidence(evidence).remedies([restart]).remedies(fill.remedies(cause)))
}

fn unseen(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let read = world.inside(&key.context).is_read;
    let kubectl = Fill::of(world, &key.context).kubectl();
    let missing = Missing {
        source: SourceId::new(&key.context, "kubernetes"),
        question: format!("why the cluster autoscaler does not grow group {}", key.name).into(),
        why: if read {
            "no report of a cluster autoscaler was found".into()
        } else {
            "holdup does not read the cluster autoscaler here".into()
        },
        unlock: format!("{kubectl} -n kube-system get configmap cluster-autoscaler-status -o yaml").into(),
    };
    let headline = format!("cannot tell why group {} does not grow", key.name).into();
    Verdict::CannotTell(Box::new(Obstacle { missing: vec![missing], finding: None, headline }))
}
