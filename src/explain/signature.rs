//! Recognition: which cause a message from outside names.
//!
//! A text is unfolded (nested JSON and escapes undone, white space collapsed), searched with
//! the signatures of the catalogue whose words stand in it, and what was found is weighed: a wrapper steps back behind
//! what it wraps, a text that means something only in one field counts only there. A text that
//! nothing fits stays without a cause; nothing here guesses.

mod decide;
mod field;
mod gunicorn;
mod home;
mod log;
mod ordinary;
mod patterns;
mod predicates;
mod ray;
mod set;
mod unfold;

use super::finding::{CauseId, Confidence};

pub use field::Field;
pub use log::classify_log;
pub use set::{Recognizer, platforms, shared};

/// What is known of a text beside the text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hints {
    /// The platform it came from (`cortex`, `aws`, …); texts of the layers beneath it count too.
    pub platform: Option<String>,
    /// The field it stood in.
    pub field: Option<Field>,
    /// The status it came with: an HTTP code, or an activity's `StatusCode`.
    pub status: Option<String>,
    /// The seconds after which an answer came.
    pub after: Option<f64>,
}

impl Hints {
    /// Only the platform is known.
    pub fn platform(platform: &str) -> Self {
        Self { platform: Some(platform.to_owned()), ..Self::default() }
    }

    /// The field and the platform are known.
    pub fn field(platform: &str, field: Field) -> Self {
        Self { field: Some(field), ..Self::platform(platform) }
    }

    /// The same, with a status.
    pub fn with_status(self, status: impl Into<String>) -> Self {
        Self { status: Some(status.into()), ..self }
    }
}

/// What a text says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classification {
    /// The cause it names, or `None` if it names none that is known.
    pub cause: Option<CauseId>,
    /// How sure that is; `Possible` when there is no cause.
    pub confidence: Confidence,
    /// Other causes that the text names beside it, not as a wrapper of it.
    pub also: Vec<CauseId>,
    /// Whether the same attempt may succeed later by itself.
    pub retryable: bool,
    /// Whether it is news rather than trouble.
    pub benign: bool,
}

impl Classification {
    /// Nothing known is named.
    pub fn none() -> Self {
        Self { cause: None, confidence: Confidence::Possible, also: Vec::new(), retryable: false, benign: false }
    }
}

/// The cause that `text` names, by the compiled-in catalogue.
pub fn classify(text: &str, hints: &Hints) -> Classification {
    shared().classify(text, hints)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str, hints: &Hints) -> Option<String> {
        classify(text, hints).cause.map(|cause| cause.0)
    }

    #[test]
    fn a_quota_inside_a_capacity_wrapper_is_the_cause() {
        let text = "creating instance, insufficient capacity, with fleet error(s), InsufficientInstanceCapacity: We currently do not have sufficient \
                    g5.xlarge capacity in the Availability Zone you requested (eu-west-1b).; VcpuLimitExceeded: You have requested more vCPU capacity \
                    than your current vCPU limit of 8 allows for the instance bucket that the specified instance type belongs to.";
        let found = classify(text, &Hints::platform("aws"));
        assert_eq!(found.cause, Some("aws/vcpu-quota-on-demand".into()));
        assert_eq!((found.confidence, found.retryable), (Confidence::Certain, false));
        assert!(found.also.is_empty());
    }

    #[test]
    fn the_field_decides_where_the_words_are_the_same() {
        let body = Hints::field("cortex", Field::HttpBody).with_status("503");
        let operator = Hints::field("cortex", Field::OperatorError).with_status("503");
        assert_eq!(named("no healthy upstream", &body).as_deref(), Some("cortex/http-no-live-replica"));
        assert_eq!(named("no healthy upstream", &operator).as_deref(), Some("cortex/api-operator-down"));
        assert_eq!(named("no healthy upstream", &Hints::default()), None);
    }

    #[test]
    fn escaped_and_nested_messages_are_read() {
        let nested = r#"{"error":{"details":"{\"message\":\"Max spot\\n   instance count exceeded. Launching EC2 instance failed.\"}"}}"#;
        assert_eq!(named(nested, &Hints::default()).as_deref(), Some("aws/vcpu-quota-spot"));
    }

    #[test]
    fn ordinary_texts_name_nothing() {
        for text in
            ["", "ok", "200 OK", "INFO model loaded in 12.1 s, 8 workers ready", "{\"prediction\": [0.1, 0.9]}", "limit 8, quota 9, spot 3"]
        {
            assert_eq!(named(text, &Hints::default()), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(raw in ".{0,300}") {
            let _ = classify(&raw, &Hints::default());
        }
    }
}
