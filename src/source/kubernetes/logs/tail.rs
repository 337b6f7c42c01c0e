//! The last lines of containers that fail, read once for each time they ended: the log itself
//! often names the cause.

use std::collections::BTreeMap;

use super::choose::Place;
use super::stream::tail_path;
use crate::domain::log::LogTail;
use crate::domain::replica::{Container, ContainerState, Replica, ReplicaPhase};
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp};
use crate::source::kubernetes::refusal::Asked;
use crate::source::kubernetes::server::Server;

/// Containers whose last lines are kept.
const MOST: usize = 8;

/// The most that are read for one view; the others come with the next.
const AT_ONCE: usize = 2;

/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Bytes kept of one.
const KEPT: usize = 4 * 1024;

/// One end of one container.
type End = (Text, Text, u32, bool);

/// What was read.
#[derive(Debug, Default)]
pub struct Tails {
    read: BTreeMap<End, Option<LogTail>>,
}

impl Tails {
    /// The last lines of what fails among these replicas. What cannot be read is left out until
    /// the container ends again.
    pub async fn of(&mut self, server: &Server, replicas: &[Replica], now: Timestamp) -> Vec<LogTail> {
        let wanted: Vec<(End, &Replica)> = replicas.iter().flat_map(ends).take(MOST).collect();
        self.read.retain(|end, _| wanted.iter().any(|(one, _)| one == end));
        let missing: Vec<_> = wanted.iter().filter(|(end, _)| !self.read.contains_key(end)).take(AT_ONCE).collect();
        for (end, replica) in missing {
            let lines = tokio::time::timeout(PATIENCE, read(server, end)).await.ok().flatten();
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
        self.read.values().flatten().cloned().collect()
    }
}

/// Containers of a workload's replica that ended and do not serve.
fn ends(replica: &Replica) -> impl Iterator<Item = (End, &Replica)> {
    let troubled = matches!(replica.phase, ReplicaPhase::Failing | ReplicaPhase::Unready | ReplicaPhase::Starting);
    let mine = troubled && replica.workload.is_some();
    let ended = move |container: &&Container| mine && !container.ready && (container.last.is_some() || is_over(container));
    replica.containers.iter().filter(ended).map(move |container| {
        ((replica.key.name.clone(), container.name.clone(), container.restarts, container.last.is_some() && !is_over(container)), replica)
    })
}

/// Whether the container that ended is still the present one.
fn is_over(container: &Container) -> bool {
    matches!(&container.state, ContainerState::Terminated(end) if end.exit_code != 0)
}

async fn read(server: &Server, (replica, container, _, previous): &End) -> Option<Text> {
    let (namespace, pod) = replica.split_once('/')?;
    let place = Place { namespace: namespace.into(), pod: pod.into(), container: container.clone(), among_others: false };
    let asked = Asked { what: "get pods/log".to_owned(), namespace: Some(namespace.to_owned()) };
    let mut answer = server.get(&tail_path(&place, *previous), &asked).await.ok()?;
    let lines = answer.whole().await.ok()?;
    let kept = lines.get(lines.len().saturating_sub(KEPT)..).unwrap_or_default();
    Some(Text::clean_lines(&String::from_utf8_lossy(kept), KEPT)).filter(|lines| !lines.is_empty())
}
