//! The service says that a quota does not suffice, and the quota's own figures agree: both together
//! are surer than either, and say how much is missing.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::domain::workload::Phase;
use crate::explain::condition::Condition;
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::Confidence;
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule { slug: "managed_quota", explains: Condition::PlatformSays, causes: &["azure/quota-cpu"], check };

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((source, workload)) = world.workload(key) else { return Verdict::Clear };
    if workload.platform.as_str() != "azure" || workload.status.phase != Phase::Failed {
        return Verdict::Clear;
    }
    let names_vcpus = |text: &str| {
        let text = text.to_lowercase();
        text.contains("quota") && !text.contains("endpoint quota") && (text.contains("cpu") || text.contains("quota available for"))
    };
    let Some(message) = workload.messages.iter().find(|message| names_vcpus(&message.text)) else { return Verdict::Clear };
    let Some(demand) = &workload.quota_demand else { return Verdict::Clear };
    let quotas = &world.context(&key.context).quotas;
    let Some((quota_source, quota)) = quotas.iter().copied().find(|(_, quota)| quota.key == demand.quota) else { return Verdict::Clear };
    let instances = workload.replicas.and_then(|replicas| replicas.desired);
    let (Some(limit), Some(usage), Some(instances)) = (quota.limit, quota.usage, instances) else { return Verdict::Clear };
    let needed = needed(instances, demand.each, demand.update_reserve_percent);
    let free = limit.saturating_sub(usage.value);
    if needed <= free {
        return Verdict::Clear;
    }
    let says = format!(
        "{instances} instances of {} vCPUs need {needed} with the reserve of {} %, and {free} of {limit} are free in {}",
        demand.each, demand.update_reserve_percent, quota.title
    );
    let cause = "azure/quota-cpu";
    let mut said = world.evidence(source, key, &message.field, message.text.clone());
    said.observed_at = message.at.unwrap_or(said.observed_at);
    Held::new(
        cause,
        key,
        world.confidence(source, Confidence::Certain),
        says,
        format!("the vCPU quota of the family does not suffice: {needed} needed, {free} free"),
    )
    .evidence([said, world.evidence(quota_source, &quota.key, "currentValue / limit", format!("{} / {limit} vCPU", usage.value))])
    .remedies(Fill::of(world, &key.context).known_of(workload).remedies(cause))
    .verdict()
}

/// vCPUs that a deployment takes with its reserve in whole instances, so that one counts as two.
fn needed(instances: u32, each: u64, reserve_percent: u32) -> u64 {
    (u64::from(instances) * u64::from(100 + reserve_percent)).div_ceil(100) * each
}
