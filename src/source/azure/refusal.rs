//! What refusals of the Resource Manager mean, and what a person can do about each.

use serde_json::Value;

use super::envelope::statements;
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;

/// The most bytes of a foreign message that are shown.
const SHOWN: usize = 300;

/// A refusal with a status and a body.
pub fn refused(status: u16, body: &[u8], what: &str) -> Failure {
    use FailureKind::{Denied, Expired, NoCredentials, NotFound, ServerError, Unsupported};
    let Some(error) = serde_json::from_slice::<Value>(body).ok().filter(Value::is_object) else {
        return page(status, body);
    };
    let code = error.pointer("/error/code").or_else(|| error.get("code")).and_then(Value::as_str).unwrap_or_default().to_owned();
    let said = statements(&error).into_iter().next().map(|statement| statement.text).unwrap_or_default();
    let shown = Text::clean_to(&said, SHOWN);
    match (status, code.as_str()) {
        (401, "ExpiredAuthenticationToken") => Failure::new(Expired, "the Azure token has expired", "log in again: az login"),
        (401, "InvalidAuthenticationTokenTenant") => Failure::new(
            FailureKind::WrongAccount,
            "the login belongs to another tenant than the subscription",
            "az login --tenant TENANT, or set AZURE_TENANT_ID",
        ),
        (401, _) => Failure::new(NoCredentials, format!("Azure does not accept the login: {shown}"), "log in: az login"),
        (403, _) => {
            let action = between(&said, "perform action '", "'");
            let mut failure = Failure::new(
                Denied,
                match &action {
                    Some(action) => format!("not allowed to do {action}"),
                    None => format!("not allowed: {shown}"),
                },
                "ask for a role with this action on the workspace: AzureML Data Scientist has it, Reader has only those that end in /read",
            );
            failure.permissions = vec![action.map_or_else(|| what.into(), Text::from)];
            failure
        }
        (404, "SubscriptionNotFound" | "InvalidSubscriptionId") => Failure::new(
            NotFound,
            format!("there is no such subscription for this login: {shown}"),
            "az account list --output table shows those it sees; correct subscription in this context's azure section",
        ),
        (404, _) => Failure::new(
            NotFound,
            format!("Azure has no {what}: {shown}"),
            "az ml workspace list --output table shows what there is; check resource_group and workspace of this context",
        ),
        (409, "MissingSubscriptionRegistration") => Failure::new(
            Unsupported,
            "the subscription is not registered for Machine Learning",
            "az provider register --namespace Microsoft.MachineLearningServices",
        ),
        (500.., _) => {
            Failure::new(ServerError, format!("Azure failed ({status} {code}): {shown}"), "nothing to do: asked again at the next poll")
        }
        _ => Failure::new(
            ServerError,
            format!("Azure refused {what} ({status} {code}): {shown}"),
            "az rest --method get --url with the same address shows the whole answer",
        ),
    }
}

/// Whether the version of the API was refused.
pub fn wants_older_version(status: u16, body: &[u8]) -> bool {
    let codes = ["InvalidApiVersionParameter", "NoRegisteredProviderFound", "UnsupportedApiVersion"];
    matches!(status, 400 | 404) && codes.iter().any(|code| String::from_utf8_lossy(body).contains(code))
}

/// An answer without Azure's envelope: a proxy, or a login page.
fn page(status: u16, body: &[u8]) -> Failure {
    let start = Text::clean_bytes(body.get(..80).unwrap_or(body));
    Failure::new(
        if status >= 500 { FailureKind::ServerError } else { FailureKind::Garbage },
        format!("the answer ({status}) is not Azure's; it begins with: {start}"),
        "check that no proxy or login page answers for management.azure.com",
    )
}

fn between(text: &str, before: &str, after: &str) -> Option<String> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(inside, _)| inside.to_owned())
}

/// Whether nothing else of the workspace can be read either.
pub fn concerns_everything(kind: FailureKind) -> bool {
    use FailureKind::{
        Bug, ClockSkew, Denied, Expired, Garbage, Misconfigured, NoCredentials, NotFound, ServerError, Throttled, TimedOut, Unreachable,
        Unsupported, Untrusted, Waiting, WrongAccount,
    };
    match kind {
        Expired | NoCredentials | WrongAccount | ClockSkew | Untrusted | Unreachable | Misconfigured | Throttled => true,
        Denied | TimedOut | Garbage | ServerError | Unsupported | NotFound | Waiting | Bug => false,
    }
}
