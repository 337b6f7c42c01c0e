//! The console itself: what `holdup` without a command and `holdup demo` end in.

use std::path::PathBuf;

use super::globals::Loaded;
use super::{Error, Exit, Globals, appearance, contexts};
use crate::config::{ContextConfig, NotifyChoice};
use crate::console::Appearance;
use crate::console::keymap::Keymap;
use crate::domain::text::Text;
use crate::runtime::{self, RunError, Setup};
use crate::source::Connected;
use crate::terminal::outside::Notify;
use crate::terminal::tty;

/// `holdup` without a command: the console on everything that is found.
///
/// # Errors
/// No terminal, a wrong configuration or name, nothing to look at.
pub fn run(globals: &Globals) -> Result<Exit, Error> {
    let look = Look::of(globals, &globals.load()?)?;
    require_terminal("`holdup status` lists the workloads and `holdup why` says what holds them up; both print to a pipe or a file")?;
    let session = contexts::open(&look.loaded, globals)?;
    runtime::block_on(show(look, session.connected, None))?
}

/// How the console looks and behaves, settled before there is one.
pub struct Look {
    loaded: Loaded,
    appearance: Appearance,
    keymap: Keymap,
    record: Option<PathBuf>,
}

impl Look {
    /// From the configuration and the flags.
    ///
    /// # Errors
    /// A wrong theme or key.
    pub fn of(globals: &Globals, loaded: &Loaded) -> Result<Self, Error> {
        let (appearance, keymap) = (appearance::appearance(globals, loaded)?, appearance::keymap(loaded)?);
        Ok(Self { loaded: loaded.clone(), appearance, keymap, record: globals.record.clone() })
    }
}

/// Refuses to go on without a terminal.
///
/// # Errors
/// A usage error with this hint.
pub fn require_terminal(hint: &str) -> Result<(), Error> {
    if tty::is_interactive() {
        return Ok(());
    }
    Err(Error::usage("the console needs a terminal, and standard input or output is not one", hint))
}

/// Runs the console until it ends.
///
/// # Errors
/// A terminal that cannot be used.
pub async fn show(look: Look, contexts: Vec<(ContextConfig, Connected)>, label: Option<Text>) -> Result<Exit, Error> {
    let setup = Setup {
        contexts,
        appearance: look.appearance,
        keymap: look.keymap,
        label,
        notify: match look.loaded.config.ui.notify.unwrap_or_default() {
            NotifyChoice::Off => Notify::Off,
            NotifyChoice::Bell => Notify::Bell,
            NotifyChoice::Desktop => Notify::Desktop,
        },
        record: look.record,
    };
    let ended = runtime::run(setup).await.map_err(refused)?;
    Ok(Exit::Ended(ended.code()))
}

fn refused(error: RunError) -> Error {
    match error {
        RunError::NotATerminal => Error::usage("the console needs a terminal", "`holdup status` and `holdup why` need none"),
        RunError::Terminal(error) => {
            Error::usage(format!("the terminal cannot be used: {error}"), "`holdup status` and `holdup why` need none")
        }
        RunError::Journal { path, error } => Error::usage(
            format!("cannot record to {}: {error}", path.display()),
            "name a file that does not exist yet, in a folder that you may write to",
        ),
    }
}
