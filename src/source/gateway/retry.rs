//! `Retry-After` in both its forms, and the other ways in which a gateway says how long to wait.

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde_json::Value;

use crate::domain::time::{Duration, Timestamp};

/// The longest pause that is believed.
const LONGEST: Duration = Duration::from_hours(1);

/// How long the answer asks to wait: seconds or a date in the header, seconds in the body.
///
/// A date is taken against the answer's own date where it has one, so that a wrong clock on this
/// side does no harm.
pub fn asked(headers: &HeaderMap, body: &Value, now: Timestamp) -> Option<Duration> {
    let header = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::trim);
    let by_header = header.and_then(|text| {
        if let Ok(seconds) = text.parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        let sent = headers.get(DATE).and_then(|value| date(value.to_str().ok()?)).unwrap_or(now);
        Duration::try_from(date(text)?.duration_since(sent)).ok()
    });
    let by_body = || {
        let seconds = body.get("retryAfter").or_else(|| body.pointer("/error/retryAfter"))?.as_u64()?;
        Some(Duration::from_secs(seconds))
    };
    by_header.or_else(by_body).map(|pause| pause.min(LONGEST))
}

/// How long until the budget begins anew, by `X-RateLimit-Reset` (unix seconds).
pub fn until_reset(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let reset: i64 = headers.get("x-ratelimit-reset")?.to_str().ok()?.trim().parse().ok()?;
    let reset = Timestamp::from_second(reset).ok()?;
    Duration::try_from(reset.duration_since(now)).ok().map(|pause| pause.min(LONGEST))
}

/// A date as HTTP writes it (`Thu, 01 Jan 2026 09:01:00 GMT`).
fn date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn both_forms_of_the_header_and_the_body_are_read() {
        let now = Timestamp::from_second(1_767_258_000).unwrap();
        let nothing = Value::Null;
        let seconds = |pairs| asked(&headers(pairs), &nothing, now).map(|pause| pause.as_secs());
        assert_eq!(seconds(&[("retry-after", "17")]), Some(17));
        assert_eq!(seconds(&[("retry-after", "Thu, 01 Jan 2026 09:01:00 GMT"), ("date", "Thu, 01 Jan 2026 09:00:30 GMT")]), Some(30));
        assert_eq!(seconds(&[("retry-after", "Thu, 01 Jan 2026 09:01:00 GMT")]), Some(60), "against this machine's clock");
        assert_eq!(seconds(&[("retry-after", "Thu, 01 Jan 2026 08:00:00 GMT")]), None, "passed already");
        assert_eq!(seconds(&[("retry-after", "999999999")]), Some(3_600), "nobody waits for years");
        assert_eq!(seconds(&[("retry-after", "soon")]), None);
        let body = serde_json::json!({"error": "Too many requests, please try again later.", "retryAfter": 900});
        assert_eq!(asked(&HeaderMap::new(), &body, now), Some(Duration::from_mins(15)));
        assert_eq!(until_reset(&headers(&[("x-ratelimit-reset", "1767258060")]), now), Some(Duration::from_mins(1)));
    }
}
