//! The vocabulary every other folder speaks: workloads, replicas, nodes, node groups,
//! scaling activities, quotas, and the immutable [`snapshot::Snapshot`] they live in.
//!
//! Nothing here does IO, reads a clock, knows a platform by name, or can fail. Time arrives
//! as a value. Text from outside becomes [`text::Text`] where it enters and is clean ever after.

pub mod capacity;
pub mod condition;
pub mod event;
pub mod group;
pub mod history;
pub mod id;
pub mod instance_type;
pub mod job;
pub mod limits;
pub mod log;
pub mod node;
pub mod placement;
pub mod provisioner;
pub mod quota;
pub mod replica;
pub mod rollout;
pub mod snapshot;
pub mod source;
pub mod store;
pub mod text;
pub mod time;
pub mod topology;
pub mod workload;
