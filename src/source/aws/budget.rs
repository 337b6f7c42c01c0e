//! One polite request budget per account and region, shared by every AWS source of the process:
//! AWS throttles all callers of an account together, so holdup must not be the one who fills the
//! bucket. It paces, backs off when AWS throttles, and tells how long it rests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::time::{Instant, sleep};

use crate::domain::source::{Failure, FailureKind};
use crate::domain::time::{Duration, words};

/// Requests per second in the long run.
const RATE: f64 = 0.5;
/// Requests that may go out at once after a rest: enough for the first look at two clusters.
const BURST: f64 = 24.0;
/// The first rest after being throttled; doubled each time.
const FIRST_REST: Duration = Duration::from_secs(5);
/// The longest rest.
const LONGEST_REST: Duration = Duration::from_mins(2);
/// A caller waits so long at most; a longer rest is a failure that says so.
const PATIENCE: Duration = Duration::from_secs(20);

/// A token bucket.
#[derive(Debug)]
pub struct Budget {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tokens: f64,
    filled_at: Instant,
    resting_until: Option<Instant>,
    throttled: u32,
}

static SHARED: Mutex<BTreeMap<String, Weak<Budget>>> = Mutex::new(BTreeMap::new());

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for Budget {
    fn default() -> Self {
        Self { state: Mutex::new(State { tokens: BURST, filled_at: Instant::now(), resting_until: None, throttled: 0 }) }
    }
}

impl Budget {
    /// The budget of this account and region; the same one for the same key while anybody holds it.
    pub fn shared(key: &str) -> Arc<Self> {
        let mut shared = locked(&SHARED);
        shared.retain(|_, budget| budget.strong_count() > 0);
        if let Some(budget) = shared.get(key).and_then(Weak::upgrade) {
            return budget;
        }
        let budget = Arc::new(Self::default());
        shared.insert(key.to_owned(), Arc::downgrade(&budget));
        budget
    }

    /// Waits for leave to send one request.
    ///
    /// # Errors
    /// `Throttled` with the pause, when the rest is longer than a poll should wait.
    pub async fn take(&self) -> Result<(), Failure> {
        loop {
            let wait = self.reserve();
            if wait.is_zero() {
                return Ok(());
            }
            if wait > PATIENCE {
                return Err(resting(wait));
            }
            sleep(wait).await;
        }
    }

    /// Takes a token if there is one, or says how long until there may be.
    fn reserve(&self) -> Duration {
        let mut state = locked(&self.state);
        let now = Instant::now();
        if let Some(until) = state.resting_until.filter(|until| *until > now) {
            return until.saturating_duration_since(now);
        }
        let gained = now.saturating_duration_since(state.filled_at).as_secs_f64() * RATE;
        state.tokens = (state.tokens + gained).min(BURST);
        state.filled_at = now;
        if state.tokens >= 1.0 {
            state.tokens -= 1.0;
            return Duration::ZERO;
        }
        // A millisecond more, so that rounding never makes two sleeps of one.
        Duration::from_secs_f64((1.0 - state.tokens) / RATE) + Duration::from_millis(1)
    }

    /// AWS throttled a request: everybody rests, twice as long each time.
    pub fn throttled(&self) {
        let mut state = locked(&self.state);
        let rest = FIRST_REST.saturating_mul(1 << state.throttled.min(6)).min(LONGEST_REST);
        state.throttled = state.throttled.saturating_add(1);
        state.tokens = 0.0;
        state.filled_at = Instant::now();
        state.resting_until = Some(Instant::now() + rest);
    }

    /// AWS answered: the next throttling starts over with a short rest.
    pub fn answered(&self) {
        locked(&self.state).throttled = 0;
    }
}

fn resting(wait: Duration) -> Failure {
    let mut failure = Failure::new(
        FailureKind::Throttled,
        "resting because AWS throttled this account's requests",
        format!("nothing to do: asked again in {}; other callers of the account share the limit", words(wait)),
    );
    failure.retry_after = Some(wait);
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_the_burst_it_paces() {
        let budget = Budget::default();
        let start = Instant::now();
        for _ in 0..24 {
            budget.take().await.unwrap();
        }
        assert_eq!(start.elapsed(), Duration::ZERO, "the first look is not delayed");
        for _ in 0..10 {
            budget.take().await.unwrap();
        }
        let paced = start.elapsed().as_secs_f64();
        assert!((19.9..20.2).contains(&paced), "ten more at one in two seconds, got {paced}");
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_makes_everybody_rest_longer_each_time() {
        let budget = Budget::default();
        let mut rests = Vec::new();
        for _ in 0..6 {
            budget.throttled();
            rests.push(budget.reserve().as_secs());
        }
        assert_eq!(rests, [5, 10, 20, 40, 80, 120]);
        let failure = budget.take().await.unwrap_err();
        assert_eq!((failure.kind, failure.retry_after), (FailureKind::Throttled, Some(Duration::from_mins(2))));
        sleep(Duration::from_mins(2)).await;
        budget.take().await.unwrap();
        budget.answered();
        budget.throttled();
        assert_eq!(budget.reserve(), Duration::from_secs(5));
    }

    #[test]
    fn one_account_and_region_has_one_budget() {
        let first = Budget::shared("a|us-east-1");
        assert!(Arc::ptr_eq(&first, &Budget::shared("a|us-east-1")));
        assert!(!Arc::ptr_eq(&first, &Budget::shared("a|us-west-2")));
    }
}
