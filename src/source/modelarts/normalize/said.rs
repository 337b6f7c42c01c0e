//! What the service itself says is wrong, the weightiest first: the description's error, events of
//! the present deployment, flavors that have run out, and what calls were answered with.

use super::super::stage::{self, moment, of_this_deployment};
use super::super::wire::{LogRow, ServiceEvent, Specification};
use super::{Known, newest_result};
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use crate::domain::workload::{Phase, PlatformMessage};

/// The most messages of one service.
const MOST: usize = 8;
/// The most bytes of one.
const LONGEST: usize = 1_000;

/// All that is said of a service.
pub fn messages(known: &Known, phase: Phase, specifications: &[Specification]) -> Vec<PlatformMessage> {
    let mut said: Vec<PlatformMessage> = Vec::new();
    let settled = matches!(phase, Phase::Zero | Phase::Stopping | Phase::Idle);
    if !known.service.error_msg.is_empty() && !settled {
        let at = moment(known.service.transition_at);
        push(&mut said, PlatformMessage { field: "error_msg".into(), text: cleaned(&known.service.error_msg), code: None, at });
    }
    // What went wrong before an update that ended well is over.
    let over = settled || (phase == Phase::Live && !newest_result(known).eq_ignore_ascii_case("FAIL"));
    if !over {
        for event in of_this_deployment(&known.events).into_iter().rev().filter(|event| is_trouble(event)) {
            let message = PlatformMessage {
                field: "events.event_info".into(),
                text: cleaned(&event.event_info),
                code: None,
                at: moment(event.occur_time),
            };
            push(&mut said, message);
        }
    }
    // Once it has a place, what is left elsewhere is no matter.
    let unplaced = stage::reached(&known.events) <= stage::Stage::Placing;
    if unplaced
        && matches!(phase, Phase::Updating | Phase::Failed)
        && known.monitor.as_ref().is_none_or(|figures| runs_none(figures.service_running_instance_count))
    {
        for message in run_out(known, specifications) {
            push(&mut said, message);
        }
    }
    if !settled {
        for message in &known.of_callers {
            push(&mut said, message.clone());
        }
    }
    said.truncate(MOST);
    said
}

fn runs_none(count: Option<u64>) -> bool {
    count.unwrap_or_default() == 0
}

/// Failures, and the end of an update that failed, which the service files as normal.
fn is_trouble(event: &ServiceEvent) -> bool {
    stage::is_abnormal(event) || matches!(stage::word(event), "RolledBack" | "RollbackFailed" | "DeployTimedOut")
}

fn push(said: &mut Vec<PlatformMessage>, message: PlatformMessage) {
    if !said.iter().any(|known| known.text == message.text) {
        said.push(message);
    }
}

fn cleaned(text: &str) -> Text {
    Text::clean_to(text.trim(), LONGEST)
}

/// Flavors of the service of which nothing is left, in the words of the list of flavors.
fn run_out(known: &Known, specifications: &[Specification]) -> Vec<PlatformMessage> {
    let asked = |one: &&Specification| known.service.config.iter().any(|config| config.specification == one.specification);
    let closed = |one: &Specification| match (one.over_quota, one.is_open) {
        (Some(true), _) => Some(("specifications.over_quota", format!("over_quota: true ({})", one.specification))),
        (_, Some(false)) => Some(("specifications.is_open", format!("is_open: false ({})", one.specification))),
        _ => None,
    };
    let message = |(field, text): (&str, String)| PlatformMessage { field: field.into(), text: text.into(), code: None, at: None };
    specifications.iter().filter(asked).filter_map(closed).map(message).collect()
}

/// What calls were answered with, out of the lines of a log since a moment: each sentence once, with
/// its last time, the newest first.
pub fn of_callers(rows: &[LogRow], since: Timestamp) -> Vec<PlatformMessage> {
    let mut found: Vec<PlatformMessage> = Vec::new();
    for row in rows.iter().rev() {
        let at = written_at(row);
        if at.is_some_and(|at| at < since) {
            continue;
        }
        let Some((code, text)) = refusal_in(&row.content) else { continue };
        if !found.iter().any(|known| known.text == text) {
            found.push(PlatformMessage { field: "lts.content".into(), text, code: Some(code), at });
        }
    }
    found
}

/// When a line was written: the first thirteen digits of its number are milliseconds.
pub fn written_at(row: &LogRow) -> Option<Timestamp> {
    moment(row.line_num.get(..13)?.parse().ok())
}

/// The service's own envelope inside a line that a caller wrote.
fn refusal_in(line: &str) -> Option<(Text, Text)> {
    let inside = line.get(line.find('{')?..=line.rfind('}')?)?;
    let value: serde_json::Value = serde_json::from_str(inside).ok()?;
    let code = value.get("error_code")?.as_str().filter(|code| code.starts_with("ModelArts.") || code.starts_with("APIG"))?;
    Some((Text::clean_to(code, 60), cleaned(value.get("error_msg")?.as_str()?)))
}
