//! The runs of a container that ends again and again: how long each lives, how long the node agent
//! waits after it, and which one it is at a moment.

use super::clock::Moment;

/// The pauses between runs in seconds: the first, doubled each time, up to the longest.
const PAUSE: (i64, i64) = (10, 300);

/// One run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// How many there were before it: the restarts.
    pub number: u32,
    /// When it began.
    pub started_at: Moment,
    /// When it ended, if it did.
    pub ended_at: Option<Moment>,
    /// The pause after it.
    pub pause: i64,
    /// Begin and end of the run before it.
    pub before: Option<(Moment, Moment)>,
}

impl Run {
    /// The run whose log is the present one's, and the one whose log is the previous one's: of a
    /// container that waits for its next run, both are the run that ended last.
    pub fn logged(&self) -> (u32, Option<u32>) {
        let previous = if self.ended_at.is_some() { Some(self.number) } else { self.number.checked_sub(1) };
        (self.number, previous)
    }
}

/// The run at a moment of a container that first began at `first` and lives `lives` seconds each time.
pub fn at(first: Moment, lives: i64, now: Moment) -> Run {
    let mut run = Run { number: 0, started_at: first, ended_at: None, pause: PAUSE.0, before: None };
    loop {
        let ends = run.started_at + lives;
        if ends > now {
            return run;
        }
        if ends + run.pause > now {
            return Run { ended_at: Some(ends), ..run };
        }
        let next = ends + run.pause;
        let pause = (run.pause * 2).min(PAUSE.1);
        run = Run { number: run.number + 1, started_at: next, ended_at: None, pause, before: Some((run.started_at, ends)) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_get_rarer_and_each_has_its_own_log() {
        assert_eq!(at(0, 20, 19), Run { number: 0, started_at: 0, ended_at: None, pause: 10, before: None });
        assert_eq!(at(0, 20, 20).ended_at, Some(20));
        assert_eq!(at(0, 20, 30), Run { number: 1, started_at: 30, ended_at: None, pause: 20, before: Some((0, 20)) });
        assert_eq!(at(0, 20, 30).logged(), (1, Some(0)), "it runs, and the one before it is known");
        assert_eq!(at(0, 20, 50).logged(), (1, Some(1)), "it waits: the last end is all there is");
        assert_eq!(at(0, 20, 5).logged(), (0, None));
        assert!(at(0, 20, 2_400).number < 15);
    }
}
