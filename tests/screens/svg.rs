//! Writes a drawn buffer as SVG: a cell grid, box drawing and blocks as vectors so that lines join.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// Width and height of a cell, in whole pixels so that nothing blurs.
const CELL: (u32, u32) = (9, 19);
/// Margin around the screen.
const MARGIN: u32 = 12;

/// Colours of the imagined terminal.
pub struct Ground {
    /// Ordinary text.
    pub fg: &'static str,
    /// Background.
    pub bg: &'static str,
}

/// A dark terminal.
pub const DARK: Ground = Ground { fg: "#d0d4dc", bg: "#15181e" };
/// A light terminal.
pub const LIGHT: Ground = Ground { fg: "#22262e", bg: "#fbfbf8" };

#[derive(PartialEq, Clone)]
struct Look {
    fg: String,
    bg: Option<String>,
    bold: bool,
    italic: bool,
    underline: bool,
    dim: bool,
}

/// The buffer as an SVG document.
pub fn write(buffer: &Buffer, title: &str, ground: &Ground) -> String {
    let (width, height) = (u32::from(buffer.area.width) * CELL.0, u32::from(buffer.area.height) * CELL.1);
    let mut out = String::new();
    let (w, h) = (width + 2 * MARGIN, height + 2 * MARGIN);
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\">\n<title>{}</title>",
        escape(title)
    );
    let _ = writeln!(out, "<rect width=\"{w}\" height=\"{h}\" rx=\"8\" fill=\"{}\"/>", ground.bg);
    let _ = writeln!(
        out,
        "<g transform=\"translate({MARGIN} {MARGIN})\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" \
         font-size=\"15\" xml:space=\"preserve\" shape-rendering=\"crispEdges\">"
    );
    for row in 0..buffer.area.height {
        line(&mut out, buffer, row, ground);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

fn line(out: &mut String, buffer: &Buffer, row: u16, ground: &Ground) {
    let cell = |column: u16| &buffer[(buffer.area.x + column, buffer.area.y + row)];
    let width = buffer.area.width;
    let mut column = 0;
    while column < width {
        let look = look_of(cell(column), ground);
        let start = column;
        while column < width && look_of(cell(column), ground) == look {
            column += 1;
        }
        let cells: Vec<&str> = (start..column).map(|at| cell(at).symbol()).collect();
        run(out, &cells, u32::from(start), u32::from(row), &look);
    }
}

fn run(out: &mut String, cells: &[&str], start: u32, row: u32, look: &Look) {
    let (left, top) = (start * CELL.0, row * CELL.1);
    if let Some(bg) = &look.bg {
        let wide = u32::try_from(cells.len()).unwrap() * CELL.0;
        let _ = writeln!(out, "<rect x=\"{left}\" y=\"{top}\" width=\"{wide}\" height=\"{}\" fill=\"{bg}\"/>", CELL.1);
    }
    let mut text = String::new();
    let mut text_at = start;
    for (offset, symbol) in (0u32..).zip(cells) {
        let at = start + offset;
        if symbol.is_ascii() {
            if text.is_empty() {
                text_at = at;
            }
            text.push_str(symbol);
            continue;
        }
        words(out, &text, text_at, row, look);
        text.clear();
        let letter = symbol.chars().next().unwrap_or(' ');
        if !shape(out, letter, at * CELL.0, top, &look.fg) {
            words(out, symbol, at, row, look);
        }
    }
    words(out, &text, text_at, row, look);
}

fn words(out: &mut String, text: &str, at: u32, row: u32, look: &Look) {
    let lead = u32::try_from(text.len() - text.trim_start_matches(' ').len()).unwrap();
    let text = text.trim_matches(' ');
    if text.is_empty() {
        return;
    }
    let (x, y) = ((at + lead) * CELL.0, row * CELL.1 + 14);
    let mut style = String::new();
    for (on, name) in [
        (look.bold, " font-weight=\"bold\""),
        (look.italic, " font-style=\"italic\""),
        (look.underline, " text-decoration=\"underline\""),
        (look.dim, " opacity=\"0.7\""),
    ] {
        if on {
            style.push_str(name);
        }
    }
    let length = u32::try_from(text.chars().count()).unwrap() * CELL.0;
    let _ = writeln!(
        out,
        "<text x=\"{x}\" y=\"{y}\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\"{style}>{}</text>",
        look.fg,
        escape(text)
    );
}

/// Draws box lines, blocks and gauge cells; false for anything that is a letter.
fn shape(out: &mut String, letter: char, x: u32, y: u32, fill: &str) -> bool {
    let (w, h) = CELL;
    let mut rect = |x: u32, y: u32, w: u32, h: u32| {
        let _ = writeln!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"{fill}\"/>");
    };
    let (middle, level) = (x + w / 2, y + h / 2);
    let arms = match letter {
        '─' => "lr",
        '│' => "ud",
        '└' => "ur",
        '├' => "udr",
        '┌' => "dr",
        '┐' => "dl",
        '┘' => "ul",
        '┤' => "udl",
        '┬' => "dlr",
        '┴' => "ulr",
        '┼' => "udlr",
        _ => "",
    };
    if !arms.is_empty() {
        for arm in arms.chars() {
            match arm {
                'l' => rect(x, level, w / 2 + 1, 1),
                'r' => rect(middle, level, w - w / 2, 1),
                'u' => rect(middle, y, 1, h / 2 + 1),
                _ => rect(middle, level, 1, h - h / 2),
            }
        }
        return true;
    }
    match letter {
        '▁'..='█' => {
            let eighths = u32::from(letter) - u32::from('▁') + 1;
            let tall = (h - 3) * eighths / 8;
            rect(x, y + h - 2 - tall, w - 1, tall);
        }
        '▮' => rect(x + 1, y + 4, w - 2, h - 8),
        '▯' => {
            let _ = writeln!(
                out,
                "<rect x=\"{}.5\" y=\"{}.5\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"{fill}\"/>",
                x + 1,
                y + 4,
                w - 3,
                h - 9
            );
        }
        '▏' => rect(x, y + 2, 2, h - 4),
        _ => return false,
    }
    true
}

fn look_of(cell: &Cell, ground: &Ground) -> Look {
    let modifier = cell.modifier;
    let fg = color(cell.fg, ground);
    let bg = color(cell.bg, ground);
    let (fg, bg) = if modifier.contains(Modifier::REVERSED) {
        (Some(bg.unwrap_or_else(|| ground.bg.to_owned())), Some(fg.unwrap_or_else(|| ground.fg.to_owned())))
    } else {
        (fg, bg)
    };
    Look {
        fg: fg.unwrap_or_else(|| ground.fg.to_owned()),
        bg,
        bold: modifier.contains(Modifier::BOLD),
        italic: modifier.contains(Modifier::ITALIC),
        underline: modifier.contains(Modifier::UNDERLINED),
        dim: modifier.contains(Modifier::DIM),
    }
}

fn color(color: Color, ground: &Ground) -> Option<String> {
    let dark = ground.bg == DARK.bg;
    let name = match color {
        Color::Reset => return None,
        Color::Rgb(r, g, b) => return Some(format!("#{r:02x}{g:02x}{b:02x}")),
        Color::Indexed(index) => return Some(format!("#{index:02x}{index:02x}{index:02x}")),
        Color::Black => "#20242c",
        Color::Red => {
            if dark {
                "#f2686c"
            } else {
                "#c0202c"
            }
        }
        Color::Green => {
            if dark {
                "#7cc88a"
            } else {
                "#1f7a3d"
            }
        }
        Color::Yellow => {
            if dark {
                "#e3b75f"
            } else {
                "#8f6200"
            }
        }
        Color::Blue => {
            if dark {
                "#74a8f0"
            } else {
                "#1f58b0"
            }
        }
        Color::Magenta => {
            if dark {
                "#cf94e6"
            } else {
                "#8430a8"
            }
        }
        Color::Cyan => {
            if dark {
                "#6cc3d5"
            } else {
                "#0f6f88"
            }
        }
        Color::Gray => "#c6cad2",
        Color::DarkGray => {
            if dark {
                "#828995"
            } else {
                "#6f7580"
            }
        }
        Color::LightRed => "#ff8a8a",
        Color::LightGreen => "#98e0a6",
        Color::LightYellow => "#f5d67a",
        Color::LightBlue => "#9cc4ff",
        Color::LightMagenta => "#e2b4f4",
        Color::LightCyan => "#92e0ee",
        Color::White => {
            if dark {
                "#ffffff"
            } else {
                "#101216"
            }
        }
    };
    Some(name.to_owned())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
