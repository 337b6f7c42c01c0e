//! The command line: one file a command. Parses, runs, reports; all knowledge is elsewhere.
//!
//! Adding a command is its file, one `pub mod`, one variant of [`Command`] and one line in
//! `Command::run`.

mod appearance;
pub mod classify;
pub mod completions;
pub mod config;
mod console;
pub mod contexts;
pub mod demo;
pub mod doctor;
pub mod explain;
pub mod fit;
pub mod format;
pub mod globals;
mod observe;
pub mod report;
pub mod sim;
pub mod status;
pub mod verify_webhook;
pub mod why;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use globals::Globals;
pub use report::{Error, Exit};

use crate::runtime::block_on;

/// holdup says why a model-serving rollout does not finish.
///
/// Without a command it opens a live console on every cluster it finds: workloads, what holds
/// them up and why, node groups and their scaling history, quotas, GPU nodes, logs.
/// It only ever reads.
#[derive(Debug, Parser)]
#[command(name = "holdup", version, after_help = SHORT_HELP, after_long_help = LONG_HELP, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Option<Command>,
}

const SHORT_HELP: &str = "Try `holdup demo`: a simulated cloud with stuck rollouts, no account needed. `holdup --help` has more.";

const LONG_HELP: &str = "\
Examples:
  holdup demo                          look around in a simulated cloud; needs nothing
  holdup                               console on every environment found on this machine
  holdup --env prod                    only the Cortex environment `prod`
  holdup why text-generator            why is this one not finishing? answer and ways out, as text
  holdup why --format json | jq .      the same for all of them, for scripts
  holdup doctor                        what can be read, what cannot, and what would change that

Keys in the console:
  enter drill in   esc back   e explain   l logs   y copy   / filter   ? all keys   q quit

Exit codes of why, status and fit:
  0 nothing is held up, it fits   1 something is, it gets stuck   2 wrong usage or configuration   3 cannot tell   4 time ran out

Files:
  holdup/config.toml and holdup/themes/*.toml in the configuration folder (XDG_CONFIG_HOME or ~/.config);
  `holdup config` prints the path, `holdup config --example` an example with everything explained.
  ~/.cortex/cli.yaml (or CORTEX_CLI_CONFIG_DIR) and the AWS profile and region of your shell are used as they are.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look around in a simulated cloud with stuck rollouts; needs no account and no network
    Demo(demo::Args),
    /// Say why a workload (or every one) does not finish, with evidence and ways out
    Why(why::Args),
    /// List the workloads, one line each
    Status(status::Args),
    /// Play an update before it is deployed: does it fit, after how many machines, or does it get stuck
    Fit(fit::Args),
    /// Check what can be read: terminal, configuration, identity, permissions, clocks
    Doctor(doctor::Args),
    /// Explain a cause, list them all, or explain an answer to a request
    Explain(explain::Args),
    /// Name the cause of every message on standard input
    Classify(classify::Args),
    /// Check the signature of a webhook's delivery from a compute gateway
    VerifyWebhook(verify_webhook::Args),
    /// Serve a simulated cloud on this machine until interrupted
    Sim(sim::Args),
    /// Say where the configuration is, or print it or an example
    Config(config::Args),
    /// Print completions for a shell
    Completions(completions::Args),
}

impl Command {
    fn run(self, globals: &Globals) -> Result<Exit, Error> {
        match self {
            Self::Demo(args) => demo::run(&args, globals),
            Self::Why(args) => block_on(why::run(&args, globals))?,
            Self::Status(args) => block_on(status::run(&args, globals))?,
            Self::Fit(args) => block_on(fit::run(&args, globals))?,
            Self::Doctor(args) => block_on(doctor::run(&args, globals))?,
            Self::Explain(args) => explain::run(&args),
            Self::Classify(args) => classify::run(&args),
            Self::VerifyWebhook(args) => verify_webhook::run(&args),
            Self::Sim(args) => sim::run(&args),
            Self::Config(args) => config::run(&args, globals),
            Self::Completions(args) => completions::run(&args),
        }
    }
}

/// Parses the arguments, runs what they ask for, reports how it went.
pub fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => run(cli).into(),
        Err(error) => {
            // A closed pipe is the only way printing fails, and then nobody reads it.
            let _printed = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
    }
}

fn run(cli: Cli) -> Exit {
    let outcome = cli.globals.start_log().and_then(|()| match cli.command {
        Some(command) => command.run(&cli.globals),
        None => console::run(&cli.globals),
    });
    outcome.unwrap_or_else(|error| {
        report::note(&error.to_string());
        error.exit()
    })
}
