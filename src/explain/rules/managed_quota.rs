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

#[cfg(test)]
mod tests {
    use super::needed;
    use crate::domain::id::ResourceKind;
    use crate::domain::workload::{Phase, PlatformMessage, QuotaDemand, ReplicaCounts};
    use crate::explain::finding::{Confidence, Explanation, Finding, Verdict};
    use crate::explain::testing::{Scene, key, root};

    const REFUSED: &str =
        "Not enough quota available for Standard_NC24ads_A100_v4 in SubscriptionId 123. Current usage/limit: 0/48. Additional needed: 96";

    /// Three instances of 24 vCPUs that were refused, in a family with this limit.
    fn refused(limit: u64) -> Scene {
        let mut scene = Scene::stuck();
        scene.quotas.quotas.push(scene.quota("NCADSA100v4", "NCADSA100v4", false, limit, 0));
        let at = scene.ago(7);
        let hero = scene.hero();
        hero.platform = "azure".into();
        hero.status.phase = Phase::Failed;
        hero.replicas = Some(ReplicaCounts { desired: Some(3), ..ReplicaCounts::default() });
        hero.messages =
            vec![PlatformMessage { field: "operation.error".into(), text: REFUSED.into(), code: Some("OutOfQuota".into()), at: Some(at) }];
        hero.quota_demand =
            Some(QuotaDemand { quota: key(ResourceKind::Quota, "NCADSA100v4"), each: 24, update_reserve_percent: 20, side_by_side: false });
        scene
    }

    fn quota_finding(why: &Explanation) -> &Finding {
        &why.chain.iter().find(|link| link.finding.cause.as_str() == "azure/quota-cpu").unwrap().finding
    }

    #[test]
    fn the_reserve_is_in_whole_instances() {
        for (instances, each, expected) in [(1, 4, 8), (2, 4, 12), (3, 24, 96), (5, 4, 24), (10, 4, 48), (0, 4, 0)] {
            assert_eq!(needed(instances, each, 20), expected, "{instances} instances of {each}");
        }
        assert_eq!(needed(3, 24, 0), 72, "without a reserve");
    }

    #[test]
    fn the_message_and_the_figures_together_are_certain() {
        let why = refused(48).why();
        assert_eq!((why.verdict, root(&why)), (Verdict::Held, "azure/quota-cpu"));
        let finding = quota_finding(&why);
        assert_eq!(finding.confidence, Confidence::Certain);
        assert!(finding.says.contains("need 96 with the reserve of 20 %, and 48 of 48 are free"), "{}", finding.says);
        let told: Vec<&str> = finding.evidence.iter().map(|evidence| evidence.value.as_str()).collect();
        assert!(told.contains(&REFUSED) && told.contains(&"0 / 48 vCPU"), "{told:?}");
    }

    #[test]
    fn figures_that_disagree_or_are_missing_leave_the_message_alone() {
        for mut scene in [refused(200), refused(48)] {
            let roomy = scene.quotas.quotas.iter().any(|quota| quota.limit == Some(200));
            if !roomy {
                scene.quotas.quotas.clear();
            }
            let why = scene.why();
            assert_eq!(root(&why), "azure/quota-cpu", "the service's own words");
            let says = &quota_finding(&why).says;
            assert!(!says.contains("reserve"), "{says}");
        }
        let mut live = refused(48);
        live.hero().status.phase = Phase::Live;
        live.hero().messages.clear();
        assert_eq!(live.why().verdict, Verdict::Clear);
    }
}
