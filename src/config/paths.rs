//! Where holdup's own files are: the XDG folders, on every system.

use std::path::PathBuf;

use etcetera::{AppStrategy, AppStrategyArgs, app_strategy::Xdg};

/// The folders of this person on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// `config.toml` and `themes/`.
    pub config: PathBuf,
    /// What may be kept between runs: pinned certificates, recordings.
    pub state: PathBuf,
}

impl Paths {
    /// Finds them; `None` if there is no home folder at all.
    pub fn find() -> Option<Self> {
        let args = AppStrategyArgs { top_level_domain: String::new(), author: String::new(), app_name: "holdup".to_owned() };
        let folders = Xdg::new(args).ok()?;
        let config = folders.config_dir();
        let state = folders.state_dir().unwrap_or_else(|| config.clone());
        Some(Self { config, state })
    }

    /// The configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// The folder of a person's own themes.
    pub fn themes(&self) -> PathBuf {
        self.config.join("themes")
    }
}
