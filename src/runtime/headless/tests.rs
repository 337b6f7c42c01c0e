//! Observation without a console: dependents are asked again, deadlines hold, nobody hides another.

use super::*;
use crate::domain::snapshot::{Cluster, View};
use crate::source::{BoxFuture, Cadence, Focus};

type Answer = Box<dyn FnMut(&Focus) -> Option<Result<View, Failure>> + Send>;

struct Scripted(SourceId, Answer);

impl Source for Scripted {
    fn id(&self) -> SourceId {
        self.0.clone()
    }

    fn cadence(&self) -> Cadence {
        Cadence { moving: Duration::from_secs(5), calm: Duration::from_secs(30), deadline: Duration::from_secs(90) }
    }

    fn poll<'a>(&'a mut self, focus: &'a Focus) -> BoxFuture<'a, Result<Arc<View>, Failure>> {
        let answer = (self.1)(focus);
        Box::pin(async move {
            match answer {
                Some(answer) => answer.map(Arc::new),
                None => std::future::pending().await,
            }
        })
    }
}

fn context(sources: Vec<(&str, Answer)>) -> Vec<(ContextConfig, Connected)> {
    let sources = sources
        .into_iter()
        .map(|(kind, answer)| Box::new(Scripted(SourceId::new(&"prod".into(), kind), answer)) as Box<dyn Source>)
        .collect();
    vec![(ContextConfig { name: "prod".to_owned(), ..ContextConfig::default() }, Connected { sources, logs: None })]
}

fn cluster(platform: &str, name: &str) -> View {
    let cluster = Cluster {
        platform: platform.into(),
        name: name.into(),
        version: None,
        region: None,
        account: None,
        identity: None,
        pending_replicas: None,
    };
    View { cluster: Some(cluster), ..View::default() }
}

fn known_name(focus: &Focus) -> Option<Text> {
    let cortex = SourceId::new(&"prod".into(), "cortex");
    Some(focus.snapshot.views.get(&cortex)?.view.cluster.as_ref()?.name.clone())
}

#[tokio::test(start_paused = true)]
async fn dependents_answer_with_what_the_platform_told() {
    let connected = context(vec![
        ("aws.autoscaling", Box::new(|focus| Some(Ok(cluster("aws", known_name(focus).as_deref().unwrap_or("nobody")))))),
        ("cortex", Box::new(|_| Some(Ok(cluster("cortex", "prod"))))),
    ]);
    let snapshot = observe(connected, None, Duration::from_secs(30)).await;
    let aws = &snapshot.views[&SourceId::new(&"prod".into(), "aws.autoscaling")];
    assert_eq!(aws.view.cluster.as_ref().unwrap().name, "prod");
    assert_eq!(aws.stats.polls, 1, "it was worth waiting for the platform");
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_answer_is_a_failure_and_hides_nobody() {
    let connected = context(vec![("cortex", Box::new(|_| None)), ("aws.autoscaling", Box::new(|_| Some(Ok(View::default()))))]);
    let begun = Instant::now();
    let snapshot = observe(connected, None, Duration::from_secs(20)).await;
    assert_eq!(begun.elapsed().as_secs(), 20);
    let health = |kind| &snapshot.views[&SourceId::new(&"prod".into(), kind)].health;
    assert_eq!(health("cortex").failure().unwrap().kind, FailureKind::TimedOut);
    assert!(matches!(health("aws.autoscaling"), Health::Fresh { .. }));
}

#[tokio::test(start_paused = true)]
async fn sources_that_keep_learning_from_each_other_come_to_an_end() {
    let mut count = 0;
    let restless = move |_: &Focus| {
        count += 1;
        Some(Ok(cluster("aws", &format!("name-{count}"))))
    };
    let connected = context(vec![
        ("aws.autoscaling", Box::new(restless)),
        (
            "aws.quotas",
            Box::new({
                let mut count = 0;
                move |_| {
                    count += 1;
                    Some(Ok(cluster("aws", &format!("other-{count}"))))
                }
            }),
        ),
    ]);
    let snapshot = observe(connected, None, Duration::from_secs(30)).await;
    assert!(snapshot.views.values().all(|view| view.stats.polls == u64::from(MOST_POLLS)));
}
