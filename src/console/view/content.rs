//! What every view model is made of: columns, rows and spans by meaning. No colours, no sizes.

use crate::console::meaning::Meaning;
use crate::console::navigation::ObjectId;
use crate::console::widgets::wrap::line_columns;
use crate::domain::time::{self, Duration, Timestamp};

/// A run of text with one meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The text.
    pub text: String,
    /// What it means.
    pub meaning: Meaning,
    /// If the text is an age: since when. The console wakes when it reads differently.
    pub since: Option<Timestamp>,
}

impl Span {
    /// Text with a meaning.
    pub fn new(text: impl Into<String>, meaning: Meaning) -> Self {
        Self { text: text.into(), meaning, since: None }
    }

    /// Ordinary text.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Meaning::Plain)
    }

    /// Text that matters less.
    pub fn muted(text: impl Into<String>) -> Self {
        Self::new(text, Meaning::Muted)
    }

    /// How long ago `at` was.
    pub fn age(now: Timestamp, at: Timestamp, meaning: Meaning) -> Self {
        Self { text: age_text(time::age(now, at)), meaning, since: Some(at) }
    }
}

/// An age for the screen: tens of seconds below two minutes, so that a calm screen keeps still.
pub fn age_text(age: Duration) -> String {
    match age.as_secs() {
        0..=9 => "<10s".to_owned(),
        seconds @ 10..=119 => format!("{}s", seconds / 10 * 10),
        _ => time::short(age),
    }
}

/// How long until [`age_text`] prints something else.
pub fn until_next_age(age: Duration) -> Duration {
    match age.as_secs() {
        seconds @ 0..=119 => Duration::from_secs(10 - seconds % 10).saturating_sub(Duration::from_nanos(u64::from(age.subsec_nanos()))),
        _ => time::until_next_word(age).saturating_sub(Duration::from_nanos(u64::from(age.subsec_nanos()))),
    }
}

/// A line of spans.
pub type Line = Vec<Span>;

/// One cell of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// What it shows.
    pub line: Line,
    /// What it sorts by, where the text would sort wrongly.
    pub order: Option<i64>,
}

impl Cell {
    /// A cell with one span; none where there is nothing to say.
    pub fn new(text: impl Into<String>, meaning: Meaning) -> Self {
        let text = text.into();
        let line = if text.is_empty() { Vec::new() } else { vec![Span::new(text, meaning)] };
        Self { line, order: None }
    }

    /// A cell of ordinary text.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Meaning::Plain)
    }

    /// A cell of text that matters less.
    pub fn muted(text: impl Into<String>) -> Self {
        Self::new(text, Meaning::Muted)
    }

    /// A number.
    pub fn number(value: impl Into<i64>) -> Self {
        let value = value.into();
        Self { order: Some(value), ..Self::plain(value.to_string()) }
    }

    /// How long ago; empty where nobody knows. Sorts the newest first.
    pub fn age(now: Timestamp, at: Option<Timestamp>) -> Self {
        match at {
            Some(at) => Self { line: vec![Span::age(now, at, Meaning::Muted)], order: Some(now.as_second() - at.as_second()) },
            None => Self { line: Vec::new(), order: Some(i64::MAX) },
        }
    }

    /// A cell of several spans.
    pub fn line(line: Line) -> Self {
        Self { line, order: None }
    }

    /// The same cell, sorted by this number.
    pub fn ordered(self, order: impl Into<i64>) -> Self {
        Self { order: Some(order.into()), ..self }
    }

    /// The text, for filters and sorting.
    pub fn text(&self) -> String {
        self.line.iter().map(|span| span.text.as_str()).collect()
    }
}

/// How much room a column wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// As much as its widest cell, at most so many columns.
    Fit(u16),
    /// All that is left; at least so many columns.
    Fill(u16),
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its title; empty for glyph columns.
    pub title: &'static str,
    /// Its width.
    pub width: Width,
    /// Where room is short, columns with a low number come first; 0 stays. Columns with the same
    /// number come together or not at all.
    pub priority: u8,
    /// Whether it is aligned to the right.
    pub right: bool,
    /// Whether a cell too long loses its beginning: names differ at their ends.
    pub keep_end: bool,
}

impl Column {
    /// A column as wide as its cells.
    pub const fn fit(title: &'static str, most: u16, priority: u8) -> Self {
        Self { title, width: Width::Fit(most), priority, right: false, keep_end: false }
    }

    /// The column that takes the rest.
    pub const fn fill(title: &'static str, least: u16) -> Self {
        Self { title, width: Width::Fill(least), priority: 0, right: false, keep_end: false }
    }

    /// The same, aligned to the right.
    pub const fn right(self) -> Self {
        Self { right: true, ..self }
    }

    /// The same, keeping the end of what is too long.
    pub const fn keep_end(self) -> Self {
        Self { keep_end: true, ..self }
    }
}

/// A row of a table or a line of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it stands for; selection hangs on it.
    pub id: ObjectId,
    /// One cell a column.
    pub cells: Vec<Cell>,
    /// Whether it wants attention.
    pub problem: bool,
    /// Whether its source is behind.
    pub stale: bool,
    /// What the continuation lines of the filling cell begin with; `None` cuts the cell instead.
    pub wrap: Option<String>,
}

impl Row {
    /// A row that is neither a problem nor stale.
    pub fn new(id: ObjectId, cells: Vec<Cell>) -> Self {
        Self { id, cells, problem: false, stale: false, wrap: None }
    }

    /// A line of a document, wrapped where it is too long.
    pub fn text(id: impl Into<String>, line: Line) -> Self {
        Self { wrap: Some("  ".to_owned()), ..Self::new(ObjectId::Part(id.into()), vec![Cell::line(line)]) }
    }

    /// The same, as a problem or not.
    pub fn problem(self, problem: bool) -> Self {
        Self { problem, ..self }
    }

    /// The same, stale or not.
    pub fn stale(self, stale: bool) -> Self {
        Self { stale, ..self }
    }
}

/// A whole view: fixed lines, a table or document, and facts below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Lines that stay at the top.
    pub heading: Vec<Line>,
    /// Columns; titles are shown if any column has one.
    pub columns: Vec<Column>,
    /// Rows.
    pub rows: Vec<Row>,
    /// What the reader must know besides: gaps, failures.
    pub facts: Vec<Line>,
    /// What is said where there are no rows.
    pub empty: String,
    /// Whether what fits a filter best comes first; rows keep their order otherwise.
    pub ranked: bool,
    /// Rows that the filter hides.
    pub hidden: usize,
    /// The widest cell of each column, once measured.
    pub widest: Vec<usize>,
}

impl Content {
    /// A document: one filling column without title.
    pub fn document(rows: Vec<Row>) -> Self {
        Self { columns: vec![Column::fill("", 1)], rows, ..Self::default() }
    }

    /// Measures every cell once, so that drawing looks at the visible rows only.
    pub fn measure(&mut self) {
        self.widest = (0..self.columns.len()).map(|index| self.widest(index)).collect();
    }

    /// The width of the widest cell of a column.
    pub fn widest(&self, index: usize) -> usize {
        if let Some(widest) = self.widest.get(index) {
            return *widest;
        }
        let cells = self.rows.iter().filter_map(|row| row.cells.get(index));
        cells.map(|cell| line_columns(&cell.line)).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calm_screen_keeps_still() {
        assert_eq!(age_text(Duration::from_secs(7)), "<10s");
        assert_eq!(age_text(Duration::from_secs(39)), "30s");
        assert_eq!(until_next_age(Duration::from_secs(39)), Duration::from_secs(1));
        for seconds in [0, 5, 9, 10, 118, 119, 120, 7199, 36_000, 200_000] {
            let age = Duration::from_secs(seconds);
            let next = until_next_age(age);
            assert_ne!(age_text(age), age_text(age + next), "{seconds}");
            assert_eq!(age_text(age), age_text(age + next.saturating_sub(Duration::from_secs(1))), "{seconds}");
        }
    }
}
