//! `holdup why [WORKLOAD]`: the answer without a console, for people, scripts and tickets.

use super::format::Format;
use super::observe::{Reading, observe};
use super::{Error, Exit, Globals, report};
use crate::explain::report::{why_json, why_markdown, why_text};

/// Arguments of `why`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 nothing is held up, 1 something is, 2 wrong usage or configuration, 3 cannot tell, 4 time ran out.")]
pub struct Args {
    /// Which workload; all without
    workload: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    reading: Reading,
}

/// Reads, explains, prints.
///
/// # Errors
/// A wrong configuration, context or workload name.
pub async fn run(args: &Args, globals: &Globals) -> Result<Exit, Error> {
    let observed = observe(globals, args.workload.as_deref(), &args.reading).await?;
    observed.tell_what_was_in_the_way();
    let answer = observed.report(args.workload.as_deref())?;
    let text = match args.format {
        Format::Text if answer.entries.is_empty() => "there are no workloads\n".to_owned(),
        Format::Text => why_text(&answer, observed.style(globals)),
        Format::Json => why_json(&answer),
        Format::Markdown => why_markdown(&answer),
    };
    report::print(&text)?;
    Ok(observed.exit(&answer))
}
