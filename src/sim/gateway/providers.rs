//! Networks: their state, wallet, capabilities and prices.

use serde_json::{Value, json};

use super::super::scenario::{GatewayProviderFile, GatewayShape};
use super::{Answer, Look};

pub(super) fn list(look: &Look<'_>) -> Answer {
    let rows: Vec<Value> = look.gateway.provider.iter().map(|one| row(look, one)).collect();
    let total = rows.len();
    Answer::Page { name: "providers", rows, total, page: 1, size: 20 }
}

pub(super) fn about(look: &Look<'_>, provider: &GatewayProviderFile, rest: &[&str]) -> Answer {
    match rest {
        [] => Answer::One(row(look, provider)),
        ["status"] if provider.hangs => Answer::Silence,
        ["status"] => Answer::One(status(look, provider)),
        ["wallet"] => Answer::One(json!({ "providerId": provider.id, "balance": balance(provider) })),
        ["capabilities"] => Answer::One(json!({
            "providerId": provider.id,
            "cpu": { "max": provider.cpu.max(8_000), "available": provider.cpu },
            "memory": { "max": provider.memory, "available": provider.memory },
            "storage": { "max": "900Gi", "available": "900Gi" },
            "gpu": { "models": ["t4"], "max": provider.gpu.max(1), "available": provider.gpu },
        })),
        ["pricing"] => Answer::One(json!({ "cpu": 0.02, "memory": 0.01, "storage": 0.001, "currency": "USD" })),
        _ => Answer::Absent,
    }
}

fn balance(provider: &GatewayProviderFile) -> Value {
    json!({ "denom": "uakt", "amount": provider.wallet, "usdValue": f64::from(provider.wallet_cents) / 100.0 })
}

fn checked(look: &Look<'_>, provider: &GatewayProviderFile) -> String {
    look.stamp(provider.checked.map_or(look.world.now, |checked| checked.0))
}

fn row(look: &Look<'_>, provider: &GatewayProviderFile) -> Value {
    if look.gateway.shape == GatewayShape::Dashboard {
        return json!({
            "name": provider.id, "network": provider.kind, "connected": provider.status == "online", "status": provider.status,
            "latency": provider.latency, "availableNodes": 12, "currentPrice": 0.057, "lastChecked": checked(look, provider),
        });
    }
    json!({
        "id": provider.id, "name": format!("{} network", provider.kind), "type": provider.kind, "status": provider.status,
        "endpoints": [format!("https://{}.example.net:443", provider.kind)], "version": "0.20.0",
        "metrics": { "latency": 120, "uptime": 99.8, "jobsCompleted": 156, "jobsFailed": 3 },
        "pricing": { "cpu": 0.02, "memory": 0.01, "storage": 0.001, "currency": "USD" },
        "config": { "apiKey": "do-not-show-me" },
    })
}

fn status(look: &Look<'_>, provider: &GatewayProviderFile) -> Value {
    json!({
        "id": provider.id, "status": provider.status, "latency": provider.latency, "lastChecked": checked(look, provider),
        "version": "0.20.0", "nodeCount": if provider.status == "online" { 12 } else { 0 }, "walletBalance": balance(provider),
        "networkLoad": { "cpu": provider.load, "memory": provider.load, "storage": 40 }, "error": provider.error,
    })
}
