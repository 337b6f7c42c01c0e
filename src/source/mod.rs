//! Sources do the IO: each polls one service and yields a normalized [`View`].
//!
//! A source never touches the console, never explains, never changes anything remote. One folder a
//! platform: `wire.rs` (serde types, no logic), `client.rs` (requests), `normalize.rs` (pure),
//! `mod.rs` (the [`Platform`]). Adding a platform is that folder and one line in [`registry`].

pub mod answer;
pub mod aws;
pub mod azure;
pub mod cortex;
pub mod gateway;
pub mod kubernetes;
pub mod modelarts;
pub mod poller;
pub mod quantity;
pub mod ray;
pub mod registry;
pub mod retry_after;
pub mod trust;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::config::ContextConfig;
use crate::domain::id::{ResourceKey, SourceId};
use crate::domain::log::LogItem;
use crate::domain::snapshot::{Snapshot, View};
use crate::domain::source::Failure;
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp};

/// A future that can be kept in a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a poll may take into account: the world so far, and what a person looks at.
#[derive(Clone, Debug)]
pub struct Focus {
    /// The world as of the last change. A source may use what others learned (the AWS source
    /// takes cluster name and region from the platform's view).
    pub snapshot: Arc<Snapshot>,
    /// The workload a person selected, or that a command was asked about.
    pub selected: Option<ResourceKey>,
    /// The present.
    pub now: Timestamp,
}

/// How often to poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cadence {
    /// While some workload of the context moves.
    pub moving: Duration,
    /// While all is calm.
    pub calm: Duration,
    /// The longest a poll may take before it is abandoned as timed out.
    pub deadline: Duration,
}

/// One thing that is polled. Owned by one task; one request chain in flight at a time.
pub trait Source: Send + 'static {
    /// Its id; the kind is stable because the JSON contract shows it.
    fn id(&self) -> SourceId;
    /// How often it wants to be polled.
    fn cadence(&self) -> Cadence;
    /// Reads everything once.
    ///
    /// # Errors
    /// A [`Failure`] when nothing could be read. Partial trouble is a
    /// [`Gap`](crate::domain::source::Gap) in the view.
    fn poll<'a>(&'a mut self, focus: &'a Focus) -> BoxFuture<'a, Result<Arc<View>, Failure>>;
    /// Resolves when a poll would bring something new, for sources that are told of changes; the
    /// poll then follows at once, so the source itself decides how often that is. Never for others.
    /// May be dropped at any moment and asked again.
    fn changed(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

/// What of the log to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRequest {
    /// Whose log: a workload's, or a replica's that belongs to none.
    pub workload: ResourceKey,
    /// A job of it, where logs belong to jobs.
    pub job: Option<Text>,
    /// One replica, where the platform lets one choose; all of them, merged, otherwise.
    pub replica: Option<Text>,
    /// One container of a replica, where the platform lets one choose; all of them otherwise.
    pub container: Option<Text>,
    /// The previous, crashed container instead of the running one.
    pub previous: bool,
}

/// Streams log lines until cancelled: reconnects by itself, tells of it in notes, ends with
/// [`LogItem::Ended`] when there is nothing more to come. Dropping the future closes the stream.
pub trait LogReader: Send + Sync + 'static {
    /// Follows a log. Sends are awaited; a full channel is back-pressure up to the caller's bound,
    /// after which the reader drops lines and reports [`LogItem::Dropped`].
    fn follow(&self, request: LogRequest, lines: mpsc::Sender<LogItem>) -> BoxFuture<'static, ()>;
}

/// A context, connected: what to poll and how to read logs.
pub struct Connected {
    /// Sources to poll.
    pub sources: Vec<Box<dyn Source>>,
    /// Log reading, if the platform has it.
    pub logs: Option<Arc<dyn LogReader>>,
}

/// A platform holdup can talk to.
pub trait Platform: Sync {
    /// Its id, such as `cortex`: the prefix of its causes and the `platform` of a context.
    fn id(&self) -> &'static str;
    /// Its name for people.
    fn title(&self) -> &'static str;
    /// What its own tools left on this machine, as contexts, with notes on what was looked for and
    /// what was wrong with it. Reads files and environment, asks no network.
    fn discover(&self) -> Discovery;
    /// Makes the sources of a context. Opens no connection and cannot wait.
    ///
    /// # Errors
    /// A [`Failure`] of kind `Misconfigured` or `Unsupported` that names the setting.
    fn connect(&self, context: &ContextConfig) -> Result<Connected, Failure>;
}

/// What [`Platform::discover`] found.
#[derive(Clone, Debug, Default)]
pub struct Discovery {
    /// Usable contexts, the default one first.
    pub contexts: Vec<ContextConfig>,
    /// Contexts that are looked at only when somebody names them.
    pub on_request: Vec<ContextConfig>,
    /// Whether what was found may well be what lies beneath another platform's contexts: then it
    /// is looked at without being named only where there is nothing else.
    pub may_be_beneath: bool,
    /// What was looked for and not found, or found and not usable; one sentence each.
    pub notes: Vec<String>,
}
