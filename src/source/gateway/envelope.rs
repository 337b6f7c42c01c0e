//! The four ways in which answers are wrapped. Pure: values in, values out.
//!
//! Documents: `{"success":true,"data":…,"meta":{"pagination":…}}`. Dashboard: the list under its
//! own name. Framework: `{"data":…,"meta":{…}}`, errors in a list. Examples: bare lists, errors as
//! text. One gateway may speak several.

use serde_json::Value;

/// Names under which lists stand.
const LISTS: &[&str] = &[
    "jobs",
    "providers",
    "events",
    "logs",
    "items",
    "rows",
    "webhooks",
    "deliveries",
    "networks",
    "queries",
    "containers",
    "requirements",
];

/// An error as any of the envelopes tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Its code; empty where there is none.
    pub code: String,
    /// Its sentence; empty where there is none.
    pub message: String,
}

/// What is inside an answer.
pub fn unwrap(value: Value) -> Value {
    let Value::Object(mut fields) = value else { return value };
    match fields.remove("data") {
        Some(Value::Object(data)) => list_in(Value::Object(data)),
        Some(data) if !data.is_null() => data,
        _ => list_in(Value::Object(fields)),
    }
}

/// The only list of an object that has one under a known name; the object itself otherwise.
fn list_in(value: Value) -> Value {
    let Value::Object(fields) = &value else { return value };
    // A job has events and a provider may have logs: those are not lists of them.
    if fields.contains_key("id") || fields.contains_key("jobId") {
        return value;
    }
    let mut lists = LISTS.iter().filter_map(|name| fields.get(*name).filter(|inner| inner.is_array()));
    match (lists.next(), lists.next()) {
        (Some(only), None) => only.clone(),
        _ => value,
    }
}

/// How many pages there are, where the answer says.
pub fn pages(value: &Value) -> Option<u64> {
    let meta = value.get("meta")?;
    let told = meta.pointer("/pagination/pages").or_else(|| meta.get("totalPage")).or_else(|| meta.get("pages"));
    told.and_then(Value::as_u64)
}

/// Whether the answer says itself that more follows, where pages are not counted.
pub fn has_next(value: &Value) -> bool {
    value.pointer("/meta/hasNext").and_then(Value::as_bool).unwrap_or(false)
}

/// Whether an answer says that it failed, whatever its status.
pub fn is_refusal(value: &Value) -> bool {
    value.get("success").and_then(Value::as_bool) == Some(false) || value.get("errors").is_some_and(|errors| errors.pointer("/0").is_some())
}

/// The error of an answer.
pub fn told(value: &Value) -> Told {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    Told {
        code: text("/error/code").or_else(|| text("/errors/0/code")).or_else(|| text("/code")).unwrap_or_default(),
        message: text("/error/message")
            .or_else(|| text("/error"))
            .or_else(|| text("/errors/0/message"))
            .or_else(|| text("/message"))
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn all_wrappings_have_the_same_inside() {
        let rows = json!([{"id": "job_1"}]);
        for wrapped in [
            json!({"success": true, "data": rows, "meta": {"pagination": {"pages": 3}}}),
            json!({"jobs": rows}),
            json!({"data": rows, "meta": {"totalPage": 3}}),
            json!({"data": {"jobs": rows}}),
            rows.clone(),
        ] {
            assert_eq!(unwrap(wrapped.clone()), rows, "{wrapped}");
        }
        let job = json!({"id": "job_1", "events": []});
        assert_eq!(unwrap(json!({"success": true, "data": job})), job, "a job is no list of its events");
        assert_eq!(pages(&json!({"meta": {"pagination": {"pages": 3}}})), Some(3));
        assert_eq!(pages(&json!({"data": [], "meta": {"totalPage": 2}})), Some(2));
    }

    #[test]
    fn errors_are_read_in_every_shape() {
        let cases = [
            (json!({"success": false, "error": {"code": "FORBIDDEN", "message": "no"}}), "FORBIDDEN", "no"),
            (json!({"errors": [{"message": "expired", "code": "EXPIRED_TOKEN"}]}), "EXPIRED_TOKEN", "expired"),
            (json!({"error": "API key required"}), "", "API key required"),
            (json!({"message": "plain"}), "", "plain"),
        ];
        for (body, code, message) in cases {
            assert_eq!(told(&body), Told { code: code.into(), message: message.into() });
        }
        assert!(is_refusal(&json!({"success": false})) && !is_refusal(&json!({"success": true, "data": []})));
    }
}
