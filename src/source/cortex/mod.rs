//! Cortex (cortexlabs) clusters on AWS, versions 0.30 to 0.42.

pub mod environment;
pub mod identity;
pub mod wire;

use super::{Connected, Discovery, Platform};
use crate::config::ContextConfig;
use crate::domain::source::Failure;

/// The platform.
pub struct Cortex;

impl Platform for Cortex {
    fn id(&self) -> &'static str {
        "cortex"
    }

    fn title(&self) -> &'static str {
        "Cortex"
    }

    fn discover(&self) -> Discovery {
        environment::discover()
    }

    fn connect(&self, _context: &ContextConfig) -> Result<Connected, Failure> {
        Ok(Connected { sources: Vec::new(), logs: None })
    }
}
