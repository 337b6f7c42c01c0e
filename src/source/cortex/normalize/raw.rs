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
                match field {
                    Value::Object(variables) if name == "env" => {
                        variables.values_mut().for_each(|variable| *variable = Value::from("(not shown)"));
                    }
                    _ => redact(field),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
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
}
