//! Logs of a job: as a stream where the gateway has one, read again and again where it does not.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;

use super::budget::Weight;
use super::client::{Call, Gateway};
use super::envelope;
use super::normalize::is_over;
use super::refusal::Refusal;
use super::wire::{self, Line};
use crate::clock;
use crate::domain::log::{LogItem, LogLine};
use crate::domain::source::FailureKind;
use crate::domain::text::Text;
use crate::domain::time::{Duration, words};
use crate::source::{BoxFuture, LogReader, LogRequest};

/// Between two readings of a log that is no stream; the gateway counts each.
const AGAIN: Duration = Duration::from_secs(15);
/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// A stream that is silent for so long is opened anew.
const SILENCE: Duration = Duration::from_mins(5);
/// The most bytes of one line of a stream.
const LONGEST: usize = 256 * 1024;
/// Lines that are remembered, so that none is shown twice.
const REMEMBERED: usize = 400;

/// Reads logs of one gateway.
#[derive(Debug)]
pub struct GatewayLogs {
    gateway: Arc<Gateway>,
}

impl GatewayLogs {
    /// A reader over a gateway.
    pub fn new(gateway: Arc<Gateway>) -> Self {
        Self { gateway }
    }
}

impl LogReader for GatewayLogs {
    fn follow(&self, request: LogRequest, lines: mpsc::Sender<LogItem>) -> BoxFuture<'static, ()> {
        let gateway = Arc::clone(&self.gateway);
        Box::pin(async move {
            let mut out = Out { lines, dropped: 0, seen: VecDeque::new() };
            // A receiver that is gone ends the log, and there is nobody left to tell.
            if let Err(Ending::Says(text)) = run(&gateway, &request, &mut out).await {
                let _gone = out.lines.send(LogItem::Ended(text)).await;
            }
        })
    }
}

/// Why a log is over for good.
enum Ending {
    Gone,
    Says(Text),
}

struct Out {
    lines: mpsc::Sender<LogItem>,
    dropped: u64,
    /// The newest lines, because each reading brings the whole log again.
    seen: VecDeque<Line>,
}

impl Out {
    fn line(&mut self, line: Line) -> Result<(), Ending> {
        if self.seen.contains(&line) {
            return Ok(());
        }
        if self.dropped > 0 && self.lines.try_send(LogItem::Dropped(self.dropped)).is_ok() {
            self.dropped = 0;
        }
        let item = LogItem::Line(LogLine { at: line.at.unwrap_or_else(clock::now), replica: None, text: Text::clean(&line.text) });
        // Lines without a time repeat legitimately; only those that carry one can be told apart.
        if line.at.is_some() {
            self.seen.push_back(line);
            if self.seen.len() > REMEMBERED {
                self.seen.pop_front();
            }
        }
        match self.lines.try_send(item) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.dropped += 1;
                Ok(())
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Ending::Gone),
        }
    }

    async fn note(&mut self, text: impl Into<Text>) -> Result<(), Ending> {
        self.lines.send(LogItem::Note(text.into())).await.map_err(|_| Ending::Gone)
    }
}

async fn run(gateway: &Gateway, request: &LogRequest, out: &mut Out) -> Result<(), Ending> {
    if request.previous {
        out.note("a gateway keeps no log of a previous run; what follows is the job's only one").await?;
    }
    let id = request.workload.name.as_str();
    let mut pause = AGAIN;
    let mut bare = 0;
    loop {
        // What the job came to is read first: lines that follow its end are then all there are.
        let over = job_is_over(gateway, id).await;
        match read(gateway, id, out, &mut bare).await? {
            Ok(()) if over == Some(true) => return Err(Ending::Says("the job has ended; there is no more".into())),
            Ok(()) => pause = AGAIN,
            Err(refusal) if is_final(&refusal) => {
                return Err(Ending::Says(format!("{}; {}", refusal.failure.message, refusal.failure.hint).into()));
            }
            Err(refusal) => {
                out.note(format!("cannot read the log: {}", refusal.failure.message)).await?;
                pause = refusal.failure.retry_after.unwrap_or(pause * 2).min(LONGEST_PAUSE);
                out.note(format!("trying again in {}", words(pause))).await?;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = out.lines.closed() => return Err(Ending::Gone),
        }
    }
}

async fn job_is_over(gateway: &Gateway, id: &str) -> Option<bool> {
    let path = format!("plugin-core/jobs/{id}");
    let raw = gateway.get(Call { weight: Weight::Essential, ..Call::background(&path, "jobs/{id}") }).await.ok()?;
    Some(is_over(&wire::job(&raw)?.status))
}

fn is_final(refusal: &Refusal) -> bool {
    use FailureKind::{Denied, Expired, Misconfigured, NoCredentials, NotFound, Unsupported, Untrusted};
    matches!(refusal.failure.kind, Denied | Expired | Misconfigured | NoCredentials | NotFound | Unsupported | Untrusted)
}

/// Reads the log once, to the end of the stream if it is one. `bare` counts the lines without a
/// time that were shown already.
async fn read(gateway: &Gateway, id: &str, out: &mut Out, bare: &mut usize) -> Result<Result<(), Refusal>, Ending> {
    let path = format!("plugin-core/jobs/{id}/logs");
    let query = [("tail", "200"), ("follow", "true")];
    let call = Call { weight: Weight::Essential, ..Call::background(&path, "jobs/{id}/logs") }.with(&query);
    let mut response = match gateway.open(call).await {
        Ok(response) => response,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let mut pieces = Pieces::default();
    loop {
        let chunk = tokio::select! {
            chunk = tokio::time::timeout(SILENCE, response.chunk()) => chunk,
            () = out.lines.closed() => return Err(Ending::Gone),
        };
        match chunk {
            Err(_) | Ok(Ok(None)) => break,
            Ok(Err(error)) => return Ok(Err(gateway.broken(&error).into())),
            Ok(Ok(Some(chunk))) if kind.starts_with("text/event-stream") => {
                for line in pieces.add(&chunk) {
                    out.line(line)?;
                }
            }
            Ok(Ok(Some(chunk))) => {
                if !pieces.keep(&chunk) {
                    break;
                }
            }
        }
    }
    if !kind.starts_with("text/event-stream") {
        whole(&pieces.rest, out, bare)?;
    }
    Ok(Ok(()))
}

/// The lines of an answer that came in one piece.
fn whole(body: &[u8], out: &mut Out, bare: &mut usize) -> Result<(), Ending> {
    let lines: Vec<Line> = match serde_json::from_slice::<Value>(body).map(envelope::unwrap) {
        Ok(Value::Array(lines)) => lines.iter().filter_map(wire::line).collect(),
        Ok(Value::String(text)) => text.lines().map(|line| Line { at: None, text: line.to_owned() }).collect(),
        Ok(_) => Vec::new(),
        Err(_) => String::from_utf8_lossy(body).lines().map(|line| Line { at: None, text: line.to_owned() }).collect(),
    };
    let without_time = lines.iter().filter(|line| line.at.is_none()).count();
    let shown = if without_time >= *bare { *bare } else { 0 };
    let mut number = 0;
    for line in lines {
        if line.at.is_none() {
            number += 1;
            if number <= shown {
                continue;
            }
        }
        out.line(line)?;
    }
    *bare = without_time;
    Ok(())
}

/// A stream of server-sent events, cut anywhere.
#[derive(Default)]
struct Pieces {
    rest: Vec<u8>,
}

impl Pieces {
    /// The lines that a piece completes.
    fn add(&mut self, chunk: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        for byte in chunk {
            if *byte != b'\n' {
                if self.rest.len() < LONGEST {
                    self.rest.push(*byte);
                }
                continue;
            }
            let complete = std::mem::take(&mut self.rest);
            lines.extend(data(&String::from_utf8_lossy(&complete)));
        }
        lines
    }

    /// Keeps a piece of an answer that is no stream; false when it is too large.
    fn keep(&mut self, chunk: &[u8]) -> bool {
        self.rest.extend_from_slice(chunk);
        self.rest.len() < super::client::BODY_LIMIT
    }
}

/// What a line of a stream carries: comments and other fields carry nothing.
fn data(line: &str) -> Option<Line> {
    let text = line.trim_end_matches('\r').strip_prefix("data:")?;
    let text = text.strip_prefix(' ').unwrap_or(text);
    match serde_json::from_str::<Value>(text) {
        Ok(value @ (Value::Object(_) | Value::String(_))) => wire::line(&value),
        _ => Some(Line { at: None, text: text.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_read_wherever_it_is_cut() {
        let stream = b"data: {\"timestamp\":\"2026-01-01T09:00:31Z\",\"line\":\"Starting nginx...\"}\n\n: keep-alive\r\n\r\nevent: log\ndata: plain words\n\n";
        let texts = |pieces: &mut dyn Iterator<Item = &[u8]>| {
            let mut all = Pieces::default();
            pieces.flat_map(|piece| all.add(piece)).map(|line| line.text).collect::<Vec<_>>()
        };
        let expected = ["Starting nginx...", "plain words"];
        assert_eq!(texts(&mut std::iter::once(stream.as_slice())), expected);
        for size in [1, 3, 7] {
            assert_eq!(texts(&mut stream.chunks(size)), expected, "pieces of {size}");
        }
    }
}
