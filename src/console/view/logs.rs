//! The words around a log, and one line of it by meaning.

use std::collections::BTreeMap;

use regex::Regex;

use super::content::{Content, Line, Span};
use crate::console::logs::{LineKind, LogEntry, LogState};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{LogRoute, Route};
use crate::console::view::replicas;
use crate::domain::replica::Replica;
use crate::domain::time::Timestamp;

/// A log has no rows with identities; [`crate::console::panes::logs`] draws its lines.
pub fn none(_model: &Model, _route: &Route, _now: Timestamp) -> Content {
    Content::default()
}

/// What is shown, what is not, and how.
pub fn heading(log: &LogState) -> Line {
    let mut line: Line = Vec::new();
    let state = match (&log.ended, log.follow) {
        (Some(_), _) => Span::new("○ ended", Meaning::Idle),
        (None, true) => Span::new("● following", Meaning::Live),
        (None, false) => Span::new("◌ standing still, s follows", Meaning::Warning),
    };
    line.push(state);
    line.push(Span::muted(format!(" · {} lines", log.shown())));
    let hidden = log.held() - log.shown().min(log.held());
    if hidden > 0 {
        line.push(Span::new(format!(" · {hidden} hidden"), Meaning::Warning));
    }
    if log.evicted > 0 {
        line.push(Span::muted(format!(" · {} older let go", log.evicted)));
    }
    if log.dropped > 0 {
        line.push(Span::new(format!(" · {} lost", log.dropped), Meaning::Failed));
    }
    if let Some(minutes) = log.since_minutes {
        line.push(Span::muted(format!(" · last {minutes} min")));
    }
    if !log.filter.is_empty() {
        line.push(Span::new(format!(" · only `{}`", log.filter), Meaning::Warning));
    }
    if !log.search.is_empty() {
        line.push(Span::muted(format!(" · search `{}`", log.search)));
    }
    line
}

/// What is said where no line is shown.
pub fn empty(log: &LogState) -> String {
    match (&log.ended, log.held()) {
        (Some(why), 0) => format!("nothing was read: {why}"),
        (None, 0) => "waiting for the first line".to_owned(),
        (_, held) => format!("none of the {held} lines held passes filter and range"),
    }
}

/// Which log it is, where it is not all of a workload: one replica, one container, the one before.
pub fn which(route: &LogRoute) -> Line {
    let mut line: Line = Vec::new();
    if let Some(container) = &route.container {
        line.push(Span::new(format!(" · container {container}"), Meaning::Subject));
    }
    if route.previous {
        line.push(Span::new(" · previous", Meaning::Warning));
    }
    line
}

/// What stands before the lines of each replica: its glyph, whether it is old, and as much of its
/// name as tells it apart.
#[derive(Debug, Default)]
pub struct Labels {
    known: BTreeMap<String, (&'static str, bool, Meaning)>,
    shared: usize,
    width: usize,
}

/// The labels of a log.
pub fn labels(model: &Model, route: &LogRoute) -> Labels {
    let is_meant = |replica: &Replica| replica.workload.as_ref() == Some(&route.workload) || replica.key == route.workload;
    let mut known = BTreeMap::new();
    for replica in replicas::select(model, is_meant) {
        let (glyph, meaning) = replicas::state::look(replica);
        let name = replica.key.name.rsplit('/').next().unwrap_or_default();
        known.insert(name.to_owned(), (glyph, !replica.is_current, meaning));
    }
    let shared = replicas::shared(known.keys().map(String::as_str));
    let width = known.iter().map(|(name, (_, old, _))| name.len().saturating_sub(shared) + if *old { 4 } else { 0 }).max();
    Labels { shared, width: width.unwrap_or_default().min(24), known }
}

impl Labels {
    fn of(&self, label: &str) -> Line {
        let (pod, container) = label.split_once('/').map_or((label, None), |(pod, container)| (pod, Some(container)));
        let known = self.known.get(pod);
        let (glyph, old, meaning) = known.copied().unwrap_or(("·", false, Meaning::Muted));
        let short = if known.is_some() { pod.get(self.shared..).unwrap_or(pod) } else { pod };
        let text = format!("{}{short}", if old { "old " } else { "" });
        let container = container.map(|container| format!(" {container}")).unwrap_or_default();
        vec![Span::new(format!("{glyph} {text:<width$}{container}", width = self.width), meaning), Span::new(" │ ", Meaning::Rule)]
    }
}

/// One line with its time and replica, search matches marked.
pub fn line(log: &LogState, labels: &Labels, entry: &LogEntry, search: Option<&Regex>) -> Line {
    let mut line: Line = Vec::new();
    if log.timestamps {
        line.push(Span::muted(format!("{} ", entry.at.strftime("%H:%M:%S%.3f"))));
    }
    if let Some(replica) = &entry.replica {
        line.extend(labels.of(replica));
    }
    let meaning = match entry.kind {
        LineKind::Written => Meaning::Plain,
        LineKind::Error => Meaning::Failed,
        LineKind::Note => {
            line.push(Span::muted("── "));
            Meaning::Muted
        }
    };
    let text = entry.text.as_str();
    let mut done = 0;
    for found in search.into_iter().flat_map(|pattern| pattern.find_iter(text)).filter(|found| !found.is_empty()) {
        line.push(Span::new(text.get(done..found.start()).unwrap_or_default(), meaning));
        line.push(Span::new(found.as_str(), Meaning::Match));
        done = found.end();
    }
    line.push(Span::new(text.get(done..).unwrap_or_default(), meaning));
    line
}
