//! Two buffers and one write: a frame is painted, compared with the one before, and what changed
//! goes out in a single write inside a synchronized update.

use std::io;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::encode::encode;
use super::modes::Modes;
use super::tty::Tty;

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
const ERASE: &[u8] = b"\x1b[m\x1b[2J";

/// The screen as it is and as it will be.
#[derive(Debug)]
pub struct Screen {
    tty: Tty,
    shown: Buffer,
    next: Buffer,
    bytes: Vec<u8>,
    erase: bool,
}

impl Screen {
    /// An empty screen of the terminal's present size.
    pub fn new(tty: Tty) -> Self {
        let (width, height) = tty.size();
        let area = Rect::new(0, 0, width, height);
        Self { tty, shown: Buffer::empty(area), next: Buffer::empty(area), bytes: Vec::new(), erase: false }
    }

    /// Asks the terminal for its size and adapts to it.
    pub fn fit(&mut self) -> (u16, u16) {
        let (width, height) = self.tty.size();
        let area = Rect::new(0, 0, width, height);
        if area != self.next.area {
            self.next = Buffer::empty(area);
            self.repaint();
        }
        (width, height)
    }

    /// The next frame is sent whole: what the terminal shows is not known any more.
    pub fn repaint(&mut self) {
        self.shown = Buffer::empty(self.next.area);
        self.erase = true;
    }

    /// Paints a frame and sends what changed; returns how many bytes that took.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Buffer)) -> io::Result<usize> {
        self.next.reset();
        paint(&mut self.next);
        self.bytes.clear();
        self.bytes.extend_from_slice(BEGIN);
        if self.erase {
            self.bytes.extend_from_slice(ERASE);
        }
        encode(&self.shown, &self.next, &mut self.bytes);
        if self.bytes.len() == BEGIN.len() {
            return Ok(0);
        }
        self.bytes.extend_from_slice(END);
        self.tty.write_all(&self.bytes)?;
        self.erase = false;
        std::mem::swap(&mut self.shown, &mut self.next);
        Ok(self.bytes.len())
    }

    /// Takes the terminal again after somebody else had it; the next frame is sent whole.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn retake(&mut self, modes: &Modes) -> io::Result<()> {
        modes.retake(&self.tty)?;
        self.repaint();
        Ok(())
    }

    /// Sends a sequence that changes no cell (clipboard, bell).
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn send(&self, sequence: &[u8]) -> io::Result<()> {
        self.tty.write_all(sequence)
    }
}
