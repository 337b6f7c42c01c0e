//! Time as a value: stamps, ages and the short words the console prints for them.
//!
//! Nothing here reads a clock; `now` is always an argument.

pub use jiff::Timestamp;
pub use std::time::Duration;

/// How long before `now` something happened; zero when it lies in the future (a skewed clock).
pub fn age(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(at)).unwrap_or_default()
}

/// An age in its coarsest readable unit: `8s`, `41m`, `3h`, `12d`. Hours and days keep one
/// smaller unit below 10 h (`2h05m`) because rollouts live there.
pub fn short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..=119 => format!("{seconds}s"),
        120..=7_199 => format!("{}m", seconds / 60),
        7_200..=35_999 => format!("{}h{:02}m", seconds / 3_600, seconds % 3_600 / 60),
        36_000..=172_799 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// The same in words for a sentence: `8 s`, `41 min`, `2 h 5 min`, `3 days`.
pub fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => match seconds % 3_600 / 60 {
            0 => format!("{} h", seconds / 3_600),
            minutes => format!("{} h {minutes} min", seconds / 3_600),
        },
        _ => format!("{} days", seconds / 86_400),
    }
}

/// How long until [`short`] prints something else for this age: what an idle console sleeps.
pub fn until_next_word(duration: Duration) -> Duration {
    let seconds = duration.as_secs();
    let unit = match seconds {
        0..=118 => 1,
        119..=35_999 => 60,
        36_000..=172_799 => 3_600,
        _ => 86_400,
    };
    Duration::from_secs(unit - seconds % unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_use_the_coarsest_unit() {
        let cases = [(0, "0s"), (119, "119s"), (120, "2m"), (2_460, "41m"), (7_500, "2h05m"), (40_000, "11h"), (259_200, "3d")];
        for (seconds, expected) in cases {
            assert_eq!(short(Duration::from_secs(seconds)), expected);
        }
        assert_eq!(words(Duration::from_mins(41)), "41 min");
        assert_eq!(until_next_word(Duration::from_secs(130)), Duration::from_secs(50));
    }

    #[test]
    fn a_stamp_from_the_future_has_no_age() {
        assert_eq!(age(Timestamp::UNIX_EPOCH, Timestamp::MAX), Duration::ZERO);
    }
}
