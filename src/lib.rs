//! holdup: a terminal console that says why a model-serving rollout does not finish.
//!
//! Folders are layers, and imports only go towards [`domain`]; `ARCHITECTURE.md` has the map and
//! `tests/tidy.rs` holds the walls.

#![forbid(unsafe_code)]

pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod domain;
pub mod explain;
pub mod runtime;
pub mod sim;
pub mod source;
pub mod terminal;
