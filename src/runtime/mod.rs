//! The loop: select names an event, update changes the model, effects are performed, frames are
//! drawn. The only place where sources, console and terminal meet.

mod frame;
pub mod headless;
pub mod journal;
mod logs;
