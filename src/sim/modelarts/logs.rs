//! The log service: the lines of a service's stream.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Answer, Look, error, service_id, stream_id};

/// The most lines of one answer.
const MOST: u64 = 5_000;

pub(super) fn query(look: &Look<'_>, stream: &str, body: &[u8]) -> Answer {
    let Ok(asked) = serde_json::from_slice::<Value>(body) else {
        return error(StatusCode::BAD_REQUEST, "LTS.0009", "Failed to validate the request body");
    };
    let Some((index, service)) = look.project.service.iter().enumerate().find(|(index, _)| stream_id(*index) == stream) else {
        return error(StatusCode::NOT_FOUND, "LTS.0208", "Log stream does not exist");
    };
    let bound = |name: &str, otherwise: i64| asked.get(name).and_then(Value::as_i64).unwrap_or(otherwise);
    let (from, to) = (bound("start_time", 0), bound("end_time", i64::MAX));
    let limit = asked.get("limit").and_then(Value::as_u64).unwrap_or(50).min(MOST);
    let lines = service.log.iter().enumerate().filter(|(_, line)| line.at.0 <= look.world.now);
    let mut found: Vec<Value> = lines
        .filter_map(|(nth, line)| {
            let at = look.millis(line.at.0);
            let time = look.world.stamp(line.at.0).strftime("[%Y-%m-%d %H:%M:%S +0000]").to_string();
            let labels = json!({ "service_id": service_id(index), "pod": format!("{}-0", service.name) });
            let content = line.line.replace("{time}", &time);
            (from..to).contains(&at).then(|| json!({ "content": content, "line_num": format!("{at}{nth:06}"), "labels": labels }))
        })
        .collect();
    if asked.get("is_desc").and_then(Value::as_bool).unwrap_or_default() {
        found.reverse();
    }
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    (StatusCode::OK, json!({ "count": found.len(), "isQueryComplete": true, "logs": found }))
}
