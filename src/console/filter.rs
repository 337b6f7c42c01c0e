//! The filter line: fuzzy by default, `!` inverts, `col:text` looks into one column, `re:` takes
//! a pattern.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use regex::{Regex, RegexBuilder};

use super::view::content::{Column, Row};

/// A filter, ready to ask.
#[derive(Debug)]
pub struct Filter {
    inverse: bool,
    column: Option<usize>,
    test: Test,
}

#[derive(Debug)]
enum Test {
    Everything,
    Fuzzy(Box<(Pattern, Matcher)>),
    Contains(String),
    Pattern(Regex),
}

impl Filter {
    /// Reads the filter line for a table with these columns. A pattern that is not one matches
    /// nothing but is told by [`Filter::problem`].
    pub fn parse(text: &str, columns: &[Column]) -> Self {
        let text = text.trim();
        let (inverse, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest.trim_start()));
        if text.is_empty() {
            return Self { inverse: false, column: None, test: Test::Everything };
        }
        if let Some(pattern) = text.strip_prefix("re:") {
            let test = compile(pattern).map_or_else(|_| Test::Contains(pattern.to_lowercase()), Test::Pattern);
            return Self { inverse, column: None, test };
        }
        if let Some((name, wanted)) = text.split_once(':')
            && let Some(column) = column_named(columns, name)
        {
            return Self { inverse, column: Some(column), test: Test::Contains(wanted.trim().to_lowercase()) };
        }
        let pattern = Pattern::parse(text, CaseMatching::Smart, Normalization::Smart);
        Self { inverse, column: None, test: Test::Fuzzy(Box::new((pattern, Matcher::new(Config::DEFAULT)))) }
    }

    /// What is wrong with the line, if anything.
    pub fn problem(text: &str) -> Option<String> {
        let text = text.trim().trim_start_matches('!').trim_start();
        let error = compile(text.strip_prefix("re:")?).err()?;
        let last = error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Some(format!("not a pattern: {last}; it is looked for as plain text"))
    }

    /// Whether the row stays on the screen.
    pub fn keeps(&mut self, row: &Row) -> bool {
        let texts = self.texts(row);
        let found = match &mut self.test {
            Test::Everything => true,
            Test::Contains(needle) => texts.iter().any(|text| text.to_lowercase().contains(needle.as_str())),
            Test::Pattern(pattern) => texts.iter().any(|text| pattern.is_match(text)),
            Test::Fuzzy(both) => {
                let (pattern, matcher) = both.as_mut();
                let mut wide = Vec::new();
                texts.iter().any(|text| pattern.score(Utf32Str::new(text, &mut wide), matcher).is_some())
            }
        };
        found != self.inverse
    }

    /// How well a row fits: the more, the better; 0 for all where fitting has no degrees.
    pub fn fit(&mut self, row: &Row) -> u32 {
        let texts = self.texts(row);
        let Test::Fuzzy(both) = &mut self.test else { return 0 };
        let (pattern, matcher) = both.as_mut();
        let mut wide = Vec::new();
        texts.iter().filter_map(|text| pattern.score(Utf32Str::new(text, &mut wide), matcher)).max().unwrap_or_default()
    }

    fn texts(&self, row: &Row) -> Vec<String> {
        let cells = row.cells.iter().enumerate().filter(|(index, _)| self.column.is_none_or(|column| column == *index));
        cells.map(|(_, cell)| cell.text()).filter(|text| !text.is_empty()).collect()
    }
}

/// Compiles a pattern: upper and lower case alike, bounded in size.
///
/// # Errors
/// What the pattern engine says of it.
pub fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).case_insensitive(true).size_limit(1 << 20).build()
}

fn column_named(columns: &[Column], name: &str) -> Option<usize> {
    let wanted = name.trim().to_lowercase();
    (!wanted.is_empty()).then(|| columns.iter().position(|column| column.title.to_lowercase().starts_with(&wanted)))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::navigation::ObjectId;
    use crate::console::view::content::Cell;

    #[test]
    fn the_filter_line_has_four_forms() {
        let columns = [Column::fit("API", 20, 0), Column::fill("WHY", 5)];
        let row = Row::new(ObjectId::Part("r".into()), vec![Cell::plain("text-generator"), Cell::plain("G vCPU quota 4")]);
        let cases = [
            ("", true),
            ("txtgen", true),
            ("!txtgen", false),
            ("zebra", false),
            ("api:text", true),
            ("api:quota", false),
            ("why:QUOTA", true),
            ("re:quota \\d", true),
            ("!re:^G", false),
            ("re:(", false),
        ];
        for (text, expected) in cases {
            assert_eq!(Filter::parse(text, &columns).keeps(&row), expected, "{text}");
        }
        assert!(Filter::problem("re:(").is_some());
        assert!(Filter::problem("text").is_none());
    }
}
