//! The client against the simulated operator: two readings of one protocol must agree.

#![expect(clippy::unwrap_used, reason = "test support: a failure here is a failed test")]

use std::path::Path;

use holdup::clock;
use holdup::domain::source::FailureKind;
use holdup::domain::workload::Phase;
use holdup::sim::build::build;
use holdup::sim::cortex::router;
use holdup::sim::scenario::parse;
use holdup::sim::world::cluster::Platform;
use holdup::sim::world::{OperatorFault, SharedWorld, World};

use super::server::{connect, context, poll, serve, source, workload};

fn world(scenario: &str) -> World {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sim/scenarios").join(format!("{scenario}.toml"));
    let scenario = parse(&path, &std::fs::read_to_string(&path).unwrap()).unwrap();
    build(&path, &scenario, clock::now(), scenario.elapsed.0, 1.0).unwrap()
}

#[tokio::test]
async fn a_stuck_update_reads_the_same_in_both_dialects() {
    for version in ["0.42.1", "0.40.0", "0.39.1", "0.35.0", "0.31.1"] {
        let mut world = world("stuck-gpu-quota");
        version.clone_into(&mut world.clusters[0].version);
        let endpoint = serve(router(SharedWorld::new(world), "prod")).await;
        let view = poll(source(&endpoint).as_mut(), None).await.unwrap();
        assert!(view.gaps.is_empty(), "{version}: {:?}", view.gaps);
        let api = workload(&view, "text-generator");
        assert_eq!(api.status.phase, Phase::Updating, "{version}");
        let replicas = api.replicas.unwrap();
        assert_eq!((replicas.desired, replicas.ready, replicas.ready_old, replicas.stalled), (Some(1), 0, 1, 1), "{version}");
        let deployed = clock::now().duration_since(api.deployed_at.unwrap()).as_mins();
        assert!((40..=42).contains(&deployed), "{version}: {deployed}");
        assert_eq!(api.demand.unwrap().gpus, 1, "{version}");
        let cluster = view.cluster.as_ref().unwrap();
        assert_eq!(cluster.version.as_deref(), Some(version));
        assert!(view.groups.iter().any(|group| group.key.name == *"gpu" && group.in_service == Some(1)), "{version}");
        assert_eq!(workload(&view, "sentiment").status.phase, Phase::Live, "{version}");
    }
}

#[tokio::test]
async fn every_kind_of_a_bad_day_is_read() {
    let shared = SharedWorld::new(world("bad-day"));
    let names: Vec<String> = shared
        .now_view()
        .clusters
        .iter()
        .filter(|cluster| cluster.platform == Platform::Cortex)
        .map(|cluster| cluster.name.clone())
        .collect();
    for name in names {
        let endpoint = serve(router(shared.clone(), &name)).await;
        let view = poll(source(&endpoint).as_mut(), None).await.unwrap();
        assert!(view.gaps.is_empty(), "{name}: {:?}", view.gaps);
        let expected = shared.now_view().clusters.iter().find(|cluster| cluster.name == name).unwrap().apis.len();
        assert_eq!(view.workloads.len(), expected, "{name}");
        assert!(view.workloads.iter().all(|api| api.status.phase != Phase::Unrecognized), "{name}");
    }
}

#[tokio::test]
async fn faults_show_as_what_they_are() {
    let cases = [
        (OperatorFault::Down, FailureKind::ServerError),
        (OperatorFault::Html, FailureKind::Garbage),
        (OperatorFault::Garbage, FailureKind::Garbage),
    ];
    for (fault, kind) in cases {
        let mut world = world("healthy");
        world.faults.operator = fault;
        let endpoint = serve(router(SharedWorld::new(world), "prod")).await;
        assert_eq!(poll(source(&endpoint).as_mut(), None).await.unwrap_err().kind, kind, "{fault:?}");
    }
    let mut world = world("healthy");
    world.faults.aws.credentials_expired = true;
    let endpoint = serve(router(SharedWorld::new(world), "prod")).await;
    assert_eq!(poll(source(&endpoint).as_mut(), None).await.unwrap_err().kind, FailureKind::Expired);
}

#[tokio::test]
async fn only_simulated_credentials_are_taken() {
    let endpoint = serve(router(SharedWorld::new(world("healthy")), "prod")).await;
    let refused = reqwest::get(format!("{endpoint}/get")).await.unwrap();
    assert_eq!(refused.status(), 400);
    assert!(refused.text().await.unwrap().contains("endpoints.header_missing"));
    let open = reqwest::get(format!("{endpoint}/metrics")).await.unwrap();
    assert!(open.text().await.unwrap().contains("cortex_cluster_cost"));
    assert!(context(&endpoint).aws.unwrap().simulated_credentials);
}

#[tokio::test]
async fn logs_of_a_stuck_update_wait_for_the_new_replica() {
    use holdup::domain::log::LogItem;
    use holdup::source::LogRequest;
    let endpoint = serve(router(SharedWorld::new(world("stuck-gpu-quota")), "prod")).await;
    let (sender, mut lines) = tokio::sync::mpsc::channel(8);
    let request = LogRequest { workload: super::server::key("text-generator"), job: None, replica: None, container: None, previous: false };
    let following = tokio::spawn(connect(&endpoint).logs.unwrap().follow(request, sender));
    let LogItem::Note(trap) = lines.recv().await.unwrap() else { panic!("a note comes first") };
    assert!(trap.contains("NEW replica"), "{trap}");
    assert_eq!(lines.recv().await, Some(LogItem::Note("waiting for pod to initialize".into())));
    drop(lines);
    following.await.unwrap();
}
