//! Logs of the simulated cluster against what its containers wrote: nothing lost, nothing twice.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use holdup::domain::id::{ResourceKey, ResourceKind};
use holdup::domain::log::LogItem;
use holdup::domain::snapshot::Snapshot;
use holdup::domain::time::Timestamp;
use holdup::sim::world::runs;
use holdup::sim::{Options, Running, start};
use holdup::source::{Connected, Focus, LogRequest};
use tokio::sync::mpsc;

use super::simulated::beside;

type Written = Vec<(Timestamp, String)>;

/// A scenario, its sources, and the name of its context.
async fn served(path: &str, options: Options) -> (Running, Connected, String) {
    let running = start(path, options).await.unwrap_or_else(|error| panic!("{error}"));
    let (mut connected, _) = beside(&running, &[]);
    let focus = Focus { snapshot: Arc::new(Snapshot::default()), selected: None, now: holdup::clock::now() };
    tokio::time::timeout(Duration::from_secs(20), connected.sources[0].poll(&focus)).await.unwrap().unwrap();
    let context = running.contexts().into_iter().find(|context| context.kubernetes.is_some()).unwrap().name;
    (running, connected, context)
}

fn follow(connected: &Connected, context: &str, workload: &str, previous: bool) -> mpsc::Receiver<LogItem> {
    let workload = ResourceKey::new(&context.into(), ResourceKind::Workload, workload);
    let request = LogRequest { workload, job: None, replica: None, container: None, previous };
    let (sender, lines) = mpsc::channel(4_096);
    tokio::spawn(connected.logs.as_ref().unwrap().follow(request, sender));
    lines
}

/// What came, by replica, until there is enough or all is over.
async fn heard(
    lines: &mut mpsc::Receiver<LogItem>,
    enough: impl Fn(&BTreeMap<String, Written>) -> bool,
) -> (BTreeMap<String, Written>, Vec<String>) {
    let (mut heard, mut notes) = (BTreeMap::<String, Written>::new(), Vec::new());
    let listening = async {
        while let Some(item) = lines.recv().await {
            match item {
                LogItem::Line(line) => {
                    let replica = line.replica.map(|replica| replica.to_string()).unwrap_or_default();
                    heard.entry(replica).or_default().push((line.at, line.text.to_string()));
                }
                LogItem::Note(note) => notes.push(note.to_string()),
                LogItem::Dropped(count) => panic!("{count} lines were dropped"),
                LogItem::Ended(_) => break,
            }
            if enough(&heard) {
                break;
            }
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(30), listening).await;
    assert!(ended.is_ok(), "not enough: {heard:?}, {notes:?}");
    (heard, notes)
}

/// What a pod's container wrote in a run, and so far in all.
fn written(running: &Running, pod: &str, run: Option<u32>) -> Written {
    let world = running.world().now_view();
    let pod = world.clusters.iter().flat_map(holdup::sim::world::Cluster::pods).find(|(_, each)| each.name == pod).unwrap().1;
    pod.log.iter().filter(|line| run.is_none_or(|run| run == line.run)).map(|line| (world.stamp(line.at), line.text.clone())).collect()
}

const TALKATIVE: &str = r#"
title = "Three replicas that write, over connections that break"
elapsed = "5m"

[faults.kubernetes]
cut_logs = 4

[[cluster]]
name = "serving"
platform = "kubernetes"
base = "serving"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_followed_over_connections_that_break_lose_nothing_and_say_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("talkative.toml");
    std::fs::write(&file, TALKATIVE).unwrap();
    let (running, connected, context) = served(file.to_str().unwrap(), Options { speed: 60.0, ..Options::default() }).await;
    let mut lines = follow(&connected, &context, "ml/sentiment", false);
    let begun = holdup::clock::now();
    // Long enough that every stream is cut and opened again, with lines in between.
    let fresh = |written: &Written| written.iter().filter(|(at, _)| *at > begun).count();
    let (heard, notes) = heard(&mut lines, |heard| heard.len() == 3 && heard.values().all(|written| fresh(written) >= 12)).await;
    assert!(notes.iter().filter(|note| note.contains("broke off")).count() >= 3, "{notes:?}");
    for (pod, heard) in heard {
        let (first, last) = (heard.first().unwrap().0, heard.last().unwrap().0);
        let told: Written = written(&running, &pod, None).into_iter().filter(|(at, _)| (first..=last).contains(at)).collect();
        assert_eq!(heard, told, "{pod}");
    }
    running.stop().await;
}

/// A moment of a story at which a container that ended before runs again, for some seconds more.
async fn running_again() -> (Running, Connected, String, String, runs::Run) {
    for elapsed in (60..600).step_by(7) {
        let options = Options { elapsed: Some(Duration::from_secs(elapsed)), ..Options::default() };
        let running = start("crash-loop", options).await.unwrap();
        let again = {
            let world = running.world().now_view();
            let mut pods = world.clusters.iter().flat_map(holdup::sim::world::Cluster::pods);
            pods.find_map(|(api, pod)| {
                let lives = api.version(&pod.spec_id)?.behaviour.lives()?;
                let run = runs::at(pod.started_at?, lives, world.now);
                let is_fresh = run.ended_at.is_none() && world.now - run.started_at < lives - 12;
                (run.number >= 2 && is_fresh).then(|| (pod.name.clone(), run))
            })
        };
        running.stop().await;
        if let Some((pod, run)) = again {
            let (running, connected, context) = served("crash-loop", options).await;
            return (running, connected, context, pod, run);
        }
    }
    panic!("no container runs again in that story")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_previous_container_has_a_log_of_its_own() {
    let (running, connected, context, pod, run) = running_again().await;
    let workload = format!("default/{}", pod.rsplitn(3, '-').last().unwrap());
    let own = |heard: &BTreeMap<String, Written>| {
        let api = format!("{pod}/api");
        heard.get(&api).cloned().unwrap_or_default()
    };
    let (before, _) = heard(&mut follow(&connected, &context, &workload, true), |_| false).await;
    let before = own(&before);
    let present = written(&running, &pod, Some(run.number));
    let mut lines = follow(&connected, &context, &workload, false);
    let (now, _) = heard(&mut lines, |heard| own(heard).len() >= present.len()).await;
    let now = own(&now);
    assert_eq!(before, written(&running, &pod, run.number.checked_sub(1)));
    assert_eq!(now, present);
    assert!(before.iter().any(|(_, text)| text.starts_with("KeyError")) && !now.iter().any(|(_, text)| text.starts_with("KeyError")));
    let names = |written: &Written| written.iter().find_map(|(_, text)| Some(text.split_once("instance ")?.1.to_owned()));
    assert_ne!(names(&before), names(&now), "each run names itself");
    running.stop().await;
}
