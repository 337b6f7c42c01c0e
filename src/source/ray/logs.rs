//! Logs of replicas as they grow, over the dashboard.
//!
//! One replica at a time: the one that was asked for, or the newest in trouble. A stream that
//! breaks is opened again, without the lines that were there already.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::client::Api;
use super::tails::{place, tail};
use super::wire::{Application, Serve, ServeReplica};
use crate::clock;
use crate::domain::log::{LogItem, LogLine};
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::domain::time::Duration;
use crate::source::{BoxFuture, LogReader, LogRequest};

/// Lines shown at first.
const FIRST: &str = "200";
/// The pause before a stream is opened again.
const PAUSE: Duration = Duration::from_secs(3);
/// The most bytes of a line that is not ended yet.
const LONGEST: usize = 64 * 1024;

/// Reads logs of one cluster.
#[derive(Debug)]
pub struct RayLogs {
    api: Arc<Api>,
    prefix: &'static str,
}

impl RayLogs {
    /// A reader over a dashboard; `prefix` stands before names of applications.
    pub fn new(api: Arc<Api>, prefix: &'static str) -> Self {
        Self { api, prefix }
    }
}

impl LogReader for RayLogs {
    fn follow(&self, request: LogRequest, lines: mpsc::Sender<LogItem>) -> BoxFuture<'static, ()> {
        let (api, prefix) = (Arc::clone(&self.api), self.prefix);
        Box::pin(async move {
            // A receiver that is gone ends the stream, and there is nobody left to tell.
            if let Err(Some(text)) = run(&api, prefix, &request, &lines).await {
                let _gone = lines.send(LogItem::Ended(text)).await;
            }
        })
    }
}

/// Why it is over: words, or nobody listens any more.
type Ending = Option<Text>;

async fn run(api: &Api, prefix: &str, request: &LogRequest, out: &mpsc::Sender<LogItem>) -> Result<(), Ending> {
    let mut opened = false;
    loop {
        match find(api, prefix, request).await {
            Ok(Some((name, node, file))) => {
                if !opened {
                    note(out, format!("log of {name}")).await?;
                    let text = tail(api, &node, &file, FIRST).await.map_err(|failure| ended(&failure))?;
                    for line in text.lines() {
                        send(out, &name, line).await?;
                    }
                    opened = true;
                }
                if request.previous {
                    return Err(Some("the replica has ended; this was its log".into()));
                }
                if let Err(failure) = stream(api, &name, &node, &file, out).await? {
                    note(out, format!("the stream broke: {}", failure.message)).await?;
                }
            }
            Ok(None) => note(out, "no replica has a log yet: one without a machine writes nothing".to_owned()).await?,
            Err(failure) if matches!(failure.kind, FailureKind::Denied | FailureKind::NoCredentials | FailureKind::NotFound) => {
                return Err(ended(&failure));
            }
            Err(failure) => note(out, format!("cannot read the log: {}", failure.message)).await?,
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = out.closed() => return Err(None),
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "an ending is something to say, or nothing where nobody listens")]
fn ended(failure: &Failure) -> Ending {
    Some(format!("{}; {}", failure.message, failure.hint).into())
}

async fn note(out: &mpsc::Sender<LogItem>, text: String) -> Result<(), Ending> {
    out.send(LogItem::Note(text.into())).await.map_err(|_| None)
}

async fn send(out: &mpsc::Sender<LogItem>, replica: &str, line: &str) -> Result<(), Ending> {
    let line = LogLine { at: clock::now(), replica: Some(Text::clean(replica)), text: Text::clean(line) };
    out.send(LogItem::Line(line)).await.map_err(|_| None)
}

/// Name, node and file of the replica that is wanted.
async fn find(api: &Api, prefix: &str, request: &LogRequest) -> Result<Option<(String, String, String)>, Failure> {
    let serve: Serve = api.json("/api/serve/applications/", &[]).await?;
    let application = request.workload.name.strip_prefix(prefix).unwrap_or(&request.workload.name);
    let gone =
        || Failure::new(FailureKind::NotFound, format!("there is no application {application} any more"), "it may have been deleted");
    let raw = serve.applications.get(application).ok_or_else(gone)?;
    let read: Application = serde_json::from_value(raw.clone()).map_err(|error| {
        Failure::new(FailureKind::Garbage, format!("application {application} is not as Ray Serve sends it: {error}"), "report this")
    })?;
    let mut found: Vec<(u8, String, &ServeReplica)> = Vec::new();
    for (deployment, own) in read.deployments.iter().flatten() {
        let listed = own.replicas.iter().flatten().map(|one| (one, u8::from(one.state.as_deref() == Some("RUNNING")) + 1));
        let dead = own.recent_dead_replicas.iter().flatten().map(|one| (one, 3));
        found.extend(listed.chain(dead).map(|(one, rank)| (rank, format!("{deployment}#{}", one.replica_id), one)));
    }
    let asked = request.replica.as_ref().map(|name| name.rsplit('/').next().unwrap_or_default().to_owned());
    found.retain(|(rank, name, _)| {
        asked.as_ref().is_none_or(|asked| asked == name) && (request.previous == (*rank == 3) || asked.is_some())
    });
    found.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| b.2.start_time_s.unwrap_or_default().total_cmp(&a.2.start_time_s.unwrap_or_default())));
    Ok(found.into_iter().find_map(|(_, name, replica)| place(replica, &BTreeMap::new()).map(|(node, file)| (name, node, file))))
}

/// Follows a file from its end on. The outer error is for a receiver that is gone.
async fn stream(api: &Api, name: &str, node: &str, file: &str, out: &mpsc::Sender<LogItem>) -> Result<Result<(), Failure>, Ending> {
    let query = [("node_id", node), ("filename", file), ("lines", "0"), ("interval", "1")];
    let mut response = match api.open("/api/v0/logs/stream", &query).await {
        Ok(response) => response,
        Err(failure) => return Ok(Err(failure)),
    };
    let mut rest: Vec<u8> = Vec::new();
    loop {
        let chunk = tokio::select! {
            chunk = response.chunk() => chunk,
            () = out.closed() => return Err(None),
        };
        match chunk {
            Ok(Some(chunk)) => rest.extend_from_slice(&chunk),
            Ok(None) => return Ok(Ok(())),
            Err(error) => {
                let hint = "the dashboard is asked again";
                return Ok(Err(Failure::new(FailureKind::Unreachable, format!("the connection ended: {error}"), hint)));
            }
        }
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            send(out, name, &String::from_utf8_lossy(&line)).await?;
        }
        if rest.len() > LONGEST {
            let line = std::mem::take(&mut rest);
            send(out, name, &String::from_utf8_lossy(&line)).await?;
        }
    }
}
