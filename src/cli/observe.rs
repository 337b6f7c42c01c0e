//! What `why` and `status` share: read every chosen context once, explain, say what was in the way.

use std::time::Duration;

use super::contexts::{self, Session};
use super::globals::Loaded;
use super::{Error, Exit, Globals, report};
use crate::clock;
use crate::config::problem::suggestion;
use crate::domain::snapshot::Snapshot;
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use crate::explain::report::{Report, Scope, Style, exit_code};
use crate::explain::{self, Explanations};
use crate::runtime::headless;
use crate::terminal::Capabilities;

/// Columns where the width is unknown, and the most that are pleasant to read.
const USUAL_WIDTH: usize = 80;
const WIDEST: usize = 120;

/// Arguments that both commands have.
#[derive(Clone, Debug, clap::Args)]
pub struct Reading {
    /// Give up on what has not answered after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// The world, read once and explained.
pub struct Observed {
    /// The configuration.
    pub loaded: Loaded,
    /// What was read.
    pub snapshot: Snapshot,
    /// What it means.
    pub explanations: Explanations,
    /// When.
    pub now: Timestamp,
}

/// Reads and explains.
///
/// # Errors
/// A wrong configuration or context name, or nothing to look at.
pub async fn observe(globals: &Globals, workload: Option<&str>, reading: &Reading) -> Result<Observed, Error> {
    let loaded = globals.load()?;
    let Session { connected, .. } = contexts::open(&loaded, globals)?;
    let snapshot = headless::observe(connected, workload, Duration::from_secs(reading.timeout)).await;
    let now = clock::now();
    let explanations = explain::run(&snapshot, now);
    Ok(Observed { loaded, snapshot, explanations, now })
}

impl Observed {
    /// The report on one workload, or on all.
    ///
    /// # Errors
    /// A workload that nobody knows, although every context could be read.
    pub fn report(&self, workload: Option<&str>) -> Result<Report<'_>, Error> {
        let scope = Scope { context: None, workload: workload.map(Text::clean) };
        let mut report = Report::new(&self.snapshot, &self.explanations, &scope, self.now);
        let Some(name) = workload else { return Ok(report) };
        if report.entries.iter().any(|entry| entry.workload.is_some()) {
            report.entries.retain(|entry| entry.workload.is_some());
        } else if report.entries.is_empty() {
            return Err(self.unknown(name));
        }
        Ok(report)
    }

    fn unknown(&self, name: &str) -> Error {
        let mut names: Vec<&str> = self.snapshot.workloads().map(|(_, workload)| workload.key.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let contexts: Vec<&str> = self.snapshot.contexts().into_iter().map(Text::as_str).collect();
        let hint = if names.is_empty() { "there are no workloads at all".to_owned() } else { suggestion(name, &names) };
        Error::usage(format!("no workload is called `{name}` in {}", contexts.join(", ")), hint)
    }

    /// The exit code of a report. Time ran out when that is all that was in the way.
    pub fn exit(&self, report: &Report<'_>) -> Exit {
        match exit_code(report) {
            0 => Exit::Clear,
            1 => Exit::Held,
            _ if self.only_time_was_short() => Exit::TimedOut,
            _ => Exit::CannotTell,
        }
    }

    fn failures(&self) -> impl Iterator<Item = (String, &Failure)> {
        self.snapshot.views.iter().filter_map(|(id, source)| source.health.failure().map(|failure| (id.to_string(), failure)))
    }

    fn only_time_was_short(&self) -> bool {
        let mut kinds = self.failures().map(|(_, failure)| failure.kind).peekable();
        kinds.peek().is_some() && kinds.all(|kind| kind == FailureKind::TimedOut)
    }

    /// Says on standard error which sources could not be read, and what to do about it.
    pub fn tell_what_was_in_the_way(&self) {
        for (source, failure) in self.failures() {
            let mut text = format!("note: {source} could not be read: {}", failure.message);
            if !failure.permissions.is_empty() {
                let needed: Vec<&str> = failure.permissions.iter().map(Text::as_str).collect();
                text += "\n  needs: ";
                text += &needed.join(", ");
            }
            if !failure.hint.is_empty() {
                text += "\n  hint: ";
                text += &failure.hint;
            }
            report::note(&text);
        }
    }

    /// How text is drawn here.
    pub fn style(&self, globals: &Globals) -> Style {
        let ascii = globals.ascii || self.loaded.config.ui.ascii.unwrap_or_else(|| Capabilities::of_this_process().ascii);
        let columns = rustix::termios::tcgetwinsize(std::io::stdout()).map_or(0, |size| usize::from(size.ws_col));
        Style { width: if columns == 0 { USUAL_WIDTH } else { columns.min(WIDEST) }, ascii }
    }
}
