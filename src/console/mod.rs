//! The console: a model, a total synchronous `update`, pure view models, panes that draw them.
//!
//! Nothing here does IO or reads a clock: events carry their time, effects are values. A pane is
//! one file in `view` (model to rows and spans by meaning) and one line in [`panes::PANES`].

pub mod action;
mod cache;
mod draw;
pub mod effect;
pub mod event;
pub mod filter;
pub mod keymap;
pub mod layout;
pub mod logs;
pub mod meaning;
pub mod model;
pub mod navigation;
mod paint;
pub mod panes;
pub mod theme;
pub mod update;
pub mod view;
mod widgets;

pub use draw::{draw, next_tick};
pub use model::{Model, Settings};
pub use theme::{Appearance, Depth, Theme};
