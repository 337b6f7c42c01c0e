//! `holdup demo`: the console on a simulated cloud in this process. No account, no network.

use std::collections::BTreeSet;
use std::fmt::Write;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::{Error, Exit, report};
use crate::sim::scenario::{Expectation, ScenarioInfo, Word};
use crate::sim::scenarios;

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// List the scenarios with what holdup must find in each
    #[arg(long)]
    list: bool,
    /// How to print the list
    #[arg(long, value_enum, default_value_t = Format::Text, requires = "list")]
    format: Format,
}

/// How to print the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For scripts: the schema holdup/demo/1
    Json,
}

/// Runs the command.
///
/// # Errors
/// An unknown scenario, or no terminal.
pub fn run(args: &Args) -> Result<Exit, Error> {
    let text = match args.format {
        Format::Text => listing_text(),
        Format::Json => serde_json::to_string_pretty(&listing_json()).map_err(color_eyre::eyre::Report::from)? + "\n",
    };
    report::print(&text)?;
    Ok(Exit::Clear)
}

fn listing_text() -> String {
    let all = scenarios();
    let width = all.iter().map(|info| info.name.len()).max().unwrap_or_default();
    let mut out = String::new();
    for (index, info) in all.iter().enumerate() {
        let default = if index == 0 { " (the default)" } else { "" };
        let _infallible = writeln!(out, "{:<width$}  {}{default}", info.name, info.scenario.title);
        for (workload, expected) in &info.scenario.expect {
            let _infallible = writeln!(out, "{:<width$}    {workload}: {}", "", answer(expected));
        }
    }
    out
}

fn answer(expected: &Expectation) -> String {
    match (&expected.root, expected.missing.as_slice()) {
        (Some(root), _) => root.clone(),
        (None, []) => expected.verdict.as_str().to_owned(),
        (None, missing) => format!("{}, needs {}", expected.verdict.as_str(), missing.join(", ")),
    }
}

fn listing_json() -> Value {
    let scenarios: Vec<Value> = scenarios().iter().enumerate().map(|(index, info)| scenario_json(index == 0, info)).collect();
    json!({ "schema": "holdup/demo/1", "scenarios": scenarios })
}

fn scenario_json(default: bool, info: &ScenarioInfo) -> Value {
    let expect: Vec<Value> = info.scenario.expect.iter().map(|(workload, expected)| expectation_json(workload, expected)).collect();
    // One answer a scenario, for scripts that check one by one: the worst verdict, and the root if
    // there is only one.
    let worst = info.scenario.expect.values().max_by_key(|expected| badness(expected.verdict));
    let roots: BTreeSet<&str> = info.scenario.expect.values().filter_map(|expected| expected.root.as_deref()).collect();
    let root = roots.first().filter(|_| roots.len() == 1);
    json!({
        "name": info.name,
        "title": info.scenario.title,
        "default": default,
        "verdict": worst.map(|expected| expected.verdict.as_str()),
        "root": root,
        "expect": expect,
    })
}

fn badness(word: Word) -> u8 {
    match word {
        Word::Clear => 0,
        Word::CannotTell => 1,
        Word::Held => 2,
    }
}

/// `cluster/workload` where a scenario has several clusters.
fn expectation_json(workload: &str, expected: &Expectation) -> Value {
    let (cluster, name) = workload.split_once('/').map_or((None, workload), |(cluster, name)| (Some(cluster), name));
    json!({
        "context": cluster,
        "workload": name,
        "verdict": expected.verdict.as_str(),
        "root": expected.root,
        "missing": expected.missing,
    })
}
