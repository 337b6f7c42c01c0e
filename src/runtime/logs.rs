//! The log stream that is open: at most one, owned by the page that opened it.
//!
//! Lines travel a bounded channel and arrive in batches, so a chatty replica costs a few events
//! a second, not thousands. What a reader could not get rid of it drops and counts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::console::event::Event;
use crate::domain::log::LogItem;
use crate::domain::text::Text;
use crate::source::poller::contain;
use crate::source::{LogReader, LogRequest};

/// Items a reader may be ahead of the console.
const AHEAD: usize = 256;
/// How long items gather before they become one event.
const GATHER: Duration = Duration::from_millis(30);

/// Readers by context, and the stream that is open.
pub(super) struct Logs {
    readers: BTreeMap<Text, Arc<dyn LogReader>>,
    events: mpsc::Sender<Event>,
    open: Option<AbortOnDropHandle<()>>,
}

impl Logs {
    /// Batches go to `events`.
    pub(super) fn new(readers: BTreeMap<Text, Arc<dyn LogReader>>, events: mpsc::Sender<Event>) -> Self {
        Self { readers, events, open: None }
    }

    /// Opens a stream under a number; the one before is closed.
    pub(super) fn open(&mut self, stream: u64, request: LogRequest) {
        let reader = self.readers.get(&request.workload.context).cloned();
        let events = self.events.clone();
        self.open = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            let (sender, items) = mpsc::channel(AHEAD);
            let read = async move {
                let Some(reader) = reader else {
                    // Nobody listens any more: then nobody needs to know.
                    let _ = sender.send(LogItem::Ended("this platform has no logs that holdup can read".into())).await;
                    return;
                };
                let last_words = sender.clone();
                if let Err(panic) = contain(async { reader.follow(request, sender).await }).await {
                    tracing::error!(panic, "a log reader panicked");
                    let _ = last_words.send(LogItem::Ended(format!("holdup itself failed while reading: {panic}").into())).await;
                }
            };
            tokio::join!(read, forward(stream, items, events));
        })));
    }

    /// Closes the stream; lines on their way are dropped.
    pub(super) fn close(&mut self) {
        self.open = None;
    }
}

async fn forward(stream: u64, mut items: mpsc::Receiver<LogItem>, events: mpsc::Sender<Event>) {
    let mut batch = Vec::new();
    while items.recv_many(&mut batch, AHEAD).await > 0 {
        tokio::time::sleep(GATHER).await;
        while batch.len() < 2 * AHEAD
            && let Ok(item) = items.try_recv()
        {
            batch.push(item);
        }
        if events.send(Event::Log { stream, items: std::mem::take(&mut batch) }).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{ResourceKey, ResourceKind};
    use crate::domain::log::LogLine;
    use crate::domain::time::Timestamp;
    use crate::source::BoxFuture;

    struct Chatty(usize);

    impl LogReader for Chatty {
        fn follow(&self, request: LogRequest, lines: mpsc::Sender<LogItem>) -> BoxFuture<'static, ()> {
            let count = self.0;
            assert!(!request.previous, "the script says so");
            Box::pin(async move {
                for number in 0..count {
                    let line = LogLine { at: Timestamp::UNIX_EPOCH, replica: None, text: format!("line {number}").into() };
                    if lines.send(LogItem::Line(line)).await.is_err() {
                        return;
                    }
                }
                std::future::pending::<()>().await;
            })
        }
    }

    fn logs(reader: Option<Chatty>) -> (Logs, mpsc::Receiver<Event>) {
        let (sender, events) = mpsc::channel(8);
        let readers = reader.map(|reader| ("prod".into(), Arc::new(reader) as Arc<dyn LogReader>)).into_iter().collect();
        (Logs::new(readers, sender), events)
    }

    fn request(previous: bool) -> LogRequest {
        let workload = ResourceKey::new(&"prod".into(), ResourceKind::Workload, "text-generator");
        LogRequest { workload, job: None, replica: None, container: None, previous }
    }

    #[tokio::test(start_paused = true)]
    async fn lines_arrive_whole_and_in_few_batches() {
        let (mut logs, mut events) = logs(Some(Chatty(5_000)));
        logs.open(7, request(false));
        let (mut lines, mut batches) = (0, 0);
        while lines < 5_000 {
            let Some(Event::Log { stream: 7, items }) = events.recv().await else { panic!("another event") };
            lines += items.len();
            batches += 1;
        }
        assert_eq!(lines, 5_000);
        assert!(batches <= 25, "{batches} batches");
        logs.close();
        drop(logs);
        assert_eq!(events.recv().await, None, "closing ends the stream");
    }

    #[tokio::test(start_paused = true)]
    async fn no_reader_or_a_broken_one_ends_the_stream_with_a_reason() {
        for (reader, previous, word) in [(None, false, "no logs"), (Some(Chatty(1)), true, "holdup itself failed")] {
            let (mut logs, mut events) = logs(reader);
            logs.open(1, request(previous));
            let Some(Event::Log { items, .. }) = events.recv().await else { panic!("another event") };
            assert!(matches!(items.as_slice(), [LogItem::Ended(why)] if why.contains(word)), "{items:?}");
        }
    }
}
