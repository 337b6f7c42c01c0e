//! Records as they were received, for a person to read: bounded, clean, and without values of
//! environment variables, which often are passwords.
//!
//! They cost memory, so they are kept for controllers of workloads, nodes, autoscaling objects
//! and for pods that are not ready; a pod that serves is not kept whole.

use serde_json::Value;

use crate::domain::text::Text;

/// The most bytes of one record.
const LIMIT: usize = 24 * 1024;

/// What stands in the place of a secret.
const HIDDEN: &str = "(not shown)";

/// The object, pretty-printed.
pub fn record(tree: &Value) -> Text {
    let mut tree = tree.clone();
    hide(&mut tree);
    Text::clean_lines(&serde_json::to_string_pretty(&tree).unwrap_or_default(), LIMIT)
}

/// Hides values of environment variables written into a specification, and configuration of
/// applications that carries such variables as text. References to secrets stay: they are names.
fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                match name.as_str() {
                    "env" => hide_values(field),
                    "serveConfigV2" | "runtimeEnvYAML" | "data" | "binaryData" | "stringData" if field.is_string() || field.is_object() => {
                        *field = HIDDEN.into();
                    }
                    _ => hide(field),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn hide_values(env: &mut Value) {
    match env {
        Value::Array(variables) => {
            for variable in variables {
                match variable {
                    Value::Object(parts) => {
                        parts
                            .iter_mut()
                            .filter(|(name, _)| *name != "name" && *name != "valueFrom")
                            .for_each(|(_, part)| *part = HIDDEN.into());
                    }
                    other => *other = HIDDEN.into(),
                }
            }
        }
        Value::Object(variables) => variables.values_mut().for_each(|value| *value = HIDDEN.into()),
        Value::Null => {}
        other => *other = HIDDEN.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_environment_variables_are_hidden_and_references_kept() {
        let tree = serde_json::json!({"spec": {"containers": [{"env": [
            {"name": "PASSWORD", "value": "hunter2"},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "hub", "key": "token"}}},
            "hunter2",
        ]}], "serveConfigV2": "env_vars: {A: hunter2}"}, "data": {"x": "hunter2"}});
        let record = record(&tree);
        assert!(record.contains("PASSWORD") && record.contains("secretKeyRef") && record.contains('\n'));
        assert!(!record.contains("hunter2"), "{record}");
    }
}
