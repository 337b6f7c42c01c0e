//! The worst problem in one line, for a terminal with room for nothing else.

use super::content::{Line, Span};
use super::status;
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::domain::time::Timestamp;
use crate::explain::Verdict;

/// The rollout that is held up the longest, or that none is.
pub fn line(model: &Model, now: Timestamp) -> Line {
    let held = model.explanations().values().filter(|explanation| explanation.verdict == Verdict::Held);
    let unclear = model.explanations().values().filter(|explanation| explanation.verdict == Verdict::CannotTell);
    let oldest = |explanation: &&crate::explain::Explanation| (explanation.since.unwrap_or(Timestamp::MAX), explanation.workload.clone());
    if let Some(worst) = held.min_by_key(oldest).or_else(|| unclear.min_by_key(oldest)) {
        let meaning = if worst.verdict == Verdict::Held { Meaning::Held } else { Meaning::Unknown };
        let glyph = if worst.verdict == Verdict::Held { "✖" } else { "?" };
        let mut line = vec![Span::new(format!("{glyph} {} ", worst.workload.name), meaning)];
        if let Some(since) = worst.since {
            line.push(Span::age(now, since, meaning));
            line.push(Span::plain(" "));
        }
        line.push(Span::plain(worst.headline.as_str()));
        return line;
    }
    let trouble = status::sources(model, now).into_iter().find(|(importance, _)| *importance == 1);
    trouble.map_or_else(|| vec![Span::new("● none held up", Meaning::Live)], |(_, line)| line)
}
