//! Drives sources: one task each, one poll in flight, a depth-1 "poll now", backoff and jitter.
//!
//! A poller never decides what to read (the source does) and never folds anything (the loop
//! does). What it promises: a source that hangs, fails or panics costs only itself.

mod contain;
mod schedule;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use contain::{contain, in_contained_work};
pub use schedule::{Facts, HEAD_START, may_start};

use super::{Focus, Source};
use crate::clock;
use crate::domain::id::SourceId;
use crate::domain::snapshot::Snapshot;
use crate::domain::source::{Failure, FailureKind};
use crate::domain::store::Update;
use crate::domain::text::Text;
use crate::domain::time::Duration;
use schedule::{MIN_GAP, Schedule};

/// The running pollers. Dropping it stops them all.
#[derive(Debug)]
pub struct Pollers {
    pokes: BTreeMap<SourceId, mpsc::Sender<()>>,
    cancel: CancellationToken,
}

impl Pollers {
    /// Asks for a poll as soon as politeness allows: all sources of `context`, or of every
    /// context. Asking again before it happened changes nothing.
    pub fn poll_now(&self, context: Option<&Text>) {
        for (id, poke) in &self.pokes {
            if context.is_none_or(|context| id.context == *context) {
                // A full channel means that a poll is already asked for.
                let _ = poke.try_send(());
            }
        }
    }

    /// Stops all polls, also those in flight.
    pub fn stop(&self) {
        self.cancel.cancel();
    }
}

impl Drop for Pollers {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts one task per source on the current runtime.
///
/// `focus` says what the world looks like and what a person looks at; its `now` is ignored, the
/// poller fills in the present. Outcomes go to `updates`; a full channel delays the next poll.
pub fn spawn(sources: Vec<Box<dyn Source>>, focus: &watch::Receiver<Focus>, updates: &mpsc::Sender<Update>) -> Pollers {
    let cancel = CancellationToken::new();
    let mut pokes = BTreeMap::new();
    for source in sources {
        let (poke, poked) = mpsc::channel(1);
        let id = source.id();
        pokes.insert(id.clone(), poke);
        let poller = Poller { schedule: Schedule::new(id, source.cadence()), source, focus: focus.clone(), poked };
        let (cancel, updates) = (cancel.clone(), updates.clone());
        tokio::spawn(async move {
            // Cancelling drops the poll in flight, which closes its connection.
            tokio::select! {
                () = cancel.cancelled() => {}
                () = poller.run(updates) => {}
            }
        });
    }
    Pollers { pokes, cancel }
}

/// One poll, bounded by the source's deadline, its panics turned into a failure.
pub async fn poll_once(source: &mut dyn Source, snapshot: Arc<Snapshot>, selected: Option<crate::domain::id::ResourceKey>) -> Update {
    let id = source.id();
    let deadline = source.cadence().deadline;
    let focus = Focus { snapshot, selected, now: clock::now() };
    let begun = Instant::now();
    let outcome = match tokio::time::timeout(deadline, contain(async { source.poll(&focus).await })).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(bug(&id, &panic)),
        Err(_) => Err(timed_out(deadline)),
    };
    Update { source: id, at: clock::now(), took: begun.elapsed(), outcome }
}

fn bug(id: &SourceId, panic: &str) -> Failure {
    tracing::error!(source = %id, panic, "a source panicked");
    Failure::new(
        FailureKind::Bug,
        format!("holdup itself failed while reading: {panic}"),
        "this is a fault in holdup, please report it; other sources go on, and this one is tried again later",
    )
}

fn timed_out(deadline: Duration) -> Failure {
    Failure::new(
        FailureKind::TimedOut,
        format!("no answer within {}", crate::domain::time::words(deadline)),
        "check the network path (VPN, proxy, security group); holdup keeps trying",
    )
}

struct Poller {
    source: Box<dyn Source>,
    schedule: Schedule,
    focus: watch::Receiver<Focus>,
    poked: mpsc::Receiver<()>,
}

impl Poller {
    async fn run(mut self, updates: mpsc::Sender<Update>) {
        loop {
            self.wait_until_due().await;
            let (snapshot, selected) = {
                let focus = self.focus.borrow_and_update();
                (Arc::clone(&focus.snapshot), focus.selected.clone())
            };
            self.schedule.begin(&snapshot, selected.as_ref());
            let update = poll_once(self.source.as_mut(), snapshot, selected).await;
            self.schedule.end(update.outcome.as_ref().err(), Instant::now());
            if updates.send(update).await.is_err() {
                return;
            }
        }
    }

    /// Sleeps until the schedule says so; a poke or a change of what others know may move it.
    async fn wait_until_due(&mut self) {
        loop {
            let due = {
                let focus = self.focus.borrow_and_update();
                self.schedule.due(&focus.snapshot, focus.selected.as_ref())
            };
            if due <= Instant::now() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep_until(due) => return,
                Some(()) = self.poked.recv() => self.schedule.poke(),
                Ok(()) = self.focus.changed() => {}
                told = contain(self.source.changed()), if self.schedule.listens() => match told {
                    Ok(()) => return,
                    // The poll itself will meet the fault and tell it.
                    Err(panic) => self.schedule.deafen(&panic),
                },
                // Both channels closed: the console is ending, and so will this task.
                else => tokio::time::sleep(MIN_GAP).await,
            }
        }
    }
}

#[cfg(test)]
mod tests;
