//! Who may ask what, and how often: the key, the plan's budget, calls that are absent or denied.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use super::{Answer, KEY, Look};

/// The wait that a refusal asks for, in seconds.
const WAIT: i64 = 17;

/// What of the plan is used.
pub(super) struct Budget {
    limit: u32,
    remaining: u32,
    /// Unix seconds.
    reset: i64,
    spent: bool,
}

/// Counts a request. A simulated gateway runs for minutes, so its window never begins anew.
pub(super) fn budget(look: &Look<'_>, asked: &AtomicU32) -> Budget {
    let asked = asked.fetch_add(1, Ordering::Relaxed);
    let limit = look.gateway.limit;
    let minutes = u32::try_from(look.world.now.saturating_sub(look.world.clock.elapsed()) / 60).unwrap_or(0);
    let allowed = limit.saturating_mul(minutes.saturating_add(1));
    let spent = look.gateway.exhausted || asked >= allowed;
    let remaining = if spent { 0 } else { allowed.saturating_sub(asked + 1).min(limit) };
    Budget { limit, remaining, reset: look.world.present().as_second() + WAIT, spent }
}

impl Budget {
    /// The headers that stand on every answer.
    pub(super) fn write(&self, response: &mut Response) {
        let headers = response.headers_mut();
        let mut put = |name: &'static str, value: i64| {
            headers.insert(name, HeaderValue::from(value));
        };
        put("x-ratelimit-limit", i64::from(self.limit));
        put("x-ratelimit-remaining", i64::from(self.remaining));
        put("x-ratelimit-reset", self.reset);
        if self.spent {
            put("retry-after", WAIT);
        }
    }
}

/// The refusal of a request, if it is refused.
pub(super) fn refusal(headers: &HeaderMap, look: &Look<'_>, budget: &Budget, method: &Method, path: &str) -> Option<Answer> {
    let key = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let below = path.trim_start_matches("/api/");
    let begins = |calls: &[String]| calls.iter().any(|call| below.starts_with(call.as_str()));
    if budget.spent {
        return Some(Answer::Refused(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMIT_EXCEEDED", "Too many requests".to_owned()));
    }
    if key != format!("Bearer {KEY}") {
        return Some(Answer::Refused(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Missing or invalid API key".to_owned()));
    }
    if method != Method::GET || begins(&look.gateway.missing) {
        return Some(Answer::Absent);
    }
    begins(&look.gateway.denied).then(|| Answer::Refused(StatusCode::FORBIDDEN, "FORBIDDEN", "Insufficient permissions".to_owned()))
}
