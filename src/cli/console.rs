//! The console itself: what `holdup` without a command and `holdup demo` end in.

use super::globals::Loaded;
use super::{Error, Exit, Globals, appearance, contexts};
use crate::config::{ContextConfig, NotifyChoice};
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
    require_terminal("`holdup status` lists the workloads and `holdup why` says what holds them up; both print to a pipe or a file")?;
    let loaded = globals.load()?;
    let session = contexts::open(&loaded, globals)?;
    runtime::block_on(show(globals, &loaded, session.connected, None))?
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
/// A wrong theme or key, or a terminal that cannot be used.
pub async fn show(
    globals: &Globals,
    loaded: &Loaded,
    contexts: Vec<(ContextConfig, Connected)>,
    label: Option<Text>,
) -> Result<Exit, Error> {
    let setup = Setup {
        contexts,
        appearance: appearance::appearance(globals, loaded)?,
        keymap: appearance::keymap(loaded)?,
        label,
        notify: match loaded.config.ui.notify.unwrap_or_default() {
            NotifyChoice::Off => Notify::Off,
            NotifyChoice::Bell => Notify::Bell,
            NotifyChoice::Desktop => Notify::Desktop,
        },
        record: globals.record.clone(),
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
