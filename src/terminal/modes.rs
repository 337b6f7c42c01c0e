//! Takes the terminal and gives it back: raw mode, the alternate screen, no cursor, bracketed
//! paste. What was taken is remembered for the whole process, because a panic or a deadline on
//! another thread must be able to give it back too.

use std::io;
use std::sync::Mutex;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use super::tty::Tty;

/// Alternate screen, hidden cursor, bracketed paste, a clean slate.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[m\x1b[2J\x1b[H";

/// The reverse, after closing a synchronized update that may be open.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[m\x1b[?2004l\x1b[?25h\x1b[?1049l";

struct Taken {
    tty: Tty,
    before: Termios,
}

static TAKEN: Mutex<Option<Taken>> = Mutex::new(None);

/// Holds the terminal; gives it back when dropped.
#[derive(Debug)]
pub struct Modes(());

impl Modes {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When it is gone or is none.
    pub fn take(tty: &Tty) -> io::Result<Self> {
        take(tty)?;
        Ok(Self(()))
    }

    /// Takes it again after [`give_back`], or after somebody else changed it.
    ///
    /// # Errors
    /// When it is gone.
    pub fn retake(&self, tty: &Tty) -> io::Result<()> {
        take(tty)
    }
}

impl Drop for Modes {
    fn drop(&mut self) {
        give_back();
    }
}

fn take(tty: &Tty) -> io::Result<()> {
    let mut raw = tcgetattr(tty.input())?;
    // Remembered before anything changes: from here on any way out restores. Taken already, what
    // is set now is our own doing.
    if let Ok(mut taken) = TAKEN.lock()
        && taken.is_none()
    {
        *taken = Some(Taken { tty: tty.duplicate()?, before: raw.clone() });
    }
    raw.make_raw();
    tcsetattr(tty.input(), OptionalActions::Flush, &raw)?;
    tty.write_all(ENTER)
}

/// Gives the terminal back as it was; does nothing when it is not taken. Never panics, may be
/// called from a panic hook and from any thread.
pub fn give_back() {
    // A lock held by a thread that panics inside would block a hook: then leave it.
    let Some(taken) = TAKEN.try_lock().ok().and_then(|mut taken| taken.take()) else { return };
    let _ = taken.tty.write_all(LEAVE);
    let _ = tcsetattr(taken.tty.input(), OptionalActions::Now, &taken.before);
}

/// Forgets the terminal without touching it: it is gone.
pub fn abandon() {
    if let Ok(mut taken) = TAKEN.try_lock() {
        *taken = None;
    }
}
