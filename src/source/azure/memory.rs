//! What the source remembers between polls: operations that ended, logs that were read, and what
//! changes slowly. Bounded by what the workspace has.

use std::collections::BTreeMap;

use serde_json::Value;

use super::autoscale::Autoscale;
use super::container_log::ContainerLog;
use super::monitor::Figures;
use super::wire::{Operation, VmSize};
use crate::domain::event::Event;
use crate::domain::quota::Quota;
use crate::domain::source::Gap;
use crate::domain::time::{Duration, Timestamp, age};

/// How old the log of a deployment on its way may become.
const LOGS: Duration = Duration::from_secs(30);
/// How long after a failure its log is still asked for: it may come late.
const LOGS_AFTER: Duration = Duration::from_mins(10);

/// The memory.
#[derive(Debug, Default)]
pub struct Memory {
    /// The workspace's record, and its region.
    pub workspace: Option<(Value, String)>,
    /// Deployments of an endpoint as last read.
    pub deployments: BTreeMap<String, Vec<Value>>,
    /// Operations that ended, by the address they were read at.
    pub ended: BTreeMap<String, (Operation, Value)>,
    /// Logs by `endpoint/deployment`.
    pub logs: BTreeMap<String, Logs>,
    /// Requests and latency by endpoint, machines by deployment.
    pub figures: Dated<BTreeMap<String, Figures>>,
    /// Quotas, machines, autoscale settings.
    pub limits: Dated<Limits>,
    /// Who did what.
    pub activity: Dated<Vec<Event>>,
}

/// The logs of one deployment.
#[derive(Clone, Debug)]
pub struct Logs {
    /// When they were read.
    pub at: Timestamp,
    /// Of which operation; another one makes another log.
    pub operation: String,
    /// By container.
    pub containers: Vec<(&'static str, ContainerLog)>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

impl Logs {
    /// Whether to ask again.
    pub fn is_due(&self, operation: &str, ended: Option<Timestamp>, now: Timestamp) -> bool {
        if self.operation != operation {
            return true;
        }
        let is_final = ended.is_some_and(|ended| age(self.at, ended) > LOGS_AFTER && self.at > ended);
        !is_final && age(now, self.at) >= LOGS
    }
}

/// What changes slowly.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Quotas of both providers.
    pub quotas: Vec<Quota>,
    /// Machines by lower-case name.
    pub sizes: BTreeMap<String, VmSize>,
    /// Autoscale settings by the lower-case id of what they scale.
    pub scales: BTreeMap<String, Autoscale>,
}

/// Something with the time it was read and what was missing then.
#[derive(Clone, Debug, Default)]
pub struct Dated<T> {
    /// When.
    pub at: Option<Timestamp>,
    /// What.
    pub value: T,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

impl<T> Dated<T> {
    /// Whether it is older than `limit`.
    pub fn is_due(&self, limit: Duration, now: Timestamp) -> bool {
        self.at.is_none_or(|at| age(now, at) >= limit)
    }
}

impl Memory {
    /// Forgets what is gone.
    pub fn keep_only(&mut self, deployments: &[String], operations: &[String]) {
        self.logs.retain(|name, _| deployments.contains(name));
        self.figures.value.retain(|name, _| deployments.contains(name));
        self.ended.retain(|address, _| operations.contains(address));
    }
}
