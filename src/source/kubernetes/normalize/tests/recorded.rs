//! The stuck GPU update, as a real control plane told it.

use super::*;
use crate::domain::replica::{Replica, ReplicaPhase};
use crate::domain::workload::{Amount, Phase, UpdateStrategy};
use crate::source::kubernetes::{Adoption, GroupPrefix};

fn replica<'v>(view: &'v View, prefix: &str) -> &'v Replica {
    view.replicas.iter().find(|replica| replica.key.name.starts_with(prefix)).unwrap()
}

#[test]
fn the_stuck_update_is_told_as_it_is() {
    let view = workloads(&recorded(), &settings());
    let stuck = view.workloads.iter().find(|workload| workload.key.name == "default/text-generator").unwrap();
    assert_eq!((stuck.status.phase, stuck.status.native.as_str(), stuck.status.serving), (Phase::Failed, "ProgressDeadlineExceeded", true));
    assert_eq!(stuck.status.since, Some("2026-11-21T03:30:52Z".parse().unwrap()));
    let counts = stuck.replicas.unwrap();
    assert_eq!((counts.desired, counts.ready, counts.ready_old, counts.up_to_date, counts.pending), (Some(1), 0, 1, 1, 1));
    let demand = stuck.demand.unwrap();
    assert_eq!((demand.cpu_millis, demand.memory_bytes, demand.gpus, demand.pods), (2_000, 8 << 30, 1, 1));
    let quarter = Amount::Percent(25);
    assert_eq!(stuck.strategy, Some(UpdateStrategy { max_surge: quarter, max_unavailable: quarter }));
    let versions: Vec<&str> = stuck.versions.iter().map(|version| version.id.as_str()).collect();
    assert_eq!(versions, ["text-generator-7f7cd6cf65", "text-generator-75655f77c7"]);
    assert_eq!(stuck.reproduce, "kubectl --context 'eks prod' -n default describe deployment text-generator");
}

#[test]
fn the_rollout_has_the_controllers_numbers() {
    let view = workloads(&recorded(), &settings());
    let rollout = view.rollouts.iter().find(|rollout| rollout.key.name == "Deployment default/text-generator").unwrap();
    assert_eq!(rollout.workload, key(ResourceKind::Workload, "default/text-generator"));
    assert_eq!((rollout.generation, rollout.observed_generation), (Some(2), Some(2)));
    let numbers =
        [rollout.desired, rollout.updated, rollout.ready, rollout.available, rollout.unavailable, rollout.surge, rollout.max_unavailable];
    assert_eq!(numbers, [1, 1, 1, 1, 0, 1, 0]);
    let revisions: Vec<_> =
        rollout.revisions.iter().map(|it| (it.number, it.is_current, it.desired, it.ready, it.images[0].as_str())).collect();
    assert_eq!(
        revisions,
        [(Some(2), true, 1, 0, "registry.example/text-generator:v2"), (Some(1), false, 1, 1, "registry.example/text-generator:v1")]
    );
    let progressing = crate::domain::condition::named(&rollout.conditions, "Progressing").unwrap();
    assert_eq!((progressing.holds, progressing.reason.as_str()), (Some(false), "ProgressDeadlineExceeded"));
}

#[test]
fn every_pod_has_its_phase_and_its_word() {
    let view = workloads(&recorded(), &settings());
    let cases = [
        ("default/crasher", ReplicaPhase::Failing, "CrashLoopBackOff", Some("CrashLoopBackOff"), 21),
        ("default/hungry", ReplicaPhase::Failing, "CrashLoopBackOff", Some("CrashLoopBackOff"), 21),
        ("default/no-image", ReplicaPhase::Failing, "ImagePullBackOff", Some("ImagePullBackOff"), 0),
        ("default/sentiment", ReplicaPhase::Ready, "Running", None, 0),
        ("default/text-generator-7f7", ReplicaPhase::Unplaced, "Pending", Some("Unschedulable"), 0),
        ("default/text-generator-756", ReplicaPhase::Ready, "Running", None, 0),
    ];
    for (name, phase, state, reason, restarts) in cases {
        let replica = replica(&view, name);
        assert_eq!(
            (replica.phase, replica.state.as_str(), replica.reason.as_deref(), replica.restarts),
            (phase, state, reason, restarts),
            "{name}"
        );
    }
    let waiting = replica(&view, "default/text-generator-7f7");
    assert!(waiting.message.as_ref().unwrap().starts_with("0/3 nodes are available: 2 Insufficient cpu"));
    assert!(waiting.is_current && waiting.node.is_none() && waiting.version == "text-generator-7f7cd6cf65");
    assert_eq!(waiting.extended.get("nvidia.com/gpu"), Some(&1));
    let killed = replica(&view, "default/hungry").containers[0].last.clone().unwrap();
    assert_eq!((killed.reason.as_str(), killed.exit_code), ("OOMKilled", 137));
    let broken = view.workloads.iter().map(|workload| (workload.key.name.as_str(), workload.replicas.unwrap()));
    let broken: Vec<_> =
        broken.map(|(name, counts)| (name, counts.image_error, counts.failed, counts.killed, counts.out_of_memory)).collect();
    assert_eq!(broken[..3], [("default/crasher", 0, 1, 0, 0), ("default/hungry", 0, 0, 0, 1), ("default/no-image", 1, 0, 0, 0)]);
}

#[test]
fn nodes_say_what_is_free_and_who_they_are() {
    let view = nodes(&recorded(), &settings());
    let nodes: Vec<_> =
        view.nodes.iter().map(|node| (node.key.name.as_str(), node.free.cpu_millis, node.free.gpus, node.capacity.gpus)).collect();
    assert_eq!(
        nodes,
        [
            ("ip-10-0-1-11.ec2.internal", 1_420, 0, 0),
            ("ip-10-0-2-21.ec2.internal", 1_920, 0, 1),
            ("ip-10-0-3-31.ec2.internal", 4_920, 0, 0)
        ]
    );
    let gpu = &view.nodes[1];
    assert_eq!(
        (gpu.free.memory_bytes, gpu.free.pods, gpu.replicas, gpu.ready, gpu.is_worker),
        (7_392 << 20, 57, Some(1), Some(true), true)
    );
    let detail = gpu.detail.as_ref().unwrap();
    assert_eq!((detail.zone.as_deref(), detail.instance.as_deref()), (Some("us-east-1a"), Some("i-000001aeefe2d4a51")));
    assert_eq!(detail.taints[0].key, "nvidia.com/gpu");
    let amounts = detail.extended["nvidia.com/gpu"];
    assert_eq!((amounts.capacity, amounts.allocatable, amounts.requested), (1, 1, 1));
    assert!(view.raw.contains_key(&gpu.key));
}

#[test]
fn both_shapes_of_events_say_the_same() {
    let core = events(&recorded(), &settings());
    let newer = events(&Stores { events: listed(EVENTS_V1), ..Stores::default() }, &settings());
    assert_eq!(core.events, newer.events);
    let of = key(ResourceKind::Replica, "default/text-generator-7f7cd6cf65-qhjn9");
    let refused: Vec<_> = core.events.iter().filter(|event| event.of == of).collect();
    assert_eq!(refused.len(), 1, "two objects with one sentence are one event");
    assert_eq!((refused[0].count, refused[0].warning, refused[0].reason.as_str()), (2, true, "FailedScheduling"));
    assert!(refused[0].first_at.unwrap() < refused[0].at);
    assert!(core.events.is_sorted_by(|a, b| a.at >= b.at));
    let keys: Vec<&ResourceKey> = core.events.iter().map(|event| &event.of).collect();
    for name in ["Deployment default/text-generator", "ReplicaSet default/text-generator-7f7cd6cf65"] {
        assert!(keys.contains(&&key(ResourceKind::Rollout, name)), "{name}");
    }
}

#[test]
fn records_are_kept_of_what_is_not_ready_and_of_workloads() {
    let view = workloads(&recorded(), &settings());
    let has = |kind, name: &str| view.raw.contains_key(&key(kind, name));
    assert!(
        has(ResourceKind::Replica, "default/text-generator-7f7cd6cf65-qhjn9")
            && !has(ResourceKind::Replica, "default/sentiment-6b85474f5d-n65rn")
    );
    assert!(has(ResourceKind::Workload, "default/text-generator") && has(ResourceKind::Rollout, "Deployment default/text-generator"));
    assert!(view.raw.values().all(|record| !record.contains("managedFields")));
}

#[test]
fn selector_and_namespaces_choose_workloads_and_the_rest_stays_as_tenants() {
    let chosen = Settings { selector: Selector::parse("app in (sentiment)").unwrap(), ..settings() };
    let view = workloads(&recorded(), &chosen);
    assert_eq!(view.workloads.iter().map(|it| it.key.name.as_str()).collect::<Vec<_>>(), ["default/sentiment"]);
    assert_eq!((view.replicas.len(), view.rollouts.len()), (7, 1));
    assert_eq!(view.replicas.iter().filter(|replica| replica.workload.is_none()).count(), 5);
    let elsewhere = Settings { namespaces: vec!["models".into()], ..settings() };
    assert!(workloads(&recorded(), &elsewhere).workloads.is_empty());
    assert!(is_system("kube-system") && is_system("gpu-operator") && !is_system("default") && !is_system("models"));
}

#[test]
fn beneath_a_platform_its_labels_decide() {
    let recorded: Value = serde_json::from_str(include_str!("../../../../../tests/fixtures/kubernetes/cortex_stuck_update.json")).unwrap();
    let stores = Stores {
        deployments: store([recorded["deployment"].clone()]),
        pods: store(recorded["pods"].as_array().unwrap().clone()),
        nodes: store([recorded["node"].clone()]),
        ..Stores::default()
    };
    let adoption = Adoption {
        namespace: "default",
        workload_label: "apiName",
        group_labels: &["alpha.eksctl.io/nodegroup-name"],
        worker_prefixes: &[GroupPrefix { prefix: "cx-wd-", spot: false }, GroupPrefix { prefix: "cx-ws-", spot: true }],
    };
    let settings = Settings { adoption: Some(adoption), ..settings() };
    let view = workloads(&stores, &settings);
    assert!(view.workloads.is_empty(), "the platform tells of its workloads itself");
    let api = key(ResourceKind::Workload, "text-generator");
    assert!(view.replicas.iter().all(|replica| replica.workload == Some(api.clone())));
    assert_eq!(view.rollouts[0].workload, api);
    assert_eq!(view.replicas[0].demand.cpu_millis, 2_100, "the sidecar counts");
    assert_eq!(view.replicas[0].placement.affinity[0].all[0].values[0], "cx-wd-gpu");
    let node = &nodes(&stores, &settings).nodes[0];
    assert_eq!(
        (node.group.as_deref(), node.is_worker, node.spot, node.free.gpus, node.free.cpu_millis),
        (Some("gpu"), true, false, 0, 1_600)
    );
}

#[test]
fn without_the_right_to_list_pods_the_controllers_numbers_count() {
    let view = workloads(&Stores { pods: Store::new(), ..recorded() }, &settings());
    let stuck = view.workloads.iter().find(|workload| workload.key.name == "default/text-generator").unwrap();
    let counts = stuck.replicas.unwrap();
    assert_eq!((counts.ready, counts.ready_old, counts.unknown, stuck.status.phase), (0, 1, 1, Phase::Failed));
    let sets_denied = workloads(&Stores { replica_sets: Store::new(), ..recorded() }, &settings());
    assert!(sets_denied.replicas.iter().all(|replica| replica.workload.is_some()), "the name of a ReplicaSet tells its Deployment");
    let unread = nodes(&Stores { pods: Store::new(), ..recorded() }, &settings());
    assert_eq!(unread.nodes[1].replicas, None);
}
