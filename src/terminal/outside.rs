//! Reaches the person outside the screen: clipboard and notification. Sequences only, no writing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The most text put on a clipboard: terminals drop longer requests without a word.
pub const CLIPBOARD_LIMIT: usize = 64 * 1024;

/// What sits between holdup and the terminal and wants sequences wrapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Multiplexer {
    /// Nothing.
    #[default]
    None,
    /// tmux: passthrough, with every ESC doubled.
    Tmux,
    /// GNU screen: a device control string, in pieces it accepts.
    Screen,
}

/// How a person wants to be told of things outside the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notify {
    /// Not at all.
    #[default]
    Off,
    /// The terminal's bell.
    Bell,
    /// A desktop notification (OSC 9), and the bell for terminals without.
    Desktop,
}

/// Sets the clipboard (OSC 52). `None` when the text is too long.
pub fn clipboard(text: &str, multiplexer: Multiplexer) -> Option<Vec<u8>> {
    if text.len() > CLIPBOARD_LIMIT {
        return None;
    }
    Some(wrap(&format!("\x1b]52;c;{}\x07", STANDARD.encode(text)), multiplexer))
}

/// Tells the person something. The text must be clean already.
pub fn notification(text: &str, how: Notify, multiplexer: Multiplexer) -> Vec<u8> {
    match how {
        Notify::Off => Vec::new(),
        Notify::Bell => b"\x07".to_vec(),
        Notify::Desktop => {
            let mut bytes = wrap(&format!("\x1b]9;{}\x07", text.replace(['\n', ';'], " ")), multiplexer);
            bytes.push(0x07);
            bytes
        }
    }
}

/// Pieces of a device control string that GNU screen passes on whole.
const SCREEN_PIECE: usize = 250;

fn wrap(sequence: &str, multiplexer: Multiplexer) -> Vec<u8> {
    match multiplexer {
        Multiplexer::None => sequence.as_bytes().to_vec(),
        // The plain one too: tmux takes it itself, or passes the other on, or does both, by its settings.
        Multiplexer::Tmux => format!("{sequence}\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b")).into_bytes(),
        Multiplexer::Screen => {
            let pieces = sequence.as_bytes().chunks(SCREEN_PIECE);
            pieces.flat_map(|piece| [b"\x1bP".as_slice(), piece, b"\x1b\\".as_slice()].concat()).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clipboard_survives_multiplexers() {
        let plain = clipboard("aws ls", Multiplexer::None).unwrap();
        assert_eq!(plain, b"\x1b]52;c;YXdzIGxz\x07");
        assert_eq!(clipboard("aws ls", Multiplexer::Tmux).unwrap(), b"\x1b]52;c;YXdzIGxz\x07\x1bPtmux;\x1b\x1b]52;c;YXdzIGxz\x07\x1b\\");
        assert_eq!(clipboard("aws ls", Multiplexer::Screen).unwrap(), b"\x1bP\x1b]52;c;YXdzIGxz\x07\x1b\\");
        assert_eq!(clipboard(&"x".repeat(CLIPBOARD_LIMIT + 1), Multiplexer::None), None);
    }

    #[test]
    fn screen_gets_pieces_it_accepts() {
        let long = clipboard(&"x".repeat(1_000), Multiplexer::Screen).unwrap();
        let text = String::from_utf8(long).unwrap();
        assert!(text.split("\x1b\\").all(|piece| piece.len() <= SCREEN_PIECE + 2));
    }

    #[test]
    fn telling_is_opt_in() {
        assert!(notification("freed", Notify::Off, Multiplexer::None).is_empty());
        assert_eq!(notification("a;b", Notify::Desktop, Multiplexer::None), b"\x1b]9;a b\x07\x07");
    }
}
