//! Whether a server is still there. Watches that say nothing look the same over a calm cluster and
//! over a connection that was dropped on the way, so it is remembered when anything was heard last,
//! and who waits on a connection can be told that it is lost. Asks nothing itself.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// When a server was heard last, and how often it was lost.
#[derive(Debug)]
pub struct Pulse {
    heard: Mutex<Instant>,
    losses: watch::Sender<u64>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { heard: Mutex::new(Instant::now()), losses: watch::Sender::new(0) }
    }
}

impl Pulse {
    /// Bytes of it arrived, whatever they say.
    pub fn hear(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long nothing was heard.
    pub fn silence(&self) -> Duration {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// What is open leads nowhere any more.
    pub fn lose(&self) {
        self.losses.send_modify(|count| *count += 1);
    }

    /// Changes when the server is lost from now on.
    pub fn losses(&self) -> watch::Receiver<u64> {
        self.losses.subscribe()
    }
}
