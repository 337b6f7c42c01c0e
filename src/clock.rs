//! The clock port: the only place that asks what time it is. Everything else gets time as a value.

use jiff::Timestamp;

/// The present.
#[expect(clippy::disallowed_methods, reason = "this is the clock port")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
