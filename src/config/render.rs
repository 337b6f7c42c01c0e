//! Writes configuration: what a simulator hands out, and the commented example.

use super::context::ContextConfig;

/// A configuration file with everything explained; every setting is commented out with `#: `.
pub const EXAMPLE: &str = include_str!("example.toml");

/// The text of a configuration file with these contexts.
pub fn render(contexts: &[ContextConfig]) -> String {
    let mut table = toml::Table::new();
    for context in contexts {
        // Values of these types always have a TOML form; an empty table would be read as a missing platform.
        let mut value = toml::Value::try_from(context).unwrap_or_else(|_| toml::Value::Table(toml::Table::new()));
        let refused = [("aws", context.aws.is_none()), ("kubernetes", context.kubernetes.is_none())];
        if let toml::Value::Table(fields) = &mut value {
            fields
                .extend(refused.into_iter().filter(|(_, refused)| *refused).map(|(key, _)| (key.to_owned(), toml::Value::Boolean(false))));
        }
        table.insert(context.name.clone(), value);
    }
    let mut top = toml::Table::new();
    top.insert("contexts".to_owned(), toml::Value::Table(table));
    top.to_string()
}
