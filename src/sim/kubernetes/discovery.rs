//! What the server says it serves: version, groups, kinds; in the plain and in the aggregated form.

use axum::body::Bytes;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::body::{End, json as answer};
use super::kinds::{KINDS, ServedKind};
use super::server::Server;

/// What can be done to a kind here.
const VERBS: [&str; 3] = ["get", "list", "watch"];

/// `/version` of a managed control plane.
pub(super) fn version(server: &Server) -> Response {
    let minor = server.backing().minor();
    let commit = r#""gitCommit":"6bec5b8a6cd8e0e2f5f3d2a0b7a2a3f0c9d1e4b7","gitTreeState":"clean","buildDate":"2024-12-11T03:40:09Z""#;
    let body = format!(
        r#"{{"major":"1","minor":"{minor}","gitVersion":"v1.{minor}.8-eks-2d5f260",{commit},"goVersion":"go1.22.9","compiler":"gc","platform":"linux/amd64"}}"#
    );
    answer(vec![body.into()], End::Whole)
}

/// `/api`.
pub(super) fn core(server: &Server, aggregated: Option<&'static str>) -> Response {
    if let Some(version) = aggregated {
        return aggregate(server, version, true);
    }
    let addresses = json!([{ "clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1" }]);
    send(format!(r#"{{"kind":"APIVersions","versions":["v1"],"serverAddressByClientCIDRs":{addresses}}}"#))
}

/// `/apis`.
pub(super) fn groups(server: &Server, aggregated: Option<&'static str>) -> Response {
    if let Some(version) = aggregated {
        return aggregate(server, version, false);
    }
    let groups: Vec<Value> = names(server).into_iter().filter(|group| !group.is_empty()).map(describe).collect();
    send(format!(r#"{{"kind":"APIGroupList","apiVersion":"v1","groups":{}}}"#, Value::from(groups)))
}

/// `/apis/<group>`.
pub(super) fn group(name: &str) -> Response {
    let mut described = describe(name);
    if let Some(group) = described.as_object_mut() {
        group.insert("kind".to_owned(), "APIGroup".into());
        group.insert("apiVersion".to_owned(), "v1".into());
    }
    send(described.to_string())
}

/// `/api/v1`, `/apis/<group>/<version>`.
pub(super) fn resources(group: &str, version: &str) -> Response {
    let mut resources = Vec::new();
    for kind in KINDS.iter().filter(|kind| kind.group == group && kind.version == version) {
        resources.push(resource(kind));
        if kind.kind == "Pod" {
            let log = json!({ "name": "pods/log", "singularName": "", "namespaced": true, "kind": "Pod", "verbs": ["get"] });
            resources.push(log);
        }
    }
    if group == REVIEWS {
        resources.extend(REVIEW_KINDS.iter().map(|(plural, kind)| {
            json!({ "name": plural, "singularName": kind.to_lowercase(), "namespaced": false, "kind": kind, "verbs": ["create"] })
        }));
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let resources = Value::from(resources);
    send(format!(r#"{{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"{group_version}","resources":{resources}}}"#))
}

/// The group in which callers ask about themselves.
const REVIEWS: &str = "authorization.k8s.io";
const REVIEW_KINDS: [(&str, &str); 2] =
    [("selfsubjectaccessreviews", "SelfSubjectAccessReview"), ("selfsubjectrulesreviews", "SelfSubjectRulesReview")];

fn send(body: String) -> Response {
    answer(vec![Bytes::from(body)], End::Whole)
}

/// The groups that are served, in order.
fn names(server: &Server) -> Vec<&'static str> {
    let mut names: Vec<&str> = server.look(|store| KINDS.iter().filter(|kind| store.serves(kind)).map(|kind| kind.group).collect());
    names.dedup();
    let built_in = names.iter().position(|group| KINDS.iter().any(|kind| kind.group == *group && kind.custom)).unwrap_or(names.len());
    names.insert(built_in, REVIEWS);
    names
}

fn version_of(group: &str) -> &'static str {
    KINDS.iter().find(|kind| kind.group == group).map_or("v1", |kind| kind.version)
}

fn describe(group: &str) -> Value {
    let version = version_of(group);
    let version = json!({ "groupVersion": format!("{group}/{version}"), "version": version });
    json!({ "name": group, "versions": [version], "preferredVersion": version })
}

fn resource(kind: &ServedKind) -> Value {
    let mut resource = json!({
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": VERBS,
        "storageVersionHash": super::super::world::minting::letters(&kind.qualified(), "abcdefghijklmnopqrstuvwxyzABCDEF", 11) + "=",
    });
    if let Some(members) = resource.as_object_mut() {
        if !kind.short.is_empty() {
            members.insert("shortNames".to_owned(), kind.short.into());
        }
        if kind.in_all {
            members.insert("categories".to_owned(), json!(["all"]));
        }
    }
    resource
}

/// All kinds in one answer, as newer clients ask for them.
fn aggregate(server: &Server, version: &str, core: bool) -> Response {
    let groups = names(server).into_iter().filter(|group| group.is_empty() == core).map(|group| {
        let served = KINDS.iter().filter(|kind| kind.group == group).map(aggregated_resource);
        let reviews = REVIEW_KINDS.iter().filter(|_| group == REVIEWS).map(|(plural, kind)| {
            let response = json!({ "group": group, "version": "v1", "kind": kind });
            json!({
                "resource": plural, "responseKind": response, "scope": "Cluster",
                "singularResource": kind.to_lowercase(), "verbs": ["create"],
            })
        });
        let resources: Vec<Value> = served.chain(reviews).collect();
        let versions = json!([{ "version": version_of(group), "resources": resources, "freshness": "Current" }]);
        let metadata =
            if group.is_empty() { json!({ "creationTimestamp": null }) } else { json!({ "name": group, "creationTimestamp": null }) };
        json!({ "metadata": metadata, "versions": versions })
    });
    let groups: Vec<Value> = groups.collect();
    let head = format!(r#"{{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/{version}","metadata":{{}},"#);
    let mut response = send(format!("{head}\"items\":{}}}", Value::from(groups)));
    let media = format!("application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
    if let Ok(media) = HeaderValue::from_str(&media) {
        response.headers_mut().insert(header::CONTENT_TYPE, media);
    }
    response
}

fn aggregated_resource(kind: &ServedKind) -> Value {
    let response = json!({ "group": kind.group, "version": kind.version, "kind": kind.kind });
    let mut resource = json!({
        "resource": kind.plural,
        "responseKind": response,
        "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": kind.singular,
        "verbs": VERBS,
    });
    if let Some(members) = resource.as_object_mut() {
        if !kind.short.is_empty() {
            members.insert("shortNames".to_owned(), kind.short.into());
        }
        if kind.in_all {
            members.insert("categories".to_owned(), json!(["all"]));
        }
        if kind.kind == "Pod" {
            members.insert("subresources".to_owned(), json!([{ "subresource": "log", "responseKind": response, "verbs": ["get"] }]));
        }
    }
    resource
}
