//! Gateways to decentralised compute networks (the project calls itself Cortex too; it is another
//! one than the platform of that name): jobs on Akash, Render, Golem, Bittensor, io.net.
//!
//! What its documents describe and what its code has differ, so each call is tried, and one that
//! an instance lacks is not asked again. Everything read here is `GET`; what would change
//! anything is a remedy for a person to copy.

mod budget;
pub mod client;
mod deliveries;
mod details;
mod envelope;
mod logs;
mod normalize;
mod place;
mod poll;
mod providers;
mod refusal;
mod retry;
mod system;
pub mod webhook;
mod wire;

use std::sync::Arc;

use self::client::Gateway;
use super::trust::PinFile;
use super::{Connected, Discovery, Platform};
use crate::config::{ContextConfig, TlsTrust};
use crate::domain::source::Failure;

pub use self::logs::GatewayLogs;
pub use self::poll::GatewaySource;

/// The kind of the source, as the JSON contract shows it.
pub const SOURCE: &str = "gateway";

/// The platform.
pub struct ComputeGateway;

impl Platform for ComputeGateway {
    fn id(&self) -> &'static str {
        "gateway"
    }

    fn title(&self) -> &'static str {
        "Compute gateway"
    }

    /// Nothing: its own tools are web pages and leave nothing behind.
    fn discover(&self) -> Discovery {
        Discovery::default()
    }

    fn connect(&self, context: &ContextConfig) -> Result<Connected, Failure> {
        let pins = match context.tls {
            TlsTrust::Pin => PinFile::of_this_user()?,
            TlsTrust::System | TlsTrust::AcceptInvalid => PinFile::at("pinned-certificates"),
        };
        let gateway = Gateway::new(context, pins)?;
        let source = GatewaySource::new(&context.name.as_str().into(), Arc::clone(&gateway));
        Ok(Connected { sources: vec![Box::new(source)], logs: Some(Arc::new(GatewayLogs::new(gateway))) })
    }
}
