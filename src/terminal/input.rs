//! Reads the terminal on a thread of its own, and notices when it is gone.
//!
//! The thread sleeps in `poll` and wakes for bytes, for the rest of a begun escape sequence, or
//! for the hang-up; a descriptor that ended is never read again. No signal is needed for that:
//! a parent that swallows SIGHUP changes nothing.

use std::io;
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::sync::mpsc;

use super::keys::{Decoder, Input};
use super::tty::Tty;

/// How long the rest of an escape sequence may take before Esc is Esc.
const SETTLE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
const STACK: usize = 128 * 1024;

/// What the reading thread has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromTty {
    /// Keys and pastes.
    Input(Input),
    /// The terminal is gone. The last thing said.
    Lost,
}

/// Starts the thread. `on_lost` runs on it the moment the terminal is gone, before anybody reads
/// the channel: a loop that hangs in a write must not keep the process alive.
///
/// # Errors
/// When no thread can be started.
pub fn watch(tty: Tty, on_lost: impl FnOnce() + Send + 'static) -> io::Result<mpsc::Receiver<FromTty>> {
    let (sender, receiver) = mpsc::channel(256);
    thread::Builder::new().name("tty".to_owned()).stack_size(STACK).spawn(move || {
        if read_until_lost(&tty, &sender) {
            on_lost();
            let _ = sender.blocking_send(FromTty::Lost);
        }
    })?;
    Ok(receiver)
}

/// Whether the terminal was lost, rather than nobody listening any more.
fn read_until_lost(tty: &Tty, sender: &mpsc::Sender<FromTty>) -> bool {
    let mut decoder = Decoder::default();
    let mut buffer = [0_u8; 4 * 1024];
    loop {
        let input = tty.input();
        let mut fds = [PollFd::new(&input, PollFlags::IN)];
        let ready = match poll(&mut fds, decoder.is_waiting().then_some(&SETTLE)) {
            Ok(ready) => ready,
            Err(Errno::INTR | Errno::AGAIN) => continue,
            Err(_) => return true,
        };
        let inputs = if ready == 0 {
            decoder.settle()
        } else {
            match rustix::io::read(tty.input(), &mut buffer) {
                Ok(0) => return true,
                Ok(length) => decoder.feed(buffer.get(..length).unwrap_or_default()),
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(_) => return true,
            }
        };
        for input in inputs {
            if sender.blocking_send(FromTty::Input(input)).is_err() {
                return false;
            }
        }
    }
}
