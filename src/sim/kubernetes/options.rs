//! The query of a list or a watch.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::kinds::ServedKind;
use super::selector::Selector;
use super::status::Refusal;

/// Query parameters by name.
pub(super) type Query = BTreeMap<String, String>;

/// The version a list or watch wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// The newest.
    Newest,
    /// Any; pages are not made of these.
    Any,
    /// Not older than this.
    Since(u64),
    /// Exactly this.
    Exactly(u64),
}

/// What a list or a watch asks for.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) at: At,
    /// Objects in a page; zero for all.
    pub(super) limit: usize,
    pub(super) go_on: Option<Token>,
    pub(super) selector: Selector,
    pub(super) watch: bool,
    pub(super) bookmarks: bool,
    pub(super) timeout_seconds: Option<u64>,
}

/// Where the next page starts. The real server's own form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// The version of the first page; -1 for whatever there is.
    pub(super) version: i64,
    /// The key after the last one, relative to the namespace.
    pub(super) start: String,
}

impl Token {
    /// As it is sent.
    pub(super) fn write(&self) -> String {
        let start = Value::from(self.start.as_str());
        URL_SAFE_NO_PAD.encode(format!("{{\"v\":\"meta.k8s.io/v1\",\"rv\":{},\"start\":{start}}}", self.version))
    }

    fn read(text: &str) -> Result<Self, Refusal> {
        let wrong = |why: &str| Refusal::bad_request(format!("continue key is not valid: {why}"));
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|error| wrong(&error.to_string()))?;
        let token: Value = serde_json::from_slice(&bytes).map_err(|error| wrong(&error.to_string()))?;
        let (version, start) = (token.get("rv").and_then(Value::as_i64), token.get("start").and_then(Value::as_str));
        match (token.get("v") == Some(&json!("meta.k8s.io/v1")), version, start) {
            (true, Some(version), Some(start)) if version != 0 && !start.is_empty() => Ok(Self { version, start: start.to_owned() }),
            (true, ..) => Err(wrong("incorrect encoded start key or version")),
            (false, ..) => Err(wrong("server does not recognize this encoded version")),
        }
    }
}

/// A flag as the real server reads one: anything but these is yes.
pub(super) fn flag(query: &Query, name: &str) -> bool {
    query.get(name).is_some_and(|value| !matches!(value.to_lowercase().as_str(), "false" | "0"))
}

impl Options {
    /// Reads a query.
    pub(super) fn read(kind: &ServedKind, query: &Query) -> Result<Self, Refusal> {
        let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        if query.contains_key("sendInitialEvents") {
            let message = "Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
            return Err(invalid("sendInitialEvents", "FieldValueForbidden", message));
        }
        let number = |name: &str| match text(name) {
            "" => Ok(0),
            value => value.parse::<u64>().map_err(|_| {
                Refusal::bad_request(format!(
                    "unable to parse query parameter {name}: strconv.ParseInt: parsing \"{value}\": invalid syntax"
                ))
            }),
        };
        let timeout = number("timeoutSeconds")?;
        let go_on = (!text("continue").is_empty()).then(|| Token::read(text("continue"))).transpose()?;
        let version = text("resourceVersion");
        if go_on.is_some() && !version.is_empty() && version != "0" {
            return Err(Refusal::bad_request("specifying resource version is not allowed when using continue"));
        }
        Ok(Self {
            at: at(version, text("resourceVersionMatch"))?,
            limit: usize::try_from(number("limit")?).unwrap_or(usize::MAX),
            go_on,
            selector: Selector::read(kind, text("labelSelector"), text("fieldSelector"))?,
            watch: flag(query, "watch"),
            bookmarks: flag(query, "allowWatchBookmarks"),
            timeout_seconds: (timeout > 0).then_some(timeout),
        })
    }
}

fn invalid(field: &'static str, reason: &'static str, message: &str) -> Refusal {
    Refusal::invalid(("meta.k8s.io", "ListOptions"), "", field, reason, message)
}

fn at(version: &str, matching: &str) -> Result<At, Refusal> {
    if version.is_empty() && !matching.is_empty() {
        let message = "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided";
        return Err(invalid("resourceVersionMatch", "FieldValueForbidden", message));
    }
    let number = || {
        version.parse::<u64>().map_err(|_| {
            let message = format!("Invalid value: \"{version}\": strconv.ParseUint: parsing \"{version}\": invalid syntax");
            invalid("resourceVersion", "FieldValueInvalid", &message)
        })
    };
    match (version, matching) {
        ("", _) => Ok(At::Newest),
        ("0", "Exact") => {
            let message = "Forbidden: resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"";
            Err(invalid("resourceVersionMatch", "FieldValueForbidden", message))
        }
        ("0", _) => Ok(At::Any),
        (_, "Exact") => number().map(At::Exactly),
        (_, "" | "NotOlderThan") => number().map(At::Since),
        (_, other) => {
            let message = format!("Unsupported value: \"{other}\": supported values: \"Exact\", \"NotOlderThan\", \"\"");
            Err(invalid("resourceVersionMatch", "FieldValueNotSupported", &message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_the_recorded_one() {
        let token = Token { version: 356, start: "hungry-6956b8955-544ks\0".to_owned() };
        let recorded = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MzU2LCJzdGFydCI6Imh1bmdyeS02OTU2Yjg5NTUtNTQ0a3NcdTAwMDAifQ";
        assert_eq!(token.write(), recorded);
        assert_eq!(Token::read(recorded).unwrap(), token);
        assert!(Token::read("nonsense!").is_err());
    }
}
