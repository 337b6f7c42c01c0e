//! What the informers of one cluster share with the sources: the objects, how far each kind has
//! got, and a signal for each view that something changed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;

use super::kinds::{Feed, Kept};
use super::list::Listed;
use super::path::Scope;
use crate::domain::source::Failure;
use crate::domain::text::Text;
use crate::domain::time::Duration;
use crate::source::kubernetes::stores::Stores;

/// One kind in one scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Watched {
    /// The kind, as in the path.
    pub plural: &'static str,
    /// Which of its objects.
    pub scope: Scope,
}

/// How far a kind has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Its first list is on the way.
    Reading,
    /// It is complete and followed.
    Alive,
    /// It cannot be read at the moment.
    Troubled {
        /// Why.
        failure: Failure,
        /// Since when.
        since: Instant,
        /// How often in a row.
        times: u32,
    },
}

/// One kind's state, with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The views that it matters to.
    pub feeds: &'static [Feed],
    /// How far it has got.
    pub state: State,
    /// Whether it was ever complete.
    pub has_data: bool,
    /// Objects that came and could not be read.
    pub unreadable: u64,
    /// Why, of one of them.
    pub example: Option<Text>,
    /// Why not all namespaces are read.
    pub narrowed: Option<Failure>,
}

impl Progress {
    /// The trouble, once it is worth telling: at once where there is nothing to show, later where
    /// the next try may well succeed before anybody has read of it.
    pub fn trouble(&self) -> Option<&Failure> {
        match &self.state {
            State::Troubled { failure, since, times } if !self.has_data || *times > 1 || since.elapsed() > PATIENCE => Some(failure),
            State::Troubled { .. } | State::Reading | State::Alive => None,
        }
    }
}

/// How long a first failure is not told while what was read before is shown.
const PATIENCE: Duration = Duration::from_secs(5);

/// Shared by informers and sources.
#[derive(Debug)]
pub struct Shared {
    held: Mutex<Stores>,
    progress: Mutex<BTreeMap<Watched, Progress>>,
    started: watch::Sender<Option<Result<(), Failure>>>,
    version: OnceLock<Text>,
    signals: [watch::Sender<u64>; 3],
}

impl Default for Shared {
    fn default() -> Self {
        let signal = || watch::Sender::new(0);
        Self {
            held: Mutex::default(),
            progress: Mutex::default(),
            started: watch::Sender::new(None),
            version: OnceLock::new(),
            signals: [signal(), signal(), signal()],
        }
    }
}

impl Shared {
    /// The objects. Held briefly: informers wait meanwhile. Events are only those that nobody has
    /// taken yet: there are very many, and what became of them is the reader's to keep.
    pub fn held(&self) -> MutexGuard<'_, Stores> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A signal that rises with every change of a view.
    pub fn signal(&self, feed: Feed) -> watch::Receiver<u64> {
        self.sender(feed).subscribe()
    }

    /// The state of every kind that matters to a view.
    pub fn progress(&self, feed: Feed) -> Vec<(Watched, Progress)> {
        let progress = self.lock_progress();
        progress
            .iter()
            .filter(|(_, progress)| progress.feeds.contains(&feed))
            .map(|(watched, progress)| (watched.clone(), progress.clone()))
            .collect()
    }

    /// Why nothing could be asked at all, if so; `None` while that is not known.
    pub fn started(&self) -> Option<Result<(), Failure>> {
        self.started.borrow().clone()
    }

    /// The server's version, once it told.
    pub fn version(&self) -> Option<Text> {
        self.version.get().cloned()
    }

    /// The server told its version.
    pub(super) fn tell_version(&self, version: Text) {
        // It is asked once.
        let _told_before = self.version.set(version);
    }

    /// Waits until every kind that matters to a view was read or cannot be.
    pub async fn settled(&self, feed: Feed) {
        let mut started = self.started.subscribe();
        let mut signal = self.signal(feed);
        loop {
            match self.started() {
                Some(Err(_)) => return,
                Some(Ok(())) if !self.is_reading(feed) => return,
                Some(Ok(())) | None => {}
            }
            tokio::select! {
                changed = started.changed() => if changed.is_err() { return },
                changed = signal.changed() => if changed.is_err() { return },
            }
        }
    }

    fn is_reading(&self, feed: Feed) -> bool {
        self.lock_progress().values().any(|progress| progress.feeds.contains(&feed) && progress.state == State::Reading)
    }

    /// Whether the server answers at all, or why not.
    pub(super) fn start(&self, outcome: Result<(), Failure>) {
        self.started.send_if_modified(|started| {
            let differs = started.as_ref() != Some(&outcome);
            *started = Some(outcome);
            differs
        });
        for signal in &self.signals {
            signal.send_modify(|count| *count += 1);
        }
    }

    /// A kind is about to be read.
    pub(super) fn announce(&self, watched: &Watched, feeds: &'static [Feed]) {
        let progress = Progress { feeds, state: State::Reading, has_data: false, unreadable: 0, example: None, narrowed: None };
        self.lock_progress().entry(watched.clone()).or_insert(progress);
    }

    /// A kind is read in fewer namespaces, or in all again.
    pub(super) fn narrow(&self, watched: &Watched, why: Option<Failure>) {
        self.note(watched, |progress| {
            progress.state = if why.is_some() { State::Alive } else { State::Reading };
            progress.narrowed = why;
        });
    }

    /// A kind is no longer read in this scope.
    pub(super) fn forget(&self, watched: &Watched) {
        let removed = self.lock_progress().remove(watched);
        self.rise(removed.map_or(&[], |progress| progress.feeds));
    }

    /// A kind is followed again.
    pub(super) fn alive(&self, watched: &Watched) {
        self.note(watched, |progress| progress.state = State::Alive);
    }

    /// A kind cannot be read at the moment.
    pub(super) fn troubled(&self, watched: &Watched, failure: &Failure, times: u32) {
        self.note(watched, |progress| {
            let since = match &progress.state {
                State::Troubled { since, .. } => *since,
                State::Reading | State::Alive => Instant::now(),
            };
            progress.state = State::Troubled { failure: failure.clone(), since, times };
        });
    }

    /// An object came that could not be read.
    pub(super) fn unreadable(&self, watched: &Watched, why: Text) {
        self.note(watched, |progress| {
            progress.unreadable = progress.unreadable.saturating_add(1);
            progress.example.get_or_insert(why);
        });
    }

    /// Puts a whole list in place of what the scope held. What is the same keeps its memory.
    pub(super) fn replace<O: Kept>(&self, watched: &Watched, scope: &Scope, listed: Listed<O>) {
        let mut held = self.held();
        let store = O::store(&mut held);
        let mut changed = false;
        store.retain(|(namespace, name), _| {
            let stays = !scope.holds(namespace, name) || listed.objects.contains_key(&(namespace.clone(), name.clone()));
            changed |= !stays;
            stays
        });
        for (place, object) in listed.objects {
            if store.get(&place).is_none_or(|old| **old != *object) {
                store.insert(place, object);
                changed = true;
            }
        }
        drop(held);
        self.note(watched, |progress| {
            progress.state = State::Alive;
            progress.has_data = true;
            (progress.unreadable, progress.example) = (listed.unreadable, listed.example);
        });
        if changed {
            self.rise(O::FEEDS);
        }
    }

    /// One object is new or different.
    pub(super) fn put<O: Kept>(&self, object: O) {
        let place = object.meta().place();
        let mut held = self.held();
        O::store(&mut held).insert(place, Arc::new(object));
        drop(held);
        self.rise(O::FEEDS);
    }

    /// One object is gone.
    pub(super) fn remove<O: Kept>(&self, place: &(Text, Text)) {
        let mut held = self.held();
        let removed = O::store(&mut held).remove(place).is_some();
        drop(held);
        // That an event is forgotten by the server changes nothing of what happened.
        if removed && O::FEEDS != [Feed::Events] {
            self.rise(O::FEEDS);
        }
    }

    fn note(&self, watched: &Watched, change: impl FnOnce(&mut Progress)) {
        let mut all = self.lock_progress();
        let Some(progress) = all.get_mut(watched) else { return };
        let before = progress.clone();
        change(progress);
        let feeds: &[Feed] = if *progress == before { &[] } else { progress.feeds };
        drop(all);
        self.rise(feeds);
    }

    fn rise(&self, feeds: &[Feed]) {
        for feed in feeds {
            self.sender(*feed).send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    fn sender(&self, feed: Feed) -> &watch::Sender<u64> {
        let [workloads, nodes, events] = &self.signals;
        match feed {
            Feed::Workloads => workloads,
            Feed::Nodes => nodes,
            Feed::Events => events,
        }
    }

    fn lock_progress(&self) -> MutexGuard<'_, BTreeMap<Watched, Progress>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
