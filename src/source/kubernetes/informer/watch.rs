//! One watch: changes as they happen, from where a list or an earlier watch ended.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::kinds::Kept;
use super::lines::{Line, Lines};
use super::run::Informer;
use super::scan::ITEM;
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::source::kubernetes::refusal::{self, Status, garbage};

/// How long the server keeps a watch open. It ends many watches at once otherwise when it
/// restarts; this keeps their number a minute small and spread.
const OPEN: u64 = 600;

/// How a watch ended.
#[derive(Debug)]
pub(super) enum End {
    /// It is over, as every watch once is.
    Closed,
    /// The server no longer knows what happened since.
    Gone,
    /// What came makes no sense.
    Garbage(Failure),
    /// Something is wrong.
    Troubled(Failure),
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    kind: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Headed {
    metadata: Head,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Head {
    name: Text,
    namespace: Text,
    resource_version: String,
}

impl<O: Kept> Informer<O> {
    /// Follows changes from a version on and moves it along.
    pub(super) async fn watch(&self, from: &mut String) -> End {
        let seconds = (OPEN + Self::spread(60)).to_string();
        let query =
            [("watch", "1"), ("allowWatchBookmarks", "true"), ("resourceVersion", from.as_str()), ("timeoutSeconds", seconds.as_str())];
        let mut losses = self.server.pulse().losses();
        let opened = self.server.get(&self.path(&query), &self.scope.asked("watch", O::KIND.plural)).await;
        let mut answer = match opened {
            Ok(answer) => answer,
            Err(refused) if refused.is_gone() => return End::Gone,
            Err(refused) => return End::Troubled(refused.failure),
        };
        self.shared.alive(&self.watched());
        let mut lines = Lines::new(ITEM);
        loop {
            let piece = tokio::select! {
                piece = answer.chunk(self.server.patience().silence) => piece,
                // Nothing will come over this connection any more.
                _ = losses.changed() => return End::Closed,
            };
            let piece = match piece {
                Ok(Some(piece)) => piece,
                // Half a line at the end is nothing: the next watch begins after the last whole one.
                Ok(None) => return End::Closed,
                Err(failure) if failure.kind == FailureKind::TimedOut => return End::Closed,
                Err(failure) => return End::Troubled(failure),
            };
            let mut end = None;
            lines.feed(&piece, &mut |line| {
                if end.is_none() {
                    end = self.line(&line, from, answer.server());
                }
            });
            if let Some(end) = end {
                return end;
            }
        }
    }

    fn line(&self, line: &Line<'_>, from: &mut String, server: &str) -> Option<End> {
        let line = match line {
            Line::Whole(line) if line.trim_ascii().is_empty() => return None,
            Line::Whole(line) => line,
            Line::TooLong(_) => {
                self.shared.unreadable(&self.watched(), "a change is larger than any object may be".into());
                return None;
            }
        };
        let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(line) else {
            return Some(End::Garbage(garbage(server, "has a line that is no change")));
        };
        let raw = envelope.object.get();
        match envelope.kind {
            "ADDED" | "MODIFIED" => match serde_json::from_str::<O>(raw) {
                Ok(object) => {
                    move_along(from, &object.meta().resource_version);
                    self.shared.put(object);
                }
                Err(error) => {
                    move_along(from, &head(raw).resource_version);
                    self.shared.unreadable(&self.watched(), Text::clean_to(&error.to_string(), 200));
                }
            },
            "DELETED" => {
                let head = head(raw);
                move_along(from, &head.resource_version);
                self.shared.remove::<O>(&(head.namespace, head.name));
            }
            "BOOKMARK" => move_along(from, &head(raw).resource_version),
            "ERROR" => return Some(self.told_error(raw)),
            // A newer server may know more kinds of changes.
            _ => {}
        }
        None
    }

    fn told_error(&self, raw: &str) -> End {
        let status: Status = serde_json::from_str(raw).unwrap_or_default();
        if status.code == 410 || matches!(status.reason.as_str(), "Expired" | "Gone") {
            return End::Gone;
        }
        let asked = self.scope.asked("watch", O::KIND.plural);
        End::Troubled(refusal::refused(&asked, status.code.max(500), raw.as_bytes(), None).failure)
    }
}

fn head(raw: &str) -> Head {
    serde_json::from_str::<Headed>(raw).unwrap_or_default().metadata
}

/// A version that is missing must not send the next watch back to the beginning.
fn move_along(from: &mut String, version: &str) {
    if !version.is_empty() {
        version.clone_into(from);
    }
}
