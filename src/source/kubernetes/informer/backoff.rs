//! How long to wait after a failure. Values only.

use std::time::Duration;

use crate::domain::source::{Failure, FailureKind};

/// How long the pauses are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The first pause.
    pub first: Duration,
    /// The longest while a server is unwell: a recovery is noticed within it.
    pub longest: Duration,
    /// How long what may not be read is left alone: permissions are granted by people.
    pub denied: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), longest: Duration::from_secs(30), denied: Duration::from_mins(2) }
    }
}

/// Counts failures in a row.
#[derive(Debug)]
pub(super) struct Backoff {
    pace: Pace,
    failures: u32,
    salt: u64,
}

impl Backoff {
    /// `name` makes the jitter differ between those that fail together.
    pub(super) fn new(name: &str, pace: Pace) -> Self {
        let salt = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        Self { pace, failures: 0, salt }
    }

    /// All is well again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// How often it failed in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// The pause after one more failure; one that the server asks for is kept.
    pub(super) fn pause(&mut self, failure: &Failure) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let base = match failure.kind {
            FailureKind::Denied | FailureKind::NotFound | FailureKind::Unsupported => self.pace.denied,
            _ => self.pace.first.saturating_mul(2_u32.saturating_pow(self.failures.min(16) - 1)).min(self.pace.longest),
        };
        let jittered = self.jitter(base);
        failure.retry_after.map_or(jittered, |asked| asked.max(jittered).min(Duration::from_mins(10)))
    }

    /// Between 80 % and 120 %, different for each name and failure, the same in every run.
    fn jitter(&self, base: Duration) -> Duration {
        let mixed = self.salt.wrapping_add(u64::from(self.failures)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let thousandths = 800 + u32::try_from((mixed >> 40) % 401).unwrap_or(200);
        base * thousandths / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_what_a_server_asks_for_is_kept() {
        let mut backoff = Backoff::new("pods", Pace::default());
        let failure = Failure::new(FailureKind::Unreachable, "x", "y");
        let pauses: Vec<Duration> = (0..20).map(|_| backoff.pause(&failure)).collect();
        assert!(pauses[0] >= Pace::default().first * 8 / 10 && pauses[0] <= Pace::default().first * 12 / 10, "{pauses:?}");
        assert!(pauses.iter().all(|pause| *pause <= Pace::default().longest * 12 / 10), "{pauses:?}");
        backoff.reset();
        let asked = Failure { retry_after: Some(Duration::from_secs(20)), ..failure };
        assert_eq!(backoff.pause(&asked), Duration::from_secs(20));
    }
}
