//! Label and field selectors, as the real server reads them.

use std::collections::BTreeMap;

use super::kinds::ServedKind;
use super::object::{self, Stored};
use super::status::Refusal;

/// What a list or a watch is limited to.
#[derive(Clone, Debug, Default)]
pub(super) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<(String, bool, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

impl Requirement {
    fn admits(&self, labels: &BTreeMap<String, String>) -> bool {
        match self {
            Self::In(key, values) => labels.get(key).is_some_and(|value| values.contains(value)),
            Self::NotIn(key, values) => labels.get(key).is_none_or(|value| !values.contains(value)),
            Self::Exists(key) => labels.contains_key(key),
            Self::Missing(key) => !labels.contains_key(key),
        }
    }
}

impl Selector {
    /// Reads the two query parameters.
    pub(super) fn read(kind: &ServedKind, labels: &str, fields: &str) -> Result<Self, Refusal> {
        let requirements = split(labels).into_iter().map(|part| requirement(part.trim()));
        let labels = requirements.collect::<Option<_>>().ok_or_else(|| {
            Refusal::bad_request(format!("unable to parse requirement: <nil>: Invalid value: \"{labels}\": found unexpected characters"))
        })?;
        let terms = fields.split(',').filter(|term| !term.is_empty());
        let fields = terms.map(|term| field(kind, fields, term)).collect::<Result<_, _>>()?;
        Ok(Self { labels, fields })
    }

    /// Whether everything is selected.
    pub(super) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether an object is selected.
    pub(super) fn admits(&self, object: &Stored) -> bool {
        self.labels.iter().all(|requirement| requirement.admits(&object.labels))
            && self.fields.iter().all(|(label, equal, value)| (value_of(object, label) == value) == *equal)
    }
}

/// A field's value; what is false is compared with the word.
fn value_of<'a>(object: &'a Stored, label: &str) -> &'a str {
    match object.field(label) {
        "" if label == "spec.unschedulable" => "false",
        value => value,
    }
}

fn field(kind: &ServedKind, all: &str, term: &str) -> Result<(String, bool, String), Refusal> {
    let parts = term.split_once("!=").map(|(label, value)| (label, false, value));
    let parts = parts.or_else(|| term.split_once("==").or_else(|| term.split_once('=')).map(|(label, value)| (label, true, value)));
    let Some((label, equal, value)) = parts else {
        return Err(Refusal::bad_request(format!("invalid selector: '{all}'; can't understand '{term}'")));
    };
    // The newer group of events has its own words for the same fields.
    let own = if kind.group == "events.k8s.io" { label.replace("regarding.", "involvedObject.") } else { label.to_owned() };
    let own = if own == "reportingController" { "reportingComponent".to_owned() } else { own };
    if !object::has_field(kind, &own) {
        let resource = format!("{}, Resource={}", kind.api_version(), kind.plural);
        let message = format!(
            "Unable to find \"{resource}\" that match label selector \"\", field selector \"{all}\": field label not supported: {label}"
        );
        return Err(Refusal::bad_request(message));
    }
    Ok((own, equal, value.to_owned()))
}

/// Splits at commas outside of parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let parts = text.split(|symbol| {
        match symbol {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        symbol == ',' && depth == 0
    });
    parts.filter(|part| !part.trim().is_empty()).collect()
}

fn requirement(text: &str) -> Option<Requirement> {
    let one = |value: &str| vec![value.trim().to_owned()];
    let good = |key: &str| {
        let key = key.trim();
        let fits = !key.is_empty() && key.chars().all(|symbol| symbol.is_ascii_alphanumeric() || "-_./".contains(symbol));
        fits.then(|| key.to_owned())
    };
    if let Some((key, value)) = text.split_once("!=") {
        return Some(Requirement::NotIn(good(key)?, one(value)));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return Some(Requirement::In(good(key)?, one(value)));
    }
    if let Some(key) = text.strip_prefix('!') {
        return Some(Requirement::Missing(good(key)?));
    }
    if let Some((left, values)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        let values = values.split(',').map(|value| value.trim().to_owned()).collect();
        let (key, operator) = left.trim().split_once(char::is_whitespace)?;
        return match operator.trim() {
            "in" => Some(Requirement::In(good(key)?, values)),
            "notin" => Some(Requirement::NotIn(good(key)?, values)),
            _ => None,
        };
    }
    good(text).map(Requirement::Exists)
}

#[cfg(test)]
mod tests {
    use super::super::kinds::find;
    use super::super::object::Draft;
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_choose_as_kubectl_documents_them() {
        let object = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p", "namespace": "n", "labels": { "app": "x", "tier": "gpu" } },
            "spec": { "nodeName": "a" }, "status": { "phase": "Running" },
        });
        let stored = Draft::read(&object).unwrap().versioned(1);
        let pods = find("", "v1", "pods").unwrap();
        for (labels, fields, chosen) in [
            ("", "", true),
            ("app=x,tier", "", true),
            ("app in (x, y),!job", "", true),
            ("app notin (x,y)", "", false),
            ("other!=1", "", true),
            ("app==y", "", false),
            ("", "spec.nodeName=a,status.phase!=Failed", true),
            ("", "metadata.name=q", false),
        ] {
            assert_eq!(Selector::read(pods, labels, fields).unwrap().admits(&stored), chosen, "{labels} {fields}");
        }
        let refused = Selector::read(pods, "", "spec.color=red").unwrap_err();
        assert!(String::from_utf8_lossy(&refused.body()).contains("field label not supported: spec.color"));
        assert!(Selector::read(pods, "a b c", "").is_err());
    }
}
