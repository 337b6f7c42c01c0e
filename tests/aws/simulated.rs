//! The simulated account, read by the production sources and held to the recorded shapes.

use std::collections::BTreeSet;
use std::path::Path;

use holdup::clock;
use holdup::domain::group::ActivityOutcome;
use holdup::domain::source::FailureKind;
use holdup::domain::time::Duration;
use holdup::sim::world::{AwsFaults, SharedWorld};
use holdup::sim::{aws, build, scenarios};
use holdup::source::Focus;
use holdup::source::aws::autoscaling::Autoscaling;
use holdup::source::aws::quotas::Quotas;
use regex::Regex;

use super::stand::{SELECTOR, account, fixture, focus, impatient, listen, poll};

struct Cloud {
    world: SharedWorld,
    endpoint: String,
    cluster: String,
}

/// `stuck-gpu-quota`, 41 minutes into its story.
async fn stuck() -> Cloud {
    let info = scenarios().iter().find(|info| info.name == "stuck-gpu-quota").unwrap();
    let world =
        build::build(Path::new(info.name), &info.scenario, clock::now(), 41 * 60, 1.0).unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(world.account.region, "us-west-2", "what the sources are told");
    let cluster = world.clusters[0].name.clone();
    let world = SharedWorld::new(world);
    Cloud { endpoint: listen(aws::router(world.clone())).await, world, cluster }
}

impl Cloud {
    fn focus(&self) -> Focus {
        focus(&self.cluster, &[("gpu", &["g4dn.xlarge"], false)], clock::now())
    }

    /// A raw call, scoped as a signature would be.
    async fn raw(&self, service: &str, target: Option<&str>, body: &str) -> String {
        let scope = format!("AWS4-HMAC-SHA256 Credential=K/20261121/us-west-2/{service}/aws4_request, SignedHeaders=host, Signature=0");
        let mut request = reqwest::Client::builder().no_proxy().build().unwrap().post(&self.endpoint).header("authorization", scope);
        if let Some(target) = target {
            request = request.header("x-amz-target", target);
        }
        request.body(body.to_owned()).send().await.unwrap().text().await.unwrap()
    }
}

#[tokio::test]
async fn the_production_sources_read_the_simulated_account() {
    let cloud = stuck().await;
    let mut groups = Autoscaling::new("prod".into(), account(&cloud.endpoint), SELECTOR);
    let view = poll(&mut groups, &cloud.focus()).await.unwrap();
    assert_eq!(view.gaps, []);
    let gpu = view.groups.iter().find(|group| group.key.name == "gpu").unwrap();
    assert!(gpu.is_worker && gpu.suspended.is_empty(), "a suspended AZRebalance is no news: {:?}", gpu.suspended);
    let failed: Vec<_> = view.activities.iter().filter(|it| it.group == gpu.key && it.outcome == ActivityOutcome::Failed).collect();
    assert!(!failed.is_empty() && failed.iter().all(|it| it.message.as_deref().unwrap().contains("current vCPU limit of")));

    let mut quotas = Quotas::new("prod".into(), account(&cloud.endpoint));
    let view = poll(&mut quotas, &cloud.focus()).await.unwrap();
    assert_eq!(view.gaps, []);
    let quota = &view.quotas[0];
    assert_eq!((quota.key.name.as_str(), quota.unit.as_str()), ("L-DB2E81BA", "vCPU"));
    assert_eq!(quota.limit, quota.usage.map(|usage| usage.value), "all in use");
}

#[tokio::test]
async fn each_fault_is_told_apart() {
    let cloud = stuck().await;
    let denied = ["autoscaling:DescribeAutoScalingGroups".to_owned()].into();
    let cases = [
        (AwsFaults { denied, ..AwsFaults::default() }, FailureKind::Denied),
        (AwsFaults { throttled: true, ..AwsFaults::default() }, FailureKind::Throttled),
        (AwsFaults { credentials_expired: true, ..AwsFaults::default() }, FailureKind::Expired),
        (AwsFaults { html: true, ..AwsFaults::default() }, FailureKind::Garbage),
        (AwsFaults { hang: true, ..AwsFaults::default() }, FailureKind::TimedOut),
    ];
    for (faults, expected) in cases {
        cloud.world.now_view().faults.aws = faults;
        let deadline = if expected == FailureKind::TimedOut { Duration::from_millis(200) } else { Duration::from_secs(10) };
        let mut source = Autoscaling::new("prod".into(), impatient(&cloud.endpoint, deadline), SELECTOR);
        let failure = poll(&mut source, &cloud.focus()).await.unwrap_err();
        assert_eq!(failure.kind, expected, "{failure:?}");
    }
}

fn elements(xml: &str) -> BTreeSet<String> {
    Regex::new("<([A-Za-z]+)").unwrap().captures_iter(xml).map(|found| found[1].to_owned()).collect()
}

fn keys(value: &serde_json::Value, into: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(map) => map.iter().for_each(|(key, value)| {
            into.insert(key.clone());
            keys(value, into);
        }),
        serde_json::Value::Array(list) => list.iter().for_each(|value| keys(value, into)),
        _ => {}
    }
}

fn json_keys(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    keys(&serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}")), &mut found);
    found
}

#[tokio::test]
async fn simulated_xml_has_the_recorded_elements() {
    let cloud = stuck().await;
    let group = cloud.world.now_view().clusters[0].group("gpu").unwrap().asg_name.clone();
    let calls = [
        ("autoscaling", "DescribeAutoScalingGroups", "2011-01-01", String::new(), "DescribeAutoScalingGroups.xml"),
        (
            "autoscaling",
            "DescribeScalingActivities",
            "2011-01-01",
            format!("&AutoScalingGroupName={group}&MaxRecords=1"),
            "DescribeScalingActivities.xml",
        ),
        ("sts", "GetCallerIdentity", "2011-06-15", String::new(), "GetCallerIdentity.xml"),
    ];
    for (service, action, version, rest, recorded) in calls {
        let told = cloud.raw(service, None, &format!("Action={action}&Version={version}{rest}")).await;
        let (ours, theirs) = (elements(&told), elements(&fixture(recorded)));
        let missing: Vec<_> = theirs
            .difference(&ours)
            .filter(|name| !matches!(name.as_str(), "ServiceLinkedRoleARN" | "CapacityRebalance" | "EnabledMetrics"))
            .collect();
        assert!(missing.is_empty(), "{action} lacks {missing:?}: {told}");
    }
}

#[tokio::test]
async fn simulated_json_has_the_recorded_keys() {
    let cloud = stuck().await;
    let quota = r#"{"ServiceCode":"ec2","QuotaCode":"L-DB2E81BA"}"#;
    let told = cloud.raw("servicequotas", Some("ServiceQuotasV20190624.GetServiceQuota"), quota).await;
    let missing: Vec<_> = json_keys(&fixture("GetServiceQuota.json")).difference(&json_keys(&told)).cloned().collect();
    assert!(missing.is_empty(), "GetServiceQuota lacks {missing:?}: {told}");
    let told =
        cloud.raw("servicequotas", Some("ServiceQuotasV20190624.ListServiceQuotas"), r#"{"ServiceCode":"ec2","MaxResults":2}"#).await;
    let missing: Vec<_> = json_keys(&fixture("ListServiceQuotas.json")).difference(&json_keys(&told)).cloned().collect();
    assert!(missing.is_empty(), "ListServiceQuotas lacks {missing:?}: {told}");
}
