//! What is wrong in a file a person wrote: where, what was expected, what was probably meant.
//!
//! A problem is a value; printing it is the command line's business.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A place in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which file.
    pub file: PathBuf,
    /// Line, from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The line as written and how many characters of it are meant.
    pub excerpt: Option<(String, usize)>,
}

/// One thing wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What is wrong, one lower-case fragment.
    pub message: String,
    /// What the person can do.
    pub hint: Option<String>,
}

impl Place {
    /// A place of the file's text, in bytes.
    pub fn of(file: &Path, text: &str, span: Range<usize>) -> Self {
        let start = floor(text, span.start);
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let in_line = before.rsplit('\n').next().unwrap_or_default();
        let column = in_line.chars().count() + 1;
        let whole = text.lines().nth(line - 1).unwrap_or_default();
        let marked = text.get(start..floor(text, span.end.max(start))).unwrap_or_default();
        let width = marked.lines().next().unwrap_or_default().chars().count().max(1);
        let excerpt = (!whole.trim().is_empty()).then(|| (whole.to_owned(), width));
        Self { file: file.to_owned(), line, column, excerpt }
    }

    /// A whole line, from 1, of the file's text.
    pub fn of_line(file: &Path, text: &str, line: usize) -> Self {
        let start = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let length = text.lines().nth(line.saturating_sub(1)).map_or(0, str::len);
        Self::of(file, text, start..start + length)
    }
}

impl Problem {
    /// A problem of the file as a whole.
    pub fn of_file(file: &Path, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let place = Place { file: file.to_owned(), ..Place::default() };
        Self { place, message: message.into(), hint: Some(hint.into()) }
    }
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { file, line, column, excerpt } = &self.place;
        match line {
            0 => write!(f, "{}: {}", file.display(), self.message)?,
            _ => write!(f, "{}:{line}:{column}: {}", file.display(), self.message)?,
        }
        if let Some((text, width)) = excerpt {
            let number = line.to_string();
            let margin = " ".repeat(number.len());
            let indent = " ".repeat(column.saturating_sub(1));
            write!(f, "\n  {number} | {text}\n  {margin} | {indent}{}", "^".repeat(*width))?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

/// The candidate that was probably meant by `word`, if one is near enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (closeness(&word, &candidate.to_lowercase()), candidate))
        .filter(|(closeness, _)| *closeness >= 0.75)
        .max_by(|(a, first), (b, second)| a.total_cmp(b).then_with(|| second.cmp(first)))
        .map(|(_, candidate)| candidate)
}

/// 1 for equal, 0 for nothing in common; a shared beginning or a contained word counts a lot.
fn closeness(word: &str, candidate: &str) -> f64 {
    let alike = strsim::jaro_winkler(word, candidate);
    if word.len() >= 3 && candidate.contains(word) { alike.max(0.9) } else { alike }
}

/// The hint for an unknown word: the near one, then all there are.
pub fn suggestion(word: &str, candidates: &[&str]) -> String {
    let all = candidates.join(", ");
    match nearest(word, candidates.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? there are: {all}"),
        None => format!("there are: {all}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_points_at_characters_not_bytes() {
        let text = "a = 1\nnäme = 7 # ü\n";
        let at = text.find('7').unwrap();
        let problem =
            Problem { place: Place::of(Path::new("config.toml"), text, at..at + 1), message: "expected a string".into(), hint: None };
        assert_eq!(problem.to_string(), "config.toml:2:8: expected a string\n  2 | näme = 7 # ü\n    |        ^");
    }

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let names = ["platform", "endpoint", "tls", "stuck-gpu-quota"];
        assert_eq!(nearest("platfrom", names), Some("platform"));
        assert_eq!(nearest("gpu-quota", names), Some("stuck-gpu-quota"));
        assert_eq!(nearest("zebra", names), None);
    }

    proptest::proptest! {
        #[test]
        fn any_span_makes_a_problem(text in ".{0,40}", start in 0usize..60, length in 0usize..60) {
            let place = Place::of(Path::new("x"), &text, start..start + length);
            let _ = Problem { place, message: "m".into(), hint: None }.to_string();
            let _ = Place::of_line(Path::new("x"), &text, start);
        }
    }
}
