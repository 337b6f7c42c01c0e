//! How the console looks and which keys it has: file, then variables, then flags, then what the
//! terminal can do.

use super::globals::Loaded;
use super::{Error, Globals};
use crate::config::problem::suggestion;
use crate::config::{self, ColorChoice, Paths, Place, Problem};
use crate::console::keymap::{Keymap, KeymapProblem};
use crate::console::theme::{SHIPPED, Theme};
use crate::console::{Appearance, Depth};
use crate::domain::time::Duration;
use crate::terminal::capabilities::ask_background;
use crate::terminal::{Background, Capabilities, Colors, Tty};

/// The appearance that was asked for, on this terminal.
///
/// # Errors
/// An unknown theme, or everything wrong in a person's own.
pub fn appearance(globals: &Globals, loaded: &Loaded) -> Result<Appearance, Error> {
    let ui = &loaded.config.ui;
    let can = Capabilities::of_this_process();
    let theme = match globals.theme.as_deref().or(ui.theme.as_deref()) {
        Some(AUTO) => theme(by_background())?,
        Some(name) => theme(name)?,
        None => Theme::default(),
    };
    let choice = globals.color.or(ui.color).unwrap_or_default();
    let ascii = globals.ascii || ui.ascii.unwrap_or(can.ascii);
    Ok(Appearance { theme, depth: depth(choice, can.colors, Capabilities::detect(without_no_color).colors), ascii })
}

/// The name that means "ask the terminal".
const AUTO: &str = "auto";

/// The longest a terminal is waited for; a slow link answers late, and the first frame must not.
const ASKED_FOR: Duration = Duration::from_millis(100);

/// The shipped theme for the terminal's background; dark where it does not say.
fn by_background() -> &'static str {
    match Tty::open().ok().and_then(|tty| ask_background(&tty, ASKED_FOR)) {
        Some(Background::Light) => "light",
        Some(Background::Dark) | None => "dark",
    }
}

/// The environment as it would be without `NO_COLOR`.
fn without_no_color(name: &str) -> Option<String> {
    if name == "NO_COLOR" { None } else { std::env::var(name).ok() }
}

/// `can` is what the terminal shows and the person allows, `could` what the terminal shows.
fn depth(choice: ColorChoice, can: Colors, could: Colors) -> Depth {
    let of = |colors| match colors {
        Colors::None => Depth::None,
        Colors::Sixteen => Depth::Sixteen,
        Colors::Indexed => Depth::Indexed,
        Colors::True => Depth::True,
    };
    match choice {
        ColorChoice::Auto => of(can),
        ColorChoice::Never => Depth::None,
        ColorChoice::Always => of(could).max(Depth::Sixteen),
        ColorChoice::Sixteen => Depth::Sixteen,
        ColorChoice::TwoHundredFiftySix => Depth::Indexed,
        ColorChoice::True => Depth::True,
    }
}

/// A theme by name: a person's own file wins over a shipped one.
fn theme(name: &str) -> Result<Theme, Error> {
    let own = Paths::find().map(|paths| paths.themes());
    let file = own.as_ref().map(|folder| folder.join(format!("{name}.toml")));
    // A name with a separator in it would leave the themes folder.
    if let Some(file) = file.filter(|file| !name.contains(['/', '\\']) && file.is_file()) {
        let text = config::read_text(&file).map_err(|problem| vec![problem])?;
        return Theme::parse(&file.display().to_string(), &text).map_err(|problem| {
            let hint = "the shipped themes in the project's themes folder show every meaning".to_owned();
            Error::Files(vec![Problem { place: Place::of_line(&file, &text, problem.line), message: problem.message, hint: Some(hint) }])
        });
    }
    Theme::shipped(name).ok_or_else(|| {
        let mut names: Vec<String> = SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
        names.extend(Paths::find().map(|paths| themes_in(&paths)).unwrap_or_default());
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Error::usage(format!("no theme is called `{name}`"), suggestion(name, &names))
    })
}

/// The names of a person's own themes, in order.
pub fn themes_in(paths: &Paths) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(paths.themes()) else { return Vec::new() };
    let files = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let themes = files.filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    let mut names: Vec<String> = themes.filter_map(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned())).collect();
    names.sort();
    names
}

/// The keys that were asked for.
///
/// # Errors
/// Every unknown action, unreadable key and conflict, at its place in the file.
pub fn keymap(loaded: &Loaded) -> Result<Keymap, Error> {
    let ui = &loaded.config.ui;
    Keymap::from_config(&ui.keys).map_err(|problems| {
        let problems = problems.into_iter().map(|problem| {
            let named = match &problem {
                KeymapProblem::UnknownAction { name, .. } => ui.key_places.get(name.as_str()),
                KeymapProblem::UnknownKey { action, .. } => ui.key_places.get(action.name()),
                KeymapProblem::Conflict { first, second, .. } => {
                    ui.key_places.get(second.name()).or_else(|| ui.key_places.get(first.name()))
                }
            };
            let whole = || Place { file: loaded.file.clone().unwrap_or_default(), ..Place::default() };
            Problem { place: named.cloned().unwrap_or_else(whole), message: problem.to_string(), hint: None }
        });
        Error::Files(problems.collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_is_obeyed_unless_colours_are_asked_for() {
        assert_eq!(depth(ColorChoice::Auto, Colors::None, Colors::True), Depth::None);
        assert_eq!(depth(ColorChoice::Always, Colors::None, Colors::True), Depth::True);
        assert_eq!(depth(ColorChoice::Always, Colors::None, Colors::None), Depth::Sixteen);
        assert_eq!(depth(ColorChoice::Never, Colors::True, Colors::True), Depth::None);
    }

    #[test]
    fn key_problems_point_at_the_line_of_the_action() {
        let text = "[ui.keys]\nquit = \"nonsense-key\"\nqiut = \"x\"\n";
        let config = config::parse(std::path::Path::new("c.toml"), text, &["cortex"]).unwrap();
        let loaded = Loaded { config, file: Some("c.toml".into()), explicit: true };
        let message = keymap(&loaded).unwrap_err().to_string();
        assert!(message.contains("c.toml:2:1: ") && message.contains("c.toml:3:1: "), "{message}");
    }
}
