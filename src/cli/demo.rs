//! `holdup demo`: the console on a simulated cloud in this process. No account, no network.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::{Value, json};

use super::console::{self, Look};
use super::format::TextOrJson;
use super::{Error, Exit, Globals, contexts, report};
use crate::domain::text::Text;
use crate::domain::time::Duration;
use crate::runtime::block_on;
use crate::sim::scenario::{Expectation, ScenarioInfo, Word};
use crate::sim::{self, Options, SimError, scenarios};

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Any scenario can also be served alone: `holdup sim SCENARIO`, then `holdup --config FILE why`.")]
pub struct Args {
    /// Which scenario (`--list` names them), or a scenario file
    #[arg(conflicts_with = "list")]
    scenario: Option<String>,
    /// Story seconds in a real second
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// Start this far into the story, such as 41m [default: what the scenario says]
    #[arg(long, value_name = "TIME", value_parser = span)]
    elapsed: Option<Duration>,
    /// List the scenarios with what holdup must find in each
    #[arg(long)]
    list: bool,
    /// How to print the list
    #[arg(long, value_enum, default_value_t = TextOrJson::Text, requires = "list")]
    format: TextOrJson,
}

/// Runs the command.
///
/// # Errors
/// An unknown scenario, or no terminal.
pub fn run(args: &Args, globals: &Globals) -> Result<Exit, Error> {
    if args.list {
        return list(args.format);
    }
    let name = args.scenario.as_deref().or_else(|| scenarios().first().map(|info| info.name)).unwrap_or_default();
    // A wrong name is told before a missing terminal: it would be wrong there too.
    sim::server::load(name).map_err(|problem| vec![*problem])?;
    let look = Look::of(globals, &globals.load()?)?;
    console::require_terminal("`holdup sim SCENARIO --config-out FILE` serves it, and `holdup --config FILE why` explains it without one")?;
    let options = Options { port: None, speed: args.speed, elapsed: args.elapsed };
    block_on(play(name, options, look))?
}

async fn play(name: &str, options: Options, look: Look) -> Result<Exit, Error> {
    let running = sim::start(name, options).await.map_err(failed)?;
    let contexts = running.contexts().into_iter().map(contexts::connect).collect();
    let ended = console::show(look, contexts, Some(Text::clean(&format!("demo {name}")))).await;
    running.stop().await;
    ended
}

fn failed(error: SimError) -> Error {
    match error {
        SimError::Scenario(problem) => Error::Files(vec![*problem]),
        SimError::Port { port, why } => Error::usage(
            format!("port {port} of this machine cannot be listened on: {why}"),
            "the simulated cloud needs a few free ports on 127.0.0.1",
        ),
    }
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "expected a number such as 10".to_owned())?;
    let fits = speed.is_finite() && speed > 0.0 && speed <= 3_600.0;
    if fits { Ok(speed) } else { Err("expected more than 0 and at most 3600".to_owned()) }
}

fn span(text: &str) -> Result<Duration, String> {
    let seconds = sim::scenario::Span::try_from(text.to_owned())?.0;
    u64::try_from(seconds).map(Duration::from_secs).map_err(|_| "a story cannot start before it begins".to_owned())
}

fn list(format: TextOrJson) -> Result<Exit, Error> {
    let text = match format {
        TextOrJson::Text => listing_text(),
        TextOrJson::Json => serde_json::to_string_pretty(&listing_json()).map_err(color_eyre::eyre::Report::from)? + "\n",
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
