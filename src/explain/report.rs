//! Explanations for people and scripts: JSON with a stable shape, text for a terminal, Markdown
//! for a ticket, and the exit code. Pure functions; nothing here prints.

mod fit;
mod json;
mod markdown;
mod status;
mod text;

use std::borrow::Cow;

pub use fit::{fit_exit_code, fit_json, fit_markdown, fit_text};
pub use json::why_json;
pub use markdown::why_markdown;
pub use status::{status_json, status_text};
pub use text::{ways_out, why_text};

use super::finding::{Explanation, Explanations, Verdict};
use super::source_health::context_health;
use crate::domain::id::ResourceKind;
use crate::domain::snapshot::Snapshot;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;
use crate::domain::workload::Workload;

/// Which workloads a report is about; nothing set means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Only this context.
    pub context: Option<Text>,
    /// Only this workload, in whichever contexts have it.
    pub workload: Option<Text>,
}

/// How a text report is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns; lines are wrapped there.
    pub width: usize,
    /// Only characters that every terminal has.
    pub ascii: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { width: 80, ascii: false }
    }
}

/// What is reported, in a fixed order: by context and name.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// The moment the report speaks of.
    pub now: Timestamp,
    /// One entry per workload, and one per context of which nothing was ever read.
    pub entries: Vec<Entry<'a>>,
}

/// One line of a report.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The answer.
    pub explanation: Cow<'a, Explanation>,
    /// The workload; `None` where the context as a whole could not be read.
    pub workload: Option<&'a Workload>,
    /// The platform's id.
    pub platform: Text,
}

impl Entry<'_> {
    /// The name people know it by: the workload's, or the context's.
    pub fn name(&self) -> &Text {
        &self.explanation.workload.name
    }
}

impl<'a> Report<'a> {
    /// Picks what a scope asks for. A workload that nobody knows gives an empty report.
    pub fn new(snapshot: &'a Snapshot, explanations: &'a Explanations, scope: &Scope, now: Timestamp) -> Self {
        let in_context = |context: &Text| scope.context.as_ref().is_none_or(|wanted| wanted == context);
        let is_named = |name: &Text| scope.workload.as_ref().is_none_or(|wanted| wanted == name);
        let known = snapshot.workloads().filter(|(_, workload)| in_context(&workload.key.context) && is_named(&workload.key.name));
        let mut entries: Vec<Entry<'a>> = known
            .filter_map(|(_, workload)| {
                let explanation = explanations.get(&workload.key)?;
                Some(Entry { explanation: Cow::Borrowed(explanation), workload: Some(workload), platform: workload.platform.clone() })
            })
            .collect();
        let dark = context_health(snapshot, now).into_iter().filter(|explanation| in_context(&explanation.workload.context));
        entries.extend(dark.map(|explanation| Entry {
            platform: platform_of(snapshot, &explanation),
            explanation: Cow::Owned(explanation),
            workload: None,
        }));
        entries.sort_by(|a, b| order(a).cmp(&order(b)));
        Self { now, entries }
    }

    /// The verdict over all entries, the worst first: held, then cannot tell, then clear.
    pub fn verdict(&self) -> Verdict {
        let has = |verdict: Verdict| self.entries.iter().any(|entry| entry.explanation.verdict == verdict);
        if has(Verdict::Held) {
            Verdict::Held
        } else if has(Verdict::CannotTell) {
            Verdict::CannotTell
        } else {
            Verdict::Clear
        }
    }
}

fn order<'e>(entry: &'e Entry<'_>) -> (&'e Text, bool, &'e Text) {
    let key = &entry.explanation.workload;
    (&key.context, key.kind == ResourceKind::Cluster, &key.name)
}

/// The platform of a context that could not be read: its source's word for it.
fn platform_of(snapshot: &Snapshot, explanation: &Explanation) -> Text {
    let source = explanation.missing.first().map(|missing| missing.source.kind.clone());
    source.or_else(|| snapshot.sources(&explanation.workload.context).map(|(id, _)| id.kind.clone()).next()).unwrap_or_default()
}

/// The exit code of `why` and `status`: 0 clear, 1 held up, 3 cannot tell; held outweighs the rest.
pub fn exit_code(report: &Report<'_>) -> u8 {
    match report.verdict() {
        Verdict::Clear => 0,
        Verdict::Held => 1,
        Verdict::CannotTell => 3,
    }
}
