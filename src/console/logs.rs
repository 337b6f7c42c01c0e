//! A log on the screen: a bounded ring of lines, what of it is shown, and where one looks.

use std::collections::VecDeque;

use regex::Regex;

use super::filter;
use crate::domain::log::LogItem;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// What a line of the ring is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// Written by the workload.
    Written,
    /// Written by the workload, and an error by its looks.
    Error,
    /// Said by holdup about the stream.
    Note,
}

/// One line of the ring.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// Counts all lines of the stream, from 0.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// From which replica, where several are merged.
    pub replica: Option<Text>,
    /// The text.
    pub text: Text,
    /// What it is.
    pub kind: LineKind,
}

/// The state of one log.
#[derive(Clone, Debug, Default)]
pub struct LogState {
    /// The stream that feeds it.
    pub stream: u64,
    /// Lines held, oldest first.
    ring: VecDeque<LogEntry>,
    /// Numbers of the lines that filter and range let through.
    shown: VecDeque<u64>,
    bytes: usize,
    next: u64,
    /// Lines the stream lost.
    pub dropped: u64,
    /// Lines the ring let go.
    pub evicted: u64,
    /// Whether the newest line is kept in sight.
    pub follow: bool,
    /// The number of the line at the top, while not following.
    pub top: u64,
    /// Whether long lines are wrapped.
    pub wrap: bool,
    /// Whether times are shown.
    pub timestamps: bool,
    /// Columns panned to the right.
    pub pan: usize,
    /// The search, as typed.
    pub search: String,
    /// The filter, as typed.
    pub filter: String,
    /// Only lines from here on.
    pub since: Option<Timestamp>,
    /// Words for the range.
    pub since_minutes: Option<i64>,
    /// The line a search or jump went to.
    pub mark: Option<u64>,
    /// Why the stream is over.
    pub ended: Option<Text>,
}

impl LogState {
    /// The most lines held.
    pub const LINES: usize = 50_000;
    /// The most text held, in bytes.
    pub const BYTES: usize = 16 * 1024 * 1024;

    /// A new log for a stream.
    pub fn new(stream: u64) -> Self {
        Self { stream, follow: true, wrap: true, ..Self::default() }
    }

    /// Takes what the stream said.
    pub fn take(&mut self, at: Timestamp, items: Vec<LogItem>) {
        let filter = LineFilter::parse(&self.filter);
        for item in items {
            match item {
                LogItem::Line(line) => {
                    let kind = if looks_like_error(&line.text) { LineKind::Error } else { LineKind::Written };
                    self.push(&filter, LogEntry { number: 0, at: line.at, replica: line.replica, text: line.text, kind });
                }
                LogItem::Note(text) => self.note(&filter, at, text),
                LogItem::Dropped(count) => {
                    self.dropped = self.dropped.saturating_add(count);
                    self.note(&filter, at, Text::from(format!("{count} lines were lost here: they came faster than they could be taken")));
                }
                LogItem::Ended(why) => {
                    self.note(&filter, at, Text::from(format!("the log ends here: {why}")));
                    self.ended = Some(why);
                }
            }
        }
    }

    fn note(&mut self, filter: &LineFilter, at: Timestamp, text: Text) {
        self.push(filter, LogEntry { number: 0, at, replica: None, text, kind: LineKind::Note });
    }

    fn push(&mut self, filter: &LineFilter, mut entry: LogEntry) {
        entry.number = self.next;
        self.next += 1;
        self.bytes += entry.text.len();
        if self.passes(filter, &entry) {
            self.shown.push_back(entry.number);
        }
        self.ring.push_back(entry);
        while self.ring.len() > Self::LINES || self.bytes > Self::BYTES {
            let Some(gone) = self.ring.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(gone.text.len());
            self.evicted += 1;
            if self.shown.front() == Some(&gone.number) {
                self.shown.pop_front();
            }
        }
    }

    fn passes(&self, filter: &LineFilter, entry: &LogEntry) -> bool {
        entry.kind == LineKind::Note || (self.since.is_none_or(|since| entry.at >= since) && filter.keeps(&entry.text))
    }

    /// Applies filter and range to all lines held.
    pub fn sift(&mut self) {
        let filter = LineFilter::parse(&self.filter);
        self.shown = self.ring.iter().filter(|entry| self.passes(&filter, entry)).map(|entry| entry.number).collect();
    }

    /// Lines held.
    pub fn held(&self) -> usize {
        self.ring.len()
    }

    /// Lines let through.
    pub fn shown(&self) -> usize {
        self.shown.len()
    }

    /// A shown line by position.
    pub fn entry(&self, position: usize) -> Option<&LogEntry> {
        let number = *self.shown.get(position)?;
        let first = self.ring.front()?.number;
        self.ring.get(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    /// All shown lines as text, for saving.
    pub fn lines(&self) -> Vec<Text> {
        let entries = (0..self.shown()).filter_map(|position| self.entry(position));
        entries.map(|entry| Text::from(format!("{} {}", entry.at, entry.text))).collect()
    }

    /// The position of the first shown line that is not before `number`.
    pub fn position(&self, number: u64) -> usize {
        self.shown.partition_point(|shown| *shown < number)
    }

    /// Moves the view by lines; `page` is how many fit.
    pub fn scroll(&mut self, step: isize, page: usize) {
        let last_top = self.shown().saturating_sub(page);
        let from = if self.follow { last_top } else { self.position(self.top).min(last_top) };
        let to = from.saturating_add_signed(step).min(last_top);
        self.follow = step > 0 && to == last_top;
        self.top = self.shown.get(to).copied().unwrap_or_default();
    }

    /// Goes to the next (or previous) line for which `wanted` holds; false if there is none.
    pub fn jump(&mut self, forward: bool, page: usize, wanted: impl Fn(&LogEntry) -> bool) -> bool {
        let start = match self.mark {
            Some(mark) => self.position(mark),
            None if self.follow && !forward => self.shown(),
            None if self.follow => return false,
            None => self.position(self.top),
        };
        let test = |position: &usize| self.entry(*position).is_some_and(&wanted);
        let found = if forward {
            (start + usize::from(self.mark.is_some())..self.shown()).find(test)
        } else {
            (0..start.min(self.shown())).rev().find(test)
        };
        let Some(position) = found else { return false };
        self.mark = self.shown.get(position).copied();
        self.follow = false;
        let top = position.saturating_sub(page / 3);
        self.top = self.shown.get(top).copied().unwrap_or_default();
        true
    }

    /// The search as a pattern; text that is no pattern is looked for as it is.
    pub fn search_pattern(&self) -> Option<Regex> {
        pattern_or_text(&self.search)
    }
}

fn pattern_or_text(text: &str) -> Option<Regex> {
    (!text.is_empty()).then(|| filter::compile(text).or_else(|_| filter::compile(&regex::escape(text))).ok())?
}

struct LineFilter {
    inverse: bool,
    pattern: Option<Regex>,
}

impl LineFilter {
    fn parse(text: &str) -> Self {
        let (inverse, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        Self { inverse, pattern: pattern_or_text(text.strip_prefix("re:").unwrap_or(text)) }
    }

    fn keeps(&self, text: &str) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(text) != self.inverse)
    }
}

/// Whether a line is an error by its looks: a level word, or the head of a traceback.
fn looks_like_error(text: &str) -> bool {
    const WORDS: [&str; 9] = ["ERROR", "FATAL", "CRITICAL", "PANIC", "Traceback", "Exception", "Error:", "error:", "panicked at"];
    WORDS.iter().any(|word| text.contains(word)) || text.contains("\"level\":\"error\"") || text.contains("\"levelname\": \"ERROR\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::log::LogLine;

    fn lines(texts: &[&str]) -> Vec<LogItem> {
        let line = |text: &&str| LogItem::Line(LogLine { at: Timestamp::UNIX_EPOCH, replica: None, text: Text::from(*text) });
        texts.iter().map(line).collect()
    }

    #[test]
    fn filters_hide_and_count_but_lose_nothing() {
        let mut log = LogState::new(1);
        log.take(Timestamp::UNIX_EPOCH, lines(&["GET /a", "ERROR boom", "GET /b"]));
        log.filter = "!get".to_owned();
        log.sift();
        assert_eq!((log.shown(), log.held()), (1, 3));
        log.take(Timestamp::UNIX_EPOCH, lines(&["get /c", "fine"]));
        assert_eq!((log.shown(), log.held()), (2, 5));
    }

    #[test]
    fn jumps_find_errors_both_ways_and_stop_following() {
        let mut log = LogState::new(1);
        log.take(Timestamp::UNIX_EPOCH, lines(&["a", "ERROR one", "b", "ERROR two", "c"]));
        let error = |entry: &LogEntry| entry.kind == LineKind::Error;
        assert!(log.jump(false, 3, error));
        assert_eq!((log.mark, log.follow), (Some(3), false));
        assert!(log.jump(false, 3, error));
        assert_eq!(log.mark, Some(1));
        assert!(log.jump(true, 3, error));
        assert_eq!(log.mark, Some(3));
        assert!(!log.jump(true, 3, error));
    }

    #[test]
    fn memory_is_bounded() {
        let mut log = LogState::new(1);
        log.take(Timestamp::UNIX_EPOCH, lines(&vec!["x"; LogState::LINES + 10]));
        assert_eq!((log.held(), log.shown(), log.evicted), (LogState::LINES, LogState::LINES, 10));
        assert!(log.entry(0).is_some());
    }
}
