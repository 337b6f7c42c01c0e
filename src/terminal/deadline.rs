//! Ends the process when it does not end by itself: a write may hang in a dead connection, a
//! thread may never return, and nobody is left to press a key.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

static ARMED: AtomicBool = AtomicBool::new(false);

/// After `limit` runs `last_words` (flush, restore; at most a moment) and exits with `code`,
/// unless the process ended before. Only the first call counts.
pub fn arm(limit: Duration, code: i32, last_words: impl FnOnce() + Send + 'static) {
    if ARMED.swap(true, Ordering::SeqCst) {
        return;
    }
    let spawned = thread::Builder::new().name("deadline".to_owned()).stack_size(128 * 1024).spawn(move || {
        thread::sleep(limit);
        last_words();
        std::process::exit(code);
    });
    if spawned.is_err() {
        std::process::exit(code);
    }
}
