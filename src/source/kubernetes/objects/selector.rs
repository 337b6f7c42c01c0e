//! Label selectors: as objects write them, and as a person types them (`app=x,tier in (a,b)`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::tree::{Fields, intern};
use super::place::label_rule;
use crate::domain::placement::{LabelOperator, LabelRule};
use crate::domain::text::Text;

/// Conditions on labels that must all hold. Without any it matches everything; [`Selector::nothing`]
/// matches nothing, as a missing selector of an object does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    rules: Vec<LabelRule>,
    nothing: bool,
}

impl Selector {
    /// One that matches nothing.
    pub fn nothing() -> Self {
        Self { rules: Vec::new(), nothing: true }
    }

    /// Whether these labels meet it.
    pub fn matches(&self, labels: &BTreeMap<Text, Text>) -> bool {
        !self.nothing && self.rules.iter().all(|rule| rule.holds(labels))
    }

    /// Reads what a person typed, in kubectl's syntax.
    ///
    /// # Errors
    /// The part that could not be read, as a fragment of a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = split(text);
        let rules = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).map(rule).collect::<Result<_, _>>()?;
        Ok(Self { rules, nothing: false })
    }
}

/// A `selector` or `labelSelector` of an object; a missing one matches nothing.
pub fn match_selector(tree: &Value) -> Selector {
    if tree.is_null() {
        return Selector::nothing();
    }
    let exact = tree.words("matchLabels").into_iter();
    let exact = exact.map(|(key, value)| LabelRule { key, operator: LabelOperator::In, values: vec![value] });
    let rules = exact.chain(tree.list("matchExpressions").iter().filter_map(label_rule)).collect();
    Selector { rules, nothing: false }
}

/// Parts between commas that stand outside parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .collect()
}

fn rule(part: &str) -> Result<LabelRule, String> {
    let made = |key: &str, operator, values: Vec<Text>| LabelRule { key: intern(key.trim()), operator, values };
    let wrong = || format!("`{part}` is no condition on a label");
    let value = |text: &str| vec![intern(text.trim())];
    if let Some(open) = part.find('(') {
        let (head, list) = part.split_at(open);
        let list = list.strip_prefix('(').and_then(|list| list.strip_suffix(')')).ok_or_else(wrong)?;
        let values = list.split(',').map(|value| intern(value.trim())).collect();
        let mut words = head.split_whitespace();
        let (key, operator) = (words.next().ok_or_else(wrong)?, words.next());
        return match (operator, words.next()) {
            (Some("in"), None) => Ok(made(key, LabelOperator::In, values)),
            (Some("notin"), None) => Ok(made(key, LabelOperator::NotIn, values)),
            _ => Err(wrong()),
        };
    }
    if let Some((key, text)) = part.split_once("!=") {
        return Ok(made(key, LabelOperator::NotIn, value(text)));
    }
    if let Some((key, text)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Ok(made(key, LabelOperator::In, value(text)));
    }
    let (key, operator) = match part.strip_prefix('!') {
        Some(key) => (key.trim(), LabelOperator::DoesNotExist),
        None => (part, LabelOperator::Exists),
    };
    if key.is_empty() || key.contains(char::is_whitespace) { Err(wrong()) } else { Ok(made(key, operator, Vec::new())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_selectors_choose_as_kubectl_does() {
        let labels = BTreeMap::from([("app".into(), "chat".into()), ("tier".into(), "gpu".into())]);
        for holds in ["", "app=chat", "app==chat, tier in (cpu, gpu)", "tier!=cpu,app", "!missing", "tier notin (cpu)", "missing!=x"] {
            assert!(Selector::parse(holds).unwrap().matches(&labels), "{holds}");
        }
        for fails in ["app=x", "tier notin (cpu,gpu)", "!app", "missing", "app in ()"] {
            assert!(!Selector::parse(fails).unwrap().matches(&labels), "{fails}");
        }
        for wrong in ["app in (a", "a b c", "app within (a)", "! "] {
            assert!(Selector::parse(wrong).is_err(), "{wrong}");
        }
        assert!(!Selector::nothing().matches(&labels));
    }
}
