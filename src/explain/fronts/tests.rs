//! Answers as people met them, and who gave them.

use super::*;

const NGINX_504: &str = "<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n<center><h1>504 Gateway Time-out</h1></center>\r\n<hr><center>nginx/1.25.3</center>\r\n</body>\r\n</html>";
const BALANCER_502: &str =
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>";

struct Case {
    platform: &'static str,
    cloud: Option<Cloud>,
    status: u16,
    after: Option<f64>,
    body: &'static str,
    /// The start of the name that is told: the first where time or words decide.
    who: &'static str,
    /// What has to be said of it.
    says: &'static str,
}

const fn case(platform: &'static str, status: u16, who: &'static str, says: &'static str) -> Case {
    Case { platform, cloud: None, status, after: None, body: "", who, says }
}

impl Case {
    const fn after(self, seconds: f64) -> Self {
        Self { after: Some(seconds), ..self }
    }
    const fn body(self, body: &'static str) -> Self {
        Self { body, ..self }
    }
    const fn on(self, cloud: Cloud) -> Self {
        Self { cloud: Some(cloud), ..self }
    }
}

const CASES: &[Case] = &[
    case("aws", 504, "API Gateway (REST)", "29 s").after(29.1),
    case("cortex", 504, "API Gateway (REST)", "29 s").body("{\"message\": \"Endpoint request timed out\"}"),
    case("cortex", 503, "API Gateway (HTTP API)", "slow, not down").after(29.6).body("{\"message\":\"Service Unavailable\"}"),
    case("cortex", 503, "proxy before the program", "no replica"),
    case("cortex", 404, "route or program", "whose 404"),
    case("cortex", 413, "API Gateway", "10 MB").body("{\"message\":\"Request Too Long\"}"),
    case("aws", 429, "API Gateway", "10,000").body("{\"message\":\"Too Many Requests\"}"),
    case("aws", 504, "application load balancer", "idle time-out").after(60.2),
    case("aws", 504, "application load balancer", "security group").after(10.1),
    case("aws", 502, "application load balancer", "keep-alive").body(BALANCER_502),
    case("aws", 502, "application load balancer", "keep-alive"),
    case("aws", 504, "network load balancer", "350 s").after(350.4),
    case("anyscale", 504, "application load balancer of Anyscale", "300 s").after(300.3),
    case("anyscale", 504, "load balancer of Anyscale", "600 s").after(601.0),
    case("azure", 408, "managed online endpoint", "request_timeout_ms").after(5.1),
    case("azure", 408, "managed online endpoint", "180 s").after(180.3),
    case("azure", 424, "managed online endpoint", "ms-azureml-model-error-statuscode"),
    case("azure", 504, "load balancer", "4 minutes").after(241.0),
    case("modelarts", 504, "API gateway of ModelArts", "40 s").after(40.4),
    case("modelarts", 413, "API gateway of ModelArts", "12 MB"),
    case("kubernetes", 504, "nginx", "60 s").body(NGINX_504),
    case("kubernetes", 413, "nginx", "1 MB").body("<center><h1>413 Request Entity Too Large</h1></center>\n<hr><center>nginx</center>"),
    case("kubernetes", 504, "Envoy", "15 s").body("upstream request timeout"),
    case("kubernetes", 503, "Envoy", "ready").body("no healthy upstream"),
    case("kubernetes", 503, "Envoy", "nothing listens")
        .body("upstream connect error or disconnect/reset before headers. reset reason: connection failure"),
    case("kubernetes", 404, "nginx", "ingress").body("default backend - 404"),
    case("kubernetes", 502, "application load balancer", "keep-alive"),
    case("gateway", 504, "API Gateway (REST)", "29 s").after(29.0).on(Cloud::Aws),
    case("gateway", 502, "application load balancer", "keep-alive"),
    case("kubernetes", 502, "load balancer", "620 s")
        .body("The server encountered a temporary error and could not complete your request.<p>Please try again in 30 seconds.")
        .on(Cloud::Gcp),
    case("kubernetes", 504, "load balancer", "timeoutSec").after(30.1).on(Cloud::Gcp),
];

#[test]
fn answers_name_who_gave_them() {
    for case in CASES {
        let decided = case.after.is_some() || !case.body.is_empty();
        let answer = Answer { status: case.status, body: case.body, after: case.after, platform: Some(case.platform), cloud: case.cloud };
        let (confidence, found) = behind(&answer);
        let mut sought = found.iter().take(if decided { 1 } else { usize::MAX });
        let right = |front: &&&'static Front| front.who.starts_with(case.who) && front.says.contains(case.says);
        let told = format!("{answer:?}: {confidence:?} {:?}", found.iter().map(|front| front.who).collect::<Vec<_>>());
        assert!(sought.any(|front| right(&front)), "{told}");
        assert_eq!(confidence == Confidence::Likely, decided, "{told}");
    }
}

#[test]
fn every_code_is_spoken_to_on_every_platform() {
    for platform in crate::explain::signature::platforms().map(Some).chain([None]) {
        for status in [404, 408, 413, 424, 429, 500, 502, 503, 504] {
            let (_, found) = behind(&Answer { status, platform, ..Answer::default() });
            assert!(!found.is_empty(), "{platform:?} {status}");
        }
    }
    assert!(behind(&Answer { status: 418, ..Answer::default() }).1.is_empty());
}

#[test]
fn a_quick_answer_is_no_fixed_time_out() {
    let quick = Answer {
        status: 503,
        body: "{\"message\":\"Service Unavailable\"}",
        after: Some(1.2),
        platform: Some("cortex"),
        ..Answer::default()
    };
    assert!(behind(&quick).1.iter().all(|front| front.seconds.is_none()));
}

#[test]
fn nothing_of_another_cloud_is_told() {
    for platform in ["cortex", "azure", "modelarts"] {
        for status in [408, 502, 504] {
            let (_, found) = behind(&Answer { status, platform: Some(platform), ..Answer::default() });
            assert!(found.iter().all(|front| front.cloud.is_none() || front.cloud == Cloud::of(platform)), "{platform} {status}");
        }
    }
}
