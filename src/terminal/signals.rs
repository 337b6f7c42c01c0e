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

impl Request {
    /// The exit status shells expect of a process ended by a signal.
    pub fn exit_code(signal: i32) -> i32 {
        128 + signal
    }
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

/// Stops the process group as ctrl-z does, where a shell with job control would continue it.
/// Returns after it was continued; `false` when nobody would, so nothing was done.
pub fn stop_until_continued() -> bool {
    // A group that is its session's own was started without job control (`ssh host holdup`, a
    // tmux pane): stopped, it would stay so for ever.
    let group = rustix::process::getpgrp();
    if rustix::process::getsid(None).is_ok_and(|session| session == group) {
        return false;
    }
    // The others of a pipeline or a wrapper stop as they are used to; this process handles that
    // signal itself, so it needs the one that cannot be handled.
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP).is_ok()
}
