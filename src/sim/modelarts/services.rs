//! Services: the list, one with all it has, its events, updates and figures; and what limits them.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Answer, Look, PROJECT, service_id, stream_id};
use crate::sim::scenario::{ModelArtsServiceFile, ModelArtsVersionFile};

/// The group of all streams.
const LOG_GROUP: &str = "11111111-2222-3333-4444-555555555555";

/// Flavor, category, vCPUs, memory in GB, accelerators.
const FLAVORS: &[(&str, &str, f64, u32, f64)] =
    &[("modelarts.vm.cpu.2u", "CPU", 2.0, 8, 0.0), ("modelarts.vm.gpu.pnt004", "GPU", 8.0, 32, 1.0)];

pub(super) fn list(look: &Look<'_>, query: &str) -> Answer {
    let asked = |name: &str| form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let number = |name: &str, otherwise: usize| asked(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let (offset, limit) = (number("offset", 0), number("limit", 1_000).min(1_000));
    let all = look.project.service.iter().enumerate();
    let page: Vec<Value> = all.skip(offset).take(limit).map(|service| Value::Object(common(look, service))).collect();
    (StatusCode::OK, json!({ "total_count": look.project.service.len(), "count": page.len(), "services": page }))
}

/// What both the list and the description say.
fn common(look: &Look<'_>, (index, service): (usize, &ModelArtsServiceFile)) -> Map<String, Value> {
    let since = look.millis(service.at.0);
    let mut fields = Map::new();
    let said = json!({
        "service_id": service_id(index), "service_name": service.name, "description": "",
        "tenant": "b575785bcece44beb23597770fb819f9", "project": PROJECT, "owner": "c1d2e3f405162738495a6b7c8d9eafb0",
        "infer_type": "real-time", "workspace_id": "0", "status": service.status, "publish_at": since, "transition_at": since,
        "operation_time": since, "invocation_times": service.calls, "failed_times": service.failed, "is_shared": false,
        "shared_count": 0, "is_free": false, "is_opened_sample_collection": "false", "additional_properties": {},
    });
    if let Value::Object(said) = said {
        fields.extend(said);
    }
    if let Some(progress) = service.progress {
        fields.insert("progress".to_owned(), json!(progress));
    }
    fields
}

pub(super) fn detail(look: &Look<'_>, (index, service): (usize, &ModelArtsServiceFile)) -> Answer {
    let mut fields = common(look, (index, service));
    let config: Vec<Value> = service.version.iter().map(version).collect();
    let address = format!("https://1a2b3c4d5e6f.apigw.{}.otc.t-systems.com/v1/infers/{}", look.project.region, service_id(index));
    fields.extend([
        ("config".to_owned(), json!(config)),
        ("update_time".to_owned(), json!(look.millis(service.at.0))),
        ("access_address".to_owned(), if service.status == "running" { json!(address) } else { Value::Null }),
    ]);
    if let Some(error) = &service.error {
        fields.insert("error_msg".to_owned(), json!(error));
    }
    if !service.log.is_empty() {
        let channel = json!({ "log_group_id": LOG_GROUP, "log_stream_id": stream_id(index) });
        fields.insert("additional_properties".to_owned(), json!({ "log_report_channels": [{ "type": "LTS", "configuration": channel }] }));
    }
    (StatusCode::OK, Value::Object(fields))
}

fn version(version: &ModelArtsVersionFile) -> Value {
    let status = match version.running {
        0 => "notReady",
        some if some < version.instances => "concerning",
        _ => "ready",
    };
    json!({
        "model_id": model_id(version), "model_name": version.model, "model_version": version.version, "specification": version.flavor,
        "custom_spec": {}, "status": status, "weight": version.weight, "instance_count": version.instances, "scaling": false,
        "envs": { "API_TOKEN": "a-secret-of-the-service" }, "additional_properties": {}, "support_debug": false,
    })
}

fn model_id(version: &ModelArtsVersionFile) -> String {
    format!("f565ac47-6239-4e8c-b2dc-{:0>12}", version.version.replace('.', ""))
}

pub(super) fn events(look: &Look<'_>, (index, service): (usize, &ModelArtsServiceFile)) -> Answer {
    let mut happened: Vec<_> = service.event.iter().filter(|event| event.at.0 <= look.world.now).collect();
    happened.sort_by_key(|event| std::cmp::Reverse(event.at));
    let events: Vec<Value> = happened
        .iter()
        .map(|event| {
            let kind = if event.abnormal { "abnormal" } else { "normal" };
            json!({ "event_type": kind, "event_info": event.says, "occur_time": look.millis(event.at.0) })
        })
        .collect();
    let body = json!({
        "service_id": service_id(index), "service_name": service.name, "total_count": events.len(), "count": events.len(), "events": events,
    });
    (StatusCode::OK, body)
}

pub(super) fn updates(look: &Look<'_>, (index, service): (usize, &ModelArtsServiceFile)) -> Answer {
    let mut begun: Vec<_> = service.update.iter().filter(|update| update.at.0 <= look.world.now).collect();
    begun.sort_by_key(|update| std::cmp::Reverse(update.at));
    let model = service.version.first().map_or("model", |version| version.model.as_str());
    let logs: Vec<Value> = begun
        .iter()
        .map(|update| {
            let config = json!([{ "model_name": model, "model_version": update.version, "weight": 100, "instance_count": 1 }]);
            json!({ "update_time": look.millis(update.at.0), "result": update.result, "config": config, "extend_config": [] })
        })
        .collect();
    (StatusCode::OK, json!({ "service_id": service_id(index), "service_name": service.name, "logs": logs }))
}

pub(super) fn monitor(_: &Look<'_>, (index, service): (usize, &ModelArtsServiceFile)) -> Answer {
    let share = |version: &ModelArtsVersionFile, of: u64| of * u64::from(version.weight) / 100;
    let monitors: Vec<Value> = service
        .version
        .iter()
        .map(|version| {
            json!({
                "model_id": model_id(version), "model_name": version.model, "model_version": version.version,
                "model_running_instance_count": version.running, "model_instance_count": version.instances,
                "invocation_times": share(version, service.calls), "failed_times": share(version, service.failed),
                "cpu_core_usage": 1.9, "cpu_core_total": 6, "cpu_memory_usage": 9_890, "cpu_memory_total": 24_576,
            })
        })
        .collect();
    let total = |count: fn(&ModelArtsVersionFile) -> u32| service.version.iter().map(count).sum::<u32>();
    let body = json!({
        "service_id": service_id(index), "service_name": service.name, "req_count_per_min": service.calls.min(1_240),
        "service_running_instance_count": total(|version| version.running),
        "service_instance_count": total(|version| version.instances), "monitors": monitors,
    });
    (StatusCode::OK, body)
}

pub(super) fn specifications(look: &Look<'_>) -> Answer {
    let rows: Vec<Value> = FLAVORS
        .iter()
        .map(|(name, category, cpu, memory, gpu)| {
            json!({
                "specification": name, "billing_spec": name, "category": category, "cpu_info": { "arch": "x86", "cpu": cpu },
                "memory_info": { "unit": "GB", "memory": memory }, "gpu_info": { "unit": "GB", "gpu": gpu, "memory": 16 },
                "display_en": format!("CPU: {cpu} vCPUs | {memory} GiB"), "is_open": true, "spec_status": "normal", "is_free": false,
                "over_quota": look.project.sold_out.iter().any(|sold_out| sold_out == name),
            })
        })
        .collect();
    (StatusCode::OK, json!({ "total_count": rows.len(), "count": rows.len(), "specifications": rows }))
}

pub(super) fn project_quotas() -> Answer {
    let rows = json!([{ "type": "pool", "quota": 15, "used": 1 }, { "type": "network", "quota": "15", "used": "1" }]);
    (StatusCode::OK, json!({ "quotas": { "resources": rows } }))
}

pub(super) fn workspace_quotas(look: &Look<'_>) -> Answer {
    let row = |resource: &str, quota: i64, used: usize, title: &str| {
        json!({
            "resource": resource, "quota": quota, "min_quota": -1, "max_quota": -1, "used_quota": used, "name_en": title, "unit_en": "",
            "update_time": look.millis(look.world.now),
        })
    };
    let services = row("service.realtime.count", look.project.service_quota, look.project.service.len(), "Real-time services");
    (StatusCode::OK, json!({ "quotas": [services, row("service.gpu_specification.count", -1, 1, "GPU instances")] }))
}
