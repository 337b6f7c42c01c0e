//! Volume claims, and what namespaces allow.

use super::Settings;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::limits::{LimitRule, NamespaceQuota, VolumeClaim};
use crate::domain::text::Text;
use crate::source::kubernetes::objects::{ResourceQuota, StorageClass, VolumeClaim as Claim};
use crate::source::kubernetes::stores::Stores;
use crate::source::quantity::{millis, units};

/// All claims, in the order of their keys.
pub fn claims(stores: &Stores, settings: &Settings) -> Vec<VolumeClaim> {
    let mut claims: Vec<VolumeClaim> = stores.claims.values().map(|claim| of_claim(stores, settings, claim)).collect();
    claims.sort_by(|a, b| a.key.cmp(&b.key));
    claims
}

fn of_claim(stores: &Stores, settings: &Settings, claim: &Claim) -> VolumeClaim {
    let class = storage_class(stores, claim);
    let volume = claim.volume.as_ref().and_then(|name| stores.volumes.get(&(Text::default(), name.clone())));
    let are_known = !stores.storage_classes.is_empty();
    VolumeClaim {
        key: ResourceKey::new(&settings.context, ResourceKind::VolumeClaim, claim.meta.path()),
        phase: claim.phase.clone(),
        class: claim.class.clone().or_else(|| class.map(|class| class.meta.name.clone())),
        class_exists: are_known.then_some(class.is_some() || claim.class.as_deref() == Some("")),
        waits_for_replica: class.is_some_and(|class| class.waits),
        volume: claim.volume.clone(),
        zones: volume.map(|volume| volume.zones.clone()).unwrap_or_default(),
        access: claim.access.clone(),
        conditions: claim.conditions.clone(),
        created_at: claim.meta.created_at,
    }
}

/// The class of a claim; the default one where it names none.
fn storage_class<'s>(stores: &'s Stores, claim: &Claim) -> Option<&'s StorageClass> {
    match &claim.class {
        Some(name) => stores.storage_classes.get(&(Text::default(), name.clone())).map(AsRef::as_ref),
        None => stores.storage_classes.values().find(|class| class.is_default).map(AsRef::as_ref),
    }
}

/// All figures of all namespace quotas, in the order of their keys.
pub fn quotas(stores: &Stores, settings: &Settings) -> Vec<NamespaceQuota> {
    let mut quotas: Vec<NamespaceQuota> = stores.quotas.values().flat_map(|quota| figures(quota, settings)).collect();
    quotas.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| a.resource.cmp(&b.resource)));
    quotas
}

fn figures<'q>(quota: &'q ResourceQuota, settings: &'q Settings) -> impl Iterator<Item = NamespaceQuota> + 'q {
    quota.hard.iter().map(|(resource, hard)| {
        let used = quota.used.get(resource).cloned().unwrap_or_else(|| "0".into());
        NamespaceQuota {
            key: ResourceKey::new(&settings.context, ResourceKind::NamespaceQuota, quota.meta.path()),
            hard_amount: in_units(resource, hard),
            used_amount: in_units(resource, &used),
            resource: resource.clone(),
            hard: hard.clone(),
            used,
        }
    })
}

/// Thousandths of a core, bytes, or whole ones, as the resource is counted.
fn in_units(resource: &str, amount: &str) -> i64 {
    let is_cpu = matches!(resource, "cpu" | "requests.cpu" | "limits.cpu");
    if is_cpu { millis(amount) } else { units(amount) }.unwrap_or_default()
}

/// All rules of all ranges, in the order of their keys.
pub fn limit_rules(stores: &Stores, settings: &Settings) -> Vec<LimitRule> {
    let mut rules = Vec::new();
    for range in stores.limit_ranges.values() {
        let key = ResourceKey::new(&settings.context, ResourceKind::NamespaceQuota, range.meta.path());
        for rule in &range.rules {
            let mut resources: Vec<&Text> = rule.min.keys().chain(rule.max.keys()).chain(rule.default.keys()).collect();
            resources.sort();
            resources.dedup();
            rules.extend(resources.into_iter().map(|resource| LimitRule {
                key: key.clone(),
                applies_to: rule.applies_to.clone(),
                resource: resource.clone(),
                min: rule.min.get(resource).cloned(),
                max: rule.max.get(resource).cloned(),
                default: rule.default.get(resource).cloned(),
            }));
        }
    }
    rules.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| a.applies_to.cmp(&b.applies_to)).then_with(|| a.resource.cmp(&b.resource)));
    rules
}
