//! What the timeline of one object is about: itself, and what it runs with and on.

use std::collections::BTreeSet;

use crate::console::model::Model;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::snapshot::View;
use crate::domain::text::Text;

/// The objects of one timeline.
pub struct Related {
    keys: BTreeSet<ResourceKey>,
    /// Beginnings of names of replicas that are gone: those of a revision begin with its name.
    revisions: Vec<String>,
}

impl Related {
    /// Whether an object is one of them.
    pub fn has(&self, key: &ResourceKey) -> bool {
        if self.keys.contains(key) {
            return true;
        }
        let is_of = |name: &str| self.revisions.iter().any(|revision| name.strip_prefix(revision.as_str()).is_some_and(is_suffix));
        match key.kind {
            ResourceKind::Replica => is_of(&key.name),
            // `ReplicaSet ml/model-5f6c8`
            ResourceKind::Rollout | ResourceKind::Object => {
                key.name.split_once(' ').is_some_and(|(_, name)| self.revisions.iter().any(|revision| revision == name))
            }
            _ => false,
        }
    }
}

/// What a controller puts behind a revision's name: one part, or an ordinal.
fn is_suffix(rest: &str) -> bool {
    rest.strip_prefix('-').is_some_and(|rest| !rest.is_empty() && !rest.contains('-'))
}

/// The object with its replicas, jobs, controllers and limits, and what its explanation speaks of.
pub fn of(model: &Model, key: &ResourceKey) -> Related {
    let mut related = Related { keys: BTreeSet::from([key.clone()]), revisions: Vec::new() };
    let views = || model.snapshot().sources(&key.context).map(|(_, view)| &*view.view);
    match key.kind {
        ResourceKind::Workload => {
            views().for_each(|view| of_view(&mut related, view, key));
            let workload = model.snapshot().workload(key).map(|(_, workload)| workload);
            related.keys.extend(workload.into_iter().flat_map(|workload| &workload.jobs).map(|job| job.key.clone()));
            let chain = model.explanation(key).into_iter().flat_map(|explanation| &explanation.chain);
            related.keys.extend(chain.map(|link| link.finding.resource.clone()));
        }
        ResourceKind::Node => {
            let on_it = views().flat_map(|view| &view.replicas).filter(|replica| replica.node.as_ref() == Some(&key.name));
            related.keys.extend(on_it.map(|replica| replica.key.clone()));
            let became = views().flat_map(|view| &view.node_claims).filter(|claim| claim.node.as_ref() == Some(&key.name));
            related.keys.extend(became.map(|claim| claim.key.clone()));
        }
        ResourceKind::Rollout => {
            if let Some(rollout) = views().flat_map(|view| &view.rollouts).find(|rollout| rollout.key == *key) {
                related.keys.insert(rollout.workload.clone());
            }
        }
        _ => {}
    }
    related
}

fn of_view(related: &mut Related, view: &View, key: &ResourceKey) {
    let replicas = view.replicas.iter().filter(|replica| replica.workload.as_ref() == Some(key));
    for replica in replicas {
        related.keys.insert(replica.key.clone());
        let claim = |name: &Text| ResourceKey::new(&key.context, ResourceKind::VolumeClaim, name.clone());
        related.keys.extend(replica.placement.claims.iter().map(claim));
    }
    for rollout in view.rollouts.iter().filter(|rollout| rollout.workload == *key) {
        related.keys.insert(rollout.key.clone());
        let namespace = rollout.key.name.split_once(' ').and_then(|(_, path)| Some(path.split_once('/')?.0)).unwrap_or_default();
        related.revisions.extend(rollout.revisions.iter().map(|revision| format!("{namespace}/{}", revision.name)));
    }
    let scalers = view.scalers.iter().filter(|scaler| scaler.workload.as_ref() == Some(key));
    related.keys.extend(scalers.map(|scaler| scaler.key.clone()));
    let budgets = view.budgets.iter().filter(|budget| budget.workloads.contains(key));
    related.keys.extend(budgets.map(|budget| budget.key.clone()));
}
