//! View models: pure functions from the model to rows and spans by meaning. They know nothing of
//! sizes and colours, and read no clock.

pub mod content;
pub mod explanation;
pub mod logs;
pub mod raw;
pub mod state;
pub mod status;
pub mod tabs;
pub mod workloads;
pub mod worst;

pub use super::panes::listing;
