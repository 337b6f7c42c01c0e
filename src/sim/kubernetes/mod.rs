//! The simulated Kubernetes API server of a cluster: discovery, lists in pages, watches, logs,
//! tables, for every kind that holdup reads, as the real server words them.
//!
//! Reads only: what would change something is refused. Bodies are written here and share nothing
//! with the client that reads them. Objects come in as JSON values (of the shared world, or made up
//! for a measurement); what is here gives them versions, keeps what watches need, and sends bytes.

pub mod kinds;
pub mod project;

pub use kinds::{KINDS, ServedKind};
