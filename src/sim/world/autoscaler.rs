//! The cluster autoscaler: asks groups for machines, gives up, waits.

use std::collections::BTreeMap;

use super::clock::Moment;

/// Its memory.
#[derive(Clone, Debug, Default)]
pub struct Autoscaler {
    /// Groups that were asked for more and did not deliver yet: since when.
    pub asked: BTreeMap<String, Moment>,
    /// Groups it leaves alone after a failure.
    pub backoff: BTreeMap<String, Backoff>,
}

/// How long a group is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Until when.
    pub until: Moment,
    /// How long this time; the next is twice as long, up to half an hour.
    pub length: i64,
    /// When the failure was.
    pub failed_at: Moment,
}
