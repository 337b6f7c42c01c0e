//! The last lines of the logs of replicas in trouble: a few replicas a poll, each once in a while.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::client::{Api, DEADLINE};
use super::dashboard::is_troubled;
use super::normalize::Actor;
use super::wire::{Application, ServeReplica};
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::log::LogTail;
use crate::domain::snapshot::View;
use crate::domain::source::{Failure, FailureKind, Gap};
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp, age};
use crate::domain::workload::Workload;

/// Lines of one log.
const LINES: &str = "60";
/// Logs read in one poll.
const LOGS: usize = 4;
/// How old a tail may become.
const RENEWED: Duration = Duration::from_secs(30);

/// The tails of one cluster.
#[derive(Debug)]
pub struct Tails {
    api: Arc<Api>,
    context: Text,
    known: BTreeMap<ResourceKey, LogTail>,
    gap: Option<Failure>,
}

/// A log that could be read.
struct Wanted {
    of: ResourceKey,
    workload: ResourceKey,
    node: String,
    file: String,
    ended: bool,
}

impl Tails {
    /// None yet, of a cluster that `api` reaches.
    pub fn new(context: &Text, api: Arc<Api>) -> Self {
        Self { api, context: context.clone(), known: BTreeMap::new(), gap: None }
    }

    /// Reads what is missing or old.
    pub async fn read(
        &mut self,
        read: &[(String, Application)],
        workloads: &[Workload],
        actors: &BTreeMap<String, Actor>,
        now: Timestamp,
    ) -> &Self {
        let wanted = wanted(read, workloads, actors, &self.context);
        self.known.retain(|key, _| wanted.iter().any(|one| one.of == *key));
        self.gap = None;
        let due = wanted.iter().filter(|one| self.known.get(&one.of).is_none_or(|tail| age(now, tail.at) >= RENEWED));
        for one in due.take(LOGS).collect::<Vec<_>>() {
            match tail(&self.api, &one.node, &one.file, LINES).await {
                Ok(lines) => {
                    let tail = LogTail {
                        of: one.of.clone(),
                        workload: Some(one.workload.clone()),
                        container: None,
                        previous: one.ended,
                        at: now,
                        lines: Text::clean_lines(&lines, Text::LIMIT),
                    };
                    self.known.insert(one.of.clone(), tail);
                }
                // The file of a replica that never ran, or of a machine that is gone.
                Err(failure) if failure.kind == FailureKind::NotFound => {}
                Err(failure) => self.gap = Some(failure),
            }
        }
        self
    }

    /// Puts them into a view.
    pub fn store(&self, view: &mut View) {
        view.log_tails.extend(self.known.values().cloned());
        view.gaps.extend(self.gap.iter().map(|failure| Gap { what: "logs of replicas".into(), failure: failure.clone() }));
    }
}

fn wanted(read: &[(String, Application)], workloads: &[Workload], actors: &BTreeMap<String, Actor>, context: &Text) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for (name, application) in read {
        let own = |workload: &&Workload| workload.key.name.as_str() == name || workload.key.name.ends_with(&format!("/{name}"));
        let Some(workload) = workloads.iter().find(own).filter(|workload| is_troubled(workload.status.phase)) else { continue };
        for (deployment, read) in application.deployments.iter().flatten() {
            if read.status.as_deref() == Some("HEALTHY") {
                continue;
            }
            let starting = read.replicas.iter().flatten().filter(|replica| replica.state.as_deref() != Some("RUNNING"));
            let dead = read.recent_dead_replicas.iter().flatten().rev().take(1);
            for (replica, ended) in starting.map(|one| (one, false)).chain(dead.map(|one| (one, true))) {
                wanted.extend(place(replica, actors).map(|(node, file)| Wanted {
                    of: ResourceKey::new(
                        context,
                        ResourceKind::Replica,
                        format!("{}/{deployment}#{}", workload.key.name, replica.replica_id),
                    ),
                    workload: workload.key.clone(),
                    node,
                    file,
                    ended,
                }));
            }
        }
    }
    wanted
}

/// Node and file of a replica's log.
pub(super) fn place(replica: &ServeReplica, actors: &BTreeMap<String, Actor>) -> Option<(String, String)> {
    let file = replica.log_file_path.as_deref()?.trim_start_matches('/').to_owned();
    let by_actor = || actors.get(replica.actor_name.as_ref()?)?.node_id.clone();
    let node = replica.node_id.clone().filter(|id| !id.is_empty()).or_else(by_actor)?;
    Some((node, file))
}

/// The last lines of a file of a node's.
///
/// # Errors
/// What the request met; `NotFound` when there is no such file.
pub(super) async fn tail(api: &Api, node: &str, file: &str, lines: &str) -> Result<String, Failure> {
    let query = [("node_id", node), ("filename", file), ("lines", lines)];
    let text = match api.text("/api/v0/logs/file", &query, DEADLINE).await {
        Ok(text) => text,
        Err(failure) if failure.message.contains("file is not found") => return Err(absent(failure)),
        Err(failure) => return Err(failure),
    };
    unframed(&text)
}

fn absent(failure: Failure) -> Failure {
    Failure { kind: FailureKind::NotFound, ..failure }
}

/// Ray before 2.45 puts a `1` before data and a `0` before an error, both with HTTP 200.
fn unframed(text: &str) -> Result<String, Failure> {
    if let Some(error) = text.strip_prefix('0').filter(|rest| rest.contains("file is not found") || rest.starts_with("Closing HTTP stream"))
    {
        return Err(Failure::new(
            FailureKind::NotFound,
            format!("no such log: {}", Text::clean_to(error, 200)),
            "it may be gone with its machine",
        ));
    }
    // Serve's own lines begin with a level, never with a digit.
    let framed = text.strip_prefix('1').filter(|rest| rest.starts_with(|first: char| !first.is_ascii_digit()));
    Ok(framed.unwrap_or(text).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_of_older_releases_lose_their_frames() {
        assert_eq!(unframed("1INFO 2026-11-21 started\n").unwrap(), "INFO 2026-11-21 started\n");
        assert_eq!(unframed("INFO 2026-11-21 started\n").unwrap(), "INFO 2026-11-21 started\n");
        assert_eq!(unframed("100 rows\n").unwrap(), "100 rows\n");
        let error = unframed("0Closing HTTP stream due to internal server error.\nA file is not found at: x").unwrap_err();
        assert_eq!(error.kind, FailureKind::NotFound);
    }
}
