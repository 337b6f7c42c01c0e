//! What one source remembers between polls: the last `/info`, and what never changes about a
//! version of an API. Bounded by what the cluster has.

use std::collections::BTreeMap;

use serde_json::Value;

use super::normalize::{ClusterView, Known};
use crate::domain::source::Failure;
use crate::domain::time::{Duration, Timestamp, age};

/// How old an `/info` may become while a rollout moves; each costs the operator a price look-up.
const INFO_MOVING: Duration = Duration::from_secs(30);

/// The same while all is calm.
const INFO_CALM: Duration = Duration::from_mins(1);

/// How long a specification that could not be read is left alone.
const RETRY: Duration = Duration::from_mins(1);

/// The memory.
#[derive(Debug, Default)]
pub struct Memory {
    /// The last good `/info`, and when it was read.
    pub cluster: Option<(Timestamp, ClusterView)>,
    /// Whether the last poll saw something move.
    pub moving: bool,
    /// Names that the last good `/get` listed.
    pub names: Vec<String>,
    specs: BTreeMap<String, Remembered>,
}

#[derive(Debug)]
enum Remembered {
    Read { known: Box<Known>, raw: Value },
    Failed { at: Timestamp, failure: Failure },
}

impl Memory {
    /// Whether `/info` is due.
    pub fn wants_info(&self, now: Timestamp) -> bool {
        let limit = if self.moving { INFO_MOVING } else { INFO_CALM };
        self.cluster.as_ref().is_none_or(|(at, _)| age(now, *at) >= limit)
    }

    /// What is known of a version.
    pub fn known(&self, id: &str) -> Option<&Known> {
        match self.specs.get(id) {
            Some(Remembered::Read { known, .. }) => Some(known.as_ref()),
            Some(Remembered::Failed { .. }) | None => None,
        }
    }

    /// The record a version's knowledge came from.
    pub fn raw(&self, id: &str) -> Option<&Value> {
        match self.specs.get(id) {
            Some(Remembered::Read { raw, .. }) => Some(raw),
            Some(Remembered::Failed { .. }) | None => None,
        }
    }

    /// Why a version's specification is missing.
    pub fn failure(&self, id: &str) -> Option<&Failure> {
        match self.specs.get(id) {
            Some(Remembered::Failed { failure, .. }) => Some(failure),
            Some(Remembered::Read { .. }) | None => None,
        }
    }

    /// Whether a version's specification should be asked for.
    pub fn wants_spec(&self, id: &str, now: Timestamp) -> bool {
        match self.specs.get(id) {
            None => true,
            Some(Remembered::Failed { at, .. }) => age(now, *at) >= RETRY,
            Some(Remembered::Read { .. }) => false,
        }
    }

    /// Remembers what was read of a version.
    pub fn learn(&mut self, id: &str, known: Known, raw: Value) {
        self.specs.insert(id.to_owned(), Remembered::Read { known: Box::new(known), raw });
    }

    /// Remembers that a version could not be read.
    pub fn fail(&mut self, id: &str, failure: Failure, now: Timestamp) {
        self.specs.insert(id.to_owned(), Remembered::Failed { at: now, failure });
    }

    /// Forgets versions that are gone.
    pub fn keep_only(&mut self, ids: &[&str]) {
        self.specs.retain(|id, _| ids.contains(&id.as_str()));
    }
}
