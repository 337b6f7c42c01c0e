//! The program in a pseudo-terminal, as a person meets it: it starts, takes keys, fits any size,
//! and whatever ends it, the terminal is as it was and nothing keeps running.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "pty/harness.rs"]
#[expect(dead_code, reason = "shared with the benches, which use more of it")]
mod harness;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use harness::Session;
use holdup::runtime::journal;
use holdup::sim::{self, Options, Running};
use rustix::process::Signal;

const HOLDUP: &str = env!("CARGO_BIN_EXE_holdup");

/// A simulated cloud that all tests of this file look at.
struct Cloud {
    folder: tempfile::TempDir,
    _running: Running,
    _runtime: tokio::runtime::Runtime,
}

impl Cloud {
    fn config(&self) -> PathBuf {
        self.folder.path().join("holdup.toml")
    }
}

fn cloud() -> &'static Cloud {
    static CLOUD: OnceLock<Cloud> = OnceLock::new();
    CLOUD.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let options = Options { port: None, speed: 1.0, elapsed: Some(Duration::from_mins(41)) };
        let running = runtime.block_on(sim::start("stuck-gpu-quota", options)).expect("the simulated cloud starts");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("holdup.toml"), running.config_toml()).unwrap();
        Cloud { folder, _running: running, _runtime: runtime }
    })
}

/// holdup's command line, in a home of its own.
fn command(arguments: &[&str]) -> Vec<String> {
    let home = format!("HOME={}", cloud().folder.path().display());
    let config = cloud().config().display().to_string();
    let mut words =
        ["env", "-u", "XDG_CONFIG_HOME", "-u", "XDG_STATE_HOME", &home, HOLDUP, "--config", &config].map(str::to_owned).to_vec();
    words.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    words
}

fn start(words: &[String]) -> Session {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut session = Session::start(&words, 100, 30);
    session.wait_for_text("text-generator");
    session
}

/// Started by a shell that runs this script; `"$@"` in it is holdup.
fn start_by_shell(script: &str, arguments: &[&str]) -> Session {
    let mut words = ["bash", "-c", script, "bash"].map(str::to_owned).to_vec();
    words.extend(command(arguments));
    start(&words)
}

fn is_given_back(screen: &vt100::Screen) -> bool {
    !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
}

#[test]
fn starts_with_the_table_takes_keys_and_quits_without_a_trace() {
    let mut session = start_by_shell("\"$@\"; echo ended-$?; stty -a", &[]);
    assert!(session.look(|screen| screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste()));
    session.send("e");
    session.wait_for_text("why");
    session.send("\u{1b}");
    session.wait_for_text("sentiment");
    session.send("?");
    session.wait_for_text("help");
    session.send("\u{3}");
    session.wait_for_text("ended-0");
    session.wait_for_text("icanon");
    assert!(session.look(is_given_back));
    assert!(!session.text().contains("-icanon") && !session.text().contains("-echo "), "{}", session.text());
    assert_eq!(session.wait(), 0);
}

#[test]
fn the_demo_needs_nothing_and_shows_what_is_held_up() {
    let home = format!("HOME={}", cloud().folder.path().display());
    let mut session = start(&["env", "-u", "XDG_CONFIG_HOME", &home, HOLDUP, "demo"].map(str::to_owned));
    session.wait_for("something held up", |screen| {
        let contents = screen.contents();
        contents.contains("held up") && !contents.contains("none held up")
    });
    session.send("\u{3}");
    assert_eq!(session.wait(), 0);
    session.wait_for("the terminal to be given back", is_given_back);
}

#[test]
fn fits_any_size_and_comes_back() {
    let mut session = start(&command(&[]));
    for (columns, rows) in [(20, 5), (1, 1), (200, 60), (2, 40)] {
        session.resize(columns, rows);
        session.settle(Duration::from_millis(300));
        session.send("j");
    }
    session.resize(100, 30);
    session.wait_for_text("text-generator");
    session.send("\u{3}");
    assert_eq!(session.wait(), 0);
}

#[test]
fn signals_end_it_and_the_terminal_is_given_back() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let mut session = start(&command(&[]));
        session.signal(signal);
        assert_eq!(session.wait(), code, "{signal:?}");
        session.wait_for("the terminal to be given back", is_given_back);
    }
}

#[test]
fn a_terminal_that_vanishes_ends_it_whatever_becomes_of_the_signal() {
    let scripts = [
        ("as the session's leader", "exec \"$@\""),
        ("with SIGHUP ignored", "trap '' HUP; exec \"$@\""),
        ("with a parent that swallows SIGHUP", "trap : HUP; \"$@\"; exit $?"),
    ];
    for (number, (how, script)) in scripts.into_iter().enumerate() {
        let record = cloud().folder.path().join(format!("session-{number}.jsonl.gz"));
        let mut session = start_by_shell(script, &["--record", record.to_str().unwrap()]);
        session.hang_up("?");
        assert_eq!(session.wait(), 129, "{how}");
        let (_, events) = journal::read(&record).expect("the journal is whole");
        assert!(!events.is_empty(), "{how}: the journal was flushed");
    }
}

#[test]
fn stops_and_continues_under_a_shell() {
    let mut session = start_by_shell("set -m; \"$@\"; echo stopped-$?; read answer; fg; echo ended-$?", &[]);
    session.send("\u{1a}");
    session.wait_for_text("stopped-14");
    assert!(session.look(is_given_back));
    session.send("go\n");
    session.wait_for("the console to be back", |screen| screen.alternate_screen() && screen.contents().contains("text-generator"));
    session.send("?");
    session.wait_for_text("help");
    session.send("\u{3}");
    session.wait_for_text("ended-0");
}

#[test]
fn does_not_stop_where_nobody_would_continue_it() {
    let mut session = start(&command(&[]));
    session.send("\u{1a}");
    session.wait_for_text("no shell with job control");
    session.send("\u{3}");
    assert_eq!(session.wait(), 0);
}

#[test]
fn without_a_terminal_it_names_the_commands_that_need_none() {
    let output = Command::new(HOLDUP).args(["--config", path(&cloud().config())]).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("holdup status") && said.contains("holdup why"), "{said}");
    assert!(output.stdout.is_empty());
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}
