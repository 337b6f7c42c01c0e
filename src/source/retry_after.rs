//! `Retry-After` in both its forms, for every service that is asked over HTTP.

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use crate::domain::time::{Duration, Timestamp};

/// The longest pause that is believed.
pub const LONGEST: Duration = Duration::from_hours(1);

/// How long an answer asks to wait, in seconds or until a date; `None` where it does not say, says
/// nonsense, or names a moment that has passed.
///
/// A date is taken against the answer's own date where it has one, so that a wrong clock on this
/// side does no harm.
pub fn asked(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let until = || {
        let sent = headers.get(DATE).and_then(|value| date(value.to_str().ok()?)).unwrap_or(now);
        Duration::try_from(date(text)?.duration_since(sent)).ok()
    };
    let seconds = text.parse().ok().map(Duration::from_secs);
    seconds.or_else(until).map(|pause| pause.min(LONGEST))
}

/// A date as HTTP writes it (`Thu, 01 Jan 2026 09:01:00 GMT`).
fn date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let now = Timestamp::from_second(1_767_258_000).unwrap();
        let seconds = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            asked(&headers, now).map(|pause| pause.as_secs())
        };
        assert_eq!(seconds(&[("retry-after", "17")]), Some(17));
        assert_eq!(seconds(&[("retry-after", "Thu, 01 Jan 2026 09:01:00 GMT"), ("date", "Thu, 01 Jan 2026 09:00:30 GMT")]), Some(30));
        assert_eq!(seconds(&[("retry-after", "Thu, 01 Jan 2026 09:01:00 GMT")]), Some(60), "against this machine's clock");
        assert_eq!(seconds(&[("retry-after", "Thu, 01 Jan 2026 08:00:00 GMT")]), None, "passed already");
        assert_eq!(seconds(&[("retry-after", "999999999")]), Some(3_600), "nobody waits for years");
        assert_eq!(seconds(&[("retry-after", "soon")]), None);
        assert_eq!(seconds(&[]), None);
    }
}
