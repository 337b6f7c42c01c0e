//! `holdup completions SHELL`: completions on standard output.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Error, Exit, report};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the completions.
///
/// # Errors
/// When standard output cannot take it.
pub fn run(args: &Args) -> Result<Exit, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "holdup", &mut script);
    report::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Clear)
}
