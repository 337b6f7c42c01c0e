//! Usages of both providers, and the machines there are.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Answer, Look, SUBSCRIPTION};

/// Machine, family, vCPUs, GPUs, memory in GB.
const SIZES: &[(&str, &str, u32, u32, u32)] = &[
    ("Standard_DS3_v2", "DSv2", 4, 0, 14),
    ("Standard_F4s_v2", "FSv2", 4, 0, 8),
    ("Standard_NC24ads_A100_v4", "NCADSA100v4", 24, 1, 220),
    ("Standard_NC4as_T4_v3", "NCASv3_T4", 4, 1, 28),
];

/// What a subscription has of a family that a scenario does not name.
const AMPLE: i64 = 200;

pub(super) fn sizes() -> Answer {
    let sizes: Vec<Value> = SIZES
        .iter()
        .map(|(name, family, cores, gpus, memory)| {
            json!({
                // The family's name is spelt otherwise here than among the usages.
                "name": name, "family": format!("standard{}Family", family.replace('_', "")), "vCPUs": cores, "gpus": gpus,
                "memoryGB": memory, "maxResourceVolumeMB": 180_224,
            })
        })
        .collect();
    (StatusCode::OK, json!({ "value": sizes }))
}

fn cores(machine: &str) -> u32 {
    SIZES.iter().find(|(name, ..)| *name == machine).map_or(0, |(_, _, cores, ..)| *cores)
}

fn family_of(machine: &str) -> &str {
    SIZES.iter().find(|(name, ..)| *name == machine).map_or("", |(_, family, ..)| family)
}

pub(super) fn usages(look: &Look<'_>) -> Answer {
    let row = |kind: &str, name: &str, used: u32, limit: i64| {
        json!({
            "id": format!("/subscriptions/{SUBSCRIPTION}/usages/{}", name.replace(' ', "_")),
            "type": format!("Microsoft.MachineLearningServices/{kind}/usages"),
            "amlWorkspaceLocation": look.workspace.location, "unit": "Count", "currentValue": used, "limit": limit,
            "name": { "value": name, "localizedValue": name },
        })
    };
    let mut rows = vec![row("totalCores", "Clusters", 31, 500), row("dedicatedCores", "Total Cluster Dedicated Regional vCPUs", 96, 350)];
    let mut families: Vec<&str> = SIZES.iter().map(|(_, family, ..)| *family).collect();
    families.dedup();
    for family in families {
        let told = look.workspace.usage.iter().find(|usage| usage.family == family);
        let running =
            look.workspace.endpoint.iter().filter(|endpoint| endpoint.compute.is_none()).flat_map(|endpoint| &endpoint.deployment);
        let used = running.filter(|one| family_of(&one.instance_type) == family).map(|one| one.instances * cores(&one.instance_type)).sum();
        let (used, limit) = told.map_or((used, AMPLE), |told| (told.used, told.limit));
        rows.push(row("vmFamily", &format!("Standard {family} Family Cluster Dedicated vCPUs"), used, limit));
    }
    (StatusCode::OK, json!({ "value": rows }))
}

pub(super) fn compute_usages() -> Answer {
    let row = |name: &str, title: &str, used: u32, limit: u32| json!({ "unit": "Count", "currentValue": used, "limit": limit, "name": { "value": name, "localizedValue": title } });
    let rows = [row("cores", "Total Regional vCPUs", 120, 350), row("standardDSv2Family", "Standard DSv2 Family vCPUs", 24, 100)];
    (StatusCode::OK, json!({ "value": rows }))
}
