//! The last lines of containers that fail, read once for each time they ended, and of those that
//! run for long and never get ready: the log itself often names the cause.
//!
//! Cortex alone has no such reading: its operator brings a log only as a stream that begins with
//! all the lines there are, one connection a workload, which is too much to ask at every poll.
//! Where the cluster beneath is reached, its pods are read here like any others.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::choose::Place;
use super::stream::tail_path;
use crate::domain::log::LogTail;
use crate::domain::replica::{Container, ContainerState, Replica, ReplicaPhase};
use crate::domain::snapshot::View;
use crate::domain::source::{Failure, FailureKind, Gap};
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp, age};
use crate::source::kubernetes::refusal::Asked;
use crate::source::kubernetes::server::Server;

/// Containers whose last lines are kept.
const MOST: usize = 8;

/// The most that are read for one view; the others come with the next.
const AT_ONCE: usize = 2;

/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Bytes kept of one.
const KEPT: usize = 8 * 1024;

/// A container that runs for this long and is not ready is worth a look.
const LONG: Duration = Duration::from_mins(10);

/// What is missing when no log may be read.
const LOGS: &str = "the logs of containers that fail";

/// One end of one container.
type End = (Text, Text, u32, bool);

/// What was read.
#[derive(Debug, Default)]
pub struct Tails {
    read: BTreeMap<End, Option<LogTail>>,
    denied: Option<Failure>,
}

impl Tails {
    /// Adds the last lines of what fails among the replicas of a view. What cannot be read is left
    /// out until the container ends again; that it may not be read is a gap.
    pub async fn add_to(&mut self, view: &mut Arc<View>, server: &Server, now: Timestamp) {
        let wanted: Vec<(End, &Replica)> = view.replicas.iter().flat_map(|replica| ends(replica, now)).take(MOST).collect();
        self.read.retain(|end, _| wanted.iter().any(|(one, _)| one == end));
        let missing: Vec<_> = wanted.iter().filter(|(end, _)| !self.read.contains_key(end)).take(AT_ONCE).collect();
        for (end, replica) in missing {
            let lines = match tokio::time::timeout(PATIENCE, read(server, end)).await {
                Ok(Ok(lines)) => {
                    self.denied = None;
                    lines
                }
                Ok(Err(failure)) => {
                    self.denied = Some(failure).filter(|failure| failure.kind == FailureKind::Denied);
                    None
                }
                Err(_) => None,
            };
            let tail = lines.map(|lines| LogTail {
                of: replica.key.clone(),
                workload: replica.workload.clone(),
                container: (replica.containers.len() > 1).then(|| end.1.clone()),
                previous: end.3,
                at: now,
                lines,
            });
            self.read.insert(end.clone(), tail);
        }
        let gap = self.denied.clone().filter(|_| !wanted.is_empty()).map(|failure| Gap { what: LOGS.into(), failure });
        let tails: Vec<LogTail> = self.read.values().flatten().cloned().collect();
        if view.log_tails == tails && view.gaps.iter().find(|gap| gap.what == LOGS) == gap.as_ref() {
            return;
        }
        let view = Arc::make_mut(view);
        view.log_tails = tails;
        view.gaps.retain(|gap| gap.what != LOGS);
        view.gaps.extend(gap);
    }
}

/// Containers of a workload's replica that ended, or run for long, and do not serve.
fn ends(replica: &Replica, now: Timestamp) -> impl Iterator<Item = (End, &Replica)> {
    let troubled = matches!(replica.phase, ReplicaPhase::Failing | ReplicaPhase::Unready | ReplicaPhase::Starting);
    let mine = troubled && replica.workload.is_some();
    let is_told = move |container: &&Container| {
        mine && !container.ready && (container.last.is_some() || is_over(container) || runs_long(container, now))
    };
    replica.containers.iter().filter(is_told).map(move |container| {
        let previous = container.last.is_some() && !is_over(container) && !runs_long(container, now);
        ((replica.key.name.clone(), container.name.clone(), container.restarts, previous), replica)
    })
}

/// Whether the container that ended is still the present one.
fn is_over(container: &Container) -> bool {
    matches!(&container.state, ContainerState::Terminated(end) if end.exit_code != 0)
}

fn runs_long(container: &Container, now: Timestamp) -> bool {
    matches!(&container.state, ContainerState::Running { since: Some(since) } if age(now, *since) > LONG)
}

async fn read(server: &Server, (replica, container, _, previous): &End) -> Result<Option<Text>, Failure> {
    let Some((namespace, pod)) = replica.split_once('/') else { return Ok(None) };
    let place = Place { namespace: namespace.into(), pod: pod.into(), container: container.clone(), among_others: false };
    let asked = Asked { what: "get pods/log".to_owned(), namespace: Some(namespace.to_owned()) };
    let mut answer = server.get(&tail_path(&place, *previous), &asked).await.map_err(|refused| refused.failure)?;
    let lines = answer.whole().await?;
    let kept = lines.get(lines.len().saturating_sub(KEPT)..).unwrap_or_default();
    Ok(Some(Text::clean_lines(&String::from_utf8_lossy(kept), KEPT)).filter(|lines| !lines.is_empty()))
}
