//! The adapter against the simulated API server: two readings of one protocol must agree.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use holdup::config::{ContextConfig, KubernetesConfig};
use holdup::domain::snapshot::{Snapshot, View};
use holdup::domain::source::Failure;
use holdup::sim;
use holdup::source::kubernetes::connect_with;
use holdup::source::kubernetes::server::Traffic;
use holdup::source::{Connected, Focus};

/// The sources of the first cluster of a simulated cloud, beside.
pub fn beside(running: &sim::Running, namespaces: &[&str]) -> (Connected, Arc<Traffic>) {
    let context = running.contexts().into_iter().find(|context| context.kubernetes.is_some()).unwrap();
    let namespaces = namespaces.iter().map(|name| (*name).to_owned()).collect();
    let kubernetes = context.kubernetes.clone().map(|kubernetes| KubernetesConfig { namespaces, ..kubernetes });
    let context = ContextConfig { platform: "kubernetes".into(), endpoint: None, kubernetes, ..context };
    connect_with(&context).unwrap()
}

/// What the three sources bring, beside, and what it cost.
async fn read(scenario: &str, namespaces: &[&str]) -> ([Result<Arc<View>, Failure>; 3], Arc<Traffic>) {
    let running = sim::start(scenario, sim::Options::default()).await.unwrap();
    let (mut connected, traffic) = beside(&running, namespaces);
    let focus = Focus { snapshot: Arc::new(Snapshot::default()), selected: None, now: holdup::clock::now() };
    let mut views = Vec::new();
    for source in &mut connected.sources {
        views.push(tokio::time::timeout(Duration::from_secs(20), source.poll(&focus)).await.unwrap());
    }
    let started = (traffic.requests(), traffic.bytes());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (requests, bytes) = (traffic.requests() - started.0, traffic.bytes() - started.1);
    println!("{scenario}: {} requests and {} bytes until shown, {requests} and {bytes} in the second after", started.0, started.1);
    (views.try_into().unwrap(), traffic)
}

#[tokio::test]
async fn the_stuck_update_is_seen_from_inside() {
    let ([workloads, nodes, events], traffic) = read("stuck-gpu-quota", &[]).await;
    let (workloads, nodes, events) = (workloads.unwrap(), nodes.unwrap(), events.unwrap());
    assert_eq!((workloads.gaps.as_slice(), nodes.gaps.as_slice(), events.gaps.as_slice()), ([].as_slice(), [].as_slice(), [].as_slice()));
    let unplaced: Vec<_> = workloads.replicas.iter().filter(|replica| replica.node.is_none()).collect();
    assert!(
        unplaced.iter().any(|replica| replica.message.as_ref().is_some_and(|message| message.contains("nvidia.com/gpu"))),
        "{unplaced:?}"
    );
    assert!(nodes.nodes.iter().all(|node| node.detail.is_some()) && !nodes.nodes.is_empty());
    assert!(events.events.iter().any(|event| event.reason == "FailedScheduling"));
    assert!(traffic.requests() < 60, "{}", traffic.requests());
}

#[tokio::test]
async fn with_few_rights_the_rest_is_still_there_and_each_missing_one_is_named() {
    let ([workloads, nodes, events], _) = read("rbac-minimal", &["default"]).await;
    let workloads = workloads.unwrap();
    assert!(!workloads.replicas.is_empty());
    let mut named: Vec<String> = workloads.gaps.iter().flat_map(|gap| gap.failure.permissions.iter().map(ToString::to_string)).collect();
    for other in [nodes, events] {
        match other {
            Ok(view) => named.extend(view.gaps.iter().flat_map(|gap| gap.failure.permissions.iter().map(ToString::to_string))),
            Err(failure) => named.extend(failure.permissions.iter().map(ToString::to_string)),
        }
    }
    println!("missing: {named:?}");
    assert!(named.iter().any(|permission| permission.starts_with("list nodes")), "{named:?}");
}

#[tokio::test]
async fn what_limits_sizes_and_what_runs_on_every_node_are_objects() {
    let ([workloads, nodes, _], _) = read("limit-range-denied", &[]).await;
    let workloads = workloads.unwrap();
    let rule = workloads.limit_rules.iter().find(|rule| rule.resource == "memory").unwrap();
    assert_eq!((rule.key.name.as_str(), rule.applies_to.as_str(), rule.max.as_deref()), ("ml/container-sizes", "Container", Some("8Gi")));
    assert!(nodes.unwrap().gaps.is_empty());
}
