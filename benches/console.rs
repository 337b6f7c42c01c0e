//! What the console costs at the size it is made for: first frame, bytes, latency, memory.
//!
//! The bench runs itself as the program in a pseudo-terminal, with sources that know a large
//! world at once, so that the figures are of the loop, the drawing and the terminal layer.
//! Prints figures and asserts none: they belong to a machine.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a bench fails by panicking")]

#[path = "../tests/pty/harness.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod harness;
#[expect(dead_code, reason = "shared with the bench of the engine")]
mod world;

use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::Session;
use holdup::config::ContextConfig;
use holdup::console::{Appearance, Depth};
use holdup::domain::id::SourceId;
use holdup::domain::snapshot::View;
use holdup::domain::source::Failure;
use holdup::runtime::{self, Setup};
use holdup::source::{BoxFuture, Cadence, Connected, Focus, Source};
use holdup::terminal::outside::Notify;
use world::{Size, TARGET};

const STARTS: usize = 15;
const KEYS: usize = 300;
/// Long enough for several polls, and for ticks of 10 ms to say something.
const IDLE: Duration = Duration::from_secs(20);

fn main() {
    if std::env::args().any(|argument| argument == "--child") {
        child();
        return;
    }
    start();
    bytes();
    for (columns, rows) in [(80, 24), (120, 40), (250, 70)] {
        latency(columns, rows);
    }
    idle_and_memory();
}

fn session(columns: u16, rows: u16) -> Session {
    let this = std::env::current_exe().expect("the bench itself");
    Session::start(&[this.to_str().expect("a plain path"), "--child"], columns, rows)
}

fn settled(columns: u16, rows: u16) -> Session {
    let mut session = session(columns, rows);
    session.wait_for_text("model-0");
    session.settle(Duration::from_millis(400));
    session
}

fn start() {
    let mut times: Vec<Duration> = (0..STARTS)
        .map(|_| {
            let begun = Instant::now();
            let mut session = session(80, 24);
            session.wait_for("a frame", |screen| screen.alternate_screen() && !screen.contents().trim().is_empty());
            begun.elapsed()
        })
        .collect();
    times.sort();
    report("first frame after start, 80x24", &times);
}

fn bytes() {
    let mut session = settled(80, 24);
    let count = |session: &mut Session, key: &str| {
        let before = session.bytes();
        session.send(key);
        session.settle(Duration::from_millis(120));
        session.bytes() - before
    };
    let mut cursor: Vec<usize> = (0..8).map(|_| count(&mut session, "j")).collect();
    cursor.sort_unstable();
    println!("bytes per cursor key, 80x24: median {}, most {} (target 250)", cursor[cursor.len() / 2], cursor[cursor.len() - 1]);
    println!("bytes of a whole page, 80x24: {}", count(&mut session, "\u{4}"));
    println!("bytes of a repaint, 80x24: {}", count(&mut session, "\u{c}"));
}

fn latency(columns: u16, rows: u16) {
    let mut session = settled(columns, rows);
    let mut times: Vec<Duration> = (0..KEYS)
        .filter_map(|number| {
            session.drain();
            let begun = Instant::now();
            session.send(if number / 8 % 2 == 0 { "j" } else { "k" });
            session.next_output(Duration::from_millis(500))?;
            let took = begun.elapsed();
            // Longer than the least gap between frames: each key is painted on its own.
            session.settle(Duration::from_millis(20));
            Some(took)
        })
        .collect();
    times.sort();
    report(&format!("key to paint, {columns}x{rows}, {} replicas, {} nodes", TARGET.replicas, TARGET.nodes), &times);
}

fn idle_and_memory() {
    let mut session = settled(80, 24);
    let (bytes, cpu) = (session.bytes(), cpu_ticks(session.pid()));
    let begun = Instant::now();
    while begun.elapsed() < IDLE {
        session.next_output(Duration::from_millis(100));
    }
    println!("bytes while idle for {} s: {}", IDLE.as_secs(), session.bytes() - bytes);
    let share = (cpu_ticks(session.pid()) - cpu) as f64 / begun.elapsed().as_secs_f64();
    println!(
        "while idle for {} s: {share:.2} % of a core (target 1 %), what the sources do to say the same again included",
        IDLE.as_secs()
    );
    let status = std::fs::read_to_string(format!("/proc/{}/status", session.pid())).unwrap_or_default();
    for line in status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM") || line.starts_with("Threads")) {
        let what =
            format!("{} workloads, {} replicas, {} nodes, {} events", TARGET.workloads, TARGET.replicas, TARGET.nodes, TARGET.events);
        println!("memory at {what}: {}", line.split_whitespace().collect::<Vec<_>>().join(" "));
    }
}

fn cpu_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

fn report(what: &str, times: &[Duration]) {
    let at = |share: usize| times.get(times.len() * share / 100).or(times.last()).map_or(0.0, |time| time.as_secs_f64() * 1_000.0);
    println!("{what}: p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms ({} runs)", at(50), at(90), at(99), times.len());
}

/// A source that knows everything at once.
struct Known {
    id: SourceId,
    view: fn(Size) -> View,
}

impl Source for Known {
    fn id(&self) -> SourceId {
        self.id.clone()
    }

    fn cadence(&self) -> Cadence {
        Cadence { moving: Duration::from_secs(4), calm: Duration::from_secs(30), deadline: Duration::from_secs(10) }
    }

    fn poll<'a>(&'a mut self, _focus: &'a Focus) -> BoxFuture<'a, Result<Arc<View>, Failure>> {
        Box::pin(async move { Ok(Arc::new((self.view)(TARGET))) })
    }
}

fn child() {
    let sources = world::sources().into_iter().map(|(id, view)| Box::new(Known { id, view }) as Box<dyn Source>).collect();
    let context = ContextConfig { name: "prod".to_owned(), platform: "cortex".to_owned(), ..ContextConfig::default() };
    let setup = Setup {
        contexts: vec![(context, Connected { sources, logs: None })],
        appearance: Appearance { depth: Depth::Indexed, ..Appearance::default() },
        keymap: holdup::console::keymap::Keymap::default(),
        label: None,
        notify: Notify::Off,
        record: None,
    };
    let exit = runtime::block_on(runtime::run(setup)).expect("workers start");
    std::process::exit(exit.map_or(70, |exit| i32::from(exit.code())));
}
