//! Networks as machines that take jobs, and their wallets as quotas. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::normalize::{cents, provider_key, wallet_key};
use super::wire::{self, Provider, Wallet};
use crate::domain::capacity::Resources;
use crate::domain::condition::StatusCondition;
use crate::domain::node::{Node, NodeDetail};
use crate::domain::quota::Quota;
use crate::domain::source::Failure;
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp, age};
use crate::source::quantity::{millis, units};

/// The unit in which wallets are compared with costs.
pub const CENTS: &str = "US cents";

/// From this share of a network's CPU or memory in use it is full.
const FULL_PERCENT: f64 = 95.0;

/// So many times its usual latency is slow.
const SLOW_TIMES: f64 = 5.0;

/// After this the gateway has lost sight of a network.
const UNSEEN: Duration = Duration::from_mins(5);

/// All that was learned of one network.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// Its row in the list.
    pub row: Provider,
    /// Its status, where that was read.
    pub status: Option<Provider>,
    /// Why its status could not be read.
    pub unread: Option<Failure>,
    /// The code that came with that.
    pub unread_code: String,
    /// Its wallet, where that was read by itself.
    pub wallet: Option<Wallet>,
    /// What it has.
    pub capabilities: Option<Value>,
}

impl Network {
    /// The gateway's word for its state, the newest first.
    pub fn word(&self) -> Option<&str> {
        self.status.as_ref().and_then(|status| status.status.as_deref()).or(self.row.status.as_deref())
    }

    /// Whether it takes jobs; `None` where nobody says.
    pub fn is_online(&self) -> Option<bool> {
        if self.unread_code == "PROVIDER_UNAVAILABLE" {
            return Some(false);
        }
        match self.word()? {
            "online" | "healthy" | "connected" | "active" => Some(true),
            "offline" | "degraded" | "unavailable" | "disconnected" | "error" => Some(false),
            _ => None,
        }
    }

    /// Its wallet, from wherever it was read.
    pub fn purse(&self) -> Option<&Wallet> {
        self.wallet.as_ref().or_else(|| self.status.as_ref()?.wallet.as_ref()).or(self.row.wallet.as_ref())
    }
}

/// A network as a machine.
pub fn node(context: &Text, network: &Network, now: Timestamp) -> Node {
    let amounts = |pick: fn(wire::Span) -> Option<String>| {
        network.capabilities.as_ref().map(|capabilities| {
            let of = |name: &str| pick(wire::span(capabilities, name));
            Resources {
                // Figures are thousandths of a core, as in jobs.
                cpu_millis: of("cpu").and_then(|text| millis(&text)).map_or(0, |thousandths| thousandths / 1_000),
                memory_bytes: of("memory").and_then(|text| units(&text)).unwrap_or(0),
                storage_bytes: of("storage").and_then(|text| units(&text)).unwrap_or(0),
                gpus: of("gpu").and_then(|text| units(&text)).unwrap_or(0),
                neuron: 0,
                pods: 0,
            }
        })
    };
    Node {
        key: provider_key(context, &network.row.id),
        group: Some(Text::clean(&network.row.kind)),
        is_worker: true,
        instance_type: Text::clean(&network.row.kind),
        spot: false,
        price_milli_usd: None,
        capacity: amounts(|span| span.most.or(span.free)).unwrap_or_default(),
        free: amounts(|span| span.free.or(span.most)).unwrap_or_default(),
        replicas: None,
        ready: network.is_online(),
        created_at: None,
        detail: Some(Arc::new(detail(network, now))),
    }
}

fn detail(network: &Network, now: Timestamp) -> NodeDetail {
    let mut labels = BTreeMap::new();
    let mut label = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            labels.insert(Text::clean(name), Text::clean(&value));
        }
    };
    label("endpoint", network.row.endpoint.clone());
    label("version", network.row.version.clone());
    label("nodes", network.status.as_ref().and_then(|status| status.nodes).or(network.row.nodes).map(|nodes| nodes.to_string()));
    label("price of CPU", network.row.price.map(|price| price.to_string()));
    // Told by a mark of its own, so that nobody takes unread figures for nothing free.
    label("capabilities", network.capabilities.as_ref().map(|_| "read".to_owned()));
    NodeDetail { labels, conditions: conditions(network, now), ..NodeDetail::default() }
}

fn conditions(network: &Network, now: Timestamp) -> Vec<StatusCondition> {
    let status = network.status.as_ref();
    let condition = |name: &str, holds: Option<bool>, reason: String, message: &str, since: Option<Timestamp>| StatusCondition {
        name: name.into(),
        holds,
        reason: reason.into(),
        message: message.into(),
        since,
    };
    let error = status.and_then(|status| status.error.as_deref()).or(network.row.error.as_deref()).unwrap_or_default();
    let checked = status.and_then(|status| status.checked_at).or(network.row.checked_at);
    let mut all = vec![condition("status", network.is_online(), network.word().unwrap_or("unknown").to_owned(), error, None)];
    if let Some(failure) = &network.unread {
        all.push(condition("statusCall", Some(false), network.unread_code.clone(), &failure.message, None));
    }
    if let Some(checked) = checked {
        all.push(condition("lastChecked", Some(age(now, checked) <= UNSEEN), checked.to_string(), "", Some(checked)));
    }
    if let Some(status) = status {
        let load = [("cpu", status.load.0), ("memory", status.load.1)];
        let told: Vec<String> = load.iter().filter_map(|(name, load)| Some(format!("{name} {} %", (*load)?))).collect();
        if !told.is_empty() {
            let full = load.iter().any(|(_, load)| load.is_some_and(|load| load >= FULL_PERCENT));
            all.push(condition("networkLoad", Some(full), told.join(", "), "", None));
        }
    }
    if let Some((latency, usual)) = status.and_then(|status| status.latency).zip(network.row.usual_latency) {
        let slow = usual > 0.0 && latency > usual * SLOW_TIMES;
        all.push(condition("latency", Some(slow), format!("{latency} ms, usually {usual} ms"), "", None));
    }
    all
}

/// A network's wallet, in cents where its worth is known, in millionths of its coin otherwise.
pub fn wallet(context: &Text, network: &Network) -> Option<Quota> {
    let purse = network.purse()?;
    let (limit, unit) = match purse.usd.and_then(cents) {
        Some(cents) => (cents, CENTS.to_owned()),
        None => (purse.amount.as_deref()?.parse().ok()?, purse.coin.clone().unwrap_or_else(|| "coins".to_owned())),
    };
    // Nothing is nothing in every coin, whatever it is said to be worth.
    let empty = purse.amount.as_deref().is_some_and(|amount| amount.parse::<f64>() == Ok(0.0));
    let mut title = format!("wallet of {}", network.row.id);
    if let (Some(amount), Some(coin)) = (&purse.amount, &purse.coin) {
        title = format!("{title}: {amount} {coin}");
    }
    Some(Quota {
        key: wallet_key(context, &network.row.id),
        title: Text::clean(&title),
        family: Text::clean(&network.row.kind),
        spot: false,
        limit: Some(if empty { 0 } else { limit }),
        is_default: false,
        usage: None,
        unit: Text::clean(&unit),
        adjustable: true,
        requests: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_network_tells_what_is_free_and_what_ails_it() {
        let now: Timestamp = "2026-01-01T09:10:00Z".parse().unwrap();
        let network = Network {
            row: wire::provider(&json!({"id": "provider_akash_main", "type": "akash", "status": "online", "metrics": {"latency": 120}}))
                .unwrap(),
            status: wire::provider(&json!({
                "id": "provider_akash_main", "status": "online", "latency": 2140, "lastChecked": "2026-01-01T09:00:00Z",
                "walletBalance": {"denom": "uakt", "amount": "0", "usdValue": 0.31}, "networkLoad": {"cpu": 98, "memory": 96},
            })),
            capabilities: Some(json!({"cpu": {"max": 8000, "available": 4000}, "memory": "12Gi", "gpu": {"max": 1, "available": 0}})),
            ..Network::default()
        };
        let node = node(&"gw".into(), &network, now);
        assert_eq!((node.free.cpu_millis, node.capacity.cpu_millis, node.free.gpus, node.free.memory_bytes), (4_000, 8_000, 0, 12 << 30));
        let held: Vec<(&str, Option<bool>)> =
            node.detail.as_ref().unwrap().conditions.iter().map(|told| (told.name.as_str(), told.holds)).collect();
        assert_eq!(held, [("status", Some(true)), ("lastChecked", Some(false)), ("networkLoad", Some(true)), ("latency", Some(true))]);
        assert_eq!(wallet(&"gw".into(), &network).unwrap().limit, Some(0), "no coin, whatever it is worth");
    }
}
