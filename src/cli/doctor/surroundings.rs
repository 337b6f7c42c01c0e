//! What the doctor sees without asking the network: terminal, configuration, contexts.

use super::check::Check;
use crate::cli::appearance::themes_in;
use crate::cli::contexts::{Found, Origin};
use crate::cli::globals::Loaded;
use crate::config::Paths;
use crate::terminal::outside::Multiplexer;
use crate::terminal::{Capabilities, Colors, Tty, tty};

/// The terminal: size, colours, characters, what stands between, the way to the clipboard.
pub fn terminal() -> Vec<Check> {
    const AREA: &str = "terminal";
    let can = Capabilities::of_this_process();
    let size = match Tty::open() {
        Ok(tty) if tty::is_interactive() => {
            let (width, height) = tty.size();
            let says = format!("{width}x{height}");
            if width < 80 || height < 24 {
                Check::note(AREA, "size", says + "; panes need 80x24 to show all they have")
            } else {
                Check::ok(AREA, "size", says)
            }
        }
        _ => Check::note(AREA, "size", "not a terminal: the console needs one, `why` and `status` do not"),
    };
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colors = match can.colors {
        Colors::None if no_color => "none, NO_COLOR is set",
        Colors::None => "none",
        Colors::Sixteen => "16, the terminal's own palette",
        Colors::Indexed => "256",
        Colors::True => "24 bits",
    };
    let characters = if can.ascii { "ASCII only, by the locale; LC_ALL=C.UTF-8 allows more" } else { "Unicode" };
    let (between, clipboard) = match can.multiplexer {
        Multiplexer::None => ("nothing", "OSC 52; the terminal must allow it"),
        Multiplexer::Tmux => ("tmux", "OSC 52 through tmux; it needs `set -g set-clipboard on` and `set -g allow-passthrough on`"),
        Multiplexer::Screen => ("screen", "OSC 52 through screen, in pieces"),
    };
    vec![
        size,
        Check::ok(AREA, "colours", colors),
        Check::ok(AREA, "characters", characters),
        Check::ok(AREA, "in between", between),
        Check::ok(AREA, "clipboard", clipboard),
    ]
}

/// The configuration: which file, which themes.
pub fn configuration(loaded: &Loaded) -> Vec<Check> {
    const AREA: &str = "configuration";
    let Some(paths) = Paths::find() else {
        return vec![Check::note(AREA, "file", "no home folder, so no configuration")];
    };
    let file = match &loaded.file {
        Some(file) => Check::ok(AREA, "file", file.display().to_string()),
        None => Check::note(AREA, "file", format!("{} is absent; `holdup config --example` prints one", paths.config_file().display())),
    };
    let themes = themes_in(&paths);
    let themes = if themes.is_empty() {
        Check::note(AREA, "own themes", format!("none in {}", paths.themes().display()))
    } else {
        Check::ok(AREA, "own themes", themes.join(", "))
    };
    vec![file, themes]
}

/// Which contexts there are and why not more.
pub fn contexts(found: &Found) -> Vec<Check> {
    const AREA: &str = "contexts";
    let mut checks: Vec<Check> = found
        .known
        .iter()
        .map(|known| {
            let origin = match known.origin {
                Origin::Configured => "configured",
                Origin::Discovered => "found on this machine",
                Origin::Both => "found on this machine, settings from the configuration",
            };
            let named = if known.on_request { "; looked at only when named" } else { "" };
            Check::ok(AREA, known.config.name.clone(), format!("{}, {origin}{named}", known.config.platform))
        })
        .collect();
    checks.extend(found.notes.iter().map(|note| Check::note(AREA, "looked for", note.clone())));
    if found.known.is_empty() {
        let next = "`holdup config --example` prints a configuration to fill in; `holdup demo` needs none";
        checks.push(Check::fail(AREA, "none", "there is nothing to look at", next));
    }
    checks
}
