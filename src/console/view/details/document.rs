//! A document of named values in sections, built line by line.

use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::ObjectId;
use crate::console::view::content::{Content, Line, Row, Span};
use crate::domain::condition::StatusCondition;
use crate::domain::id::ResourceKey;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// Columns of a name.
const NAME: usize = 13;

/// The most events a document shows.
const EVENTS: usize = 12;

/// A document under way.
pub struct Document {
    rows: Vec<Row>,
    section: String,
    now: Timestamp,
}

impl Document {
    /// An empty one.
    pub fn new(now: Timestamp) -> Self {
        Self { rows: Vec::new(), section: String::new(), now }
    }

    fn push(&mut self, name: &str, line: Line, wrap: &str) {
        // Names repeat; the place in the section tells them apart.
        let id = ObjectId::Part(format!("{}:{}:{name}", self.section, self.rows.len()));
        self.rows.push(Row { id, wrap: Some(wrap.to_owned()), ..Row::text(name, line) });
    }

    /// A heading; one without anything beneath it is taken back at the end.
    pub fn section(&mut self, title: &str) {
        title.clone_into(&mut self.section);
        self.push(title, vec![Span::new(title, Meaning::Subject)], "  ");
    }

    /// A named value; nothing where it is empty.
    pub fn field(&mut self, name: &str, value: impl AsRef<str>) {
        if !value.as_ref().is_empty() {
            self.line(name, vec![Span::plain(value.as_ref())]);
        }
    }

    /// A named value, if there is one.
    pub fn some(&mut self, name: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            self.field(name, value);
        }
    }

    /// Texts in one line.
    pub fn list<'t>(&mut self, name: &str, texts: impl IntoIterator<Item = &'t Text>) {
        let words: Vec<&str> = texts.into_iter().map(Text::as_str).collect();
        self.field(name, words.join(", "));
    }

    /// A named line.
    pub fn line(&mut self, name: &str, line: Line) {
        let mut whole = vec![Span::new(format!("{name:<NAME$} "), Meaning::Heading)];
        whole.extend(line);
        self.push(name, whole, &" ".repeat(NAME + 1));
    }

    /// A moment with its age.
    pub fn at(&mut self, name: &str, at: Option<Timestamp>) {
        if let Some(at) = at {
            let stamp = Span::plain(format!("{}, ", at.strftime("%Y-%m-%d %H:%M:%S UTC")));
            self.line(name, vec![stamp, Span::age(self.now, at, Meaning::Plain), Span::plain(" ago")]);
        }
    }

    /// Conditions as they stand. Whether holding is good only the explanations judge.
    pub fn conditions(&mut self, conditions: &[StatusCondition]) {
        for condition in conditions {
            let (word, meaning) = match condition.holds {
                Some(true) => ("yes", Meaning::Plain),
                Some(false) => ("no", Meaning::Warning),
                None => ("unknown", Meaning::Unknown),
            };
            let mut line = vec![Span::new(word, meaning)];
            if let Some(since) = condition.since {
                line.extend([Span::muted(" for "), Span::age(self.now, since, Meaning::Muted)]);
            }
            if !condition.reason.is_empty() {
                line.push(Span::plain(format!("  {}", condition.reason)));
            }
            if !condition.message.is_empty() {
                line.push(Span::new(format!("  {}", condition.message), Meaning::Quoted));
            }
            self.line(&condition.name, line);
        }
    }

    /// What happened to an object, the newest first.
    pub fn events(&mut self, model: &Model, of: &ResourceKey) {
        let views = model.snapshot().sources(&of.context).flat_map(|(_, source)| &source.view.events);
        let mut events: Vec<_> = views.filter(|event| event.of == *of).collect();
        events.sort_by_key(|event| std::cmp::Reverse(event.at));
        if events.is_empty() {
            return;
        }
        self.section("Events");
        let more = events.len().saturating_sub(EVENTS);
        for event in events.into_iter().take(EVENTS) {
            let meaning = if event.warning { Meaning::Warning } else { Meaning::Muted };
            let times = if event.count > 1 { format!(" ×{}", event.count) } else { String::new() };
            let line = vec![
                Span::new(format!("{}{times} ", event.reason), meaning),
                Span::age(self.now, event.at, Meaning::Muted),
                Span::muted(" ago "),
                Span::new(event.message.as_str(), Meaning::Quoted),
            ];
            self.push(&event.reason, line, "  ");
        }
        if more > 0 {
            self.field("", format!("{more} older ones: v shows the timeline"));
        }
    }

    /// The rows.
    pub fn rows(mut self) -> Vec<Row> {
        let is_title =
            |row: &Row| row.cells.first().is_some_and(|cell| matches!(cell.line.as_slice(), [span] if span.meaning == Meaning::Subject));
        let mut index = self.rows.len();
        let mut followed = false;
        while index > 0 {
            index -= 1;
            let title = self.rows.get(index).is_some_and(is_title);
            if title && !followed {
                self.rows.remove(index);
            }
            followed = !title;
        }
        self.rows
    }

    /// The document as a view; `empty` is what is said where nothing is known.
    pub fn content(self) -> Content {
        Content { empty: "nothing more is known of this: no source that is read tells of it".to_owned(), ..Content::document(self.rows()) }
    }
}
