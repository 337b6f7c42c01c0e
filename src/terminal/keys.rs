//! Bytes of a terminal as keys and pastes. A plain state machine: no descriptor, no clock.
//!
//! Alt is not told apart from Esc followed by the key: over a slow line the two arrive alike,
//! and nothing essential is on Alt.

use crate::console::event::{Key, KeyCode};
use crate::domain::text::Text;

/// What the terminal sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(Key),
    /// Pasted text.
    Paste(Text),
    /// An answer to a question that was put to the terminal, without its introducer and end.
    Answer(String),
}

/// The longest paste kept.
const PASTE_LIMIT: usize = 64 * 1024;
/// The longest escape sequence waited for; anything longer is noise.
const SEQUENCE_LIMIT: usize = 4 * 1024;
const PASTE_END: &[u8] = b"\x1b[201~";

/// Turns bytes into [`Input`]s, whatever way they are cut.
#[derive(Debug, Default)]
pub struct Decoder {
    pending: Vec<u8>,
    paste: Option<Vec<u8>>,
}

/// One step of decoding.
enum Step {
    /// So many bytes meant this.
    Took(usize, Option<Input>),
    /// The rest has not arrived yet.
    Incomplete,
}

impl Decoder {
    /// Takes bytes and tells what they complete.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Input> {
        self.pending.extend_from_slice(bytes);
        self.drain(false)
    }

    /// Nothing followed for a while: what waits is meant as it stands.
    pub fn settle(&mut self) -> Vec<Input> {
        self.drain(true)
    }

    /// Whether a begun sequence waits for its rest.
    pub fn is_waiting(&self) -> bool {
        !self.pending.is_empty() && self.paste.is_none()
    }

    fn drain(&mut self, settled: bool) -> Vec<Input> {
        let mut inputs = Vec::new();
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while !rest.is_empty() {
            let step = if self.paste.is_some() { self.paste_step(rest) } else { self.key_step(rest, settled) };
            let Step::Took(length, input) = step else { break };
            inputs.extend(input);
            rest = rest.get(length..).unwrap_or_default();
        }
        self.pending = rest.to_vec();
        inputs
    }

    fn paste_step(&mut self, bytes: &[u8]) -> Step {
        let Some(paste) = &mut self.paste else { return Step::Incomplete };
        let end = bytes.windows(PASTE_END.len()).position(|window| window == PASTE_END);
        // Without the end mark, keep back what could be its beginning.
        let length = end.unwrap_or_else(|| bytes.len().saturating_sub(PASTE_END.len() - 1));
        let room = PASTE_LIMIT.saturating_sub(paste.len());
        paste.extend(bytes.iter().take(length.min(room)));
        match end {
            Some(_) => {
                let pasted = self.paste.take().unwrap_or_default();
                let text = Text::clean_lines(&String::from_utf8_lossy(&pasted), PASTE_LIMIT);
                Step::Took(length + PASTE_END.len(), Some(Input::Paste(text)))
            }
            None if length == 0 => Step::Incomplete,
            None => Step::Took(length, None),
        }
    }

    fn key_step(&mut self, bytes: &[u8], settled: bool) -> Step {
        let step = match bytes {
            [0x1b, b'[', parameters @ ..] => self.control_sequence(parameters),
            [0x1b, b'O', third, ..] => Step::Took(3, named(*third, false)),
            [0x1b, b']' | b'P' | b'_' | b'^', body @ ..] => answer(body),
            [0x1b] | [0x1b, b'O'] => Step::Incomplete,
            [0x1b, ..] => Step::Took(1, Some(key(KeyCode::Esc))),
            [byte, ..] if byte.is_ascii() => Step::Took(1, Some(plain(*byte))),
            _ => character(bytes),
        };
        match step {
            Step::Incomplete if settled => Step::Took(1, bytes.first().filter(|byte| **byte == 0x1b).map(|_| key(KeyCode::Esc))),
            // An endless sequence is dropped whole.
            Step::Incomplete if bytes.len() > SEQUENCE_LIMIT => Step::Took(bytes.len(), None),
            step => step,
        }
    }

    /// `CSI parameters final`.
    fn control_sequence(&mut self, bytes: &[u8]) -> Step {
        let Some(end) = bytes.iter().position(|byte| (0x40..=0x7e).contains(byte)) else { return Step::Incomplete };
        let (parameters, last) = (bytes.get(..end).unwrap_or_default(), bytes.get(end).copied().unwrap_or_default());
        let numbers: Vec<u32> = parameters
            .split(|byte| *byte == b';')
            .map(|number| std::str::from_utf8(number).ok().and_then(|number| number.split(':').next()?.parse().ok()).unwrap_or(0))
            .collect();
        let first = numbers.first().copied().unwrap_or(0);
        let modifiers = numbers.get(1).copied().unwrap_or(1).saturating_sub(1);
        let ctrl = modifiers & 4 != 0;
        let input = match last {
            b'~' if first == 200 => {
                self.paste = Some(Vec::new());
                None
            }
            b'~' => tilde(first).map(|code| Input::Key(Key { code, ctrl })),
            b'u' => char::from_u32(first).and_then(|character| extended(character, ctrl)),
            b'Z' => Some(key(KeyCode::BackTab)),
            last => named(last, ctrl),
        };
        Step::Took(2 + end + 1, input)
    }
}

fn key(code: KeyCode) -> Input {
    Input::Key(Key { code, ctrl: false })
}

fn ctrl(character: char) -> Input {
    Input::Key(Key { code: KeyCode::Char(character), ctrl: true })
}

fn plain(byte: u8) -> Input {
    match byte {
        b'\r' => key(KeyCode::Enter),
        b'\t' => key(KeyCode::Tab),
        // Half of the world's terminals send one for the backspace key, the rest the other.
        0x7f | 0x08 => key(KeyCode::Backspace),
        0 => ctrl(' '),
        1..=26 => ctrl(char::from(byte - 1 + b'a')),
        0x1c..=0x1f => ctrl(char::from(byte - 0x1c + b'\\')),
        _ => key(KeyCode::Char(char::from(byte))),
    }
}

fn named(last: u8, ctrl: bool) -> Option<Input> {
    let code = match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'M' => KeyCode::Enter,
        _ => return None,
    };
    Some(Input::Key(Key { code, ctrl }))
}

fn tilde(number: u32) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        _ => return None,
    })
}

/// Keys in the form that newer terminals use when told to be exact.
fn extended(character: char, ctrl: bool) -> Option<Input> {
    match u8::try_from(character).ok() {
        Some(0x1b) => Some(key(KeyCode::Esc)),
        Some(byte @ (b'\r' | b'\t' | 0x7f)) => Some(plain(byte)),
        _ if character.is_control() => None,
        _ => Some(Input::Key(Key { code: KeyCode::Char(character), ctrl })),
    }
}

/// A string the terminal sent, up to BEL or ST.
fn answer(body: &[u8]) -> Step {
    let end = body.iter().enumerate().find_map(|(at, byte)| match (byte, body.get(at + 1)) {
        (0x07, _) => Some((at, 1)),
        (0x1b, Some(b'\\')) => Some((at, 2)),
        _ => None,
    });
    let Some((at, mark)) = end else { return Step::Incomplete };
    let said = String::from_utf8_lossy(body.get(..at).unwrap_or_default()).into_owned();
    Step::Took(2 + at + mark, Some(Input::Answer(said)))
}

fn character(bytes: &[u8]) -> Step {
    let window = bytes.get(..4).unwrap_or(bytes);
    let (valid, broken) = match std::str::from_utf8(window) {
        Ok(text) => (text, None),
        Err(error) => {
            let valid = window.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok()).unwrap_or_default();
            (valid, Some(error.error_len()))
        }
    };
    match (valid.chars().next(), broken) {
        (Some(character), _) => {
            let input = (!character.is_control()).then(|| key(KeyCode::Char(character)));
            Step::Took(character.len_utf8(), input)
        }
        (None, Some(Some(length))) => Step::Took(length, None),
        (None, _) => Step::Incomplete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<Input> {
        let mut decoder = Decoder::default();
        let mut inputs = decoder.feed(bytes);
        inputs.extend(decoder.settle());
        inputs
    }

    fn chars(text: &str) -> Vec<Input> {
        text.chars().map(|character| key(KeyCode::Char(character))).collect()
    }

    #[test]
    fn keys_as_terminals_send_them() {
        let cases: &[(&[u8], Vec<Input>)] = &[
            (b"jk", chars("jk")),
            ("é漢🙂".as_bytes(), chars("é漢🙂")),
            (b"\r\t\x7f\x08", [KeyCode::Enter, KeyCode::Tab, KeyCode::Backspace, KeyCode::Backspace].map(key).into()),
            (b"\x03\x1a\x12", ['c', 'z', 'r'].map(ctrl).into()),
            (b"\x1b[A\x1bOB\x1b[Z", [KeyCode::Up, KeyCode::Down, KeyCode::BackTab].map(key).into()),
            (b"\x1b[5~\x1b[6~\x1b[H\x1b[4~", [KeyCode::PageUp, KeyCode::PageDown, KeyCode::Home, KeyCode::End].map(key).into()),
            (b"\x1b[1;5C", vec![Input::Key(Key { code: KeyCode::Right, ctrl: true })]),
            (b"\x1b", vec![key(KeyCode::Esc)]),
            (b"\x1bj", vec![key(KeyCode::Esc), key(KeyCode::Char('j'))]),
            (b"\x1b[27u\x1b[99;5u", vec![key(KeyCode::Esc), ctrl('c')]),
            (b"\x1b[<0;3;4M\x1b[I", named(b'M', false).into_iter().collect()),
            (b"\xff\xfej", chars("j")),
            (b"\x1b]11;rgb:1e1e/1e1e/1e1e\x07", vec![Input::Answer("11;rgb:1e1e/1e1e/1e1e".to_owned())]),
        ];
        for (bytes, expected) in cases {
            assert_eq!(read(bytes), *expected, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_paste_is_one_thing_and_harmless() {
        let pasted = read(b"\x1b[200~rm -rf \x1b[31m/\x07\x1b[201~j");
        assert_eq!(pasted, [Input::Paste("rm -rf /".into()), key(KeyCode::Char('j'))]);
    }

    #[test]
    fn any_cut_gives_the_same_keys() {
        let bytes = "\x1b[1;5Aé\x1b[200~two\nlines\x1b[201~\x1b]11;rgb:0/0/0\x1b\\漢q".as_bytes();
        let whole = Decoder::default().feed(bytes);
        for cut in 0..bytes.len() {
            let mut decoder = Decoder::default();
            let mut inputs = decoder.feed(&bytes[..cut]);
            inputs.extend(decoder.feed(&bytes[cut..]));
            assert_eq!(inputs, whole, "cut at {cut}");
        }
    }

    #[test]
    fn endless_sequences_do_not_grow_memory() {
        let mut decoder = Decoder::default();
        for _ in 0..100 {
            decoder.feed(&[b"\x1b]".as_slice(), &[b'x'; 1_000]].concat());
        }
        assert!(decoder.pending.len() <= SEQUENCE_LIMIT + 1_002);
    }
}
