//! Several streams into one, by the time each line was written, and out to a reader that may be
//! slower: what it cannot take is dropped and counted, never held without bound.

use tokio::sync::mpsc;
use tokio::time::{Duration, Instant};

use crate::domain::log::{LogItem, LogLine};
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// How long lines are held so that those of another replica can come before them.
const WINDOW: Duration = Duration::from_millis(250);

/// The most lines held.
const HELD: usize = 4_000;

/// Nobody reads any more.
#[derive(Clone, Copy, Debug)]
pub struct Gone;

/// The way out.
pub struct Merger {
    lines: mpsc::Sender<LogItem>,
    held: Vec<LogLine>,
    since: Option<Instant>,
    dropped: u64,
}

impl Merger {
    /// Lines go to `lines`.
    pub fn new(lines: mpsc::Sender<LogItem>) -> Self {
        Self { lines, held: Vec::new(), since: None, dropped: 0 }
    }

    /// Takes a line.
    pub fn line(&mut self, at: Timestamp, replica: Option<Text>, text: Text) {
        self.held.push(LogLine { at, replica, text });
        self.since.get_or_insert_with(Instant::now);
        if self.held.len() >= HELD {
            self.flush();
        }
    }

    /// When held lines are due.
    pub async fn due(&self) {
        match self.since {
            Some(since) => tokio::time::sleep_until(since + WINDOW).await,
            None => std::future::pending().await,
        }
    }

    /// Sends what is held, in the order in which it was written.
    pub fn flush(&mut self) {
        self.since = None;
        self.held.sort_by_key(|line| line.at);
        for line in self.held.drain(..) {
            if self.dropped > 0 && self.lines.try_send(LogItem::Dropped(self.dropped)).is_ok() {
                self.dropped = 0;
            }
            if self.dropped > 0 || self.lines.try_send(LogItem::Line(line)).is_err() {
                self.dropped += 1;
            }
        }
    }

    /// Says something about the streams; waits for the reader.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub async fn note(&mut self, text: String) -> Result<(), Gone> {
        self.flush();
        self.tell_dropped().await?;
        self.lines.send(LogItem::Note(text.into())).await.map_err(|_| Gone)
    }

    /// The last words.
    ///
    /// # Errors
    /// As [`Merger::note`].
    pub async fn end(&mut self, why: Text) -> Result<(), Gone> {
        self.tell_dropped().await?;
        self.lines.send(LogItem::Ended(why)).await.map_err(|_| Gone)
    }

    /// Waits until nobody reads any more.
    pub async fn closed(&self) {
        self.lines.closed().await;
    }

    async fn tell_dropped(&mut self) -> Result<(), Gone> {
        if self.dropped > 0 {
            let dropped = std::mem::take(&mut self.dropped);
            self.lines.send(LogItem::Dropped(dropped)).await.map_err(|_| Gone)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn lines_of_several_replicas_come_in_the_order_they_were_written() {
        let (sender, mut lines) = mpsc::channel(16);
        let mut merger = Merger::new(sender);
        for (second, replica) in [(3, "a"), (1, "b"), (2, "a")] {
            merger.line(at(second), Some(replica.into()), format!("{second}").into());
        }
        merger.due().await;
        merger.flush();
        merger.note("end".into()).await.unwrap();
        let mut seen = Vec::new();
        while let Ok(LogItem::Line(line)) = lines.try_recv() {
            seen.push(line.text.to_string());
        }
        assert_eq!(seen, ["1", "2", "3"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_loses_lines_and_is_told_how_many() {
        let (sender, mut lines) = mpsc::channel(2);
        let mut merger = Merger::new(sender);
        for second in 0..10 {
            merger.line(at(second), None, "x".into());
        }
        merger.flush();
        assert_eq!(lines.len(), 2);
        lines.recv().await.unwrap();
        lines.recv().await.unwrap();
        merger.line(at(11), None, "y".into());
        merger.flush();
        assert_eq!(lines.recv().await.unwrap(), LogItem::Dropped(8));
        assert!(matches!(lines.recv().await.unwrap(), LogItem::Line(_)));
    }
}
