//! The state of the world in each scenario, without the wire.

use std::path::Path;

use super::build::build;
use super::scenario::FILES;
use super::server::load;
use super::world::{ActivityStatus, Cluster, Group, Moment, Pod, PodPhase, World};
use crate::domain::time::Timestamp;

fn told(name: &str, elapsed: Option<Moment>) -> World {
    let scenario = load(name).unwrap_or_else(|problem| panic!("{problem}"));
    let started = Timestamp::from_second(1_790_000_000).unwrap();
    let elapsed = elapsed.unwrap_or(scenario.elapsed.0);
    build(Path::new(name), &scenario, started, elapsed, 1.0).unwrap_or_else(|problem| panic!("{problem}"))
}

fn prod(world: &World) -> &Cluster {
    &world.clusters[0]
}

fn group<'w>(world: &'w World, name: &str) -> &'w Group {
    prod(world).group(name).unwrap()
}

fn pods<'w>(world: &'w World, api: &str) -> (Vec<&'w Pod>, Vec<&'w Pod>) {
    let api = prod(world).api(api).unwrap();
    api.replicas().partition(|pod| api.is_current(pod))
}

fn phases(pods: &[&Pod]) -> Vec<PodPhase> {
    pods.iter().map(|pod| pod.phase).collect()
}

fn refusals(group: &Group) -> Vec<&str> {
    let failed = group.activities.iter().filter(|activity| activity.status == ActivityStatus::Failed);
    failed.filter_map(|activity| activity.message.as_deref()).collect()
}

#[test]
fn a_quota_wall_leaves_history_and_a_group_that_looks_healthy() {
    let world = told("stuck-gpu-quota", None);
    let (new, old) = pods(&world, "text-generator");
    assert_eq!((phases(&new), phases(&old)), (vec![PodPhase::Pending], vec![PodPhase::Ready]));
    assert!(new[0].is_stalled(world.now, 900));
    let gpu = group(&world, "gpu");
    assert_eq!(gpu.desired, 1, "the autoscaler put it back");
    let refusals = refusals(gpu);
    assert!(refusals.len() >= 6 && refusals.iter().all(|text| text.contains("current vCPU limit of 4 allows")));
    assert_eq!(world.vcpus_in_use("G/OnDemand", world.now), 4);
    let backoff = prod(&world).autoscaler.backoff.get("gpu").unwrap();
    assert_eq!(backoff.length, 1_200, "the third failure");
}

#[test]
fn at_the_maximum_nobody_asks_aws() {
    let world = told("stuck-at-max-instances", None);
    let (new, _) = pods(&world, "text-generator");
    assert!(new[0].is_stalled(world.now, 900));
    assert_eq!(group(&world, "gpu").desired, group(&world, "gpu").max);
    assert!(group(&world, "gpu").activities.iter().all(|activity| activity.started_at < 0), "nothing since the deploy");
}

#[test]
fn sold_out_machines_say_so_in_their_own_words() {
    let spot = told("spot-no-capacity", None);
    assert!(refusals(group(&spot, "gpu-spot")).iter().all(|text| text.contains("UnfulfillableCapacity")));
    let zones = told("on-demand-no-capacity", None);
    let refusals = refusals(group(&zones, "gpu"));
    assert!(refusals.len() > 1 && refusals.iter().all(|text| text.contains("do not have sufficient g4dn.xlarge capacity")));
    assert!(refusals[0].contains("or choosing us-west-2d."));
}

#[test]
fn a_joining_machine_ends_the_wait() {
    let world = told("node-joining", None);
    let launch = group(&world, "gpu").activities.last().unwrap();
    assert_eq!((launch.status, launch.progress), (ActivityStatus::Successful, 100));
    assert_eq!(phases(&pods(&world, "text-generator").0), [PodPhase::Pending]);
    let later = told("node-joining", Some(600));
    let (new, old) = pods(&later, "text-generator");
    assert_eq!((phases(&new), old.len()), (vec![PodPhase::Ready], 0));
    let much_later = told("node-joining", Some(3_600));
    assert_eq!(group(&much_later, "gpu").desired, 1, "the spare machine was given back");
}

#[test]
fn what_is_broken_by_itself_is_placed_and_broken() {
    for (scenario, phase) in [
        ("crash-loop", PodPhase::Failed),
        ("out-of-memory", PodPhase::OutOfMemory),
        ("image-pull", PodPhase::ImageError),
        ("never-ready", PodPhase::NotReady),
    ] {
        let world = told(scenario, None);
        let (new, old) = pods(&world, "recommender");
        assert_eq!(phases(&new), [phase], "{scenario}");
        assert_eq!(phases(&old), [PodPhase::Ready, PodPhase::Ready], "{scenario}: the old ones serve");
        assert!(new[0].node.is_some());
    }
}

#[test]
fn there_is_a_gpu_and_still_no_place() {
    let world = told("gpu-fragmented", None);
    let free: i64 = prod(&world).nodes_of("gpu", world.now).map(|node| prod(&world).free_on(node, world.now).gpus).sum();
    assert_eq!(free, 1);
    assert!(pods(&world, "text-generator").0[0].is_unplaced());
    let world = told("pinned-node-group", None);
    let free: i64 = prod(&world).nodes_of("gpu-large", world.now).map(|node| prod(&world).free_on(node, world.now).gpus).sum();
    assert_eq!(free, 1);
    let world = told("device-plugin-missing", None);
    let without = prod(&world).nodes_of("gpu", world.now).filter(|node| node.is_ready(world.now) && node.gpus(world.now) == 0);
    assert_eq!(without.count(), 1);
}

#[test]
fn jobs_wait_for_machines_their_group_may_not_have() {
    let world = told("batch-waiting", None);
    let api = prod(&world).api("image-classifier-batch").unwrap();
    let waiting = api.pods.iter().filter(|pod| pod.is_unplaced()).count();
    let working = api.pods.iter().filter(|pod| pod.phase == PodPhase::Ready).count();
    assert_eq!((waiting, working), (2, 2));
    assert!(api.jobs[0].batches_done > 0 && api.jobs[0].batches_in_queue() > 0);
}

#[test]
fn a_suspended_group_is_asked_and_does_nothing() {
    let world = told("group-suspended", None);
    assert!(group(&world, "gpu").is_suspended("Launch"));
    assert!(group(&world, "gpu").activities.iter().all(|activity| activity.started_at < 0));
}

#[test]
fn other_workloads_live_on_in_every_scenario() {
    for (name, _) in FILES {
        let world = told(name, None);
        // Managed platforms have services of their own, and no cluster.
        if world.clusters.is_empty() {
            continue;
        }
        let api = prod(&world).api("sentiment").unwrap();
        let ready = api.pods.iter().filter(|pod| pod.phase == PodPhase::Ready).count();
        assert_eq!(ready, 3, "{name}");
    }
}

#[test]
fn a_story_is_told_the_same_twice_and_no_stamp_lies_in_the_future() {
    let (first, second) = (told("bad-day", None), told("bad-day", None));
    assert_eq!(format!("{:?}", first.clusters), format!("{:?}", second.clusters));
    let newest = first.clusters.iter().flat_map(|cluster| &cluster.groups).flat_map(|group| &group.activities);
    assert!(newest.map(|activity| first.stamp(activity.started_at)).all(|at| at <= first.present()));
}

fn objects(name: &str) -> Vec<serde_json::Value> {
    let world = told(name, None);
    super::kubernetes::project::objects(&world, prod(&world))
}

/// Messages of events for a reason.
fn messages(objects: &[serde_json::Value], reason: &str) -> Vec<String> {
    let events = objects.iter().filter(|object| object["kind"] == "Event" && object["reason"] == reason);
    events.filter_map(|event| Some(event["message"].as_str()?.to_owned())).collect()
}

#[test]
fn kubernetes_says_what_stands_in_each_story() {
    for (name, reason, says) in [
        ("taint-mismatch", "FailedScheduling", "3 node(s) had untolerated taint {pool: serving}"),
        ("affinity-mismatch", "FailedScheduling", "9 node(s) didn't match Pod's node affinity/selector"),
        ("pod-limit", "FailedScheduling", "6 Too many pods"),
        ("pvc-zone", "FailedScheduling", "6 node(s) had volume node affinity conflict"),
        ("image-secret", "FailedToRetrieveImagePullSecret", "(registry-token)"),
        ("config-missing", "Failed", "Error: configmap \"ranker-config\" not found"),
        ("probe-wrong-port", "Unhealthy", ":9090: connect: connection refused"),
        ("node-pressure-eviction", "Evicted", "The node was low on resource: memory."),
        (
            "quota-denied",
            "FailedCreate",
            "exceeded quota: gpu-budget, requested: requests.nvidia.com/gpu=1, used: requests.nvidia.com/gpu=1",
        ),
        ("webhook-denied", "FailedCreate", "admission webhook \"validate.kyverno.svc-fail\" denied the request: "),
        ("pdb-blocked-drain", "FailedScheduling", "1 node(s) were unschedulable"),
        ("autoscaler-backoff", "NotTriggerScaleUp", "1 in backoff after failed scale-up"),
        ("autoscaler-backoff", "ScaleUpTimedOut", "failed to register within"),
        ("karpenter-no-capacity", "InsufficientCapacityError", "with fleet error(s), InsufficientInstanceCapacity: "),
        ("karpenter-quota", "InsufficientCapacityError", "with fleet error(s), VcpuLimitExceeded: "),
        ("volume-mount-failed", "FailedMount", "Output: mount.nfs: Connection timed out"),
        ("volume-multi-attach", "FailedAttachVolume", "Volume is already used by pod(s) text-generator-"),
        ("volume-multi-attach", "FailedMount", "timed out waiting for the condition"),
        ("node-not-ready", "NodeNotReady", "Node is not ready"),
        ("node-unreachable", "TaintManagerEviction", "Marking for deletion Pod ml/text-generator-"),
        ("node-oom", "SystemOOM", "System OOM encountered, victim process: python3"),
        ("limit-range-denied", "FailedCreate", "forbidden: maximum memory usage per Container is 8Gi, but limit is 12Gi"),
        ("spot-reclaimed", "SpotInterruption", "will be interrupted"),
        ("xid-error", "NvidiaXID95Error", "NVRM: Xid (PCI:"),
    ] {
        let said = messages(&objects(name), reason);
        assert!(said.iter().any(|message| message.contains(says)), "{name}: {said:?}");
    }
    assert!(messages(&objects("autoscaler-down"), "NotTriggerScaleUp").is_empty(), "nobody is there to say it");
}

#[test]
fn every_object_is_whole_and_there_once() {
    for (name, _) in FILES {
        let world = told(name, None);
        for cluster in &world.clusters {
            let objects = super::kubernetes::project::objects(&world, cluster);
            let mut uids: Vec<&str> = objects.iter().filter_map(|object| object["metadata"]["uid"].as_str()).collect();
            assert_eq!(uids.len(), objects.len(), "{name}");
            uids.sort_unstable();
            uids.dedup();
            assert_eq!(uids.len(), objects.len(), "{name}: uids differ");
            for object in &objects {
                let known = super::kubernetes::kinds::of_object(object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
                assert!(known.is_some(), "{name}: {} is served", object["kind"]);
            }
            let deployed = cluster.apis.iter().filter(|api| api.kind.is_deployment()).count();
            assert!(objects.iter().filter(|object| object["kind"] == "Deployment").count() > deployed);
        }
    }
}

#[test]
fn the_recorded_update_looks_like_the_real_one() {
    let objects = objects("stuck-gpu-quota");
    let deployment = objects.iter().find(|object| object["kind"] == "Deployment" && object["metadata"]["name"] == "api-text-generator");
    let status = &deployment.unwrap()["status"];
    assert_eq!((&status["replicas"], &status["unavailableReplicas"]), (&serde_json::json!(2), &serde_json::json!(1)));
    assert_eq!(status["conditions"][1]["reason"], "ProgressDeadlineExceeded");
    let node = objects.iter().find(|object| object["kind"] == "Node" && object["status"]["allocatable"]["nvidia.com/gpu"] == "1");
    assert_eq!(node.unwrap()["status"]["allocatable"]["cpu"], "3700m");
}
