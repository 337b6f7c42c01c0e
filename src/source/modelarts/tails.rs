//! The last lines of a service's log, out of the log service.
//!
//! Lines of one stream are not always in order of time, and a stream may hold several services.

use serde_json::json;

use super::client::{Cloud, decode};
use super::normalize::{Known, written_at};
use super::stage::moment;
use super::wire::{LogAnswer, LogRow};
use crate::domain::id::ResourceKey;
use crate::domain::log::LogTail;
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp};
use crate::domain::workload::Phase;

/// Lines of one answer.
const LINES: usize = 60;
/// The most bytes of a tail.
const BYTES: usize = 8 * 1024;
/// How far back a log is read at most.
const FAR: Duration = Duration::from_hours(2);
/// How far back what callers met still counts.
const RECENT: Duration = Duration::from_mins(15);

/// Since when errors of calls count.
pub(super) fn recent(now: Timestamp) -> Timestamp {
    now.saturating_sub(RECENT).unwrap_or(now)
}

/// Since when lines are of interest: the present deployment, or a while.
pub(super) fn since(known: &Known, phase: Phase, now: Timestamp) -> Timestamp {
    let far = now.saturating_sub(FAR).unwrap_or(now);
    let begun = moment(known.service.transition_at).filter(|_| phase == Phase::Updating);
    if phase == Phase::Live { recent(now) } else { begun.unwrap_or(far).max(far) }
}

/// The newest lines between two moments, the oldest first.
pub(super) async fn read(
    cloud: &Cloud,
    (group, stream): (&str, &str),
    service: &str,
    since: Timestamp,
    until: Timestamp,
) -> Result<Vec<LogRow>, Failure> {
    // The end is not part of the window.
    let body = json!({
        "start_time": since.as_millisecond(), "end_time": until.as_millisecond().saturating_add(1_000), "limit": LINES, "is_desc": true,
    });
    let raw = cloud.ask_logs(group, stream, &body).await?;
    let mut rows = decode::<LogAnswer>(&raw, "the answer of the log service")?.logs;
    rows.retain(|row| row.labels.get("service_id").is_none_or(|of| of == service));
    in_order(&mut rows);
    Ok(rows)
}

/// Sorts lines by the time they begin with; lines without one stay behind the line before them.
pub(super) fn in_order(rows: &mut [LogRow]) {
    rows.sort_by(|one, other| one.line_num.cmp(&other.line_num));
    let mut last = String::new();
    let mut keyed: Vec<(String, LogRow)> = Vec::with_capacity(rows.len());
    for row in rows.iter() {
        if let Some(stamp) = stamp(&row.content) {
            stamp.clone_into(&mut last);
        }
        keyed.push((last.clone(), row.clone()));
    }
    keyed.sort_by(|one, other| one.0.cmp(&other.0));
    for (place, (_, row)) in rows.iter_mut().zip(keyed) {
        *place = row;
    }
}

/// `2026-01-01 11:37:31` out of `[2026-01-01 11:37:31 +0000] …`.
fn stamp(line: &str) -> Option<&str> {
    let stamp = line.strip_prefix('[')?.get(..19)?;
    let bytes = stamp.as_bytes();
    (bytes.get(4) == Some(&b'-') && bytes.get(13) == Some(&b':')).then_some(stamp)
}

/// The tail of a log, if it has lines.
pub(super) fn tail(of: ResourceKey, rows: &[LogRow], now: Timestamp) -> Option<LogTail> {
    let mut bytes = 0;
    let fits = |row: &&LogRow| {
        bytes += row.content.len() + 1;
        bytes <= BYTES
    };
    let mut kept: Vec<&str> = rows.iter().rev().take_while(fits).map(|row| row.content.as_str()).collect();
    kept.reverse();
    let lines = Text::clean_lines(&kept.join("\n"), BYTES);
    let at = rows.iter().filter_map(written_at).max().unwrap_or(now).min(now);
    (!lines.is_empty()).then(|| LogTail { workload: Some(of.clone()), of, container: None, previous: false, at, lines })
}

/// There is no log to read.
pub(super) fn no_channel() -> Failure {
    Failure::new(
        FailureKind::NotFound,
        "the service was deployed without a log channel, and ModelArts gives its log out in the console only",
        "deploy it with a channel to LTS, or set log_group and log_stream in the [modelarts] section of this context",
    )
}
