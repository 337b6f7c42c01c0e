//! Usages of the Machine Learning provider as quotas, and which of them a deployment counts in.
//! Pure.
//!
//! Machine Learning counts vCPUs apart from Compute, by family. Families are spelt differently by
//! the list of machines (`standardNCADSA100v4Family`) and the list of usages (`Standard
//! NCADSA100v4 Family Cluster Dedicated vCPUs`), so they are compared by their letters and digits.

use std::collections::BTreeMap;

use super::wire::{UsageRow, VmSize};
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::quota::{Quota, Usage};
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use crate::domain::workload::QuotaDemand;

/// Managed endpoints reserve a fifth on top for upgrades. Source: the service's documentation on
/// quota allocation for online deployments; a few sizes are exempt.
pub const RESERVE_PERCENT: u32 = 20;

/// A family's name without its spelling.
pub fn family(name: &str) -> String {
    let lower: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let lower = lower.strip_prefix("standard").unwrap_or(&lower);
    let lower = lower.strip_suffix("clusterdedicatedvcpus").or_else(|| lower.strip_suffix("vcpus")).unwrap_or(lower);
    lower.strip_suffix("family").unwrap_or(lower).to_owned()
}

/// A usage of the Machine Learning provider as a quota; `None` for shares of single workspaces and
/// for what has no limit of its own.
pub fn quota(context: &Text, row: &UsageRow, now: Timestamp) -> Option<Quota> {
    if row.name.value.is_empty() || row.limit < 0 || row.id.to_lowercase().contains("/workspaces/") {
        return None;
    }
    let cores = row.name.value.to_lowercase().contains("vcpu");
    Some(make(context, row, row.name.value.clone(), if cores { "vCPU" } else { "piece" }, now))
}

/// A usage of the Compute provider, which is what the nodes of an attached cluster count in.
pub fn compute_quota(context: &Text, row: &UsageRow, now: Timestamp) -> Option<Quota> {
    let of_cores = row.name.value.eq_ignore_ascii_case("cores") || row.name.value.to_lowercase().ends_with("family");
    (of_cores && row.limit >= 0).then(|| make(context, row, format!("compute {}", row.name.value), "vCPU", now))
}

fn make(context: &Text, row: &UsageRow, code: String, unit: &str, now: Timestamp) -> Quota {
    let title = if row.name.localized_value.is_empty() { row.name.value.clone() } else { row.name.localized_value.clone() };
    let low_priority = row.name.value.to_lowercase().contains("low priority") || row.kind.contains("lowPriority");
    Quota {
        key: ResourceKey::new(context, ResourceKind::Quota, code),
        family: family(&row.name.value).into(),
        title: title.into(),
        spot: low_priority,
        limit: u64::try_from(row.limit).ok(),
        is_default: false,
        usage: Some(Usage { value: row.current_value, at: now }),
        unit: unit.into(),
        adjustable: true,
        requests: Vec::new(),
    }
}

/// What one instance of a machine counts in which quota.
pub fn demand(instance_type: &str, sizes: &BTreeMap<String, VmSize>, quotas: &[Quota]) -> Option<QuotaDemand> {
    let size = sizes.get(&instance_type.to_lowercase())?;
    let wanted = family(&size.family);
    let quota = quotas.iter().find(|quota| quota.family.as_str() == wanted && !quota.spot && !quota.key.name.starts_with("compute "))?;
    Some(QuotaDemand {
        quota: quota.key.clone(),
        each: u64::from(size.cores),
        update_reserve_percent: RESERVE_PERCENT,
        side_by_side: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_the_same_however_they_are_spelt() {
        let pairs = [
            ("standardNCADSA100v4Family", "Standard NCADSA100v4 Family Cluster Dedicated vCPUs"),
            ("standardNCASv3T4Family", "Standard NCASv3_T4 Family Cluster Dedicated vCPUs"),
            ("standardDSv2Family", "Standard DSv2 Family vCPUs"),
        ];
        for (one, other) in pairs {
            assert_eq!(family(one), family(other));
        }
        assert_ne!(family("standardDSv2Family"), family("standardDSv3Family"));
    }
}
