//! Runs the informers of one cluster: asks what there is, then keeps one going for each kind.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::alive::stay_sure;
use super::backoff::{Backoff, Pace};
use super::discovery::{Served, version_of};
use super::kinds::{KINDS, Kept, for_each_kind};
use super::path::{Scope, request_path};
use super::shared::{Shared, Watched};
use super::watch::End;
use crate::domain::source::{Failure, FailureKind};
use crate::source::kubernetes::object::Object as _;
use crate::source::kubernetes::objects as is;
use crate::source::kubernetes::server::Server;
use crate::source::poller::contain;

/// Lists in flight at once, while everything starts.
const AT_ONCE: usize = 4;

/// A watch that was open for so long was no failure.
const LASTING: Duration = Duration::from_secs(20);

/// How often it is asked whether all namespaces may be read after all. One small request.
const PROBE: Duration = Duration::from_mins(10);

/// The namespace of the cluster's own parts, where the autoscaler reports.
const SYSTEM: &str = "kube-system";

/// How long a kind rests after a fault in holdup itself.
const REST: Duration = Duration::from_mins(1);

/// What is followed, and for whom.
#[derive(Clone, Debug)]
pub struct Conduct {
    /// The server.
    pub server: Arc<Server>,
    /// Where objects go.
    pub shared: Arc<Shared>,
    /// The namespaces to read; none means all.
    pub namespaces: Vec<String>,
    /// The namespaces to fall back to where all may not be read.
    pub own: Vec<String>,
    /// How long to pause after failures.
    pub pace: Pace,
}

/// One kind in one scope.
pub(super) struct Informer<O> {
    pub(super) server: Arc<Server>,
    pub(super) shared: Arc<Shared>,
    pub(super) scope: Scope,
    pub(super) turns: Arc<Semaphore>,
    pub(super) pace: Pace,
    version: String,
    kind: PhantomData<fn() -> O>,
}

/// Follows everything until it is dropped.
pub async fn conduct(conduct: Conduct) {
    let served = reach(&conduct).await;
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut informers = JoinSet::new();
    macro_rules! follow {
        ($kind:ident) => {
            if let Some(version) = served.version(&is::$kind::KIND) {
                let scopes = scopes::<is::$kind>(&conduct);
                for scope in &scopes {
                    conduct.shared.announce(&watched::<is::$kind>(scope), <is::$kind as Kept>::FEEDS);
                }
                let (conduct, turns) = (conduct.clone(), Arc::clone(&turns));
                informers.spawn(async move {
                    join_all(scopes.into_iter().map(|scope| persist::<is::$kind>(&conduct, scope, &version, &turns))).await;
                });
            }
        };
    }
    for_each_kind!(follow);
    let (server, shared) = (Arc::clone(&conduct.server), Arc::clone(&conduct.shared));
    informers.spawn(async move {
        match version_of(&server).await {
            Ok(version) => shared.tell_version(version),
            Err(failure) => tracing::info!(message = %failure.message, "the server does not tell its version"),
        }
    });
    conduct.shared.start(Ok(()));
    informers.spawn(stay_sure(Arc::clone(&conduct.server), Arc::clone(&conduct.shared), conduct.pace));
    while informers.join_next().await.is_some() {}
}

/// Asks what the server has, again and again until it answers. A server that does not let us ask
/// is taken to have what every server has.
async fn reach(conduct: &Conduct) -> Served {
    let mut backoff = Backoff::new("discovery", conduct.pace);
    loop {
        match Served::read(&conduct.server, KINDS).await {
            Ok(served) => return served,
            Err(failure) if matches!(failure.kind, FailureKind::Denied | FailureKind::NotFound) => return Served::default(),
            Err(failure) => {
                let pause = backoff.pause(&failure);
                conduct.shared.start(Err(failure));
                tokio::time::sleep(pause).await;
            }
        }
    }
}

fn watched<O: Kept>(scope: &Scope) -> Watched {
    Watched { plural: O::KIND.plural, scope: scope.clone() }
}

fn scopes<O: Kept>(conduct: &Conduct) -> Vec<Scope> {
    if O::KIND.plural == is::ConfigMap::KIND.plural {
        return vec![Scope::One { namespace: SYSTEM, name: is::AUTOSCALER_STATUS }];
    }
    if !O::KIND.namespaced || conduct.namespaces.is_empty() {
        return vec![Scope::All];
    }
    conduct.namespaces.iter().cloned().map(Scope::Namespace).collect()
}

/// Keeps one kind going, whatever happens inside.
async fn persist<O: Kept>(conduct: &Conduct, scope: Scope, version: &str, turns: &Arc<Semaphore>) {
    loop {
        let informer = Informer::<O>::new(conduct, scope.clone(), version, turns);
        if let Err(panic) = contain(informer.follow(conduct)).await {
            tracing::error!(kind = O::KIND.plural, panic, "an informer panicked");
            let hint = "this is a fault in holdup, please report it; the other kinds go on, and this one is tried again";
            let failure = Failure::new(FailureKind::Bug, format!("holdup itself failed while reading {}: {panic}", O::KIND.plural), hint);
            conduct.shared.troubled(&watched::<O>(&scope), &failure, 2);
        }
        tokio::time::sleep(REST).await;
    }
}

impl<O: Kept> Informer<O> {
    fn new(conduct: &Conduct, scope: Scope, version: &str, turns: &Arc<Semaphore>) -> Self {
        let (server, shared) = (Arc::clone(&conduct.server), Arc::clone(&conduct.shared));
        Self { server, shared, scope, turns: Arc::clone(turns), pace: conduct.pace, version: version.to_owned(), kind: PhantomData }
    }

    pub(super) fn watched(&self) -> Watched {
        watched::<O>(&self.scope)
    }

    pub(super) fn path(&self, query: &[(&str, &str)]) -> String {
        request_path(&O::KIND, &self.version, &self.scope, query)
    }

    /// A number below `bound` that differs between kinds, so that they do not act together.
    pub(super) fn spread(bound: u64) -> u64 {
        O::KIND.plural.bytes().fold(7_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte))) % bound
    }

    /// Lists and watches for ever, in all namespaces or, where that is denied, in one's own.
    async fn follow(&self, conduct: &Conduct) {
        loop {
            let failure = self.list_and_watch().await;
            let own = if O::KIND.namespaced && self.scope == Scope::All { conduct.own.as_slice() } else { &[] };
            if own.is_empty() {
                continue;
            }
            self.shared.narrow(&self.watched(), Some(failure));
            let scopes: Vec<Scope> = own.iter().cloned().map(Scope::Namespace).collect();
            for scope in &scopes {
                self.shared.announce(&watched::<O>(scope), O::FEEDS);
            }
            let single = scopes.iter().map(|scope| Self::new(conduct, scope.clone(), &self.version, &self.turns)).collect::<Vec<_>>();
            let forever = join_all(single.iter().map(|informer| async {
                loop {
                    informer.list_and_watch().await;
                }
            }));
            tokio::select! {
                _ = forever => {}
                () = self.until_allowed() => {}
            }
            for scope in &scopes {
                self.shared.forget(&watched::<O>(scope));
            }
            self.shared.narrow(&self.watched(), None);
        }
    }

    /// Waits until all namespaces may be read.
    async fn until_allowed(&self) {
        loop {
            tokio::time::sleep(PROBE).await;
            if self.server.get(&self.path(&[("limit", "1")]), &self.scope.asked("list", O::KIND.plural)).await.is_ok() {
                return;
            }
        }
    }

    /// Lists once, then watches; lists anew only when the server forgot where the watch was.
    /// Returns when it may not be read in all namespaces at once.
    async fn list_and_watch(&self) -> Failure {
        let mut backoff = Backoff::new(O::KIND.plural, self.pace);
        let mut lost = 0_u32;
        loop {
            match self.list().await {
                Ok(version) => {
                    let moved = self.keep_watching(version).await;
                    lost = if moved { 0 } else { lost.saturating_add(1) };
                    // A server that forgets at once, every time, is not listed without end.
                    tokio::time::sleep(Self::pause(lost)).await;
                }
                Err(failure) => {
                    let pause = backoff.pause(&failure);
                    self.shared.troubled(&self.watched(), &failure, backoff.failures());
                    if failure.kind == FailureKind::Denied && O::KIND.namespaced && self.scope == Scope::All {
                        return failure;
                    }
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    /// Watches, over and over, until only a list can help. Says whether anything came.
    async fn keep_watching(&self, mut from: String) -> bool {
        let begun = from.clone();
        let mut backoff = Backoff::new(O::KIND.plural, self.pace);
        let (mut garbage, mut in_vain) = (0_u32, 0_u32);
        loop {
            let before = from.clone();
            let opened = Instant::now();
            let end = self.watch(&mut from).await;
            if before != from || opened.elapsed() > LASTING {
                (garbage, in_vain) = (0, 0);
                backoff.reset();
            }
            let failure = match end {
                End::Closed => {
                    in_vain = in_vain.saturating_add(1);
                    tokio::time::sleep(Self::pause(in_vain)).await;
                    continue;
                }
                End::Gone => return begun != from,
                End::Garbage(failure) => {
                    garbage += 1;
                    failure
                }
                End::Troubled(failure) => failure,
            };
            let pause = backoff.pause(&failure);
            self.shared.troubled(&self.watched(), &failure, backoff.failures());
            tokio::time::sleep(pause).await;
            // The same nonsense from the same place: what it stood for is found by listing.
            if garbage > 1 {
                return begun != from;
            }
        }
    }

    /// A short pause that grows to half a minute with what happened in vain.
    fn pause(in_vain: u32) -> Duration {
        let base = Duration::from_millis(100 + Self::spread(200));
        base.saturating_mul(2_u32.saturating_pow(in_vain.saturating_sub(1).min(8))).min(Duration::from_secs(30))
    }
}
