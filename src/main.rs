//! Parse, run, report.

use std::io::IsTerminal;
use std::process::ExitCode;

use color_eyre::config::{HookBuilder, Theme};

fn main() -> ExitCode {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) || !std::io::stderr().is_terminal();
    let hooks = HookBuilder::default().display_env_section(false);
    let hooks = if plain { hooks.theme(Theme::new()) } else { hooks };
    // Either can only fail when it was done before, and then it is done.
    let _installed = hooks.install();
    let _provided = rustls::crypto::aws_lc_rs::default_provider().install_default();
    holdup::cli::main()
}
