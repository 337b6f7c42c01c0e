//! What the account answered to an autoscaler or a pool, recognised in the words they pass on. A
//! quota inside the wrapper comes first: capacity may return, a quota does not.

use super::Rule;
use crate::domain::id::{ResourceKey, ResourceKind, SourceId};
use crate::domain::quota::Quota;
use crate::domain::text::Text;
use crate::explain::autoscaler;
use crate::explain::commands;
use crate::explain::condition::Condition;
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{Confidence, Evidence, Risk};
use crate::explain::known;
use crate::explain::refusal;
use crate::explain::shape::{self, short_family};
use crate::explain::signature::{self, Hints};
use crate::explain::world::{Said, World};

pub(super) const RULE: Rule = Rule { slug: "purchase_refused", explains: Condition::PurchaseRefused, causes: &[], check };

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    match words(world, key) {
        Some((source, text, evidence)) => answer(world, key, source, &text, evidence),
        None => Verdict::Clear,
    }
}

/// The words that were passed on, with who passed them.
fn words<'a>(world: &World<'a>, key: &ResourceKey) -> Option<(&'a SourceId, Text, Evidence)> {
    match key.kind {
        ResourceKind::NodeGroup => {
            let (source, status, told) = autoscaler::group(world, world.group(key)?)?;
            let text = told.backoff.clone()?;
            Some((source, text.clone(), world.evidence(source, status, &told.cloud_name, text)))
        }
        ResourceKind::Autoscaler => {
            let (source, status) = world.inside(&key.context).autoscaler?;
            let (told, text) = status.groups.iter().find_map(|told| Some((told, told.backoff.clone()?)))?;
            Some((source, text.clone(), world.evidence(source, key, &told.cloud_name, text)))
        }
        _ => {
            let said = super::pool_refuses::refusal(world, &key.context, Some(key))?;
            Some((said.0, said.1.message.clone(), world.told(said)))
        }
    }
}

fn answer(world: &World<'_>, key: &ResourceKey, source: &SourceId, text: &Text, evidence: Evidence) -> Verdict {
    let found = ["cortex", "kubernetes"].iter().find_map(|platform| {
        let found = signature::classify(text, &Hints::platform(platform));
        found.cause.filter(|cause| cause.as_str().starts_with("aws/")).map(|cause| (cause, found.confidence))
    });
    let quota = if text.contains("VcpuLimitExceeded") || text.contains("vCPU limit") {
        Some(refusal::ON_DEMAND_QUOTA)
    } else if text.contains("MaxSpotInstanceCountExceeded") {
        Some(refusal::SPOT_QUOTA)
    } else {
        None
    };
    if let Some(cause) = quota {
        return quota_full(world, key, source, text, cause, evidence);
    }
    let Some((cause, confidence)) = found else { return Verdict::Clear };
    let title = known::title(&cause).unwrap_or("the account refused it");
    Held::new(cause.as_str(), key, world.confidence(source, confidence), format!("{title}: AWS says \"{}\"", excerpt(text)), title)
        .evidence([evidence])
        .remedies(Fill::of(world, &key.context).remedies(cause.as_str()))
        .verdict()
}

/// The quota behind the words, with its figures where they could be read.
fn quota_full(world: &World<'_>, key: &ResourceKey, source: &SourceId, text: &str, cause: &str, evidence: Evidence) -> Verdict {
    let spot = cause == refusal::SPOT_QUOTA;
    let by_group = world.group(key).and_then(|group| group.shape().map(|shape| shape.family.clone()));
    let family = by_group.or_else(|| family(text)).or_else(|| family_of_machines(world, &key.context));
    let quotas = &world.context(&key.context).quotas;
    let quota =
        family.as_ref().and_then(|family| quotas.iter().copied().find(|(_, quota)| quota.family.as_str() == family && quota.spot == spot));
    let short = family.as_deref().map_or("", short_family);
    let kind = if spot { "spot " } else { "" };
    let limit = quota.and_then(|(_, quota)| quota.limit).or_else(|| refusal::limit_told(text));
    let of = quota.map_or_else(|| key.clone(), |(_, quota)| quota.key.clone());
    let used = quota.and_then(|(_, quota)| quota.usage).map(|usage| format!("; {} in use", usage.value)).unwrap_or_default();
    let value = limit.map_or_else(|| "used up".to_owned(), |limit| limit.to_string());
    let whose = if short.is_empty() { String::new() } else { format!(" for {short} machines") };
    let says = format!("the {kind}vCPU quota{whose} is {value}{used}: the account may not start another one");
    let headline = match limit {
        Some(limit) => format!("{short} {kind}vCPU quota {limit}, used up"),
        None => format!("{short} {kind}vCPU quota used up"),
    };
    let code = quota
        .map(|(_, quota)| quota.key.name.clone())
        .or_else(|| family.as_deref().and_then(|family| shape::quota_code(family, spot)).map(Text::from));
    let raise = code.map(|code| {
        let target = limit.unwrap_or(0).saturating_mul(2).max(8);
        commands::remedy(
            Risk::Mutating,
            format!("ask AWS to raise the quota, for example to {target}"),
            commands::raise_quota(world, &key.context, &code, target),
        )
    });
    Held::new(cause, &of, world.confidence(source, Confidence::Certain), says, headline.trim().to_owned())
        .evidence([evidence])
        .evidence(quota.map(|said| figures(world, said)).unwrap_or_default())
        .remedies(raise)
        .verdict()
}

fn figures(world: &World<'_>, (source, quota): Said<'_, Quota>) -> Vec<Evidence> {
    let limit = quota.limit.map(|limit| world.evidence(source, &quota.key, "Value", format!("{limit} {}", quota.unit)));
    let used = quota.usage.map(|usage| {
        let mut used = world.evidence(source, &quota.key, "ResourceCount", format!("{} {}", usage.value, quota.unit));
        used.observed_at = usage.at;
        used
    });
    limit.into_iter().chain(used).collect()
}

/// The family of the machines with accelerators, where there is but one and the words name none.
fn family_of_machines(world: &World<'_>, context: &Text) -> Option<String> {
    let inside = world.inside(context);
    let accelerated = inside.nodes.values().filter(|(_, node)| node.capacity.wants_accelerator());
    let families: std::collections::BTreeSet<String> =
        accelerated.filter_map(|(_, node)| shape::of(&node.instance_type).map(|shape| shape.family)).collect();
    if families.len() == 1 { families.into_iter().next() } else { None }
}

/// The family of the first machine type that a text names.
fn family(text: &str) -> Option<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'));
    words.filter(|word| word.contains('.')).find_map(|word| shape::of(word.trim_matches('.')).map(|shape| shape.family))
}

fn excerpt(text: &str) -> String {
    let mut excerpt: String = text.chars().take(160).collect();
    if excerpt.len() < text.len() {
        excerpt.push('…');
    }
    excerpt
}
