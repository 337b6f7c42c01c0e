//! What became of webhooks' deliveries: the history of each webhook that has failures, as events.

use serde_json::Value;

use super::client::{Call, Gateway};
use super::details::is_gap;
use super::wire::{number, text, time};
use crate::domain::event::Event;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::source::Gap;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// Webhooks whose history is read in a round.
const MOST: usize = 2;
/// Deliveries of a webhook that are told.
const TOLD: usize = 5;

/// A delivery that did not arrive.
#[derive(Clone, Debug)]
struct Delivery {
    webhook: String,
    at: Timestamp,
    says: String,
}

/// The failed deliveries that were read last.
#[derive(Debug, Default)]
pub struct Deliveries {
    failed: Vec<Delivery>,
    pub(super) gaps: Vec<Gap>,
}

impl Deliveries {
    /// Reads the histories of those webhooks of the list that say they have failures.
    pub async fn read(&mut self, gateway: &Gateway, webhooks: &Value) {
        let failing =
            webhooks.as_array().into_iter().flatten().filter(|row| number(row, &["stats.failed"]).is_some_and(|failed| failed > 0.0));
        let mut fresh = Self::default();
        for row in failing.take(MOST) {
            // An id that is no plain name would lead to another call.
            let Some(id) = text(row, &["id"]).filter(|id| id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))) else {
                continue;
            };
            let name = text(row, &["name"]).unwrap_or_else(|| id.clone());
            let path = format!("plugin-core/webhooks/{id}/history");
            match gateway.get(Call::background(&path, "webhooks/{id}/history").with(&[("status", "failed"), ("limit", "20")])).await {
                Ok(history) => fresh.failed.extend(failed(&name, &history)),
                Err(refusal) if is_gap(&refusal) => {
                    fresh.gaps.push(Gap { what: format!("deliveries of webhook {name}").into(), failure: refusal.failure });
                }
                // An instance without the call, or one that asks for a pause.
                Err(_) => {}
            }
        }
        *self = fresh;
    }

    /// The deliveries as events of the gateway.
    pub fn events(&self, context: &Text) -> impl Iterator<Item = Event> {
        self.failed.iter().map(|delivery| Event {
            of: ResourceKey::new(context, ResourceKind::Cluster, context.clone()),
            at: delivery.at,
            first_at: None,
            count: 1,
            warning: true,
            reason: "DeliveryFailed".into(),
            message: Text::clean(&format!("webhook {}: {}", delivery.webhook, delivery.says)),
        })
    }
}

/// The newest deliveries of a history that did not arrive; not every instance heeds the filter.
fn failed(webhook: &str, history: &Value) -> Vec<Delivery> {
    let rows = history.as_array().into_iter().flatten();
    let lost = rows.filter(|row| text(row, &["status"]).is_some_and(|status| matches!(status.as_str(), "failed" | "retrying")));
    let told = lost.filter_map(|row| {
        let event = text(row, &["eventType"]).unwrap_or_else(|| "an event".to_owned());
        let answer = match (text(row, &["error"]), number(row, &["responseCode"])) {
            (Some(error), _) => error,
            (None, Some(code)) => format!("the receiver answered HTTP {code}"),
            (None, None) => "the receiver did not answer".to_owned(),
        };
        let again = if text(row, &["status"]).as_deref() == Some("retrying") { "tried again" } else { "given up" };
        let tries = number(row, &["attempts"]).map(|tries| format!(", {again} after {tries} tries")).unwrap_or_default();
        Some(Delivery {
            webhook: webhook.to_owned(),
            at: time(row, &["timestamp"])?,
            says: format!("{event} was not delivered: {answer}{tries}"),
        })
    });
    told.take(TOLD).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_did_not_arrive_is_told_with_what_the_receiver_answered() {
        let history = serde_json::json!([
            {"eventType": "job.failed", "timestamp": "2026-01-01T08:25:12Z", "status": "failed", "attempts": 5, "error": "timeout of 10s exceeded"},
            {"eventType": "provider.status.changed", "timestamp": "2026-01-01T08:20:00Z", "status": "retrying", "responseCode": 503, "attempts": 2},
            {"eventType": "job.completed", "timestamp": "2026-01-01T08:15:45Z", "status": "delivered", "responseCode": 200, "attempts": 1},
            {"status": "failed"}, "text",
        ]);
        let told: Vec<String> = failed("hook", &history).into_iter().map(|delivery| delivery.says).collect();
        assert_eq!(
            told,
            [
                "job.failed was not delivered: timeout of 10s exceeded, given up after 5 tries",
                "provider.status.changed was not delivered: the receiver answered HTTP 503, tried again after 2 tries",
            ]
        );
    }
}
