//! From the bodies of both APIs to the common vocabulary. Pure: no request, no clock.

mod amounts;
mod application;
mod autoscaler;
mod message;
mod node;
mod service;

pub use amounts::{amounts, resources};
pub use application::{Actor, Facts, applications};
pub use autoscaler::Autoscaler;
pub use node::{HEAD_DISK, Machine, machines, nodes, with_proxies};
pub use service::service;

use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// The most bytes of a message that are kept: its beginning says what, its end why.
const MESSAGE: usize = 6 * 1024;
/// How much of them is the beginning.
const BEGINNING: usize = 1_024;

/// Seconds since 1970.
pub fn moment(seconds: f64) -> Option<Timestamp> {
    #[expect(clippy::cast_possible_truncation, reason = "out of range is refused below")]
    let millis = (seconds * 1_000.0).round() as i64;
    (millis > 0).then(|| Timestamp::from_millisecond(millis).ok()).flatten()
}

/// A message with its lines; of a very long one the beginning and the end, where the reason stands.
pub fn sentence(raw: &str) -> Text {
    if raw.len() <= MESSAGE {
        return Text::clean_lines(raw.trim(), MESSAGE);
    }
    let begin = raw.get(..raw.floor_char_boundary(BEGINNING)).unwrap_or_default();
    let end = raw.get(raw.ceil_char_boundary(raw.len() - (MESSAGE - BEGINNING - 16))..).unwrap_or_default();
    Text::clean_lines(&format!("{begin}\n…\n{}", end.trim_end()), MESSAGE + 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_message_the_reason_at_its_end_is_kept() {
        let raw = format!("A replica failed to start. Error:\n{}\nValueError: no such model\n", "  File \"x.py\"\n".repeat(2_000));
        let kept = sentence(&raw);
        assert!(kept.starts_with("A replica failed") && kept.ends_with("ValueError: no such model"), "{kept}");
        assert!(kept.len() < 7_000);
    }
}
