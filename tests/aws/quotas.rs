//! Quotas, usage and increase requests.

use holdup::domain::source::FailureKind;
use holdup::source::aws::quotas::Quotas;

use super::stand::{Answer, account, error, fixture, focus, now, ok, poll, serve};

const GPU: &[(&str, &[&str], bool)] = &[("gpu", &["g4dn.xlarge"], false)];

/// The recorded series, named as the request names it.
fn metric() -> Answer {
    (200, fixture("GetMetricData.json").replace("\"Id\": \"g\"", "\"Id\": \"q0\""))
}

fn usual(operation: &str, _: &str) -> Answer {
    match operation {
        "GetServiceQuota" => ok("GetServiceQuota.json"),
        "ListRequestedServiceQuotaChangeHistoryByQuota" => ok("ListRequestedServiceQuotaChangeHistoryByQuota.json"),
        "GetMetricData" => metric(),
        other => panic!("unexpected {other}"),
    }
}

fn denied(action: &str) -> Answer {
    let (status, body) = error("servicequotas:GetServiceQuota");
    (status, body.replace("servicequotas:GetServiceQuota", action))
}

#[tokio::test]
async fn value_usage_and_requests_of_the_quota_in_use() {
    let (endpoint, asked) = serve(usual).await;
    let mut source = Quotas::new("prod".into(), account(&endpoint));
    let focus = focus("cortex", GPU, now());
    let view = poll(&mut source, &focus).await.unwrap();
    let quota = &view.quotas[0];
    assert_eq!((quota.key.name.as_str(), quota.family.as_str(), quota.spot), ("L-DB2E81BA", "G and VT", false));
    assert_eq!((quota.limit, quota.is_default, quota.adjustable), (Some(4), false, true));
    let usage = quota.usage.unwrap();
    assert_eq!((usage.value, usage.at.as_second()), (8, 1_795_229_700));
    let request = &quota.requests[0];
    assert_eq!((request.desired, request.status.as_str(), request.is_open()), (64, "CASE_OPENED", true));
    assert_eq!((request.case.as_deref(), request.created_at.unwrap().as_second()), (Some("1234567890"), 1_795_190_000));
    assert_eq!(view.gaps, []);

    let first = asked.lock().unwrap().len();
    assert_eq!(poll(&mut source, &focus).await.unwrap(), view);
    assert_eq!(asked.lock().unwrap().len(), first, "all of it is kept for a while");
    let metric = asked.lock().unwrap().iter().find(|request| request.starts_with("GetMetricData")).cloned().unwrap();
    for part in [r#""Value":"G/OnDemand""#, r#""Period":300"#, r#""Stat":"Maximum""#, r#""Namespace":"AWS/Usage""#] {
        assert!(metric.contains(part), "{part} in {metric}");
    }
}

#[tokio::test]
async fn get_denied_falls_back_to_the_list_and_its_next_pages() {
    let (endpoint, _) = serve(|operation, body| match operation {
        "GetServiceQuota" => denied("servicequotas:GetServiceQuota"),
        "ListServiceQuotas" if body.contains("next-page-token") => {
            (200, fixture("GetServiceQuota.json").replace("\"Quota\":", "\"Quotas\": [").trim_end().trim_end_matches('}').to_owned() + "]}")
        }
        "ListServiceQuotas" => (200, fixture("ListServiceQuotas.json").replace("L-DB2E81BA", "L-00000000")),
        _ => usual(operation, body),
    })
    .await;
    let mut source = Quotas::new("prod".into(), account(&endpoint));
    let view = poll(&mut source, &focus("cortex", GPU, now())).await.unwrap();
    assert_eq!(view.quotas.iter().map(|quota| quota.limit).collect::<Vec<_>>(), [Some(4)]);
    assert_eq!(view.gaps, [], "nothing is missing");
}

#[tokio::test]
async fn a_quota_without_applied_value_shows_the_default_and_no_point_is_not_zero() {
    let (endpoint, _) = serve(|operation, body| match operation {
        "GetServiceQuota" => (400, fixture("GetServiceQuota_none.json")),
        "GetAWSDefaultServiceQuota" => (200, fixture("GetServiceQuota.json").replace("4.0", "0.0")),
        "GetMetricData" => (200, r#"{"MetricDataResults":[{"Id":"q0","Timestamps":[],"Values":[],"StatusCode":"Complete"}]}"#.into()),
        _ => usual(operation, body),
    })
    .await;
    let mut source = Quotas::new("prod".into(), account(&endpoint));
    let view = poll(&mut source, &focus("cortex", GPU, now())).await.unwrap();
    assert_eq!((view.quotas[0].limit, view.quotas[0].is_default, view.quotas[0].usage), (Some(0), true, None));
}

#[tokio::test]
async fn every_denied_action_is_a_gap_of_its_own() {
    let (endpoint, _) = serve(|operation, _| match operation {
        "GetMetricData" => denied("cloudwatch:GetMetricData"),
        "GetServiceQuota" => ok("GetServiceQuota.json"),
        other => denied(&format!("servicequotas:{other}")),
    })
    .await;
    let mut source = Quotas::new("prod".into(), account(&endpoint));
    let types: &[(&str, &[&str], bool)] = &[("gpu", &["g4dn.xlarge"], false), ("cpu", &["m5.large"], false)];
    let view = poll(&mut source, &focus("cortex", types, now())).await.unwrap();
    assert_eq!(view.quotas.len(), 2);
    let mut missing: Vec<&str> =
        view.gaps.iter().flat_map(|gap| &gap.failure.permissions).map(holdup::domain::text::Text::as_str).collect();
    missing.sort_unstable();
    assert_eq!(missing, ["cloudwatch:GetMetricData", "servicequotas:ListRequestedServiceQuotaChangeHistoryByQuota"]);
    assert!(view.gaps.iter().all(|gap| gap.failure.kind == FailureKind::Denied));

    let (endpoint, _) = serve(|operation, _| denied(&format!("servicequotas:{operation}"))).await;
    let mut source = Quotas::new("prod".into(), account(&endpoint));
    let view = poll(&mut source, &focus("cortex", GPU, now())).await.unwrap();
    let missing: Vec<&str> = view.gaps.iter().flat_map(|gap| &gap.failure.permissions).map(holdup::domain::text::Text::as_str).collect();
    assert_eq!((view.quotas.len(), missing), (0, vec!["servicequotas:ListServiceQuotas", "servicequotas:GetServiceQuota"]));
}
