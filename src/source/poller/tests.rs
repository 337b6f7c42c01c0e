//! The poller under paused time: cadence, pokes, backoff, deadlines, containment of panics.

use std::sync::Mutex;

use super::*;
use crate::domain::snapshot::{Cluster, View};
use crate::domain::store;
use crate::domain::time::Timestamp;
use crate::source::{BoxFuture, Cadence};

/// What a scripted source does at its nth poll.
type Script = Box<dyn FnMut(u64, &Focus) -> Step + Send>;

enum Step {
    Good(Box<View>),
    Bad(Failure),
    Hang,
    Panic,
}

struct Scripted {
    id: SourceId,
    polls: u64,
    seen: Arc<Mutex<Vec<Duration>>>,
    begun: Instant,
    script: Script,
    told: Option<watch::Receiver<bool>>,
}

impl Source for Scripted {
    fn id(&self) -> SourceId {
        self.id.clone()
    }

    fn cadence(&self) -> Cadence {
        Cadence { moving: Duration::from_secs(5), calm: Duration::from_secs(30), deadline: Duration::from_secs(10) }
    }

    fn poll<'a>(&'a mut self, focus: &'a Focus) -> BoxFuture<'a, Result<Arc<View>, Failure>> {
        self.polls += 1;
        self.seen.lock().unwrap().push(self.begun.elapsed());
        let step = (self.script)(self.polls, focus);
        Box::pin(async move {
            match step {
                Step::Good(view) => Ok(Arc::new(*view)),
                Step::Bad(failure) => Err(failure),
                Step::Hang => std::future::pending().await,
                Step::Panic => panic!("the script says so"),
            }
        })
    }
}

/// A source that is told of a change whenever its sender says so.
struct Told(Scripted);

impl Source for Told {
    fn id(&self) -> SourceId {
        self.0.id()
    }

    fn cadence(&self) -> Cadence {
        self.0.cadence()
    }

    fn poll<'a>(&'a mut self, focus: &'a Focus) -> BoxFuture<'a, Result<Arc<View>, Failure>> {
        self.0.poll(focus)
    }

    fn changed(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let Some(told) = self.0.told.as_mut() else { return std::future::pending().await };
            told.changed().await.unwrap();
            assert!(!*told.borrow(), "the script says so");
        })
    }
}

struct Rig {
    focus: watch::Sender<Focus>,
    updates: mpsc::Receiver<Update>,
    pollers: Pollers,
    seen: Vec<Arc<Mutex<Vec<Duration>>>>,
    snapshot: Snapshot,
}

impl Rig {
    fn new(scripts: Vec<(&str, Script)>) -> Self {
        let mut snapshot = Snapshot::default();
        let mut sources: Vec<Box<dyn Source>> = Vec::new();
        let mut seen = Vec::new();
        for (kind, script) in scripts {
            let id = SourceId::new(&"prod".into(), kind);
            store::announce(&mut snapshot, id.clone());
            let polls_seen = Arc::new(Mutex::new(Vec::new()));
            seen.push(Arc::clone(&polls_seen));
            sources.push(Box::new(Scripted { id, polls: 0, seen: polls_seen, begun: Instant::now(), script, told: None }));
        }
        let (focus, watched) = watch::channel(Focus { snapshot: Arc::new(snapshot.clone()), selected: None, now: Timestamp::UNIX_EPOCH });
        let (sender, updates) = mpsc::channel(64);
        let pollers = spawn(sources, &watched, &sender);
        Self { focus, updates, pollers, seen, snapshot }
    }

    /// Folds updates as the loop would, for so long.
    async fn run_for(&mut self, duration: Duration) -> Vec<Update> {
        let end = Instant::now() + duration;
        let mut brought = Vec::new();
        while let Ok(Some(update)) = tokio::time::timeout_at(end, self.updates.recv()).await {
            brought.push(update.clone());
            store::apply(&mut self.snapshot, update);
            let snapshot = Arc::new(self.snapshot.clone());
            self.focus.send_modify(|focus| focus.snapshot = snapshot);
        }
        brought
    }

    fn seconds(&self, source: usize) -> Vec<u64> {
        self.seen[source].lock().unwrap().iter().map(Duration::as_secs).collect()
    }
}

fn good() -> Step {
    Step::Good(Box::default())
}

fn refused(retry_after: Option<Duration>) -> Step {
    Step::Bad(Failure { retry_after, ..Failure::new(FailureKind::Throttled, "slow down", "wait") })
}

fn cluster(name: &str) -> Step {
    let cluster = Cluster {
        platform: "cortex".into(),
        name: name.into(),
        version: None,
        region: Some("us-east-1".into()),
        account: None,
        identity: None,
        pending_replicas: None,
    };
    Step::Good(Box::new(View { cluster: Some(cluster), ..View::default() }))
}

#[tokio::test(start_paused = true)]
async fn polls_at_the_cadence_with_a_little_jitter() {
    let mut rig = Rig::new(vec![("cortex", Box::new(|_, _| good()))]);
    let updates = rig.run_for(Duration::from_mins(1)).await;
    // No workload is known, so the context counts as moving: every 5 s, give or take a tenth.
    assert!((11..=14).contains(&updates.len()), "{} polls in a minute", updates.len());
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_requests_costs_one_poll() {
    let mut rig = Rig::new(vec![("cortex", Box::new(|_, _| good()))]);
    rig.run_for(Duration::from_millis(100)).await;
    for _ in 0..10 {
        rig.pollers.poll_now(None);
    }
    assert_eq!(rig.run_for(Duration::from_millis(2_500)).await.len(), 1);
    rig.pollers.poll_now(Some(&"elsewhere".into()));
    assert_eq!(rig.run_for(Duration::from_millis(1_500)).await.len(), 0, "another context was meant");
}

#[tokio::test(start_paused = true)]
async fn backs_off_while_failing_and_recovers_at_once() {
    let mut rig = Rig::new(vec![("cortex", Box::new(|poll, _| if poll <= 3 { refused(None) } else { good() }))]);
    rig.run_for(Duration::from_mins(2)).await;
    let gaps: Vec<u64> = rig.seconds(0).windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!((9..=11).contains(&gaps[0]) && (18..=22).contains(&gaps[1]) && (36..=44).contains(&gaps[2]), "{gaps:?}");
    assert!(gaps[3] <= 6, "back to the cadence after a success: {gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_demanded_pause_is_kept_even_when_poked() {
    let pause = Duration::from_secs(40);
    let mut rig = Rig::new(vec![("cortex", Box::new(move |poll, _| if poll == 1 { refused(Some(pause)) } else { good() }))]);
    rig.run_for(Duration::from_secs(1)).await;
    rig.pollers.poll_now(None);
    rig.run_for(Duration::from_secs(44)).await;
    assert!(rig.seconds(0)[1] >= 40, "{:?}", rig.seconds(0));
}

#[tokio::test(start_paused = true)]
async fn hanging_or_panicking_costs_only_the_source_itself() {
    let mut rig = Rig::new(vec![
        ("cortex", Box::new(|poll, _| if poll == 1 { Step::Hang } else { good() })),
        ("other", Box::new(|poll, _| if poll == 1 { Step::Panic } else { good() })),
        ("third", Box::new(|_, _| good())),
    ]);
    let updates = rig.run_for(Duration::from_secs(30)).await;
    let failures: Vec<_> =
        updates.iter().filter_map(|update| Some((update.source.kind.as_str(), update.outcome.as_ref().err()?.kind))).collect();
    assert_eq!(failures, [("other", FailureKind::Bug), ("cortex", FailureKind::TimedOut)]);
    let third = updates.iter().filter(|update| update.source.kind == "third").count();
    assert!(third >= 5, "the healthy source went on: {third}");
    assert!(!in_contained_work());
}

#[tokio::test(start_paused = true)]
async fn the_cloud_is_asked_once_the_platform_answered_and_again_when_it_learns_more() {
    let named = |focus: &Focus| focus.snapshot.views.values().find_map(|view| view.view.cluster.clone()).map(|cluster| cluster.name);
    let asked_with = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked_with);
    let mut rig = Rig::new(vec![
        ("cortex", Box::new(|poll, _| if poll == 1 { good() } else { cluster("prod") })),
        (
            "aws.autoscaling",
            Box::new(move |_, focus| {
                log.lock().unwrap().push(named(focus));
                good()
            }),
        ),
    ]);
    rig.run_for(Duration::from_secs(8)).await;
    let asked_with = asked_with.lock().unwrap();
    assert_eq!(asked_with.first(), Some(&None), "the platform had answered without a name");
    assert_eq!(asked_with.last(), Some(&Some("prod".into())), "asked again once the name was known: {asked_with:?}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_platform_delays_the_cloud_only_a_little() {
    let mut rig = Rig::new(vec![("cortex", Box::new(|_, _| Step::Hang)), ("aws.autoscaling", Box::new(|_, _| good()))]);
    rig.run_for(Duration::from_secs(7)).await;
    assert_eq!(rig.seconds(1), [5]);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_pollers_ends_polls_in_flight() {
    let rig = Rig::new(vec![("cortex", Box::new(|_, _| Step::Hang))]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let Rig { mut updates, pollers, focus, .. } = rig;
    drop(pollers);
    assert!(updates.recv().await.is_none(), "tasks ended and let go of the channel");
    drop(focus);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_told_of_changes_is_polled_at_once_and_a_panic_there_leaves_the_intervals() {
    let (tell, told) = watch::channel(false);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let scripted = Scripted {
        id: SourceId::new(&"prod".into(), "kubernetes"),
        polls: 0,
        seen: Arc::clone(&seen),
        begun: Instant::now(),
        script: Box::new(|_, _| good()),
        told: Some(told),
    };
    let (_focus, watched) = watch::channel(Focus { snapshot: Arc::default(), selected: None, now: Timestamp::UNIX_EPOCH });
    let (sender, mut updates) = mpsc::channel(64);
    let _pollers = spawn(vec![Box::new(Told(scripted))], &watched, &sender);
    updates.recv().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    tell.send(false).unwrap();
    updates.recv().await.unwrap();
    assert_eq!(seen.lock().unwrap().iter().map(Duration::as_millis).collect::<Vec<_>>(), [0, 300]);
    tell.send(true).unwrap();
    updates.recv().await.unwrap();
    assert!(seen.lock().unwrap()[2] > Duration::from_secs(2), "at the interval, not at the change");
}

#[test]
fn the_cluster_waits_for_the_platform_and_the_cloud_for_either() {
    let mut snapshot = Snapshot::default();
    let id = |kind: &str| SourceId::new(&"prod".into(), kind);
    let waits = |snapshot: &Snapshot, kind: &str| !may_start(snapshot, &id(kind), Duration::ZERO);
    store::announce(&mut snapshot, id("kubernetes"));
    assert!(!waits(&snapshot, "kubernetes"), "there is no platform above");
    assert!(waits(&snapshot, "aws.quotas"));
    store::announce(&mut snapshot, id("cortex"));
    assert!(waits(&snapshot, "kubernetes") && waits(&snapshot, "kubernetes.nodes"));
    let update = Update { source: id("cortex"), at: Timestamp::UNIX_EPOCH, took: Duration::ZERO, outcome: Ok(Arc::default()) };
    store::apply(&mut snapshot, update);
    assert!(!waits(&snapshot, "kubernetes") && !waits(&snapshot, "aws.quotas"));
}
