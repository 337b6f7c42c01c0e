//! Drives sources: one task each, one poll in flight, a depth-1 "poll now", backoff and jitter.
