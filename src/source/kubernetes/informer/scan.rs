//! Takes a list's answer apart while it arrives: each item on its own, never the whole.
//!
//! Knows where values begin and end, not what they mean. Memory is bounded by the largest item
//! that is let through, whatever the server sends.

/// The most bytes of one item; what is larger is passed over. The API server's own store takes
/// 1.5 MiB, so an item above this is none of its.
pub const ITEM: usize = 4 * 1024 * 1024;

/// The most bytes of any other field.
const FIELD: usize = 256 * 1024;

/// A part of the answer that is complete.
#[derive(Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// A field beside the items.
    Field(&'a str, &'a [u8]),
    /// One item.
    Item(&'a [u8]),
    /// An item, too large to be kept.
    TooLarge,
}

/// The answer is no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Start,
    Key,
    InKey,
    Colon,
    Value,
    InValue,
    AfterValue,
    Item,
    InItem,
    AfterItem,
    End,
}

/// The scanner. Feed it pieces; a piece may end anywhere.
#[derive(Debug)]
pub struct Scanner {
    at: At,
    key: Vec<u8>,
    value: Vec<u8>,
    limit: usize,
    over: bool,
    depth: u32,
    in_string: bool,
    escaped: bool,
}

impl Default for Scanner {
    fn default() -> Self {
        Self { at: At::Start, key: Vec::new(), value: Vec::new(), limit: FIELD, over: false, depth: 0, in_string: false, escaped: false }
    }
}

impl Scanner {
    /// Takes the next piece; every part that it completes goes to `sink`.
    ///
    /// # Errors
    /// When this cannot be a list.
    pub fn feed(&mut self, mut piece: &[u8], sink: &mut impl FnMut(Part<'_>)) -> Result<(), Malformed> {
        while !piece.is_empty() {
            let used = match self.at {
                At::InValue | At::InItem => self.inside(piece, sink),
                At::InKey => self.in_key(piece)?,
                _ => self.between(piece)?,
            };
            piece = piece.get(used..).unwrap_or_default();
        }
        Ok(())
    }

    /// Whether the list is complete.
    pub fn is_complete(&self) -> bool {
        self.at == At::End
    }

    /// One byte between values.
    fn between(&mut self, piece: &[u8]) -> Result<usize, Malformed> {
        let Some(byte) = piece.first() else { return Ok(0) };
        if byte.is_ascii_whitespace() {
            return Ok(piece.iter().take_while(|byte| byte.is_ascii_whitespace()).count());
        }
        self.at = match (self.at, byte) {
            (At::Start, b'{') | (At::AfterValue, b',') => At::Key,
            (At::Key | At::AfterValue, b'}') => At::End,
            (At::Key, b'"') => {
                self.key.clear();
                At::InKey
            }
            (At::Colon, b':') => At::Value,
            (At::Value, b'[') if self.key == b"items" => At::Item,
            (At::Item | At::AfterItem, b']') => At::AfterValue,
            (At::AfterItem, b',') => At::Item,
            (At::Value, _) => return Ok(self.begin(At::InValue, FIELD)),
            (At::Item, _) => return Ok(self.begin(At::InItem, ITEM)),
            _ => return Err(Malformed),
        };
        Ok(1)
    }

    /// The byte that is there belongs to the value already.
    fn begin(&mut self, at: At, limit: usize) -> usize {
        self.value.clear();
        (self.at, self.limit, self.over) = (at, limit, false);
        (self.depth, self.in_string, self.escaped) = (0, false, false);
        0
    }

    fn in_key(&mut self, piece: &[u8]) -> Result<usize, Malformed> {
        let end = piece.iter().position(|byte| *byte == b'"');
        let text = piece.get(..end.unwrap_or(piece.len())).unwrap_or_default();
        self.key.extend_from_slice(text);
        // No field of a list has a name with an escape in it, or a long one.
        if self.key.len() > 256 || text.contains(&b'\\') {
            return Err(Malformed);
        }
        if end.is_some() {
            self.at = At::Colon;
        }
        Ok(text.len() + usize::from(end.is_some()))
    }

    /// Inside a value: up to its end, or to the end of the piece.
    fn inside(&mut self, piece: &[u8], sink: &mut impl FnMut(Part<'_>)) -> usize {
        for (index, byte) in piece.iter().enumerate() {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_string = false;
                        if self.depth == 0 {
                            return self.complete(piece, index + 1, sink);
                        }
                    }
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                // A number or a word ends where something else begins.
                b'}' | b']' | b',' if self.depth == 0 => return self.complete(piece, index, sink),
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return self.complete(piece, index + 1, sink);
                    }
                }
                _ => {}
            }
        }
        self.keep(piece);
        piece.len()
    }

    fn keep(&mut self, text: &[u8]) {
        if self.over || self.value.len() + text.len() > self.limit {
            self.over = true;
            self.value = Vec::new();
        } else {
            self.value.extend_from_slice(text);
        }
    }

    fn complete(&mut self, piece: &[u8], end: usize, sink: &mut impl FnMut(Part<'_>)) -> usize {
        let text = piece.get(..end).unwrap_or_default();
        let is_item = self.at == At::InItem;
        if self.value.is_empty() && !self.over && text.len() <= self.limit {
            // The whole value is in this piece: no copy is needed.
            Self::tell(is_item, &self.key, text, sink);
        } else {
            self.keep(text);
            match (self.over, is_item) {
                (true, true) => sink(Part::TooLarge),
                (true, false) => {}
                (false, _) => Self::tell(is_item, &self.key, &self.value, sink),
            }
        }
        self.value.clear();
        self.at = if is_item { At::AfterItem } else { At::AfterValue };
        end
    }

    fn tell(is_item: bool, key: &[u8], value: &[u8], sink: &mut impl FnMut(Part<'_>)) {
        match std::str::from_utf8(key) {
            _ if is_item => sink(Part::Item(value)),
            Ok(key) => sink(Part::Field(key, value.trim_ascii_end())),
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, size: usize) -> Result<Vec<String>, Malformed> {
        let mut scanner = Scanner::default();
        let mut parts = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            scanner.feed(piece, &mut |part| {
                parts.push(match part {
                    Part::Field(name, value) => format!("{name}={}", String::from_utf8_lossy(value)),
                    Part::Item(value) => format!("- {}", String::from_utf8_lossy(value)),
                    Part::TooLarge => "- (too large)".to_owned(),
                });
            })?;
        }
        if scanner.is_complete() { Ok(parts) } else { Err(Malformed) }
    }

    #[test]
    fn a_list_falls_into_the_same_parts_however_it_is_cut() {
        let text = r#" {"kind":"PodList","n":12 ,"metadata":{"resourceVersion":"7","x":"]}\"{"},
            "items":[ {"a":"}\\"},{"b":[1,{"c":"]"}]} , "word",3],"after":true} "#;
        let expected = [
            r#"kind="PodList""#,
            "n=12",
            r#"metadata={"resourceVersion":"7","x":"]}\"{"}"#,
            r#"- {"a":"}\\"}"#,
            r#"- {"b":[1,{"c":"]"}]}"#,
            r#"- "word""#,
            "- 3",
            "after=true",
        ];
        for size in 1..text.len() {
            assert_eq!(parts(text, size).unwrap(), expected, "pieces of {size}");
        }
    }

    #[test]
    fn empty_lists_are_complete_and_halves_are_not() {
        for text in [r#"{"items":[]}"#, r#"{"items":null}"#, "{}"] {
            assert!(parts(text, 3).is_ok(), "{text}");
        }
        for text in [r#"{"items":[{"a":1}"#, r#"{"items":[{"a":"#, "<html>", "[]", r#"{"a":1}}"#, ""] {
            assert_eq!(parts(text, 5), Err(Malformed), "{text}");
        }
    }

    #[test]
    fn what_is_too_large_is_passed_over_without_being_held() {
        let mut scanner = Scanner::default();
        let mut seen = Vec::new();
        let mut sink = |part: Part<'_>| seen.push(matches!(part, Part::TooLarge));
        scanner.feed(br#"{"items":[{"a":""#, &mut sink).unwrap();
        let piece = vec![b'x'; 64 * 1024];
        for _ in 0..ITEM / piece.len() + 2 {
            scanner.feed(&piece, &mut sink).unwrap();
        }
        assert!(scanner.value.capacity() < ITEM, "nothing of it is held");
        scanner.feed(br#""},{"name":"b"}]}"#, &mut sink).unwrap();
        assert!(scanner.is_complete());
        assert_eq!(seen, [true, false]);
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_is_borne(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), size in 1_usize..50) {
            let mut scanner = Scanner::default();
            for piece in bytes.chunks(size) {
                let _any_outcome = scanner.feed(piece, &mut |_| {});
            }
        }
    }
}
