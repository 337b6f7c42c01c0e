//! What the autoscaler tells: its report in both formats, and the cluster's events.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Look;

/// What replicas without a node ask for, with how many ask so.
fn demands(look: &Look<'_>) -> Vec<(BTreeMap<String, f64>, u32)> {
    let deployments = look.ray.app.iter().flat_map(|app| &app.deployment);
    deployments.filter(|one| one.waiting > 0).map(|one| (one.resources.clone(), one.waiting)).collect()
}

/// Use and total by resource, over all machines that are alive.
fn usage(look: &Look<'_>) -> BTreeMap<String, (f64, f64)> {
    let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for node in look.ray.node.iter().filter(|node| node.dead.is_none()) {
        for (name, total) in &node.resources {
            let sum = sums.entry(name.clone()).or_default();
            sum.0 += node.used.get(name).copied().unwrap_or_default();
            sum.1 += total;
        }
    }
    sums
}

fn groups<'a>(look: &Look<'a>) -> BTreeMap<&'a str, u32> {
    let mut groups = BTreeMap::new();
    for node in look.ray.node.iter().filter(|node| node.dead.is_none()) {
        *groups.entry(node.group.as_str()).or_default() += 1;
    }
    groups
}

pub(super) fn status(look: &Look<'_>) -> Value {
    if look.asked("format") == Some("1") {
        return json!({ "result": true, "msg": "Got formatted cluster status.", "data": { "clusterStatus": text(look) } });
    }
    let scaler = &look.ray.autoscaler;
    if scaler.second {
        let data = json!({ "autoscalingStatus": null, "autoscalingError": null, "clusterStatus": null });
        return json!({ "result": true, "msg": "Got cluster status.", "data": data });
    }
    let refused: serde_json::Map<String, Value> = scaler
        .failures
        .iter()
        .map(|(group, category)| {
            let why = json!({ "category": category, "description": "the provider refused the launch" });
            let entry =
                json!({ "nodeType": group, "isAvailable": false, "lastCheckedTimestamp": look.now(), "unavailableNodeInformation": why });
            (group.replace('_', ""), entry)
        })
        .collect();
    let demand: Vec<Value> = demands(look).iter().map(|(bundle, count)| json!([bundle, count])).collect();
    let used: BTreeMap<String, [f64; 2]> = usage(look).into_iter().map(|(name, (used, total))| (name, [used, total])).collect();
    json!({ "result": true, "msg": "Got cluster status.", "data": {
        "autoscalingStatus": "", "autoscalingError": null,
        "clusterStatus": {
            "time": look.now(),
            "autoscalerReport": {
                "activeNodes": groups(look), "pendingNodes": [], "pendingLaunches": scaler.launching, "failedNodes": [],
                "nodeAvailabilitySummary": { "nodeAvailabilities": refused }, "pendingResources": {},
            },
            "loadMetricsReport": { "usage": used, "resourceDemand": demand, "pgDemand": [], "usageByNode": null },
        },
    } })
}

fn text(look: &Look<'_>) -> String {
    let scaler = &look.ray.autoscaler;
    let rule = "---------------------------------------------------------------";
    let or = |lines: String, none: &str| if lines.is_empty() { format!(" ({none})\n") } else { lines };
    let mut report = format!(
        "======== Autoscaler status: {} ========\nNode status\n{rule}\nActive:\n",
        look.world.present().strftime("%Y-%m-%d %H:%M:%S.000000")
    );
    for (group, count) in groups(look) {
        let _infallible = writeln!(report, " {count} {group}");
    }
    if scaler.second {
        report.push_str("Idle:\n (no idle nodes)\n");
    }
    let launching: String =
        scaler.launching.iter().map(|(group, count)| format!(" {group}, {count} launching\n")).collect::<Vec<_>>().concat();
    let _infallible = write!(report, "Pending:\n{}", or(launching, "no pending nodes"));
    let at = look.world.present().strftime("%H:%M:%S").to_string();
    let word = |category: &str| if scaler.second { "LaunchFailed".to_owned() } else { category.to_owned() };
    let failures: String = scaler
        .failures
        .iter()
        .map(|(group, category)| format!(" {group}: {} (latest_attempt: {at})\n", word(category)))
        .collect::<Vec<_>>()
        .concat();
    let _infallible = write!(report, "Recent failures:\n{}\nResources\n{rule}\nTotal Usage:\n", or(failures, "no failures"));
    for (name, (used, total)) in usage(look) {
        let gib = 1_073_741_824.0;
        let line = if name.contains("memory") {
            format!(" {:.2}GiB/{:.2}GiB {name}\n", used / gib, total / gib)
        } else {
            format!(" {used:?}/{total:?} {name}\n")
        };
        report.push_str(&line);
    }
    let python = |bundle: &BTreeMap<String, f64>| {
        let parts: Vec<String> = bundle.iter().map(|(name, amount)| format!("'{name}': {amount:?}")).collect();
        format!("{{{}}}", parts.join(", "))
    };
    let waiting: String = demands(look)
        .iter()
        .map(|(bundle, count)| format!(" {}: {count}+ pending tasks/actors\n", python(bundle)))
        .collect::<Vec<_>>()
        .concat();
    let _infallible = write!(report, "\nFrom request_resources:\n (none)\nPending Demands:\n{}", or(waiting, "no resource demands"));
    report.trim_end().to_owned()
}

pub(super) fn events(look: &Look<'_>) -> Value {
    let events: Vec<Value> = look
        .ray
        .autoscaler
        .events
        .iter()
        .zip(0_i64..)
        .map(|(message, n)| {
            let at = look.world.stamp(look.world.now - 30 - 5 * n).as_second();
            json!({
                "eventId": format!("{n:036x}"), "sourceType": "AUTOSCALER", "sourceHostname": "ip-10-0-0-1", "sourcePid": 90,
                "message": message, "timestamp": at.to_string(), "severity": "INFO", "label": "", "customFields": {},
            })
        })
        .collect();
    json!({ "result": true, "msg": "All events fetched.", "data": { "events": { "global": events } } })
}
