//! How many lines a second are recognised: a million lines, most of them ordinary, every tenth a
//! failure as people met it. Prints figures and asserts none: they belong to a machine.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a bench fails by panicking")]

use std::fs;
use std::path::Path;
use std::time::Instant;

use holdup::explain::signature::{self, Hints};
use serde_json::Value;

const LINES: usize = 1_000_000;

fn main() {
    let lines = mixed();
    let begun = Instant::now();
    let recognizer = signature::shared();
    println!("classify: {} signatures made ready in {:.0} ms", recognizer.signatures(), begun.elapsed().as_secs_f64() * 1_000.0);
    for platform in [None, Some("kubernetes"), Some("cortex")] {
        let hints = Hints { platform: platform.map(str::to_owned), ..Hints::default() };
        let begun = Instant::now();
        let named = (0..LINES).filter(|at| recognizer.classify(&lines[at % lines.len()], &hints).cause.is_some()).count();
        let seconds = begun.elapsed().as_secs_f64();
        println!(
            "classify: {LINES} lines in {seconds:.2} s, {:.0} a second on one core, {named} named, platform {}, resident {} MB",
            LINES as f64 / seconds,
            platform.unwrap_or("not told"),
            resident()
        );
    }
}

/// Nine ordinary lines, then a failure, over and over, each with numbers of its own.
fn mixed() -> Vec<String> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let ordinary = fs::read_to_string(fixtures.join("causes/hay.txt")).expect("the ordinary lines");
    let mut failures: Vec<String> = Vec::new();
    for file in ["aws", "kubernetes", "azure", "gateway", "ray", "modelarts"] {
        let text = fs::read_to_string(fixtures.join("corpus").join(file).with_extension("jsonl")).expect("a corpus");
        let records = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        failures.extend(records.filter_map(|record| record.get("message").and_then(Value::as_str).map(str::to_owned)));
    }
    let mut failures = failures.iter().cycle();
    let ordinary = ordinary.lines().cycle();
    ordinary
        .take(50_000)
        .enumerate()
        .map(|(at, line)| if at % 10 == 9 { failures.next().cloned().unwrap_or_default() } else { format!("{line} {at}") })
        .collect()
}

/// What the process holds in memory, in megabytes; 0 where the system does not tell.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    kilobytes.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok()).unwrap_or_default() / 1024
}
