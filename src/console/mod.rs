//! The console: a model, a total synchronous `update`, pure view models, panes that draw them.
//!
//! Nothing here does IO or reads a clock: events carry their time, effects are values.

pub mod effect;
pub mod event;
