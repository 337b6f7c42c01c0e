//! Jobs, their events and their logs.

use serde_json::{Value, json};

use super::super::scenario::{GatewayJobFile, GatewayShape};
use super::{Answer, Look, query_value};

/// Rows of a page, whatever more is asked for.
const MOST: usize = 100;

fn number(query: &str, names: &[&str], otherwise: usize) -> usize {
    names.iter().find_map(|name| query_value(query, name)?.parse().ok()).unwrap_or(otherwise)
}

pub(super) fn list(look: &Look<'_>, query: &str) -> Answer {
    let size = number(query, &["limit", "pageSize"], 20).clamp(1, MOST);
    let page = number(query, &["page"], 1).max(1);
    let mut made: Vec<&GatewayJobFile> = look.gateway.job.iter().filter(|job| job.at.0 <= look.world.now).collect();
    made.sort_by_key(|job| std::cmp::Reverse(job.at));
    let rows = made.iter().skip((page - 1) * size).take(size).map(|one| job(look, one, false)).collect();
    Answer::Page { name: "jobs", rows, total: made.len(), page, size }
}

pub(super) fn about(look: &Look<'_>, one: &GatewayJobFile, rest: &[&str], query: &str) -> Answer {
    match rest {
        [] => Answer::One(job(look, one, true)),
        ["events"] => Answer::One(json!({ "events": events(look, one) })),
        ["logs"] => logs(look, one, query),
        ["metrics"] => Answer::One(json!({ "cpu": { "usage": 12.5 }, "memory": { "usage": 41.0 } })),
        _ => Answer::Absent,
    }
}

fn passed(look: &Look<'_>, moment: Option<super::super::scenario::Span>) -> Option<i64> {
    moment.map(|moment| moment.0).filter(|moment| *moment <= look.world.now)
}

fn status<'a>(look: &Look<'_>, job: &'a GatewayJobFile) -> &'a str {
    if passed(look, job.ended).is_some() {
        &job.end
    } else if passed(look, job.started).is_some() {
        "running"
    } else if passed(look, job.scheduled).is_some() {
        "scheduled"
    } else {
        "pending"
    }
}

fn dollars(cents: u32) -> f64 {
    f64::from(cents) / 100.0
}

fn job(look: &Look<'_>, job: &GatewayJobFile, whole: bool) -> Value {
    let at = |moment: Option<super::super::scenario::Span>| passed(look, moment).map(|moment| look.stamp(moment));
    let ended = passed(look, job.ended).is_some();
    let exit_code = if ended { job.exit_code } else { None };
    let error = if ended { job.error.clone() } else { None };
    let wants = json!({
        "provider": job.provider, "image": job.image, "cpu": job.cpu, "memory": job.memory, "storage": "10Gi",
        "env": { "HF_TOKEN": "do-not-show-me" }, "duration": 86_400,
    });
    let mut body = if matches!(look.gateway.shape, GatewayShape::Documented | GatewayShape::Bare) {
        json!({
            "id": job.id, "provider": job.provider, "status": status(look, job), "image": job.image, "cpu": job.cpu,
            "memory": job.memory, "storage": "10Gi", "duration": 86_400, "gpu": job.gpu, "createdAt": look.stamp(job.at.0),
            "startedAt": at(job.started), "endedAt": at(job.ended),
            "cost": { "current": 0.0, "projected": dollars(job.cents), "currency": "USD" },
        })
    } else {
        json!({
            "id": job.id, "name": job.image, "status": status(look, job), "configuration": wants, "gpu": job.gpu,
            "estimatedCost": format!("{:.4}", dollars(job.cents)), "actualCost": null, "createdAt": look.stamp(job.at.0),
            "updatedAt": look.stamp(job.at.0), "startedAt": at(job.started), "completedAt": at(job.ended),
        })
    };
    if let (Value::Object(fields), true) = (&mut body, whole) {
        fields.insert("config".to_owned(), json!({ "env": { "HF_TOKEN": "do-not-show-me" }, "ports": [] }));
        fields.insert("results".to_owned(), json!({ "exitCode": exit_code, "outputUrl": null }));
        fields.insert("events".to_owned(), json!(life(look, job)));
        fields.insert("error".to_owned(), json!(error));
    }
    body
}

/// The events of a job's life, as they stand in the job itself.
fn life(look: &Look<'_>, job: &GatewayJobFile) -> Vec<Value> {
    let ended = match job.end.as_str() {
        "failed" => "failed",
        "cancelled" => "cancelled",
        _ => "completed",
    };
    let steps = [("created", Some(job.at)), ("scheduled", job.scheduled), ("started", job.started), (ended, job.ended)];
    let told = steps.into_iter().filter_map(|(kind, at)| Some((kind, passed(look, at)?)));
    told.map(|(kind, at)| json!({ "type": kind, "timestamp": look.stamp(at) })).collect()
}

/// All events, with those of the network.
fn events(look: &Look<'_>, job: &GatewayJobFile) -> Vec<Value> {
    let mut all = life(look, job);
    all.extend(job.event.iter().filter(|event| event.at.0 <= look.world.now).map(
        |event| json!({ "type": event.kind, "timestamp": look.stamp(event.at.0), "message": event.message, "provider": job.provider }),
    ));
    all.sort_by_key(|event| event.get("timestamp").map(Value::to_string));
    all
}

fn logs(look: &Look<'_>, job: &GatewayJobFile, query: &str) -> Answer {
    let begun = job.started.or(job.ended).unwrap_or(job.at);
    let tail = number(query, &["tail"], 100);
    let shown = if passed(look, Some(begun)).is_some() { job.log.as_slice() } else { &[] };
    let first = shown.len().saturating_sub(tail);
    let lines = shown.iter().enumerate().skip(first).map(|(number, line)| {
        let after = i64::try_from(number).unwrap_or(0);
        json!({ "timestamp": look.stamp(begun.0 + after), "line": line })
    });
    if query_value(query, "follow").as_deref() == Some("true") {
        let body = lines.map(|line| format!("data: {line}\n\n")).collect::<Vec<_>>().concat();
        return Answer::Raw("text/event-stream", format!(": keep-alive\n\n{body}"));
    }
    Answer::One(json!({ "logs": lines.collect::<Vec<_>>() }))
}
