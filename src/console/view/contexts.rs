//! Contexts in a table: which one a row belongs to once there is more than one, and those that
//! could not be read at all.

use super::content::{Cell, Column, Line, Span};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::domain::id::SourceId;
use crate::domain::snapshot::SourceView;
use crate::domain::source::{Failure, FailureKind, Health};
use crate::domain::text::Text;

/// The column; it goes where nobody needs it, because its cells are empty then.
pub const COLUMN: Column = Column::fit("CONTEXT", 12, 0);

/// The cell: empty while there is only one context.
pub fn cell(model: &Model, context: &Text) -> Cell {
    Cell::muted(if several(model) { context.as_str() } else { "" })
}

/// The same for a title, with what sets it off from the name before it.
pub fn suffix(model: &Model, context: &Text) -> String {
    if several(model) { format!(" in {context}") } else { String::new() }
}

/// All contexts, by name.
pub fn names(model: &Model) -> Vec<Text> {
    let mut names: Vec<Text> = model.snapshot().views.keys().map(|id| id.context.clone()).collect();
    names.dedup();
    names
}

fn several(model: &Model) -> bool {
    let mut contexts = model.snapshot().views.keys().map(|id| &id.context);
    let first = contexts.next();
    contexts.any(|context| Some(context) != first)
}

/// Whether this source is the one its context hangs on, and it was never read: without it there is
/// no workload to show a reason at.
pub fn is_dark(model: &Model, id: &SourceId, view: &SourceView) -> bool {
    let tells_workloads = |kind: &str| kind.split('.').next() != Some("aws");
    let read = |view: &SourceView| view.health.read_at().is_some();
    matches!(&view.health, Health::Failed { failure, .. } if failure.kind != FailureKind::Waiting)
        && tells_workloads(&id.kind)
        && !model.snapshot().sources(&id.context).any(|(other, view)| tells_workloads(&other.kind) && read(view))
}

/// One line a context of which nothing could be read: which, what failed, the next step.
pub fn dark(model: &Model) -> Vec<Line> {
    let failed = model.snapshot().views.iter().filter(|(id, view)| is_dark(model, id, view));
    failed.filter_map(|(id, view)| Some(line(id, view.health.failure()?))).collect()
}

fn line(id: &SourceId, failure: &Failure) -> Line {
    let mut line =
        vec![Span::new(format!("✖ {}", id.context), Meaning::Failed), Span::plain(format!(" cannot be read: {}", failure.message))];
    if !failure.hint.is_empty() {
        line.push(Span::muted(" · next: "));
        line.push(Span::new(failure.hint.as_str(), Meaning::Command));
    }
    line
}
