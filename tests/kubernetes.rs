//! The Kubernetes adapter against recorded bytes over real sockets: lists in pages, watches, every
//! way in which they break, permissions, logs.

#[path = "kubernetes/clocks.rs"]
mod clocks;
#[path = "kubernetes/followed.rs"]
mod followed;
#[path = "kubernetes/lists.rs"]
mod lists;
#[path = "kubernetes/logs.rs"]
mod logs;
#[path = "kubernetes/server.rs"]
mod server;
#[path = "kubernetes/simulated.rs"]
mod simulated;
#[path = "kubernetes/sources.rs"]
mod sources;
#[path = "kubernetes/watches.rs"]
mod watches;
