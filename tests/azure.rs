//! Azure Machine Learning over real sockets: recorded bodies, refusals, and what nobody should send.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says so by failing")]

#[path = "azure/hostile.rs"]
mod hostile;
#[path = "azure/recorded.rs"]
mod recorded;
#[path = "azure/server.rs"]
mod server;
#[path = "azure/tokens.rs"]
mod tokens;
