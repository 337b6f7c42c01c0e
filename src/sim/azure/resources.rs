//! Workspace, endpoints, deployments, and the operations behind them.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::scenario::{AzureDeploymentFile, AzureEndpointFile};
use super::{Answer, Look, RESOURCE_GROUP, SUBSCRIPTION, operation_state, query_value};

/// Endpoints of one page: small, so that every scenario with more than this has a second page.
const PAGE: usize = 2;

/// How long before the story things were made.
const AGE: i64 = 9 * 86_400;

const KIND: &str = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints";

pub(super) fn workspace(look: &Look<'_>) -> Answer {
    let body = json!({
        "id": look.prefix(), "name": look.workspace.name, "location": look.workspace.location,
        "type": "Microsoft.MachineLearningServices/workspaces",
        "properties": {
            "friendlyName": look.workspace.name, "provisioningState": "Succeeded", "v1LegacyMode": false,
            "publicNetworkAccess": "Enabled", "imageBuildCompute": null,
            "containerRegistry": format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{RESOURCE_GROUP}/providers/Microsoft.ContainerRegistry/registries/mlwprodacr"),
        },
    });
    (StatusCode::OK, body)
}

pub(super) fn endpoints(look: &Look<'_>, query: &str) -> Answer {
    let skip: usize = query_value(query, "$skip").and_then(|skip| skip.parse().ok()).unwrap_or(0);
    let all = &look.workspace.endpoint;
    let page: Vec<Value> = all.iter().skip(skip).take(PAGE).map(|one| endpoint(look, one)).collect();
    let next = (skip + PAGE < all.len())
        .then(|| format!("{}{}/onlineEndpoints?api-version={}&$skip={}", look.base, look.prefix(), look.api_version, skip + PAGE));
    (StatusCode::OK, json!({ "value": page, "nextLink": next }))
}

fn changed(endpoint: &AzureEndpointFile) -> i64 {
    endpoint.deployment.iter().map(|deployment| deployment.at.0).max().unwrap_or(-AGE)
}

fn people(look: &Look<'_>, made: i64, changed: i64) -> Value {
    json!({
        "createdAt": look.stamp(made), "createdBy": "deploy-bot@example.org", "createdByType": "User",
        "lastModifiedAt": look.stamp(changed), "lastModifiedBy": "deploy-bot@example.org", "lastModifiedByType": "User",
    })
}

pub(super) fn endpoint(look: &Look<'_>, endpoint: &AzureEndpointFile) -> Value {
    let compute = endpoint.compute.as_ref().map(|name| format!("{}/computes/{name}", look.prefix()));
    json!({
        "id": format!("{}/onlineEndpoints/{}", look.prefix(), endpoint.name),
        "name": endpoint.name, "type": KIND, "location": look.workspace.location,
        "kind": if compute.is_some() { "K8S" } else { "Managed" },
        "identity": { "type": "SystemAssigned", "principalId": "aaaaaaaa-0000-4000-8000-000000000009" },
        "systemData": people(look, -AGE, changed(endpoint)),
        "properties": {
            "authMode": "Key", "keys": null, "provisioningState": "Succeeded", "publicNetworkAccess": "Enabled",
            "traffic": endpoint.traffic, "mirrorTraffic": endpoint.mirror, "compute": compute,
            "scoringUri": format!("https://{}.{}.inference.ml.azure.com/score", endpoint.name, look.workspace.location),
            "properties": { "azureml.onlineendpointid": format!("{}/onlineendpoints/{}", look.prefix().to_lowercase(), endpoint.name) },
        },
    })
}

pub(super) fn deployments(look: &Look<'_>, endpoint: &AzureEndpointFile) -> Answer {
    let all: Vec<Value> = endpoint.deployment.iter().map(|one| deployment(look, endpoint, one)).collect();
    (StatusCode::OK, json!({ "value": all, "nextLink": null }))
}

/// The id of an operation: it only has to lead back here.
fn operation_id(endpoint: &AzureEndpointFile, deployment: &AzureDeploymentFile) -> String {
    format!("odidp:c0ffee00-1111-4222-8333-444455556666:{}.{}", endpoint.name, deployment.name)
}

fn deployment(look: &Look<'_>, endpoint: &AzureEndpointFile, deployment: &AzureDeploymentFile) -> Value {
    let location = &look.workspace.location;
    let id = operation_id(endpoint, deployment);
    let operation = format!(
        "{}/subscriptions/{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/locations/{location}/mfeOperationsStatus/{id}?api-version=2023-04-01-preview",
        look.base
    );
    let state = match operation_state(look, deployment).0 {
        "InProgress" if deployment.updates => "Updating",
        "InProgress" => "Creating",
        ended => ended,
    };
    let mut properties = Map::new();
    let mut put = |key: &str, value: Value| properties.insert(key.to_owned(), value);
    put("endpointComputeType", json!(if endpoint.compute.is_some() { "Kubernetes" } else { "Managed" }));
    put("provisioningState", json!(state));
    put("instanceType", json!(deployment.instance_type));
    put("model", json!(format!("{}/models/{}/versions/4", look.prefix(), endpoint.name)));
    put("environmentId", json!(format!("{}/environments/{}-env/versions/7", look.prefix(), endpoint.name)));
    put("codeConfiguration", json!({ "codeId": format!("{}/codes/6f0f/versions/1", look.prefix()), "scoringScript": "score.py" }));
    put("environmentVariables", json!({ "WORKER_COUNT": "1", "API_TOKEN": "do-not-show-me" }));
    put("scaleSettings", json!({ "scaleType": "Default" }));
    put("requestSettings", json!({ "maxConcurrentRequestsPerInstance": 1, "requestTimeout": "PT5S" }));
    put("livenessProbe", json!({ "failureThreshold": 30, "period": "PT10S", "initialDelay": "PT10S" }));
    put("properties", json!({ "AzureAsyncOperationUri": operation }));
    let made = if deployment.updates { -AGE } else { deployment.at.0 };
    json!({
        "id": format!("{}/onlineEndpoints/{}/deployments/{}", look.prefix(), endpoint.name, deployment.name),
        "name": deployment.name, "type": format!("{KIND}/deployments"), "location": location,
        "kind": if endpoint.compute.is_some() { "K8S" } else { "Managed" },
        "sku": { "name": "Default", "tier": "Standard", "capacity": deployment.instances },
        "systemData": people(look, made, deployment.at.0),
        "properties": properties,
    })
}

pub(super) fn operation(look: &Look<'_>, id: &str) -> Answer {
    let all = look.workspace.endpoint.iter().flat_map(|endpoint| endpoint.deployment.iter().map(move |one| (endpoint, one)));
    let Some((_, deployment)) = all.into_iter().find(|(endpoint, deployment)| operation_id(endpoint, deployment) == id) else {
        return super::not_found(id);
    };
    let (status, ended) = operation_state(look, deployment);
    let mut body = json!({ "id": id, "name": id, "status": status, "startTime": look.stamp(deployment.at.0), "percentComplete": 0.0 });
    if let (Value::Object(fields), Some(ended)) = (&mut body, ended) {
        fields.insert("endTime".to_owned(), json!(look.stamp(ended)));
        if let Some(error) = &deployment.error {
            fields.insert("error".to_owned(), failure(error.code.as_deref(), &error.message));
        }
    }
    (StatusCode::OK, body)
}

/// As the front end wraps it: the same text twice, and where it came from beside it.
fn failure(code: Option<&str>, message: &str) -> Value {
    let inner = json!({ "code": code, "message": message, "details": [], "additionalInfo": [] });
    json!({
        "code": code, "message": message, "target": null, "details": [inner],
        "additionalInfo": [{ "type": "ComponentName", "info": { "value": "managementfrontend" } }],
    })
}
