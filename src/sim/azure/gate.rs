//! Who may ask what: the token, and the actions a scenario denies.

use axum::http::{HeaderMap, Method, StatusCode, header};
use serde_json::json;

use super::{Answer, Look, TOKEN};

/// The refusal of a request, if it is refused.
pub(super) fn refusal(headers: &HeaderMap, look: &Look<'_>, method: &Method, path: &str) -> Option<Answer> {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if token != format!("Bearer {TOKEN}") {
        let message = "Authentication failed. The 'Authorization' header is missing or not valid.";
        return Some((StatusCode::UNAUTHORIZED, json!({ "error": { "code": "AuthenticationFailed", "message": message } })));
    }
    if look.api_version.is_empty() {
        let message = "The api-version query parameter (?api-version=) is required for all requests.";
        return Some((StatusCode::BAD_REQUEST, json!({ "error": { "code": "MissingApiVersionParameter", "message": message } })));
    }
    let action = action(method, path);
    let denied = look.workspace.denied.iter().any(|denied| action.to_lowercase().ends_with(&denied.to_lowercase()));
    denied.then(|| {
        let client = "cccccccc-0000-4000-8000-000000000001";
        let message = format!(
            "The client '{client}' with object id '{client}' does not have authorization to perform action '{action}' over scope '{path}' or the scope is invalid. If access was recently granted, please refresh your credentials."
        );
        (StatusCode::FORBIDDEN, json!({ "error": { "code": "AuthorizationFailed", "message": message } }))
    })
}

/// The action as roles name it: the types of the path, and what is done.
fn action(method: &Method, path: &str) -> String {
    let provided = path.rsplit_once("/providers/").map_or(path, |(_, rest)| rest);
    let mut parts = provided.split('/');
    let mut words = vec![parts.next().unwrap_or_default()];
    let rest: Vec<&str> = parts.collect();
    // Types and names alternate.
    words.extend(rest.iter().step_by(2).copied());
    format!("{}/{}", words.join("/"), if method == Method::POST { "action" } else { "read" })
}
