//! What an error of Azure says, out of all its wrappings. Pure.
//!
//! The code is often `null` and stands in the text (`ResourceNotReady: …`), the text is often JSON
//! inside text, sometimes with every brace doubled, and the same sentence comes several times.

use serde_json::Value;

/// The most statements that are kept of one error.
const MOST: usize = 8;
/// How deep an error may nest.
const DEEPEST: usize = 8;

/// Codes that say nothing: they wrap another one.
const WRAPPERS: [&str; 6] = [
    "BadRequest",
    "UserError",
    "None",
    "InferencingClientCallFailed",
    "InferencingClientCreateDeploymentFailed",
    "ResourceOperationFailure",
];

/// One thing an error says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Where it stood, such as `error.details[0].message`.
    pub field: String,
    /// Its code, where one is known and says something.
    pub code: Option<String>,
    /// The sentence.
    pub text: String,
}

/// Everything an error says, the most particular first, each sentence once.
pub fn statements(error: &Value) -> Vec<Statement> {
    let mut found = Vec::new();
    walk(error, "error", 0, &mut found);
    // What is embedded deeper is more particular than what wraps it.
    found.sort_by_key(|(depth, says)| (is_empty_talk(&says.text), std::cmp::Reverse(*depth)));
    let mut kept: Vec<Statement> = Vec::new();
    for (_, statement) in found {
        let plain = |text: &str| text.trim_end_matches('.').to_owned();
        match kept.iter_mut().find(|known| plain(&known.text).contains(&plain(&statement.text))) {
            Some(known) => {
                if known.code.is_none() {
                    known.code = statement.code;
                }
            }
            None => kept.push(statement),
        }
    }
    let particular = kept.iter().any(|statement| !is_empty_talk(&statement.text));
    kept.retain(|statement| !particular || !is_empty_talk(&statement.text));
    kept.truncate(MOST);
    kept
}

fn walk(error: &Value, path: &str, depth: usize, found: &mut Vec<(usize, Statement)>) {
    if depth > DEEPEST || found.len() > 4 * MOST {
        return;
    }
    let error = if depth == 0 { error.get("error").unwrap_or(error) } else { error };
    let code = error.get("code").and_then(Value::as_str).filter(|code| !code.is_empty());
    let message = error.get("message").and_then(Value::as_str).unwrap_or_default().trim();
    if !message.is_empty() || code.is_some() {
        let before = found.len();
        if let Some(inner) = embedded(message) {
            walk_embedded(&inner, &format!("{path}.message"), depth + 1, found);
        }
        if found.len() == before {
            let text = if message.is_empty() { code.unwrap_or_default() } else { message };
            found.push((depth, statement(format!("{path}.message"), code, text)));
        }
    }
    for key in ["details", "Details"] {
        for (index, detail) in error.get(key).and_then(Value::as_array).into_iter().flatten().enumerate() {
            walk(detail, &format!("{path}.details[{index}]"), depth + 1, found);
        }
    }
    for key in ["innererror", "innerError"] {
        if let Some(inner) = error.get(key) {
            walk(inner, &format!("{path}.{key}"), depth + 1, found);
        }
    }
}

/// JSON inside a sentence, with single or doubled braces.
fn embedded(message: &str) -> Option<Value> {
    let start = message.find('{')?;
    let inner = message.get(start..)?;
    let end = inner.rfind('}')? + 1;
    let inner = inner.get(..end)?;
    let read = |text: &str| serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
    read(inner).or_else(|| read(&inner.replace("{{", "{").replace("}}", "}")))
}

fn walk_embedded(inner: &Value, path: &str, depth: usize, found: &mut Vec<(usize, Statement)>) {
    if let Some(errors) = inner.get("errors").and_then(Value::as_object) {
        for (field, texts) in errors {
            let place = if field.is_empty() { format!("{path}.errors") } else { format!("{path}.errors.{field}") };
            for text in texts.as_array().into_iter().flatten().filter_map(Value::as_str) {
                found.push((depth, statement(place.clone(), None, text)));
            }
        }
    }
    if inner.get("error").is_some() || inner.get("message").is_some() {
        let nested = inner.get("error").unwrap_or(inner);
        walk(nested, path, depth, found);
    }
}

fn statement(field: String, code: Option<&str>, text: &str) -> Statement {
    let text = without_stamp(text.trim());
    let told = code.filter(|code| !WRAPPERS.contains(code)).map(str::to_owned);
    let code = told.or_else(|| leading_code(text)).or_else(|| linked_code(text));
    // A code beside the sentence is put before it, as the service itself does where it has none.
    let text = match &code {
        Some(code) if !text.to_lowercase().contains(&code.to_lowercase()) => format!("{code}: {text}"),
        _ => text.to_owned(),
    };
    Statement { field, code, text }
}

/// Sentences that only say that something is wrong.
fn is_empty_talk(text: &str) -> bool {
    let text = text.rsplit_once(": ").map_or(text, |(_, rest)| rest);
    matches!(text.trim_end_matches('.'), "The request is invalid" | "One or more validation errors occurred" | "")
        || text.starts_with("The resource operation completed with terminal provisioning state")
}

/// Without the time that some messages begin with.
fn without_stamp(text: &str) -> &str {
    match text.split_once(' ') {
        Some((first, rest)) if first.len() >= 19 && first.contains('T') && first.starts_with("20") => rest.trim_start(),
        _ => text,
    }
}

/// `ResourceNotReady: …`.
fn leading_code(text: &str) -> Option<String> {
    let (code, _) = text.split_once(": ")?;
    let fits = code.len() >= 6 && code.starts_with(|c: char| c.is_ascii_uppercase()) && code.chars().all(|c| c.is_ascii_alphanumeric());
    (fits && !WRAPPERS.contains(&code)).then(|| code.to_owned())
}

/// The fragment of the troubleshooting link, which outlives every rewording.
fn linked_code(text: &str) -> Option<String> {
    const CODES: [&str; 14] = [
        "ImageBuildFailure",
        "OutOfQuota",
        "BadArgument",
        "ResourceNotReady",
        "ResourceNotFound",
        "OperationCanceled",
        "InternalServerError",
        "NamespaceNotFound",
        "ACRSecretError",
        "ImagePullLoopBackOff",
        "KubernetesCrashLoopBackOff",
        "PodUnschedulable",
        "PodOutOfMemory",
        "SecretsInjectionError",
    ];
    let (_, fragment) = text.rsplit_once("oe-tsg#error-")?;
    let fragment: String = fragment.chars().take_while(char::is_ascii_alphanumeric).collect();
    CODES.iter().find(|code| code.eq_ignore_ascii_case(&fragment)).map(|code| (*code).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_code_in_the_text_is_found_and_a_sentence_said_twice_is_told_once() {
        let text = "ResourceNotReady: User container has crashed or terminated. See https://aka.ms/oe-tsg#error-resourcenotready";
        let said = statements(&json!({"code": null, "message": text, "details": [{"code": null, "message": text, "details": []}]}));
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].code.as_deref(), Some("ResourceNotReady"));
        assert_eq!(said[0].text, text);
    }

    #[test]
    fn json_inside_text_is_opened_with_single_and_doubled_braces() {
        let quota = "InferencingClient HttpRequest error, error detail: {\"errors\":{\"VmSize\":[\"Not enough quota available for X. Please see https://aka.ms/oe-tsg#error-outofquota\"]},\"title\":\"One or more validation errors occurred.\"}";
        let wrapped = json!({"error": {"code": "BadRequest", "message": "The request is invalid.", "details": [{"code": "InferencingClientCreateDeploymentFailed", "message": quota}]}});
        let said = statements(&wrapped);
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!(said[0].code.as_deref(), Some("OutOfQuota"));
        assert!(said[0].field.ends_with("errors.VmSize") && said[0].text.contains("Not enough quota"), "{said:?}");
        let doubled = "{{\"errors\":{{\"\":[\"Specified deployment [canary] is in an unrecoverable state. Delete and re-create.\"]}},\"title\":\"One or more validation errors occurred.\"}}";
        let said = statements(
            &json!({"code": "BadRequest", "message": "The request is invalid.", "details": [{"code": "InferencingClientCallFailed", "message": doubled}]}),
        );
        assert_eq!(said[0].text, "Specified deployment [canary] is in an unrecoverable state. Delete and re-create.");
    }

    #[test]
    fn a_leading_time_goes_and_a_lone_code_comes_before_its_sentence() {
        let said =
            statements(&json!({"code": "BadArgument", "message": "2026-11-21T04:16:14Z Startup task failed due to authorization error."}));
        assert_eq!(said[0].text, "BadArgument: Startup task failed due to authorization error.");
    }

    proptest::proptest! {
        #[test]
        fn no_error_is_too_odd(text in "(\\{|\\}|\"|:| |[a-zA-Z]|error detail|é){0,80}") {
            let _ = statements(&json!({"code": text, "message": text, "details": [{"message": text}, 7, null]}));
        }
    }
}
