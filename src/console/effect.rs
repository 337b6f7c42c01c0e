//! What the console asks of the runtime. None of these changes anything remote.

use crate::domain::id::ResourceKey;
use crate::domain::text::Text;

/// A request to the world outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Poll now: one context, or all.
    PollNow(Option<Text>),
    /// This workload is looked at: its sources may read more of it.
    Focus(Option<ResourceKey>),
    /// Open a log stream under this number; a stream opened before is closed.
    OpenLog {
        /// Number that comes back with its lines.
        stream: u64,
        /// Whose log.
        workload: ResourceKey,
        /// A job of it.
        job: Option<Text>,
        /// One replica.
        replica: Option<Text>,
        /// One container of a replica, where the platform lets one choose; all of them otherwise.
        container: Option<Text>,
        /// The previous container.
        previous: bool,
    },
    /// Close the log stream.
    CloseLog,
    /// Put text on the person's clipboard (OSC 52).
    Copy(Text),
    /// Write the log lines held to a file; answered by [`super::event::Event::Done`].
    SaveLog {
        /// Suggested file name, without folder.
        name: Text,
        /// The lines.
        lines: Vec<Text>,
    },
    /// Tell the person outside the screen (bell, OSC 9) if the configuration allows.
    Notify(Text),
    /// Paint everything again.
    Repaint,
    /// Give the terminal back and stop until continued.
    Suspend,
    /// End.
    Quit,
}
