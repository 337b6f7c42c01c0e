//! Cuts a stream into lines while it arrives, bounded: a line that is too long is told and passed
//! over.

/// One line, or that there was one.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line without its end.
    Whole(&'a [u8]),
    /// A line that is longer than the bound: its beginning.
    TooLong(&'a [u8]),
}

/// The cutter.
#[derive(Debug)]
pub struct Lines {
    limit: usize,
    pending: Vec<u8>,
    over: bool,
}

impl Lines {
    /// Lines of at most so many bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, pending: Vec::new(), over: false }
    }

    /// Takes the next piece; every line that it completes goes to `sink`.
    pub fn feed(&mut self, mut piece: &[u8], sink: &mut impl FnMut(Line<'_>)) {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            let line = piece.get(..end).unwrap_or_default();
            if self.pending.is_empty() && !self.over && line.len() <= self.limit {
                sink(Line::Whole(trim(line)));
            } else {
                self.keep(line);
                sink(if self.over { Line::TooLong(&self.pending) } else { Line::Whole(trim(&self.pending)) });
            }
            self.pending.clear();
            self.over = false;
            piece = piece.get(end + 1..).unwrap_or_default();
        }
        self.keep(piece);
    }

    /// What is left when the stream ends in the middle of a line.
    pub fn rest(&self) -> &[u8] {
        &self.pending
    }

    fn keep(&mut self, text: &[u8]) {
        let room = self.limit.saturating_sub(self.pending.len());
        self.over |= text.len() > room;
        self.pending.extend_from_slice(text.get(..room.min(text.len())).unwrap_or_default());
    }
}

fn trim(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_the_same_however_the_stream_is_cut() {
        let text = b"one\ntwo\r\n\nfour and a very long tail\nfive\nhalf";
        for size in 1..text.len() {
            let mut lines = Lines::new(10);
            let mut seen = Vec::new();
            for piece in text.chunks(size) {
                lines.feed(piece, &mut |line| {
                    seen.push(match line {
                        Line::Whole(line) => String::from_utf8_lossy(line).into_owned(),
                        Line::TooLong(line) => format!("{}…", String::from_utf8_lossy(line)),
                    });
                });
            }
            assert_eq!(seen, ["one", "two", "", "four and a…", "five"], "pieces of {size}");
            assert_eq!(lines.rest(), b"half");
        }
    }
}
