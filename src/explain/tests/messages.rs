//! What platforms and logs say in words: recognised, quoted where nobody knows them, never dropped.

use crate::domain::id::ResourceKind;
use crate::domain::log::LogTail;
use crate::domain::text::Text;
use crate::domain::workload::{Phase, PlatformMessage, ReplicaCounts};
use crate::explain::finding::{Confidence, Verdict};
use crate::explain::testing::{Scene, chain, key, root};

const CRASHED: &str = "ResourceNotReady: User container has crashed or terminated. Please see troubleshooting guide, available here: https://aka.ms/oe-tsg#error-resourcenotready";
const QUOTA: &str = "Not enough quota available for Standard_DS3_v2 in SubscriptionId 123. Current usage/limit: 0/6. Additional needed: 8";

/// An endpoint of a platform that counts no replicas and says these things.
fn endpoint(platform: &str, messages: &[(&str, &str)]) -> Scene {
    let mut scene = Scene::stuck();
    let at = scene.ago(7);
    let hero = scene.hero();
    hero.platform = platform.into();
    hero.replicas = None;
    hero.status.phase = Phase::Failed;
    hero.reproduce = "az ml online-endpoint show --name text-generator --resource-group rg --workspace-name ml".into();
    hero.messages = messages
        .iter()
        .map(|(field, text)| PlatformMessage { field: (*field).into(), text: (*text).into(), code: None, at: Some(at) })
        .collect();
    scene
}

fn with_log(mut scene: Scene, lines: &str) -> Scene {
    let tail = LogTail {
        of: key(ResourceKind::Replica, "ml/text-generator-0"),
        workload: Some(scene.hero().key.clone()),
        container: Some("main".into()),
        previous: true,
        at: scene.ago(1),
        lines: Text::clean_lines(lines, 8_192),
    };
    scene.cortex.log_tails.push(tail);
    scene
}

#[test]
fn the_platforms_own_words_name_the_cause() {
    let why = endpoint("azure", &[("deployments.blue.error", QUOTA)]).why();
    assert_eq!((why.verdict, root(&why)), (Verdict::Held, "azure/quota-cpu"));
    let finding = &why.chain[0].finding;
    assert!(finding.says.contains("Azure says \"Not enough quota"), "{}", finding.says);
    let evidence = &finding.evidence[0];
    assert_eq!((evidence.field.as_str(), evidence.value.as_str()), ("deployments.blue.error", QUOTA));
    assert_eq!(evidence.observed_at.to_string(), "2026-03-01T11:53:00Z", "when it was said, not when it was read");
    let commands: Vec<&str> = finding.remedies.iter().filter_map(|remedy| remedy.command.as_deref()).collect();
    assert!(!commands.is_empty() && commands.iter().all(|command| !command.contains("<resource_group>")), "{commands:?}");
}

#[test]
fn several_messages_are_several_roots() {
    let image = "Failed to pull image: manifest unknown: manifest tagged by \"v9\" is not found";
    let why = endpoint("azure", &[("blue", QUOTA), ("green", image), ("green.again", image)]).why();
    assert_eq!(chain(&why), ["azure/quota-cpu", "azure/badarg-image-download"], "in the platform's order");
    assert_eq!(why.also.len(), 1, "{:?}", why.also);
    assert_eq!(why.chain[1].finding.evidence.len(), 2, "both messages of one cause are its evidence");
}

#[test]
fn an_umbrella_steps_back_behind_what_another_message_says() {
    let why = endpoint("azure", &[("error", CRASHED), ("inner", "Worker (pid:8) was sent SIGKILL! Perhaps out of memory?")]).why();
    assert_eq!(chain(&why), ["azure/notready-worker-killed"]);
    assert_eq!(why.chain[0].finding.evidence.len(), 2, "the umbrella's words are kept as evidence");
}

#[test]
fn unknown_words_are_quoted_and_benign_ones_hold_nothing_up() {
    let words = "The flux capacitor is out of phase";
    let why = endpoint("azure", &[("error", words)]).why();
    assert_eq!(why.verdict, Verdict::CannotTell);
    assert!(why.headline.contains(words), "{}", why.headline);
    assert!(why.missing[0].why.contains(words) && why.missing[0].unlock.contains("--workspace-name ml"), "{:?}", why.missing);
    let why = endpoint("anyscale", &[("error", words)]).why();
    assert_eq!((root(&why), why.chain[0].finding.confidence), ("anyscale/service-unhealthy", Confidence::Possible));
    assert!(why.chain[0].finding.says.contains(words));
    let mixed = endpoint("azure", &[("error", words), ("blue", QUOTA)]).why();
    assert!(mixed.chain[0].finding.evidence.iter().any(|evidence| evidence.value.as_str() == words), "told beside what is known");
    let mut benign =
        endpoint("azure", &[("log", "127.0.0.1 - - [01/Mar/2026:12:00:00 +0000] \"GET / HTTP/1.0\" 200 7 \"-\" \"kube-probe/1.18\"")]);
    benign.hero().status.phase = Phase::Updating;
    benign.hero().deployed_at = Some(benign.ago(2));
    assert_eq!(benign.why().verdict, Verdict::Clear);
}

#[test]
fn the_code_beside_a_message_is_read_too() {
    let mut scene = endpoint("azure", &[("error", "see the log")]);
    scene.hero().messages[0].code = Some("ResourceNotReady".into());
    let why = scene.why();
    assert_eq!(root(&why), "azure/notready-generic");
    assert_eq!(why.chain[0].finding.evidence[0].field.as_str(), "error (ResourceNotReady)");
}

#[test]
fn beneath_an_umbrella_the_log_tells() {
    let log = "INFO boot\nTraceback (most recent call last):\n  File \"score.py\", line 3, in <module>\nModuleNotFoundError: No module named 'transformers'\nWorker (pid:9) exited with code 3";
    let why = with_log(endpoint("azure", &[("error", CRASHED)]), log).why();
    assert_eq!(chain(&why), ["azure/notready-generic", "azure/notready-missing-package"]);
    assert_eq!(root(&why), "azure/notready-missing-package");
    let evidence = &why.chain[1].finding.evidence[0];
    assert_eq!(evidence.value.as_str(), "ModuleNotFoundError: No module named 'transformers'");
    assert_eq!((evidence.field.as_str(), evidence.resource.name.as_str()), ("log of main, before its restart", "ml/text-generator-0"));
    let quota = with_log(endpoint("azure", &[("error", QUOTA)]), log).why();
    assert_eq!(chain(&quota), ["azure/quota-cpu"], "a message that says it all needs no log");
}

#[test]
fn beneath_a_crash_the_log_tells_and_a_calm_log_says_nothing() {
    let crash = |lines: &str| {
        let mut scene = Scene::stuck();
        *scene.counts() = ReplicaCounts { desired: Some(1), ready_old: 1, up_to_date: 1, failed: 1, ..ReplicaCounts::default() };
        with_log(scene, lines).why()
    };
    let why =
        crash("loading\ntorch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB (GPU 0; 14.76 GiB total capacity)\n");
    assert_eq!(chain(&why)[1..], ["cortex/update-crash", "kubernetes/app-cuda-oom"]);
    assert!(why.chain[2].finding.says.contains("CUDA out of memory"), "{}", why.chain[2].finding.says);
    let calm = crash("INFO model loaded\nINFO listening on 8080\n");
    assert_eq!(root(&calm), "cortex/update-crash");
}

#[test]
fn what_was_held_up_says_for_a_while_what_freed_it() {
    let mut scene = Scene::stuck();
    scene.refuse("gpu", 3, crate::explain::testing::QUOTA_TEXT);
    scene.quotas.quotas[0].limit = Some(4);
    let held = scene.run();
    scene.add_node("gpu", "node-2.ec2.internal", 1, 0);
    scene.cortex.nodes[1].created_at = Some(scene.ago(2));
    *scene.counts() = ReplicaCounts { desired: Some(1), ready: 1, up_to_date: 1, ..ReplicaCounts::default() };
    scene.hero().status.phase = Phase::Live;
    let hero = scene.hero().key.clone();
    let mut next = scene.run();
    crate::explain::changes(&held, &mut next, &scene.snapshot(), scene.now);
    let says = "freed itself after 41 min when node node-2 joined (was: G vCPU quota 4, all in use)";
    assert_eq!(next[&hero].headline.as_str(), says);
    let later = scene.now.checked_add(crate::domain::time::Duration::from_mins(5)).unwrap();
    let mut after = scene.run();
    crate::explain::changes(&next, &mut after, &scene.snapshot(), later);
    assert_eq!(after[&hero].freed, next[&hero].freed, "told for a while");
    let mut at_last = scene.run();
    crate::explain::changes(
        &after,
        &mut at_last,
        &scene.snapshot(),
        later.checked_add(crate::domain::time::Duration::from_mins(11)).unwrap(),
    );
    assert_eq!(at_last[&hero].freed, None);
}
