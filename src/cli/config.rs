//! `holdup config`: where the configuration is and what it says.

use std::fmt::Write;

use super::console::Look;
use super::{Error, Exit, Globals, report};
use crate::config::{self, Paths};

/// Arguments of `config`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print an example with everything explained, ready to be saved
    #[arg(long, conflicts_with = "contexts")]
    example: bool,
    /// Print the contexts of the file as holdup understood them
    #[arg(long)]
    contexts: bool,
}

/// Prints what was asked for. Reads the file, its theme and its keys in any case, so a broken one is told.
///
/// # Errors
/// Everything that is wrong in the file.
pub fn run(args: &Args, globals: &Globals) -> Result<Exit, Error> {
    if args.example {
        report::print(config::EXAMPLE)?;
        return Ok(Exit::Clear);
    }
    let loaded = globals.load()?;
    Look::of(globals, &loaded)?;
    if args.contexts {
        report::print(&config::render(&loaded.config.contexts))?;
        return Ok(Exit::Clear);
    }
    let mut text = String::new();
    match (&loaded.file, Paths::find()) {
        (Some(file), _) => writeln!(text, "configuration  {}", file.display()),
        (None, Some(paths)) => {
            writeln!(text, "configuration  {} (absent; `holdup config --example` prints one)", paths.config_file().display())
        }
        (None, None) => writeln!(text, "configuration  none (no home folder)"),
    }
    .and_then(|()| match Paths::find() {
        Some(paths) => writeln!(text, "themes         {}\nstate          {}", paths.themes().display(), paths.state.display()),
        None => Ok(()),
    })
    .map_err(color_eyre::eyre::Report::from)?;
    report::print(&text)?;
    Ok(Exit::Clear)
}
