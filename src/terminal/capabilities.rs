//! What the terminal can do, from the environment and, for its background, by asking it.

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::keys::{Decoder, Input};
use super::outside::Multiplexer;
use super::tty::Tty;

/// How many colours the terminal shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Colors {
    /// None, or none are wanted.
    None,
    /// The terminal's own sixteen.
    #[default]
    Sixteen,
    /// The 256 of xterm.
    Indexed,
    /// 24 bits.
    True,
}

/// Whether dark text stands on a light ground or the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// Light text on a dark ground.
    Dark,
    /// Dark text on a light ground.
    Light,
}

/// What the environment says of the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Colours.
    pub colors: Colors,
    /// Only ASCII characters are safe.
    pub ascii: bool,
    /// What stands between.
    pub multiplexer: Multiplexer,
}

impl Capabilities {
    /// From environment variables; `variable` looks one up.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = get("TERM").unwrap_or_default();
        Self { colors: colors(&get, &term), ascii: is_ascii(&get, &term), multiplexer: multiplexer(&get, &term) }
    }

    /// From this process's environment.
    pub fn of_this_process() -> Self {
        Self::detect(|name| std::env::var(name).ok())
    }
}

fn colors(get: &impl Fn(&str) -> Option<String>, term: &str) -> Colors {
    if get("NO_COLOR").is_some() || matches!(term, "dumb" | "vt100" | "vt220") {
        return Colors::None;
    }
    let color_term = get("COLORTERM").unwrap_or_default();
    if matches!(color_term.as_str(), "truecolor" | "24bit") || term.ends_with("-direct") {
        return Colors::True;
    }
    if term.contains("256color") || ["alacritty", "xterm-kitty", "foot", "wezterm"].contains(&term) {
        return Colors::Indexed;
    }
    Colors::Sixteen
}

/// The locale's character set decides, by the precedence the C library has.
fn is_ascii(get: &impl Fn(&str) -> Option<String>, term: &str) -> bool {
    if matches!(term, "dumb" | "vt100" | "vt220") {
        return true;
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(get);
    // Containers and bastions often set no locale at all, in front of terminals that know UTF-8.
    locale.is_some_and(|locale| {
        let lower = locale.to_ascii_lowercase();
        !(lower.contains("utf-8") || lower.contains("utf8"))
    })
}

fn multiplexer(get: &impl Fn(&str) -> Option<String>, term: &str) -> Multiplexer {
    if get("TMUX").is_some() || term.starts_with("tmux") {
        Multiplexer::Tmux
    } else if get("STY").is_some() || term.starts_with("screen") {
        Multiplexer::Screen
    } else {
        Multiplexer::None
    }
}

/// Asks for the background colour, then for the device's attributes, which every terminal
/// answers: so a terminal that does not know the first question costs no waiting.
const QUESTION: &[u8] = b"\x1b]11;?\x1b\\\x1b[c";

/// Asks the terminal for its background, for at most `limit`. To be called before the screen is
/// taken and the reading thread started; `None` when it does not say.
pub fn ask_background(tty: &Tty, limit: Duration) -> Option<Background> {
    let before = tcgetattr(tty.input()).ok()?;
    let mut raw = before.clone();
    raw.make_raw();
    tcsetattr(tty.input(), OptionalActions::Now, &raw).ok()?;
    let answer = tty.write_all(QUESTION).ok().and_then(|()| await_background(tty, limit));
    tcsetattr(tty.input(), OptionalActions::Now, &before).ok()?;
    answer
}

fn await_background(tty: &Tty, limit: Duration) -> Option<Background> {
    let begun = Instant::now();
    let mut decoder = Decoder::default();
    let mut seen = Vec::new();
    let mut answer = None;
    while let Some(left) = limit.checked_sub(begun.elapsed()) {
        let wait = Timespec { tv_sec: 0, tv_nsec: left.subsec_nanos().into() };
        let input = tty.input();
        if poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&wait)).ok()? == 0 {
            break;
        }
        let mut buffer = [0_u8; 256];
        let length = rustix::io::read(tty.input(), &mut buffer).ok().filter(|length| *length > 0)?;
        let bytes = buffer.get(..length).unwrap_or_default();
        seen.extend_from_slice(bytes);
        answer = answer.or_else(|| {
            decoder.feed(bytes).into_iter().find_map(|input| match input {
                Input::Answer(said) => background(&said),
                Input::Key(_) | Input::Paste(_) => None,
            })
        });
        // The attributes came: nothing more will.
        if seen.windows(3).any(|window| window == b"\x1b[?") && seen.ends_with(b"c") {
            break;
        }
    }
    answer
}

/// Reads `11;rgb:RRRR/GGGG/BBBB`.
fn background(said: &str) -> Option<Background> {
    let channels = said.strip_prefix("11;rgb:")?;
    let mut lightness = 0.0;
    for (channel, weight) in channels.split('/').zip([0.299, 0.587, 0.114]) {
        let most = 16_f64.powi(i32::try_from(channel.len()).ok().filter(|digits| (1..=4).contains(digits))?) - 1.0;
        lightness += weight * f64::from(u16::from_str_radix(channel, 16).ok()?) / most;
    }
    Some(if lightness > 0.5 { Background::Light } else { Background::Dark })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(variables: &[(&str, &str)]) -> Capabilities {
        Capabilities::detect(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn colours_follow_the_environment() {
        let cases: &[(&[(&str, &str)], Colors)] = &[
            (&[("TERM", "xterm-256color")], Colors::Indexed),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], Colors::True),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "1")], Colors::None),
            (&[("TERM", "xterm-256color"), ("NO_COLOR", "")], Colors::Indexed),
            (&[("TERM", "linux")], Colors::Sixteen),
            (&[("TERM", "dumb")], Colors::None),
        ];
        for (variables, expected) in cases {
            assert_eq!(detect(variables).colors, *expected, "{variables:?}");
        }
    }

    #[test]
    fn ascii_only_when_the_locale_says_so() {
        assert!(!detect(&[("TERM", "xterm")]).ascii, "no locale at all");
        assert!(!detect(&[("LANG", "C"), ("LC_ALL", "en_US.UTF-8")]).ascii, "LC_ALL wins");
        assert!(detect(&[("LANG", "POSIX")]).ascii);
        assert!(detect(&[("TERM", "vt220"), ("LANG", "C.utf8")]).ascii);
    }

    #[test]
    fn multiplexers_are_recognized() {
        assert_eq!(detect(&[("TERM", "screen-256color"), ("TMUX", "/tmp/x,1,0")]).multiplexer, Multiplexer::Tmux);
        assert_eq!(detect(&[("TERM", "screen.xterm-256color")]).multiplexer, Multiplexer::Screen);
    }

    #[test]
    fn backgrounds_by_lightness() {
        assert_eq!(background("11;rgb:1e1e/1e1e/2e2e"), Some(Background::Dark));
        assert_eq!(background("11;rgb:ff/ff/dd"), Some(Background::Light));
        assert_eq!(background("11;rgba:zz"), None);
    }
}
