//! How a command prints its answer: the choices of `--format`, in one place.

use clap::ValueEnum;

/// For people, for scripts, or for a page of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For scripts: the schema holdup/COMMAND/1
    Json,
    /// For a ticket or a page
    Markdown,
}

/// Where there is nothing to put into a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    /// For people
    Text,
    /// For scripts: the schema holdup/COMMAND/1
    Json,
}
