//! `holdup doctor`: what can be read, what cannot, and what would change that. Asks every source
//! once; changes nothing.

mod check;
mod cluster_role;
mod policy;
mod skew;
mod sources;
mod surroundings;

use std::time::Duration;

use clap::ValueEnum;

use self::check::{Check, Mark};
use super::format::TextOrJson;
use super::{Error, Exit, Globals, contexts, report};
use crate::config::context::is_this_machine;
use crate::runtime::headless;

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the smallest IAM policy that lets holdup read everything, and nothing else; with
    /// `=kubernetes` the same as a cluster role
    #[arg(long, value_enum, value_name = "WHERE", num_args = 0..=1, require_equals = true, default_missing_value = "aws")]
    policy: Option<Policy>,
    /// Give up on what has not answered after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    /// How to print
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    format: TextOrJson,
}

/// Whose rights are to be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Policy {
    /// An IAM policy
    Aws,
    /// A cluster role
    Kubernetes,
}

/// Looks at everything and reports; exit 1 if something is in the way.
///
/// # Errors
/// A wrong configuration file or context name.
pub async fn run(args: &Args, globals: &Globals) -> Result<Exit, Error> {
    if let Some(policy) = args.policy {
        let text = match policy {
            Policy::Aws => serde_json::to_string_pretty(&policy::document()).map_err(color_eyre::eyre::Report::from)? + "\n",
            Policy::Kubernetes => cluster_role::document(),
        };
        report::print(&text)?;
        return Ok(Exit::Clear);
    }
    let checks = examine(args, globals).await?;
    let text = match args.format {
        TextOrJson::Text => check::text(&checks),
        TextOrJson::Json => check::json(&checks).map_err(color_eyre::eyre::Report::from)?,
    };
    report::print(&text)?;
    Ok(if checks.iter().any(|check| check.mark == Mark::Fail) { Exit::Held } else { Exit::Clear })
}

async fn examine(args: &Args, globals: &Globals) -> Result<Vec<Check>, Error> {
    let loaded = globals.load()?;
    let found = contexts::find(&loaded, globals);
    let mut checks = surroundings::terminal();
    checks.extend(surroundings::configuration(&loaded));
    checks.extend(surroundings::contexts(&found));
    if found.known.is_empty() {
        return Ok(checks);
    }
    let connected: Vec<_> = found.choose(&loaded, globals)?.into_iter().map(contexts::connect).collect();
    let configs: Vec<_> = connected.iter().map(|(config, _)| config.clone()).collect();
    let snapshot = headless::observe(connected, None, Duration::from_secs(args.timeout)).await;
    for config in &configs {
        checks.extend(sources::checks(config, &snapshot));
        let area = sources::area(config);
        for (what, url) in sources::clocks(config, &snapshot) {
            checks.push(skew::check(&area, what, &url, is_this_machine(&url)).await);
        }
    }
    Ok(checks)
}
