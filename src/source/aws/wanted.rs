//! Which vCPU quotas matter to a cluster: those of the machines that its groups may start, that it
//! has, and that its Karpenter pools may claim. Asks nobody.

use std::collections::BTreeSet;

use super::quota_codes::{QuotaCode, for_type};
use crate::domain::placement::LabelOperator;
use crate::domain::provisioner::NodePool;
use crate::domain::snapshot::Snapshot;
use crate::domain::text::Text;
use crate::domain::topology;

/// The quotas; `None` while no machine of the cloud is known.
pub(super) fn wanted(snapshot: &Snapshot, context: &Text) -> Option<BTreeSet<QuotaCode>> {
    let mut codes = BTreeSet::new();
    for joined in topology::groups(snapshot, context) {
        for (_, group) in [joined.configured, joined.actual].into_iter().flatten().filter(|(_, group)| group.is_worker) {
            codes.extend(group.instance_types.iter().filter_map(|name| for_type(name, group.spot)));
        }
    }
    let workers = topology::nodes(snapshot, context).into_iter().filter(|joined| joined.node.is_worker);
    codes.extend(workers.filter_map(|joined| of_machine(&joined.node.instance_type, joined.node.spot)));
    for (_, view) in snapshot.sources(context) {
        let claims = view.view.node_claims.iter().filter_map(|claim| Some((claim.instance_type.as_ref()?, claim.spot.unwrap_or(false))));
        codes.extend(claims.filter_map(|(name, spot)| of_machine(name, spot)));
        codes.extend(view.view.node_pools.iter().flat_map(of_pool));
    }
    (!codes.is_empty()).then_some(codes)
}

/// A machine whose type is written as this cloud writes them (`g5.xlarge`; others have `g2-standard-4`).
fn of_machine(instance_type: &str, spot: bool) -> Option<QuotaCode> {
    instance_type.contains('.').then(|| for_type(instance_type, spot)).flatten()
}

/// What a pool may claim by its requirements. One that names no machines may claim any, which
/// tells nothing. Labels: Karpenter, "Scheduling", well-known labels of the AWS provider.
fn of_pool(pool: &NodePool) -> BTreeSet<QuotaCode> {
    let named = |label: &str| {
        let rules = pool.requirements.iter().filter(move |rule| rule.operator == LabelOperator::In && rule.key.as_str() == label);
        rules.flat_map(|rule| rule.values.iter().map(Text::as_str)).collect::<Vec<&str>>()
    };
    // The quota follows from the letters before the size and the generation.
    let names = ["node.kubernetes.io/instance-type", "karpenter.k8s.aws/instance-family", "karpenter.k8s.aws/instance-category"];
    let machines: Vec<&str> = names.into_iter().flat_map(named).collect();
    let capacity = named("karpenter.sh/capacity-type");
    let lifecycles: &[bool] = match (capacity.contains(&"spot"), capacity.contains(&"on-demand")) {
        (true, true) => &[false, true],
        (true, false) => &[true],
        (false, _) => &[false],
    };
    lifecycles.iter().flat_map(|spot| machines.iter().filter_map(|name| for_type(name, *spot))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::id::{ResourceKey, ResourceKind};
    use crate::domain::placement::LabelRule;

    fn pool(rules: &[(&str, &[&str])]) -> NodePool {
        let rule = |(key, values): &(&str, &[&str])| LabelRule {
            key: (*key).into(),
            operator: LabelOperator::In,
            values: values.iter().map(|value| (*value).into()).collect(),
        };
        NodePool {
            key: ResourceKey::new(&"prod".into(), ResourceKind::NodePool, "gpu"),
            node_class: "EC2NodeClass/gpu".into(),
            conditions: Vec::new(),
            requirements: rules.iter().map(rule).collect(),
            taints: Vec::new(),
            labels: BTreeMap::new(),
            limits: BTreeMap::new(),
            used: BTreeMap::new(),
            weight: 0,
        }
    }

    fn codes(rules: &[(&str, &[&str])]) -> Vec<&'static str> {
        of_pool(&pool(rules)).into_iter().map(|quota| quota.code).collect()
    }

    #[test]
    fn a_pool_counts_in_the_quotas_of_what_it_may_claim() {
        assert_eq!(codes(&[("karpenter.k8s.aws/instance-category", &["g"])]), ["L-DB2E81BA"], "on demand where nothing is said");
        assert_eq!(codes(&[("karpenter.k8s.aws/instance-family", &["p4d"]), ("karpenter.sh/capacity-type", &["spot"])]), ["L-7212CCBC"]);
        let both =
            [("node.kubernetes.io/instance-type", &["g5.xlarge", "g6.xlarge"][..]), ("karpenter.sh/capacity-type", &["spot", "on-demand"])];
        assert_eq!(codes(&both), ["L-3819A6DF", "L-DB2E81BA"]);
        assert_eq!(codes(&[("karpenter.sh/capacity-type", &["spot"])]), [""; 0], "any machine at all");
    }

    #[test]
    fn machines_of_other_clouds_count_in_none() {
        assert_eq!(of_machine("g2-standard-4", false), None);
        assert_eq!(of_machine("Standard_NC6s_v3", false), None);
        assert_eq!(of_machine("g5.xlarge", false).map(|quota| quota.code), Some("L-DB2E81BA"));
    }
}
