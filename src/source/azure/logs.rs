//! Follows the log of a deployment. The service only gives out the last lines, so it is asked again
//! and again, and what is new is told apart from what was there.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::client::Manager;
use super::container_log::{self, ContainerLog, Instead};
use super::tails::{CONTAINERS, one};
use crate::clock;
use crate::domain::log::{LogItem, LogLine};
use crate::domain::source::FailureKind;
use crate::domain::text::Text;
use crate::domain::time::Duration;
use crate::source::{BoxFuture, LogReader, LogRequest};

/// How often the log is asked for.
const EVERY: Duration = Duration::from_secs(5);
/// Lines asked for each time.
const LINES: u32 = 500;

/// Reads logs of one workspace.
#[derive(Debug)]
pub struct AzureLogs {
    manager: Arc<Manager>,
}

impl AzureLogs {
    /// A reader over a workspace.
    pub fn new(manager: Arc<Manager>) -> Self {
        Self { manager }
    }
}

impl LogReader for AzureLogs {
    fn follow(&self, request: LogRequest, lines: mpsc::Sender<LogItem>) -> BoxFuture<'static, ()> {
        let manager = Arc::clone(&self.manager);
        Box::pin(async move {
            // A receiver that is gone ends it, and there is nobody left to tell.
            if let Some(ending) = run(&manager, &request, &lines).await {
                let _gone = lines.send(LogItem::Ended(ending)).await;
            }
        })
    }
}

/// What was shown of one container.
#[derive(Default)]
struct Shown {
    lines: Vec<String>,
    progress: Option<String>,
    said: Option<String>,
}

/// Why it is over; `None` when nobody listens.
async fn run(manager: &Manager, request: &LogRequest, out: &mpsc::Sender<LogItem>) -> Option<Text> {
    let Some((endpoint, deployment)) = request.workload.name.split_once('/') else {
        return Some("an endpoint has no log of its own; open the log of one of its deployments".into());
    };
    if request.previous {
        out.send(LogItem::Note("the service keeps no log of containers before; what follows is the present one".into())).await.ok()?;
    }
    let wanted: Vec<(&str, &str)> =
        CONTAINERS.into_iter().filter(|(name, _)| request.container.as_ref().is_none_or(|container| container.as_str() == *name)).collect();
    if wanted.is_empty() {
        return Some("a deployment has the containers inference-server and storage-initializer".into());
    }
    let mut shown: Vec<Shown> = wanted.iter().map(|_| Shown::default()).collect();
    let mut failed: Option<Text> = None;
    loop {
        for ((name, container), shown) in wanted.iter().zip(&mut shown) {
            match one(manager, endpoint, deployment, container, LINES).await {
                Ok(content) => {
                    failed = None;
                    show(&container_log::read(&content), name, wanted.len() > 1, shown, out).await?;
                }
                Err(failure) if is_final(failure.kind) => return Some(format!("{}; {}", failure.message, failure.hint).into()),
                Err(failure) => {
                    if failed.as_ref() != Some(&failure.message) {
                        out.send(LogItem::Note(format!("the log could not be read: {}", failure.message).into())).await.ok()?;
                        failed = Some(failure.message);
                    }
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = out.closed() => return None,
        }
    }
}

async fn show(log: &ContainerLog, name: &str, several: bool, shown: &mut Shown, out: &mpsc::Sender<LogItem>) -> Option<()> {
    let said = match &log.instead {
        Some(Instead::Withheld(sentence) | Instead::Nothing(sentence)) if sentence.is_empty() => Some("there is no log yet".to_owned()),
        Some(Instead::Withheld(sentence) | Instead::Nothing(sentence)) => Some(sentence.clone()),
        None => None,
    };
    if said != shown.said {
        if let Some(said) = &said {
            out.send(LogItem::Note(format!("{name}: {said}").into())).await.ok()?;
        }
        shown.said = said;
    }
    let progress = log.progress();
    if progress.is_some() && progress != shown.progress {
        out.send(LogItem::Note(format!("{name}: {}", progress.clone().unwrap_or_default()).into())).await.ok()?;
        shown.progress = progress;
    }
    let replica = several.then(|| Text::from(name));
    for line in fresh(&shown.lines, &log.lines) {
        let line = LogLine { at: written_at(line).unwrap_or_else(clock::now), replica: replica.clone(), text: Text::clean(line) };
        out.send(LogItem::Line(line)).await.ok()?;
    }
    if !log.lines.is_empty() {
        shown.lines.clone_from(&log.lines);
    }
    Some(())
}

/// The lines that were not in the last answer: what follows the longest end of the old lines that
/// is found in the new ones.
fn fresh<'a>(old: &[String], new: &'a [String]) -> &'a [String] {
    let overlap = (1..=old.len().min(new.len())).rev().find(|length| {
        let end = old.get(old.len() - length..).unwrap_or_default();
        new.get(..*length) == Some(end)
    });
    // A log that only grew begins as it did before.
    let grown = new.starts_with(old).then_some(old.len());
    let from = grown.or(overlap).unwrap_or(0);
    new.get(from..).unwrap_or_default()
}

/// The stamp of the inference server: `2026-11-20 22:34:31,870 E [18410] azmlinfsrv - …`, in UTC.
fn written_at(line: &str) -> Option<crate::domain::time::Timestamp> {
    let (stamp, _) = line.split_at_checked(23)?;
    let (day, time) = stamp.split_once(' ')?;
    format!("{day}T{}Z", time.replace(',', ".")).parse().ok()
}

/// Whether trying again cannot help.
fn is_final(kind: FailureKind) -> bool {
    use FailureKind::{
        Bug, ClockSkew, Denied, Expired, Garbage, Misconfigured, NoCredentials, NotFound, ServerError, Throttled, TimedOut, Unreachable,
        Unsupported, Untrusted, Waiting, WrongAccount,
    };
    match kind {
        Denied | NoCredentials | WrongAccount | Untrusted | Misconfigured | Unsupported | NotFound | Bug => true,
        Expired | ClockSkew | Throttled | Unreachable | TimedOut | Garbage | ServerError | Waiting => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn only_what_is_new_is_told() {
        assert_eq!(fresh(&[], &lines("a b")), lines("a b"));
        assert_eq!(fresh(&lines("a b"), &lines("a b c")), lines("c"));
        assert_eq!(fresh(&lines("a b c"), &lines("b c d e")), lines("d e"));
        assert_eq!(fresh(&lines("a b"), &lines("x y")), lines("x y"));
        assert!(fresh(&lines("a b"), &lines("a b")).is_empty());
    }

    #[test]
    fn the_servers_own_stamp_is_read() {
        assert!(written_at("2026-11-20 22:34:31,870 E [18410] azmlinfsrv - x").is_some());
        assert!(written_at("Traceback (most recent call last):").is_none());
    }
}
