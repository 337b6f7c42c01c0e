//! What stands behind an API server: where its objects and logs come from.

use std::fmt;

use super::super::world::KubernetesFaults;
use super::store::Store;
use crate::domain::time::Timestamp;

/// The source of what a server serves. The calls come from many requests at once and must be quick.
pub trait Backing: fmt::Debug + Send + Sync {
    /// Brings the store to the present. Called before every look, so it must cost nothing when
    /// nothing can have changed.
    fn update(&self, store: &mut Store);

    /// The minor version of Kubernetes 1 that the server is of.
    fn minor(&self) -> u32 {
        30
    }

    /// What is broken right now.
    fn faults(&self) -> KubernetesFaults;

    /// What a container wrote, oldest first; empty if it wrote nothing or there is no such one.
    fn log(&self, of: &LogOf<'_>) -> Vec<LogEntry>;
}

/// Whose log is asked for.
#[derive(Clone, Copy, Debug)]
pub struct LogOf<'a> {
    /// The pod's namespace.
    pub namespace: &'a str,
    /// The pod.
    pub pod: &'a str,
    /// The container.
    pub container: &'a str,
    /// Whether of the run before the present one.
    pub previous: bool,
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// When it was written.
    pub at: Timestamp,
    /// The line, without its end.
    pub text: String,
}
