//! Why a network that takes jobs is down: its own error and the gateway's log of it say so.

use super::Rule;
use crate::domain::condition;
use crate::domain::id::ResourceKey;
use crate::domain::text::Text;
use crate::explain::condition::Condition;
use crate::explain::dialect;
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{CauseId, Confidence, Evidence};
use crate::explain::known;
use crate::explain::signature::{self, Hints};
use crate::explain::words::{excerpt, lower};
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule { slug: "network_down", explains: Condition::NodeSick, causes: &[], check };

/// What is a better name than "down".
const REASONS: &[&str] = &["gateway/offline-", "gateway/auth-"];

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let context = world.context(&key.context);
    let Some((_, workload)) = context.workloads.first().filter(|(_, workload)| workload.platform.as_str() == dialect::GATEWAY) else {
        return Verdict::Clear;
    };
    let Some((source, node)) = world.inside(&key.context).nodes.get(&key.name).copied() else { return Verdict::Clear };
    let mut texts: Vec<(&Text, Evidence)> = Vec::new();
    if let Some(told) = node.detail.as_deref().and_then(|detail| condition::named(&detail.conditions, "status")) {
        texts.push((&told.message, world.evidence(source, key, "error", told.message.clone())));
    }
    texts.extend(world.events(key).into_iter().filter(|(_, event)| event.warning).map(|event| (&event.1.message, world.told(event))));
    let mut read: Vec<(CauseId, Confidence, &Text, Evidence)> = texts
        .into_iter()
        .filter(|(text, _)| !text.is_empty())
        .filter_map(|(text, evidence)| {
            let found = signature::classify(text, &Hints::platform(dialect::GATEWAY));
            let cause = found.cause.filter(|cause| REASONS.iter().any(|prefix| cause.as_str().starts_with(prefix)))?;
            Some((cause, found.confidence, text, evidence))
        })
        .collect();
    read.sort_by_key(|(_, confidence, ..)| std::cmp::Reverse(*confidence));
    let covered = |cause: &CauseId| read.iter().any(|(other, ..)| known::prefers(other, cause));
    let Some((cause, confidence, text, _)) = read.iter().find(|(cause, ..)| !covered(cause)) else { return Verdict::Clear };
    let title = known::title(cause).map(lower).unwrap_or_default();
    let mut fill = Fill::of(world, &key.context).and("provider", &key.name);
    if let Some(base) = Fill::base(workload) {
        fill = fill.and("base_url", base);
    }
    if let Some(endpoint) = node.detail.as_deref().and_then(|detail| detail.labels.get("endpoint")) {
        fill = fill.and("provider_endpoint", endpoint);
    }
    let says = format!("{title}: of {} the gateway says \"{}\"", key.name, excerpt(text));
    Held::new(cause.as_str(), key, world.confidence(source, *confidence), says, format!("{}: {title}", key.name))
        .evidence(read.iter().filter(|(other, ..)| other == cause).map(|(.., evidence)| evidence.clone()))
        .remedies(fill.remedies(cause.as_str()))
        .verdict()
}
