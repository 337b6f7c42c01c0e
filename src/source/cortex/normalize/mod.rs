//! From the operator's bodies to the common vocabulary. Pure: values in, values out.
//!
//! Nothing here asks anything; what a poll could not read is simply not there, and the result
//! says as much as the rest allows.

mod cluster;
mod demand;
mod ident;
mod job;
mod raw;
mod status;
mod workload;

pub use cluster::{ClusterView, cluster, group_name};
pub use demand::{amount, demand};
pub use ident::deployed_at;
pub use raw::raw_record;
pub use status::{Counts, Derived, derive, is_suspect, legacy_counts, modern_counts};
pub use workload::{Facts, Known, identify, is_updating, role, serving_routers, workload};
