//! Everything about one service: its description, events, updates and figures, one after the other.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use super::client::{Cloud, decode};
use super::refusal::concerns_everything;
use super::wire::{EventList, Monitor, Service, ServiceEvent, Update, UpdateLog};
use crate::domain::source::{Failure, FailureKind, Gap};

/// What the descriptions of one poll share: what failed for all of them, and until when to ask.
#[derive(Debug)]
pub(super) struct Asking {
    until: Instant,
    /// Failures by what was asked: one that concerns all services is told once.
    failed: Mutex<BTreeMap<String, (Failure, bool)>>,
}

/// What was read of one service; nothing where it could not be.
#[derive(Debug, Default)]
pub(super) struct Described {
    pub(super) id: String,
    pub(super) detail: Option<(Service, Value)>,
    pub(super) events: Option<Vec<ServiceEvent>>,
    pub(super) updates: Option<Vec<Update>>,
    pub(super) monitor: Option<Monitor>,
}

impl Asking {
    pub(super) fn new(until: Instant) -> Self {
        Self { until, failed: Mutex::new(BTreeMap::new()) }
    }

    /// The failures as gaps.
    pub(super) fn gaps(self) -> Vec<Gap> {
        let failed = self.failed.into_inner().unwrap_or_else(PoisonError::into_inner);
        failed.into_iter().map(|(what, (failure, _))| Gap { what: what.into(), failure }).collect()
    }

    /// Whether asking this again is of use.
    fn is_open(&self, part: &str) -> bool {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        Instant::now() < self.until
            && !failed.iter().any(|(what, (failure, for_all))| *for_all && (what == part || concerns_everything(failure.kind)))
    }

    fn fail(&self, part: &str, id: &str, failure: Failure) {
        let for_all = failure.kind == FailureKind::Denied || concerns_everything(failure.kind);
        let what = if for_all { part.to_owned() } else { format!("{part} of {id}") };
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).insert(what, (failure, for_all));
    }
}

/// Reads everything about one service.
pub(super) async fn describe(cloud: &Cloud, id: String, asking: &Asking) -> Described {
    let part = |part: &'static str, below: Option<&'static str>, query: &'static [(&'static str, &'static str)], action: &'static str| {
        let id = id.as_str();
        async move {
            if !asking.is_open(part) {
                return None;
            }
            let segments: Vec<&str> = ["services", id].into_iter().chain(below).collect();
            match cloud.get(&segments, query, action).await {
                Ok(raw) => Some(raw),
                Err(failure) => {
                    asking.fail(part, id, failure);
                    None
                }
            }
        }
    };
    let newest: &[(&str, &str)] = &[("limit", "1000"), ("offset", "0"), ("order", "desc"), ("sort_by", "occur_time")];
    let detail = part("descriptions", None, &[], "modelarts:service:get").await;
    let events = part("events", Some("events"), newest, "modelarts:service:getEvents").await;
    let updates = part("update logs", Some("logs"), &[], "modelarts:service:getLogs").await;
    let monitor = part("monitoring figures", Some("monitor"), &[], "modelarts:service:getMonitor").await;
    Described {
        detail: detail.and_then(|raw| Some((read::<Service>(&raw, "descriptions", &id, asking)?, raw))),
        events: events.and_then(|raw| read::<EventList>(&raw, "events", &id, asking)).map(|list| list.events),
        updates: updates.and_then(|raw| read::<UpdateLog>(&raw, "update logs", &id, asking)).map(|log| log.logs),
        monitor: monitor.and_then(|raw| read(&raw, "monitoring figures", &id, asking)),
        id,
    }
}

fn read<T: DeserializeOwned>(raw: &Value, part: &str, id: &str, asking: &Asking) -> Option<T> {
    decode(raw, part).map_err(|failure| asking.fail(part, id, failure)).ok()
}
