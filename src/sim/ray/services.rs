//! Anyscale's service API: services, their events, who asks.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::scenario::{RayServiceFile, RayVersionFile};
use super::{Answer, Look};

/// Services in one answer at most; more come with the next page.
const PAGE: usize = 2;

pub(super) fn route(look: &Look<'_>, rest: &str) -> Answer {
    let parts: Vec<&str> = rest.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["userinfo"] => Answer::good(json!({ "result": { "id": "usr_1", "email": "on-call@example.com", "organization_ids": ["org_1"] } })),
        ["services-v2"] => list(look),
        ["services-v2", id] => match found(look, id) {
            Some((index, service)) => Answer::good(json!({ "result": one(look, index, service) })),
            None => missing(),
        },
        ["events", "service", id, "events"] => match found(look, id) {
            Some((_, service)) => events(look, service),
            None => missing(),
        },
        _ => missing(),
    }
}

fn missing() -> Answer {
    Answer::Json(StatusCode::NOT_FOUND, json!({ "error": { "detail": "Not Found" } }))
}

fn service_id(index: usize) -> String {
    format!("service2_{index:024}")
}

fn found<'a>(look: &'a Look<'_>, id: &str) -> Option<(usize, &'a RayServiceFile)> {
    look.ray.service.iter().enumerate().find(|(index, _)| service_id(*index) == id)
}

fn list(look: &Look<'_>) -> Answer {
    let from = look.asked("paging_token").and_then(|token| token.strip_prefix("page-")?.parse::<usize>().ok()).unwrap_or(0);
    let count = look.asked("count").and_then(|count| count.parse::<usize>().ok()).unwrap_or(PAGE).min(PAGE);
    let all = &look.ray.service;
    let rows: Vec<Value> = all.iter().enumerate().skip(from).take(count).map(|(index, service)| one(look, index, service)).collect();
    let next = (from + count < all.len()).then(|| format!("page-{}", from + count));
    Answer::good(json!({ "results": rows, "metadata": { "total": all.len(), "next_paging_token": next } }))
}

fn stamp(look: &Look<'_>, moment: i64) -> String {
    look.world.stamp(moment).strftime("%Y-%m-%dT%H:%M:%S.000000+00:00").to_string()
}

fn version(look: &Look<'_>, service: &RayServiceFile, index: usize, version: &RayVersionFile) -> Value {
    json!({
        "id": format!("svcver_{index:016}{:0>8}", version.name), "version": version.name, "created_at": stamp(look, service.at.0),
        "current_state": version.state, "weight": version.target, "current_weight": version.weight, "target_weight": version.target,
        "production_job_ids": [format!("prodjob_{index:08}")], "ray_serve_config": { "applications": [{ "import_path": "main:app" }] },
        "compute_config_id": "cpt_1", "build_id": "bld_1", "ray_gcs_external_storage_config": null,
    })
}

fn one(look: &Look<'_>, index: usize, service: &RayServiceFile) -> Value {
    let versions: Vec<Value> = service.versions.iter().enumerate().map(|(n, own)| version(look, service, n, own)).collect();
    let checklist: Vec<Value> = service
        .checklist
        .iter()
        .map(|item| {
            json!({
                "kind": item.kind, "label": item.kind.to_lowercase().replace('_', " "), "state": item.state, "message": item.message,
                "version_id": null, "cloud_resource_id": null, "observed_at": stamp(look, look.world.now - 20),
            })
        })
        .collect();
    let shown = (!checklist.is_empty()).then(|| json!({ "shared": checklist, "per_version": [] }));
    json!({
        "id": service_id(index), "name": service.name, "project_id": "prj_1", "cloud_id": "cld_1", "creator_id": "usr_1",
        "created_at": stamp(look, -86_400), "ended_at": null, "hostname": format!("{}.cld-1.s.example.com", service.name),
        "base_url": format!("https://{}.cld-1.s.example.com", service.name), "current_state": service.state, "goal_state": service.goal,
        "auto_rollout_enabled": service.automatic, "is_multi_version": false, "error_message": service.error,
        "primary_version": versions.first(), "canary_version": versions.get(1), "versions": versions,
        "auth_token": "this-must-never-be-shown", "secondary_auth_token": "nor-this",
        "service_status_checklist": shown, "traffic_distribution": null,
    })
}

fn events(look: &Look<'_>, service: &RayServiceFile) -> Answer {
    let mut rows: Vec<(i64, Value)> = service
        .event
        .iter()
        .enumerate()
        .filter(|(_, event)| event.at.0 <= look.world.now)
        .map(|(n, event)| {
            let about = json!({ "current_state": service.state, "goal_state": service.goal, "event_type": event.kind });
            let row = json!({
                "id": format!("evt_{n}"), "created_at": stamp(look, event.at.0), "message": event.message, "origin": event.origin,
                "level": event.level, "cluster_id": null, "metadata": null, "service": about,
            });
            (event.at.0, row)
        })
        .collect();
    rows.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let rows: Vec<Value> = rows.into_iter().map(|(_, row)| row).collect();
    Answer::good(json!({ "results": rows, "metadata": { "total": rows.len(), "next_paging_token": null } }))
}
