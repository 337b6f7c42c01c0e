//! The places a text may have been read from.

use serde::{Deserialize, Serialize};

/// Where a text stood. Services have their own names for these; [`Field::named`] knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// `StatusMessage` of a scaling activity, or the same text as a node group's health issue.
    ActivityStatusMessage,
    /// `Cause` of a scaling activity.
    ActivityCause,
    /// `Description` of a scaling activity.
    ActivityDescription,
    /// `StateReason` of an instance.
    StateReason,
    /// Why a process of a group was suspended.
    SuspensionReason,
    /// An event of a stack (CloudFormation) or a plan (Terraform).
    StackEvent,
    /// The error of an API call, as code, message or both.
    ApiError,
    /// The message of a cluster event.
    EventMessage,
    /// The message of a condition of a cluster object.
    ConditionMessage,
    /// What the cluster autoscaler writes about its groups.
    AutoscalerStatus,
    /// The error body of the platform's own control plane.
    OperatorError,
    /// A state field of the platform's own control plane.
    OperatorField,
    /// The body of an answer to a prediction request.
    HttpBody,
    /// A line of a log.
    LogLine,
}

impl Field {
    /// The field by the name a record or a person gives it, in any case and with any separator.
    pub fn named(name: &str) -> Option<Self> {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        Some(match plain.as_str() {
            "activitystatusmessage" | "statusmessage" => Self::ActivityStatusMessage,
            "activitycause" | "cause" | "asgcause" => Self::ActivityCause,
            "activitydescription" | "description" => Self::ActivityDescription,
            "statereason" => Self::StateReason,
            "suspensionreason" => Self::SuspensionReason,
            "stackevent" | "cloudformation" | "terraform" => Self::StackEvent,
            "apierror" | "sdkerror" => Self::ApiError,
            "eventmessage" | "event" | "kubeevent" => Self::EventMessage,
            "conditionmessage" | "condition" => Self::ConditionMessage,
            "autoscalerstatus" => Self::AutoscalerStatus,
            "operatorerror" => Self::OperatorError,
            "operatorfield" => Self::OperatorField,
            "httpbody" | "body" => Self::HttpBody,
            "logline" | "log" => Self::LogLine,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_dress() {
        assert_eq!(Field::named("Status-Message"), Some(Field::ActivityStatusMessage));
        assert_eq!(Field::named("log_line"), Some(Field::LogLine));
        assert_eq!(Field::named("colour"), None);
    }
}
