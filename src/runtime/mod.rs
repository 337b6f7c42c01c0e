//! The loop: select names an event, update changes the model, effects are performed, frames are drawn.
