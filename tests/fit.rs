//! What `fit` predicts, against what then happens: random clusters are played by the simulated
//! cloud's own scheduler, autoscaler and rollout controller, and read through real sockets before
//! and long after the deploy.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

use std::fmt::Write as _;
use std::time::Duration;

use holdup::clock;
use holdup::domain::id::{ResourceKey, ResourceKind};
use holdup::domain::snapshot::Snapshot;
use holdup::domain::workload::Phase;
use holdup::explain::fit::{Fit, Outcome, Proposal, plan};
use holdup::explain::world::World;
use holdup::runtime::headless;
use holdup::sim::{Options, start};
use holdup::source::registry::platform;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// Clusters that are played.
const CLUSTERS: usize = 40;

/// One random cluster with one deploy ten minutes into the story.
#[derive(Clone, Debug)]
struct Case {
    machine: &'static str,
    running: u32,
    more: u32,
    second: Option<u32>,
    quota: u32,
    replicas: u32,
    gpus: u32,
    cpu: u32,
    surge: &'static str,
    unavailable: &'static str,
    neighbour: Option<u32>,
    bigger: bool,
}

/// Machine types with their vCPUs and GPUs.
const MACHINES: &[(&str, u32, u32)] = &[("g4dn.xlarge", 4, 1), ("g5.xlarge", 4, 1), ("g4dn.2xlarge", 8, 1), ("g4dn.12xlarge", 48, 4)];

/// Clusters as people size them: the machines that the old version and its neighbour need and
/// perhaps one more, a maximum and a quota that leave room for none, one or two.
fn cases() -> impl Strategy<Value = Case> {
    let cluster = (proptest::sample::select(MACHINES), 0..5_u32, 0..3_u32, proptest::option::weighted(0.3, 0..2_u32), 0..3_u32);
    let strategies = vec![("25%", "25%"), ("25%", "25%"), ("0", "1"), ("1", "0"), ("100%", "0"), ("50%", "50%")];
    let update = (
        1..6_u32,
        1..3_u32,
        1..4_u32,
        proptest::sample::select(strategies),
        proptest::option::weighted(0.4, 1..3_u32),
        proptest::bool::weighted(0.15),
    );
    (cluster, update).prop_map(|((machine, spare, more, second, room), (replicas, gpus, cpu, strategy, neighbour, bigger))| {
        let (machine, vcpus, cards) = machine;
        let gpus = gpus.min(cards);
        // CPU limits how many share a machine, too.
        let each = (cards / gpus).min(vcpus / (cpu + 1)).max(1);
        let running = replicas.div_ceil(each) + neighbour.unwrap_or(0).div_ceil(cards) + u32::from(spare == 0);
        let quota = running * vcpus + second.unwrap_or(0) * 4 + room * vcpus;
        let (surge, unavailable) = strategy;
        Case { machine, running, more, second, quota, replicas, gpus, cpu, surge, unavailable, neighbour, bigger }
    })
}

impl Case {
    fn scenario(&self) -> String {
        let mut text = format!(
            "title = \"a random cluster\"\nelapsed = \"5m\"\n\n[expect.hero]\nverdict = \"clear\"\n\n[[quota]]\nclass = \"G/OnDemand\"\nlimit = {}\n\n\
             [[cluster]]\nname = \"prod\"\n\n[[cluster.group]]\nname = \"gpu\"\ntypes = [\"{}\"]\nmin = {}\nmax = {}\nrunning = {}\npriority = 20\n\n",
            self.quota,
            self.machine,
            self.running,
            self.running + self.more,
            self.running
        );
        if let Some(running) = self.second {
            let group = format!(
                "[[cluster.group]]\nname = \"spare\"\ntypes = [\"g4dn.xlarge\"]\nmin = {running}\nmax = {}\nrunning = {running}\npriority = 10\n\n",
                running + 1
            );
            text += &group;
        }
        if let Some(replicas) = self.neighbour {
            let api = format!(
                "[[cluster.api]]\nname = \"neighbour\"\ncpu = 1.0\nmemory_gib = 2.0\ngpu = 1\nreplicas = {replicas}\nage = \"9d\"\n\n"
            );
            text += &api;
        }
        let more = if self.bigger { format!("gpu = {}\n", self.gpus + 1) } else { String::new() };
        let api = format!(
            "[[cluster.api]]\nname = \"hero\"\ncpu = {}.0\nmemory_gib = 4.0\ngpu = {}\nreplicas = {}\nmin_replicas = {}\nmax_replicas = {}\nmax_surge = \"{}\"\nmax_unavailable = \"{}\"\nage = \"9d\"\n\n\
             [[cluster.api.deploy]]\nat = \"10m\"\n{more}",
            self.cpu, self.gpus, self.replicas, self.replicas, self.replicas, self.surge, self.unavailable
        );
        text + &api
    }

    fn proposal(&self) -> Proposal {
        Proposal { gpus: self.bigger.then(|| i64::from(self.gpus) + 1), ..Proposal::default() }
    }
}

async fn observed(file: &str, elapsed: Duration) -> Snapshot {
    let running = start(file, Options { elapsed: Some(elapsed), ..Options::default() }).await.unwrap_or_else(|error| panic!("{error}"));
    let connected = running.contexts().into_iter().map(|context| {
        let connected = platform(&context.platform).unwrap().connect(&context).unwrap();
        (context, connected)
    });
    let snapshot = headless::observe(connected.collect(), None, Duration::from_mins(1)).await;
    running.stop().await;
    snapshot
}

fn hero() -> ResourceKey {
    ResourceKey::new(&"prod".into(), ResourceKind::Workload, "hero")
}

/// What was predicted five minutes before the deploy; nothing where the old version never ran whole.
fn predicted(snapshot: &Snapshot, case: &Case) -> Option<Fit> {
    let (_, workload) = snapshot.workload(&hero())?;
    let counts = workload.replicas?;
    if workload.status.phase != Phase::Live || counts.ready != case.replicas {
        return None;
    }
    plan(&World::new(snapshot, clock::now()), &hero(), &case.proposal())
}

/// Whether the update was over an hour and a half after it began.
fn finished(snapshot: &Snapshot) -> bool {
    let (_, workload) = snapshot.workload(&hero()).unwrap();
    let counts = workload.replicas.unwrap();
    counts.ready_old == 0 && counts.unplaced() == 0 && Some(counts.ready) == counts.desired
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_simulated_cloud_does_what_was_predicted() {
    let mut runner = TestRunner::deterministic();
    let folder = tempfile::tempdir().unwrap();
    let (mut played, mut agreed, mut stuck, mut faults) = (0, 0, 0, String::new());
    for number in 0..CLUSTERS {
        let case = cases().new_tree(&mut runner).unwrap().current();
        let file = folder.path().join(format!("{number}.toml"));
        std::fs::write(&file, case.scenario()).unwrap();
        let file = file.to_str().unwrap();
        let before = observed(file, Duration::from_mins(5)).await;
        let Some(fit) = predicted(&before, &case) else { continue };
        let fits = matches!(fit.outcome, Outcome::FitsNow | Outcome::FitsAfter { .. });
        let after = observed(file, Duration::from_mins(100)).await;
        played += 1;
        stuck += usize::from(!fits);
        if fits == finished(&after) {
            agreed += 1;
        } else {
            let _ = writeln!(
                faults,
                "{case:?}\n  predicted: {}\n  steps: {:?}\n  then: {:?}",
                fit.says,
                fit.steps,
                after.workload(&hero()).unwrap().1.replicas
            );
        }
    }
    println!(
        "fit: {agreed} of {played} predictions came true ({stuck} of them stuck; {} clusters never ran the old version whole)",
        CLUSTERS - played
    );
    assert!(played >= CLUSTERS / 3 && stuck >= 5 && stuck < played, "the clusters are varied enough: {played} played, {stuck} stuck");
    assert!(faults.is_empty(), "{agreed} of {played}\n{faults}");
}
