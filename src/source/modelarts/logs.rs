//! Follows a service's log in the log service, by asking it again and again: it has no stream.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::client::Cloud;
use super::normalize::written_at;
use super::tails;
use super::wire::LogRow;
use crate::clock;
use crate::domain::log::{LogItem, LogLine};
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp, words};
use crate::source::{BoxFuture, LogReader, LogRequest};

/// How often the log service is asked.
const EVERY: Duration = Duration::from_secs(5);
/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How far back the first look goes.
const BACK: Duration = Duration::from_mins(30);
/// Lines arrive late: every look goes back this far again.
const LATE: Duration = Duration::from_mins(1);
/// Names of lines that are remembered, so that none is shown twice.
const REMEMBERED: usize = 4_000;

/// Where the log of one service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// The service's id.
    pub service: String,
    /// Its log group and stream, where it has any.
    pub place: Option<(String, String)>,
}

/// Where logs are, by the workload's name. Written by the poller.
pub type Channels = Arc<Mutex<BTreeMap<Text, Channel>>>;

/// Reads logs of one project.
#[derive(Debug)]
pub struct ModelArtsLogs {
    cloud: Arc<Cloud>,
    channels: Channels,
}

impl ModelArtsLogs {
    /// A reader.
    pub fn new(cloud: Arc<Cloud>, channels: Channels) -> Self {
        Self { cloud, channels }
    }
}

impl LogReader for ModelArtsLogs {
    fn follow(&self, request: LogRequest, lines: mpsc::Sender<LogItem>) -> BoxFuture<'static, ()> {
        let (cloud, channels) = (Arc::clone(&self.cloud), Arc::clone(&self.channels));
        Box::pin(async move {
            let follower = Follower { cloud, lines, shown: BTreeSet::new(), dropped: 0 };
            follower.run(&request, &channels).await;
        })
    }
}

struct Follower {
    cloud: Arc<Cloud>,
    lines: mpsc::Sender<LogItem>,
    shown: BTreeSet<String>,
    dropped: u64,
}

impl Follower {
    async fn run(mut self, request: &LogRequest, channels: &Channels) {
        let known = |name: &Text| channels.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        // The poller may not have described the service yet.
        let mut channel = known(&request.workload.name);
        for _ in 0..6 {
            if channel.is_some() {
                break;
            }
            tokio::time::sleep(EVERY).await;
            channel = known(&request.workload.name);
        }
        let Some(Channel { service, place: Some((group, stream)) }) = channel else {
            let why = tails::no_channel();
            let _gone = self.lines.send(LogItem::Ended(format!("{}; {}", why.message, why.hint).into())).await;
            return;
        };
        if request.previous || request.replica.is_some() || request.container.is_some() {
            let note = "the log service keeps one stream of all instances; what follows is from all of them";
            if self.lines.send(LogItem::Note(note.into())).await.is_err() {
                return;
            }
        }
        let mut since = clock::now().saturating_sub(BACK).unwrap_or_default();
        let mut pause = EVERY;
        loop {
            let now = clock::now();
            match tails::read(&self.cloud, (&group, &stream), &service, since, now).await {
                Ok(rows) => {
                    pause = EVERY;
                    since = now.saturating_sub(LATE).unwrap_or(now).max(since);
                    if self.show(rows, now).is_err() {
                        return;
                    }
                }
                Err(failure) => {
                    pause = failure.retry_after.unwrap_or(pause * 2).clamp(EVERY, LONGEST_PAUSE);
                    if self.tell(&failure, pause).await.is_err() {
                        return;
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.lines.closed() => return,
            }
        }
    }

    /// Hands on what was not shown yet; an error when nobody reads any more.
    fn show(&mut self, rows: Vec<LogRow>, now: Timestamp) -> Result<(), ()> {
        for row in rows {
            if !row.line_num.is_empty() && !self.shown.insert(row.line_num.clone()) {
                continue;
            }
            let replica = ["pod", "pod_name", "podName"].iter().find_map(|name| row.labels.get(*name)).map(|pod| Text::clean(pod));
            let line = LogLine { at: written_at(&row).unwrap_or(now), replica, text: Text::clean(row.content.trim_end()) };
            self.hand_on(line)?;
        }
        // Names begin with the time: the oldest go first.
        while self.shown.len() > REMEMBERED {
            self.shown.pop_first();
        }
        Ok(())
    }

    fn hand_on(&mut self, line: LogLine) -> Result<(), ()> {
        use mpsc::error::TrySendError::{Closed, Full};
        if self.dropped > 0 {
            match self.lines.try_send(LogItem::Dropped(self.dropped)) {
                Ok(()) => self.dropped = 0,
                Err(Full(_)) => {
                    self.dropped += 1;
                    return Ok(());
                }
                Err(Closed(_)) => return Err(()),
            }
        }
        match self.lines.try_send(LogItem::Line(line)) {
            Ok(()) => Ok(()),
            Err(Full(_)) => {
                self.dropped += 1;
                Ok(())
            }
            Err(Closed(_)) => Err(()),
        }
    }

    /// Says what went wrong; an error when that ends the stream, or nobody reads any more.
    async fn tell(&mut self, failure: &Failure, pause: Duration) -> Result<(), ()> {
        use FailureKind::{Denied, Expired, Misconfigured, NoCredentials, NotFound, Unsupported, WrongAccount};
        if matches!(failure.kind, Denied | Expired | Misconfigured | NoCredentials | NotFound | Unsupported | WrongAccount) {
            let _gone = self.lines.send(LogItem::Ended(format!("{}; {}", failure.message, failure.hint).into())).await;
            return Err(());
        }
        let note = format!("cannot read the log: {}; trying again in {}", failure.message, words(pause));
        self.lines.send(LogItem::Note(note.into())).await.map_err(|_| ())
    }
}
