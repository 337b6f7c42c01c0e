//! Breaks a line of spans at spaces, with a prefix before continuation lines.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::console::meaning::Meaning;
use crate::console::view::content::{Line, Span};

/// The most lines one row may take; what is left is cut with `…` by drawing.
const TALLEST: usize = 400;

/// Columns a text takes.
pub fn columns(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

/// Columns a line takes.
pub fn line_columns(line: &[Span]) -> usize {
    line.iter().map(|span| columns(&span.text)).sum()
}

/// The line in pieces of at most `width` columns.
pub fn wrap(line: &[Span], width: usize, prefix: &str) -> Vec<Line> {
    wrap_around(line, (width, width), prefix)
}

/// The same around something at the right of the first line: that one is narrower than the rest.
pub fn wrap_around(line: &[Span], (width, rest): (usize, usize), prefix: &str) -> Vec<Line> {
    if width == 0 || line_columns(line) <= width && !line.iter().any(|span| span.text.contains('\n')) {
        return vec![line.to_vec()];
    }
    let prefix = if columns(prefix) + 8 > width { "" } else { prefix };
    let mut lines = Builder { width, rest, prefix, lines: Vec::new(), now: Vec::new(), used: 0, fresh: true };
    for span in line {
        for (index, part) in span.text.split('\n').enumerate() {
            if index > 0 {
                lines.turn();
            }
            for word in part.split_inclusive(' ') {
                lines.word(word, span);
            }
        }
    }
    lines.lines.push(lines.now);
    lines.lines
}

struct Builder<'a> {
    width: usize,
    rest: usize,
    prefix: &'a str,
    lines: Vec<Line>,
    now: Line,
    used: usize,
    fresh: bool,
}

impl Builder<'_> {
    fn turn(&mut self) {
        if self.lines.len() >= TALLEST {
            return;
        }
        self.lines.push(std::mem::take(&mut self.now));
        self.width = self.rest;
        self.now.push(Span::new(self.prefix, Meaning::Rule));
        self.used = columns(self.prefix);
        self.fresh = true;
    }

    fn word(&mut self, word: &str, span: &Span) {
        let size = columns(word.trim_end());
        if !self.fresh && self.used + size > self.width {
            self.turn();
        }
        if self.used + size <= self.width {
            let room = self.width - self.used;
            let text = if columns(word) > room { word.trim_end() } else { word };
            self.put(text, span);
            return;
        }
        for letter in word.graphemes(true) {
            if self.used + columns(letter) > self.width {
                self.turn();
            }
            self.put(letter, span);
        }
    }

    fn put(&mut self, text: &str, span: &Span) {
        if text.is_empty() {
            return;
        }
        self.used += columns(text);
        self.fresh = false;
        match self.now.last_mut() {
            Some(last) if last.meaning == span.meaning && last.since == span.since => last.text.push_str(text),
            _ => self.now.push(Span { text: text.to_owned(), ..span.clone() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_hang() {
        let line = [Span::plain("the new version "), Span::muted("waits for a place")];
        let texts: Vec<String> = wrap(&line, 16, "  ").iter().map(|line| line.iter().map(|span| span.text.clone()).collect()).collect();
        assert_eq!(texts, ["the new version ", "  waits for a ", "  place"]);
        let long = [Span::plain("abcdefghijklmnopqrstuvwxyz")];
        assert!(wrap(&long, 10, "").iter().all(|line| line_columns(line) <= 10));
        let around: Vec<usize> = wrap_around(&line, (16, 30), "").iter().map(|line| line_columns(line)).collect();
        assert_eq!(around, [16, 17], "the second line has more room");
    }
}
