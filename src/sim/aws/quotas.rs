//! Service Quotas: the vCPU quotas of EC2, applied and default, and what was asked for.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::world::{Quota, QuotaRequest, World, minting};
use super::Refusal;

/// `GetServiceQuota`: only a quota with an applied value is found.
pub(super) fn get(world: &World, input: &Value) -> Result<Value, Refusal> {
    let quota = find(world, input)?;
    if !quota.applied {
        return Err(missing(""));
    }
    Ok(json!({ "Quota": applied(world, quota) }))
}

/// `GetAWSDefaultServiceQuota`: the value everybody gets; its ARN has no account.
pub(super) fn default(world: &World, input: &Value) -> Result<Value, Refusal> {
    let quota = find(world, input)?;
    Ok(json!({ "Quota": describe(world, quota, quota.default, "") }))
}

/// `ListServiceQuotas`, in pages.
pub(super) fn list(world: &World, input: &Value) -> Result<Value, Refusal> {
    service(input)?;
    let only = input.get("QuotaCode").and_then(Value::as_str);
    let all: Vec<&Quota> =
        world.account.quotas.iter().filter(|quota| quota.applied && only.is_none_or(|code| quota.code == code)).collect();
    let size = input.get("MaxResults").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok()).unwrap_or(100).clamp(1, 100);
    let start = match input.get("NextToken").and_then(Value::as_str) {
        None => 0,
        Some(token) => token
            .strip_prefix("page-")
            .and_then(|start| start.parse::<usize>().ok())
            .ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, "InvalidPaginationTokenException", "The token is not valid"))?,
    };
    let shown: Vec<Value> = all.iter().skip(start).take(size).map(|quota| applied(world, quota)).collect();
    let end = start + shown.len();
    let mut output = Map::from_iter([("Quotas".to_owned(), Value::Array(shown))]);
    if end < all.len() {
        output.insert("NextToken".to_owned(), json!(format!("page-{end}")));
    }
    Ok(Value::Object(output))
}

/// `ListRequestedServiceQuotaChangeHistoryByQuota`, newest first.
pub(super) fn requests(world: &World, input: &Value) -> Result<Value, Refusal> {
    let quota = find(world, input)?;
    let status = input.get("Status").and_then(Value::as_str);
    let shown: Vec<Value> = quota
        .requests
        .iter()
        .filter(|request| status.is_none_or(|status| request.status == status))
        .map(|request| describe_request(world, quota, request))
        .collect();
    Ok(json!({ "RequestedQuotas": shown }))
}

fn missing(message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "NoSuchResourceException", message)
}

/// Service codes are case-sensitive.
fn service(input: &Value) -> Result<(), Refusal> {
    match input.get("ServiceCode").and_then(Value::as_str) {
        Some("ec2") => Ok(()),
        _ => Err(missing("The request failed because the specified service does not exist.")),
    }
}

fn find<'a>(world: &'a World, input: &Value) -> Result<&'a Quota, Refusal> {
    service(input)?;
    let code = input.get("QuotaCode").and_then(Value::as_str).unwrap_or_default();
    world.account.quotas.iter().find(|quota| quota.code == code).ok_or_else(|| missing(""))
}

fn applied(world: &World, quota: &Quota) -> Value {
    describe(world, quota, quota.limit, &world.account.id)
}

fn describe(world: &World, quota: &Quota, value: u32, account: &str) -> Value {
    json!({
        "ServiceCode": "ec2",
        "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
        "QuotaArn": format!("arn:aws:servicequotas:{}:{account}:ec2/{}", world.account.region, quota.code),
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": f64::from(value),
        "Unit": "None",
        "Adjustable": true,
        "GlobalQuota": false,
        "QuotaAppliedAtLevel": "ACCOUNT",
        "UsageMetric": {
            "MetricNamespace": "AWS/Usage",
            "MetricName": "ResourceCount",
            "MetricDimensions": { "Class": quota.class, "Resource": "vCPU", "Service": "EC2", "Type": "Resource" },
            "MetricStatisticRecommendation": "Maximum",
        },
    })
}

fn describe_request(world: &World, quota: &Quota, request: &QuotaRequest) -> Value {
    let created = world.stamp(request.created_at);
    let account = &world.account;
    let id = minting::hex(&format!("{}/{}/{}", quota.code, request.desired, request.created_at), 32);
    let mut described = json!({
        "Id": id,
        "ServiceCode": "ec2",
        "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "DesiredValue": f64::from(request.desired),
        "Status": request.status,
        "Created": created.as_millisecond() as f64 / 1_000.0,
        "LastUpdated": created.as_millisecond() as f64 / 1_000.0,
        "Requester": json!({ "accountId": account.id, "callerArn": account.caller_arn }).to_string(),
        "QuotaArn": format!("arn:aws:servicequotas:{}:{}:ec2/{}", account.region, account.id, quota.code),
        "GlobalQuota": false,
        "Unit": "None",
        "QuotaRequestedAtLevel": "ACCOUNT",
    });
    if let (Some(case), Some(object)) = (&request.case, described.as_object_mut()) {
        object.insert("CaseId".to_owned(), json!(case));
    }
    described
}
