//! How a command ends: exit codes, errors with their next step, output that survives a closed pipe.

use std::fmt;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use color_eyre::eyre::Report;

use crate::config::Problem;
use crate::domain::text::Text;

/// The most bytes of an error that are printed.
const LONGEST: usize = 64 * 1024;

/// The exit code of a command; stable, scripts use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done; nothing is held up.
    Clear,
    /// Something is held up, or a check failed.
    Held,
    /// The command or a file was wrong.
    Usage,
    /// It could not be told.
    CannotTell,
    /// Time ran out.
    TimedOut,
    /// The console ended with this status (a signal's, or 0).
    Ended(u8),
}

impl Exit {
    /// The number the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Clear => 0,
            Self::Held => 1,
            Self::Usage => 2,
            Self::CannotTell => 3,
            Self::TimedOut => 4,
            Self::Ended(status) => status,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command could not do what it was asked.
#[derive(Debug)]
pub enum Error {
    /// What was typed makes no sense, and what would.
    Usage {
        /// What is wrong, one lower-case fragment.
        message: String,
        /// The next step.
        hint: String,
    },
    /// Files a person wrote are wrong.
    Files(Vec<Problem>),
    /// Something else went wrong.
    Failed(Report),
}

impl Error {
    /// A usage error.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: hint.into() }
    }

    /// The exit code it ends with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } | Self::Files(_) => Exit::Usage,
            Self::Failed(_) => Exit::Held,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage { message, hint } => write!(f, "error: {message}\n  hint: {hint}"),
            Self::Files(problems) => {
                for (index, problem) in problems.iter().enumerate() {
                    let gap = if index == 0 { "" } else { "\n" };
                    write!(f, "{gap}error: {problem}")?;
                }
                Ok(())
            }
            Self::Failed(report) => {
                write!(f, "error: {report}")?;
                report.chain().skip(1).try_for_each(|cause| write!(f, "\n  because: {cause}"))
            }
        }
    }
}

impl From<Report> for Error {
    fn from(report: Report) -> Self {
        Self::Failed(report)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Vec<Problem>> for Error {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Files(problems)
    }
}

/// Writes findings to standard output. A reader that went away is not an error.
///
/// # Errors
/// When standard output cannot take it (a full disk).
pub fn print(text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes notes and errors to standard error, harmless whatever they quote.
pub fn note(text: &str) {
    let clean = Text::clean_lines(text, LONGEST);
    // Nobody is left to be told when standard error is closed.
    let _told = writeln!(std::io::stderr().lock(), "{clean}");
}
