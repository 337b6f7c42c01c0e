//! What the engine must get right: the required roots, the traps, and its own properties.

mod kubernetes;
mod look_alikes;
mod messages;
mod paces;
mod properties;
mod roots;
mod told;
mod traps;
