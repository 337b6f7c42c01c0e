//! Recorded bodies of both dialects, from the wire to the vocabulary.

use holdup::domain::capacity::Resources;
use holdup::domain::job::JobPhase;
use holdup::domain::source::FailureKind;
use holdup::domain::workload::{Amount, Phase, ReplicaBounds, Role, UpdateStrategy};
use serde_json::json;

use super::server::{Replay, fixture, poll, source, workload};

const GI: i64 = 1 << 30;
const MI: i64 = 1 << 20;

fn stuck() -> Replay {
    Replay::default()
        .fixture("/info", "v042_info_stuck_max_instances.json")
        .fixture("/get", "v042_get_updating_gpu.json")
        .fixture("/get/text-generator", "v042_get_api_updating_gpu.json")
        .fixture("/get/text-generator-b", "v042_get_api_paused_target.json")
        .fixture("/get/video-tagger", "v042_get_api_async.json")
        .fixture("/get/image-classifier-batch", "v042_get_api_batch.json")
        .fixture("/get/text-router", "v042_get_traffic_splitter.json")
        .fixture("/describe/text-generator", "v042_describe_updating_gpu_stalled.json")
        .fixture("/describe/text-generator-b", "v042_describe_scaled_to_zero.json")
}

#[tokio::test]
async fn a_stuck_update_is_seen_whole() {
    let replay = stuck();
    let mut source = source(&replay.serve().await);
    let view = poll(source.as_mut(), None).await.unwrap();
    let api = workload(&view, "text-generator");
    assert_eq!((api.status.phase, api.status.native.as_str(), api.status.serving), (Phase::Updating, "updating (stalled)", true));
    assert_eq!(api.status.since.unwrap().to_string(), "2022-10-04T11:42:10Z");
    let replicas = api.replicas.unwrap();
    assert_eq!(replicas.desired, Some(1), "not the live replicas that /get calls requested");
    assert_eq!((replicas.ready, replicas.ready_old, replicas.stalled, replicas.up_to_date), (0, 1, 1, 1));
    let with_proxy = Resources { cpu_millis: 2_100, memory_bytes: 8 * GI + 100 * MI, gpus: 1, pods: 1, ..Resources::default() };
    assert_eq!(api.demand, Some(with_proxy));
    assert_eq!(api.pinned_groups, ["gpu"]);
    assert_eq!(api.strategy, Some(UpdateStrategy { max_surge: Amount::Percent(25), max_unavailable: Amount::Percent(25) }));
    assert_eq!(api.bounds, Some(ReplicaBounds { min: 1, max: 3 }));
    assert_eq!(api.versions.len(), 3);
    assert_eq!(api.reproduce, "cortex describe text-generator --env prod");
    let raw = &view.raw[&api.key];
    assert!(raw.contains("ready_out_of_date") && raw.contains("LOG_LEVEL") && !raw.contains("\"info\""), "{raw}");
}

#[tokio::test]
async fn the_cluster_its_groups_and_machines_are_seen() {
    let mut source = source(&stuck().serve().await);
    let view = poll(source.as_mut(), None).await.unwrap();
    let cluster = view.cluster.as_ref().unwrap();
    assert_eq!((cluster.name.as_str(), cluster.region.as_deref(), cluster.version.as_deref()), ("prod", Some("us-west-2"), Some("0.42.1")));
    assert_eq!((cluster.account.as_deref(), cluster.pending_replicas), (Some("123456789012"), Some(2)));
    let groups: Vec<_> =
        view.groups.iter().map(|group| (group.key.name.as_str(), group.min, group.max, group.in_service, group.spot)).collect();
    assert!(groups.contains(&("gpu", 1, 1, Some(1), false)), "{groups:?}");
    assert!(view.groups.iter().all(|group| group.cloud_name.is_none() && group.desired.is_none()));
    let spot = view.groups.iter().find(|group| group.key.name == *"gpu-spot").unwrap();
    assert_eq!(spot.instance_types, ["g4dn.xlarge", "g4dn.2xlarge"]);
    let node = view.nodes.iter().find(|node| node.group.as_deref() == Some("gpu")).unwrap();
    assert_eq!((node.capacity.gpus, node.free.gpus, node.price_milli_usd, node.replicas), (1, 0, Some(526), Some(1)));
    assert_eq!(node.capacity.memory_bytes, 14_573_112 * 1_024);
    assert!(view.nodes.iter().any(|node| !node.is_worker && node.group.as_deref() == Some("operator")));
}

#[tokio::test]
async fn every_kind_has_its_role() {
    let mut source = source(&stuck().serve().await);
    let view = poll(source.as_mut(), None).await.unwrap();
    let kinds: Vec<_> = view.workloads.iter().map(|api| (api.key.name.as_str(), api.kind.as_str(), api.role, api.status.phase)).collect();
    let expected = [
        ("image-classifier-batch", "batch", Role::Jobs, Phase::Short),
        ("nightly-reindex", "task", Role::Jobs, Phase::Live),
        ("sentiment", "realtime", Role::Serving, Phase::Live),
        ("text-generator", "realtime", Role::Serving, Phase::Updating),
        ("text-generator-b", "realtime", Role::Serving, Phase::Zero),
        ("text-router", "splitter", Role::Router, Phase::Live),
        ("video-tagger", "async", Role::Serving, Phase::Live),
    ];
    assert_eq!(kinds, expected);
    let router = workload(&view, "text-router");
    let targets: Vec<_> = router.targets.iter().map(|target| (target.workload.as_str(), target.weight, target.shadow)).collect();
    assert_eq!(targets, [("text-generator", 0, false), ("text-generator-b", 100, false), ("sentiment", 10, true)]);
    assert!(!router.status.serving, "all of its traffic goes to an API at zero replicas");
    let job = &workload(&view, "image-classifier-batch").jobs[0];
    assert_eq!((job.phase, job.workers, job.counts.pending, job.queued_batches), (JobPhase::Running, 4, 1, Some(612)));
}

#[tokio::test]
async fn only_suspects_are_described_and_versions_are_read_once() {
    let replay = stuck();
    let mut source = source(&replay.serve().await);
    poll(source.as_mut(), None).await.unwrap();
    let first = replay.asked();
    assert_eq!(first.iter().filter(|path| path.starts_with("/describe/")).collect::<Vec<_>>(), ["/describe/text-generator"]);
    let before = first.len();
    poll(source.as_mut(), Some("text-generator-b")).await.unwrap();
    let mut second = replay.asked().split_off(before);
    second.sort();
    assert_eq!(second, ["/describe/text-generator", "/describe/text-generator-b", "/get"]);
    let versions = replay.headers("CortexAPIVersion");
    assert_eq!(versions[0], None, "/info needs none, and nobody knows it yet");
    assert!(versions.iter().skip(1).all(|version| version.as_deref() == Some("0.42.1")));
    let identities = replay.headers("X-Cortex-Authorization");
    assert!(identities.iter().all(|identity| identity.is_some() && *identity == identities[0]), "one signature serves for minutes");
    assert!(replay.headers("Authorization").iter().all(Option::is_none));
}

/// Every recorded `/describe`, with the phase and the words for it.
const DESCRIBED: &[(&str, Phase, &str)] = &[
    ("v042_describe_healthy.json", Phase::Live, "live"),
    ("v042_describe_updating_normal_creating.json", Phase::Updating, "updating"),
    ("v042_describe_updating_gpu_pending.json", Phase::Updating, "updating"),
    ("v042_describe_updating_gpu_stalled.json", Phase::Updating, "updating (stalled)"),
    ("v042_describe_compute_unavailable.json", Phase::Updating, "updating (stalled)"),
    ("v042_describe_errored_crash.json", Phase::Failed, "error"),
    ("v042_describe_errored_oom.json", Phase::Failed, "error (out of memory)"),
    ("v042_describe_err_image_pull.json", Phase::Failed, "error (image pull)"),
    ("v042_describe_not_ready.json", Phase::Updating, "updating"),
    ("v042_describe_scaled_to_zero.json", Phase::Zero, "scaled to zero"),
];

#[tokio::test]
async fn every_description_gets_its_phase() {
    for (name, phase, native) in DESCRIBED {
        let described = fixture(name);
        let api = described[0]["metadata"]["name"].as_str().unwrap();
        let mut listed = described.clone();
        listed[0]["status"].as_object_mut().unwrap().remove("replica_counts");
        let replay = Replay::default()
            .fixture("/info", "v042_info_healthy.json")
            .json("/get", &listed)
            .json(&format!("/describe/{api}"), &described);
        let mut source = source(&replay.serve().await);
        let view = poll(source.as_mut(), Some(api)).await.unwrap();
        let found = workload(&view, api);
        assert_eq!((found.status.phase, found.status.native.as_str()), (*phase, *native), "{name}");
    }
}

#[tokio::test]
async fn a_shortage_is_not_hidden_by_the_minimum() {
    for name in ["v042_describe_scale_up_short.json", "v042_describe_async_one_stalled.json"] {
        let described = fixture(name);
        let api = described[0]["metadata"]["name"].as_str().unwrap();
        let replay = Replay::default()
            .fixture("/info", "v042_info_healthy.json")
            .json("/get", &described)
            .json(&format!("/describe/{api}"), &described);
        let mut source = source(&replay.serve().await);
        let view = poll(source.as_mut(), None).await.unwrap();
        assert_eq!(workload(&view, api).status.phase, Phase::Short, "{name}");
    }
}

/// Every recorded legacy list: an API in it, its phase and the words the old CLI prints.
const LEGACY: &[(&str, Phase, &str)] = &[
    ("v031_get_updating_gpu.json", Phase::Updating, "updating"),
    ("v031_get_api_updating_gpu.json", Phase::Updating, "updating"),
    ("v031_get_compute_unavailable.json", Phase::Updating, "compute unavailable"),
    ("v031_get_compute_unavailable_first_deploy.json", Phase::Updating, "compute unavailable"),
    ("v031_get_errored.json", Phase::Failed, "error"),
    ("v031_get_errored_image_pull.json", Phase::Failed, "error (image pull)"),
    ("v031_get_errored_oom.json", Phase::Failed, "error (out of memory)"),
    ("v031_get_live.json", Phase::Live, "live"),
    ("v031_get_live_but_short.json", Phase::Short, "live"),
];

#[tokio::test]
async fn every_legacy_list_gets_its_phases() {
    for (name, phase, native) in LEGACY {
        let list = fixture(name);
        let replay = Replay::default().fixture("/info", "v031_info_stuck_max_instances.json").json("/get", &list);
        let mut source = source(&replay.serve().await);
        let view = poll(source.as_mut(), None).await.unwrap();
        assert_eq!(view.workloads.len(), list.as_array().unwrap().len(), "{name}: {:?}", view.gaps);
        let words: Vec<_> = view.workloads.iter().map(|api| (api.status.phase, api.status.native.as_str())).collect();
        assert!(words.contains(&(*phase, *native)), "{name}: {words:?}");
        assert_eq!(replay.asked(), ["/info", "/get"], "the list tells everything");
    }
}

#[tokio::test]
async fn the_legacy_dialect_carries_demand_and_bounds() {
    let replay = Replay::default()
        .fixture("/info", "v031_info_stuck_max_instances.json")
        .fixture("/get", "v031_get_updating_gpu.json")
        .fixture("/get/text-generator", "v031_get_api_updating_gpu.json");
    let mut source = source(&replay.serve().await);
    let view = poll(source.as_mut(), Some("text-generator")).await.unwrap();
    let api = workload(&view, "text-generator");
    assert_eq!(api.demand.unwrap().gpus, 1);
    let replicas = api.replicas.unwrap();
    assert_eq!((replicas.desired, replicas.ready, replicas.ready_old, replicas.pending), (Some(1), 0, 1, 1));
    assert_eq!(api.versions.len(), 2);
    assert_eq!(api.reproduce, "cortex get text-generator --env prod");
    assert_eq!(view.groups.len(), 2);
    assert_eq!(view.nodes.len(), 2);
}

#[tokio::test]
async fn oddities_cost_only_themselves() {
    let mut list = fixture("v042_get_healthy.json");
    let broken = json!([
        {"metadata": "text"}, 7, null,
        {"metadata": {"name": "from-the-future", "kind": "QuantumAPI", "id": "x", "surprise": [1]}, "status": {"ready": 1.0, "requested": "1", "up_to_date": null, "mood": "good"}},
        {"metadata": {"name": "\u{1b}[31mred\u{202e}", "kind": "RealtimeAPI", "id": null, "last_updated": 1.664e9}, "status": null, "batch_job_statuses": 3},
    ]);
    list.as_array_mut().unwrap().extend(broken.as_array().unwrap().iter().cloned());
    let replay = Replay::default().fixture("/info", "v042_info_no_workers.json").json("/get", &list);
    let mut source = source(&replay.serve().await);
    let view = poll(source.as_mut(), None).await.unwrap();
    assert_eq!(view.workloads.len(), 9);
    assert_eq!(workload(&view, "from-the-future").kind, "QuantumAPI");
    assert_eq!(workload(&view, "red").status.phase, Phase::Unrecognized);
    let unreadable: Vec<_> = view.gaps.iter().filter(|gap| gap.failure.kind == FailureKind::Garbage).map(|gap| gap.what.as_str()).collect();
    assert_eq!(unreadable, ["API number 10 of /get", "API number 8 of /get", "API number 9 of /get"]);
}

#[tokio::test]
async fn a_failing_list_falls_back_to_known_names() {
    let refusal = json!({"kind": "error", "message": "one bad object"}).to_string();
    let replay = stuck().bytes("/get", 400, refusal.as_bytes());
    let mut source = source(&replay.serve().await);
    assert_eq!(poll(source.as_mut(), None).await.unwrap().workloads.len(), 7);
    let view = poll(source.as_mut(), None).await.unwrap();
    assert_eq!(view.workloads.len(), 5, "those that answer one by one");
    assert!(view.gaps.iter().any(|gap| gap.what.contains("list of APIs")), "{:?}", view.gaps);
}

#[tokio::test]
async fn running_jobs_that_were_not_asked_are_a_gap() {
    let jobs: Vec<_> = (0..11).map(|number| json!({"job_id": format!("job{number:02}"), "status": "status_running"})).collect();
    let list = json!([{"metadata": {"name": "many", "kind": "TaskAPI", "id": "x"}, "task_job_statuses": jobs}]);
    let answer = json!({"job_status": {"job_id": "job", "status": "status_running", "worker_counts": {"running": 1}}});
    let replay = Replay::default().fixture("/info", "v042_info_no_workers.json").json("/get", &list).json("/tasks/many", &answer);
    let mut source = source(&replay.serve().await);
    let view = poll(source.as_mut(), None).await.unwrap();
    let gap = view.gaps.iter().find(|gap| gap.what.contains("running jobs")).expect("a gap");
    assert_eq!(gap.what.as_str(), "workers of 3 running jobs");
    assert!(gap.failure.message.contains("at most 8"), "{}", gap.failure.message);
}
