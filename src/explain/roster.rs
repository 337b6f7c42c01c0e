//! Every workload of a snapshot, with what nearly every rule asks about it: since when it has been in
//! trouble, and what the machines offer to its kind. Worked out once a run.

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::places::Places;
use super::since::since;
use super::world::Said;
use crate::domain::id::{ResourceKey, ResourceKind, SourceId};
use crate::domain::snapshot::Snapshot;
use crate::domain::time::Timestamp;
use crate::domain::workload::Workload;

/// One workload.
pub struct Entry<'a> {
    /// What was said of it last.
    pub said: Said<'a, Workload>,
    /// Since when it has not been what it should be, as [`since`] tells.
    pub since: Option<Timestamp>,
    /// What [`super::places`] worked out for its kind.
    pub(super) places: OnceCell<Rc<Places<'a>>>,
}

/// All of them, in the order of their keys.
#[derive(Default)]
pub struct Roster<'a> {
    entries: Vec<Entry<'a>>,
    /// Whom the last question was about: rules ask about one workload one after another.
    recent: Cell<usize>,
}

impl<'a> Roster<'a> {
    /// The workloads that the sources tell of; of two that tell of one, the last.
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let told = snapshot.views.iter().flat_map(|(id, source)| source.view.workloads.iter().map(move |workload| (id, workload)));
        let by_key: BTreeMap<&ResourceKey, (&SourceId, &Workload)> = told.map(|said| (&said.1.key, said)).collect();
        let entry = |said: Said<'a, Workload>| Entry { said, since: since(snapshot, said.1), places: OnceCell::new() };
        Self { entries: by_key.into_values().map(entry).collect(), recent: Cell::new(0) }
    }

    /// One of them.
    pub fn find(&self, key: &ResourceKey) -> Option<&Entry<'a>> {
        self.entries.get(self.place(key)?)
    }

    /// Where it stands among them.
    pub fn place(&self, key: &ResourceKey) -> Option<usize> {
        if key.kind != ResourceKind::Workload {
            return None;
        }
        let recent = self.recent.get();
        if self.entries.get(recent).is_some_and(|entry| entry.said.1.key == *key) {
            return Some(recent);
        }
        let place = self.entries.binary_search_by(|entry| entry.said.1.key.cmp(key)).ok()?;
        self.recent.set(place);
        Some(place)
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.entries.iter()
    }
}
