//! The record of one object, as its source received it.

use super::content::{Content, Row, Span};
use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::{ObjectId, Route};
use crate::domain::id::{ResourceKey, SourceId};
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// The raw record of a resource and the source that received it.
pub fn record<'a>(model: &'a Model, key: &ResourceKey) -> Option<(&'a SourceId, &'a Text)> {
    let mut sources = model.snapshot().views.iter();
    sources.find_map(|(id, source)| Some((id, source.view.raw.get(key)?)))
}

/// Its lines, not wrapped: left and right pan.
pub fn view(model: &Model, route: &Route, now: Timestamp) -> Content {
    let found = route.subject().and_then(|key| record(model, key));
    let Some((source, text)) = found else {
        return Content { empty: "no source keeps a record of this any more".to_owned(), ..Content::document(Vec::new()) };
    };
    let line = |(number, line): (usize, &str)| Row::new(ObjectId::Part(number.to_string()), vec![super::content::Cell::plain(line)]);
    let mut content = Content::document(text.split('\n').enumerate().map(line).collect());
    let mut heading = vec![Span::muted(format!("as received by {}", source.kind))];
    if let Some(at) = model.snapshot().read_at(source) {
        heading.extend([Span::muted(", read "), Span::age(now, at, Meaning::Muted), Span::muted(" ago")]);
    }
    content.heading = vec![heading];
    content
}
