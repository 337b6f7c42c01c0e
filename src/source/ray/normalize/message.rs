//! What Ray says is wrong with an application, the weightiest first: the autoscaler's refusals of
//! what its replicas wait for, then its deployments' own sentences, then why replicas died, then
//! the application's sentence.
//!
//! A deployment that failed keeps its sentence even when something else is in its way by now, so
//! what a replica without a place waits for stands before it.

use super::application::{Facts, Seen};
use super::sentence;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use crate::domain::workload::PlatformMessage;

/// How bad the state of a deployment is; `None` where all is well.
pub(super) fn weight(status: &str) -> Option<u8> {
    match status {
        "DEPLOY_FAILED" => Some(0),
        "UNHEALTHY" => Some(1),
        "UPDATING" => Some(2),
        "UPSCALING" | "DOWNSCALING" => Some(3),
        "HEALTHY" => None,
        _ => Some(4),
    }
}

/// All of them for one application.
pub(super) fn messages(application: &Text, own: Option<&str>, seen: &[Seen<'_>], facts: &Facts<'_>) -> Vec<PlatformMessage> {
    let mut troubled: Vec<(u8, &Seen<'_>)> = seen.iter().filter_map(|one| Some((weight(one.status)?, one))).collect();
    troubled.sort_by_key(|(weight, one)| (*weight, one.name.clone()));
    let mut messages = Vec::new();
    for (_, one) in &troubled {
        of_deployment(one, facts, &mut messages);
    }
    if let Some(own) = own.filter(|own| !own.trim().is_empty()) {
        messages.push(message("message".to_owned(), sentence(own), None, None));
    }
    if let Some(error) = facts.autoscaler.error.as_deref().filter(|_| troubled.iter().any(|(_, one)| one.waiting > 0)) {
        messages.push(message("autoscalingError".to_owned(), sentence(error), None, None));
    }
    let mut unique: Vec<PlatformMessage> = Vec::new();
    for message in messages {
        if !unique.iter().any(|known| known.text == message.text) && message.text != *application {
            unique.push(message);
        }
    }
    unique
}

fn of_deployment(one: &Seen<'_>, facts: &Facts<'_>, messages: &mut Vec<PlatformMessage>) {
    let field = |part: &str| format!("deployments.{}.{part}", one.name);
    let said = one.message.filter(|said| !said.trim().is_empty());
    let told_of_place = said.is_some_and(|said| said.contains("to be scheduled"));
    let mut coming = false;
    if one.waiting > 0 {
        let about = facts.autoscaler.about(&one.amounts);
        coming = about.first().is_some_and(|(name, ..)| *name == "autoscaler.pending");
        for (name, text, at) in about.into_iter().filter(|(name, ..)| !coming || *name == "autoscaler.pending") {
            // The report says the same as the deployment's own sentence.
            if !(told_of_place && name == "autoscaler.pending_demands") {
                messages.push(message(name.to_owned(), text, None, at));
            }
        }
    }
    // A machine is on its way for it: that it has no place yet is no news.
    if let Some(said) = said.filter(|_| !(coming && told_of_place)) {
        let said = sentence(said);
        let reason = raised(&said).map(|reason| message(field("exception"), Text::clean(reason), None, None));
        messages.push(message(field("message"), said, code(one), None));
        messages.extend(reason);
    } else if said.is_none() && matches!(one.status, "UNHEALTHY" | "DEPLOY_FAILED") {
        messages.push(message(field("status"), Text::clean(one.status), code(one), None));
    }
    if let Some(death) = one.death.as_deref() {
        messages.push(message(field("actor.death_cause"), sentence(death), None, None));
    }
}

/// What brought the state about; with the state itself where something failed, because only both
/// tell what never started from what served before.
fn code(one: &Seen<'_>) -> Option<Text> {
    let trigger = one.trigger?;
    let failed = matches!(one.status, "UNHEALTHY" | "DEPLOY_FAILED");
    Some(if failed { format!("{}, {trigger}", one.status).into() } else { Text::clean(trigger) })
}

/// What a traceback ends with: the exception that was raised last, which is the reason.
fn raised(said: &str) -> Option<&str> {
    let is_traceback = said.lines().any(|line| line.trim_start().starts_with("File \""));
    said.lines().rev().map(str::trim).find(|line| !line.is_empty()).filter(|_| is_traceback)
}

fn message(field: String, text: Text, code: Option<Text>, at: Option<Timestamp>) -> PlatformMessage {
    PlatformMessage { field: field.into(), text, code: code.filter(|code| !code.is_empty()), at }
}
