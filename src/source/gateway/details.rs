//! What is read of single jobs and networks: only of those in trouble and of the selected one, a
//! few at a time, because all calls of a gateway count together.

use serde_json::Value;

use super::client::{Call, DEADLINE, Gateway};
use super::normalize::{is_bad, status};
use super::providers::Network;
use super::refusal::Refusal;
use super::wire::{self, Event, Job, Line, Record};
use crate::domain::source::{Failure, FailureKind, Gap};
use crate::domain::time::{Duration, Timestamp};

/// Lines of a log that are read.
const LINES: &str = "60";

/// The status of a network may take less than other answers: that it hangs is itself an answer.
const STATUS_DEADLINE: Duration = Duration::from_secs(5);

/// What was read of one job.
#[derive(Clone, Debug, Default)]
pub struct Detail {
    /// The job, whole.
    pub job: Option<Job>,
    /// The same as it came, for a person to read.
    pub raw: Value,
    /// Its events.
    pub events: Vec<Event>,
    /// The last lines of its log.
    pub lines: Vec<Line>,
    /// What the gateway's own log says of it.
    pub records: Vec<Record>,
    /// When it was read.
    pub read_at: Option<Timestamp>,
}

/// What is worth a gap: a call that this instance lacks is none, nor one that is merely put off.
pub fn is_gap(refusal: &Refusal) -> bool {
    !refusal.absent && refusal.failure.kind != FailureKind::NotFound
}

/// Reads a job whole: itself, its events, and where these do not say why it failed, its log.
///
/// # Errors
/// The failure that means that nothing else can be asked either.
pub async fn job(gateway: &Gateway, job: &Job, now: Timestamp, gaps: &mut Vec<Gap>) -> Result<Detail, Failure> {
    let mut detail = Detail { read_at: Some(now), ..Detail::default() };
    let path = format!("plugin-core/jobs/{}", job.id);
    match gateway.get(Call::background(&path, "jobs/{id}")).await {
        Ok(raw) => {
            detail.job = wire::job(&raw).map(|whole| whole_of(job, whole));
            detail.raw = raw;
        }
        Err(refusal) => note(refusal, &format!("job {}", job.id), gaps)?,
    }
    match gateway.get(Call::background(&format!("{path}/events"), "jobs/{id}/events")).await {
        Ok(raw) => detail.events = wire::events(raw.as_array().map_or(&[], Vec::as_slice)),
        Err(refusal) => note(refusal, &format!("events of {}", job.id), gaps)?,
    }
    let whole = detail.job.as_ref().unwrap_or(job);
    let explained = whole.error.is_some() || detail.events.iter().any(|event| is_bad(event) && !event.message.is_empty());
    let ran = whole.started_at.is_some();
    if status(&whole.status) != "pending" && (ran || !explained) {
        match gateway.get(Call::background(&format!("{path}/logs"), "jobs/{id}/logs").with(&[("tail", LINES)])).await {
            Ok(raw) => detail.lines = raw.as_array().into_iter().flatten().filter_map(wire::line).collect(),
            Err(refusal) => note(refusal, &format!("log of {}", job.id), gaps)?,
        }
    }
    Ok(detail)
}

/// The job by itself, with what only the list told.
fn whole_of(listed: &Job, mut whole: Job) -> Job {
    whole.provider = whole.provider.or_else(|| listed.provider.clone());
    whole.created_at = whole.created_at.or(listed.created_at);
    if whole.status.is_empty() {
        whole.status.clone_from(&listed.status);
    }
    whole
}

/// Reads a network: its status, what it has, and its wallet where the status does not tell.
///
/// # Errors
/// As [`job`].
pub async fn network(gateway: &Gateway, network: &mut Network, gaps: &mut Vec<Gap>) -> Result<(), Failure> {
    let id = network.row.id.clone();
    let path = format!("plugin-core/providers/{id}");
    let status = Call { deadline: STATUS_DEADLINE.min(DEADLINE), ..Call::background("", "providers/{id}/status") };
    match gateway.get(Call { path: &format!("{path}/status"), ..status }).await {
        Ok(raw) => {
            network.status = wire::provider(&raw);
            network.unread = None;
            network.unread_code.clear();
        }
        Err(refusal) => {
            // Whether the gateway reaches it is the very question: a silence is an answer.
            let tells = matches!(refusal.failure.kind, FailureKind::TimedOut | FailureKind::ServerError);
            if tells {
                network.status = None;
                network.unread = Some(refusal.failure);
                network.unread_code = refusal.code;
            } else {
                note(refusal, &format!("status of {id}"), gaps)?;
            }
        }
    }
    match gateway.get(Call::background(&format!("{path}/capabilities"), "providers/{id}/capabilities")).await {
        Ok(raw) => network.capabilities = Some(raw),
        Err(refusal) => note(refusal, &format!("capabilities of {id}"), gaps)?,
    }
    if network.status.as_ref().is_none_or(|status| status.wallet.is_none()) {
        match gateway.get(Call::background(&format!("{path}/wallet"), "providers/{id}/wallet")).await {
            Ok(raw) => network.wallet = wire::wallet(&raw),
            Err(refusal) => note(refusal, &format!("wallet of {id}"), gaps)?,
        }
    }
    Ok(())
}

/// The newest errors of the gateway's own log.
///
/// # Errors
/// As [`job`].
pub async fn records(gateway: &Gateway, gaps: &mut Vec<Gap>) -> Result<Option<Vec<Record>>, Failure> {
    match gateway.get(Call::background("system/logs", "system/logs").with(&[("level", "error"), ("limit", "50")])).await {
        Ok(raw) => Ok(Some(raw.as_array().into_iter().flatten().filter_map(wire::record).collect())),
        Err(refusal) => note(refusal, "the gateway's own log", gaps).map(|()| None),
    }
}

/// Keeps what a person should know of; hands back what ends the round.
fn note(refusal: Refusal, what: &str, gaps: &mut Vec<Gap>) -> Result<(), Failure> {
    if super::refusal::concerns_everything(refusal.failure.kind) {
        return Err(refusal.failure);
    }
    if is_gap(&refusal) {
        gaps.push(Gap { what: what.into(), failure: refusal.failure });
    }
    Ok(())
}
