//! The operator's bytes against the recorded shapes.
