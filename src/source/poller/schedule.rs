//! When a source is polled next. Pure bookkeeping over stamps; the poller does the waiting.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::super::Cadence;
use crate::domain::id::{ResourceKey, SourceId};
use crate::domain::snapshot::Snapshot;
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::domain::time::Duration;
use crate::domain::workload::{Phase, Workload};

/// How long a source of the cloud beneath waits for the platform's first answer before it reads
/// with what the configuration says alone.
pub const HEAD_START: Duration = Duration::from_secs(5);

/// The least pause between the end of a poll and the begin of the next, whoever asks.
pub const MIN_GAP: Duration = Duration::from_secs(1);

/// The least ceiling of the backoff: nobody waits longer for a recovery than this, or than the
/// source's calm interval.
const BACKOFF_CAP: Duration = Duration::from_mins(1);

/// What the other sources of a context know that changes what a source would read: the cluster's
/// names and the groups with their machine types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    clusters: BTreeSet<(Text, Option<Text>)>,
    groups: BTreeSet<(Text, Vec<Text>)>,
}

impl Facts {
    /// What all sources of the context but `source` itself know, if `source` makes use of it.
    pub fn of(snapshot: &Snapshot, source: &SourceId) -> Self {
        let mut facts = Self::default();
        let layer = layer(source);
        if layer == 0 {
            return facts;
        }
        for (id, other) in snapshot.sources(&source.context).filter(|(id, _)| *id != source) {
            let view = &other.view;
            if layer == CLOUD || self::layer(id) < layer {
                facts.clusters.extend(view.cluster.iter().map(|cluster| (cluster.name.clone(), cluster.region.clone())));
            }
            if layer == CLOUD {
                facts.groups.extend(view.groups.iter().map(|group| (group.key.name.clone(), group.instance_types.clone())));
            }
        }
        facts
    }
}

/// The layer of the cloud, which takes cluster and groups from all others.
const CLOUD: u8 = 2;

/// How deep beneath a platform a source reads: the cluster takes the platform's word for which
/// cluster it is, the cloud that of both.
fn layer(source: &SourceId) -> u8 {
    match source.kind.split('.').next() {
        Some("aws") => CLOUD,
        Some("kubernetes") => 1,
        _ => 0,
    }
}

/// Whether a source's first poll makes sense already: those that lean on facts of the layers above
/// wait until one of these answered, well or badly, or until `waited` exceeds [`HEAD_START`].
pub fn may_start(snapshot: &Snapshot, source: &SourceId, waited: Duration) -> bool {
    if layer(source) == 0 || waited >= HEAD_START {
        return true;
    }
    let mut above = snapshot.sources(&source.context).filter(|(id, _)| layer(id) < layer(source)).peekable();
    above.peek().is_none() || above.any(|(_, view)| view.stats.polls > 0)
}

/// When one source is due.
pub(super) struct Schedule {
    id: SourceId,
    cadence: Cadence,
    created: Instant,
    ended: Option<Instant>,
    polls: u64,
    failures: u32,
    rests: bool,
    not_before: Option<Instant>,
    poked: bool,
    deaf: bool,
    facts: Facts,
    selected: Option<ResourceKey>,
}

impl Schedule {
    pub(super) fn new(id: SourceId, cadence: Cadence) -> Self {
        Self {
            id,
            cadence,
            created: Instant::now(),
            ended: None,
            polls: 0,
            failures: 0,
            rests: false,
            not_before: None,
            poked: false,
            deaf: false,
            facts: Facts::default(),
            selected: None,
        }
    }

    /// Somebody asked for a poll.
    pub(super) fn poke(&mut self) {
        self.poked = true;
    }

    /// Whether the source may say that something changed: not before its first poll, and not
    /// while a server asked for a pause.
    pub(super) fn listens(&self) -> bool {
        self.ended.is_some() && !self.deaf && !self.rests && self.not_before.is_none_or(|floor| floor <= Instant::now())
    }

    /// Listening to the source failed; it is polled at its intervals from now on.
    pub(super) fn deafen(&mut self, panic: &str) {
        tracing::error!(source = %self.id, panic, "a source panicked while waiting for changes");
        self.deaf = true;
    }

    /// A poll begins with this knowledge.
    pub(super) fn begin(&mut self, snapshot: &Snapshot, selected: Option<&ResourceKey>) {
        self.facts = Facts::of(snapshot, &self.id);
        self.selected = selected.cloned();
        self.poked = false;
        self.polls += 1;
    }

    /// A poll ended.
    pub(super) fn end(&mut self, failure: Option<&Failure>, now: Instant) {
        self.ended = Some(now);
        self.failures = if failure.is_some() { self.failures.saturating_add(1) } else { 0 };
        self.rests = failure.is_some_and(|failure| failure.kind == FailureKind::Bug);
        self.not_before = failure.and_then(|failure| failure.retry_after).map(|pause| now + pause);
    }

    /// When to poll next, as the world stands.
    pub(super) fn due(&self, snapshot: &Snapshot, selected: Option<&ResourceKey>) -> Instant {
        let Some(ended) = self.ended else {
            return if may_start(snapshot, &self.id, self.created.elapsed()) { Instant::now() } else { self.created + HEAD_START };
        };
        let wanted = self.poked || self.is_curious(selected) || Facts::of(snapshot, &self.id) != self.facts;
        let pause = if wanted { MIN_GAP } else { self.jitter(self.interval(snapshot)) };
        let due = ended + pause;
        self.not_before.map_or(due, |floor| due.max(floor))
    }

    /// A person turned to another workload of this context, and the platform may say more of it.
    fn is_curious(&self, selected: Option<&ResourceKey>) -> bool {
        let turned = selected.filter(|key| key.context == self.id.context && Some(*key) != self.selected.as_ref());
        turned.is_some() && layer(&self.id) == 0
    }

    fn interval(&self, snapshot: &Snapshot) -> Duration {
        let cap = self.cadence.calm.max(BACKOFF_CAP);
        if self.rests {
            return cap;
        }
        if self.failures > 0 {
            let doubled = 2_u32.saturating_pow(self.failures.min(16));
            return self.cadence.moving.max(MIN_GAP).saturating_mul(doubled).min(cap);
        }
        if moves(snapshot, &self.id.context) { self.cadence.moving } else { self.cadence.calm }
    }

    /// ±10 %, different for each source and poll, the same in every run.
    fn jitter(&self, interval: Duration) -> Duration {
        let mut state = self.polls;
        for byte in self.id.context.bytes().chain(self.id.kind.bytes()) {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let thousandths = 900 + u32::try_from((state >> 20) % 201).unwrap_or(100);
        interval * thousandths / 1000
    }
}

/// Whether some workload of the context is on its way somewhere, or nothing is known of it yet.
fn moves(snapshot: &Snapshot, context: &Text) -> bool {
    let mut workloads = snapshot.sources(context).flat_map(|(_, source)| source.view.workloads.iter()).peekable();
    workloads.peek().is_none() || workloads.any(is_moving)
}

fn is_moving(workload: &Workload) -> bool {
    let unplaced = workload.replicas.as_ref().is_some_and(|replicas| replicas.unplaced() > 0);
    unplaced || matches!(workload.status.phase, Phase::Updating | Phase::Stopping | Phase::Short)
}
