//! Puts spans into a buffer: styles from meanings, cuts marked with `…`, ASCII where asked for.
//! Remembers when an age it has drawn will read differently.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use super::meaning::Meaning;
use super::theme::Appearance;
use super::view::content::{Span, age_text, until_next_age};
use super::widgets::wrap::{columns, line_columns};
use crate::domain::time::{self, Duration, Timestamp};

/// Where a line goes that is shorter than its room, and where it is cut if it is longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// To the left; cut at the end.
    Left,
    /// To the right; cut at the end.
    Right,
    /// To the left; cut at the beginning.
    KeepEnd,
}

/// A buffer being drawn into.
pub struct Painter<'a> {
    /// The buffer.
    pub buffer: &'a mut Buffer,
    look: &'a Appearance,
    now: Timestamp,
    next: Option<Duration>,
}

impl<'a> Painter<'a> {
    /// Draws at the time `now`.
    pub fn new(buffer: &'a mut Buffer, look: &'a Appearance, now: Timestamp) -> Self {
        Self { buffer, look, now, next: None }
    }

    /// When an age that was drawn will read differently.
    pub fn next_change(&self) -> Option<Duration> {
        self.next
    }

    /// Draws a line; what does not fit is cut at the end.
    pub fn line(&mut self, x: u16, y: u16, width: u16, line: &[Span]) {
        self.aligned((x, y), width, line, Align::Left);
    }

    /// Draws a line into `width` columns from a place on.
    pub fn aligned(&mut self, (x, y): (u16, u16), width: u16, line: &[Span], align: Align) {
        let (right, keep_end) = (align == Align::Right, align == Align::KeepEnd);
        if width == 0 || !(self.buffer.area.top()..self.buffer.area.bottom()).contains(&y) {
            return;
        }
        let line = &*self.present(line);
        let wide = line_columns(line);
        let room = usize::from(width);
        let pad = if right { room.saturating_sub(wide) } else { 0 };
        let mut cursor = Cursor { x: x.saturating_add(u16::try_from(pad).unwrap_or(0)), y, end: x.saturating_add(width) };
        let over = wide > room;
        let mut skip = if over && keep_end { wide + 1 - room } else { 0 };
        if skip > 0 {
            self.put(&mut cursor, "…", line.first().map_or(Meaning::Muted, |span| span.meaning));
        } else if over {
            cursor.end = cursor.end.saturating_sub(1);
        }
        for span in line {
            if let Some(since) = span.since {
                let change = until_next_age(time::age(self.now, since));
                self.next = Some(self.next.map_or(change, |next| next.min(change)));
            }
            for letter in span.text.graphemes(true) {
                let size = columns(letter);
                if skip > 0 {
                    skip = skip.saturating_sub(size);
                    continue;
                }
                if !self.put(&mut cursor, letter, span.meaning) {
                    break;
                }
            }
        }
        if over && !keep_end {
            let mut mark = Cursor { x: cursor.end, y, end: cursor.end.saturating_add(1) };
            let meaning = line.last().map_or(Meaning::Muted, |span| span.meaning);
            self.put(&mut mark, "…", meaning);
        }
    }

    /// The line with its ages as they read now: it may have been made a while ago.
    fn present<'l>(&self, line: &'l [Span]) -> Cow<'l, [Span]> {
        let text = |span: &Span| span.since.map(|since| age_text(time::age(self.now, since)));
        if line.iter().all(|span| text(span).is_none_or(|text| text == span.text)) {
            return Cow::Borrowed(line);
        }
        Cow::Owned(line.iter().map(|span| Span { text: text(span).unwrap_or_else(|| span.text.clone()), ..span.clone() }).collect())
    }

    /// Lays a meaning over what is drawn already.
    pub fn tint(&mut self, area: Rect, meaning: Meaning) {
        let area = area.intersection(self.buffer.area);
        let style = self.look.style(meaning);
        // A bar of one look, whatever the row was coloured with.
        let over = matches!(meaning, Meaning::Selected | Meaning::Stale | Meaning::Paused);
        self.buffer.set_style(area, if over { Style::reset().patch(style) } else { style });
    }

    fn put(&mut self, cursor: &mut Cursor, letter: &str, meaning: Meaning) -> bool {
        let shown = if self.look.ascii { ascii(letter) } else { letter };
        let size = u16::try_from(columns(shown)).unwrap_or(1);
        if size == 0 {
            return true;
        }
        if cursor.x.saturating_add(size) > cursor.end || cursor.x.saturating_add(size) > self.buffer.area.right() {
            return false;
        }
        if let Some(cell) = self.buffer.cell_mut((cursor.x, cursor.y)) {
            cell.set_symbol(shown);
            cell.set_style(self.look.style(meaning));
        }
        for behind in cursor.x + 1..cursor.x + size {
            if let Some(cell) = self.buffer.cell_mut((behind, cursor.y)) {
                cell.reset();
            }
        }
        cursor.x += size;
        true
    }
}

struct Cursor {
    x: u16,
    y: u16,
    end: u16,
}

/// What stands for a character on a terminal that shows ASCII only.
fn ascii(letter: &str) -> &str {
    if letter.is_ascii() {
        return letter;
    }
    match letter {
        "✖" => "X",
        "◌" => ":",
        "●" | "▮" | "█" => "#",
        "◐" => "%",
        "○" => "o",
        "▯" | "▁" => ".",
        "▂" | "▃" => "_",
        "▄" | "▅" => "+",
        "▆" | "▇" => "=",
        "·" | "│" | "┬" | "┴" | "├" | "┼" => "|",
        "└" => "`",
        "─" | "–" | "—" => "-",
        "▸" | "›" | "→" => ">",
        "▾" | "▼" => "v",
        "▲" => "^",
        "△" => "!",
        "…" => "~",
        "×" => "x",
        "“" | "”" | "„" => "\"",
        "‘" | "’" => "'",
        _ => "?",
    }
}
