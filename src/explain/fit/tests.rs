//! A proposal held against scenes: what fits, what must first be freed or added, what never fits.

use super::{Fit, Outcome, Proposal, plan};
use crate::domain::id::ResourceKind;
use crate::domain::source::FailureKind;
use crate::domain::workload::{Amount, Phase, QuotaDemand, ReplicaCounts};
use crate::explain::testing::{Scene, key};
use crate::explain::world::World;

/// The stuck scene before its update: one replica on the only GPU machine, the group may grow to five.
fn calm() -> Scene {
    let mut scene = Scene::stuck();
    scene.hero().status.phase = Phase::Live;
    *scene.counts() = ReplicaCounts { desired: Some(1), ready: 1, up_to_date: 1, ..ReplicaCounts::default() };
    scene
}

fn fit(scene: &Scene, proposal: &Proposal) -> Fit {
    let snapshot = scene.snapshot();
    let world = World::new(&snapshot, scene.now);
    plan(&world, &key(ResourceKind::Workload, "text-generator"), proposal).unwrap()
}

fn plain(scene: &Scene) -> Fit {
    fit(scene, &Proposal::default())
}

fn is_stuck(fit: &Fit) -> bool {
    matches!(fit.outcome, Outcome::Stuck { .. })
}

#[test]
fn a_free_machine_takes_the_extra_replica() {
    let mut scene = calm();
    scene.add_node("gpu", "node-2", 1, 1);
    assert_eq!(plain(&scene).outcome, Outcome::FitsNow);
}

#[test]
fn a_group_with_headroom_is_enlarged() {
    let fit = plain(&calm());
    let Outcome::FitsAfter { machines, .. } = &fit.outcome else { panic!("{fit:?}") };
    assert_eq!((machines[0].group.as_str(), machines[0].count), ("gpu", 1));
    assert!(fit.says.contains("1 new machine in gpu"), "{}", fit.says);
}

#[test]
fn a_full_group_sticks_and_the_ways_out_were_played() {
    let mut scene = calm();
    scene.group("gpu").max = 1;
    let fit = plain(&scene);
    assert!(is_stuck(&fit), "{fit:?}");
    assert!(fit.says.contains("group gpu is at its maximum of 1"), "{}", fit.says);
    let ways: Vec<&str> = fit.ways.iter().map(|way| way.text.as_str()).collect();
    assert!(ways.iter().any(|way| way.contains("grow to 2")), "{ways:?}");
    assert!(ways.iter().any(|way| way.contains("max_surge 0") && way.contains("outage")), "{ways:?}");
}

#[test]
fn a_used_up_quota_sticks_and_says_what_to_ask_for() {
    let mut scene = calm();
    scene.quotas.quotas[0].limit = Some(4);
    let fit = plain(&scene);
    assert!(is_stuck(&fit));
    assert!(fit.walls[0].says.contains("is 4 vCPU, 4 in use"), "{:?}", fit.walls);
    let command = fit.ways.iter().find_map(|way| way.command.as_ref()).unwrap();
    assert!(command.contains("--desired-value 8") && command.contains("L-DB2E81BA"), "{command}");
}

#[test]
fn an_unread_quota_cannot_be_told_only_where_it_matters() {
    let mut scene = calm();
    scene.fail("aws.servicequotas", FailureKind::Denied, "access denied", &["servicequotas:GetServiceQuota"]);
    let unread = plain(&scene);
    assert_eq!(unread.outcome, Outcome::CannotTell);
    assert_eq!(unread.missing[0].unlock.as_str(), "servicequotas:GetServiceQuota");
    scene.add_node("gpu", "node-2", 1, 1);
    assert_eq!(plain(&scene).outcome, Outcome::FitsNow, "no machine is needed, so no quota either");
}

#[test]
fn proposals_change_the_play() {
    let mut scene = calm();
    scene.group("gpu").max = 1;
    let in_place = Proposal { max_surge: Some(Amount::Count(0)), max_unavailable: Some(Amount::Count(1)), ..Proposal::default() };
    assert_eq!(fit(&scene, &in_place).outcome, Outcome::FitsNow);
    let no_gpu = Proposal { gpus: Some(0), cpu_millis: Some(500), memory_bytes: Some(1 << 30), ..Proposal::default() };
    assert_eq!(fit(&scene, &no_gpu).outcome, Outcome::FitsNow, "there is CPU left beside the GPU");
    let more = Proposal { replicas: Some(4), ..in_place };
    assert!(is_stuck(&fit(&scene, &more)));
    let too_big = Proposal { gpus: Some(8), ..Proposal::default() };
    assert!(is_stuck(&fit(&calm(), &too_big)), "no machine of the group has eight");
}

#[test]
fn only_one_to_three_replicas_stick_at_the_defaults() {
    for (replicas, sticks) in [(1, true), (2, true), (3, true), (4, false), (8, false)] {
        let mut scene = calm();
        scene.cortex.nodes.clear();
        for number in 0..replicas {
            scene.add_node("gpu", &format!("node-{number}"), 1, 0);
        }
        scene.group("gpu").max = replicas;
        scene.group("gpu").desired = Some(replicas);
        scene.group("gpu").in_service = Some(replicas);
        *scene.counts() = ReplicaCounts { desired: Some(replicas), ready: replicas, up_to_date: replicas, ..ReplicaCounts::default() };
        assert_eq!(is_stuck(&plain(&scene)), sticks, "{replicas} replicas");
    }
}

#[test]
fn who_already_waits_is_served_first() {
    let mut scene = calm();
    scene.add_node("gpu", "node-2", 1, 1);
    scene.group("gpu").max = 2;
    scene.group("gpu").desired = Some(2);
    let mut other = scene.workload("other");
    other.replicas = Some(ReplicaCounts { desired: Some(1), pending: 1, ..ReplicaCounts::default() });
    scene.cortex.workloads.push(other);
    assert!(is_stuck(&plain(&scene)), "the free GPU is as good as taken");
}

#[test]
fn two_halves_are_no_whole() {
    let mut scene = calm();
    scene.group("gpu").max = 1;
    scene.add_node("gpu", "node-2", 4, 1);
    scene.add_node("gpu", "node-3", 4, 1);
    let two = Proposal { gpus: Some(2), ..Proposal::default() };
    let fit = fit(&scene, &two);
    assert!(is_stuck(&fit), "{fit:?}");
    assert!(fit.walls.iter().any(|wall| wall.says.contains("too few GPUs free")), "{:?}", fit.walls);
}

#[test]
fn a_platform_without_machines_is_reckoned_by_its_quota() {
    let mut scene = calm();
    let quota = scene.quotas.quotas[0].key.clone();
    let demand = |reserve| Some(QuotaDemand { quota: quota.clone(), each: 10, update_reserve_percent: reserve, side_by_side: true });
    scene.quotas.quotas[0].limit = Some(15);
    scene.hero().quota_demand = demand(0);
    assert_eq!(plain(&scene).outcome, Outcome::FitsNow, "10 of the 11 that are free");
    scene.hero().quota_demand = demand(20);
    let reserved = plain(&scene);
    assert!(is_stuck(&reserved));
    assert!(reserved.says.contains("12 vCPU more"), "{}", reserved.says);
}

#[test]
fn the_next_update_of_a_healthy_workload_carries_a_badge() {
    let mut scene = calm();
    scene.group("gpu").max = 1;
    let badge = scene.why().next_update;
    assert!(badge.as_ref().is_some_and(|badge| badge.contains("stuck")), "{badge:?}");
    scene.add_node("gpu", "node-2", 1, 1);
    assert_eq!(scene.why().next_update, None);
    let mut guess = calm();
    guess.group("gpu").max = 1;
    guess.hero().strategy = None;
    assert_eq!(guess.why().next_update, None, "without a strategy it would be a guess");
}
