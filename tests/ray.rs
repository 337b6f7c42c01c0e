//! The adapter of Ray and Anyscale against recorded and bad answers, over real sockets: releases
//! from 2.44 to 2.60, both autoscalers, tokens, a frozen control store, what proxies send.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by failing")]

#[path = "ray/dashboard.rs"]
mod dashboard;
#[path = "ray/moments.rs"]
mod moments;
#[path = "ray/replay.rs"]
mod replay;
#[path = "ray/services.rs"]
mod services;
