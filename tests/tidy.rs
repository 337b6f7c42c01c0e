//! The walls of the project, held by reading its sources: which folder may import which, what a
//! pure folder may not mention, how every module opens, how long a file may be.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The longest a source file may be, in lines.
const LONGEST: usize = 500;

/// Which top-level modules each one may import. `clock` and `config` are values and ports.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("clock", &[]),
    ("config", &[]),
    ("explain", &["domain"]),
    ("console", &["domain", "explain"]),
    ("source", &["domain", "config", "clock"]),
    ("sim", &["domain", "config", "clock"]),
    ("terminal", &["domain", "console", "clock"]),
    ("runtime", &["domain", "explain", "console", "source", "terminal", "config", "clock"]),
    ("cli", &["domain", "explain", "console", "source", "sim", "runtime", "terminal", "config", "clock"]),
];

/// What a pure folder must not mention.
const ABSENT: &[(&str, &[&str])] = &[
    ("domain", &["tokio", "reqwest", "ratatui", "crossterm", "std::fs", "std::env", "std::net", "SystemTime::now", "Instant::now"]),
    ("explain", &["tokio", "reqwest", "ratatui", "crossterm", "std::fs", "std::env", "std::net", "SystemTime::now", "Instant::now"]),
    ("console", &["tokio", "reqwest", "crossterm", "std::fs", "std::env", "std::net", "SystemTime::now", "Instant::now"]),
    ("terminal", &["reqwest", "aws_"]),
];

struct Source {
    path: PathBuf,
    module: String,
    text: String,
}

impl Source {
    /// Whether the whole file is a test module (`tests.rs`, or inside a folder `tests/`).
    fn is_test(&self) -> bool {
        self.path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
    }
}

fn sources() -> Vec<Source> {
    let found = read("src");
    assert!(found.len() > 20, "the walk found the sources");
    found
}

/// Every Rust file below a folder of the project.
fn read(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src is readable") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inside = path.strip_prefix(&root).expect("below src");
                let first = inside.components().next().expect("a component").as_os_str().to_string_lossy();
                let module = first.trim_end_matches(".rs").to_owned();
                let text = fs::read_to_string(&path).expect("UTF-8 source");
                found.push(Source { path, module, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The lines of a file that are code, with their numbers: comments and tests do not count.
fn code_lines(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    source
        .text
        .lines()
        .enumerate()
        .take_while(|(_, line)| !source.is_test() && line.trim() != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line))
}

/// The modules that a line of code names as `crate::module`.
fn named_modules(line: &str) -> impl Iterator<Item = String> {
    line.match_indices("crate::")
        .filter(|(at, _)| !line[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$'))
        .map(|(at, word)| line[at + word.len()..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
}

fn report(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn imports_only_go_towards_the_domain() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut problems = Vec::new();
    for source in sources().iter().filter(|source| source.module != "lib" && source.module != "main") {
        let Some(may) = allowed.get(source.module.as_str()) else {
            problems.push(format!("{}: a new folder needs its line in MAY_IMPORT", source.path.display()));
            continue;
        };
        for (number, line) in code_lines(source) {
            for target in named_modules(line) {
                if target != source.module && allowed.contains_key(target.as_str()) && !may.contains(&target.as_str()) {
                    problems.push(format!("{}:{number}: {} must not import {target}", source.path.display(), source.module));
                }
            }
        }
    }
    report(&problems);
}

#[test]
fn pure_folders_do_no_io() {
    let mut problems = Vec::new();
    for source in sources() {
        for (_, words) in ABSENT.iter().filter(|(module, _)| *module == source.module) {
            for (number, line) in code_lines(&source) {
                for word in words.iter().filter(|word| line.contains(**word)) {
                    problems.push(format!("{}:{number}: {word} has no place in {}", source.path.display(), source.module));
                }
            }
        }
    }
    report(&problems);
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<String> = sources()
        .iter()
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| format!("{}: opens without `//!`", source.path.display()))
        .collect();
    report(&silent);
}

#[test]
fn files_stay_short() {
    let long: Vec<String> = sources()
        .iter()
        .chain(&read("tests"))
        .chain(&read("benches"))
        .map(|source| (source, source.text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(source, lines)| format!("{}: {lines} lines, {LONGEST} at most", source.path.display()))
        .collect();
    report(&long);
}

#[test]
fn nothing_is_left_half_done() {
    let marks = [concat!("to", "do!("), concat!("unimple", "mented!("), concat!("FIX", "ME"), concat!("X", "XX"), concat!("#[", "ignore")];
    let mut problems = Vec::new();
    for source in sources() {
        for (index, line) in source.text.lines().enumerate() {
            for mark in marks.iter().filter(|mark| line.contains(**mark)) {
                problems.push(format!("{}:{}: {mark}", source.path.display(), index + 1));
            }
        }
    }
    report(&problems);
}

#[test]
fn a_platform_is_named_only_in_its_own_folder() {
    // Everything that serves all platforms must not know one by name.
    let neutral = ["domain", "console", "runtime", "terminal"];
    let names = ["cortex", "azure", "anyscale", "modelarts"];
    let mut problems = Vec::new();
    for source in sources().iter().filter(|source| neutral.contains(&source.module.as_str())) {
        for (number, line) in code_lines(source) {
            let lower = line.to_lowercase();
            for name in names.iter().filter(|name| lower.contains(**name)) {
                problems.push(format!("{}:{number}: {} names the platform {name}", source.path.display(), source.module));
            }
        }
    }
    report(&problems);
}
