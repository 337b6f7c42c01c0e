//! The simulated AWS account: Auto Scaling, Service Quotas, CloudWatch and STS on one port, each
//! in its own protocol, told apart as AWS tells them apart (target header or form action).
//!
//! Read-only, like what it is for: calls that change something are refused as unknown. Bodies are
//! written here by hand and share nothing with the clients that read them.

mod activities;
mod cloudwatch;
mod gate;
mod groups;
mod query;
mod quotas;
mod sts;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::world::{SharedWorld, World};
use query::Form;

/// The account's services, ready to be served.
pub fn router(world: SharedWorld) -> Router {
    Router::new().fallback(answer).with_state(world)
}

/// What a call asks for: an operation of a service in its protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Call {
    /// Form in, XML out; the namespace of the service.
    Query(Service, String),
    /// JSON in, JSON out, the operation in the `X-Amz-Target` header.
    Json(Service, String),
}

/// A simulated service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    AutoScaling,
    Quotas,
    CloudWatch,
    Identity,
}

impl Service {
    /// The prefix of its actions in policies.
    fn prefix(self) -> &'static str {
        match self {
            Self::AutoScaling => "autoscaling",
            Self::Quotas => "servicequotas",
            Self::CloudWatch => "cloudwatch",
            Self::Identity => "sts",
        }
    }

    /// The name that requests are signed for.
    fn signing_name(self) -> &'static str {
        if self == Self::CloudWatch { "monitoring" } else { self.prefix() }
    }
}

impl Call {
    fn read(headers: &HeaderMap, form: &Form) -> Option<Self> {
        if let Some(target) = headers.get("x-amz-target").and_then(|value| value.to_str().ok()) {
            let (service, operation) = target.split_once('.')?;
            let service = match service {
                "ServiceQuotasV20190624" => Service::Quotas,
                "GraniteServiceVersion20100801" => Service::CloudWatch,
                _ => return None,
            };
            return Some(Self::Json(service, operation.to_owned()));
        }
        let action = form.get("Action")?;
        let service = match form.get("Version")? {
            "2011-01-01" => Service::AutoScaling,
            "2011-06-15" => Service::Identity,
            _ => return None,
        };
        Some(Self::Query(service, action.to_owned()))
    }

    fn service(&self) -> Service {
        match self {
            Self::Query(service, _) | Self::Json(service, _) => *service,
        }
    }

    /// As a policy names it: `autoscaling:DescribeScalingActivities`.
    fn action(&self) -> String {
        match self {
            Self::Query(service, operation) | Self::Json(service, operation) => format!("{}:{operation}", service.prefix()),
        }
    }

    /// An error in the protocol of the call.
    fn refuse(&self, refusal: &Refusal) -> Response {
        match self {
            Self::Query(..) => query::error(refusal),
            Self::Json(..) => json_error(refusal),
        }
    }
}

/// An error as AWS words it; the protocol decides its form.
#[derive(Clone, Debug)]
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ValidationError", message)
    }
}

async fn answer(State(world): State<SharedWorld>, headers: HeaderMap, body: Bytes) -> Response {
    let form = Form::read(&body);
    let Some(call) = Call::read(&headers, &form) else {
        return query::error(&Refusal::new(StatusCode::BAD_REQUEST, "InvalidAction", "Could not find operation for this request"));
    };
    if gate::hangs(&world) {
        std::future::pending::<()>().await;
    }
    if let Some(broken) = gate::broken(&world, &call) {
        return broken;
    }
    if let Err(refusal) = gate::admit(&world, &call, &headers) {
        return call.refuse(&refusal);
    }
    let view = world.now_view();
    let answered = match &call {
        Call::Query(_, operation) => query_answer(&view, operation, &form),
        Call::Json(_, operation) => json_answer(&view, operation, &body),
    };
    drop(view);
    answered.unwrap_or_else(|refusal| call.refuse(&refusal))
}

fn query_answer(world: &World, operation: &str, form: &Form) -> Result<Response, Refusal> {
    match operation {
        "DescribeAutoScalingGroups" => groups::describe(world, form),
        "DescribeScalingActivities" => activities::describe(world, form),
        "GetCallerIdentity" => Ok(sts::caller(world)),
        other => Err(Refusal::new(StatusCode::BAD_REQUEST, "InvalidAction", format!("Could not find operation {other} for this version"))),
    }
}

fn json_answer(world: &World, operation: &str, body: &[u8]) -> Result<Response, Refusal> {
    let input: Value = serde_json::from_slice(body)
        .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "SerializationException", "the body is not JSON"))?;
    let output = match operation {
        "GetServiceQuota" => quotas::get(world, &input),
        "GetAWSDefaultServiceQuota" => quotas::default(world, &input),
        "ListServiceQuotas" => quotas::list(world, &input),
        "ListRequestedServiceQuotaChangeHistoryByQuota" => quotas::requests(world, &input),
        "GetMetricData" => cloudwatch::metric_data(world, &input),
        _ => Err(Refusal::new(StatusCode::BAD_REQUEST, "UnknownOperationException", "")),
    }?;
    Ok(([(header::CONTENT_TYPE, "application/x-amz-json-1.1")], output.to_string()).into_response())
}

fn json_error(refusal: &Refusal) -> Response {
    let body = json!({ "__type": refusal.code, "message": refusal.message });
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amzn-errortype", refusal.code)];
    (refusal.status, headers, body.to_string()).into_response()
}
