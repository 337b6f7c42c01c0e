//! Kubernetes evidence: each rule held, and the look-alike that must not be taken for it.

mod look_alikes;
mod machines;
mod places;
mod replicas;
mod rollouts;
mod scene;
