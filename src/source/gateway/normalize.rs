//! From what a gateway says to the common vocabulary. Pure: values in, values out.
//!
//! A job is a workload with one job; the network it is meant for is a machine that takes jobs, and
//! that network's wallet a quota.

use super::details::Detail;
use super::place::Place;
use super::wire::{Event, Job, Line};
use crate::domain::capacity::Resources;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::job::{Job as CommonJob, JobPhase};
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp, age};
use crate::domain::workload::{Phase, PlatformMessage, QuotaDemand, ReplicaCounts, Role, Status, Workload};
use crate::source::quantity::units;

/// After this a job should have a provider: bids lapse then, and nothing comes of waiting longer.
pub const USUAL: Duration = Duration::from_mins(5);

/// A failure older than this is history.
const RECENT: Duration = Duration::from_hours(24);

/// Figures of CPU below this may be cores: they are shown, and counted for nothing.
const MILLICORES_FROM: f64 = 64.0;

/// Lines of a log that stand for the missing sentence of a job that never started.
const TOLD_LINES: usize = 5;

/// The key of a job's workload.
pub fn job_key(context: &Text, id: &str) -> ResourceKey {
    ResourceKey::new(context, ResourceKind::Workload, id)
}

/// The key of a network.
pub fn provider_key(context: &Text, id: &str) -> ResourceKey {
    ResourceKey::new(context, ResourceKind::Node, id)
}

/// The key of a network's wallet.
pub fn wallet_key(context: &Text, provider: &str) -> ResourceKey {
    ResourceKey::new(context, ResourceKind::Quota, format!("wallet of {provider}"))
}

/// The gateway's word in the words that all its versions share.
pub fn status(native: &str) -> &str {
    match native {
        "created" | "submitted" | "queued" => "pending",
        "canceled" => "cancelled",
        other => other,
    }
}

/// Whether the gateway will not touch the job any more.
pub fn is_over(native: &str) -> bool {
    matches!(status(native), "completed" | "failed" | "cancelled" | "expired")
}

/// Whether no provider has taken the job although it should have one by now.
pub fn is_stuck(job: &Job, now: Timestamp) -> bool {
    status(&job.status) == "pending" && job.created_at.is_some_and(|created| age(now, created) > USUAL)
}

/// Whether the job failed not long ago.
pub fn is_fresh_failure(job: &Job, now: Timestamp) -> bool {
    let ended = job.ended_at.or(job.created_at);
    status(&job.status) == "failed" && ended.is_none_or(|ended| age(now, ended) < RECENT)
}

/// The workload of a job. `provider` is the id of its network, where it is listed.
pub fn workload(context: &Text, place: &Place, job: &Job, detail: Option<&Detail>, provider: Option<&str>, now: Timestamp) -> Workload {
    let key = job_key(context, &job.id);
    let job = detail.and_then(|detail| detail.job.as_ref()).unwrap_or(job);
    let phase = phase(job, now);
    let call = place.call(&format!("plugin-core/jobs/{}", job.id), &[]);
    let started = job.started_at.or(job.created_at);
    Workload {
        platform: "gateway".into(),
        kind: "job".into(),
        role: Role::Jobs,
        status: Status {
            phase,
            native: Text::clean(if job.status.is_empty() { "unknown" } else { &job.status }),
            since: job.ended_at.or(job.started_at).or(job.created_at),
            serving: status(&job.status) == "running",
        },
        replicas: None,
        demand: Some(demand(job)),
        pinned_groups: job.provider.iter().map(|provider| Text::clean(provider)).collect(),
        strategy: None,
        bounds: None,
        versions: Vec::new(),
        targets: Vec::new(),
        jobs: vec![CommonJob {
            key: ResourceKey::new(context, ResourceKind::Job, format!("{}/{}", job.id, job.id)),
            phase: job_phase(job),
            native: Text::clean(&job.status),
            workers: 1,
            counts: counts(job),
            succeeded: u32::from(status(&job.status) == "completed"),
            started_at: if status(&job.status) == "running" { started } else { job.created_at },
            ended_at: job.ended_at,
            queued_batches: None,
            total_batches: None,
        }],
        deployed_at: job.created_at,
        endpoint: None,
        messages: messages(job, detail, phase),
        quota_demand: provider.zip(job.projected).and_then(|(provider, projected)| cost(context, provider, projected, job)),
        usual_rollout: USUAL,
        reproduce: Text::clean(&format!("curl -H \"Authorization: Bearer $GATEWAY_KEY\" {call}")),
        names: job.image.iter().map(|image| ("image".into(), Text::clean(image))).collect(),
        key,
    }
}

/// What the job will take out of the wallet, in cents.
fn cost(context: &Text, provider: &str, projected: f64, job: &Job) -> Option<QuotaDemand> {
    let in_dollars = job.currency.as_deref().is_none_or(|currency| currency == "USD");
    let each = cents(projected).filter(|_| in_dollars)?;
    Some(QuotaDemand { quota: wallet_key(context, provider), each, update_reserve_percent: 0, side_by_side: false })
}

/// Dollars in cents; `None` for what is no amount of money.
pub fn cents(dollars: f64) -> Option<u64> {
    let cents = (dollars * 100.0).round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just before")]
    (0.0..1e15).contains(&cents).then_some(cents as u64)
}

fn phase(job: &Job, now: Timestamp) -> Phase {
    match status(&job.status) {
        "pending" | "scheduled" => Phase::Updating,
        "running" => Phase::Live,
        "failed" if is_fresh_failure(job, now) => Phase::Failed,
        "completed" | "cancelled" | "expired" | "failed" => Phase::Idle,
        "cancelling" => Phase::Stopping,
        _ => Phase::Unrecognized,
    }
}

fn job_phase(job: &Job) -> JobPhase {
    match status(&job.status) {
        "pending" | "scheduled" => JobPhase::Pending,
        "running" => JobPhase::Running,
        "completed" => JobPhase::Succeeded,
        "failed" => JobPhase::Failed,
        "cancelled" | "cancelling" | "expired" => JobPhase::Stopped,
        _ => JobPhase::Unrecognized,
    }
}

/// One worker, where it is. Whether it waits for a machine nobody knows: networks do not say.
fn counts(job: &Job) -> ReplicaCounts {
    let is = |word: &str| u32::from(status(&job.status) == word);
    ReplicaCounts {
        desired: Some(1),
        ready: is("running"),
        creating: is("scheduled"),
        terminating: is("cancelling"),
        ..ReplicaCounts::default()
    }
}

/// What a job asks for.
pub fn demand(job: &Job) -> Resources {
    let bytes = |text: &Option<String>| text.as_deref().and_then(units).unwrap_or(0);
    #[expect(clippy::cast_possible_truncation, reason = "bounded just before")]
    let whole = |figure: Option<f64>| figure.filter(|figure| (0.0..1e9).contains(figure)).map_or(0, |figure| figure as i64);
    Resources {
        cpu_millis: whole(job.cpu.filter(|cpu| *cpu >= MILLICORES_FROM)),
        memory_bytes: bytes(&job.memory),
        storage_bytes: bytes(&job.storage),
        gpus: whole(job.gpu),
        neuron: 0,
        pods: 0,
    }
}

/// What the gateway itself says is wrong with a job.
fn messages(job: &Job, detail: Option<&Detail>, phase: Phase) -> Vec<PlatformMessage> {
    if !matches!(phase, Phase::Updating | Phase::Failed | Phase::Unrecognized) {
        return Vec::new();
    }
    let mut messages = Vec::new();
    let mut say = |field: &str, text: &str, code: Option<&str>, at: Option<Timestamp>| {
        let text = Text::clean_to(text, 1024);
        if !text.is_empty() && !messages.iter().any(|known: &PlatformMessage| known.text == text) {
            messages.push(PlatformMessage { field: field.into(), text, code: code.map(Text::clean), at });
        }
    };
    if let Some(error) = &job.error {
        say("error", error, None, job.ended_at);
    }
    if let Some(code) = job.exit_code.filter(|code| *code != 0) {
        say("results", &format!("\"exitCode\": {code}"), None, job.ended_at);
    }
    for event in events(job, detail).iter().rev().filter(|event| is_bad(event)) {
        say("events.message", &event.message, None, event.at);
    }
    for record in detail.iter().flat_map(|detail| &detail.records).filter(|record| record.is_trouble) {
        let said = record.error.as_deref().unwrap_or(&record.message);
        // A time-out is one whatever code it goes under.
        let code = record.code.as_deref().filter(|_| !record.timed_out);
        say("system/logs", said, code, record.at);
    }
    let never_started = job.started_at.is_none() && phase == Phase::Failed;
    if messages.is_empty() && never_started {
        let lines: Vec<&Line> = detail.iter().flat_map(|detail| &detail.lines).collect();
        let last = lines.get(lines.len().saturating_sub(TOLD_LINES)..).unwrap_or_default();
        for line in last {
            let text = Text::clean_to(&line.text, 1024);
            messages.push(PlatformMessage { field: "logs.line".into(), text, code: None, at: line.at });
        }
    }
    messages
}

/// The events of a job, from its own call where that was read.
pub fn events<'a>(job: &'a Job, detail: Option<&'a Detail>) -> &'a [Event] {
    match detail {
        Some(detail) if !detail.events.is_empty() => &detail.events,
        _ => &job.events,
    }
}

/// Whether an event tells of trouble.
pub fn is_bad(event: &Event) -> bool {
    let kind = event.kind.to_ascii_lowercase();
    ["error", "fail", "reject", "none", "warn", "timeout", "timed", "expire", "threshold", "insufficient", "unavailable", "low"]
        .iter()
        .any(|word| kind.contains(word))
}

#[cfg(test)]
mod tests {
    use super::super::wire;
    use super::*;
    use serde_json::json;

    #[test]
    fn every_status_keeps_its_word_and_has_a_phase() {
        let now: Timestamp = "2026-01-01T10:00:00Z".parse().unwrap();
        let phase_of = |word: &str| {
            let job = wire::job(&json!({"id": "j", "status": word, "createdAt": "2026-01-01T09:00:00Z"})).unwrap();
            phase(&job, now)
        };
        for (word, expected) in [
            ("created", Phase::Updating),
            ("scheduled", Phase::Updating),
            ("running", Phase::Live),
            ("failed", Phase::Failed),
            ("canceled", Phase::Idle),
            ("cancelling", Phase::Stopping),
            ("teleporting", Phase::Unrecognized),
        ] {
            assert_eq!(phase_of(word), expected, "{word}");
        }
        let old = wire::job(&json!({"id": "j", "status": "failed", "endedAt": "2025-12-01T09:00:00Z"})).unwrap();
        assert_eq!(phase(&old, now), Phase::Idle, "history");
    }

    #[test]
    fn cores_are_not_taken_for_millicores() {
        let job = |cpu| wire::job(&json!({"id": "j", "cpu": cpu, "memory": "64Gi", "gpu": 2})).unwrap();
        assert_eq!(demand(&job(16_000)).cpu_millis, 16_000);
        assert_eq!(demand(&job(2)).cpu_millis, 0, "nobody knows which it is");
        assert_eq!((demand(&job(2)).gpus, demand(&job(2)).memory_bytes), (2, 64 << 30));
        assert_eq!((cents(41.5), cents(-1.0), cents(f64::NAN)), (Some(4_150), None, None));
    }
}
