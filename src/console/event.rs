//! Everything that can happen to the console. The journal is a list of these.

use serde::{Deserialize, Serialize};

use crate::domain::log::LogItem;
use crate::domain::store::Update;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// Something happened, at a time that the loop stamped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted (only the prompt takes it).
    Paste(Text),
    /// The terminal has this size now.
    Resize {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// A source brought something, or failed to.
    Update(Box<Update>),
    /// A log stream said something; `stream` is the number given in `Effect::OpenLog`.
    Log {
        /// Which stream.
        stream: u64,
        /// What it said.
        items: Vec<LogItem>,
    },
    /// Time passed; an age on the screen may read differently.
    Tick,
    /// The process was stopped and goes on: paint everything again.
    Resumed,
    /// An effect ended; a sentence for the message line.
    Done(Text),
}

/// A key as the console sees it, independent of the terminal library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// With control held.
    pub ctrl: bool,
}

/// Keys that can be bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum KeyCode {
    Char(char),
    Enter,
    Esc,
    Backspace,
    Delete,
    Tab,
    BackTab,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
}
