//! What recorded bodies come to: phases, instances, versions, messages, quotas, logs.

#![expect(clippy::unwrap_used, reason = "a test says so by failing")]

use holdup::domain::workload::Phase;
use holdup::source::modelarts::refusal::Envelope;
use serde_json::json;

use super::server::{Replay, fixture, one, poll, source, text, workload};

async fn view(replay: Replay) -> std::sync::Arc<holdup::domain::snapshot::View> {
    poll(source(&replay.serve().await).as_mut()).await.unwrap()
}

#[tokio::test]
async fn every_state_of_the_list_has_its_phase_and_keeps_its_word() {
    let view = view(Replay::default().fixture("/services", "services_list.json")).await;
    let expected = [
        ("embed-large", Phase::Failed, "failed"),
        ("llm-chat-prod", Phase::Updating, "deploying 80 %"),
        ("mnist-vision", Phase::Short, "concerning"),
        ("ocr-gateway", Phase::Live, "running"),
        ("old-demo", Phase::Zero, "stopped"),
        ("rerank-gpu", Phase::Updating, "waiting"),
    ];
    let found: Vec<(&str, Phase, &str)> =
        view.workloads.iter().map(|one| (one.key.name.as_str(), one.status.phase, one.status.native.as_str())).collect();
    assert_eq!(found, expected);
    assert!(view.gaps.iter().any(|gap| gap.what.contains("description")), "what cannot be read is told: {:?}", view.gaps);
    let mut strange = fixture("services_list.json");
    strange["services"][0]["status"] = json!("hibernating");
    let view = self::view(Replay::default().json("/services", &strange)).await;
    let odd = workload(&view, "ocr-gateway");
    assert_eq!((odd.status.phase, odd.status.native.as_str()), (Phase::Unrecognized, "hibernating"));
}

#[tokio::test]
async fn a_deployment_tells_its_stage_its_versions_and_its_settings_in_either_order_of_events() {
    for events in ["events_deploying_stuck_starting.json", "events_deploying_ascending.json"] {
        let view = view(one("service_deploying_stuck.json", events, "update_logs_running.json", None)).await;
        let found = workload(&view, "llm-chat-prod");
        assert_eq!(found.status.native, *"deploying 80 %, starting the model", "{events}");
        let counts = found.replicas.unwrap();
        assert_eq!((counts.desired, counts.ready, counts.not_ready, counts.pending), (Some(2), 0, 2, 0));
        assert_eq!(found.versions.iter().map(|version| version.id.as_str()).collect::<Vec<_>>(), ["llm-chat 3.0.0", "llm-chat 2.9.1"]);
        assert_eq!(found.surge_and_unavailable(), Some((1, 0)));
        assert!(found.messages.is_empty(), "{:?}", found.messages);
        assert_eq!(view.events.len(), 9);
    }
}

#[tokio::test]
async fn what_the_service_says_is_wrong_is_kept_in_its_words() {
    let cases = [
        ("service_failed.json", "events_pull_failed.json", "update_logs_running.json", "embed-large", "No resources are available"),
        ("service_deploying_stuck.json", "events_deploy_timeout.json", "update_logs_running.json", "llm-chat-prod", "deployment timed out"),
        ("service_deploying_stuck.json", "events_pod_container_failed.json", "update_logs_running.json", "llm-chat-prod", "pod container"),
        ("service_waiting.json", "events_stuck_scheduling.json", "update_logs_running.json", "rerank-gpu", "Insufficient nvidia.com/gpu"),
        ("service_canary.json", "events_update_rolled_back.json", "update_logs_failed.json", "ocr-gateway", "has been rolled back"),
        ("service_canary.json", "events_rollback_failed.json", "update_logs_failed.json", "ocr-gateway", "The rollback failed"),
    ];
    for (detail, events, updates, name, words) in cases {
        let view = view(one(detail, events, updates, None)).await;
        let found = workload(&view, name);
        assert!(found.messages[0].text.contains(words), "{events}: {:?}", found.messages);
    }
    let view = view(one("service_waiting.json", "events_empty.json", "update_logs_running.json", None)).await;
    let found = workload(&view, "rerank-gpu");
    assert_eq!(found.messages[0].field, *"specifications.over_quota", "{:?}", found.messages);
    assert_eq!(found.replicas.unwrap().pending, 1);
}

#[tokio::test]
async fn figures_count_instances_and_states_do_where_there_are_none() {
    let replay = one("service_concerning_restarts.json", "events_empty.json", "update_logs_running.json", Some("monitor_concerning.json"));
    let view = self::view(replay).await;
    let counts = workload(&view, "mnist-vision").replicas.unwrap();
    assert_eq!((counts.desired, counts.ready, counts.not_ready), (Some(3), 1, 2));
    let replay = one("service_running.json", "events_empty.json", "events_empty.json", Some("monitor_minimal.json"));
    let view = self::view(replay).await;
    let found = view.workloads.first().unwrap();
    assert_eq!(found.status.phase, Phase::Live);
    assert_eq!(found.replicas.unwrap().ready, found.replicas.unwrap().desired.unwrap());
    let canary = self::view(one("service_canary.json", "events_empty.json", "events_empty.json", None)).await;
    let found = workload(&canary, "ocr-gateway");
    assert_eq!(found.status.phase, Phase::Short, "the new version is in trouble while it gets traffic");
    let shares: Vec<Option<u32>> = found.versions.iter().map(|version| version.traffic).collect();
    assert_eq!(shares, [Some(10), Some(90)]);
    let edge = self::view(one("service_edge_nodes.json", "events_empty.json", "events_empty.json", None)).await;
    assert_eq!(workload(&edge, "old-demo").kind, *"edge");
}

#[tokio::test]
async fn quotas_come_as_numbers_and_as_text_and_minus_one_is_no_limit() {
    let view = view(one("service_running.json", "events_empty.json", "events_empty.json", None)).await;
    let quotas: Vec<(&str, Option<u64>, Option<u64>)> =
        view.quotas.iter().map(|quota| (quota.key.name.as_str(), quota.limit, quota.usage.map(|usage| usage.value))).collect();
    let expected = [
        ("network", Some(15), Some(10)),
        ("pool", Some(15), Some(15)),
        ("service.gpu_specification.count", None, Some(3)),
        ("service.realtime.count", Some(20), Some(20)),
    ];
    assert_eq!(quotas, expected);
}

#[tokio::test]
async fn pages_are_read_to_the_end_in_either_reading_of_the_offset() {
    let page = |from: usize| {
        let mut list = fixture("services_list.json");
        let services: Vec<_> = list["services"].as_array().unwrap()[from..from + 3].to_vec();
        list["count"] = json!(3);
        list["services"] = json!(services);
        list
    };
    // The second answer repeats the first: the offset counts pages here.
    for answers in [vec![page(0), page(3)], vec![page(0), page(0), page(3)]] {
        let replay = answers.iter().fold(Replay::default(), |replay, page| replay.json("/services", page));
        let view = view(replay.clone()).await;
        assert_eq!(view.workloads.len(), 6);
        let last = replay.asked().into_iter().rfind(|path| path.contains("/services?")).unwrap();
        assert!(last.contains(if answers.len() == 2 { "offset=3" } else { "offset=1" }), "{last}");
    }
}

#[tokio::test]
async fn a_log_of_the_service_is_read_where_it_has_a_channel() {
    let mut detail = fixture("service_concerning_restarts.json");
    // The channel may come as text inside text.
    let configuration = json!({ "log_group_id": "g", "log_stream_id": "s" }).to_string();
    detail["additional_properties"] = json!({ "log_report_channels": [{ "type": "LTS", "configuration": configuration }] });
    let id = detail["service_id"].as_str().unwrap().to_owned();
    let replay = Replay::default()
        .json("/services", &json!({ "total_count": 1, "services": [detail] }))
        .json(&format!("/services/{id}"), &detail)
        .fixture(&format!("/v2/{}/groups/g/streams/s/content/query", super::server::PROJECT), "lts_logs.json");
    let view = view(replay).await;
    let tail = view.log_tails.first().unwrap();
    assert_eq!(tail.lines.lines().count(), 10);
    assert!(tail.lines.lines().next().unwrap().contains("Starting gunicorn"), "{}", tail.lines);
}

#[test]
fn what_restarts_is_told_from_what_only_starts() {
    use holdup::explain::signature::{Field, Hints, classify_log};
    let cause = |name: &str| {
        let found = classify_log(&text(name), &Hints::field("modelarts", Field::LogLine));
        found.and_then(|(found, _)| found.cause.filter(|_| !found.benign)).map(|cause| cause.0)
    };
    assert_eq!(cause("runtime_log_restart_loop_unordered.txt").as_deref(), Some("modelarts/4503-restart-loop"));
    assert!(cause("runtime_log_restart_loop.txt").is_some());
    assert_eq!(cause("runtime_log_boot_failure.txt").as_deref(), Some("modelarts/no-module"));
    assert_eq!(cause("runtime_log_normal_boot.txt"), None);
    assert_eq!(cause("runtime_log_planned_recycling.txt"), None);
}

#[test]
fn every_envelope_gives_its_code_and_its_words() {
    let read = |name: &str| Envelope::read(fixture(name)["body"].to_string().as_bytes());
    for (name, code) in [
        ("errors/0203_invalid_token.json", "ModelArts.0203"),
        ("errors/camel_case_envelope.json", "ModelArts.0104"),
        ("errors/openai_style_envelope.json", "400"),
        ("errors/iam_nested_envelope.json", "401"),
        ("errors/mr_0105.json", "MR.0105"),
        ("errors/apig_0308_throttled.json", "APIG.0308"),
    ] {
        let envelope = read(name).unwrap();
        assert_eq!(envelope.code, code, "{name}");
        assert!(!envelope.message.is_empty(), "{name}");
    }
    assert_eq!(read("errors/html_502.json"), None);
}
