//! What every command understands: which file, which contexts, how it looks, what is written down.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::report::Error;
use crate::config::{self, ColorChoice, Config, Paths, Problem};
use crate::source::registry::PLATFORMS;

/// Options of every command. A flag wins over its variable, a variable over the file.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Globals {
    /// Read this configuration instead of holdup/config.toml in the configuration folder
    #[arg(long, value_name = "FILE", global = true, env = "HOLDUP_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// Only this context (repeat for several)
    #[arg(long, short, value_name = "NAME", global = true, env = "HOLDUP_CONTEXT", value_delimiter = ',', hide_env_values = true)]
    pub context: Vec<String>,
    /// Only this environment of the platform's own command line (~/.cortex/cli.yaml)
    #[arg(long, value_name = "NAME", global = true, env = "HOLDUP_ENV", hide_env_values = true)]
    pub env: Option<String>,
    /// Theme: default, dark, light, high-contrast, auto, or a file of the themes folder
    #[arg(long, value_name = "NAME", global = true, env = "HOLDUP_THEME", hide_env_values = true)]
    pub theme: Option<String>,
    /// Draw with ASCII characters only
    #[arg(long, global = true, env = "HOLDUP_ASCII", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub ascii: bool,
    /// How many colours
    #[arg(long, value_name = "WHEN", global = true, env = "HOLDUP_COLOR", value_enum, hide_env_values = true)]
    pub color: Option<ColorChoice>,
    /// Write down everything the console sees, to play it again later
    #[arg(long, value_name = "FILE", global = true, env = "HOLDUP_RECORD", hide_env_values = true)]
    pub record: Option<PathBuf>,
    /// Write holdup's own log to this file (`HOLDUP_LOG_FILTER` chooses what, as in `holdup=trace`)
    #[arg(long, value_name = "FILE", global = true, env = "HOLDUP_LOG", hide_env_values = true)]
    pub log: Option<PathBuf>,
}

/// The configuration with where it came from.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// What it says; empty without a file.
    pub config: Config,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// Whether the person named the file.
    pub explicit: bool,
}

impl Globals {
    /// Reads the configuration: the named file, which must exist, or the usual one, which need not.
    ///
    /// # Errors
    /// Everything that is wrong in it.
    pub fn load(&self) -> Result<Loaded, Error> {
        let (file, explicit) = match (&self.config, Paths::find()) {
            (Some(file), _) => (file.clone(), true),
            (None, Some(paths)) => (paths.config_file(), false),
            (None, None) => return Ok(Loaded::default()),
        };
        if !explicit && !file.exists() {
            return Ok(Loaded::default());
        }
        let platforms: Vec<&str> = PLATFORMS.iter().map(|platform| platform.id()).collect();
        let config = config::load(&file, &platforms)?;
        Ok(Loaded { config, file: Some(file), explicit })
    }

    /// Starts the log, if one is wanted. Never on standard error: the console owns the screen.
    ///
    /// # Errors
    /// When the file cannot be written, or the filter makes no sense.
    pub fn start_log(&self) -> Result<(), Error> {
        let Some(path) = &self.log else { return Ok(()) };
        let filter = std::env::var("HOLDUP_LOG_FILTER").unwrap_or_else(|_| "holdup=debug,warn".to_owned());
        let filter = tracing_subscriber::EnvFilter::try_new(&filter).map_err(|error| {
            Error::usage(format!("HOLDUP_LOG_FILTER is not a filter: {error}"), "for example HOLDUP_LOG_FILTER=holdup=trace")
        })?;
        let file = private_file(path).map_err(|error| {
            vec![Problem::of_file(path, format!("cannot be written: {error}"), "choose a file in a folder that you may write to")]
        })?;
        let log = tracing_subscriber::fmt().with_ansi(false).with_env_filter(filter).with_writer(std::sync::Mutex::new(file)).finish();
        let log = log.with(filter_fn(|about| keeps_secrets(about.target(), *about.level())));
        // A second start (in one process, as in tests) keeps the first log.
        let _started = log.try_init();
        Ok(())
    }
}

/// Whether a line may be written whatever the filter asks for. The HTTP and AWS libraries write
/// down whole requests at their chattiest, signatures and session tokens among the headers.
fn keeps_secrets(target: &str, level: tracing::Level) -> bool {
    let own = target.strip_prefix("holdup").is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    own || level <= tracing::Level::INFO
}

/// Opens a file to append to that only its owner may read.
fn private_file(path: &std::path::Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::keeps_secrets;
    use tracing::Level;

    #[test]
    fn libraries_that_write_requests_down_stay_quiet() {
        for (target, level) in [("aws_smithy_runtime::client::orchestrator", Level::TRACE), ("h2", Level::DEBUG), ("holdups", Level::TRACE)]
        {
            assert!(!keeps_secrets(target, level), "{target}");
        }
        for (target, level) in [("holdup::source::poller", Level::TRACE), ("holdup", Level::DEBUG), ("aws_config", Level::WARN)] {
            assert!(keeps_secrets(target, level), "{target}");
        }
    }
}
