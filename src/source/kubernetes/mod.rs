//! Kubernetes, beneath a platform that runs on it and beside it as a platform of its own.
//!
//! Objects are listed once in pages and then watched; what is kept of them are the fields holdup
//! uses. Three sources tell of one cluster, because replicas change hundreds of times a second
//! while nodes hardly do. Nothing here knows another platform by name: what it labels its
//! workloads with comes in as an [`Adoption`]. Nothing here explains, and no request changes
//! anything.

pub mod adoption;
pub mod connect;
pub mod feed;
pub mod informer;
pub mod kubeconfig;
pub mod link;
mod login;
pub mod logs;
pub mod normalize;
pub mod object;
pub mod objects;
mod platform;
pub mod pulse;
pub mod refusal;
pub mod server;
pub mod skew;
pub mod stores;
mod tree;
pub mod verdict;

pub use adoption::{Adoption, GroupPrefix};
pub use platform::{Kubernetes, beneath, connect_with, described};

/// The platform's id.
pub const PLATFORM: &str = "kubernetes";

/// The source of workloads, rollouts, replicas, scalers, budgets, volume claims and the limits of
/// namespaces.
pub const WORKLOADS: &str = "kubernetes";

/// The source of nodes and of what adds them.
pub const NODES: &str = "kubernetes.nodes";

/// The source of events.
pub const EVENTS: &str = "kubernetes.events";
