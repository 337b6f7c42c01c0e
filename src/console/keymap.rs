//! Which key does what: default chords as data, one table a layer, rebindable by action name.

use std::collections::BTreeMap;
use std::fmt;

use super::action::Action;
use super::event::{Key, KeyCode};

/// A set of bindings that is active together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// Everywhere.
    Global,
    /// In lists.
    List,
    /// In an explanation.
    Explanation,
    /// In a log.
    Logs,
    /// In a timeline.
    Timeline,
    /// In a plan of the next update.
    Fit,
}

impl Layer {
    /// All layers, the general one first.
    pub const ALL: [Self; 6] = [Self::Global, Self::List, Self::Explanation, Self::Timeline, Self::Fit, Self::Logs];

    /// Where a key is looked for, the first that knows it counts.
    pub fn reach(self) -> &'static [Self] {
        match self {
            Self::Global => &[Self::Global],
            Self::Timeline => &[Self::Timeline, Self::List, Self::Global],
            Self::List => &[Self::List, Self::Global],
            Self::Explanation => &[Self::Explanation, Self::Global],
            Self::Logs => &[Self::Logs, Self::Global],
            Self::Fit => &[Self::Fit, Self::Global],
        }
    }

    /// The heading in the help.
    pub fn title(self) -> &'static str {
        match self {
            Self::Global => "everywhere",
            Self::List => "in lists",
            Self::Explanation => "in an explanation",
            Self::Logs => "in logs",
            Self::Timeline => "in a timeline",
            Self::Fit => "in a plan",
        }
    }
}

/// Default chords: layer, action, keys.
pub const DEFAULTS: &[(Layer, Action, &[&str])] = &[
    (Layer::Global, Action::MoveDown, &["j", "down"]),
    (Layer::Global, Action::MoveUp, &["k", "up"]),
    (Layer::Global, Action::MoveFirst, &["g", "home"]),
    (Layer::Global, Action::MoveLast, &["G", "end"]),
    (Layer::Global, Action::HalfPageDown, &["ctrl-d"]),
    (Layer::Global, Action::HalfPageUp, &["ctrl-u"]),
    (Layer::Global, Action::PageDown, &["pagedown", "ctrl-f"]),
    (Layer::Global, Action::PageUp, &["pageup"]),
    (Layer::Global, Action::PanLeft, &["left"]),
    (Layer::Global, Action::PanRight, &["right"]),
    (Layer::Global, Action::Open, &["enter"]),
    (Layer::Global, Action::Back, &["esc"]),
    (Layer::Global, Action::BackOrQuit, &["q"]),
    (Layer::Global, Action::Quit, &["ctrl-c"]),
    (Layer::Global, Action::NextPanel, &["tab"]),
    (Layer::Global, Action::PreviousPanel, &["backtab"]),
    (Layer::Global, Action::NextProblem, &["}"]),
    (Layer::Global, Action::PreviousProblem, &["{"]),
    (Layer::Global, Action::HistoryBack, &["["]),
    (Layer::Global, Action::HistoryForward, &["]"]),
    (Layer::Global, Action::LastView, &["-"]),
    (Layer::Global, Action::Pause, &["P"]),
    (Layer::Global, Action::CopyCommand, &["Y"]),
    (Layer::Global, Action::CopyReport, &["R"]),
    (Layer::Global, Action::Palette, &[":"]),
    (Layer::Global, Action::Help, &["?"]),
    (Layer::Global, Action::Refetch, &["ctrl-r"]),
    (Layer::Global, Action::Repaint, &["ctrl-l"]),
    (Layer::Global, Action::Suspend, &["ctrl-z"]),
    (Layer::List, Action::Explain, &["e"]),
    (Layer::List, Action::Logs, &["l"]),
    (Layer::List, Action::PreviousLogs, &["p"]),
    (Layer::List, Action::Replicas, &["r"]),
    (Layer::List, Action::Jobs, &["b"]),
    (Layer::List, Action::Timeline, &["v"]),
    (Layer::List, Action::Details, &["d"]),
    (Layer::List, Action::Raw, &["y"]),
    (Layer::List, Action::CopyCell, &["c"]),
    (Layer::List, Action::Filter, &["/"]),
    (Layer::List, Action::NextMatch, &["n"]),
    (Layer::List, Action::PreviousMatch, &["N"]),
    (Layer::List, Action::Sort, &["o"]),
    (Layer::List, Action::SortReverse, &["O"]),
    (Layer::List, Action::OnlyProblems, &["z"]),
    (Layer::List, Action::Tab1, &["1"]),
    (Layer::List, Action::Tab2, &["2"]),
    (Layer::List, Action::Tab3, &["3"]),
    (Layer::List, Action::Tab4, &["4"]),
    (Layer::List, Action::Tab5, &["5"]),
    (Layer::List, Action::Tab6, &["6"]),
    (Layer::List, Action::Tab7, &["7"]),
    (Layer::List, Action::Tab8, &["8"]),
    (Layer::List, Action::Fit, &["F"]),
    (Layer::Explanation, Action::Fit, &["F"]),
    (Layer::Timeline, Action::NextSort, &["t"]),
    (Layer::Fit, Action::MoreReplicas, &["+", "="]),
    (Layer::Fit, Action::FewerReplicas, &["-"]),
    (Layer::Fit, Action::NextSurge, &["s"]),
    (Layer::Fit, Action::FewerGpus, &["g"]),
    (Layer::Fit, Action::MoreGpus, &["G"]),
    (Layer::Fit, Action::AsItIs, &["0"]),
    (Layer::Fit, Action::Explain, &["e"]),
    (Layer::Fit, Action::Details, &["d"]),
    (Layer::Fit, Action::Replicas, &["r"]),
    (Layer::Fit, Action::CopyRemedy, &["y"]),
    (Layer::Fit, Action::Remedy1, &["1"]),
    (Layer::Fit, Action::Remedy2, &["2"]),
    (Layer::Fit, Action::Remedy3, &["3"]),
    (Layer::Fit, Action::Remedy4, &["4"]),
    (Layer::Fit, Action::Remedy5, &["5"]),
    (Layer::Fit, Action::Remedy6, &["6"]),
    (Layer::Fit, Action::Remedy7, &["7"]),
    (Layer::Fit, Action::Remedy8, &["8"]),
    (Layer::Fit, Action::Remedy9, &["9"]),
    (Layer::Explanation, Action::Expand, &["space"]),
    (Layer::Explanation, Action::ExpandAll, &["a"]),
    (Layer::Explanation, Action::CopyRemedy, &["y"]),
    (Layer::Explanation, Action::Remedy1, &["1"]),
    (Layer::Explanation, Action::Remedy2, &["2"]),
    (Layer::Explanation, Action::Remedy3, &["3"]),
    (Layer::Explanation, Action::Remedy4, &["4"]),
    (Layer::Explanation, Action::Remedy5, &["5"]),
    (Layer::Explanation, Action::Remedy6, &["6"]),
    (Layer::Explanation, Action::Remedy7, &["7"]),
    (Layer::Explanation, Action::Remedy8, &["8"]),
    (Layer::Explanation, Action::Remedy9, &["9"]),
    (Layer::Explanation, Action::Logs, &["l"]),
    (Layer::Explanation, Action::PreviousLogs, &["p"]),
    (Layer::Explanation, Action::Replicas, &["r"]),
    (Layer::Explanation, Action::Timeline, &["v"]),
    (Layer::Explanation, Action::Details, &["d"]),
    (Layer::Explanation, Action::CopyCell, &["c"]),
    (Layer::Explanation, Action::Filter, &["/"]),
    (Layer::Logs, Action::LogSearch, &["/"]),
    (Layer::Logs, Action::LogFilter, &["f"]),
    (Layer::Logs, Action::NextMatch, &["n"]),
    (Layer::Logs, Action::PreviousMatch, &["N"]),
    (Layer::Logs, Action::LogFollow, &["s"]),
    (Layer::Logs, Action::LogWrap, &["w"]),
    (Layer::Logs, Action::LogTimestamps, &["t"]),
    (Layer::Logs, Action::LogSave, &["S"]),
    (Layer::Logs, Action::PreviousLogs, &["p"]),
    (Layer::Logs, Action::NextContainer, &["c"]),
    (Layer::Logs, Action::LogSince0, &["0"]),
    (Layer::Logs, Action::LogSince1, &["1"]),
    (Layer::Logs, Action::LogSince2, &["2"]),
    (Layer::Logs, Action::LogSince3, &["3"]),
    (Layer::Logs, Action::LogSince4, &["4"]),
    (Layer::Logs, Action::LogSince5, &["5"]),
    (Layer::Logs, Action::LogSince6, &["6"]),
];

/// Something wrong with rebound keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeymapProblem {
    /// No action has this name.
    UnknownAction {
        /// The name given.
        name: String,
        /// The nearest name there is.
        near: Option<&'static str>,
    },
    /// This is not a key.
    UnknownKey {
        /// The action it was given for.
        action: Action,
        /// What was given.
        chord: String,
    },
    /// One key, two actions in one layer.
    Conflict {
        /// The key.
        chord: String,
        /// The first action.
        first: Action,
        /// The second.
        second: Action,
    },
}

impl fmt::Display for KeymapProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAction { name, near: Some(near) } => write!(f, "no action is called `{name}`; did you mean `{near}`?"),
            Self::UnknownAction { name, near: None } => write!(f, "no action is called `{name}`; press ? in the console for the names"),
            Self::UnknownKey { action, chord } => {
                write!(f, "`{chord}` (for `{action}`) is not a key; write `x`, `ctrl-x`, `enter`, `esc`, `tab`, `space`, `pagedown`, …")
            }
            Self::Conflict { chord, first, second } => {
                write!(f, "`{chord}` is bound to both `{first}` and `{second}`; give one of them another key, or `[]`")
            }
        }
    }
}

/// Keys to actions, per layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    bindings: BTreeMap<(Layer, Key), Action>,
}

impl Default for Keymap {
    fn default() -> Self {
        let mut bindings = BTreeMap::new();
        for (layer, action, chords) in DEFAULTS {
            for key in chords.iter().filter_map(|chord| parse_chord(chord)) {
                bindings.insert((*layer, key), *action);
            }
        }
        Self { bindings }
    }
}

impl Keymap {
    /// The defaults with some actions given other keys: action name to chords, an empty list
    /// unbinds. An action keeps its layers.
    ///
    /// # Errors
    /// Every unknown name, unreadable key and conflict, not only the first.
    pub fn from_config(config: &BTreeMap<String, Vec<String>>) -> Result<Self, Vec<KeymapProblem>> {
        let mut problems = Vec::new();
        let mut wanted: BTreeMap<Action, Vec<Key>> = BTreeMap::new();
        for (name, chords) in config {
            let Some(action) = Action::named(name) else {
                problems.push(KeymapProblem::UnknownAction { name: name.clone(), near: nearest(name) });
                continue;
            };
            let mut keys = Vec::new();
            for chord in chords {
                match parse_chord(chord) {
                    Some(key) => keys.push(key),
                    None => problems.push(KeymapProblem::UnknownKey { action, chord: chord.clone() }),
                }
            }
            wanted.insert(action, keys);
        }
        let mut bindings: BTreeMap<(Layer, Key), Action> = BTreeMap::new();
        for (layer, action, chords) in DEFAULTS {
            let defaults = || chords.iter().filter_map(|chord| parse_chord(chord)).collect();
            for key in wanted.get(action).cloned().unwrap_or_else(defaults) {
                match bindings.insert((*layer, key), *action) {
                    Some(first) if first != *action => {
                        problems.push(KeymapProblem::Conflict { chord: chord_text(key), first, second: *action });
                    }
                    _ => {}
                }
            }
        }
        if problems.is_empty() { Ok(Self { bindings }) } else { Err(problems) }
    }

    /// The action of a key where `layer` is active.
    pub fn action(&self, layer: Layer, key: Key) -> Option<Action> {
        layer.reach().iter().find_map(|layer| self.bindings.get(&(*layer, key))).copied()
    }

    /// The keys of an action in a layer or everywhere, as text.
    pub fn keys(&self, layer: Layer, action: Action) -> Vec<String> {
        let bound = self.bindings.iter().filter(|((at, _), bound)| **bound == action && layer.reach().contains(at));
        // A key that means something else here does not count.
        let bound = bound.filter(|((_, key), _)| self.action(layer, *key) == Some(action));
        let mut keys: Vec<String> = bound.map(|((_, key), _)| chord_text(*key)).collect();
        keys.sort_by_key(String::len);
        keys
    }

    /// Actions of exactly this layer, in the order of [`Action::ALL`].
    pub fn actions(&self, layer: Layer) -> Vec<Action> {
        Action::ALL.iter().copied().filter(|action| self.bindings.iter().any(|((at, _), bound)| *at == layer && bound == action)).collect()
    }
}

fn nearest(name: &str) -> Option<&'static str> {
    let scored = Action::ALL.iter().map(|action| (strsim::damerau_levenshtein(name, action.name()), action.name()));
    scored.min().filter(|(distance, _)| *distance <= 3).map(|(_, near)| near)
}

const NAMED: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("tab", KeyCode::Tab),
    ("backtab", KeyCode::BackTab),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("space", KeyCode::Char(' ')),
];

/// A key from its text: `x`, `ctrl-x`, `enter`.
pub fn parse_chord(chord: &str) -> Option<Key> {
    let (ctrl, rest) = match chord.strip_prefix("ctrl-") {
        Some(rest) if !rest.is_empty() => (true, rest),
        _ => (false, chord),
    };
    if let Some((_, code)) = NAMED.iter().find(|(name, _)| *name == rest) {
        return Some(Key { code: *code, ctrl });
    }
    let mut letters = rest.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if !letter.is_control() => Some(Key { code: KeyCode::Char(letter), ctrl }),
        _ => None,
    }
}

/// The text of a key.
pub fn chord_text(key: Key) -> String {
    let name = NAMED.iter().find(|(_, code)| *code == key.code).map(|(name, _)| (*name).to_owned());
    let base = match (name, key.code) {
        (Some(name), _) => name,
        (None, KeyCode::Char(letter)) => letter.to_string(),
        (None, other) => format!("{other:?}").to_lowercase(),
    };
    if key.ctrl { format!("ctrl-{base}") } else { base }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(entries: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        entries.iter().map(|(name, keys)| ((*name).to_owned(), keys.iter().map(|key| (*key).to_owned()).collect())).collect()
    }

    #[test]
    fn the_defaults_are_readable_and_free_of_conflicts() {
        assert_eq!(Keymap::from_config(&BTreeMap::new()), Ok(Keymap::default()));
        for (_, action, chords) in DEFAULTS {
            for chord in *chords {
                let key = parse_chord(chord).unwrap_or_else(|| panic!("{action}: {chord}"));
                assert_eq!(chord_text(key), *chord);
            }
        }
        for action in Action::ALL {
            assert!(DEFAULTS.iter().any(|(_, bound, _)| bound == action), "{action} has no key");
        }
    }

    #[test]
    fn every_problem_of_a_config_is_reported() {
        let problems = Keymap::from_config(&config(&[("explian", &["x"]), ("help", &["hyper-x"]), ("pause", &["j"])])).unwrap_err();
        let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 3, "{text:?}");
        assert!(text[0].contains("`explain`"), "{text:?}");
        assert!(text[2].contains("`move-down` and `pause`"), "{text:?}");
    }

    #[test]
    fn a_rebound_action_leaves_its_old_key() {
        let keymap = Keymap::from_config(&config(&[("pause", &["ctrl-p"]), ("suspend", &[])])).unwrap();
        assert_eq!(keymap.keys(Layer::List, Action::Pause), ["ctrl-p"]);
        assert!(keymap.keys(Layer::List, Action::Suspend).is_empty());
        assert_eq!(keymap.action(Layer::List, parse_chord("P").unwrap()), None);
    }
}
