//! View models: pure functions from the model to rows and spans by meaning. They know nothing of
//! sizes and colours, and read no clock.

pub mod activity;
pub mod content;
pub mod contexts;
pub mod details;
pub mod explanation;
pub mod fit;
pub mod groups;
pub mod help;
pub mod holdups;
pub mod jobs;
pub mod logs;
pub mod nodes;
pub mod palette;
pub mod quotas;
pub mod raw;
pub mod replicas;
pub mod sources;
pub mod state;
pub mod status;
pub mod tabs;
pub mod timeline;
pub mod workloads;
pub mod worst;

pub use super::panes::listing;
