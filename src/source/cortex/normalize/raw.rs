//! Records as they were received, for a person to read: bounded, clean, and without the values
//! of environment variables, which often are passwords.

use serde_json::Value;

use crate::domain::text::Text;

/// The most bytes of one record.
const LIMIT: usize = 64 * 1024;

/// Parts of one answer (or several) under their names, pretty-printed.
pub fn raw_record(parts: &[(&str, &Value)]) -> Text {
    let text = match parts {
        [(_, only)] => pretty(only),
        _ => parts
            .iter()
            .flat_map(|(name, part)| ["# ".to_owned(), (*name).to_owned(), "\n".to_owned(), pretty(part), "\n".to_owned()])
            .collect(),
    };
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
                if name.eq_ignore_ascii_case("env") { hide_values(field) } else { redact(field) }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Environment variables in either shape: a map, or a list of pairs. Their names stay.
fn hide_values(env: &mut Value) {
    let hide = |value: &mut Value| *value = Value::from("(not shown)");
    match env {
        Value::Null => {}
        Value::Object(variables) => variables.values_mut().for_each(hide),
        Value::Array(entries) => {
            for entry in entries {
                match entry {
                    Value::Object(parts) => parts.iter_mut().filter(|(name, _)| *name != "name").for_each(|(_, part)| hide(part)),
                    other => hide(other),
                }
            }
        }
        other => hide(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_variables_are_named_and_not_shown() {
        let spec = serde_json::json!({"pod": {"containers": [{"env": {"PASSWORD": "hunter2"}, "image": "a\u{1b}[2Jb"}]}});
        let record = raw_record(&[("spec", &spec)]);
        assert!(record.contains("PASSWORD") && !record.contains("hunter2"));
        assert!(record.contains('\n') && !record.contains('\u{1b}'));
    }

    #[test]
    fn environment_variables_are_hidden_in_every_shape() {
        let list = serde_json::json!({"env": [{"name": "PASSWORD", "value": "hunter2"}, "TOKEN=hunter2", {"name": "A", "valueFrom": {"x": "hunter2"}}]});
        for spec in [list, serde_json::json!({"Env": {"PASSWORD": {"deep": "hunter2"}}}), serde_json::json!({"env": "PASSWORD=hunter2"})] {
            let record = raw_record(&[("spec", &spec)]);
            assert!(!record.contains("hunter2"), "{record}");
        }
    }
}
