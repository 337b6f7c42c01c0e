//! How well a source can be read: health, failures and gaps. What could not be read is a fact
//! with a next step, never an absence.

use serde::{Deserialize, Serialize};

use super::text::Text;
use super::time::{Duration, Timestamp};

/// Why a poll brought nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What sort of failure.
    pub kind: FailureKind,
    /// What happened, one lower-case fragment without a full stop.
    pub message: Text,
    /// What the person can do next, with the command where there is one.
    pub hint: Text,
    /// Permissions that would have helped (`servicequotas:GetServiceQuota`).
    pub permissions: Vec<Text>,
    /// The server asked for this pause.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure without permissions or a demanded pause.
    pub fn new(kind: FailureKind, message: impl Into<Text>, hint: impl Into<Text>) -> Self {
        Self { kind, message: message.into(), hint: hint.into(), permissions: Vec::new(), retry_after: None }
    }

    /// Whether it ends by itself or is as it should be: its hint then says that there is nothing to do.
    pub fn needs_nobody(&self) -> bool {
        self.hint.starts_with("nothing to do")
    }
}

/// The sorts of failure that need different next steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The identity may not do this.
    Denied,
    /// Credentials have expired.
    Expired,
    /// There are no credentials.
    NoCredentials,
    /// The identity belongs to another account.
    WrongAccount,
    /// This machine's clock is off.
    ClockSkew,
    /// Too many requests.
    Throttled,
    /// Nothing answers at the address.
    Unreachable,
    /// The certificate is not the one that was trusted.
    Untrusted,
    /// No answer in time.
    TimedOut,
    /// The answer is not what the protocol says (HTML, half a body, too large).
    Garbage,
    /// The server says that it failed.
    ServerError,
    /// A version holdup does not speak.
    Unsupported,
    /// What was asked for does not exist.
    NotFound,
    /// The configuration does not allow the call.
    Misconfigured,
    /// What to ask for is named by another source that was not read yet.
    Waiting,
    /// A fault in holdup itself; this source rests, the others go on.
    Bug,
}

/// Something inside an otherwise good poll that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// What is missing, such as `quota L-DB2E81BA`.
    pub what: Text,
    /// Why.
    pub failure: Failure,
}

/// How a source does at the moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Health {
    /// Asked, no answer yet.
    Waiting,
    /// The last poll was good, at `at`.
    Fresh {
        /// When it was read.
        at: Timestamp,
    },
    /// The last poll failed; older data from `since` is still shown.
    Stale {
        /// When the shown data was read.
        since: Timestamp,
        /// Why it is not newer.
        failure: Failure,
    },
    /// Nothing was ever read.
    Failed {
        /// When the last try ended.
        at: Timestamp,
        /// Why.
        failure: Failure,
    },
}

impl Health {
    /// The failure, if the last poll was not good.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Stale { failure, .. } | Self::Failed { failure, .. } => Some(failure),
            Self::Waiting | Self::Fresh { .. } => None,
        }
    }

    /// When the data that is shown was read.
    pub fn read_at(&self) -> Option<Timestamp> {
        match self {
            Self::Fresh { at } => Some(*at),
            Self::Stale { since, .. } => Some(*since),
            Self::Waiting | Self::Failed { .. } => None,
        }
    }
}

/// What a source knows about its own polling, for the health pane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollStats {
    /// Polls so far.
    pub polls: u64,
    /// Failures in a row.
    pub failures: u32,
    /// How long the last poll took.
    pub took: Duration,
    /// The generation of the snapshot that the source last told something new in.
    #[serde(default)]
    pub changed: u64,
}
