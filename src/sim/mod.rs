//! The simulated cloud: one small world that moves in time, served over the real wire protocols
//! on loopback. Not a mock of our own traits: the clients that talk to it are the production ones.

pub mod aws;
pub mod azure;
pub mod build;
mod check;
pub mod cortex;
pub mod gateway;
pub mod kubernetes;
pub mod modelarts;
pub mod ray;
pub mod scenario;
pub mod server;
pub mod story;
#[cfg(test)]
mod tests;
pub mod world;

pub use scenario::{ScenarioInfo, scenarios};
pub use server::{Options, Running, SimError, start};
