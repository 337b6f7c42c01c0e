//! Commands to copy, complete with names, region and environment. holdup never runs them.
//!
//! Names come from outside, so every argument is quoted for a shell when it needs to be.

use std::borrow::Cow;

use super::finding::{Remedy, Risk};
use super::world::{Group, World};
use crate::domain::text::Text;
use crate::domain::workload::Workload;

/// A way out with a command.
pub fn remedy(risk: Risk, text: impl Into<Text>, command: impl Into<Text>) -> Remedy {
    Remedy { text: text.into(), command: Some(command.into()), risk }
}

/// A way out that needs a hand instead of a command.
pub fn advice(risk: Risk, text: impl Into<Text>) -> Remedy {
    Remedy { text: text.into(), command: None, risk }
}

/// An argument as a shell takes it literally.
pub fn quoted(argument: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@' | '=' | ',' | '+');
    if !argument.is_empty() && argument.chars().all(plain) && !argument.starts_with('-') {
        Cow::Borrowed(argument)
    } else {
        Cow::Owned(format!("'{}'", argument.replace('\'', "'\\''")))
    }
}

/// ` --region us-east-1 --profile serving`: what of the way to the account is known.
pub fn account(world: &World<'_>, context: &Text) -> String {
    let option = |flag: &str, value: Option<&Text>| value.map(|value| format!(" --{flag} {}", quoted(value))).unwrap_or_default();
    option("region", world.region(context)) + &option("profile", world.aws_profile(context))
}

/// Deploys over an update that is still going on: refused without `--force`.
pub fn deploy_forced(workload: &Workload) -> String {
    format!("cortex deploy --env {} --force", quoted(&workload.key.context))
}

/// Shows the counts by state.
pub fn describe(workload: &Workload) -> String {
    format!("cortex describe {} --env {}", quoted(&workload.key.name), quoted(&workload.key.context))
}

/// Follows the log.
pub fn logs(workload: &Workload) -> String {
    format!("cortex logs {} --random-pod --env {}", quoted(&workload.key.name), quoted(&workload.key.context))
}

/// Shows the deployed versions.
pub fn versions(workload: &Workload) -> String {
    format!("cortex get {} --env {}", quoted(&workload.key.name), quoted(&workload.key.context))
}

/// Applies a changed cluster file.
pub fn configure() -> &'static str {
    "cortex cluster configure cluster.yaml"
}

/// The group's own history, newest first.
pub fn activities(world: &World<'_>, group: &Group<'_>) -> String {
    let account = account(world, &group.key.context);
    format!("aws autoscaling describe-scaling-activities --auto-scaling-group-name {}{account} --max-items 20", quoted(group.cloud_name()))
}

/// Asks for a higher vCPU limit.
pub fn raise_quota(world: &World<'_>, context: &Text, code: &str, desired: u64) -> String {
    let account = account(world, context);
    format!(
        "aws service-quotas request-service-quota-increase --service-code ec2 --quota-code {} --desired-value {desired}{account}",
        quoted(code)
    )
}

/// Shows what became of requests for a higher limit.
pub fn quota_requests(world: &World<'_>, context: &Text, code: &str) -> String {
    let account = account(world, context);
    format!(
        "aws service-quotas list-requested-service-quota-change-history-by-quota --service-code ec2 --quota-code {}{account}",
        quoted(code)
    )
}

/// Lets a group launch again.
pub fn resume(world: &World<'_>, group: &Group<'_>, process: &str) -> String {
    let account = account(world, &group.key.context);
    format!(
        "aws autoscaling resume-processes --auto-scaling-group-name {} --scaling-processes {}{account}",
        quoted(group.cloud_name()),
        quoted(process)
    )
}

/// Raises a group's maximum.
pub fn enlarge(world: &World<'_>, group: &Group<'_>, most: u32) -> String {
    let account = account(world, &group.key.context);
    format!("aws autoscaling update-auto-scaling-group --auto-scaling-group-name {} --max-size {most}{account}", quoted(group.cloud_name()))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn names_from_outside_cannot_become_commands() {
        assert_eq!(quoted("text-generator"), "text-generator");
        assert_eq!(quoted("a; rm -rf /"), "'a; rm -rf /'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted("--force"), "'--force'");
        assert_eq!(quoted(""), "''");
    }
}
