//! One budget for all that is asked of one gateway: panes, logs and details share it, because the
//! gateway counts them together.
//!
//! Before anything is known it is the free plan's 60 requests a minute; headers correct it. When
//! less than a tenth is left only what is essential is asked, and after a refusal nothing, until
//! the gateway's own time has passed.

use std::sync::{Mutex, PoisonError};

use reqwest::header::HeaderMap;
use tokio::time::Instant;

use super::retry;
use crate::domain::source::{Failure, FailureKind};
use crate::domain::time::{Duration, Timestamp, words};

/// The free plan's limit.
const FREE: u32 = 60;

/// The pause after the first refusal that names none; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Refusals in a row after which the pause grows no more.
const MOST_DOUBLINGS: u32 = 4;

/// How much a request matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Without it there is no view at all, or a person waits for it.
    Essential,
    /// Nice to know.
    Background,
}

/// The budget of one gateway.
#[derive(Debug)]
pub struct Budget {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Requests a minute.
    limit: u32,
    /// Thousandths of requests that may be sent now.
    tokens: u64,
    filled: Instant,
    /// What the gateway says is left, and when that ends.
    remaining: Option<(u32, Instant)>,
    paused_until: Option<Instant>,
    refusals: u32,
}

impl Default for Budget {
    fn default() -> Self {
        let state = State {
            limit: FREE,
            tokens: u64::from(FREE) * 1_000,
            filled: Instant::now(),
            remaining: None,
            paused_until: None,
            refusals: 0,
        };
        Self { state: Mutex::new(state) }
    }
}

impl Budget {
    /// Takes one request out of the budget.
    ///
    /// # Errors
    /// `Throttled`, with the time to wait, when none may be sent.
    pub fn take(&self, weight: Weight) -> Result<(), Failure> {
        let now = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.fill(now);
        if let Some(until) = state.paused_until.filter(|until| *until > now) {
            return Err(paused(until - now));
        }
        let reserve = u64::from(state.limit) * 100;
        let (floor, scarce) = match weight {
            Weight::Essential => (1_000, false),
            Weight::Background => (1_000 + reserve, state.is_scarce(now)),
        };
        if scarce || state.tokens < floor {
            let until = state.remaining.map(|(_, until)| until).filter(|until| scarce && *until > now);
            return Err(saved(until.map_or(Duration::from_mins(1) / state.limit.max(1), |until| until - now)));
        }
        state.tokens -= 1_000;
        Ok(())
    }

    /// Learns from the headers of an answer.
    pub fn learn(&self, headers: &HeaderMap, now: Timestamp) {
        let number = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()?.trim().parse::<u32>().ok());
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(limit) = number("x-ratelimit-limit").filter(|limit| *limit > 0) {
            // Another plan than the free one counts by the minute too; larger figures count a longer while.
            state.limit = limit.min(10_000);
            state.tokens = state.tokens.min(u64::from(state.limit) * 1_000);
        }
        if let Some(remaining) = number("x-ratelimit-remaining") {
            let until = retry::until_reset(headers, now).unwrap_or(Duration::from_mins(1));
            state.remaining = Some((remaining, Instant::now() + until));
        }
        state.refusals = 0;
    }

    /// Learns of a refusal: everything rests for as long as it asks, or longer each time.
    pub fn refused(&self, asked: Option<Duration>, until_reset: Option<Duration>) -> Duration {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let own = FIRST_PAUSE * 2_u32.pow(state.refusals.min(MOST_DOUBLINGS));
        let pause = [asked, until_reset].into_iter().flatten().fold(own, Duration::max);
        state.refusals = state.refusals.saturating_add(1);
        state.paused_until = Some(Instant::now() + pause);
        pause
    }
}

impl State {
    fn fill(&mut self, now: Instant) {
        let full = u64::from(self.limit) * 1_000;
        let passed = u64::try_from(now.duration_since(self.filled).as_millis()).unwrap_or(u64::MAX);
        self.tokens = self.tokens.saturating_add(passed.saturating_mul(u64::from(self.limit)) / 60).min(full);
        self.filled = now;
    }

    /// Whether the gateway says that less than a tenth is left.
    fn is_scarce(&self, now: Instant) -> bool {
        self.remaining.is_some_and(|(remaining, until)| until > now && remaining.saturating_mul(10) < self.limit)
    }
}

fn paused(left: Duration) -> Failure {
    let message = format!("too many requests: the gateway asks to wait {} more", words(left));
    let hint =
        "holdup waits by itself; what else polls with this key? `curl -H \"Authorization: Bearer $GATEWAY_KEY\" …/api/system/rate-limits`";
    Failure { retry_after: Some(left), ..Failure::new(FailureKind::Throttled, message, hint) }
}

fn saved(left: Duration) -> Failure {
    let message = "not asked: little is left of the gateway's requests a minute".to_owned();
    let failure = Failure::new(FailureKind::Throttled, message, "select the job and it is asked first; the budget fills by itself");
    Failure { retry_after: Some(left), ..failure }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(limit: &str, remaining: &str) -> HeaderMap {
        [("x-ratelimit-limit", limit), ("x-ratelimit-remaining", remaining)]
            .into_iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_minute_has_sixty_and_a_tenth_is_kept_for_what_matters() {
        let budget = Budget::default();
        let background = (0..100).filter(|_| budget.take(Weight::Background).is_ok()).count();
        assert_eq!(background, 54);
        let essential = (0..100).filter(|_| budget.take(Weight::Essential).is_ok()).count();
        assert_eq!(essential, 6);
        tokio::time::advance(Duration::from_secs(10)).await;
        let later = (0..100).filter(|_| budget.take(Weight::Essential).is_ok()).count();
        assert_eq!(later, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_rests_everything_and_longer_each_time() {
        let budget = Budget::default();
        assert_eq!(budget.refused(Some(Duration::from_secs(17)), None), Duration::from_secs(17));
        let told = budget.take(Weight::Essential).unwrap_err();
        assert_eq!((told.kind, told.retry_after), (FailureKind::Throttled, Some(Duration::from_secs(17))));
        tokio::time::advance(Duration::from_secs(18)).await;
        assert!(budget.take(Weight::Essential).is_ok());
        let pauses: Vec<u64> = (0..6).map(|_| budget.refused(None, None).as_secs()).collect();
        assert_eq!(pauses, [2, 4, 8, 16, 16, 16]);
    }

    #[tokio::test(start_paused = true)]
    async fn headers_correct_the_budget() {
        let budget = Budget::default();
        budget.learn(&headers("300", "20"), Timestamp::UNIX_EPOCH);
        assert!(budget.take(Weight::Background).is_err(), "less than a tenth is left");
        assert!(budget.take(Weight::Essential).is_ok());
        budget.learn(&headers("300", "200"), Timestamp::UNIX_EPOCH);
        assert!(budget.take(Weight::Background).is_ok());
    }
}
