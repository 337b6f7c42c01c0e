//! Azure Monitor: what endpoints were asked and how they answered, how busy machines are, and who
//! did what. As in life, the activity log has no row for a failed rollout.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::scenario::{AzureDeploymentFile, AzureEndpointFile};
use super::{Answer, Look, operation_state, query_value};

/// Minutes of data.
const MINUTES: i64 = 5;

fn wanted(query: &str, metric: &str) -> bool {
    query_value(query, "metricnames").is_some_and(|names| names.split(',').any(|name| name == metric))
}

/// Points of the last minutes; the newest is not there yet.
fn points(look: &Look<'_>, value: f64) -> Vec<Value> {
    let newest = look.world.now - look.world.now.rem_euclid(60);
    (0..MINUTES)
        .rev()
        .map(|ago| {
            let at = look.stamp(newest - 60 * ago);
            if ago == 0 { json!({ "timeStamp": at }) } else { json!({ "timeStamp": at, "average": value, "maximum": value }) }
        })
        .collect()
}

fn metric(name: &str, unit: &str, series: &[Value]) -> Value {
    json!({ "type": "Microsoft.Insights/metrics", "name": { "value": name, "localizedValue": name }, "unit": unit, "timeseries": series, "errorCode": "Success" })
}

fn series(dimensions: &[(&str, &str)], points: &[Value]) -> Value {
    let metadata: Vec<Value> =
        dimensions.iter().map(|(name, value)| json!({ "name": { "value": name, "localizedValue": name }, "value": value })).collect();
    json!({ "metadatavalues": metadata, "data": points })
}

fn envelope(look: &Look<'_>, metrics: &[Value]) -> Answer {
    let body = json!({ "cost": 59, "interval": "PT1M", "resourceregion": look.workspace.location, "value": metrics });
    (StatusCode::OK, body)
}

pub(super) fn requests(look: &Look<'_>, endpoint: &AzureEndpointFile, query: &str) -> Answer {
    let mut rows = Vec::new();
    let mut latencies = Vec::new();
    for deployment in &endpoint.deployment {
        for (status, count) in &deployment.requests {
            // The service answers 424 for whatever the model answers that is not 200.
            let model = if status == "424" { "500" } else { status.as_str() };
            let class = format!("{}xx", status.chars().next().unwrap_or('2'));
            let dimensions =
                [("deployment", deployment.name.as_str()), ("statuscode", status), ("statuscodeclass", &class), ("modelstatuscode", model)];
            rows.push(series(&dimensions, &points(look, f64::from(*count))));
        }
        if !deployment.requests.is_empty() {
            latencies.push(series(&[("deployment", &deployment.name)], &points(look, 84.0)));
        }
    }
    let mut metrics = Vec::new();
    if wanted(query, "RequestsPerMinute") {
        metrics.push(metric("RequestsPerMinute", "Count", &rows));
    }
    if wanted(query, "RequestLatency_P95") {
        metrics.push(metric("RequestLatency_P95", "MilliSeconds", &latencies));
    }
    envelope(look, &metrics)
}

pub(super) fn machines(look: &Look<'_>, deployment: &AzureDeploymentFile, query: &str) -> Answer {
    let runs = operation_state(look, deployment).0 == "Succeeded";
    let names = [
        "CpuUtilizationPercentage",
        "CpuMemoryUtilizationPercentage",
        "GpuUtilizationPercentage",
        "GpuMemoryUtilizationPercentage",
        "DiskUtilization",
    ];
    let mut metrics = Vec::new();
    for name in names.into_iter().filter(|name| wanted(query, name)) {
        let has = runs && (!name.starts_with("Gpu") || deployment.instance_type.contains("_NC"));
        let one = series(&[("instanceid", "0")], &points(look, 41.5));
        metrics.push(metric(name, "Percent", if has { std::slice::from_ref(&one) } else { &[] }));
    }
    if wanted(query, "DeploymentCapacity") {
        let one = series(&[("instanceid", "0"), ("state", "Ready")], &points(look, f64::from(deployment.instances)));
        metrics.push(metric("DeploymentCapacity", "Count", if runs { std::slice::from_ref(&one) } else { &[] }));
    }
    envelope(look, &metrics)
}

pub(super) fn activity(look: &Look<'_>) -> Answer {
    let all = look.workspace.endpoint.iter().flat_map(|endpoint| endpoint.deployment.iter().map(move |one| (endpoint, one)));
    let rows: Vec<Value> = all
        .map(|(endpoint, deployment)| {
            json!({
                "caller": "deploy-bot@example.org", "eventTimestamp": look.stamp(deployment.at.0), "level": "Informational",
                "operationName": { "value": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/write" },
                "status": { "value": "Accepted" }, "subStatus": { "value": "Created" },
                "correlationId": format!("7d5e0000-0000-4000-8000-{}", deployment.name),
                "resourceId": format!("{}/onlineendpoints/{}/deployments/{}", look.prefix(), endpoint.name, deployment.name),
            })
        })
        .collect();
    (StatusCode::OK, json!({ "value": rows }))
}
