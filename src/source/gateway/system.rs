//! Pages about the installation itself: one of them a poll, in turns, slowly. An instance that
//! lacks one is not asked for it again.

use serde_json::Value;

use super::client::{Call, Gateway};
use super::deliveries::Deliveries;
use super::details::is_gap;
use super::wire::{number, text};
use crate::domain::event::Event;
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::quota::{Quota, Usage};
use crate::domain::snapshot::View;
use crate::domain::source::Gap;
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp, age};

/// A page is read anew after this.
const EVERY: Duration = Duration::from_mins(5);

/// From this share of a disk or a memory in use it is nearly full.
const NEARLY_FULL: f64 = 90.0;

/// The page of webhooks, of which those with failures have a history.
const WEBHOOKS: &str = "plugin-core/webhooks";

/// Pages, the most telling first.
const PAGES: &[&str] = &[
    "health",
    "system/containers",
    "system/storage",
    "system/database/connections",
    "system/database/status",
    "system/metrics/resources",
    "system/rate-limits",
    "users/me/permissions",
    WEBHOOKS,
    "system/services/metrics",
    "system/requirements",
    "system/database/slow-queries",
];

/// What was read of the pages.
#[derive(Debug, Default)]
pub struct System {
    pages: Vec<(&'static str, Timestamp, Option<Value>)>,
    gaps: Vec<Gap>,
    deliveries: Deliveries,
}

impl System {
    /// Reads up to `most` pages that are due.
    pub async fn read(&mut self, gateway: &Gateway, now: Timestamp, most: usize) {
        let due = |page: &&&str| !gateway.lacks(page) && self.pages.iter().all(|(known, at, _)| known != *page || age(now, *at) > EVERY);
        let wanted: Vec<&'static str> = PAGES.iter().filter(due).take(most).copied().collect();
        for page in wanted {
            let answer = gateway.get(Call::background(page, page)).await;
            self.pages.retain(|(known, _, _)| *known != page);
            self.gaps.retain(|gap| gap.what.as_str() != page);
            match answer {
                Ok(value) => {
                    if page == WEBHOOKS {
                        self.deliveries.read(gateway, &value).await;
                    }
                    self.pages.push((page, now, Some(value)));
                }
                Err(refusal) => {
                    if refusal.failure.retry_after.is_some() {
                        return;
                    }
                    if is_gap(&refusal) {
                        self.gaps.push(Gap { what: page.into(), failure: refusal.failure });
                    }
                    self.pages.push((page, now, None));
                }
            }
        }
    }

    /// The role of the key, where the gateway tells.
    pub fn role(&self) -> Option<Text> {
        text(self.page("users/me/permissions")?, &["role"]).map(Text::from)
    }

    fn page(&self, name: &str) -> Option<&Value> {
        self.pages.iter().find(|(known, _, _)| *known == name).and_then(|(_, _, value)| value.as_ref())
    }

    /// Adds what the pages tell.
    pub fn tell(&self, context: &Text, view: &mut View) {
        view.gaps.extend(self.gaps.iter().chain(&self.deliveries.gaps).cloned());
        view.events.extend(self.deliveries.events(context));
        for (name, at, value) in &self.pages {
            let Some(value) = value else { continue };
            let key = ResourceKey::new(context, ResourceKind::Object, *name);
            view.quotas.extend(figures(context, name, value, *at));
            view.events.extend(troubles(name, value).into_iter().map(|(reason, message)| Event {
                of: ResourceKey::new(context, ResourceKind::Cluster, context.clone()),
                at: *at,
                first_at: None,
                count: 1,
                warning: true,
                reason: reason.into(),
                message: message.into(),
            }));
            view.raw.insert(key, super::poll::record(value));
        }
    }
}

/// What of the installation has a limit.
fn figures(context: &Text, page: &str, value: &Value, at: Timestamp) -> Option<Quota> {
    let (title, unit, used, limit) = match page {
        "system/storage" => {
            let gib = |name: &str| number(value, &[name]).map(|bytes| bytes / 1_073_741_824.0);
            ("disk of the gateway", "GiB", gib("used")?, gib("total")?)
        }
        "system/database/connections" => {
            ("database connections of the gateway", "connections", number(value, &["active"])?, number(value, &["max"])?)
        }
        "system/rate-limits" => {
            let limit = number(value, &["limit"])?;
            ("requests to the gateway a minute", "requests", limit - number(value, &["remaining"])?, limit)
        }
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just before")]
    let whole = |figure: f64| (0.0..1e15).contains(&figure).then_some(figure.round() as u64);
    Some(Quota {
        key: ResourceKey::new(context, ResourceKind::Quota, page),
        title: title.into(),
        family: Text::default(),
        spot: false,
        limit: whole(limit),
        is_default: false,
        usage: whole(used).map(|value| Usage { value, at }),
        unit: unit.into(),
        adjustable: true,
        requests: Vec::new(),
    })
}

/// What on a page is not as it should be: a short word and a sentence.
fn troubles(page: &str, value: &Value) -> Vec<(&'static str, String)> {
    let percent = |used: Option<f64>, total: Option<f64>| Some(used? / total.filter(|total| *total > 0.0)? * 100.0);
    let rows = || value.as_array().into_iter().flatten();
    let name = |row: &Value| text(row, &["name", "id"]).unwrap_or_default();
    match page {
        "health" | "system/database/status" | "system/services/metrics" => {
            let well = ["healthy", "ok", "up", "running", "ready", "connected"];
            let word = text(value, &["status"]).filter(|word| !well.contains(&word.to_ascii_lowercase().as_str()));
            word.map(|word| ("Unhealthy", format!("{page} says {word}"))).into_iter().collect()
        }
        "system/containers" => rows()
            .filter(|row| text(row, &["state"]).is_some_and(|state| state != "running"))
            .map(|row| ("Container", format!("container {}: {}", name(row), text(row, &["status", "state"]).unwrap_or_default())))
            .collect(),
        "system/storage" => percent(number(value, &["used"]), number(value, &["total"]))
            .filter(|share| *share >= NEARLY_FULL)
            .map(|share| ("StorageNearlyFull", format!("{share:.0} % of the gateway's disk is in use")))
            .into_iter()
            .collect(),
        "system/metrics/resources" => ["cpu", "memory", "disk"]
            .iter()
            .filter_map(|name| {
                let of = value.get(name)?;
                let share =
                    percent(number(of, &["used"]), number(of, &["total"])).or_else(|| number(value, &[&format!("{name}.usage"), name]));
                let share = share.or_else(|| number(of, &["used"])).filter(|share| (NEARLY_FULL..=100.0).contains(share))?;
                Some(("ResourceNearlyFull", format!("{share:.0} % of the gateway's {name} is in use")))
            })
            .collect(),
        "system/database/connections" => number(value, &["waiting"])
            .filter(|waiting| *waiting > 0.0)
            .map(|waiting| ("ConnectionsWaiting", format!("{waiting} requests wait for a database connection")))
            .into_iter()
            .collect(),
        "system/requirements" => rows()
            .filter(|row| row.get("ok").and_then(Value::as_bool) == Some(false))
            .map(|row| {
                let of = |field: &'static str| text(row, &[field]).unwrap_or_default();
                ("RequirementMissing", format!("{} should be {}, and is {}", name(row), of("required"), of("found")))
            })
            .collect(),
        "system/database/slow-queries" => rows()
            .take(3)
            .filter_map(|row| Some(("SlowQuery", format!("{} ms: {}", number(row, &["duration"])?, text(row, &["query"])?))))
            .collect(),
        WEBHOOKS => rows()
            .filter_map(|row| {
                let failed = number(row, &["stats.failed"]).filter(|failed| *failed > 0.0)?;
                Some(("WebhookFailed", format!("{failed} deliveries of webhook {} failed", name(row))))
            })
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pages_tell_what_is_not_well_and_nothing_else() {
        let told = |page: &str, value: Value| troubles(page, &value).into_iter().map(|(_, message)| message).collect::<Vec<_>>();
        assert_eq!(told("health", json!({"status": "healthy"})), Vec::<String>::new());
        assert_eq!(told("system/database/status", json!({"status": "degraded"})), ["system/database/status says degraded"]);
        assert_eq!(told("system/storage", json!({"total": 100, "used": 98})), ["98 % of the gateway's disk is in use"]);
        let resources =
            json!({"cpu": {"usage": 94.2}, "memory": {"used": 15_032_385_536_u64, "total": 16_777_216_000_u64}, "disk": {"used": 91.0}});
        assert_eq!(told("system/metrics/resources", resources).len(), 2, "memory is at 89.6 %");
        let containers =
            json!([{"name": "worker", "state": "restarting", "status": "Restarting (137)"}, {"name": "api", "state": "running"}]);
        assert_eq!(told("system/containers", containers), ["container worker: Restarting (137)"]);
        let connections = json!({"active": 20, "waiting": 37, "max": 20});
        assert_eq!(told("system/database/connections", connections), ["37 requests wait for a database connection"]);
    }
}
