//! Quotas of a project and of its workspace.

use serde_json::Value;

use super::super::wire::{QuotaAnswer, QuotaRow};
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::quota::{Quota, Usage};
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// Quotas of either answer; `-1` means no limit.
pub fn quotas(context: &Text, answer: &QuotaAnswer, now: Timestamp) -> Vec<Quota> {
    let rows = match &answer.quotas {
        Value::Object(fields) => fields.get("resources").cloned().unwrap_or_default(),
        other => other.clone(),
    };
    let rows: Vec<QuotaRow> = rows.as_array().into_iter().flatten().filter_map(|row| serde_json::from_value(row.clone()).ok()).collect();
    let quota = |row: QuotaRow| {
        let name = if row.resource.is_empty() { row.kind } else { row.resource };
        let title = if row.name_en.is_empty() { name.clone() } else { row.name_en };
        let used = row.used_quota.or(row.used).and_then(|used| u64::try_from(used).ok());
        (!name.is_empty()).then(|| Quota {
            key: ResourceKey::new(context, ResourceKind::Quota, name),
            title: title.into(),
            family: Text::default(),
            spot: false,
            limit: row.quota.and_then(|limit| u64::try_from(limit).ok()),
            is_default: false,
            usage: used.map(|value| Usage { value, at: now }),
            unit: row.unit_en.into(),
            adjustable: true,
            requests: Vec::new(),
        })
    };
    let mut quotas: Vec<Quota> = rows.into_iter().filter_map(quota).collect();
    quotas.sort_by(|one, other| one.key.cmp(&other.key));
    quotas
}
