//! Cells as bytes: only what changed, with the fewest bytes that every terminal understands.
//!
//! Each frame begins and ends with default attributes, so frames never depend on one another.

use std::io::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// A pen: the attributes that the terminal has now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }
}

/// Blanks fewer than this are cheaper written again than stepped over.
const WORTH_STEPPING: u16 = 4;

/// Adds the unchanged blanks between the last change and the one at `x`, if they are few.
fn bridge<'a>(changes: &mut Vec<(u16, &'a Cell)>, next: &'a Buffer, row: u16, x: u16) {
    let Some((last, before)) = changes.last().copied() else { return };
    let gap = last.saturating_add(width(before))..x;
    if gap.len() >= usize::from(WORTH_STEPPING) {
        return;
    }
    let blanks: Vec<_> = gap.clone().filter_map(|x| Some((x, next.cell((x, row))?))).collect();
    if blanks.iter().all(|(_, cell)| is_plain_blank(cell) && cell.bg == before.bg && !before.modifier.intersects(VISIBLE_ON_BLANK)) {
        changes.extend(blanks);
    }
}

/// Where the next character lands and how, while a frame is encoded.
#[derive(Debug)]
struct Encoder<'a> {
    out: &'a mut Vec<u8>,
    position: Option<(u16, u16)>,
    pen: Pen,
    width: u16,
}

/// Appends what turns a terminal that shows `previous` into one that shows `next`. Both have
/// the same area, which begins at the terminal's first cell. Appends nothing when they are equal.
pub fn encode(previous: &Buffer, next: &Buffer, out: &mut Vec<u8>) {
    let mut encoder = Encoder { out, position: None, pen: Pen::default(), width: next.area.width };
    for row in 0..next.area.height {
        let changes = changes(previous, next, row);
        if !changes.is_empty() {
            encoder.line(row, &changes, blank_from(next, row));
        }
    }
    encoder.set_pen(Pen::default());
}

/// Attributes that show on a blank.
const VISIBLE_ON_BLANK: Modifier = Modifier::REVERSED.union(Modifier::UNDERLINED).union(Modifier::CROSSED_OUT);

fn is_plain_blank(cell: &Cell) -> bool {
    cell.symbol() == " " && !cell.modifier.intersects(VISIBLE_ON_BLANK)
}

/// Whether two cells look alike.
fn alike(one: &Cell, other: &Cell) -> bool {
    one == other || (is_plain_blank(one) && is_plain_blank(other) && one.bg == other.bg)
}

fn width(cell: &Cell) -> u16 {
    u16::try_from(cell.symbol().width()).unwrap_or(1).max(1)
}

/// The cells of a row to write. Writing over half of a wide character leaves the other half to
/// the terminal's taste, so all its columns are written.
fn changes<'a>(previous: &Buffer, next: &'a Buffer, row: u16) -> Vec<(u16, &'a Cell)> {
    let mut changes = Vec::new();
    let mut stale_until = 0;
    let mut x = 0;
    while let Some(cell) = next.cell((x, row)) {
        let columns = x..x.saturating_add(width(cell)).min(next.area.width);
        let before = previous.cell((x, row));
        let differs = before.is_none_or(|before| !alike(before, cell));
        if differs || stale_until > x {
            bridge(&mut changes, next, row, x);
            changes.push((x, cell));
            // What stood here may reach further than what stands here now.
            for column in columns.clone() {
                let reach = previous.cell((column, row)).map_or(1, width);
                stale_until = stale_until.max(column.saturating_add(reach));
            }
        }
        x = columns.end.max(x + 1);
    }
    changes
}

/// The column from which on a row is empty.
fn blank_from(buffer: &Buffer, row: u16) -> u16 {
    let is_blank = |x: u16| buffer.cell((x, row)).is_some_and(|cell| is_plain_blank(cell) && cell.bg == Color::Reset);
    (0..buffer.area.width).rev().find(|x| !is_blank(*x)).map_or(0, |last| last + 1)
}

/// Fewer cells than this are cheaper written than erased.
const WORTH_ERASING: usize = 4;

impl Encoder<'_> {
    fn line(&mut self, row: u16, changes: &[(u16, &Cell)], blank_from: u16) {
        let written = changes.iter().take_while(|(x, _)| *x < blank_from).count();
        let (words, blanks) = changes.split_at_checked(written).unwrap_or((changes, &[]));
        for (x, cell) in words {
            self.cell(*x, row, cell);
        }
        match blanks.first() {
            Some((x, _)) if blanks.len() >= WORTH_ERASING => {
                self.move_to(*x, row);
                self.set_pen(Pen::default());
                self.out.extend_from_slice(b"\x1b[K");
            }
            _ => blanks.iter().for_each(|(x, cell)| self.cell(*x, row, cell)),
        }
    }

    fn cell(&mut self, x: u16, y: u16, cell: &Cell) {
        self.move_to(x, y);
        // On a blank the pen at hand will do if it leaves the same ground.
        if !(is_plain_blank(cell) && cell.bg == self.pen.bg && !self.pen.modifier.intersects(VISIBLE_ON_BLANK)) {
            self.set_pen(Pen::of(cell));
        }
        let symbol = if cell.symbol().is_empty() { " " } else { cell.symbol() };
        self.out.extend_from_slice(symbol.as_bytes());
        // Terminals disagree about wide characters and about what follows the last column.
        self.position = (symbol.width() == 1 && x + 1 < self.width).then_some((x + 1, y));
    }

    fn move_to(&mut self, x: u16, y: u16) {
        match self.position {
            Some(here) if here == (x, y) => {}
            Some((from, row)) if row == y && from < x && x - from < 10 => self.sequence(format_args!("\x1b[{}C", x - from)),
            Some((_, row)) if row + 1 == y && x == 0 => self.out.extend_from_slice(b"\r\n"),
            _ if x == 0 => self.sequence(format_args!("\x1b[{}H", y + 1)),
            _ => self.sequence(format_args!("\x1b[{};{}H", y + 1, x + 1)),
        }
        self.position = Some((x, y));
    }

    fn sequence(&mut self, sequence: std::fmt::Arguments<'_>) {
        // Writing to memory cannot fail.
        let _ = self.out.write_fmt(sequence);
    }

    fn set_pen(&mut self, pen: Pen) {
        if pen == self.pen {
            return;
        }
        if pen == Pen::default() {
            self.out.extend_from_slice(b"\x1b[m");
            self.pen = pen;
            return;
        }
        let mut codes = Codes(Vec::with_capacity(24));
        // There is no portable way to take back bold without dim and so on: begin anew.
        if !pen.modifier.contains(self.pen.modifier) {
            codes.push("0");
            self.pen = Pen::default();
        }
        let added = pen.modifier.difference(self.pen.modifier);
        MODIFIERS.iter().filter(|(modifier, _)| added.contains(*modifier)).for_each(|(_, code)| codes.push(code));
        if pen.fg != self.pen.fg {
            codes.color(pen.fg, 30);
        }
        if pen.bg != self.pen.bg {
            codes.color(pen.bg, 40);
        }
        self.out.extend_from_slice(b"\x1b[");
        self.out.extend_from_slice(&codes.0);
        self.out.push(b'm');
        self.pen = pen;
    }
}

const MODIFIERS: [(Modifier, &str); 9] = [
    (Modifier::BOLD, "1"),
    (Modifier::DIM, "2"),
    (Modifier::ITALIC, "3"),
    (Modifier::UNDERLINED, "4"),
    (Modifier::SLOW_BLINK, "5"),
    (Modifier::RAPID_BLINK, "6"),
    (Modifier::REVERSED, "7"),
    (Modifier::HIDDEN, "8"),
    (Modifier::CROSSED_OUT, "9"),
];

/// Parameters of one SGR sequence.
struct Codes(Vec<u8>);

impl Codes {
    fn push(&mut self, code: &str) {
        if !self.0.is_empty() {
            self.0.push(b';');
        }
        self.0.extend_from_slice(code.as_bytes());
    }

    /// `base` is 30 for the foreground, 40 for the background.
    fn color(&mut self, color: Color, base: u16) {
        let dark = |offset: u16| (base + offset).to_string();
        let bright = |offset: u16| (base + 60 + offset).to_string();
        let code = match color {
            Color::Reset => dark(9),
            Color::Black => dark(0),
            Color::Red => dark(1),
            Color::Green => dark(2),
            Color::Yellow => dark(3),
            Color::Blue => dark(4),
            Color::Magenta => dark(5),
            Color::Cyan => dark(6),
            Color::Gray => dark(7),
            Color::DarkGray => bright(0),
            Color::LightRed => bright(1),
            Color::LightGreen => bright(2),
            Color::LightYellow => bright(3),
            Color::LightBlue => bright(4),
            Color::LightMagenta => bright(5),
            Color::LightCyan => bright(6),
            Color::White => bright(7),
            Color::Indexed(index) => format!("{};5;{index}", base + 8),
            Color::Rgb(red, green, blue) => format!("{};2;{red};{green};{blue}", base + 8),
        };
        self.push(&code);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    const SIZE: Rect = Rect { x: 0, y: 0, width: 12, height: 4 };

    /// What a terminal shows, as far as a buffer can say.
    fn shown(parser: &vt100::Parser) -> Vec<(String, vt100::Color, vt100::Color, bool, bool, bool)> {
        let screen = parser.screen();
        let positions = (0..SIZE.height).flat_map(|row| (0..SIZE.width).map(move |column| (row, column)));
        positions
            .filter_map(|(row, column)| screen.cell(row, column))
            .map(|cell| {
                let symbol = if cell.contents().is_empty() { " " } else { cell.contents() };
                let blank = symbol == " " && !cell.inverse() && !cell.underline();
                let foreground = if blank { vt100::Color::Default } else { cell.fgcolor() };
                (symbol.to_owned(), foreground, cell.bgcolor(), cell.bold() && !blank, cell.underline(), cell.inverse())
            })
            .collect()
    }

    fn terminal() -> vt100::Parser {
        vt100::Parser::new(SIZE.height.try_into().unwrap(), SIZE.width.try_into().unwrap(), 0)
    }

    fn style() -> impl Strategy<Value = Style> {
        let color = prop_oneof![
            Just(Color::Reset),
            Just(Color::Red),
            Just(Color::LightCyan),
            any::<u8>().prop_map(|index| Color::Indexed(index.max(16))),
            any::<(u8, u8, u8)>().prop_map(|(red, green, blue)| Color::Rgb(red, green, blue)),
        ];
        let modifier = prop_oneof![
            Just(Modifier::empty()),
            Just(Modifier::BOLD),
            Just(Modifier::REVERSED),
            Just(Modifier::BOLD | Modifier::UNDERLINED)
        ];
        (color.clone(), color, modifier).prop_map(|(fg, bg, modifier)| Style::default().fg(fg).bg(bg).add_modifier(modifier))
    }

    fn buffer() -> impl Strategy<Value = Buffer> {
        let write = (0..SIZE.width, 0..SIZE.height, "[a-c ✖漢]{0,14}", style());
        prop::collection::vec(write, 0..8).prop_map(|writes| {
            let mut buffer = Buffer::empty(SIZE);
            for (x, y, text, style) in writes {
                buffer.set_string(x, y, text, style);
            }
            buffer
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        /// Painting changes ends at the same screen as painting from nothing.
        #[test]
        fn changes_add_up_to_the_whole(first in buffer(), second in buffer()) {
            let empty = Buffer::empty(SIZE);
            let (mut stepped, mut direct) = (terminal(), terminal());
            let mut bytes = Vec::new();
            encode(&empty, &first, &mut bytes);
            encode(&first, &second, &mut bytes);
            stepped.process(&bytes);
            let mut bytes = Vec::new();
            encode(&empty, &second, &mut bytes);
            direct.process(&bytes);
            prop_assert_eq!(shown(&stepped), shown(&direct));
        }

        #[test]
        fn nothing_changed_is_nothing_sent(buffer in buffer()) {
            let mut bytes = Vec::new();
            encode(&buffer, &buffer, &mut bytes);
            prop_assert!(bytes.is_empty());
        }
    }

    #[test]
    fn a_moved_selection_costs_its_two_rows() {
        let size = Rect::new(0, 0, 80, 24);
        let rows = |selected: u16| {
            let mut buffer = Buffer::empty(size);
            for row in 0..20 {
                buffer.set_string(0, row, format!("{row:02} text-generator  realtime  live  2/2  2  12d"), Style::default());
            }
            buffer.set_style(Rect::new(0, selected, 80, 1), Style::default().add_modifier(Modifier::REVERSED));
            buffer
        };
        let mut bytes = Vec::new();
        encode(&rows(4), &rows(5), &mut bytes);
        assert!(bytes.len() <= 200, "{} bytes", bytes.len());
    }
}
