//! The loop: select names an event, update changes the model, effects are performed, frames are
//! drawn. The only place where sources, console and terminal meet.
//!
//! The loop runs on the main thread, sources on two workers: a slow handshake delays no key.

mod event_loop;
mod frame;
pub mod headless;
pub mod journal;
mod logs;
mod perform;

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::ContextConfig;
use crate::console::keymap::Keymap;
use crate::console::{Appearance, Depth};
use crate::domain::text::Text;
use crate::source::poller::in_contained_work;
use crate::source::{Connected, Source};
use crate::terminal::outside::Notify;
use crate::terminal::signals::Signals;
use crate::terminal::{Colors, Modes, Screen, Tty};
use crate::terminal::{deadline, input, modes, panic, tty};
use event_loop::{EventLoop, Inputs};
use journal::{Header, Journal};

/// What a console is run with.
pub struct Setup {
    /// The contexts to watch.
    pub contexts: Vec<(ContextConfig, Connected)>,
    /// Theme and what the terminal can show.
    pub appearance: Appearance,
    /// Keys.
    pub keymap: Keymap,
    /// A word at the left end of the status line.
    pub label: Option<Text>,
    /// How a person is told of things outside the screen.
    pub notify: Notify,
    /// Where to write the journal, if anywhere.
    pub record: Option<PathBuf>,
}

/// How a console ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// A person quit.
    Quit,
    /// A signal asked for it.
    Signalled(i32),
    /// The terminal went away.
    Lost,
}

impl Exit {
    /// The process's exit status, as shells expect it.
    pub fn code(self) -> u8 {
        match self {
            Self::Quit => 0,
            Self::Signalled(signal) => u8::try_from(128 + signal).unwrap_or(128),
            Self::Lost => 129,
        }
    }
}

/// Why a console could not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Piped or redirected.
    #[error("standard input and output are not a terminal\nhint: `holdup status` and `holdup why` print to a pipe or a file")]
    NotATerminal,
    /// The terminal failed.
    #[error("the terminal cannot be used: {0}\nhint: `holdup status` and `holdup why` need none")]
    Terminal(#[source] io::Error),
    /// The journal cannot be begun.
    #[error("cannot record to {}: {error}\nhint: name a file that does not exist yet, in a folder you may write", path.display())]
    Journal {
        /// Where it should have been.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
}

/// Runs `work` with the loop on this thread and two workers for the sources. Does not wait for
/// requests in flight at the end.
///
/// # Errors
/// When the workers cannot be started.
pub fn block_on<F: Future>(work: F) -> io::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let output = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(output)
}

impl From<Colors> for Depth {
    fn from(colors: Colors) -> Self {
        match colors {
            Colors::None => Self::None,
            Colors::Sixteen => Self::Sixteen,
            Colors::Indexed => Self::Indexed,
            Colors::True => Self::True,
        }
    }
}

/// Shows the console until it is quit, told to end, or its terminal is gone; the terminal is as
/// it was before when this returns, in whatever way.
///
/// # Errors
/// [`RunError`], each with the next step for the person.
pub async fn run(setup: Setup) -> Result<Exit, RunError> {
    if !tty::is_interactive() {
        return Err(RunError::NotATerminal);
    }
    let terminal = Tty::open().map_err(RunError::Terminal)?;
    let mut sources = Vec::new();
    let mut readers = BTreeMap::new();
    for (context, connected) in setup.contexts {
        sources.extend(connected.sources);
        readers.extend(connected.logs.map(|logs| (Text::clean(&context.name), logs)));
    }
    let journal = begin_journal(setup.record, terminal.size(), &sources)?;
    let signals = Signals::listen().map_err(RunError::Terminal)?;
    panic::install(in_contained_work);

    let modes = Modes::take(&terminal).map_err(RunError::Terminal)?;
    let last_words = journal.clone();
    let from_tty = terminal.duplicate().and_then(|tty| input::watch(tty, move || give_up_after_loss(last_words)));
    let inputs = Inputs::new(from_tty.map_err(RunError::Terminal)?, signals, journal.clone());
    let screen = Screen::new(terminal.duplicate().map_err(RunError::Terminal)?);
    let mut event_loop = EventLoop::new(
        event_loop::Parts {
            sources,
            readers,
            appearance: setup.appearance,
            keymap: setup.keymap,
            label: setup.label,
            journal: journal.clone(),
        },
        perform::Outside::new(screen, modes, setup.notify),
        inputs,
    );
    let exit = event_loop.run().await;
    event_loop.stop();
    if let Some(journal) = journal {
        journal.finish();
    }
    if exit == Exit::Lost || terminal.is_gone() {
        modes::abandon();
        tty::silence_standard_streams();
        return Ok(exit);
    }
    modes::give_back();
    Ok(exit)
}

fn begin_journal(path: Option<PathBuf>, size: (u16, u16), sources: &[Box<dyn Source>]) -> Result<Option<Journal>, RunError> {
    let Some(path) = path else { return Ok(None) };
    let header = Header::new(crate::clock::now(), size, sources.iter().map(|source| source.id()).collect());
    match Journal::create(&path, &header) {
        Ok(journal) => Ok(Some(journal)),
        Err(error) => Err(RunError::Journal { path, error }),
    }
}

/// How long an orderly end may take before it is cut short.
const END_DEADLINE: Duration = Duration::from_millis(900);

/// The terminal is gone: whatever the loop hangs in, the process ends within a second.
fn give_up_after_loss(journal: Option<Journal>) {
    // From here on a print must not fail.
    tty::silence_standard_streams();
    deadline::arm(END_DEADLINE, i32::from(Exit::Lost.code()), move || {
        if let Some(journal) = journal {
            journal.finish();
        }
    });
}

/// A signal asks for an end: likewise, but there is a terminal to give back.
fn give_up_after_signal(journal: Option<Journal>, signal: i32) {
    deadline::arm(END_DEADLINE, i32::from(Exit::Signalled(signal).code()), move || {
        if let Some(journal) = journal {
            journal.finish();
        }
        modes::give_back();
    });
}
