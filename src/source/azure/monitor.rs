//! What Azure Monitor's figures come to: requests by the status callers see, latency, how busy
//! machines are. Pure.

use std::collections::BTreeMap;

use super::wire::{Metric, Metrics, Series};

/// Figures of one deployment over the last minutes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Requests a minute by (status for the caller, status of the model).
    pub requests: BTreeMap<(String, String), f64>,
    /// 95 of 100 requests were answered within so many milliseconds.
    pub latency_p95: Option<f64>,
    /// Instances by state, as `DeploymentCapacity` counts them.
    pub capacity: BTreeMap<String, f64>,
    /// The highest percentage over all instances, by metric.
    pub busy: BTreeMap<String, f64>,
}

impl Figures {
    /// Requests a minute in all.
    pub fn total(&self) -> f64 {
        self.requests.values().sum()
    }

    /// Requests a minute that callers saw fail on the server's side: 424 (the model answered with
    /// something else than 200), 429 and the 500s. What is the callers' own fault does not count.
    pub fn failing(&self) -> Vec<(&str, &str, f64)> {
        let fails = |status: &str| status == "424" || status == "429" || status == "408" || (status.len() == 3 && status.starts_with('5'));
        let mut found: Vec<(&str, &str, f64)> = self
            .requests
            .iter()
            .filter(|((status, _), rate)| fails(status) && **rate > 0.0)
            .map(|((status, model), rate)| (status.as_str(), model.as_str(), *rate))
            .collect();
        found.sort_by(|a, b| b.2.total_cmp(&a.2));
        found
    }

    /// Instances that are ready, if the service counts them.
    pub fn ready(&self) -> Option<u32> {
        let ready = self.capacity.iter().find(|(state, _)| state.eq_ignore_ascii_case("ready"))?;
        Some(rounded(*ready.1))
    }

    /// Whether anything was learned.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A count out of a mean.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count that saturates is what is wanted")]
pub fn rounded(value: f64) -> u32 {
    value.round().clamp(0.0, f64::from(u32::MAX)) as u32
}

/// The newest point with a number: the last minute often has none yet.
fn newest(series: &Series) -> Option<f64> {
    series.data.iter().rev().find_map(|point| point.average).filter(|value| value.is_finite())
}

fn dimension<'a>(series: &'a Series, name: &str) -> &'a str {
    let found = series.metadatavalues.iter().find(|dimension| dimension.name.value.eq_ignore_ascii_case(name));
    found.map_or("", |dimension| dimension.value.as_str())
}

fn named<'a>(metrics: &'a Metrics, name: &str) -> impl Iterator<Item = &'a Series> {
    let wanted = name.to_owned();
    metrics
        .value
        .iter()
        .filter(move |metric: &&Metric| metric.name.value.eq_ignore_ascii_case(&wanted))
        .flat_map(|metric| &metric.timeseries)
}

/// An endpoint's figures, by deployment.
pub fn of_endpoint(metrics: &Metrics) -> BTreeMap<String, Figures> {
    let mut found: BTreeMap<String, Figures> = BTreeMap::new();
    for series in named(metrics, "RequestsPerMinute") {
        let Some(rate) = newest(series) else { continue };
        let key = (dimension(series, "statuscode").to_owned(), dimension(series, "modelstatuscode").to_owned());
        *found.entry(dimension(series, "deployment").to_owned()).or_default().requests.entry(key).or_default() += rate;
    }
    for series in named(metrics, "RequestLatency_P95") {
        found.entry(dimension(series, "deployment").to_owned()).or_default().latency_p95 = newest(series);
    }
    found
}

/// Adds the figures of a deployment's machines.
pub fn add_machines(figures: &mut Figures, metrics: &Metrics) {
    for metric in &metrics.value {
        for series in &metric.timeseries {
            let Some(value) = newest(series) else { continue };
            if metric.name.value.eq_ignore_ascii_case("DeploymentCapacity") {
                *figures.capacity.entry(dimension(series, "state").to_owned()).or_default() += value;
            } else {
                let most = figures.busy.entry(metric.name.value.clone()).or_default();
                *most = most.max(value);
            }
        }
    }
}

/// The figures in words, for a person who looks at the record.
pub fn words(figures: &Figures) -> Vec<String> {
    let mut lines: Vec<String> = figures
        .requests
        .iter()
        .map(|((status, model), rate)| format!("requests a minute, status {status}, model status {model}: {}", rounded(*rate)))
        .collect();
    lines.extend(figures.latency_p95.map(|latency| format!("latency p95: {} ms", rounded(latency))));
    lines.extend(figures.capacity.iter().map(|(state, count)| format!("instances {state}: {}", rounded(*count))));
    lines.extend(figures.busy.iter().map(|(name, percent)| format!("{name}: {} %", rounded(*percent))));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_newest_number_counts_and_callers_faults_do_not() {
        let series = |status: &str, model: &str, values: [Option<f64>; 2]| {
            json!({"metadatavalues": [
                {"name": {"value": "deployment"}, "value": "blue"}, {"name": {"value": "statuscode"}, "value": status},
                {"name": {"value": "modelstatuscode"}, "value": model}],
                "data": values.map(|value| json!({"timeStamp": "2026-11-21T02:10:00Z", "average": value}))})
        };
        let body = json!({"value": [{"name": {"value": "RequestsPerMinute"}, "timeseries": [
            series("200", "200", [Some(90.0), None]), series("424", "500", [Some(1.0), Some(30.0)]), series("401", "Unknown", [Some(5.0), None])]}]});
        let metrics: Metrics = serde_json::from_value(body).unwrap();
        let found = of_endpoint(&metrics);
        let blue = &found["blue"];
        assert_eq!(blue.failing(), [("424", "500", 30.0)]);
        assert!((blue.total() - 125.0).abs() < 0.01);
    }
}
