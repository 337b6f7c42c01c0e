//! Story time against real time. The past before the start is at real scale; after the start the
//! story may run faster, and its stamps are mapped back so that none lies in the future.

use crate::domain::time::{Duration, Timestamp};

/// Seconds of the story. Zero is where the scenario begins; what was there before is negative.
pub type Moment = i64;

/// How story time maps on real time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoryClock {
    /// When the simulator was started.
    started: Timestamp,
    /// How far into the story that was.
    elapsed: Moment,
    /// Story seconds that pass in one real second from then on.
    speed: f64,
}

impl StoryClock {
    /// A clock that is `elapsed` into the story at the real time `started`.
    pub fn new(started: Timestamp, elapsed: Moment, speed: f64) -> Self {
        let speed = if speed.is_finite() && speed > 0.0 { speed } else { 1.0 };
        Self { started, elapsed, speed }
    }

    /// How far into the story the start was.
    pub fn elapsed(&self) -> Moment {
        self.elapsed
    }

    /// The real stamp of a moment.
    pub fn stamp(&self, moment: Moment) -> Timestamp {
        let after = moment - self.elapsed;
        let offset = if after <= 0 { jiff::SignedDuration::from_secs(after) } else { scaled(after, self.speed) };
        self.started.saturating_add(offset).unwrap_or(self.started)
    }

    /// Where the story is at a real time.
    pub fn moment(&self, at: Timestamp) -> Moment {
        let real = Duration::try_from(at.duration_since(self.started)).unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, reason = "story seconds of a run fit by far")]
        let story = (real.as_secs_f64() * self.speed).floor() as i64;
        self.elapsed.saturating_add(story)
    }
}

fn scaled(story: i64, speed: f64) -> jiff::SignedDuration {
    jiff::SignedDuration::try_from_secs_f64(story as f64 / speed).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_past_is_at_real_scale_and_the_future_never_shows() {
        let started = Timestamp::from_second(1_000_000).unwrap();
        let clock = StoryClock::new(started, 600, 10.0);
        assert_eq!(clock.stamp(0).as_second(), 999_400);
        assert_eq!(clock.stamp(600), started);
        let later = Timestamp::from_second(1_000_006).unwrap();
        assert_eq!(clock.moment(later), 660);
        assert!(clock.stamp(clock.moment(later)) <= later);
    }
}
