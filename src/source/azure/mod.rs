//! Azure Machine Learning online endpoints, managed and on attached Kubernetes clusters.
//!
//! Reads the Resource Manager (management API 2025-12-01) and Azure Monitor; changes nothing. A
//! failed deployment does not say why: its last operation does, which has a resource of its own.

pub mod autoscale;
mod budget;
pub mod client;
mod compose;
pub mod container_log;
pub mod credential;
mod discover;
pub mod envelope;
pub mod limits;
mod logs;
mod memory;
pub mod monitor;
pub mod normalize;
pub mod place;
mod poll;
mod record;
pub mod refusal;
mod slow;
mod tails;
pub mod wire;

use std::sync::Arc;

use self::client::Manager;
use super::{Connected, Discovery, Platform};
use crate::config::ContextConfig;
use crate::domain::source::Failure;

pub use self::logs::AzureLogs;
pub use self::poll::AzureSource;

/// The platform's id.
pub const PLATFORM: &str = "azure";

/// The kind of the source, as the JSON contract shows it.
pub const SOURCE: &str = "azure";

/// The platform.
pub struct Azure;

impl Platform for Azure {
    fn id(&self) -> &'static str {
        PLATFORM
    }

    fn title(&self) -> &'static str {
        "Azure Machine Learning"
    }

    fn discover(&self) -> Discovery {
        discover::discover()
    }

    fn connect(&self, context: &ContextConfig) -> Result<Connected, Failure> {
        let manager = Manager::new(context)?;
        let name = context.name.as_str().into();
        let source = AzureSource::new(&name, Arc::clone(&manager));
        Ok(Connected { sources: vec![Box::new(source)], logs: Some(Arc::new(AzureLogs::new(manager))) })
    }
}
