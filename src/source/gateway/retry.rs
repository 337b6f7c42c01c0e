//! The ways in which a gateway says how long to wait: `Retry-After`, a field of the body, and the
//! moment at which its budget begins anew.

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::domain::time::{Duration, Timestamp};
use crate::source::retry_after::{self, LONGEST};

/// How long the answer asks to wait: as its header says, or its body in seconds.
pub fn asked(headers: &HeaderMap, body: &Value, now: Timestamp) -> Option<Duration> {
    let by_body = || {
        let seconds = body.get("retryAfter").or_else(|| body.pointer("/error/retryAfter"))?.as_u64()?;
        Some(Duration::from_secs(seconds).min(LONGEST))
    };
    retry_after::asked(headers, now).or_else(by_body)
}

/// How long until the budget begins anew, by `X-RateLimit-Reset` (unix seconds).
pub fn until_reset(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let reset: i64 = headers.get("x-ratelimit-reset")?.to_str().ok()?.trim().parse().ok()?;
    let reset = Timestamp::from_second(reset).ok()?;
    Duration::try_from(reset.duration_since(now)).ok().map(|pause| pause.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_comes_before_the_body_and_the_reset_is_a_moment() {
        let now = Timestamp::from_second(1_767_258_000).unwrap();
        let headers = |name: &'static str, value: &str| HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
        let body = serde_json::json!({"error": "Too many requests, please try again later.", "retryAfter": 900});
        assert_eq!(asked(&HeaderMap::new(), &body, now), Some(Duration::from_mins(15)));
        assert_eq!(asked(&headers("retry-after", "17"), &body, now), Some(Duration::from_secs(17)));
        assert_eq!(asked(&headers("retry-after", "Thu, 01 Jan 2026 09:01:00 GMT"), &Value::Null, now), Some(Duration::from_mins(1)));
        assert_eq!(until_reset(&headers("x-ratelimit-reset", "1767258060"), now), Some(Duration::from_mins(1)));
    }
}
