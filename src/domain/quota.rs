//! Limits of an account: their value, what is used, what was asked for.

use serde::{Deserialize, Serialize};

use super::id::ResourceKey;
use super::text::Text;
use super::time::Timestamp;

/// One quota in one region of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Its identity; the name is the provider's code (`L-DB2E81BA`).
    pub key: ResourceKey,
    /// The provider's name of it.
    pub title: Text,
    /// The instance family it covers (`G and VT`), for joins with machine types.
    pub family: Text,
    /// Whether it limits reclaimable machines.
    pub spot: bool,
    /// The limit, in `unit`; `None` if only its existence is known.
    pub limit: Option<u64>,
    /// Whether `limit` is the account's applied value or the provider's default.
    pub is_default: bool,
    /// What is used, with the time of the sample: a metric that lags by minutes.
    pub usage: Option<Usage>,
    /// What is counted: `vCPU`.
    pub unit: Text,
    /// Whether an increase can be asked for.
    pub adjustable: bool,
    /// Increase requests, newest first.
    pub requests: Vec<IncreaseRequest>,
}

/// A sample of how much is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// In the quota's unit.
    pub value: u64,
    /// When it was measured.
    pub at: Timestamp,
}

/// Somebody asked for more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncreaseRequest {
    /// The value asked for.
    pub desired: u64,
    /// The provider's status word (`PENDING`, `CASE_OPENED`, `APPROVED`, …).
    pub status: Text,
    /// When it was asked.
    pub created_at: Option<Timestamp>,
    /// The support case, if one was opened.
    pub case: Option<Text>,
}

impl IncreaseRequest {
    /// Whether an answer is still awaited.
    pub fn is_open(&self) -> bool {
        matches!(self.status.as_str(), "PENDING" | "CASE_OPENED")
    }
}
