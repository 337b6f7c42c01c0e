//! Who may read what, and what is broken in front of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::super::world::{Access, KubernetesFaults};
use super::body::End;
use super::kinds::ServedKind;
use super::status::Refusal;

/// What is wrong with a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WatchFault {
    /// Sends what is no JSON.
    Garbled,
    /// Is cut after the first change.
    Cut,
    /// Is told that it is too old.
    Outdated,
}

/// How often each fault has struck.
#[derive(Debug, Default)]
pub(super) struct Struck(Mutex<BTreeMap<&'static str, u32>>);

impl Struck {
    /// Whether a fault strikes once more.
    fn strikes(&self, fault: &'static str, times: u32) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(fault).or_default();
        let strikes = *count < times;
        *count = count.saturating_add(u32::from(strikes));
        strikes
    }

    /// How the next list ends.
    pub(super) fn list(&self, faults: &KubernetesFaults) -> End {
        if self.strikes("stalled lists", faults.stalled_lists) {
            End::Stalled
        } else if self.strikes("cut lists", faults.cut_lists) {
            End::Cut
        } else {
            End::Whole
        }
    }

    /// What is wrong with the next watch.
    pub(super) fn watch(&self, faults: &KubernetesFaults) -> Option<WatchFault> {
        let kinds = [
            (WatchFault::Outdated, "outdated watches", faults.outdated_watches),
            (WatchFault::Garbled, "garbled watches", faults.garbled_watches),
            (WatchFault::Cut, "cut watches", faults.cut_watches),
        ];
        kinds.into_iter().find(|(_, name, times)| self.strikes(name, *times)).map(|(fault, ..)| fault)
    }

    /// Whether the next followed log is cut.
    pub(super) fn log(&self, faults: &KubernetesFaults) -> bool {
        self.strikes("cut logs", faults.cut_logs)
    }

    /// The answer of a server that has too much to do.
    pub(super) fn throttled(&self, faults: &KubernetesFaults) -> Option<Response> {
        let strikes = self.strikes("throttled requests", faults.throttled_requests);
        let headers = [(header::RETRY_AFTER, "1"), (header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        strikes.then(|| (StatusCode::TOO_MANY_REQUESTS, headers, "Too many requests, please try again later.\n").into_response())
    }
}

/// Whether the caller is known.
pub(super) fn authenticate(faults: &KubernetesFaults, headers: &HeaderMap) -> Result<(), Refusal> {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    let known = faults.token.as_deref().is_none_or(|wanted| token == Some(wanted));
    if faults.expired || !known { Err(Refusal::unauthorized()) } else { Ok(()) }
}

/// Whether the caller may; `subresource` is `log` or empty.
pub(super) fn authorize(
    faults: &KubernetesFaults,
    verb: &str,
    kind: &ServedKind,
    subresource: &str,
    place: (Option<&str>, &str),
) -> Result<(), Refusal> {
    let resource = if subresource.is_empty() { kind.plural.to_owned() } else { format!("{}/{subresource}", kind.plural) };
    let access = Access { verb, resource: &resource, group: kind.group, namespace: place.0 };
    if faults.permits(&access) { Ok(()) } else { Err(Refusal::forbidden(&faults.user, verb, kind, &resource, place)) }
}
