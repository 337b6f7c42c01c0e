//! Reads the world once, without console and terminal: what `why`, `status` and `doctor` stand on.
//!
//! Sources that lean on what others know are asked again when those answered, so one call gives
//! the same picture a console has after its first seconds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::config::ContextConfig;
use crate::domain::id::{ResourceKey, ResourceKind, SourceId};
use crate::domain::snapshot::Snapshot;
use crate::domain::source::{Failure, FailureKind, Health};
use crate::domain::store::{self, Update};
use crate::domain::text::Text;
use crate::domain::time::words;
use crate::source::poller::{Facts, HEAD_START, may_start, poll_once};
use crate::source::{Connected, Source};

/// How often one source is asked in one observation, whatever others learn meanwhile.
const MOST_POLLS: u32 = 4;

/// Polls every source until each has answered knowing what the others know, or `deadline` passed.
///
/// `focus` names a workload to read more of: as soon as some source told of it, sources of its
/// context are asked once more with it selected. A source that did not answer in time is in the
/// snapshot as failed, never absent.
pub async fn observe(connected: Vec<(ContextConfig, Connected)>, focus: Option<&str>, deadline: Duration) -> Snapshot {
    let mut observation = Observation::new(connected, focus);
    let end = Instant::now() + deadline;
    loop {
        observation.start_what_is_due();
        if observation.polls.is_empty() && !observation.somebody_waits() {
            break;
        }
        tokio::select! {
            Some(ended) = observation.polls.join_next() => observation.fold(ended),
            () = tokio::time::sleep_until(observation.begun + HEAD_START), if observation.begun.elapsed() < HEAD_START => {}
            () = tokio::time::sleep_until(end) => break,
        }
    }
    observation.finish(deadline)
}

/// A source at rest, with what it knew when it was last asked.
struct Idle {
    source: Box<dyn Source>,
    polls: u32,
    knew: Option<(Facts, Option<ResourceKey>)>,
}

struct Observation {
    snapshot: Snapshot,
    focus: Option<Text>,
    begun: Instant,
    idle: BTreeMap<SourceId, Idle>,
    polls: JoinSet<(Idle, Update)>,
}

impl Observation {
    fn new(connected: Vec<(ContextConfig, Connected)>, focus: Option<&str>) -> Self {
        let mut snapshot = Snapshot::default();
        let mut idle = BTreeMap::new();
        for source in connected.into_iter().flat_map(|(_, connected)| connected.sources) {
            store::announce(&mut snapshot, source.id());
            idle.insert(source.id(), Idle { source, polls: 0, knew: None });
        }
        Self { snapshot, focus: focus.map(Text::clean), begun: Instant::now(), idle, polls: JoinSet::new() }
    }

    fn start_what_is_due(&mut self) {
        let waited = self.begun.elapsed();
        let shared = Arc::new(self.snapshot.clone());
        let due: Vec<SourceId> = self.idle.iter().filter(|(id, idle)| self.is_due(id, idle, waited)).map(|(id, _)| id.clone()).collect();
        for id in due {
            let Some(mut idle) = self.idle.remove(&id) else { continue };
            let (facts, selected) = self.knowledge(&id);
            idle.knew = Some((facts, selected.clone()));
            idle.polls += 1;
            let snapshot = Arc::clone(&shared);
            self.polls.spawn(async move {
                let update = poll_once(idle.source.as_mut(), snapshot, selected).await;
                (idle, update)
            });
        }
    }

    fn is_due(&self, id: &SourceId, idle: &Idle, waited: Duration) -> bool {
        match &idle.knew {
            None => may_start(&self.snapshot, id, waited),
            Some(knew) => idle.polls < MOST_POLLS && *knew != self.knowledge(id),
        }
    }

    /// Whether a source has not had its first poll yet.
    fn somebody_waits(&self) -> bool {
        self.idle.values().any(|idle| idle.knew.is_none())
    }

    /// What would make a difference to a poll of this source.
    fn knowledge(&self, id: &SourceId) -> (Facts, Option<ResourceKey>) {
        let selected = self.focus.as_ref().and_then(|name| {
            let key = ResourceKey { context: id.context.clone(), kind: ResourceKind::Workload, name: name.clone() };
            self.snapshot.workload(&key).map(|_| key)
        });
        (Facts::of(&self.snapshot, id), selected)
    }

    fn fold(&mut self, ended: Result<(Idle, Update), tokio::task::JoinError>) {
        match ended {
            Ok((idle, update)) => {
                self.idle.insert(update.source.clone(), idle);
                store::apply(&mut self.snapshot, update);
            }
            // Panics are caught inside the poll; what is left is a runtime that is going down.
            Err(error) => tracing::error!(%error, "a poll was lost"),
        }
    }

    fn finish(mut self, deadline: Duration) -> Snapshot {
        self.polls.abort_all();
        let silent: Vec<SourceId> =
            self.snapshot.views.iter().filter(|(_, view)| view.health == Health::Waiting).map(|(id, _)| id.clone()).collect();
        for source in silent {
            let failure = Failure::new(
                FailureKind::TimedOut,
                format!("no answer within {}", words(deadline)),
                "check the network path, or allow more time with --timeout",
            );
            let update = Update { source, at: crate::clock::now(), took: deadline, outcome: Err(failure) };
            store::apply(&mut self.snapshot, update);
        }
        self.snapshot
    }
}

#[cfg(test)]
mod tests;
