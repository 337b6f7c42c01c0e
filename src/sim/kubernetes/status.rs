//! Refusals: the `Status` object, in the words of the real server.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::kinds::ServedKind;

/// Why a request is not answered.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    reason: &'static str,
    message: String,
    details: Option<Box<Details>>,
    /// A token to go on with, for pages that came too late.
    go_on: Option<String>,
}

/// What a refusal is about.
#[derive(Clone, Debug, Default)]
struct Details {
    name: String,
    group: String,
    kind: String,
    /// Reason, message, field.
    causes: Vec<(&'static str, String, &'static str)>,
    retry_after: Option<u32>,
}

impl Refusal {
    fn new(status: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        Self { status, reason, message: message.into(), details: None, go_on: None }
    }

    fn about(self, kind: &ServedKind, name: &str) -> Self {
        let details = Details { name: name.to_owned(), group: kind.group.to_owned(), kind: kind.plural.to_owned(), ..Details::default() };
        Self { details: Some(Box::new(details)), ..self }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized")
    }

    /// `resource` carries the subresource, `kind` does not.
    pub(super) fn forbidden(user: &str, verb: &str, kind: &ServedKind, resource: &str, place: (Option<&str>, &str)) -> Self {
        let (namespace, name) = place;
        let place = namespace.map_or_else(|| "at the cluster scope".to_owned(), |namespace| format!("in the namespace \"{namespace}\""));
        let subject = if name.is_empty() { kind.qualified() } else { format!("{} \"{name}\"", kind.qualified()) };
        let message = format!(
            "{subject} is forbidden: User \"{user}\" cannot {verb} resource \"{resource}\" in API group \"{}\" {place}",
            kind.group
        );
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message).about(kind, name)
    }

    pub(super) fn not_found(kind: &ServedKind, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", kind.qualified());
        Self::new(StatusCode::NOT_FOUND, "NotFound", message).about(kind, name)
    }

    /// The group is served, the path in it is not.
    pub(super) fn no_such_resource() -> Self {
        let refusal = Self::new(StatusCode::NOT_FOUND, "NotFound", "the server could not find the requested resource");
        Self { details: Some(Box::default()), ..refusal }
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        let refusal = Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
        Self { details: Some(Box::default()), ..refusal }
    }

    pub(super) fn not_acceptable() -> Self {
        let message = "only the following media types are accepted: application/json";
        Self::new(StatusCode::NOT_ACCEPTABLE, "NotAcceptable", message)
    }

    /// A watch, or an exact list, from before what is remembered.
    pub(super) fn too_old(asked: u64, oldest: u64) -> Self {
        Self::new(StatusCode::GONE, "Expired", format!("too old resource version: {asked} ({oldest})"))
    }

    /// A list at an exact version that is forgotten.
    pub(super) fn list_too_old() -> Self {
        Self::new(StatusCode::GONE, "Expired", "The resourceVersion for the provided list is too old.")
    }

    /// A page of a list whose first page is too long ago.
    pub(super) fn page_too_old(go_on: String) -> Self {
        let message = "The provided continue parameter is too old to display a consistent list result. You can start a new list without \
                       the continue parameter, or use the continue token in this response to retrieve the remainder of the results. \
                       Continuing with the provided token results in an inconsistent list - objects that were created, modified, or \
                       deleted between the time the first chunk was returned and now may show up in the list.";
        Self { go_on: Some(go_on), ..Self::new(StatusCode::GONE, "Expired", message) }
    }

    /// A version that does not exist yet.
    pub(super) fn too_new(asked: u64, newest: u64) -> Self {
        let message = format!("Too large resource version: {asked}, current: {newest}");
        let causes = vec![("ResourceVersionTooLarge", "Too large resource version".to_owned(), "")];
        let details = Details { causes, retry_after: Some(1), ..Details::default() };
        Self { details: Some(Box::new(details)), ..Self::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", message) }
    }

    /// Options that do not go together or cannot be read.
    pub(super) fn invalid(kind: (&str, &str), name: &str, field: &'static str, reason: &'static str, message: &str) -> Self {
        let (group, kind) = kind;
        let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let causes = vec![(reason, message.to_owned(), field)];
        let details = Details { name: name.to_owned(), group: group.to_owned(), kind: kind.to_owned(), causes, retry_after: None };
        let message = format!("{qualified} \"{name}\" is invalid: {field}: {message}");
        Self { details: Some(Box::new(details)), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message) }
    }

    /// The `Status` object.
    pub(super) fn body(&self) -> Vec<u8> {
        let text = |text: &str| Value::from(text).to_string();
        let metadata = self.go_on.as_ref().map(|token| format!("\"continue\":{}", text(token))).unwrap_or_default();
        let details = self.details.as_ref().map(|details| format!(",\"details\":{}", details.json())).unwrap_or_default();
        format!(
            "{{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{{{metadata}}},\"status\":\"Failure\",\"message\":{},\"reason\":\"{}\"{details},\"code\":{}}}",
            text(&self.message),
            self.reason,
            self.status.as_u16()
        )
        .into_bytes()
    }
}

impl Details {
    fn json(&self) -> String {
        let text = |text: &str| Value::from(text).to_string();
        let mut members = Vec::new();
        for (name, value) in [("name", &self.name), ("group", &self.group), ("kind", &self.kind)] {
            if !value.is_empty() {
                members.push(format!("\"{name}\":{}", text(value)));
            }
        }
        if !self.causes.is_empty() {
            let cause = |(reason, message, field): &(&str, String, &str)| {
                let field = if field.is_empty() { String::new() } else { format!(",\"field\":\"{field}\"") };
                format!("{{\"reason\":\"{reason}\",\"message\":{}{field}}}", text(message))
            };
            members.push(format!("\"causes\":[{}]", self.causes.iter().map(cause).collect::<Vec<_>>().join(",")));
        }
        members.extend(self.retry_after.map(|seconds| format!("\"retryAfterSeconds\":{seconds}")));
        format!("{{{}}}", members.join(","))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let retry_after = self.details.as_ref().and_then(|details| details.retry_after);
        let mut response = (self.status, [(header::CONTENT_TYPE, "application/json")], Body::from(self.body())).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
