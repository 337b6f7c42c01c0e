//! Pages about the installation itself, and its webhooks.

use serde_json::{Value, json};

use super::{Answer, Look, query_value};

pub(super) fn answer(look: &Look<'_>, rest: &[&str], query: &str) -> Answer {
    Answer::One(match rest {
        ["rate-limits"] => json!({ "plan": "free", "limit": look.gateway.limit, "remaining": 12 }),
        ["logs"] => json!({ "logs": logs(look, query) }),
        ["metrics", "resources"] => {
            json!({ "cpu": { "usage": 31.5 }, "memory": { "used": 6_442_450_944_u64, "total": 16_777_216_000_u64 } })
        }
        ["storage"] => json!({ "total": 107_374_182_400_u64, "used": 42_949_672_960_u64, "free": 64_424_509_440_u64 }),
        ["database", "status"] => json!({ "status": "healthy", "latency": 4, "version": "16.3" }),
        ["database", "connections"] => json!({ "active": 4, "idle": 6, "waiting": 0, "max": 20 }),
        ["containers"] => json!([
            { "id": "c0ffee02", "name": "cortex-api", "image": "cortex/api:1.4", "state": "running", "status": "Up 3 days", "restartCount": 0 },
        ]),
        ["services", "metrics"] => json!({ "name": "metrics", "status": "running" }),
        _ => return Answer::Absent,
    })
}

pub(super) fn permissions() -> Answer {
    Answer::One(json!({ "role": "viewer", "permissions": [{ "resource": "jobs", "actions": ["read"] }] }))
}

fn logs(look: &Look<'_>, query: &str) -> Vec<Value> {
    let wanted = |name: &str, value: Option<&str>| query_value(query, name).is_none_or(|asked| Some(asked.as_str()) == value);
    let mut lines: Vec<_> = look
        .gateway
        .log
        .iter()
        .filter(|line| {
            line.at.0 <= look.world.now && wanted("service", Some(&line.service)) && wanted("provider", line.provider.as_deref())
        })
        .collect();
    lines.sort_by_key(|line| line.at);
    lines
        .into_iter()
        .map(|line| {
            json!({
                "timestamp": look.stamp(line.at.0), "level": "error", "service": line.service, "message": line.message,
                "correlationId": "corr-1a2b3c4d", "jobId": line.job, "providerId": line.provider,
                "error": { "code": line.code, "message": line.error, "details": { "timeout": line.timeout, "attempts": 3 } },
            })
        })
        .collect()
}

pub(super) fn webhooks() -> Answer {
    Answer::Page { name: "webhooks", rows: Vec::new(), total: 0, page: 1, size: 20 }
}

pub(super) fn deliveries(look: &Look<'_>) -> Answer {
    let one = json!({
        "id": "delivery_1a2b3c4d", "eventId": "evt_1234abcd", "eventType": "job.completed", "timestamp": look.stamp(look.world.now),
        "status": "delivered", "responseCode": 200, "responseTime": 120, "attempts": 1,
    });
    Answer::Page { name: "deliveries", rows: vec![one], total: 1, page: 1, size: 20 }
}
