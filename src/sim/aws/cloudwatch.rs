//! CloudWatch `GetMetricData` for the usage of vCPU quotas, and nothing else.
//!
//! As with the real metric, a point stands for five minutes, comes a few minutes late, and is not
//! published at all while nothing is used.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::world::World;
use super::Refusal;

/// The length of a point in seconds.
const PERIOD: i64 = 300;
/// The same, as a step.
const STEP: usize = 300;
/// How late a point comes, in seconds.
const DELAY: i64 = 120;

/// Answers the call.
pub(super) fn metric_data(world: &World, input: &Value) -> Result<Value, Refusal> {
    let invalid = |message: &str| Refusal::new(StatusCode::BAD_REQUEST, "ValidationError", message);
    let bound = |name: &str| input.get(name).and_then(Value::as_f64).ok_or_else(|| invalid(&format!("{name} is required")));
    #[expect(clippy::cast_possible_truncation, reason = "Unix seconds fit by far")]
    let (start, end) = (bound("StartTime")? as i64, bound("EndTime")? as i64);
    let queries = input.get("MetricDataQueries").and_then(Value::as_array).ok_or_else(|| invalid("MetricDataQueries is required"))?;
    let newest_first = input.get("ScanBy").and_then(Value::as_str) != Some("TimestampAscending");
    let results: Vec<Value> = queries.iter().map(|query| result(world, query, (start, end), newest_first)).collect();
    Ok(json!({ "MetricDataResults": results, "Messages": [] }))
}

fn result(world: &World, query: &Value, (start, end): (i64, i64), newest_first: bool) -> Value {
    let mut points = match class(query) {
        Some(class) => points(world, &class, start, end),
        None => Vec::new(),
    };
    if newest_first {
        points.reverse();
    }
    let (stamps, values): (Vec<i64>, Vec<f64>) = points.into_iter().unzip();
    json!({
        "Id": query.get("Id").cloned().unwrap_or_default(),
        "Label": "ResourceCount",
        "Timestamps": stamps,
        "Values": values,
        "StatusCode": "Complete",
    })
}

/// The class, if exactly the dimensions of the vCPU usage metric are asked for.
fn class(query: &Value) -> Option<String> {
    let metric = query.get("MetricStat")?.get("Metric")?;
    let named = |name: &str, value: &str| metric.get(name).and_then(Value::as_str) == Some(value);
    if !named("Namespace", "AWS/Usage") || !named("MetricName", "ResourceCount") {
        return None;
    }
    let dimensions = metric.get("Dimensions")?.as_array()?;
    let dimension = |name: &str| {
        let found = dimensions.iter().find(|dimension| dimension.get("Name").and_then(Value::as_str) == Some(name));
        found?.get("Value")?.as_str().map(str::to_owned)
    };
    let is_vcpu =
        dimensions.len() == 4 && dimension("Type")? == "Resource" && dimension("Resource")? == "vCPU" && dimension("Service")? == "EC2";
    if is_vcpu { dimension("Class") } else { None }
}

/// Points between two Unix times, oldest first.
fn points(world: &World, class: &str, start: i64, end: i64) -> Vec<(i64, f64)> {
    let present = world.present().as_second();
    let first = start.max(present - 24 * 3_600).div_euclid(PERIOD) * PERIOD;
    (first..end.min(present - DELAY))
        .step_by(STEP)
        .filter_map(|at| {
            let used = world.vcpus_in_use(class, world.now - (present - at));
            (used > 0).then_some((at, f64::from(used)))
        })
        .collect()
}
