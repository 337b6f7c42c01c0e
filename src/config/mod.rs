//! Configuration: one file a section. Reading happens here and nowhere else; the rest of the
//! program gets values.

pub mod context;

pub use context::{AwsConfig, ContextConfig, TlsTrust};
