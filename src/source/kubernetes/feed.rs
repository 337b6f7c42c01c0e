//! The sources of one cluster: each makes its view from what the informers hold, when something
//! changed, and at the calm interval to say that it is still true.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::connect::Target;
use super::informer::Feed;
use super::link::{Hub, Link};
use super::logs::{Member, Tails};
use super::normalize::{self, Settings};
use super::stores::Stores;
use super::verdict::judge;
use super::{EVENTS, NODES, PLATFORM, WORKLOADS};
use crate::domain::id::SourceId;
use crate::domain::snapshot::{Cluster, View};
use crate::domain::source::{Failure, Gap};
use crate::domain::text::Text;
use crate::source::{BoxFuture, Cadence, Focus, Source};

/// How long a poll waits for the first lists.
const FIRST: Duration = Duration::from_secs(12);

/// How often a view is told to be current while nothing changes.
const CALM: Duration = Duration::from_secs(10);

/// The least time between two views of a small cluster.
const GAP: Duration = Duration::from_millis(250);

/// How much longer for every thousand objects in the view.
const GAP_PER_THOUSAND: Duration = Duration::from_millis(200);

/// The longest.
const LONGEST_GAP: Duration = Duration::from_secs(5);

/// How many times longer than making the view: making views takes this share of one core at most.
const SHARE: u32 = 20;

/// One source of a cluster.
#[derive(Debug)]
pub struct ClusterSource {
    id: SourceId,
    feed: Feed,
    link: Arc<Link>,
    signal: Option<watch::Receiver<u64>>,
    seen: u64,
    next: Instant,
    last: Option<Arc<View>>,
    tails: Tails,
}

impl ClusterSource {
    /// A source over a link.
    pub fn new(link: &Arc<Link>, feed: Feed) -> Self {
        let kind = match feed {
            Feed::Workloads => WORKLOADS,
            Feed::Nodes => NODES,
            Feed::Events => EVENTS,
        };
        let id = SourceId::new(&link.context, kind);
        Self { id, feed, link: Arc::clone(link), signal: None, seen: 0, next: Instant::now(), last: None, tails: Tails::default() }
    }

    async fn read(&mut self, focus: &Focus) -> Result<Arc<View>, Failure> {
        let hub = match self.link.reach(focus) {
            Ok(Some(hub)) => hub,
            Ok(None) => return Ok(Arc::new(self.told_once(|| self.link.nowhere(focus)))),
            Err(failure) if self.feed == Feed::Workloads => return Err(failure),
            Err(_) => return Ok(Arc::default()),
        };
        let signal = self.signal.get_or_insert_with(|| hub.shared.signal(self.feed));
        // Lists that take longer become gaps, and appear when they are whole.
        let _late = tokio::time::timeout(FIRST, hub.shared.settled(self.feed)).await;
        let count = *signal.borrow();
        let unchanged = self.seen == count;
        self.seen = count;
        let begun = Instant::now();
        let mut view = match self.last.take() {
            Some(last) if unchanged && self.feed != Feed::Events => last,
            _ => Arc::new(self.make(&hub, focus)?),
        };
        self.next = Instant::now() + gap(begun.elapsed(), view.replicas.len() + view.nodes.len() + view.events.len());
        if self.feed == Feed::Workloads {
            self.tails.add_to(&mut view, &hub.server, focus.now).await;
        }
        if self.feed != Feed::Events {
            self.last = Some(Arc::clone(&view));
        }
        Ok(view)
    }

    /// That there is no cluster is a fact of the context, told by one of its sources.
    fn told_once(&self, why: impl FnOnce() -> Failure) -> View {
        let gaps =
            if self.feed == Feed::Workloads { vec![Gap { what: "the Kubernetes cluster".into(), failure: why() }] } else { Vec::new() };
        View { gaps, ..View::default() }
    }

    fn make(&mut self, hub: &Hub, focus: &Focus) -> Result<View, Failure> {
        if let Some(Err(failure)) = hub.shared.started() {
            return Err(failure);
        }
        let gaps = judge(self.feed, &hub.shared.progress(self.feed))?;
        let settings = self.settings(hub, focus);
        let mut view = {
            let mut held = hub.shared.held();
            match self.feed {
                Feed::Workloads => normalize::workloads(&held, &settings),
                Feed::Nodes => normalize::nodes(&held, &settings),
                Feed::Events => {
                    // Each is shown once: the store keeps what it was shown.
                    let events = std::mem::take(&mut held.events);
                    drop(held);
                    normalize::events(&Stores { events, ..Stores::default() }, &settings)
                }
            }
        };
        if self.feed == Feed::Workloads {
            self.link.tell_members(view.replicas.iter().map(Member::of).collect());
            view.kubectl_context = reached_by(hub, &self.link.context);
            if self.link.adoption.is_none() && view.cluster.is_none() {
                view.cluster = Some(cluster(hub, &self.link.context));
            }
        }
        hub.server.skew().correct(&mut view);
        view.gaps.extend(gaps);
        // One of the sources tells it.
        view.gaps.extend(hub.server.skew().gap().filter(|_| self.feed == Feed::Workloads));
        Ok(view)
    }

    fn settings(&self, hub: &Hub, focus: &Focus) -> Settings {
        Settings {
            context: self.link.context.clone(),
            kubectl_context: hub.server.target().context().map(Text::clean),
            adoption: self.link.adoption,
            selector: self.link.selector.clone(),
            namespaces: self.link.config.namespaces.iter().map(|name| Text::clean(name)).collect(),
            now: focus.now,
        }
    }
}

impl Source for ClusterSource {
    fn id(&self) -> SourceId {
        self.id.clone()
    }

    fn cadence(&self) -> Cadence {
        Cadence { moving: CALM, calm: CALM, deadline: FIRST + Duration::from_secs(8) }
    }

    fn poll<'a>(&'a mut self, focus: &'a Focus) -> BoxFuture<'a, Result<Arc<View>, Failure>> {
        Box::pin(self.read(focus))
    }

    fn changed(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let (seen, next) = (self.seen, self.next);
            if let Some(signal) = self.signal.as_mut()
                && signal.wait_for(|count| *count != seen).await.is_ok()
            {
                return tokio::time::sleep_until(next).await;
            }
            std::future::pending::<()>().await;
        })
    }
}

/// The pause after a view, by what it cost to make and how large it is.
fn gap(took: Duration, size: usize) -> Duration {
    let by_size = GAP + GAP_PER_THOUSAND * u32::try_from(size / 1000).unwrap_or(u32::MAX).min(100);
    by_size.max(took.saturating_mul(SHARE)).min(LONGEST_GAP)
}

/// How kubectl reaches the cluster: the kubeconfig's context, or, by an address, what the person
/// called it. In a pod it needs none.
fn reached_by(hub: &Hub, context: &Text) -> Option<Text> {
    match hub.server.target() {
        Target::InCluster => None,
        Target::Address(_) => Some(context.clone()),
        target @ Target::Context { .. } => target.context().map(Text::clean),
    }
}

fn cluster(hub: &Hub, context: &Text) -> Cluster {
    let target = hub.server.target();
    let eks = target.eks();
    Cluster {
        platform: PLATFORM.into(),
        // An address says nothing of the cluster's name; the person who named the context does.
        name: target.cluster().map_or_else(|| context.clone(), |name| Text::clean(&name)),
        version: hub.shared.version(),
        region: eks.as_ref().map(|eks| Text::clean(&eks.region)),
        account: eks.and_then(|eks| eks.account).map(|account| Text::clean(&account)),
        identity: None,
        pending_replicas: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_or_dear_views_come_less_often() {
        let (quick, slow) = (Duration::from_millis(1), Duration::from_millis(80));
        assert_eq!(gap(quick, 20), GAP);
        assert_eq!(gap(quick, 5_000), Duration::from_millis(1_250));
        assert_eq!(gap(slow, 20), Duration::from_millis(1_600));
        assert_eq!(gap(Duration::from_secs(3), usize::MAX), LONGEST_GAP);
    }
}
