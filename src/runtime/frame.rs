//! When to draw: not before something changed, not too often, soon after a key. Values only.

use std::time::Duration;

use tokio::time::Instant;

/// The least time between two frames while only data changes.
const GAP: Duration = Duration::from_millis(50);
/// The same when a person is typing.
const KEY_GAP: Duration = Duration::from_millis(16);

/// Remembers whether the screen is out of date, and since when frames went out.
#[derive(Debug, Default)]
pub(super) struct Frames {
    last: Option<Instant>,
    dirty: bool,
    by_key: bool,
    tick: Option<Instant>,
}

impl Frames {
    /// Something changed that may show.
    pub(super) fn touch(&mut self, by_key: bool) {
        self.dirty = true;
        self.by_key |= by_key;
    }

    /// When the next frame is due, if one is needed.
    pub(super) fn due(&self) -> Option<Instant> {
        let gap = if self.by_key { KEY_GAP } else { GAP };
        self.dirty.then(|| self.last.map_or_else(Instant::now, |last| last + gap))
    }

    /// When an age on the screen will read differently.
    pub(super) fn tick(&self) -> Option<Instant> {
        self.tick
    }

    /// A frame went out; nothing more is to be drawn, unless time passes for so long.
    pub(super) fn drawn(&mut self, now: Instant, next_tick: Option<Duration>) {
        *self = Self { last: Some(now), dirty: false, by_key: false, tick: next_tick.map(|pause| now + pause) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn frames_keep_their_distance_and_idle_costs_none() {
        let mut frames = Frames::default();
        assert_eq!(frames.due(), None, "nothing changed, nothing is drawn");
        frames.touch(false);
        assert_eq!(frames.due(), Some(Instant::now()), "the first frame is drawn at once");
        frames.drawn(Instant::now(), Some(Duration::from_secs(9)));
        assert_eq!((frames.due(), frames.tick()), (None, Some(Instant::now() + Duration::from_secs(9))));
        frames.touch(false);
        assert_eq!(frames.due(), Some(Instant::now() + GAP));
        frames.touch(true);
        assert_eq!(frames.due(), Some(Instant::now() + KEY_GAP), "a key does not wait for data's turn");
    }
}
