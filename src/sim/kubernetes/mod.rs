//! The simulated Kubernetes API server of a cluster: discovery, lists in pages, watches, logs,
//! tables, for every kind that holdup reads, as the real server words them.
//!
//! Reads only: what would change something is refused. Bodies are written here and share nothing
//! with the client that reads them. Objects come in as JSON values (of the shared world, or made up
//! for a measurement); what is here gives them versions, keeps what watches need, and sends bytes.

mod access;
mod backing;
mod body;
mod discovery;
mod event;
pub mod kinds;
mod list;
pub mod load;
mod log;
mod media;
mod object;
mod options;
mod pretty;
pub mod project;
mod review;
mod route;
mod selector;
mod server;
mod status;
mod store;
mod table;
mod watch;
mod world;

#[cfg(test)]
mod tests;

pub use backing::{Backing, LogEntry, LogOf};
pub use kinds::{KINDS, ServedKind};
pub use server::router;
pub use store::{Reconciled, Store};
pub use world::WorldBacking;
