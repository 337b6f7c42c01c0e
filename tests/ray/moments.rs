//! Every recorded moment of real clusters, releases 2.44 to 2.60: what went on, and who is the root.

use std::collections::{BTreeMap, BTreeSet};

use holdup::domain::workload::Phase;
use serde_json::Value;

use crate::replay::{Replay, fixture, poll, why};

/// Recorded moment, application, the root (`-` for none).
const ROOTS: &[(&str, &str, &str)] = &[
    ("10_healthy", "healthy", "-"),
    ("21_gpu_40s", "needs_gpu", "anyscale/serve-deploy-not-schedulable-resource-missing"),
    ("30_ctor_6s", "ctor_raises", "anyscale/serve-deploy-ctor-failing"),
    ("31_ctor_28s", "ctor_raises", "anyscale/serve-deploy-ctor-failed"),
    ("31_ctor_28s", "needs_gpu", "anyscale/serve-deploy-not-schedulable-resource-missing"),
    ("40_sick_20s", "sick", "anyscale/serve-deploy-health-check-then-restart-loop"),
    ("41_sick_recovered", "sick", "-"),
    ("50_roll_before", "rolling", "-"),
    ("51_roll_10s", "rolling", "-"),
    ("52_roll_40s", "rolling", "-"),
    ("55_rollfail_terminal", "rolling", "anyscale/serve-replica-cuda-oom"),
    ("60_import_8s", "slow_init", "-"),
    ("61_slow_36s", "slow_init", "anyscale/serve-deploy-slow-init"),
    ("61_slow_36s", "import_error", "anyscale/serve-app-import-error"),
    ("63_runtime_env", "bad_app_env", "anyscale/serve-app-runtime-env"),
    ("63_runtime_env", "bad_replica_env", "anyscale/serve-deploy-runtime-env-replica"),
    ("63_runtime_env", "no_such_deployment", "anyscale/serve-app-unknown-deployment"),
    ("A2_autoscaler_v1_50s", "gpu_sold_out", "anyscale/serve-deploy-not-schedulable-launch-failed"),
    ("A2_autoscaler_v1_50s", "gpu_impossible", "anyscale/serve-deploy-not-schedulable-impossible"),
    ("A2_autoscaler_v1_50s", "gpu_slow", "-"),
    ("B1_autoscaler_v2_45s", "gpu_sold_out", "anyscale/serve-deploy-not-schedulable-launch-failed"),
    ("B1_autoscaler_v2_45s", "gpu_impossible", "anyscale/serve-deploy-not-schedulable-impossible"),
    ("D1_ray2_44_45s", "needs_gpu", "anyscale/serve-deploy-not-schedulable-resource-missing"),
    ("D1_ray2_44_45s", "ctor_raises", "anyscale/serve-deploy-ctor-failed"),
    ("D1_ray2_44_45s", "rolling", "-"),
    ("D2_ray2_44_rolling", "rolling", "-"),
    // Built with a protobuf that this release does not know.
    ("E_ray2_55_protobuf", "healthy", "anyscale/serve-app-unexpected-error"),
    ("E_ray2_55_first", "healthy", "-"),
    ("E_ray2_55_first", "needs-gpu", "anyscale/serve-deploy-not-schedulable-impossible"),
    ("E_ray2_55_first", "raises", "anyscale/serve-deploy-ctor-failed"),
    ("E_ray2_55_sick_soon", "sick", "anyscale/serve-deploy-health-check-failed"),
    ("E_ray2_55_sick_late", "sick", "anyscale/serve-deploy-health-check-then-restart-loop"),
    ("E_ray2_55_rolling", "rolling", "-"),
    ("F_ray2_60_first", "needs-gpu", "anyscale/serve-deploy-not-schedulable-impossible"),
    ("F_ray2_60_first", "raises", "anyscale/serve-deploy-ctor-failed"),
    ("F_ray2_60_sick_soon", "sick", "anyscale/serve-deploy-health-check-failed"),
    ("F_ray2_60_sick_late", "sick", "anyscale/serve-deploy-health-check-then-restart-loop"),
];

/// Moments of which holdup is fed everything that was recorded.
fn moments() -> BTreeSet<String> {
    let folder = std::fs::read_dir(format!("{}/tests/fixtures/ray", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix("__applications.json").map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recorded_answer_is_read_whole() {
    let mut wrong = Vec::new();
    for moment in moments() {
        let read: Value = serde_json::from_slice(&fixture(&format!("{moment}__applications.json")).unwrap()).unwrap();
        let view = poll(Replay::of(&moment).serve().await).await.unwrap();
        let told: BTreeMap<&str, &str> = view.workloads.iter().map(|one| (one.key.name.as_str(), one.status.native.as_str())).collect();
        let applications = read["applications"].as_object().unwrap();
        let wanted: BTreeMap<&str, &str> =
            applications.iter().map(|(name, one)| (name.as_str(), one["status"].as_str().unwrap())).collect();
        let of = |one: &Value| {
            one["deployments"].as_object().unwrap().values().map(|one| one["replicas"].as_array().unwrap().len()).sum::<usize>()
        };
        let replicas: usize = applications.values().map(of).sum();
        let unknown = view.workloads.iter().any(|one| one.status.phase == Phase::Unrecognized);
        // What was not recorded is refused by the replay.
        let garbage: Vec<_> = view.gaps.iter().filter(|gap| !gap.failure.message.contains("404")).collect();
        if told != wanted || unknown || replicas != view.replicas.len() || !garbage.is_empty() {
            wrong.push(format!("{moment}: {told:?}, wanted {wanted:?}; {replicas} replicas, {} read; {garbage:?}", view.replicas.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recorded_moment_gets_its_root() {
    let mut wrong = Vec::new();
    let mut answers: BTreeMap<&str, BTreeMap<String, Value>> = BTreeMap::new();
    for (moment, application, root) in ROOTS {
        if !answers.contains_key(moment) {
            answers.insert(moment, why(Replay::of(moment).serve().await).await);
        }
        let Some(entry) = answers[moment].get(*application) else {
            wrong.push(format!("{moment}: nothing of {application}"));
            continue;
        };
        let own = entry["root"].as_str().unwrap_or("-");
        if own != *root {
            wrong.push(format!("{moment} {application}: {} {own}, wanted {root}: {}", entry["verdict"], entry["headline"]));
        }
        if *root != "-" && entry["chain"][0]["evidence"].as_array().is_none_or(Vec::is_empty) {
            wrong.push(format!("{moment} {application}: no evidence"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_was_raised_is_told_and_commands_reach_a_cluster_without_anyscale() {
    let dashboard = Replay::of("40_sick_20s").serve().await;
    let sick = why(dashboard.clone()).await.remove("sick").unwrap();
    let told = sick["chain"][0].to_string();
    assert!(told.contains("UNHEALTHY (REPLICA_STARTUP_FAILED)") && told.contains("0 of 1 ready"), "{told}");
    assert!(told.contains("fail their first health check") && told.contains("database connection lost"), "{told}");
    assert!(told.contains(&format!("serve status --address {dashboard}")), "{told}");
    let raises = why(Replay::of("31_ctor_28s").serve().await).await.remove("ctor_raises").unwrap();
    let told = raises["chain"][0].to_string();
    assert!(
        told.contains("Ray says") && told.contains("serve deploy <file> --address http") && !told.contains("anyscale service"),
        "{told}"
    );
    let field =
        raises["chain"][0]["evidence"].as_array().unwrap().iter().find(|one| one["field"].as_str().unwrap().ends_with(".exception"));
    assert!(field.is_some_and(|one| !one["value"].as_str().unwrap().contains('\n')), "{told}");
    assert!(raises["chain"][0]["says"].as_str().unwrap().contains(field.unwrap()["value"].as_str().unwrap().get(..40).unwrap()), "{told}");
}

#[tokio::test]
async fn an_update_shows_old_and_new_replicas_and_machines_show_what_is_free() {
    let view = poll(Replay::of("51_roll_10s").serve().await).await.unwrap();
    let rolling = view.workloads.iter().find(|workload| workload.key.name.as_str() == "rolling").unwrap();
    let counts = rolling.replicas.unwrap();
    assert_eq!((rolling.status.phase, rolling.status.native.as_str()), (Phase::Updating, "DEPLOYING"));
    assert_eq!((counts.desired, counts.ready_old, counts.ready, counts.not_ready), (Some(3), 2, 0, 1));
    let rollout = view.rollouts.iter().find(|rollout| rollout.workload == rolling.key).unwrap();
    assert_eq!((rollout.desired, rollout.updated, rollout.revisions.len()), (3, 1, 2));
    let view = poll(Replay::of("21_gpu_40s").serve().await).await.unwrap();
    assert_eq!((view.nodes.len(), view.nodes[0].capacity.cpu_millis, view.nodes[0].capacity.gpus), (1, 2_000, 0));
    assert_eq!(view.nodes[0].free.cpu_millis, 1_800);
    let waiting = view.workloads.iter().find(|workload| workload.key.name.as_str() == "needs_gpu").unwrap();
    assert_eq!((waiting.demand.unwrap().gpus, waiting.replicas.unwrap().stalled), (1, 1));
    assert_eq!(view.cluster.as_ref().unwrap().version.as_ref().unwrap().as_str(), "ray 2.60.0");
    let head = view.nodes[0].detail.as_deref().unwrap();
    let proxy = holdup::domain::condition::named(&head.conditions, "ServeProxyHealthy").unwrap();
    assert_eq!((proxy.holds, proxy.reason.as_str()), (Some(true), "HEALTHY"));
    let view = poll(Replay::of("92_node_killed_50s").serve().await).await.unwrap();
    assert_eq!(view.nodes.iter().filter(|node| node.ready == Some(true)).count(), 1, "the dead one is old by now, or not ready");
}
