//! Colours by meaning: the shipped themes, a person's own, and how they fade on terminals with
//! fewer colours. A theme only adds to what glyphs and words already say.

use std::collections::BTreeMap;
use std::fmt;

use ratatui::style::{Color, Modifier, Style};
use toml::de::{DeTable, DeValue};

use super::meaning::Meaning;

/// The shipped themes: name and file.
pub const SHIPPED: &[(&str, &str)] = &[
    ("default", include_str!("../../themes/default.toml")),
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
];

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None (`NO_COLOR`): weight, underline and reverse video only.
    None,
    /// The terminal's own sixteen.
    #[default]
    Sixteen,
    /// The 256 of xterm.
    Indexed,
    /// 24 bits.
    True,
}

/// How the console looks: everything drawing needs besides the model.
#[derive(Clone, Debug, Default)]
pub struct Appearance {
    /// Styles by meaning.
    pub theme: Theme,
    /// Colours of the terminal.
    pub depth: Depth,
    /// Draw with ASCII characters only.
    pub ascii: bool,
}

impl Appearance {
    /// The style of a meaning on this terminal.
    pub fn style(&self, meaning: Meaning) -> Style {
        let style = self.theme.style(meaning);
        let fade = |color: Option<Color>| color.and_then(|color| degrade(color, self.depth));
        Style { fg: fade(style.fg), bg: fade(style.bg), underline_color: None, ..style }
    }
}

/// Styles by meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    styles: BTreeMap<Meaning, Style>,
}

impl Default for Theme {
    fn default() -> Self {
        Self::shipped("default").unwrap_or(Self { styles: BTreeMap::new() })
    }
}

/// What is wrong with a theme file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThemeProblem {
    /// The file, as given.
    pub file: String,
    /// Line from 1.
    pub line: usize,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl fmt::Display for ThemeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

impl std::error::Error for ThemeProblem {}

impl Theme {
    /// A shipped theme.
    pub fn shipped(name: &str) -> Option<Self> {
        let (name, text) = SHIPPED.iter().find(|(shipped, _)| *shipped == name)?;
        Self::parse(name, text).ok()
    }

    /// Reads a theme; meanings it leaves out are as in the default theme. `file` is for messages.
    ///
    /// # Errors
    /// The first problem with its line.
    pub fn parse(file: &str, text: &str) -> Result<Self, ThemeProblem> {
        let reader = Reader { file, text };
        let table = DeTable::parse(text)
            .map_err(|error| reader.problem(error.span().unwrap_or_default().start, error.message().trim().replace('\n', ", ")))?;
        let mut styles = if file == "default" { BTreeMap::new() } else { Self::default().styles };
        for (key, value) in table.get_ref() {
            let at = key.span().start;
            let name: &str = key.get_ref();
            let Some(meaning) = Meaning::ALL.iter().find(|meaning| meaning.name() == name) else {
                let near = nearest(name, Meaning::ALL.iter().map(|meaning| meaning.name()));
                return Err(reader.problem(at, format!("`{name}` is not a meaning{near}")));
            };
            let DeValue::Table(entries) = value.get_ref() else {
                return Err(reader.problem(at, format!("`{name}` needs a table such as {{ fg = \"red\", bold = true }}")));
            };
            styles.insert(*meaning, reader.style(entries)?);
        }
        Ok(Self { styles })
    }

    /// The style of a meaning, at full depth.
    pub fn style(&self, meaning: Meaning) -> Style {
        self.styles.get(&meaning).copied().unwrap_or_default()
    }
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
}

const ATTRIBUTES: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
];

impl Reader<'_> {
    fn problem(&self, offset: usize, message: String) -> ThemeProblem {
        let line = self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
        ThemeProblem { file: self.file.to_owned(), line, message }
    }

    fn style(&self, entries: &DeTable<'_>) -> Result<Style, ThemeProblem> {
        let mut style = Style::default();
        for (key, value) in entries {
            let name: &str = key.get_ref();
            let at = value.span().start;
            match (name, value.get_ref()) {
                ("fg", DeValue::String(color)) => style.fg = Some(self.color(at, color)?),
                ("bg", DeValue::String(color)) => style.bg = Some(self.color(at, color)?),
                ("fg" | "bg", _) => return Err(self.problem(at, format!("`{name}` needs a colour in quotes"))),
                (_, value) => {
                    let Some((_, modifier)) = ATTRIBUTES.iter().find(|(attribute, _)| *attribute == name) else {
                        let known = ["fg", "bg"].into_iter().chain(ATTRIBUTES.iter().map(|(attribute, _)| *attribute));
                        return Err(self.problem(key.span().start, format!("`{name}` is not part of a style{}", nearest(name, known))));
                    };
                    let DeValue::Boolean(on) = value else {
                        return Err(self.problem(at, format!("`{name}` needs true or false")));
                    };
                    if *on {
                        style = style.add_modifier(*modifier);
                    }
                }
            }
        }
        Ok(style)
    }

    fn color(&self, at: usize, name: &str) -> Result<Color, ThemeProblem> {
        if let Some((_, color)) = COLORS.iter().find(|(known, _)| *known == name) {
            return Ok(*color);
        }
        let hex = name.strip_prefix('#').filter(|hex| hex.len() == 6 && hex.is_ascii());
        if let Some(value) = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()) {
            return Ok(Color::from_u32(value));
        }
        let near = nearest(name, COLORS.iter().map(|(known, _)| *known));
        Err(self.problem(at, format!("`{name}` is not a colour{near}; write a name of the terminal's palette or \"#rrggbb\"")))
    }
}

/// The names of the terminal's palette.
const COLORS: [(&str, Color); 17] = [
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let best = known.map(|known| (strsim::damerau_levenshtein(name, known), known)).min();
    match best {
        Some((distance, near)) if distance <= 3 => format!("; did you mean `{near}`?"),
        _ => String::new(),
    }
}

/// The nearest colour that a terminal of this depth has; none where it has none.
fn degrade(color: Color, depth: Depth) -> Option<Color> {
    match (depth, color) {
        (Depth::None, _) => None,
        (Depth::Indexed, Color::Rgb(r, g, b)) => Some(Color::Indexed(indexed(r, g, b))),
        (Depth::Sixteen, Color::Rgb(r, g, b)) => Some(sixteen(r, g, b)),
        _ => Some(color),
    }
}

/// The nearest entry of xterm's colour cube or grey ramp.
fn indexed(r: u8, g: u8, b: u8) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |value: u8| LEVELS.iter().zip(0u8..).min_by_key(|(level, _)| level.abs_diff(value)).map_or(0, |(_, index)| index);
    let spread = r.max(g).max(b) - r.min(g).min(b);
    if spread < 12 && (8..=238).contains(&g) {
        return 232 + (g - 8) / 10;
    }
    16 + 36 * nearest(r) + 6 * nearest(g) + nearest(b)
}

/// The palette colour of the same hue.
fn sixteen(r: u8, g: u8, b: u8) -> Color {
    let brightest = r.max(g).max(b);
    if brightest - r.min(g).min(b) < 28 {
        return match brightest {
            0..=47 => Color::Black,
            48..=139 => Color::DarkGray,
            140..=207 => Color::Gray,
            _ => Color::White,
        };
    }
    let lit = |value: u8| u16::from(value) * 10 > u16::from(brightest) * 7;
    let bright = brightest > 200;
    match (lit(r), lit(g), lit(b), bright) {
        (true, false, false, true) => Color::LightRed,
        (true, false, false, false) => Color::Red,
        (false, true, false, true) => Color::LightGreen,
        (false, true, false, false) => Color::Green,
        (true, true, false, true) => Color::LightYellow,
        (true, true, false, false) => Color::Yellow,
        (false, false, true, true) => Color::LightBlue,
        (false, false, true, false) => Color::Blue,
        (true, false, true, true) => Color::LightMagenta,
        (true, false, true, false) => Color::Magenta,
        (false, true, true, true) => Color::LightCyan,
        (false, true, true, false) => Color::Cyan,
        _ => Color::White,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_themes_are_whole() {
        for (name, text) in SHIPPED {
            let theme = Theme::parse(name, text).unwrap();
            let missing: Vec<_> = Meaning::ALL.iter().filter(|meaning| !theme.styles.contains_key(meaning)).collect();
            assert!(missing.is_empty(), "{name}: {missing:?}");
            assert!(theme.style(Meaning::Selected).add_modifier.contains(Modifier::REVERSED), "{name}: selection works without colour");
        }
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let cases = [
            ("# mine\nhedl = { fg = \"red\" }\n", 2, "did you mean `held`"),
            ("held = { fg = \"rad\" }", 1, "did you mean `red`"),
            ("\n\nheld = { blod = true }", 3, "did you mean `bold`"),
            ("held = \"red\"", 1, "needs a table"),
            ("held = { bold = 1 }", 1, "true or false"),
            ("held = {", 1, ""),
        ];
        for (text, line, expected) in cases {
            let problem = Theme::parse("mine.toml", text).unwrap_err();
            assert_eq!(problem.line, line, "{problem}");
            assert!(problem.to_string().contains(expected), "{problem}");
        }
    }

    #[test]
    fn colours_fade_to_their_hue() {
        assert_eq!(degrade(Color::from_u32(0x00ff_5f5f), Depth::Sixteen), Some(Color::LightRed));
        assert_eq!(degrade(Color::from_u32(0x0030_c060), Depth::Sixteen), Some(Color::Green));
        assert_eq!(degrade(Color::from_u32(0x00ff_0000), Depth::Indexed), Some(Color::Indexed(196)));
        assert_eq!(degrade(Color::from_u32(0x0080_8080), Depth::Indexed), Some(Color::Indexed(244)));
        assert_eq!(degrade(Color::Red, Depth::None), None);
    }
}
