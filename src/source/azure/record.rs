//! Records as they were received, for a person to read: bounded, clean, without the values of
//! environment variables, keys, tokens and signed links.

use serde_json::Value;

use crate::domain::text::Text;

/// The most bytes of one record.
const LIMIT: usize = 64 * 1024;

/// Fields whose values are not shown.
const SECRET: [&str; 8] = [
    "environmentVariables",
    "keys",
    "primaryKey",
    "secondaryKey",
    "accessToken",
    "connectionString",
    "sharedAccessSignature",
    "adminPassword",
];

/// Parts under their names, pretty-printed, with lines of words after them.
pub fn record(parts: &[(&str, &Value)], words: &[String]) -> Text {
    let mut text = String::new();
    for (name, part) in parts {
        text.push_str("# ");
        text.push_str(name);
        text.push('\n');
        text.push_str(&pretty(part));
        text.push('\n');
    }
    for line in words {
        text.push_str(line);
        text.push('\n');
    }
    Text::clean_lines(&text, LIMIT)
}

fn pretty(value: &Value) -> String {
    let mut value = value.clone();
    redact(&mut value);
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                if SECRET.iter().any(|secret| secret.eq_ignore_ascii_case(name)) { hide(field) } else { redact(field) }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        // Links of operations can carry signatures in their query.
        Value::String(text) if text.starts_with("https://") && text.contains('&') => {
            text.truncate(text.find('?').unwrap_or(text.len()));
            text.push_str("?(not shown)");
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn hide(field: &mut Value) {
    match field {
        Value::Null => {}
        Value::Object(fields) => fields.values_mut().for_each(|value| *value = Value::from("(not shown)")),
        other => *other = Value::from("(not shown)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_named_and_not_shown() {
        let raw = serde_json::json!({"properties": {"environmentVariables": {"HF_TOKEN": "hunter2"}, "keys": {"primaryKey": "hunter2"},
            "link": "https://management.azure.com/x?api-version=1&t=2&s=hunter2"}});
        let text = record(&[("deployment", &raw)], &["requests: 3".to_owned()]);
        assert!(text.contains("HF_TOKEN") && text.contains("requests: 3") && !text.contains("hunter2"), "{text}");
    }
}
