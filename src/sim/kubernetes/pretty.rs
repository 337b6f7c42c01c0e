//! JSON for people: indented, as the server sends it to `curl` and browsers.

use std::iter::repeat_n;

/// Indents compact JSON by two spaces. Empty containers take three lines and the bookkeeping of
/// field managers stays on one, as the real server's encoder has it.
pub(super) fn pretty(compact: &[u8]) -> Vec<u8> {
    let mut printer = Printer { out: Vec::with_capacity(compact.len() * 2), depth: 0, raw_below: None };
    let (mut quoted, mut escaped) = (false, false);
    for (index, byte) in compact.iter().enumerate() {
        if quoted {
            printer.out.push(*byte);
            (quoted, escaped) = (escaped || *byte != b'"', !escaped && *byte == b'\\');
        } else {
            quoted = *byte == b'"';
            let managed = compact.get(..index).is_some_and(|before| before.ends_with(b"\"fieldsV1\":"));
            printer.structural(*byte, managed);
        }
    }
    printer.out
}

struct Printer {
    out: Vec<u8>,
    depth: usize,
    /// Containers deeper than this are left as they are.
    raw_below: Option<usize>,
}

impl Printer {
    fn structural(&mut self, byte: u8, managed: bool) {
        if managed && byte == b'{' {
            self.raw_below = Some(self.depth);
        }
        let raw = self.raw_below.is_some();
        match byte {
            b'{' | b'[' => {
                self.depth += 1;
                self.out.push(byte);
                if !raw {
                    self.line();
                }
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if !raw {
                    self.line();
                }
                self.out.push(byte);
                if self.raw_below == Some(self.depth) {
                    self.raw_below = None;
                }
            }
            b',' if !raw => {
                self.out.push(byte);
                self.line();
            }
            b':' if !raw => self.out.extend_from_slice(b": "),
            _ => self.out.push(byte),
        }
    }

    fn line(&mut self) {
        self.out.push(b'\n');
        self.out.extend(repeat_n(b' ', self.depth * 2));
    }
}
