//! The `ModelArts` adapter against recorded bodies, over real sockets: signatures, every envelope,
//! pages, normalization, logs, what bad servers send, and the simulated project.

#[path = "modelarts/bad_answers.rs"]
mod bad_answers;
#[path = "modelarts/bodies.rs"]
mod bodies;
#[path = "modelarts/server.rs"]
mod server;
#[path = "modelarts/signatures.rs"]
mod signatures;
#[path = "modelarts/simulated.rs"]
mod simulated;
