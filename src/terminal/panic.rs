//! What a panic does: log, give the terminal back, then report, in this order, because a report
//! written to the alternate screen vanishes with it.

use std::panic;
use std::thread;
use std::time::Duration;

use super::{deadline, modes};

/// Wraps the present hook. `is_contained` says whether the panicking thread runs work whose
/// panics are caught; those are logged and leave the screen alone.
pub fn install(is_contained: fn() -> bool) {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        tracing::error!(panic = %info, "panicked");
        if is_contained() {
            return;
        }
        modes::give_back();
        report(info);
        // Elsewhere than on the main thread a panic ends a task and not the program, which would
        // go on painting over the report.
        if thread::current().name() != Some("main") {
            deadline::arm(Duration::from_millis(100), 101, || {});
        }
    }));
}
