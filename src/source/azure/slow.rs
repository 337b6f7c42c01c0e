//! What is asked at its own pace: figures each minute, limits and the activity log every few.
//! None of it is needed to see a rollout, so each failure is a gap.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use serde::Deserialize as _;
use serde_json::Value;

use super::autoscale::Autoscale;
use super::client::Manager;
use super::limits;
use super::memory::{Dated, Limits};
use super::monitor::{self, Figures};
use super::normalize::{deployment_key, is_kubernetes, stamp};
use super::poll::{AT_ONCE, AzureSource, Endpoint, Item, Round, cut};
use super::wire::{ActivityRow, AutoscaleRow, Metrics, UsageRow, VmSize};
use crate::domain::event::Event;
use crate::domain::source::{Failure, Gap};
use crate::domain::time::{Duration, Timestamp};

/// How old figures may become.
const FIGURES: Duration = Duration::from_mins(1);
/// How old limits may become.
const LIMITS: Duration = Duration::from_mins(5);
/// How old the activity log may become.
const ACTIVITY: Duration = Duration::from_mins(2);
/// How far back figures go.
const WINDOW: Duration = Duration::from_mins(10);
/// How far back the activity log goes.
const HISTORY: Duration = Duration::from_hours(24);
/// The most endpoints asked for figures, and the most deployments.
const MOST: usize = 20;
/// The most rows of the activity log that become events.
const EVENTS: usize = 100;

const METRICS_VERSION: &str = "2024-02-01";
const ACTIVITY_VERSION: &str = "2015-04-01";
const AUTOSCALE_VERSION: &str = "2022-10-01";
const COMPUTE_VERSION: &str = "2026-04-01";

/// Reads requests and latency of endpoints, and how busy the machines of suspects are.
pub(super) async fn figures(source: &mut AzureSource, endpoints: &[Endpoint], items: &[Item], round: &mut Round<'_>) {
    let now = round.focus.now;
    if !source.memory.figures.is_due(FIGURES, now) || round.is_late() || !source.manager.is_ample() {
        return;
    }
    let span = timespan(now, WINDOW);
    let mut fresh = Dated { at: Some(now), value: BTreeMap::<String, Figures>::new(), gaps: Vec::new() };
    let asked: Vec<_> = endpoints
        .iter()
        .take(MOST)
        .map(|endpoint| {
            let path = format!("{}/onlineEndpoints/{}", source.manager.place.workspace_path(), endpoint.resource.name);
            requests_of(Arc::clone(&source.manager), path, span.clone())
        })
        .collect();
    let answers: Vec<_> = futures_util::stream::iter(asked).buffered(AT_ONCE).collect().await;
    for (endpoint, answer) in endpoints.iter().zip(answers) {
        match answer {
            Ok(metrics) => {
                for (deployment, figures) in monitor::of_endpoint(&metrics) {
                    fresh.value.insert(format!("{}/{deployment}", endpoint.resource.name), figures);
                }
            }
            Err(failure) => fresh.gaps.push(Gap { what: format!("requests of {}", endpoint.resource.name).into(), failure }),
        }
    }
    let selected = round.focus.selected.as_ref();
    let wanted: Vec<&Item> = items
        .iter()
        .filter(|item| !is_kubernetes(&item.resource))
        .filter(|item| {
            item.is_suspect()
                || selected.is_some_and(|key| *key == source.key(&item.name))
                || fresh.value.get(&item.name).is_some_and(|figures| !figures.failing().is_empty())
        })
        .take(MOST)
        .collect();
    let asked: Vec<_> = wanted
        .iter()
        .filter_map(|item| Some((endpoints.get(item.endpoint)?, item)))
        .map(|(endpoint, item)| {
            let workspace = source.manager.place.workspace_path();
            let path = format!("{workspace}/onlineEndpoints/{}/deployments/{}", endpoint.resource.name, item.resource.name);
            machines_of(Arc::clone(&source.manager), path, span.clone())
        })
        .collect();
    let answers: Vec<_> = futures_util::stream::iter(asked).buffered(AT_ONCE).collect().await;
    for (item, answer) in wanted.into_iter().zip(answers) {
        match answer {
            Ok(metrics) => monitor::add_machines(fresh.value.entry(item.name.clone()).or_default(), &metrics),
            Err(failure) => fresh.gaps.push(Gap { what: format!("machines of {}", item.name).into(), failure }),
        }
    }
    fresh.value.retain(|_, figures| !figures.is_empty());
    source.memory.figures = fresh;
}

fn timespan(now: Timestamp, back: Duration) -> String {
    let written = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    format!("{}/{}", written(now.checked_sub(back).unwrap_or(now)), written(now))
}

async fn requests_of(manager: Arc<Manager>, path: String, span: String) -> Result<Metrics, Failure> {
    let path = format!("{path}/providers/Microsoft.Insights/metrics");
    let query = |names, filter| {
        [
            ("api-version", METRICS_VERSION),
            ("metricnames", names),
            ("timespan", span.as_str()),
            ("interval", "PT1M"),
            ("aggregation", "average"),
            ("top", "100"),
            ("$filter", filter),
        ]
    };
    let split = "deployment eq '*' and statusCode eq '*' and modelStatusCode eq '*'";
    let mut requests = read(&manager.get_other(&path, &query("RequestsPerMinute", split), "metrics").await?);
    // Latency has fewer dimensions, so it is a question of its own; without it the rest still counts.
    if let Ok(latency) = manager.get_other(&path, &query("RequestLatency_P95", "deployment eq '*'"), "metrics").await {
        requests.value.extend(read(&latency).value);
    }
    Ok(requests)
}

async fn machines_of(manager: Arc<Manager>, path: String, span: String) -> Result<Metrics, Failure> {
    let path = format!("{path}/providers/Microsoft.Insights/metrics");
    let names = "CpuUtilizationPercentage,CpuMemoryUtilizationPercentage,GpuUtilizationPercentage,GpuMemoryUtilizationPercentage";
    let query = |names, filter| {
        let plain = [
            ("api-version", METRICS_VERSION),
            ("metricnames", names),
            ("timespan", span.as_str()),
            ("interval", "PT1M"),
            ("aggregation", "average"),
        ];
        plain.into_iter().chain([("$filter", filter)]).collect::<Vec<_>>()
    };
    let mut found = read(&manager.get_other(&path, &query(names, "instanceId eq '*'"), "metrics").await?);
    for (names, filter) in
        [("DeploymentCapacity", "instanceId eq '*' and State eq '*'"), ("DiskUtilization", "instanceId eq '*' and disk eq '*'")]
    {
        if let Ok(more) = manager.get_other(&path, &query(names, filter), "metrics").await {
            found.value.extend(read(&more).value);
        }
    }
    Ok(found)
}

fn read(raw: &Value) -> Metrics {
    Metrics::deserialize(raw).unwrap_or_default()
}

/// Reads quotas, machines and autoscale settings.
pub(super) async fn limits(source: &mut AzureSource, endpoints: &[Endpoint], round: &mut Round<'_>) {
    let now = round.focus.now;
    let Some(location) = source.location(endpoints).filter(|_| source.memory.limits.is_due(LIMITS, now) && !round.is_late()) else {
        return;
    };
    let place = &source.manager.place;
    let ml = |what: &str| place.regional_path("Microsoft.MachineLearningServices", &location, what);
    let mut fresh = Dated { at: Some(now), value: Limits::default(), gaps: Vec::new() };
    let mut keep = |what: &str, answer: Result<super::client::Pages, Failure>| match answer {
        Ok(pages) => {
            fresh.gaps.extend(pages.cut.then(|| Gap { what: what.into(), failure: cut(what, pages.values.len()) }));
            pages.values
        }
        Err(failure) => {
            fresh.gaps.push(Gap { what: what.into(), failure });
            Vec::new()
        }
    };
    let (usages_path, sizes_path) = (ml("usages"), ml("vmSizes"));
    let scale_path = format!("{}/providers/Microsoft.Insights/autoscalesettings", place.group_path());
    let scale_query = [("api-version", AUTOSCALE_VERSION)];
    let (usages, sizes, scales) = tokio::join!(
        source.manager.list(&usages_path, &[], "usages"),
        source.manager.list(&sizes_path, &[], "machines"),
        source.manager.list(&scale_path, &scale_query, "autoscale settings"),
    );
    let usages = keep("quotas of Machine Learning", usages);
    let sizes = keep("machines of the region", sizes);
    let scales = keep("autoscale settings", scales);
    let compute = if endpoints.iter().any(|endpoint| is_kubernetes(&endpoint.resource)) {
        let path = place.regional_path("Microsoft.Compute", &location, "usages");
        keep("quotas of Compute", source.manager.list(&path, &[("api-version", COMPUTE_VERSION)], "usages").await)
    } else {
        Vec::new()
    };
    let rows = |values: &[Value]| values.iter().filter_map(|raw| UsageRow::deserialize(raw).ok()).collect::<Vec<_>>();
    fresh.value.quotas = rows(&usages).iter().filter_map(|row| limits::quota(&source.context, row, now)).collect();
    fresh.value.quotas.extend(rows(&compute).iter().filter_map(|row| limits::compute_quota(&source.context, row, now)));
    fresh.value.quotas.sort_by(|a, b| a.key.cmp(&b.key));
    fresh.value.sizes = sizes.iter().filter_map(|raw| VmSize::deserialize(raw).ok()).map(|size| (size.name.to_lowercase(), size)).collect();
    fresh.value.scales = scales.iter().filter_map(|raw| Autoscale::read(&AutoscaleRow::deserialize(raw).ok()?)).collect();
    source.memory.limits = fresh;
}

/// Reads who did what. It is not asked why anything failed: it often does not say that it did.
pub(super) async fn activity(source: &mut AzureSource, items: &[Item], round: &mut Round<'_>) {
    let now = round.focus.now;
    if !source.memory.activity.is_due(ACTIVITY, now) || round.is_late() || !source.manager.is_ample() {
        return;
    }
    let place = &source.manager.place;
    let span = timespan(now, HISTORY);
    let (from, until) = span.split_once('/').unwrap_or_default();
    let filter = format!("eventTimestamp ge '{from}' and eventTimestamp le '{until}' and resourceGroupName eq '{}'", place.resource_group);
    let path = format!("{}/providers/Microsoft.Insights/eventtypes/management/values", place.subscription_path());
    let query = [
        ("api-version", ACTIVITY_VERSION),
        ("$filter", filter.as_str()),
        ("$select", "caller,eventTimestamp,operationName,status,resourceId,level"),
    ];
    let mut fresh = Dated { at: Some(now), value: Vec::new(), gaps: Vec::new() };
    match source.manager.list(&path, &query, "activity log").await {
        Ok(pages) => {
            fresh.gaps.extend(
                pages.cut.then(|| Gap { what: "activity log".into(), failure: cut("rows of the activity log", pages.values.len()) }),
            );
            let rows = pages.values.iter().filter_map(|raw| ActivityRow::deserialize(raw).ok());
            fresh.value = rows.filter_map(|row| event(source, items, &row)).take(EVENTS).collect();
        }
        Err(failure) => {
            fresh.value.clone_from(&source.memory.activity.value);
            fresh.gaps.push(Gap { what: "activity log".into(), failure });
        }
    }
    source.memory.activity = fresh;
}

/// A write or delete of a deployment, as an event.
fn event(source: &AzureSource, items: &[Item], row: &ActivityRow) -> Option<Event> {
    let id = row.resource_id.to_lowercase();
    let (_, rest) = id.split_once("/onlineendpoints/")?;
    let (endpoint, deployment) = rest.split_once("/deployments/")?;
    let wanted = format!("{endpoint}/{deployment}");
    let item = items.iter().find(|item| item.name.to_lowercase() == wanted)?;
    let verb = row.operation_name.value.rsplit('/').next().unwrap_or_default().to_owned();
    let (endpoint, deployment) = item.name.split_once('/')?;
    Some(Event {
        of: deployment_key(&source.context, endpoint, deployment),
        at: stamp(&row.event_timestamp)?,
        first_at: None,
        count: 1,
        warning: matches!(row.level.as_str(), "Error" | "Critical"),
        reason: verb.as_str().into(),
        message: format!("{verb} by {}: {}", row.caller, row.status.value).into(),
    })
}
