//! The Cortex adapter against recorded bodies, over real sockets: both dialects, all refusals,
//! what bad servers send, pinned certificates, log streams, and the simulated operator.

#[path = "cortex/bad_answers.rs"]
mod bad_answers;
#[path = "cortex/log_streams.rs"]
mod log_streams;
#[path = "cortex/polls.rs"]
mod polls;
#[path = "cortex/server.rs"]
mod server;
#[path = "cortex/simulated.rs"]
mod simulated;
#[path = "cortex/tls.rs"]
mod tls;
