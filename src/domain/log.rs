//! Log lines of a replica, and what happens to the stream that brings them.

use serde::{Deserialize, Serialize};

use super::id::ResourceKey;
use super::text::Text;
use super::time::Timestamp;

/// One line, cleaned. Sources that mark severity do so in the text; the console finds errors there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it arrived, or when it was written if the platform says.
    pub at: Timestamp,
    /// The replica it came from, where more than one is merged.
    pub replica: Option<Text>,
    /// The line.
    pub text: Text,
}

/// The last lines of a log, read because its replica or workload is in trouble: the log itself
/// often names the cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogTail {
    /// Whose log: a replica's, or a workload's where the platform knows no replicas.
    pub of: ResourceKey,
    /// The workload it belongs to.
    pub workload: Option<ResourceKey>,
    /// The container, where there are several.
    pub container: Option<Text>,
    /// Whether it is the log of the container that ended, not of the one that runs.
    pub previous: bool,
    /// When it was read.
    pub at: Timestamp,
    /// The lines, joined by line breaks, the newest last. Bounded by the source that read them.
    pub lines: Text,
}

/// What a log stream has to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogItem {
    /// A line.
    Line(LogLine),
    /// Something about the stream itself: connected, waiting for a replica, reconnecting in 4 s.
    Note(Text),
    /// Lines were lost because the console could not keep up.
    Dropped(u64),
    /// The stream is over and will not be reopened; why.
    Ended(Text),
}
