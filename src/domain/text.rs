//! Text from outside, made harmless once.
//!
//! A [`Text`] holds no control characters, no bidirectional overrides and at most
//! [`Text::LIMIT`] bytes. Everything that a server, a log or a file says passes through here
//! before it is stored; nothing downstream needs to clean again.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

/// A cleaned, bounded, cheaply cloned piece of text that came from outside.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Text(Arc<str>);

impl Ord for Text {
    /// Keys of one context share its text, so most comparisons of contexts need not look inside.
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Text {
    /// The most bytes one text keeps; the rest is replaced by `…`.
    pub const LIMIT: usize = 8 * 1024;

    /// Cleans `raw`: escape sequences are removed whole, tabs and line breaks become single
    /// spaces, other control and bidirectional characters vanish, the length is bounded.
    pub fn clean(raw: &str) -> Self {
        Self::clean_to(raw, Self::LIMIT)
    }

    /// As [`Text::clean`], bounded to `limit` bytes.
    pub fn clean_to(raw: &str, limit: usize) -> Self {
        Self(Arc::from(sanitize(raw.as_bytes(), limit, ' ')))
    }

    /// As [`Text::clean`], for bytes that may not be UTF-8.
    pub fn clean_bytes(raw: &[u8]) -> Self {
        Self(Arc::from(sanitize(raw, Self::LIMIT, ' ')))
    }

    /// Cleans text whose line breaks matter (a traceback, a raw record): they are kept as `\n`.
    pub fn clean_lines(raw: &str, limit: usize) -> Self {
        Self(Arc::from(sanitize(raw.as_bytes(), limit, '\n')))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Text {
    fn from(raw: &str) -> Self {
        Self::clean(raw)
    }
}

impl From<String> for Text {
    fn from(raw: String) -> Self {
        Self::clean(&raw)
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::ops::Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|raw| Self::clean_lines(&raw, Self::LIMIT))
    }
}

/// Invisible characters that reorder or hide what a person reads.
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

struct Printable {
    out: String,
    limit: usize,
    line_break: char,
    cut: bool,
}

impl Printable {
    fn push(&mut self, c: char) {
        if self.out.len() + c.len_utf8() > self.limit {
            self.cut = true;
        } else if !self.cut {
            self.out.push(c);
        }
    }
}

impl vte::Perform for Printable {
    // vte prints DEL too, so control characters are filtered here as well.
    fn print(&mut self, c: char) {
        if !c.is_control() && !is_deceptive(c) {
            self.push(c);
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\n' => self.push(self.line_break),
            b'\t' => self.push(' '),
            _ => {}
        }
    }
}

/// Runs `raw` through a terminal parser and keeps only what would be printed.
fn sanitize(raw: &[u8], limit: usize, line_break: char) -> Cow<'_, str> {
    // Nearly all text is printable and short: nothing to take out, nothing to parse, and where it
    // is plain ASCII not even characters to look at one by one.
    if let (true, Ok(text)) = (raw.len() <= limit, std::str::from_utf8(raw))
        && (is_plain(raw) || !text.chars().any(|c| c.is_control() || is_deceptive(c)))
    {
        return Cow::Borrowed(text);
    }
    let mut out = Printable { out: String::new(), limit, line_break, cut: false };
    let mut parser = vte::Parser::new();
    // Twice the limit bounds the work on hostile input while leaving room for escapes.
    let window = raw.get(..limit.saturating_mul(2)).unwrap_or(raw);
    parser.advance(&mut out, window);
    if out.cut || window.len() < raw.len() {
        while out.out.len() + '…'.len_utf8() > limit && out.out.pop().is_some() {}
        out.out.push('…');
    }
    Cow::Owned(out.out)
}

/// Whether all of it is printable ASCII. Without an early way out the check runs on many bytes at
/// once.
fn is_plain(raw: &[u8]) -> bool {
    raw.iter().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_disappear_whole() {
        assert_eq!(Text::clean("a\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}b"), *"ared b");
        assert_eq!(Text::clean("x\u{202e}y\u{7f}z\u{9b}31m"), *"xyz31m");
        assert_eq!(Text::clean("a\u{61c}b\u{2028}c\u{206e}d\u{ad}e\u{fff9}f"), *"abcdef");
        assert_eq!(Text::clean_bytes(b"ok \xff\xfe end").as_str().contains("ok "), true);
    }

    #[test]
    fn length_is_bounded_and_marked() {
        let long = Text::clean_to(&"é".repeat(100), 21);
        assert!(long.len() <= 24 && long.ends_with('…'));
    }

    proptest::proptest! {
        #[test]
        fn no_control_character_survives(raw in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let text = Text::clean_bytes(&raw);
            proptest::prop_assert!(!text.chars().any(|c| c.is_control() || is_deceptive(c)));
        }
    }
}
