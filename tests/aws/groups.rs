//! Groups and their activities.

use holdup::domain::group::{ActivityKind, ActivityOutcome};
use holdup::domain::source::FailureKind;
use holdup::source::Source;
use holdup::source::aws::autoscaling::Autoscaling;

use super::stand::{Answer, SELECTOR, account, error, fixture, focus, now, ok, poll, serve};

fn usual(operation: &str, body: &str) -> Answer {
    match operation {
        "DescribeAutoScalingGroups" => ok("DescribeAutoScalingGroups.xml"),
        "DescribeScalingActivities" if body.contains("NextToken") => ok("DescribeScalingActivities_none.xml"),
        "DescribeScalingActivities" => ok("DescribeScalingActivities.xml"),
        "GetCallerIdentity" => ok("GetCallerIdentity.xml"),
        other => panic!("unexpected {other}"),
    }
}

#[tokio::test]
async fn recorded_groups_and_activities_are_read_and_then_only_what_is_new() {
    let (endpoint, asked) = serve(usual).await;
    let mut source = Autoscaling::new("prod".into(), account(&endpoint), SELECTOR);
    assert_eq!(source.id().kind.as_str(), "aws.autoscaling");
    let focus = focus("cortex", &[], now());
    let view = poll(&mut source, &focus).await.unwrap();

    let group = &view.groups[0];
    assert_eq!((group.key.name.as_str(), group.is_worker, group.spot), ("gpu", true, false));
    assert_eq!((group.min, group.max, group.desired, group.in_service, group.pending), (0, 3, Some(2), Some(2), Some(0)));
    assert_eq!(group.instance_types, ["g4dn.xlarge"]);
    assert!(group.cloud_name.as_deref().unwrap().starts_with("eksctl-cortex-nodegroup-cx-wd-gpu"));
    let cluster = view.cluster.as_ref().unwrap();
    assert_eq!(
        (cluster.account.as_deref(), cluster.identity.as_deref()),
        (Some("123456789012"), Some("arn:aws:sts::123456789012:user/moto"))
    );

    let seen: Vec<_> = view.activities.iter().map(|it| (it.kind, it.outcome, it.native.as_str(), it.zone.as_deref())).collect();
    assert_eq!(
        seen,
        [
            (ActivityKind::Launch, ActivityOutcome::Running, "InProgress", Some("us-west-2b")),
            (ActivityKind::Launch, ActivityOutcome::Failed, "Failed", Some("us-west-2b")),
            (ActivityKind::Launch, ActivityOutcome::Failed, "Failed", Some("us-west-2b")),
            (ActivityKind::Terminate, ActivityOutcome::Succeeded, "Successful", Some("us-west-2b")),
        ]
    );
    assert!(view.activities[1].message.as_deref().unwrap().contains("vCPU limit of 4"));
    assert!(view.activities[2].message.as_deref().unwrap().len() > 255, "long messages stay whole");
    assert_eq!(view.gaps, []);
    let again = poll(&mut source, &focus).await.unwrap();
    assert_eq!(again.groups, view.groups);

    let asked = asked.lock().unwrap();
    assert!(asked[0].contains("tag%3Acortex.dev%2Fcluster-name") && asked[0].contains("Values.member.1=cortex"), "{}", asked[0]);
    let bounds: Vec<&str> = asked
        .iter()
        .filter(|request| request.starts_with("DescribeScalingActivities"))
        .map(|request| request.split("Filters.member.1.Values.member.1=").nth(1).unwrap().split('&').next().unwrap())
        .collect();
    assert_eq!(
        bounds,
        ["2026-11-18T03%3A05%3A00Z", "2026-11-18T03%3A05%3A00Z", "2026-11-21T02%3A55%3A13Z", "2026-11-21T02%3A55%3A13Z"],
        "two pages each; the second look begins five minutes before the newest start"
    );
    let who = asked.iter().filter(|request| request.starts_with("GetCallerIdentity")).count();
    assert_eq!(who, 1, "asked once");
}

#[tokio::test]
async fn the_second_tag_finds_what_the_first_does_not() {
    let (endpoint, _) = serve(|operation, body| match operation {
        "DescribeAutoScalingGroups" if body.contains("cortex.dev") => {
            let empty = fixture("DescribeAutoScalingGroups.xml");
            let (start, rest) = empty.split_once("<AutoScalingGroups>").unwrap();
            let (_, end) = rest.split_once("</AutoScalingGroups>").unwrap();
            (200, format!("{start}<AutoScalingGroups/>{end}"))
        }
        "DescribeAutoScalingGroups" => {
            (200, fixture("DescribeAutoScalingGroups.xml").replace("cortex.dev/cluster-name", "alpha.eksctl.io/cluster-name"))
        }
        _ => usual(operation, body),
    })
    .await;
    let mut source = Autoscaling::new("prod".into(), account(&endpoint), SELECTOR);
    assert_eq!(poll(&mut source, &focus("cortex", &[], now())).await.unwrap().groups.len(), 1);
}

#[tokio::test]
async fn no_group_at_all_says_where_it_looked() {
    let (endpoint, _) = serve(|_, _| {
        let body = r"<R><DescribeAutoScalingGroupsResult><AutoScalingGroups/></DescribeAutoScalingGroupsResult></R>";
        (200, body.replace("<R>", "<DescribeAutoScalingGroupsResponse>").replace("</R>", "</DescribeAutoScalingGroupsResponse>"))
    })
    .await;
    let mut source = Autoscaling::new("prod".into(), account(&endpoint), SELECTOR);
    let failure = poll(&mut source, &focus("cortex", &[], now())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert!(failure.message.contains("us-west-2") && failure.message.contains("cortex.dev/cluster-name"), "{}", failure.message);
}

#[tokio::test]
async fn denied_activities_are_a_gap_and_the_groups_stay() {
    let (endpoint, _) = serve(|operation, body| match operation {
        "DescribeScalingActivities" => error("<Code>AccessDenied</Code>"),
        _ => usual(operation, body),
    })
    .await;
    let mut source = Autoscaling::new("prod".into(), account(&endpoint), SELECTOR);
    let view = poll(&mut source, &focus("cortex", &[], now())).await.unwrap();
    assert_eq!((view.groups.len(), view.activities.len(), view.gaps.len()), (1, 0, 1));
    assert_eq!(view.gaps[0].failure.kind, FailureKind::Denied);
    assert_eq!(view.gaps[0].failure.permissions, ["autoscaling:DescribeScalingActivities"]);
}

#[tokio::test]
async fn before_the_platform_answered_it_waits() {
    let (endpoint, asked) = serve(usual).await;
    let mut source = Autoscaling::new("prod".into(), account(&endpoint), SELECTOR);
    let mut blank = focus("cortex", &[], now());
    blank.snapshot = std::sync::Arc::default();
    assert!(poll(&mut source, &blank).await.unwrap_err().retry_after.is_some());
    assert!(asked.lock().unwrap().is_empty());
}
