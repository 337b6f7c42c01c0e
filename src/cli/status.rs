//! `holdup status`: one line a workload, without a console.

use super::format::TextOrJson;
use super::observe::{Reading, observe};
use super::{Error, Exit, Globals, report};
use crate::explain::report::{status_json, status_text};

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 nothing is held up, 1 something is, 2 wrong usage or configuration, 3 cannot tell, 4 time ran out.")]
pub struct Args {
    /// How to print
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    format: TextOrJson,
    #[command(flatten)]
    reading: Reading,
}

/// Reads, explains, prints.
///
/// # Errors
/// A wrong configuration or context name.
pub async fn run(args: &Args, globals: &Globals) -> Result<Exit, Error> {
    let observed = observe(globals, None, &args.reading).await?;
    observed.tell_what_was_in_the_way();
    let answer = observed.report(None)?;
    let text = match args.format {
        TextOrJson::Text if answer.entries.is_empty() => "there are no workloads\n".to_owned(),
        TextOrJson::Text => status_text(&answer, observed.style(globals)),
        TextOrJson::Json => status_json(&answer),
    };
    report::print(&text)?;
    Ok(observed.exit(&answer))
}
