//! The words around a log, and one line of it by meaning.

use regex::Regex;

use super::content::{Content, Line, Span};
use crate::console::logs::{LineKind, LogEntry, LogState};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::Route;
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

/// One line with its time and replica, search matches marked.
pub fn line(log: &LogState, entry: &LogEntry, search: Option<&Regex>) -> Line {
    let mut line: Line = Vec::new();
    if log.timestamps {
        line.push(Span::muted(format!("{} ", entry.at.strftime("%H:%M:%S%.3f"))));
    }
    if let Some(replica) = &entry.replica {
        line.push(Span::muted(format!("{replica} │ ")));
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
