//! The last and thinnest layer: modes, input, signals, one write a frame, and the ways a
//! terminal can go away. Knows the event types and nothing else of the console.
//!
//! Nothing here prints through `stdout` or `stderr` while the screen is up, asks the terminal
//! where its cursor is, or loops on a descriptor that is gone.

pub mod capabilities;
pub mod deadline;
pub mod encode;
pub mod input;
pub mod keys;
pub mod modes;
pub mod outside;
pub mod panic;
pub mod screen;
pub mod signals;
pub mod tty;

pub use capabilities::{Background, Capabilities, Colors};
pub use modes::Modes;
pub use screen::Screen;
pub use tty::Tty;
