//! How long the engine takes to explain a world in which everything is stuck. Prints figures and
//! asserts none: they belong to a machine.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a bench fails by panicking")]

#[expect(dead_code, reason = "shared with the bench of the console")]
mod world;

use std::time::{Duration, Instant};

use holdup::explain::{self, Verdict};

const RUNS: usize = 30;

fn main() {
    let snapshot = world::snapshot(world::STUCK);
    let explanations = explain::run(&snapshot, world::now());
    let held = explanations.values().filter(|explanation| explanation.verdict == Verdict::Held).count();
    let rooted = explanations.values().filter(|explanation| explanation.root.is_some()).count();
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let begun = Instant::now();
            std::hint::black_box(explain::run(std::hint::black_box(&snapshot), world::now()));
            begun.elapsed()
        })
        .collect();
    times.sort();
    println!(
        "explain: {} workloads ({held} held, {rooted} with a root), {} replicas, {} nodes",
        world::STUCK.workloads,
        world::STUCK.replicas,
        world::STUCK.nodes
    );
    println!(
        "explain: median {:.1} ms, best {:.1} ms, worst {:.1} ms (target 30 ms)",
        ms(times[RUNS / 2]),
        ms(times[0]),
        ms(times[RUNS - 1])
    );
    if let Some(explanation) = explanations.values().next() {
        println!("explain: the first says `{}` because of {:?}", explanation.headline, explanation.root);
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
