//! `[ui]`: how the console looks and which keys do what.

use std::collections::BTreeMap;

use super::problem::Place;
use super::reader::Section;

/// What the file says of the console. `None`: not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UiConfig {
    /// Name of a theme: built in, or a file of the themes folder.
    pub theme: Option<String>,
    /// Draw with ASCII characters only.
    pub ascii: Option<bool>,
    /// How many colours to use.
    pub color: Option<ColorChoice>,
    /// Ring or notify when something becomes held up or frees itself.
    pub notify: Option<NotifyChoice>,
    /// `[ui.keys]`: action to keys, as written; the console knows the actions.
    pub keys: BTreeMap<String, Vec<String>>,
    /// Where each action of `keys` stands, for what the console has to say of it.
    pub key_places: BTreeMap<String, Place>,
}

/// How many colours to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum ColorChoice {
    /// What the terminal says it can, none under `NO_COLOR`.
    #[default]
    Auto,
    /// None.
    Never,
    /// What the terminal says it can, whatever `NO_COLOR` says.
    Always,
    /// The sixteen of the terminal's own palette.
    #[value(name = "16")]
    Sixteen,
    /// 256.
    #[value(name = "256")]
    TwoHundredFiftySix,
    /// 24 bits.
    #[value(name = "true")]
    True,
}

/// How a person is told of things while looking elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotifyChoice {
    /// Not at all.
    #[default]
    Off,
    /// The terminal's bell.
    Bell,
    /// A desktop notification by the terminal, and the bell.
    Desktop,
}

impl NotifyChoice {
    const ALL: [(&'static str, Self); 3] = [("off", Self::Off), ("bell", Self::Bell), ("desktop", Self::Desktop)];
}

impl ColorChoice {
    const ALL: [(&'static str, Self); 6] = [
        ("auto", Self::Auto),
        ("never", Self::Never),
        ("always", Self::Always),
        ("16", Self::Sixteen),
        ("256", Self::TwoHundredFiftySix),
        ("true", Self::True),
    ];
}

/// Reads `[ui]`.
pub(super) fn read(mut section: Section<'_, '_>) -> UiConfig {
    let color = section.choice("color", &ColorChoice::ALL.map(|(word, _)| word));
    let notify = section.choice("notify", &NotifyChoice::ALL.map(|(word, _)| word));
    let bindings = section.section("keys").map(|keys| keys.string_lists()).unwrap_or_default();
    let key_places = bindings.iter().map(|(action, place, _)| (action.clone(), place.clone())).collect();
    let ui = UiConfig {
        theme: section.string("theme"),
        ascii: section.flag("ascii"),
        color: color.and_then(|index| ColorChoice::ALL.get(index)).map(|(_, choice)| *choice),
        notify: notify.and_then(|index| NotifyChoice::ALL.get(index)).map(|(_, choice)| *choice),
        keys: bindings.into_iter().map(|(action, _, keys)| (action, keys)).collect(),
        key_places,
    };
    section.finish();
    ui
}
