//! Reads tables of a TOML file by hand, so that every problem in it is told at once, each with its
//! place, what was expected and the near name.

use std::cell::RefCell;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problem, suggestion};

/// A file being read, with what is wrong in it so far.
pub struct Document<'i> {
    file: &'i Path,
    text: &'i str,
    problems: RefCell<Vec<Problem>>,
}

impl<'i> Document<'i> {
    /// A file's text; nothing is parsed yet.
    pub fn new(file: &'i Path, text: &'i str) -> Self {
        Self { file, text, problems: RefCell::default() }
    }

    /// Parses, hands the top table to `read`, and returns what it made of it.
    ///
    /// # Errors
    /// All problems, in the order of the file.
    pub fn read<T>(self, read: impl FnOnce(Section<'_, 'i>) -> T) -> Result<T, Vec<Problem>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            self.problem(error.span().unwrap_or_default(), error.message().to_owned(), None);
        }
        if !self.problems.borrow().is_empty() {
            return Err(self.into_problems());
        }
        let value = read(Section { document: &self, name: String::new(), table: table.get_ref(), known: Vec::new() });
        if self.problems.borrow().is_empty() { Ok(value) } else { Err(self.into_problems()) }
    }

    fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by(|a, b| a.place.cmp(&b.place));
        problems
    }

    fn place(&self, span: Range<usize>) -> Place {
        Place::of(self.file, self.text, span)
    }

    fn problem(&self, span: Range<usize>, message: String, hint: Option<String>) {
        self.problems.borrow_mut().push(Problem { place: self.place(span), message, hint });
    }
}

/// One table. Every key asked for becomes known; [`Section::finish`] reports the others.
pub struct Section<'a, 'i> {
    document: &'a Document<'i>,
    name: String,
    table: &'a DeTable<'i>,
    known: Vec<&'static str>,
}

impl<'a, 'i> Section<'a, 'i> {
    /// The dotted name, empty for the top.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn value(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'i>>> {
        self.known.push(key);
        self.table.iter().find(|(name, _)| name.get_ref().as_ref() == key).map(|(_, value)| value)
    }

    /// Says that a value is not what it should be.
    pub fn wrong(&self, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        self.document.problem(span, message.into(), Some(hint.into()));
    }

    fn mistyped(&self, key: &str, value: &Spanned<DeValue<'i>>, expected: &str) {
        let message = format!("`{key}` must be {expected}, found {}", kind(value.get_ref()));
        self.document.problem(value.span(), message, None);
    }

    /// A string and its place.
    pub fn placed_string(&mut self, key: &'static str) -> Option<(String, Range<usize>)> {
        let value = self.value(key)?;
        if let DeValue::String(text) = value.get_ref() {
            return Some((text.to_string(), value.span()));
        }
        self.mistyped(key, value, "a string");
        None
    }

    /// A string.
    pub fn string(&mut self, key: &'static str) -> Option<String> {
        self.placed_string(key).map(|(text, _)| text)
    }

    /// A string that must be there.
    pub fn required(&mut self, key: &'static str, example: &str) -> Option<(String, Range<usize>)> {
        if self.table.iter().all(|(name, _)| name.get_ref().as_ref() != key) {
            self.known.push(key);
            let start = self.table.iter().map(|(name, _)| name.span().start).min().unwrap_or_default();
            let hint = format!("for example {key} = {example:?}");
            self.document.problem(start..start, format!("[{}] needs `{key}`", self.name), Some(hint));
            return None;
        }
        self.placed_string(key)
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        if let DeValue::Boolean(flag) = value.get_ref() {
            return Some(*flag);
        }
        self.mistyped(key, value, "true or false");
        None
    }

    /// One of several words, by its index in `words`.
    pub fn choice(&mut self, key: &'static str, words: &[&str]) -> Option<usize> {
        let (word, span) = self.placed_string(key)?;
        let found = words.iter().position(|candidate| *candidate == word);
        if found.is_none() {
            self.wrong(span, format!("`{key}` cannot be {word:?}"), suggestion(&word, words));
        }
        found
    }

    /// A table, or `false` for "none of it" when `or_false` allows it.
    pub fn section_or_false(&mut self, key: &'static str) -> SectionOrFalse<'a, 'i> {
        let Some(value) = self.value(key) else { return SectionOrFalse::Absent };
        match value.get_ref() {
            DeValue::Table(table) => SectionOrFalse::Section(self.below(key, table)),
            DeValue::Boolean(false) => SectionOrFalse::False,
            _ => {
                self.mistyped(key, value, "a table, or false");
                SectionOrFalse::Absent
            }
        }
    }

    /// A table.
    pub fn section(&mut self, key: &'static str) -> Option<Section<'a, 'i>> {
        let value = self.value(key)?;
        if let DeValue::Table(table) = value.get_ref() {
            return Some(self.below(key, table));
        }
        self.mistyped(key, value, "a table");
        None
    }

    /// Every entry of this table as a table of its own, in the order of the names.
    pub fn sections(&self) -> Vec<(String, Range<usize>, Section<'a, 'i>)> {
        let mut sections = Vec::new();
        for (name, value) in self.table {
            let name_text = name.get_ref().to_string();
            match value.get_ref() {
                DeValue::Table(table) => sections.push((name_text.clone(), name.span(), self.below(&name_text, table))),
                _ => self.mistyped(&name_text, value, "a table"),
            }
        }
        sections
    }

    /// Every entry of this table as a list of strings (one string is a list of one), with its place.
    pub fn string_lists(&self) -> Vec<(String, Place, Vec<String>)> {
        self.table
            .iter()
            .filter_map(|(name, value)| {
                let place = self.document.place(name.span());
                let name = name.get_ref().to_string();
                self.list(&name, value).map(|list| (name, place, list))
            })
            .collect()
    }

    /// A list of strings (one string is a list of one); empty when it is not written.
    pub fn strings(&mut self, key: &'static str) -> Vec<String> {
        self.value(key).and_then(|value| self.list(key, value)).unwrap_or_default()
    }

    fn list(&self, name: &str, value: &Spanned<DeValue<'i>>) -> Option<Vec<String>> {
        match value.get_ref() {
            DeValue::String(text) => Some(vec![text.to_string()]),
            DeValue::Array(items) => {
                let strings: Option<Vec<String>> = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect();
                if strings.is_none() {
                    self.mistyped(name, value, "a list of strings");
                }
                strings
            }
            _ => {
                self.mistyped(name, value, "a string or a list of strings");
                None
            }
        }
    }

    /// Reports every key that nobody asked for.
    pub fn finish(self) {
        for (name, _) in self.table {
            let key = name.get_ref().as_ref();
            if !self.known.contains(&key) {
                let place = if self.name.is_empty() { "at the top".to_owned() } else { format!("in [{}]", self.name) };
                self.document.problem(name.span(), format!("unknown key `{key}` {place}"), Some(suggestion(key, &self.known)));
            }
        }
    }

    fn below(&self, key: &str, table: &'a DeTable<'i>) -> Section<'a, 'i> {
        let name = if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) };
        Section { document: self.document, name, table, known: Vec::new() }
    }
}

/// A table that can be refused with `false`.
pub enum SectionOrFalse<'a, 'i> {
    /// Not written, or written wrong (and reported).
    Absent,
    /// `key = false`.
    False,
    /// The table.
    Section(Section<'a, 'i>),
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
