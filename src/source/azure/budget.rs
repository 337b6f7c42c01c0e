//! How fast one subscription may be asked: far below what the Resource Manager allows a caller
//! (250 reads at once, 25 more a second), and not at all while it asks for a pause.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::time::Instant;

use crate::domain::source::{Failure, FailureKind};
use crate::domain::time::{Duration, words};

/// Requests per second in the long run.
const RATE: f64 = 5.0;
/// Requests at once after a rest.
const BURST: f64 = 60.0;
/// The pause where the service names none.
const REST: Duration = Duration::from_secs(17);
/// The longest pause that is believed.
const LONGEST: Duration = Duration::from_mins(10);
/// Below so many remaining reads only what is needed is asked.
const SCARCE: u32 = 50;

/// A token bucket.
#[derive(Debug)]
pub struct Budget(Mutex<State>);

#[derive(Debug)]
struct State {
    tokens: f64,
    filled_at: Instant,
    resting_until: Option<Instant>,
    remaining: Option<u32>,
}

static SHARED: Mutex<BTreeMap<String, Weak<Budget>>> = Mutex::new(BTreeMap::new());

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Budget {
    /// The budget of a subscription at one server: the same for the same key.
    pub fn shared(key: &str) -> Arc<Self> {
        let mut shared = locked(&SHARED);
        shared.retain(|_, budget| budget.strong_count() > 0);
        if let Some(budget) = shared.get(key).and_then(Weak::upgrade) {
            return budget;
        }
        let state = State { tokens: BURST, filled_at: Instant::now(), resting_until: None, remaining: None };
        let budget = Arc::new(Self(Mutex::new(state)));
        shared.insert(key.to_owned(), Arc::downgrade(&budget));
        budget
    }

    /// Waits for leave to send one request.
    ///
    /// # Errors
    /// `Throttled` while the service wants a pause.
    pub async fn take(&self) -> Result<(), Failure> {
        loop {
            match self.reserve() {
                Ok(None) => return Ok(()),
                Ok(Some(wait)) => tokio::time::sleep(wait).await,
                Err(rest) => return Err(throttled(rest)),
            }
        }
    }

    fn reserve(&self) -> Result<Option<Duration>, Duration> {
        let mut state = locked(&self.0);
        let now = Instant::now();
        if let Some(until) = state.resting_until.filter(|until| *until > now) {
            return Err(until.saturating_duration_since(now));
        }
        let gained = now.saturating_duration_since(state.filled_at).as_secs_f64() * RATE;
        state.tokens = (state.tokens + gained).min(BURST);
        state.filled_at = now;
        if state.tokens >= 1.0 {
            state.tokens -= 1.0;
            return Ok(None);
        }
        Ok(Some(Duration::from_secs_f64((1.0 - state.tokens) / RATE) + Duration::from_millis(1)))
    }

    /// The service asked for a pause; all of the subscription's contexts keep it.
    pub fn rest(&self, pause: Option<Duration>) -> Failure {
        let pause = pause.unwrap_or(REST).min(LONGEST);
        locked(&self.0).resting_until = Some(Instant::now() + pause);
        throttled(pause)
    }

    /// What the service says is left of reads.
    pub fn remaining(&self, reads: u32) {
        locked(&self.0).remaining = Some(reads);
    }

    /// Whether there is room for what is only nice to know.
    pub fn is_ample(&self) -> bool {
        locked(&self.0).remaining.is_none_or(|reads| reads >= SCARCE)
    }
}

fn throttled(pause: Duration) -> Failure {
    let mut failure = Failure::new(
        FailureKind::Throttled,
        format!("Azure throttles requests of this subscription; asked again in {}", words(pause)),
        "nothing to do: all callers of a subscription share the limit, and holdup waits as long as it was told",
    );
    failure.retry_after = Some(pause);
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_for_everybody_and_then_it_paces() {
        let budget = Budget::shared("paced");
        for _ in 0..60 {
            budget.take().await.unwrap();
        }
        let begun = Instant::now();
        for _ in 0..5 {
            budget.take().await.unwrap();
        }
        assert!((0.9..1.2).contains(&begun.elapsed().as_secs_f64()));
        let failure = Budget::shared("paced").rest(Some(Duration::from_secs(17)));
        assert_eq!(failure.retry_after, Some(Duration::from_secs(17)));
        assert_eq!(budget.take().await.unwrap_err().kind, FailureKind::Throttled);
        tokio::time::sleep(Duration::from_secs(18)).await;
        budget.take().await.unwrap();
        assert!(budget.is_ample());
        budget.remaining(12);
        assert!(!budget.is_ample());
    }
}
