//! What callers ask about themselves: `kubectl auth can-i`, and its `--list`.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::world::{Access, KubernetesFaults, Scope};
use super::body::{End, json as answer_json};
use super::kinds::KINDS;
use super::status::Refusal;

/// What can be done to a kind here.
const VERBS: [&str; 3] = ["get", "list", "watch"];

/// Answers a review; `present` says which groups the cluster has.
pub(super) fn answer(
    faults: &KubernetesFaults,
    plural: &str,
    question: &Value,
    present: &BTreeMap<&str, bool>,
) -> Result<Response, Refusal> {
    let (kind, status) = match plural {
        "selfsubjectaccessreviews" => ("SelfSubjectAccessReview", allowed(faults, question)),
        "selfsubjectrulesreviews" => ("SelfSubjectRulesReview", rules(faults, question, present)),
        _ => return Err(Refusal::no_such_resource()),
    };
    let review = json!({
        "kind": kind,
        "apiVersion": "authorization.k8s.io/v1",
        "metadata": { "creationTimestamp": null },
        "spec": question.get("spec").cloned().unwrap_or_else(|| json!({})),
        "status": status,
    });
    let mut response = answer_json(vec![Bytes::from(review.to_string())], End::Whole);
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

fn allowed(faults: &KubernetesFaults, question: &Value) -> Value {
    let text = |name: &str| question.pointer(&format!("/spec/resourceAttributes/{name}")).and_then(Value::as_str).unwrap_or_default();
    if question.pointer("/spec/nonResourceAttributes").is_some() {
        return json!({ "allowed": text("verb") == "get" || question.pointer("/spec/nonResourceAttributes/verb") == Some(&json!("get")) });
    }
    let resource = match text("subresource") {
        "" => text("resource").to_owned(),
        subresource => format!("{}/{subresource}", text("resource")),
    };
    let namespace = Some(text("namespace")).filter(|namespace| !namespace.is_empty());
    let access = Access { verb: text("verb"), resource: &resource, group: text("group"), namespace };
    let reads = VERBS.contains(&access.verb) || access.verb == "*";
    let permitted = reads
        && VERBS.iter().filter(|verb| access.verb == "*" || access.verb == **verb).all(|verb| faults.permits(&Access { verb, ..access }));
    // What would change something is refused by this server, whoever asks.
    if permitted && access.verb != "*" { json!({ "allowed": true }) } else { json!({ "allowed": false }) }
}

fn rules(faults: &KubernetesFaults, question: &Value, present: &BTreeMap<&str, bool>) -> Value {
    let namespace = question.pointer("/spec/namespace").and_then(Value::as_str).unwrap_or("default");
    let mut rules = vec![];
    for kind in KINDS.iter().filter(|kind| present.get(kind.group) == Some(&true)) {
        let namespace = kind.namespaced.then_some(namespace);
        let mut resources = vec![(kind.plural.to_owned(), &VERBS[..])];
        if kind.kind == "Pod" {
            resources.push(("pods/log".to_owned(), &["get"][..]));
        }
        for (resource, verbs) in resources {
            let may = |verb: &&&str| faults.permits(&Access { verb, resource: &resource, group: kind.group, namespace });
            let verbs: Vec<&str> = verbs.iter().filter(may).copied().collect();
            if !verbs.is_empty() {
                rules.push(json!({ "verbs": verbs, "apiGroups": [kind.group], "resources": [resource] }));
            }
        }
    }
    let paths = json!([{ "verbs": ["get"], "nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/readyz", "/version"] }]);
    let incomplete = faults.allowed.iter().flatten().any(|permission| permission.scope == Scope::Cluster);
    json!({ "resourceRules": rules, "nonResourceRules": paths, "incomplete": incomplete })
}
