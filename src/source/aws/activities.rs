//! Scaling activities as AWS words them, made normal. Pure: no calls, nothing that can fail.

use aws_sdk_autoscaling::types::Activity;
use aws_smithy_types::DateTime;

use crate::domain::group::{ActivityKind, ActivityOutcome, ScalingActivity};
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// One activity of `group`. `None` without id, start or status, which AWS always sends: the answer
/// was cut off (the SDK puts the epoch where a start is missing).
pub fn normalize(group: &ResourceKey, activity: &Activity) -> Option<ScalingActivity> {
    let description = activity.description().unwrap_or_default();
    let native = activity.status_code().map_or("", |code| code.as_str());
    let message = activity.status_message().or_else(|| reason_in(description));
    Some(ScalingActivity {
        key: ResourceKey::new(&group.context, ResourceKind::Activity, activity.activity_id()?),
        group: group.clone(),
        kind: kind(description),
        outcome: outcome(native),
        native: native.into(),
        description: description.into(),
        cause: activity.cause().unwrap_or_default().into(),
        message: message.map(Text::from),
        progress: activity.progress().and_then(|percent| u32::try_from(percent).ok()),
        started_at: activity.start_time().filter(|at| at.secs() > 0).and_then(timestamp)?,
        ended_at: activity.end_time().and_then(timestamp),
        zone: activity.details().and_then(zone),
        instance: instance_in(description).map(Text::from),
    })
}

/// A stamp of the SDK as one of ours.
pub fn timestamp(at: &DateTime) -> Option<Timestamp> {
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}

fn kind(description: &str) -> ActivityKind {
    if description.starts_with("Launching") || description.starts_with("Placing Spot") {
        ActivityKind::Launch
    } else if description.starts_with("Terminating") {
        ActivityKind::Terminate
    } else {
        ActivityKind::Other
    }
}

/// Cancelled means launched and never in service: a failure for whoever waits for the machine.
fn outcome(native: &str) -> ActivityOutcome {
    match native {
        "Successful" => ActivityOutcome::Succeeded,
        "Failed" | "Cancelled" => ActivityOutcome::Failed,
        _ => ActivityOutcome::Running,
    }
}

/// Old records carry the reason only inside the description.
fn reason_in(description: &str) -> Option<&str> {
    description.split_once("Status Reason:").map(|(_, reason)| reason.trim()).filter(|reason| !reason.is_empty())
}

fn instance_in(description: &str) -> Option<&str> {
    let (_, rest) = description.split_once(": ")?;
    let word = rest.split([' ', ',']).next()?.trim_end_matches('.');
    word.starts_with("i-").then_some(word)
}

/// The zone in `Details`: a JSON string of no promised form, with blanks in its keys.
fn zone(details: &str) -> Option<Text> {
    let details: serde_json::Value = serde_json::from_str(details).ok()?;
    details.get("Availability Zone")?.as_str().map(Text::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_autoscaling::types::ScalingActivityStatusCode;

    fn activity(description: &str, status: &str, details: &str) -> ScalingActivity {
        let group = ResourceKey::new(&"prod".into(), ResourceKind::NodeGroup, "gpu");
        let raw = Activity::builder()
            .activity_id("a")
            .description(description)
            .status_code(ScalingActivityStatusCode::from(status))
            .details(details)
            .start_time(DateTime::from_secs_and_nanos(1_795_229_700, 512_000_000))
            .build();
        normalize(&group, &raw).unwrap()
    }

    #[test]
    fn every_known_form_is_read() {
        use ActivityKind::{Launch, Other, Terminate};
        use ActivityOutcome::{Failed, Running, Succeeded};
        let cases = [
            ("Launching a new EC2 instance: i-0a1b", "PreInService", (Launch, Running, Some("i-0a1b"), None)),
            ("Launching a new EC2 instance.  Status Reason: no room.", "Failed", (Launch, Failed, None, Some("no room."))),
            ("Launching a new EC2 instance: i-9f.  Status Reason: KMS", "Cancelled", (Launch, Failed, Some("i-9f"), Some("KMS"))),
            (
                "Terminating EC2 instance: i-1 - Waiting For ELB Connection Draining",
                "SomethingNew",
                (Terminate, Running, Some("i-1"), None),
            ),
            ("Moving EC2 instance to Standby: i-2", "Successful", (Other, Succeeded, Some("i-2"), None)),
        ];
        for (description, status, expected) in cases {
            let read = activity(description, status, "{}");
            assert_eq!((read.kind, read.outcome, read.instance.as_deref(), read.message.as_deref()), expected, "{description}");
        }
    }

    #[test]
    fn details_of_any_form_do_not_hurt() {
        assert_eq!(
            activity("", "", r#"{"Availability Zone":"us-west-2b","InvokingAlarms":[{"a":1}]}"#).zone.as_deref(),
            Some("us-west-2b")
        );
        for details in ["", "{", "null", "[1]", r#"{"Availability Zone":7}"#] {
            assert_eq!(activity("", "", details).zone, None, "{details}");
        }
    }
}
