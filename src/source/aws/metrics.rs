//! Usage of quotas from CloudWatch: one signed `GetMetricData` request in JSON 1.0.
//!
//! Not by its SDK crate: that costs about as much to build as the rest of this folder's crates
//! together, for one request whose signing and HTTP client are compiled in anyway. Retries are the
//! poller's; the budget is the account's.

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_types::error::display::DisplayErrorContext;
use serde::Deserialize;
use serde_json::json;

use super::account::{ATTEMPT_TIMEOUT, Session, is_on_this_machine};
use super::errors;
use crate::domain::quota::Usage;
use crate::domain::source::{Failure, FailureKind};
use crate::domain::time::{Duration, Timestamp};

const ACTION: &str = "cloudwatch:GetMetricData";
/// The metric's grain; its points come minutes late.
const PERIOD_SECONDS: u32 = 300;
/// How far back a point still counts.
const WINDOW: Duration = Duration::from_hours(1);
/// The longest answer that is read.
const LONGEST_ANSWER: usize = 1 << 20;

/// A usage metric, as Service Quotas describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageMetric {
    /// `AWS/Usage`.
    pub namespace: String,
    /// `ResourceCount`.
    pub name: String,
    /// `Maximum`.
    pub statistic: String,
    /// Name and value.
    pub dimensions: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    metric_data_results: Vec<Series>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Series {
    id: String,
    #[serde(default)]
    timestamps: Vec<f64>,
    #[serde(default)]
    values: Vec<f64>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "__type")]
    code: String,
    #[serde(default, alias = "Message")]
    message: String,
}

/// The newest point of each metric in the last hour, in the order of `metrics`. No point is
/// `None`: nothing used and not yet published look the same.
///
/// # Errors
/// What keeps the call from working, with `cloudwatch:GetMetricData` named where it is denied.
pub async fn usages(session: &Session, metrics: &[UsageMetric], now: Timestamp) -> Result<Vec<Option<Usage>>, Failure> {
    let body = request_body(metrics, now).to_string();
    let request = signed(&session.config, &session.region, body).await?;
    session.budget.take().await?;
    let answer = send(request).await;
    match &answer {
        Err(failure) if failure.kind == FailureKind::Throttled => session.budget.throttled(),
        _ => session.budget.answered(),
    }
    let series = answer?.metric_data_results;
    let newest = |index: usize| series.iter().find(|series| series.id == format!("q{index}")).and_then(newest_point);
    Ok((0..metrics.len()).map(newest).collect())
}

fn request_body(metrics: &[UsageMetric], now: Timestamp) -> serde_json::Value {
    let queries: Vec<_> = metrics
        .iter()
        .enumerate()
        .map(|(index, metric)| {
            let dimensions: Vec<_> = metric.dimensions.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
            json!({
                "Id": format!("q{index}"),
                "MetricStat": {
                    "Metric": {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions},
                    "Period": PERIOD_SECONDS,
                    "Stat": metric.statistic,
                },
            })
        })
        .collect();
    let start = now.checked_sub(WINDOW).unwrap_or(now).as_second();
    json!({"MetricDataQueries": queries, "StartTime": start, "EndTime": now.as_second(), "ScanBy": "TimestampDescending"})
}

fn newest_point(series: &Series) -> Option<Usage> {
    let points = series.timestamps.iter().zip(&series.values);
    let (at, value) = points.max_by(|a, b| a.0.total_cmp(b.0))?;
    Some(Usage { value: whole(*value)?, at: Timestamp::from_second(signed_whole(*at)?).ok()? })
}

/// A count that the service sends as a fraction, as the whole number it is.
pub fn whole(value: f64) -> Option<u64> {
    signed_whole(value).and_then(|value| u64::try_from(value).ok())
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn signed_whole(value: f64) -> Option<i64> {
    (value.is_finite() && value.abs() < 9e15).then(|| value.round() as i64)
}

/// Where CloudWatch answers, with the same overrides the SDK honours.
fn endpoint(config: &SdkConfig, region: &str) -> String {
    let ignored = std::env::var("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_ok_and(|value| value.eq_ignore_ascii_case("true"));
    let own = std::env::var("AWS_ENDPOINT_URL_CLOUDWATCH").ok().filter(|url| !url.is_empty() && !ignored);
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let configured = config.endpoint_url().map(str::to_owned);
    let local = configured.clone().filter(|url| is_on_this_machine(url));
    local.or(own).or(configured).unwrap_or_else(|| format!("https://monitoring.{region}.{suffix}"))
}

async fn signed(config: &SdkConfig, region: &str, body: String) -> Result<reqwest::RequestBuilder, Failure> {
    let url = format!("{}/", endpoint(config, region).trim_end_matches('/'));
    let provider =
        config.credentials_provider().ok_or_else(|| errors::before_answer(ACTION, "no credentials provider", "no credentials provider"))?;
    let credentials = provider.provide_credentials().await;
    let credentials = credentials.map_err(|error| {
        errors::before_answer(ACTION, &format!("credentials: {}", DisplayErrorContext(&error)), &errors::deepest(&error))
    })?;
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("monitoring")
        .time(crate::clock::now().into())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| errors::before_answer(ACTION, &error.to_string(), &errors::deepest(&error)))?;
    let headers = [
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", "GraniteServiceVersion20100801.GetMetricData"),
        ("x-amzn-query-mode", "true"),
    ];
    let signable = SignableRequest::new("POST", &url, headers.into_iter(), SignableBody::Bytes(body.as_bytes()));
    let (instructions, _) = signable
        .and_then(|request| sign(request, &parameters.into()))
        .map_err(|error| errors::before_answer(ACTION, &error.to_string(), &errors::deepest(&error)))?
        .into_parts();
    let mut request = client(&url)?.post(&url).body(body);
    for (name, value) in headers.into_iter().chain(instructions.headers()) {
        request = request.header(name, value);
    }
    Ok(request)
}

fn client(url: &str) -> Result<reqwest::Client, Failure> {
    let mut builder = reqwest::Client::builder().timeout(ATTEMPT_TIMEOUT).redirect(reqwest::redirect::Policy::none());
    if is_on_this_machine(url) {
        builder = builder.no_proxy();
    }
    if let Some(pem) = super::account::extra_certificates()? {
        let certificates = reqwest::Certificate::from_pem_bundle(&pem)
            .map_err(|error| errors::before_answer(ACTION, &error.to_string(), &errors::deepest(&error)))?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|error| errors::before_answer(ACTION, &error.to_string(), &errors::deepest(&error)))
}

async fn send(request: reqwest::RequestBuilder) -> Result<Answer, Failure> {
    let failed = |error: &reqwest::Error| {
        if error.is_timeout() {
            return errors::timed_out(ACTION);
        }
        errors::before_answer(ACTION, &format!("dispatch failure: {}", DisplayErrorContext(error)), &errors::deepest(error))
    };
    let mut response = request.send().await.map_err(|error| failed(&error))?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_ANSWER {
            return Err(errors::unreadable(ACTION, status, &body));
        }
    }
    if status == 200 {
        return serde_json::from_slice(&body).map_err(|_| errors::unreadable(ACTION, status, &body));
    }
    match serde_json::from_slice::<Refusal>(&body) {
        Ok(refusal) => Err(errors::from_code(ACTION, refusal.code.rsplit('#').next().unwrap_or_default(), &refusal.message)),
        Err(_) => Err(errors::unreadable(ACTION, status, &body)),
    }
}
