//! What a large cluster costs: 5,000 pods, 500 nodes and 20,000 events behind a real API server on
//! loopback, 200 pods changing every second; and what scrolling through 13,000 replicas costs.
//!
//! The bench runs itself three times over: the server, the console in a pseudo-terminal, and the
//! one that measures. Prints figures and asserts none: they belong to a machine.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a bench fails by panicking")]

#[path = "../tests/pty/harness.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod harness;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::Session;
use holdup::config::{ContextConfig, KubernetesConfig};
use holdup::console::{Appearance, Depth};
use holdup::runtime::{self, Setup, headless};
use holdup::sim::kubernetes::load::{Load, LoadServer};
use holdup::source::Focus;
use holdup::source::kubernetes::connect_with;
use holdup::terminal::outside::Notify;

const LOAD: Load = Load { pods: 5_000, replicas: 50, nodes: 500, events: 20_000, changes: 200 };
const CALM: Load = Load { changes: 0, ..LOAD };
/// One workload with more replicas than most clusters have pods.
const CROWD: Load = Load { pods: 13_000, replicas: 13_000, nodes: 500, events: 20_000, changes: 50 };
const LOADS: [(&str, Load); 3] = [("calm", CALM), ("busy", LOAD), ("crowd", CROWD)];
const QUIET: Duration = Duration::from_secs(65);
const WATCHED: Duration = Duration::from_secs(20);
const KEYS: usize = 120;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument.starts_with("--role=")) {
        Some(at) if arguments[at] == "--role=server" => serve(&arguments[at + 1]),
        Some(at) => console(&arguments[at + 1]),
        None => measure(),
    }
}

fn measure() {
    let calm = Server::start("calm");
    first_answer(&calm.endpoint);
    quiet_minute(&calm.endpoint);
    idle(&calm.endpoint);
    drop(calm);
    let busy = Server::start("busy");
    changing(&busy.endpoint);
    drop(busy);
    let crowd = Server::start("crowd");
    scrolling(&crowd.endpoint);
}

/// The server, in a process of its own so that its work is not counted as the console's.
struct Server {
    process: Child,
    endpoint: String,
}

impl Server {
    fn start(load: &str) -> Self {
        let this = std::env::current_exe().expect("the bench itself");
        let mut process = Command::new(this).args(["--role=server", load]).stdout(Stdio::piped()).spawn().expect("the server starts");
        let mut endpoint = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut endpoint).unwrap();
        Self { process, endpoint: endpoint.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process is gone either way when the bench ends.
        let _killed = self.process.kill();
        let _reaped = self.process.wait();
    }
}

fn serve(name: &str) {
    let load = LOADS.iter().find(|(each, _)| *each == name).unwrap().1;
    let ended = runtime::block_on(async move {
        let server = LoadServer::start(load).await.unwrap();
        println!("{}", server.endpoint());
        std::future::pending::<()>().await;
    });
    assert!(ended.is_ok(), "workers start");
}

fn context(endpoint: &str) -> ContextConfig {
    let kubernetes = KubernetesConfig { endpoint_url: Some(endpoint.to_owned()), ..KubernetesConfig::default() };
    ContextConfig { name: "load".to_owned(), platform: "kubernetes".to_owned(), kubernetes: Some(kubernetes), ..ContextConfig::default() }
}

/// Reading everything once without a console: requests, bytes and time of all lists together.
fn first_answer(endpoint: &str) {
    let read = || {
        let context = context(endpoint);
        let (connected, traffic) = connect_with(&context).unwrap();
        let begun = Instant::now();
        let snapshot = runtime::block_on(headless::observe(vec![(context, connected)], None, Duration::from_mins(1))).unwrap();
        let replicas: usize = snapshot.views.values().map(|source| source.view.replicas.len()).sum();
        let events: usize = snapshot.views.values().map(|source| source.view.events.len()).sum();
        println!(
            "everything read in {:.2} s: {replicas} replicas, {events} events, {} requests, {:.1} MB",
            begun.elapsed().as_secs_f64(),
            traffic.requests(),
            traffic.bytes() as f64 / 1e6
        );
    };
    // The first time the server makes its objects; the second time it only answers.
    read();
    read();
}

/// What following costs while nothing happens: requests and bytes of the first lists, then of a minute.
fn quiet_minute(endpoint: &str) {
    let (mut connected, traffic) = connect_with(&context(endpoint)).unwrap();
    let followed = runtime::block_on(async move {
        let (begun, mut counted) = (Instant::now(), None);
        while begun.elapsed() < QUIET {
            let focus = Focus { snapshot: Arc::default(), selected: None, now: holdup::clock::now() };
            for source in &mut connected.sources {
                source.poll(&focus).await.unwrap();
            }
            counted.get_or_insert_with(|| (traffic.requests(), traffic.bytes()));
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        let (requests, bytes) = counted.unwrap();
        println!("followed: {requests} requests and {:.1} MB at the start", bytes as f64 / 1e6);
        println!(
            "in the {:.0} s after it: {} requests, {} bytes",
            begun.elapsed().as_secs_f64(),
            traffic.requests() - requests,
            traffic.bytes() - bytes
        );
    });
    assert!(followed.is_ok(), "workers start");
}

fn session(endpoint: &str, columns: u16, rows: u16) -> Session {
    let this = std::env::current_exe().expect("the bench itself");
    Session::start(&[this.to_str().expect("a plain path"), "--role=console", endpoint], columns, rows)
}

fn idle(endpoint: &str) {
    let begun = Instant::now();
    let mut session = session(endpoint, 120, 40);
    session.wait_for_text("model-0");
    println!("first data on screen {:.2} s after the start of the program", begun.elapsed().as_secs_f64());
    session.settle(Duration::from_secs(3));
    watch(&mut session, "nothing changes");
    memory(&session);
}

fn changing(endpoint: &str) {
    let mut session = session(endpoint, 120, 40);
    session.wait_for_text("model-0");
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(5) {
        session.next_output(Duration::from_millis(100));
    }
    watch(&mut session, &format!("{} pods change a second", LOAD.changes));
    keys(&mut session, "one row on", |number| if number / 8 % 2 == 0 { "j" } else { "k" });
    memory(&session);
}

/// The replicas of one workload, from the first to the last.
fn scrolling(endpoint: &str) {
    let mut session = session(endpoint, 120, 40);
    session.wait_for_text("model-0");
    session.send("r");
    session.wait_for_text("ip-10-0-");
    println!("{} replicas of one workload, {} changing a second:", CROWD.pods, CROWD.changes);
    keys(&mut session, "one row on", |number| if number / 8 % 2 == 0 { "j" } else { "k" });
    keys(&mut session, "one page on", |number| if number / 8 % 2 == 0 { "\u{6}" } else { "\u{1b}[5~" });
    keys(&mut session, "from the first to the last", |number| if number % 2 == 0 { "G" } else { "g" });
    watch(&mut session, "the list is on the screen");
    memory(&session);
}

/// How long after a key its output comes.
fn keys(session: &mut Session, what: &str, key: impl Fn(usize) -> &'static str) {
    let press = |number| {
        session.drain();
        let begun = Instant::now();
        session.send(key(number));
        session.next_output(Duration::from_secs(1))?;
        let took = begun.elapsed();
        std::thread::sleep(Duration::from_millis(40));
        Some(took)
    };
    let mut times: Vec<Duration> = (0..KEYS).filter_map(press).collect();
    times.sort();
    let at = |share: usize| times.get(times.len() * share / 100).or(times.last()).map_or(0.0, |time| time.as_secs_f64() * 1_000.0);
    println!("{what}, 120x40: p50 {:.1} ms, p90 {:.1} ms, p99 {:.1} ms ({} keys)", at(50), at(90), at(99), times.len());
}

fn watch(session: &mut Session, what: &str) {
    let (bytes, ticks, begun) = (session.bytes(), cpu_ticks(session.pid()), Instant::now());
    while begun.elapsed() < WATCHED {
        session.next_output(Duration::from_millis(200));
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "while {what}: {:.1} % of a core, {:.0} bytes a second to the terminal",
        (cpu_ticks(session.pid()) - ticks) as f64 / seconds,
        (session.bytes() - bytes) as f64 / seconds
    );
}

/// Processor time used so far, in hundredths of a second.
fn cpu_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

fn memory(session: &Session) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", session.pid())).unwrap_or_default();
    for line in status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM")) {
        println!("memory: {}", line.split_whitespace().collect::<Vec<_>>().join(" "));
    }
}

fn console(endpoint: &str) {
    let context = context(endpoint);
    let (connected, _) = connect_with(&context).unwrap();
    let setup = Setup {
        contexts: vec![(context, connected)],
        appearance: Appearance { depth: Depth::Indexed, ..Appearance::default() },
        keymap: holdup::console::keymap::Keymap::default(),
        label: None,
        notify: Notify::Off,
        record: None,
    };
    let exit = runtime::block_on(runtime::run(setup)).expect("workers start");
    std::process::exit(exit.map_or(70, |exit| i32::from(exit.code())));
}
