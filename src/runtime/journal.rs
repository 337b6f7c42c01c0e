//! Writes down every event the loop consumed, as gzip-compressed JSON Lines behind a versioned
//! header, and reads it back.
//!
//! A thread of its own compresses and writes; a full disk or a slow one costs the recording, never
//! the console. What a secret was in never becomes an event, so nothing is redacted here.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::console::event::Stamped;
use crate::domain::id::SourceId;
use crate::domain::time::Timestamp;

/// The format that this version writes and reads.
pub const SCHEMA: &str = "holdup/journal/1";

/// Events waiting for the writer. A full channel ends the recording rather than the console.
const WAITING: usize = 4_096;

/// How long an end waits for the disk.
const PATIENCE: Duration = Duration::from_millis(400);

/// The first line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`SCHEMA`].
    pub schema: String,
    /// The version of holdup that wrote it.
    pub version: String,
    /// When the recording began.
    pub started_at: Timestamp,
    /// Columns and rows of the terminal then.
    pub size: (u16, u16),
    /// The sources announced at the start.
    pub sources: Vec<SourceId>,
}

impl Header {
    /// A header of this version.
    pub fn new(started_at: Timestamp, size: (u16, u16), sources: Vec<SourceId>) -> Self {
        Self { schema: SCHEMA.to_owned(), version: env!("CARGO_PKG_VERSION").to_owned(), started_at, size, sources }
    }
}

enum Order {
    Write(Box<Stamped>),
    Finish(SyncSender<()>),
}

/// A recording in progress. Clones write to the same one.
#[derive(Clone, Debug)]
pub struct Journal {
    orders: SyncSender<Order>,
}

impl Journal {
    /// Begins a recording; an existing file is not overwritten.
    ///
    /// # Errors
    /// When the file exists or cannot be made.
    pub fn create(path: &Path, header: &Header) -> io::Result<Self> {
        // What a cluster says of itself is for whoever recorded it.
        let file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
        let mut writer = GzEncoder::new(file, Compression::fast());
        write_line(&mut writer, header)?;
        writer.flush()?;
        let (orders, received) = mpsc::sync_channel(WAITING);
        thread::Builder::new().name("journal".to_owned()).spawn(move || write_orders(writer, &received))?;
        Ok(Self { orders })
    }

    /// Writes one event down, some time soon.
    pub fn record(&self, event: &Stamped) {
        if self.orders.try_send(Order::Write(Box::new(event.clone()))).is_err() {
            tracing::warn!("an event is missing in the journal: the writer is behind or has stopped");
        }
    }

    /// Ends the recording and waits a moment for the disk. Later events are not recorded.
    pub fn finish(&self) {
        let (done, finished) = mpsc::sync_channel(1);
        if self.orders.try_send(Order::Finish(done)).is_ok() {
            // A disk that takes longer than this has lost.
            let _ = finished.recv_timeout(PATIENCE);
        }
    }
}

fn write_orders(mut writer: GzEncoder<File>, orders: &Receiver<Order>) {
    while let Ok(order) = orders.recv() {
        match order {
            Order::Write(event) => {
                if let Err(error) = write_line(&mut writer, &event) {
                    tracing::warn!(%error, "the journal ends here");
                    return;
                }
            }
            Order::Finish(done) => {
                let finished = writer.finish().and_then(|file| file.sync_data());
                if let Err(error) = finished {
                    tracing::warn!(%error, "the end of the journal was not written");
                }
                // Whoever asked may have lost patience.
                let _ = done.send(());
                return;
            }
        }
    }
}

fn write_line(writer: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    writer.write_all(&bytes)
}

/// Why a journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be opened, or is not compressed as journals are.
    #[error("cannot be read as a journal ({0}); was it written by `holdup --record`?")]
    Unreadable(#[from] io::Error),
    /// The header is missing or of another format.
    #[error("is a journal of format `{found}`, this version reads `{SCHEMA}`; use the version of holdup that wrote it")]
    OtherFormat {
        /// What the file says it is.
        found: String,
    },
}

/// Reads a journal. One that was cut off (a crash, a full disk) is read as far as it goes.
///
/// # Errors
/// When the file cannot be read or is of another format.
pub fn read(path: &Path) -> Result<(Header, Vec<Stamped>), ReadError> {
    let mut lines = BufReader::new(MultiGzDecoder::new(File::open(path)?)).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let header: Header = serde_json::from_str(&first).map_err(|_| other_format(&first))?;
    if header.schema != SCHEMA {
        return Err(other_format(&first));
    }
    let events = lines.map_while(Result::ok).map_while(|line| serde_json::from_str(&line).ok());
    Ok((header, events.collect()))
}

fn other_format(first: &str) -> ReadError {
    let value: Option<serde_json::Value> = serde_json::from_str(first).ok();
    let found = value.as_ref().and_then(|value| value.get("schema")?.as_str()).unwrap_or("unknown");
    ReadError::OtherFormat { found: crate::domain::text::Text::clean_to(found, 80).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::event::{Event, Key, KeyCode};

    fn events() -> Vec<Stamped> {
        let key = |letter| Event::Key(Key { code: KeyCode::Char(letter), ctrl: false });
        ['j', 'e', 'q'].map(|letter| Stamped { at: Timestamp::UNIX_EPOCH, event: key(letter) }).into()
    }

    fn recorded(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("session.jsonl.gz");
        let journal = Journal::create(&path, &Header::new(Timestamp::UNIX_EPOCH, (80, 24), Vec::new())).unwrap();
        for event in events() {
            journal.record(&event);
        }
        journal.finish();
        journal.record(&events()[0]);
        path
    }

    #[test]
    fn what_was_recorded_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let (header, read_back) = read(&recorded(folder.path())).unwrap();
        assert_eq!((header.size, read_back), ((80, 24), events()));
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(folder.path().join("session.jsonl.gz")).unwrap().permissions());
        assert_eq!(mode & 0o077, 0, "nobody else reads it");
    }

    #[test]
    fn a_cut_journal_is_read_as_far_as_it_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = recorded(folder.path());
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 12]).unwrap();
        let (_, read_back) = read(&path).unwrap();
        assert_eq!(read_back, events()[..read_back.len()]);
    }

    #[test]
    fn nothing_is_overwritten_and_nonsense_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = recorded(folder.path());
        let header = Header::new(Timestamp::UNIX_EPOCH, (80, 24), Vec::new());
        assert_eq!(Journal::create(&path, &header).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        let other = Header { schema: "holdup/journal/9".to_owned(), ..header };
        Journal::create(&folder.path().join("other"), &other).unwrap().finish();
        let error = read(&folder.path().join("other")).unwrap_err().to_string();
        assert!(error.contains("holdup/journal/9"), "{error}");
        std::fs::write(&path, "plain text").unwrap();
        assert!(matches!(read(&path), Err(ReadError::Unreadable(_))));
    }
}
