//! Every built-in scenario, end to end: the simulated cloud over real sockets, the production
//! sources, the explanations, the exit code.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

use std::time::Duration;

use holdup::clock;
use holdup::domain::snapshot::Snapshot;
use holdup::explain;
use holdup::explain::report::{Report, Scope, exit_code, why_json};
use holdup::runtime::headless;
use holdup::sim::scenario::{Expectation, ScenarioInfo};
use holdup::sim::{Options, Running, scenarios, start};
use holdup::source::registry::platform;
use serde_json::Value;

async fn observed(running: &Running) -> Snapshot {
    let connected = running
        .contexts()
        .into_iter()
        .map(|context| {
            let connected = platform(&context.platform).unwrap().connect(&context).unwrap();
            (context, connected)
        })
        .collect();
    headless::observe(connected, None, Duration::from_mins(1)).await
}

/// What `why --format json` says, and the exit code.
async fn why(name: &str) -> (Value, u8) {
    why_at(name, None).await
}

/// The same, so far into the story.
async fn why_at(name: &str, elapsed: Option<Duration>) -> (Value, u8) {
    let running = start(name, Options { elapsed, ..Options::default() }).await.unwrap_or_else(|error| panic!("{error}"));
    let snapshot = observed(&running).await;
    let now = clock::now();
    let explanations = explain::run(&snapshot, now);
    let report = Report::new(&snapshot, &explanations, &Scope { context: None, workload: None }, now);
    let answer = (serde_json::from_str(&why_json(&report)).unwrap(), exit_code(&report));
    running.stop().await;
    answer
}

fn entry<'a>(answer: &'a Value, workload: &str) -> Option<&'a Value> {
    let (context, name) = workload.split_once('/').unwrap_or(("prod", workload));
    answer["verdicts"].as_array()?.iter().find(|entry| {
        // A context that could not be read has an entry without a workload.
        entry["context"] == context && (entry["workload"] == name || (entry["workload"].is_null() && name == context))
    })
}

/// What is wrong with the answer for one workload.
fn fault(answer: &Value, workload: &str, expected: &Expectation) -> Option<String> {
    let Some(entry) = entry(answer, workload) else { return Some(format!("{workload}: no answer")) };
    let verdict = entry["verdict"].as_str().unwrap_or_default();
    let root = entry["root"].as_str();
    let text = entry.to_string();
    if verdict != expected.verdict.as_str() || (expected.root.is_some() && root != expected.root.as_deref()) {
        let wanted = (expected.verdict.as_str(), expected.root.as_deref());
        return Some(format!("{workload}: wanted {wanted:?}, got {:?}: {}", (verdict, root), entry["headline"]));
    }
    expected
        .missing
        .iter()
        .find(|permission| !text.contains(*permission))
        .map(|permission| format!("{workload}: {permission} is not named"))
}

fn faults(info: &ScenarioInfo, answer: &Value, code: u8) -> Vec<String> {
    let expected = &info.scenario.expect;
    let mut faults: Vec<String> = expected.iter().filter_map(|(workload, expected)| fault(answer, workload, expected)).collect();
    for entry in answer["verdicts"].as_array().into_iter().flatten() {
        let (context, name) = (entry["context"].as_str().unwrap_or_default(), entry["workload"].as_str().unwrap_or_default());
        let told = expected.contains_key(name) || expected.contains_key(&format!("{context}/{name}"));
        if entry["verdict"] == "held" && !told {
            faults.push(format!("{context}/{name} is held up by {}, which the scenario does not say", entry["root"]));
        }
        for link in entry["chain"].as_array().into_iter().flatten() {
            if entry["verdict"] == "held" && link["evidence"].as_array().is_none_or(Vec::is_empty) {
                faults.push(format!("{name}: {} has no evidence", link["cause"]));
            }
        }
    }
    let wanted = ends_with(info);
    if code != wanted {
        faults.push(format!("exit code {code}, wanted {wanted}"));
    }
    faults
}

/// The exit code that the worst of a scenario's verdicts comes to.
fn ends_with(info: &ScenarioInfo) -> u8 {
    let words: Vec<&str> = info.scenario.expect.values().map(|expected| expected.verdict.as_str()).collect();
    match () {
        () if words.contains(&"held") => 1,
        () if words.contains(&"cannot_tell") => 3,
        () => 0,
    }
}

/// Platforms whose scenarios the README lists one by one.
const LISTED: [&str; 4] = ["azure-", "ray-", "modelarts-", "gateway-"];

/// The README's table of the platforms' scenarios, from what the scenarios themselves expect.
#[test]
fn the_readme_lists_the_scenarios_of_the_platforms_with_their_roots() {
    let listed = scenarios().iter().filter(|info| LISTED.iter().any(|prefix| info.name.starts_with(prefix)));
    let mut rows: Vec<String> = listed
        .map(|info| {
            let mut roots: Vec<&str> = info.scenario.expect.values().filter_map(|expected| expected.root.as_deref()).collect();
            roots.sort_unstable();
            roots.dedup();
            let roots: Vec<String> = roots.iter().map(|root| format!("`{root}`")).collect();
            let roots = if roots.is_empty() { "nothing is held up".to_owned() } else { roots.join(", ") };
            format!("| `{}` | {roots} | {} |", info.name, ends_with(info))
        })
        .collect();
    rows.sort();
    let table = format!("| scenario | root cause | exit code |\n|---|---|---|\n{}\n", rows.join("\n"));
    println!("{table}");
    assert!(include_str!("../README.md").contains(&table), "the README's table is another one; this is the present one:\n{table}");
}

/// Scenarios whose expectation is not met yet. Each is run all the same: one that is met must leave
/// this list.
const PENDING: &[&str] = &[];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scenario_gets_the_verdict_and_the_root_it_says() {
    assert!(scenarios().len() >= 95, "a scenario that is not listed is not run");
    let mut wrong = Vec::new();
    for info in scenarios() {
        let begun = std::time::Instant::now();
        let (answer, code) = why(info.name).await;
        println!("{:<24} {:>6} ms  exit {code}", info.name, begun.elapsed().as_millis());
        let found = faults(info, &answer, code);
        match (PENDING.contains(&info.name), found.is_empty()) {
            (true, true) => wrong.push(format!("{}: is met now; take it off the list", info.name)),
            (true, false) => println!("  pending: {}", found.join("; ")),
            (false, _) => wrong.extend(found.into_iter().map(|fault| format!("{}: {fault}", info.name))),
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_quota_wall_rests_on_the_groups_history_and_the_quota() {
    let (answer, _) = why("stuck-gpu-quota").await;
    let entry = entry(&answer, "text-generator").unwrap();
    let sources: Vec<&str> = entry["chain"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|link| link["evidence"].as_array().into_iter().flatten())
        .filter_map(|evidence| evidence["source"].as_str())
        .collect();
    for needed in ["aws.autoscaling", "aws.servicequotas"] {
        assert!(sources.iter().any(|source| source.contains(needed)), "{needed} in {sources:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_holds_all_through_the_story() {
    for minutes in [2, 7, 9, 15, 25, 90] {
        let (answer, code) = why_at("stuck-gpu-quota", Some(Duration::from_mins(minutes))).await;
        let root = entry(&answer, "text-generator").unwrap()["root"].as_str().map(str::to_owned);
        assert_eq!((root.as_deref(), code), (Some("aws/vcpu-quota-on-demand"), 1), "{minutes} min in");
    }
    for seconds in [15, 60, 120, 240, 290, 330, 420, 1_200] {
        let (answer, code) = why_at("node-joining", Some(Duration::from_secs(seconds))).await;
        assert_eq!(entry(&answer, "text-generator").unwrap()["verdict"], "clear", "{seconds} s in");
        assert_eq!(code, 0, "{seconds} s in");
    }
}

#[tokio::test]
async fn a_scenario_of_ones_own_is_served_and_a_wrong_one_is_pointed_at() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    let text = "title = \"mine\"\nelapsed = \"3m\"\n\n[[cluster]]\nname = \"lab\"\nbase = \"staging\"\nversion = \"0.33.0\"\n";
    std::fs::write(&file, text).unwrap();
    let running = start(file.to_str().unwrap(), Options::default()).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(running.contexts()[0].name, "lab");
    running.stop().await;
    std::fs::write(&file, text.replace("base", "bsae")).unwrap();
    let error = start(file.to_str().unwrap(), Options::default()).await.err().unwrap().to_string();
    assert!(error.contains("mine.toml:6") && error.contains("did you mean `base`"), "{error}");
}
