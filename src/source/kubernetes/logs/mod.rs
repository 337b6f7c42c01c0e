//! Logs of containers: any container, the previous one too, all replicas of a workload merged by
//! time, followed for hours over reconnects.
//!
//! Beneath a platform its own reader stays in charge of a whole workload (it knows jobs and which
//! replica it means); a named replica, a named container and previous containers are read here,
//! because no platform's API gives those.

mod choose;
mod merge;
mod stream;
mod tail;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

pub use choose::Member;
pub use tail::Tails;

use self::choose::{Chosen, Place, choose};
use self::merge::{Gone, Merger};
use self::stream::Said;
use super::link::{Hub, Link};
use crate::domain::log::LogItem;
use crate::domain::text::Text;
use crate::source::{BoxFuture, LogReader, LogRequest};

/// Streams at once.
const STREAMS: usize = 24;

/// What streams may be ahead of the merger.
const AHEAD: usize = 512;

/// Reads logs of one cluster.
pub struct ClusterLogs {
    link: Arc<Link>,
    platform: Option<Arc<dyn LogReader>>,
}

impl ClusterLogs {
    /// A reader over a link; `platform` reads what it does not.
    pub fn new(link: Arc<Link>, platform: Option<Arc<dyn LogReader>>) -> Self {
        Self { link, platform }
    }

    /// Whether the cluster is asked rather than the platform above.
    fn is_mine(&self, request: &LogRequest) -> bool {
        let named = request.replica.is_some() || request.container.is_some() || request.previous;
        let known = || !choose(&self.link.members().borrow(), request, STREAMS).places.is_empty();
        self.platform.is_none() || (named && request.job.is_none() && known())
    }
}

impl LogReader for ClusterLogs {
    fn follow(&self, request: LogRequest, lines: mpsc::Sender<LogItem>) -> BoxFuture<'static, ()> {
        if let (Some(platform), false) = (&self.platform, self.is_mine(&request)) {
            return platform.follow(request, lines);
        }
        let link = Arc::clone(&self.link);
        Box::pin(async move {
            let Some(hub) = link.hub() else {
                // A receiver that is gone needs no words.
                let _gone =
                    lines.send(LogItem::Ended("the cluster was not reached yet; open the log again once its pods are shown".into())).await;
                return;
            };
            let mut follower = Follower::new(hub, request, lines);
            // Only a receiver that is gone ends a follower early.
            let _gone = follower.run(&link).await;
        })
    }
}

/// Follows the replicas of one request, whichever there are at the moment.
struct Follower {
    hub: Arc<Hub>,
    request: LogRequest,
    merger: Merger,
    said: mpsc::Sender<(Place, Said)>,
    heard: mpsc::Receiver<(Place, Said)>,
    streams: BTreeMap<Place, Option<AbortOnDropHandle<()>>>,
    left_out: usize,
}

impl Follower {
    fn new(hub: Arc<Hub>, request: LogRequest, lines: mpsc::Sender<LogItem>) -> Self {
        let (said, heard) = mpsc::channel(AHEAD);
        Self { hub, request, merger: Merger::new(lines), said, heard, streams: BTreeMap::new(), left_out: 0 }
    }

    async fn run(&mut self, link: &Link) -> Result<(), Gone> {
        let mut members = link.members();
        loop {
            let chosen = choose(&members.borrow_and_update(), &self.request, STREAMS);
            self.open(chosen).await?;
            if self.is_over() {
                return self.end().await;
            }
            tokio::select! {
                Some((place, said)) = self.heard.recv() => self.hear(place, said).await?,
                () = self.merger.due() => self.merger.flush(),
                Ok(()) = members.changed() => {}
                () = self.merger.closed() => return Err(Gone),
            }
        }
    }

    /// Opens what is not open yet.
    async fn open(&mut self, chosen: Chosen) -> Result<(), Gone> {
        let several = chosen.places.len() > 1 || self.streams.len() > 1;
        if chosen.left_out > self.left_out {
            self.left_out = chosen.left_out;
            self.merger
                .note(format!("{} more logs are not followed: name a replica or a container to see one of them", chosen.left_out))
                .await?;
        }
        if let Some(instead) = chosen.instead
            && !self.streams.contains_key(&instead)
        {
            self.merger.note(format!("the replica that was asked for is gone; {} took its place", instead.pod)).await?;
        }
        for place in chosen.places {
            if self.streams.contains_key(&place) {
                continue;
            }
            let (server, said, previous) = (Arc::clone(&self.hub.server), self.said.clone(), self.request.previous);
            let own = place.clone();
            let task = tokio::spawn(async move { stream::follow(&server, &own, previous, &said).await });
            if several {
                self.merger.note(format!("following {}", place.label())).await?;
            }
            self.streams.insert(place, Some(AbortOnDropHandle::new(task)));
        }
        Ok(())
    }

    async fn hear(&mut self, place: Place, said: Said) -> Result<(), Gone> {
        let label = (self.streams.len() > 1).then(|| Text::clean(&place.label()));
        let prefix = label.as_ref().map_or_else(String::new, |label| format!("{label}: "));
        match said {
            Said::Line(at, text) => self.merger.line(at, label, text),
            Said::Note(text) => self.merger.note(format!("{prefix}{text}")).await?,
            Said::Over(text) => {
                self.merger.note(format!("{prefix}{text}")).await?;
                self.streams.insert(place, None);
            }
        }
        Ok(())
    }

    /// Whether nothing more can come: all streams are over and nobody takes their place. A
    /// workload's log goes on, because a new replica may come.
    fn is_over(&self) -> bool {
        let all_over = self.streams.values().all(Option::is_none);
        all_over && self.heard.is_empty() && (self.request.previous || self.request.replica.is_some())
    }

    async fn end(&mut self) -> Result<(), Gone> {
        self.merger.flush();
        let why = match (self.streams.is_empty(), self.request.previous) {
            (true, _) => "there is no such replica or container at the moment",
            (false, true) => "that is all that is kept of the previous container",
            (false, false) => "the replica is gone, and nothing took its place",
        };
        self.merger.end(why.into()).await
    }
}
