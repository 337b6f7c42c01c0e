//! Signals, listened to for the whole run: a listener that was made and dropped would swallow
//! its signal for ever.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What the world outside asks of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// End, with this signal's number as the reason.
    End(i32),
    /// Stop until continued.
    Stop,
    /// Continued after a stop.
    Continued,
    /// The terminal has another size.
    Resized,
}

/// The signals holdup knows.
#[derive(Debug)]
pub struct Signals {
    hang_up: Signal,
    terminate: Signal,
    interrupt: Signal,
    stop: Signal,
    proceed: Signal,
    resize: Signal,
}

const SIGHUP: i32 = 1;
const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

impl Signals {
    /// Begins to listen.
    ///
    /// # Errors
    /// When a handler cannot be installed.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            hang_up: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            stop: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
            proceed: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
            resize: signal(SignalKind::window_change())?,
        })
    }

    /// The next request. May be dropped and called again without losing any.
    pub async fn next(&mut self) -> Request {
        tokio::select! {
            _ = self.hang_up.recv() => Request::End(SIGHUP),
            _ = self.terminate.recv() => Request::End(SIGTERM),
            _ = self.interrupt.recv() => Request::End(SIGINT),
            _ = self.stop.recv() => Request::Stop,
            _ = self.proceed.recv() => Request::Continued,
            _ = self.resize.recv() => Request::Resized,
        }
    }
}

/// Whether a shell with job control is there to continue a stopped process. A group that is its
/// session's own was started without (`ssh host holdup`, a tmux pane): it would stay stopped.
pub fn has_job_control() -> bool {
    rustix::process::getsid(None).is_ok_and(|session| session != rustix::process::getpgrp())
}

/// Stops the process group as ctrl-z does; returns after it was continued.
pub fn stop_until_continued() {
    // The others of a pipeline or a wrapper stop as they are used to; this process handles that
    // signal itself, so it needs the one that cannot be handled.
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP);
}
