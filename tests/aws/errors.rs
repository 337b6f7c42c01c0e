//! Errors as the services word them, and answers that are none.

use holdup::domain::source::{Failure, FailureKind};
use holdup::domain::time::Duration;
use holdup::source::aws::autoscaling::Autoscaling;
use holdup::source::aws::quotas::Quotas;

use super::stand::{SELECTOR, account, error, fixture, focus, impatient, now, poll, serve};

async fn groups_answered(status: u16, body: String) -> Failure {
    let (endpoint, _) = serve(move |_, _| (status, body.clone())).await;
    let mut source = Autoscaling::new("prod".into(), account(&endpoint), SELECTOR);
    poll(&mut source, &focus("cortex", &[], now())).await.unwrap_err()
}

fn useful(failure: &Failure) {
    assert!(!failure.hint.is_empty() && !failure.message.is_empty(), "{failure:?}");
    assert!(!failure.message.ends_with('.') && !failure.message.contains("service error"), "{failure:?}");
}

#[tokio::test]
async fn every_recorded_error_of_a_form_service() {
    let cases = [
        ("<Code>Throttling<", FailureKind::Throttled),
        ("<Code>ExpiredToken<", FailureKind::Expired),
        ("<Code>InvalidClientTokenId<", FailureKind::NoCredentials),
        ("<Code>AccessDenied<", FailureKind::Denied),
        ("<Code>SignatureDoesNotMatch<", FailureKind::ClockSkew),
        ("<Code>ValidationError<", FailureKind::ServerError),
        ("<Code>InternalFailure<", FailureKind::ServerError),
    ];
    for (needle, expected) in cases {
        let (status, body) = error(needle);
        let failure = groups_answered(status, body).await;
        assert_eq!(failure.kind, expected, "{needle}: {failure:?}");
        useful(&failure);
    }
}

#[tokio::test]
async fn every_recorded_error_of_a_json_service() {
    let cases = [
        ("TooManyRequestsException", FailureKind::Throttled),
        ("ExpiredTokenException", FailureKind::Expired),
        ("UnrecognizedClientException", FailureKind::NoCredentials),
    ];
    for (needle, expected) in cases {
        let (endpoint, _) = serve(move |_, _| error(needle)).await;
        let mut source = Quotas::new("prod".into(), account(&endpoint));
        let failure = poll(&mut source, &focus("cortex", &[("gpu", &["g4dn.xlarge"], false)], now())).await.unwrap_err();
        assert_eq!(failure.kind, expected, "{needle}: {failure:?}");
        useful(&failure);
    }
}

#[tokio::test]
async fn answers_that_are_none_are_garbage() {
    let whole = fixture("DescribeAutoScalingGroups.xml");
    let cases = [
        (500, fixture("page.html"), "HTML"),
        (200, fixture("page.html"), "HTML"),
        (200, whole[..whole.len() / 2].to_owned(), "not what the protocol says"),
        (200, "\u{1b}[2J\u{0}".to_owned(), "not what the protocol says"),
        (500, String::new(), "empty"),
    ];
    for (status, body, expected) in cases {
        let failure = groups_answered(status, body.clone()).await;
        assert_eq!(failure.kind, FailureKind::Garbage, "{status} {body:.40}: {failure:?}");
        assert!(failure.message.contains(expected), "{failure:?}");
        useful(&failure);
    }
}

#[tokio::test]
async fn silence_and_refusal_end() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("http://{}", listener.local_addr().unwrap());
    let mut source = Autoscaling::new("prod".into(), impatient(&silent, Duration::from_millis(200)), SELECTOR);
    let failure = poll(&mut source, &focus("cortex", &[], now())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::TimedOut, "{failure:?}");
    useful(&failure);

    drop(listener);
    let mut source = Autoscaling::new("prod".into(), impatient(&silent, Duration::from_secs(5)), SELECTOR);
    let failure = poll(&mut source, &focus("cortex", &[], now())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unreachable, "{failure:?}");
    useful(&failure);
}
