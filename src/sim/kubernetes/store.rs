//! All objects of a cluster, by kind, with versions and what watches and continued pages need of
//! the past. Knows nothing of the wire.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use serde_json::Value;

use super::kinds::ServedKind;
use super::object::{self, Draft, Stored};

/// Changes kept a kind; watches from before them are told to start anew.
const HISTORY: usize = 4_096;

/// One change of one object.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// The version of the store it made.
    pub(super) version: u64,
    /// As it was, `None` if it is new.
    pub(super) before: Option<Arc<Stored>>,
    /// As it is, `None` if it is gone.
    pub(super) after: Option<Arc<Stored>>,
    /// Its last words: a deleted object with the version of its deletion.
    pub(super) last: Option<Arc<Stored>>,
}

/// The version asked for lies before what is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooOld;

/// The objects of one kind.
#[derive(Debug, Default)]
struct Shelf {
    objects: BTreeMap<String, Arc<Stored>>,
    history: VecDeque<Change>,
    /// The version of the newest change that was forgotten.
    forgotten: u64,
}

/// What a reconciliation did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Objects made, changed or removed.
    pub changes: usize,
    /// Objects that are not served, and why.
    pub refused: Vec<String>,
}

/// Everything a cluster has.
#[derive(Debug, Default)]
pub struct Store {
    shelves: BTreeMap<&'static ServedKind, Shelf>,
    groups: BTreeSet<&'static str>,
    version: u64,
    /// The version after the first load; nothing is known of before.
    begun: u64,
}

impl Store {
    /// Makes the store hold exactly these objects: those that differ from what was there get a new
    /// version each, in the order given; those that are not there any more are removed.
    pub fn reconcile(&mut self, objects: &[Value]) -> Reconciled {
        let mut present: BTreeMap<&'static ServedKind, BTreeSet<String>> = BTreeMap::new();
        let mut done = Reconciled::default();
        for object in objects {
            match Draft::read(object) {
                Ok(draft) => {
                    present.entry(draft.kind).or_default().insert(draft.key());
                    done.changes += usize::from(self.put(draft));
                }
                Err(why) => done.refused.push(why),
            }
        }
        let gone = |(kind, shelf): (&&'static ServedKind, &Shelf)| {
            let keep = present.get(kind);
            let gone = shelf.objects.keys().filter(|key| !keep.is_some_and(|keep| keep.contains(*key)));
            gone.map(|key| (*kind, key.clone())).collect::<Vec<_>>()
        };
        for (kind, key) in self.shelves.iter().flat_map(gone).collect::<Vec<_>>() {
            done.changes += usize::from(self.remove(kind, &key));
        }
        if self.begun == 0 {
            self.begin();
        }
        done
    }

    /// Adds or changes objects and leaves the others alone.
    pub fn upsert(&mut self, objects: &[Value]) -> Reconciled {
        let mut done = Reconciled::default();
        for object in objects {
            match Draft::read(object) {
                Ok(draft) => done.changes += usize::from(self.put(draft)),
                Err(why) => done.refused.push(why),
            }
        }
        done
    }

    /// Forgets what led here: the first load is no change.
    fn begin(&mut self) {
        self.begun = self.version;
        for shelf in self.shelves.values_mut() {
            shelf.history.clear();
        }
    }

    /// Puts objects that bring their versions, as a recording does.
    #[cfg(test)]
    pub(super) fn seed(&mut self, objects: &[Value], version: u64) {
        for object in objects {
            let own: u64 = object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
            let draft = Draft::read(object).unwrap();
            self.version = own - 1;
            self.put(draft);
        }
        self.version = version;
        self.begin();
    }

    fn put(&mut self, draft: Draft) -> bool {
        let shelf = self.shelves.entry(draft.kind).or_default();
        let key = draft.key();
        let before = shelf.objects.get(&key).cloned();
        if before.as_ref().is_some_and(|before| draft.is(before)) {
            return false;
        }
        self.version += 1;
        self.groups.insert(draft.kind.group);
        let after = Arc::new(draft.versioned(self.version));
        shelf.objects.insert(key, after.clone());
        shelf.remember(Change { version: self.version, before, after: Some(after), last: None });
        true
    }

    /// Removes an object.
    fn remove(&mut self, kind: &'static ServedKind, key: &str) -> bool {
        let Some(shelf) = self.shelves.get_mut(kind) else { return false };
        let Some(before) = shelf.objects.remove(key) else { return false };
        self.version += 1;
        let last = before.reversioned(self.version).map(Arc::new);
        shelf.remember(Change { version: self.version, before: Some(before), after: None, last });
        true
    }

    /// The version of the newest change.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Whether a kind is served: custom ones only where there has been an object of their group.
    pub(super) fn serves(&self, kind: &ServedKind) -> bool {
        !kind.custom || self.groups.contains(kind.group)
    }

    /// An object by its place.
    pub(super) fn get(&self, kind: &'static ServedKind, namespace: &str, name: &str) -> Option<Arc<Stored>> {
        self.shelves.get(kind.stored_as())?.objects.get(&object::key(namespace, name)).cloned()
    }

    /// Objects of a kind at a version (`None` for now), all or those of a namespace, from a key on.
    pub(super) fn objects(
        &self,
        kind: &'static ServedKind,
        namespace: Option<&str>,
        from: &str,
        at: Option<u64>,
    ) -> Result<Vec<Arc<Stored>>, TooOld> {
        let Some(shelf) = self.shelves.get(kind.stored_as()) else { return Ok(Vec::new()) };
        let prefix = namespace.map(|namespace| format!("{namespace}/")).unwrap_or_default();
        let start = if from > prefix.as_str() { from } else { prefix.as_str() };
        let present = shelf.objects.range::<str, _>((Bound::Included(start), Bound::Unbounded));
        let present = present.take_while(|(key, _)| key.starts_with(&prefix));
        let Some(at) = at.filter(|at| *at < self.version) else { return Ok(present.map(|(_, object)| object.clone()).collect()) };
        let mut then: BTreeMap<String, Arc<Stored>> = present.map(|(key, object)| (key.clone(), object.clone())).collect();
        for change in shelf.since(at, self.begun)?.into_iter().rev() {
            let Some(object) = change.before.as_ref().or(change.after.as_ref()) else { continue };
            let key = object::key(&object.namespace, &object.name);
            if key.as_str() < start || !key.starts_with(&prefix) {
                continue;
            }
            match &change.before {
                Some(before) => then.insert(key, before.clone()),
                None => then.remove(&key),
            };
        }
        Ok(then.into_values().collect())
    }

    /// What happened to objects of a kind after a version, oldest first.
    pub(super) fn changes(&self, kind: &'static ServedKind, after: u64) -> Result<Vec<Change>, TooOld> {
        match self.shelves.get(kind.stored_as()) {
            Some(shelf) => shelf.since(after, self.begun),
            None => Ok(Vec::new()),
        }
    }
}

impl Shelf {
    fn remember(&mut self, change: Change) {
        self.history.push_back(change);
        while self.history.len() > HISTORY {
            self.forgotten = self.history.pop_front().map_or(self.forgotten, |change| change.version);
        }
    }

    fn since(&self, version: u64, begun: u64) -> Result<Vec<Change>, TooOld> {
        if version < self.forgotten.max(begun) {
            return Err(TooOld);
        }
        let first = self.history.partition_point(|change| change.version <= version);
        Ok(self.history.range(first..).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::kubernetes::kinds::find;
    use serde_json::json;

    fn pod(name: &str, phase: &str) -> Value {
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "namespace": "n" }, "status": { "phase": phase } })
    }

    fn names(objects: &[Arc<Stored>]) -> Vec<(&str, u64)> {
        objects.iter().map(|object| (object.name.as_str(), object.version)).collect()
    }

    #[test]
    fn only_what_changed_gets_a_version_and_the_past_can_be_seen() {
        let pods = find("", "v1", "pods").unwrap();
        let mut store = Store::default();
        assert_eq!(store.reconcile(&[pod("a", "Pending"), pod("b", "Running")]).changes, 2);
        assert_eq!(store.reconcile(&[pod("a", "Pending"), pod("b", "Running")]).changes, 0);
        assert_eq!(store.reconcile(&[pod("a", "Running"), pod("c", "Pending")]).changes, 3);
        let now = store.objects(pods, Some("n"), "", None).unwrap();
        assert_eq!(names(&now), [("a", 3), ("c", 4)]);
        let then = store.objects(pods, None, "", Some(2)).unwrap();
        assert_eq!(names(&then), [("a", 1), ("b", 2)]);
        let changes = store.changes(pods, 3).unwrap();
        assert_eq!(changes.iter().map(|change| change.version).collect::<Vec<_>>(), [4, 5]);
        assert_eq!(changes[1].last.as_ref().unwrap().version, 5, "a deletion has a version of its own");
        assert_eq!(store.changes(pods, 1).unwrap_err(), TooOld, "before the first load");
        assert_eq!(names(&store.objects(pods, None, "n/b\0", Some(4)).unwrap()), [("c", 4)]);
    }

    #[test]
    fn history_is_bounded() {
        let pods = find("", "v1", "pods").unwrap();
        let mut store = Store::default();
        store.reconcile(&[pod("a", "0")]);
        for count in 0..=HISTORY {
            store.upsert(&[pod("a", &format!("{}", count + 1))]);
        }
        assert!(store.changes(pods, 1).is_err());
        assert_eq!(store.changes(pods, 2).unwrap().len(), HISTORY);
    }
}
