//! The operator's log stream: one replica's lines over a WebSocket, reopened when it breaks.
//!
//! The operator chooses the replica, always of the newest version, and cannot be asked for another
//! one. What that means during an update is said on the stream itself.

mod frame;
mod stream;

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;

pub use frame::{First, classify};

use self::stream::{Stop, Stream};
use super::client::{Operator, decode};
use super::normalize::{identify, is_updating, role};
use super::wire::ApiResponse;
use crate::clock;
use crate::domain::log::{LogItem, LogLine};
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::domain::time::{Duration, words};
use crate::domain::workload::Role;
use crate::source::{BoxFuture, LogReader, LogRequest};

/// The first pause before a stream is opened again.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Reads logs of one operator.
#[derive(Debug)]
pub struct CortexLogs {
    operator: Arc<Operator>,
}

impl CortexLogs {
    /// A reader over an operator.
    pub fn new(operator: Arc<Operator>) -> Self {
        Self { operator }
    }
}

impl LogReader for CortexLogs {
    fn follow(&self, request: LogRequest, lines: mpsc::Sender<LogItem>) -> BoxFuture<'static, ()> {
        let operator = Arc::clone(&self.operator);
        Box::pin(async move {
            let mut out = Out { lines, dropped: 0 };
            // A receiver that is gone ends the stream, and there is nobody left to tell.
            if let Err(Ending::Says(text)) = run(&operator, &request, &mut out).await {
                let _gone = out.lines.send(LogItem::Ended(text)).await;
            }
        })
    }
}

/// Why a stream is over for good.
enum Ending {
    Gone,
    Says(Text),
}

/// The way out: lines are dropped and counted when the reader of them cannot keep up; what the
/// stream itself has to say waits.
struct Out {
    lines: mpsc::Sender<LogItem>,
    dropped: u64,
}

impl Out {
    fn line(&mut self, raw: &str) -> Result<(), Ending> {
        if self.dropped > 0 {
            match self.lines.try_send(LogItem::Dropped(self.dropped)) {
                Ok(()) => self.dropped = 0,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    self.dropped += 1;
                    return Ok(());
                }
                Err(mpsc::error::TrySendError::Closed(_)) => return Err(Ending::Gone),
            }
        }
        let line = LogLine { at: clock::now(), replica: None, text: Text::clean(raw) };
        match self.lines.try_send(LogItem::Line(line)) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.dropped += 1;
                Ok(())
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Ending::Gone),
        }
    }

    async fn note(&mut self, text: impl Into<Text>) -> Result<(), Ending> {
        if self.dropped > 0 {
            let dropped = std::mem::take(&mut self.dropped);
            self.lines.send(LogItem::Dropped(dropped)).await.map_err(|_| Ending::Gone)?;
        }
        self.lines.send(LogItem::Note(text.into())).await.map_err(|_| Ending::Gone)
    }
}

async fn run(operator: &Operator, request: &LogRequest, out: &mut Out) -> Result<(), Ending> {
    if request.previous {
        out.note("the operator has no logs of previous containers; what follows is the present one").await?;
    }
    if request.replica.is_some() {
        out.note("the operator chooses the replica itself; what follows may be another one").await?;
    }
    let mut pause = PAUSE;
    let mut opened = false;
    loop {
        match Stream::open(operator, request).await {
            Ok(mut stream) => {
                say_which(operator, request, opened, out).await?;
                opened = true;
                let stop = stream.pump(out).await?;
                // What follows may wait for the reader of the lines; the operator need not.
                drop(stream);
                match stop {
                    Stop::NoReplicas(text) if request.job.is_some() => return Err(Ending::Says(text)),
                    Stop::NoReplicas(text) => out.note(text).await?,
                    Stop::Closed { after_lines } => {
                        if after_lines {
                            pause = PAUSE;
                        }
                        out.note("the operator closed the stream").await?;
                    }
                    Stop::Broken(why) => out.note(format!("the stream broke: {why}")).await?,
                }
            }
            Err(failure) if is_final(failure.kind) => {
                return Err(Ending::Says(format!("{}; {}", failure.message, failure.hint).into()));
            }
            Err(failure) => out.note(format!("cannot open the stream: {}", failure.message)).await?,
        }
        out.note(format!("reconnecting in {}", words(pause))).await?;
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = out.lines.closed() => return Err(Ending::Gone),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether trying again cannot help.
fn is_final(kind: FailureKind) -> bool {
    use FailureKind::{
        Bug, ClockSkew, Denied, Expired, Garbage, Misconfigured, NoCredentials, NotFound, ServerError, Throttled, TimedOut, Unreachable,
        Unsupported, Untrusted, Waiting, WrongAccount,
    };
    match kind {
        Denied | Expired | NoCredentials | WrongAccount | Untrusted | Misconfigured | Unsupported | NotFound | Bug => true,
        ClockSkew | Throttled | Unreachable | TimedOut | Garbage | ServerError | Waiting => false,
    }
}

/// Says what this stream shows: after a break the whole log again, and during an update the new
/// replica, whose silence is easily taken for silence of the one that serves.
async fn say_which(operator: &Operator, request: &LogRequest, reopened: bool, out: &mut Out) -> Result<(), Ending> {
    if reopened {
        out.note("connected again; the operator sends the log from its beginning").await?;
    }
    if request.job.is_some() {
        return Ok(());
    }
    match update_is_running(operator, &request.workload.name).await {
        Ok(true) => {
            out.note(
                "an update is running: this stream shows the NEW replica; the log of the old one, which still serves, cannot be reached through the operator (kubectl logs can)",
            )
            .await
        }
        Ok(false) => Ok(()),
        Err(failure) => out.note(format!("whether an update is running is not known: {}", failure.message)).await,
    }
}

async fn update_is_running(operator: &Operator, name: &str) -> Result<bool, Failure> {
    let answer = operator.get(&["get", name], &[]).await?;
    let item = only_item(&answer)?;
    let serving = identify(&item).is_some_and(|(_, kind, _)| role(&kind).0 == Role::Serving);
    Ok(serving && operator.version().is_some_and(|version| is_updating(&item, &version)))
}

/// The API that an answer about one is about.
fn only_item(answer: &Value) -> Result<ApiResponse, Failure> {
    decode(answer.get(0).unwrap_or(answer), "/get/{api}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_that_cannot_be_read_is_not_taken_for_no_update() {
        assert!(only_item(&json!([7])).is_err());
        assert!(only_item(&json!("moved")).is_err());
        let element = json!({"metadata": {"name": "a"}});
        assert_eq!(only_item(&json!([element])).unwrap(), only_item(&element).unwrap());
    }
}
