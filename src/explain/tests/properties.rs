//! What holds for every rule and every world.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::domain::group::ActivityOutcome;
use crate::domain::workload::{Phase, ReplicaCounts, Role};
use crate::explain::condition::Condition;
use crate::explain::engine::Engine;
use crate::explain::finding::{CauseId, Confidence, Explanation, Verdict};
use crate::explain::rules::RULES;
use crate::explain::testing::{QUOTA_TEXT, SPOT_TEXT, Scene, ZONE_TEXT, one_gpu};
use crate::explain::world::World;
use crate::explain::{catalogue, condition::Symptom, run};

#[test]
fn every_condition_is_explained_and_every_rule_is_its_own_file() {
    for condition in Condition::ALL {
        assert!(RULES.iter().any(|rule| rule.explains == condition), "{condition:?} has no rule");
    }
    let slugs: BTreeSet<&str> = RULES.iter().map(|rule| rule.slug).collect();
    assert_eq!(slugs.len(), RULES.len());
    for slug in slugs {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/explain/rules/{slug}.rs"));
        assert!(file.exists(), "{slug} has its own file");
    }
}

#[test]
fn every_cause_of_a_rule_is_in_the_catalogue_under_its_own_name() {
    for rule in RULES {
        for cause in rule.causes {
            let found = catalogue::find(&CauseId::from(*cause));
            assert_eq!(found.map(|found| found.id.as_str()), Some(*cause), "{} of rule {}", cause, rule.slug);
        }
    }
}

#[test]
fn a_cause_that_two_workloads_share_is_one_node() {
    let mut scene = Scene::stuck();
    scene.quotas.quotas[0].limit = Some(4);
    scene.refuse("gpu", 2, QUOTA_TEXT);
    let mut second = scene.hero().clone();
    second.key.name = "second".into();
    scene.cortex.workloads.push(second);
    let snapshot = scene.snapshot();
    let world = World::new(&snapshot, scene.now);
    let mut engine = Engine::new(&world);
    let group = Symptom::new(Condition::GroupFixed, &scene.groups.groups[0].key);
    let (first, again) = (engine.answer(&group), engine.answer(&group));
    assert!(std::rc::Rc::ptr_eq(&first, &again));
    let quota = &scene.why().chain[3].finding;
    assert!(quota.says.contains("8 more needed (2 machines"), "both wait for a machine: {}", quota.says);
    assert_eq!(scene.explain("second").chain[3].finding, *quota);
}

/// What an explanation promises whatever the world.
fn is_sound(explanation: &Explanation) -> Result<(), TestCaseError> {
    let causes: Vec<&CauseId> = explanation.chain.iter().map(|link| &link.finding.cause).collect();
    match explanation.verdict {
        Verdict::Held => prop_assert!(explanation.root.as_ref().is_some_and(|root| causes.contains(&root))),
        Verdict::CannotTell => {
            prop_assert!(!explanation.missing.is_empty() && explanation.missing.iter().all(|missing| !missing.unlock.is_empty()));
        }
        Verdict::Clear => prop_assert!(explanation.root.is_none() && explanation.chain.is_empty()),
    }
    for pair in explanation.chain.windows(2) {
        prop_assert!(pair[1].depth <= pair[0].depth + 1, "a link hangs in the air");
    }
    for link in &explanation.chain {
        prop_assert!(!link.finding.says.is_empty() && !link.finding.evidence.is_empty(), "{} has evidence", link.finding.cause);
        prop_assert!(link.finding.leads_to.iter().all(|cause| causes.contains(&cause)), "{} leads out of the chain", link.finding.cause);
        if link.finding.confidence == Confidence::Certain {
            prop_assert!(catalogue::find(&link.finding.cause).is_some() || link.finding.cause.as_str().starts_with("aws/"));
        }
    }
    Ok(())
}

prop_compose! {
    fn any_counts()(desired in proptest::option::of(0u32..6), values in proptest::collection::vec(0u32..3, 12)) -> ReplicaCounts {
        ReplicaCounts {
            desired, ready: values[0], ready_old: values[1], up_to_date: values[2], pending: values[3], stalled: values[4], creating: values[5],
            not_ready: values[6], image_error: values[7], failed: values[8], killed: values[9], out_of_memory: values[10], terminating: values[11], unknown: 0,
        }
    }
}

prop_compose! {
    fn any_scene()(
        counts in proptest::collection::vec(any_counts(), 1..4),
        phases in proptest::collection::vec(0usize..6, 4),
        minutes in 0u64..300,
        sizes in proptest::collection::vec((0u32..4, 0u32..4, any::<bool>()), 1..4),
        nodes in proptest::collection::vec((0usize..4, 0i64..3), 0..6),
        launches in proptest::collection::vec((0usize..4, 0u64..300, 0usize..3, 0usize..4), 0..8),
        pinned in any::<bool>(),
        known in any::<bool>(),
    ) -> Scene {
        let mut scene = Scene::stuck();
        scene.cortex.workloads.clear();
        scene.cortex.nodes.clear();
        for (at, (size, max, spot)) in sizes.iter().enumerate() {
            scene.add_group(&format!("group-{at}"), "g4dn.xlarge", *size, *max, *spot);
        }
        for (at, (group, free)) in nodes.iter().enumerate() {
            scene.add_node(&format!("group-{group}"), &format!("machine-{at}"), 1, (*free).min(1));
        }
        let words = [QUOTA_TEXT, SPOT_TEXT, ZONE_TEXT, "something new"];
        let outcomes = [ActivityOutcome::Failed, ActivityOutcome::Succeeded, ActivityOutcome::Running];
        for (group, minutes, outcome, word) in launches {
            scene.add_launch(&format!("group-{group}"), minutes, outcomes[outcome], Some(words[word]));
        }
        let all = [Phase::Updating, Phase::Short, Phase::Failed, Phase::Live, Phase::Zero, Phase::Unrecognized];
        for (at, counts) in counts.into_iter().enumerate() {
            let mut workload = scene.workload(&format!("workload-{at}"));
            workload.replicas = Some(counts);
            workload.status.phase = all[phases[at]];
            workload.deployed_at = Some(scene.ago(minutes));
            workload.demand = known.then(one_gpu);
            if pinned { workload.pinned_groups = vec!["group-0".into()]; }
            scene.cortex.workloads.push(workload);
        }
        scene.add_job("batch", 3, 1, 2);
        scene
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn explanations_are_sound_and_do_not_depend_on_order(scene in any_scene(), rotation in 0usize..5) {
        let first = scene.run();
        for explanation in first.values() {
            is_sound(explanation)?;
        }
        let mut shuffled = scene.clone();
        let turn = |length: usize| if length == 0 { 0 } else { rotation % length };
        let at = turn(shuffled.groups.activities.len());
        shuffled.groups.activities.rotate_left(at);
        let at = turn(shuffled.cortex.workloads.len());
        shuffled.cortex.workloads.rotate_left(at);
        let at = turn(shuffled.groups.groups.len());
        shuffled.groups.groups.rotate_left(at);
        shuffled.cortex.groups.reverse();
        prop_assert_eq!(run(&shuffled.snapshot(), shuffled.now), first);
    }
}

#[test]
fn two_thousand_stuck_workloads_share_their_causes_and_all_are_told() {
    let mut scene = Scene::stuck();
    scene.quotas.quotas[0].limit = Some(4);
    scene.refuse("gpu", 6, QUOTA_TEXT);
    for group in 0..20 {
        scene.add_group(&format!("extra-{group}"), "g4dn.xlarge", 1, 1, false);
    }
    for node in 0..500 {
        scene.add_node(&format!("extra-{}", node % 20), &format!("extra-{node}"), 1, 0);
    }
    let hero = scene.hero().clone();
    for number in 0..2_000 {
        let mut workload = hero.clone();
        workload.key.name = format!("workload-{number:04}").into();
        workload.role = Role::Serving;
        scene.cortex.workloads.push(workload);
    }
    let snapshot = scene.snapshot();
    let explanations = run(&snapshot, scene.now);
    assert_eq!(explanations.len(), 2_001);
    assert!(explanations.values().all(|explanation| explanation.verdict == Verdict::Held));
}
