//! Keeps a panic inside the piece of work it happened in.
//!
//! The panic hook gives the terminal back and prints a report, which is right when the program
//! ends and wrong when one source failed: so contained work is marked while it runs.

use std::cell::Cell;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the current thread runs work whose panics are caught. For the panic hook.
pub fn in_contained_work() -> bool {
    CONTAINED.try_with(Cell::get).unwrap_or(false)
}

/// Runs a future, turning a panic into its message.
///
/// # Errors
/// What the panic said.
pub async fn contain<F: Future>(work: F) -> Result<F::Output, String> {
    let marked = Marked { work: Box::pin(work) };
    AssertUnwindSafe(marked).catch_unwind().await.map_err(|panic| {
        CONTAINED.set(false);
        let said = panic.downcast_ref::<&str>().map(|said| (*said).to_owned());
        said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
    })
}

struct Marked<F> {
    work: Pin<Box<F>>,
}

impl<F: Future> Future for Marked<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        CONTAINED.set(true);
        let polled = self.work.as_mut().poll(context);
        CONTAINED.set(false);
        polled
    }
}
