//! What the Cortex CLI left on this machine: its environments, in `cli.yaml`.
//!
//! The file is only read. A malformed one becomes a note with place and expectation, never a
//! reason to stop. Access keys that old versions kept in it are not even parsed.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::{AwsConfig, ContextConfig, TlsTrust};
use crate::source::Discovery;

/// The most bytes of a `cli.yaml` that are read.
const FILE_LIMIT: u64 = 1024 * 1024;

/// The CLI's own limit on the length of an environment's name.
const NAME_LIMIT: usize = 63;

#[derive(Default, Deserialize)]
#[serde(default)]
struct CliFile {
    default_environment: Option<String>,
    environments: Option<Vec<Environment>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Environment {
    name: Option<String>,
    provider: Option<String>,
    operator_endpoint: Option<String>,
}

/// Contexts from the CLI's file, the default one first.
pub fn discover() -> Discovery {
    match cli_file() {
        Some(path) => read(&path),
        None => Discovery {
            contexts: Vec::new(),
            notes: vec!["Cortex: no home folder, so no ~/.cortex/cli.yaml to read".to_owned()],
            ..Discovery::default()
        },
    }
}

/// `$CORTEX_CLI_CONFIG_DIR/cli.yaml`, or `~/.cortex/cli.yaml`.
fn cli_file() -> Option<PathBuf> {
    let folder = match std::env::var_os("CORTEX_CLI_CONFIG_DIR").filter(|value| !value.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => etcetera::home_dir().ok()?.join(".cortex"),
    };
    Some(folder.join("cli.yaml"))
}

/// Reads one file.
pub fn read(path: &Path) -> Discovery {
    let mut text = String::new();
    let opened = fs::File::open(path).and_then(|file| file.take(FILE_LIMIT).read_to_string(&mut text));
    let mut found = Discovery::default();
    match opened {
        Ok(_) => parse(&text, path, &mut found),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            found.notes.push(format!("Cortex: no {}; the Cortex CLI writes it with `cortex env configure`", path.display()));
        }
        Err(error) => found.notes.push(format!("Cortex: cannot read {}: {error}", path.display())),
    }
    found
}

fn parse(text: &str, path: &Path, found: &mut Discovery) {
    let file: Option<CliFile> = match serde_saphyr::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            found.notes.push(malformed(path, &error));
            return;
        }
    };
    let file = file.unwrap_or_default();
    let mut seen = BTreeSet::new();
    for (index, environment) in file.environments.unwrap_or_default().into_iter().enumerate() {
        match context(environment, &mut seen) {
            Ok(context) => found.contexts.push(context),
            Err(why) => found.notes.push(format!("Cortex: environment {} in {}: {why}", index + 1, path.display())),
        }
    }
    prefer(file.default_environment.as_deref(), path, found);
    if found.contexts.is_empty() && found.notes.is_empty() {
        found.notes.push(format!("Cortex: {} has no environments; add one with `cortex env configure`", path.display()));
    }
}

fn malformed(path: &Path, error: &serde_saphyr::Error) -> String {
    let place = error.location().map_or_else(String::new, |at| format!(":{}:{}", at.line(), at.column()));
    let inner = error.to_string();
    let why = inner.lines().next().unwrap_or_default();
    format!(
        "Cortex: {}{place}: {why}; expected a mapping with `environments`, a list of entries with `name` and `operator_endpoint`",
        path.display()
    )
}

fn context(environment: Environment, seen: &mut BTreeSet<String>) -> Result<ContextConfig, String> {
    let name = environment.name.filter(|name| !name.is_empty()).ok_or("it has no `name`")?;
    if name.len() > NAME_LIMIT {
        return Err(format!("its name is longer than {NAME_LIMIT} characters"));
    }
    if let Some(provider) = environment.provider.filter(|provider| !provider.is_empty() && provider != "aws") {
        return Err(format!("`{name}` is for provider `{provider}`; only aws is supported"));
    }
    let endpoint = environment
        .operator_endpoint
        .filter(|endpoint| !endpoint.is_empty())
        .ok_or_else(|| format!("`{name}` has no `operator_endpoint`"))?;
    if !seen.insert(name.clone()) {
        return Err(format!("a second environment is named `{name}`; the first one is used"));
    }
    Ok(ContextConfig {
        name,
        platform: "cortex".to_owned(),
        endpoint: Some(endpoint),
        allow_plain_http: false,
        tls: TlsTrust::Pin,
        aws: Some(AwsConfig::default()),
        kubernetes: Some(crate::config::KubernetesConfig::default()),
        ..ContextConfig::default()
    })
}

/// Moves the default environment to the front.
fn prefer(default: Option<&str>, path: &Path, found: &mut Discovery) {
    let Some(default) = default.filter(|name| !name.is_empty()) else { return };
    match found.contexts.iter().position(|context| context.name == default) {
        Some(index) => {
            if let Some(front) = found.contexts.get_mut(..=index) {
                front.rotate_right(1);
            }
        }
        None if default == "local" => {}
        None => {
            let names: Vec<&str> = found.contexts.iter().map(|context| context.name.as_str()).collect();
            found.notes.push(format!(
                "Cortex: the default environment `{default}` in {} is not usable; usable are: {}",
                path.display(),
                if names.is_empty() { "none".to_owned() } else { names.join(", ") }
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Discovery {
        let mut found = Discovery::default();
        parse(text, Path::new("cli.yaml"), &mut found);
        found
    }

    fn names(found: &Discovery) -> Vec<&str> {
        found.contexts.iter().map(|context| context.name.as_str()).collect()
    }

    #[test]
    fn every_generation_of_the_file_is_read() {
        let modern = parsed(include_str!("../../../tests/fixtures/cortex/cli.yaml"));
        assert_eq!((names(&modern), modern.notes.len()), (vec!["prod", "staging"], 0));
        let middle = parsed(include_str!("../../../tests/fixtures/cortex/cli_legacy_031.yaml"));
        assert_eq!(names(&middle), ["aws"]);
        let old = parsed(include_str!("../../../tests/fixtures/cortex/cli_legacy_027.yaml"));
        assert_eq!(names(&old), ["aws"], "the local environment is left out");
        assert!(old.notes[0].contains("provider `local`"), "{:?}", old.notes);
        assert!(!format!("{old:?}").contains("AKID"), "keys in the file are never taken in");
    }

    #[test]
    fn the_default_comes_first_and_oddities_become_notes() {
        let text = "default_environment: b\nenvironments:\n  - {name: a, operator_endpoint: x.example}\n  - {name: b, operator_endpoint: y.example}\n  - {name: b, operator_endpoint: z.example}\n  - {operator_endpoint: w.example}\n";
        let found = parsed(text);
        assert_eq!(names(&found), ["b", "a"]);
        assert_eq!(found.notes.len(), 2, "{:?}", found.notes);
        assert_eq!(parsed("default_environment: null\nenvironments: null\n").contexts.len(), 0);
    }

    #[test]
    fn a_malformed_file_is_named_with_the_line() {
        for text in ["environments:\n  - name: [\n", "environments: 7\n", "\t- x"] {
            let found = parsed(text);
            assert!(found.contexts.is_empty());
            assert!(found.notes[0].contains("cli.yaml:"), "{:?}", found.notes);
            assert!(found.notes[0].contains("expected a mapping"), "{:?}", found.notes);
        }
    }
}
