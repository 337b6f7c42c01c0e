//! Cortex (cortexlabs) clusters on AWS, versions 0.30 to 0.42.
//!
//! Reads the operator's HTTP API and its log stream; changes nothing. Two dialects are spoken,
//! chosen by the version that `/info` tells.

pub mod client;
pub mod endpoint;
pub mod environment;
pub mod groups;
pub mod identity;
mod logs;
mod memory;
pub mod normalize;
mod poll;
pub mod refusal;
pub mod version;
pub mod wire;

use std::sync::Arc;

use self::client::Operator;
use super::trust::PinFile;
use super::{Connected, Discovery, Platform, aws, kubernetes};
use crate::config::{ContextConfig, TlsTrust};
use crate::domain::source::Failure;

pub use self::logs::{CortexLogs, First, classify};
pub use self::poll::CortexSource;

/// The kind of the source, as the JSON contract shows it.
pub const SOURCE: &str = "cortex";

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

    fn connect(&self, context: &ContextConfig) -> Result<Connected, Failure> {
        let pins = match context.tls {
            TlsTrust::Pin => PinFile::of_this_user()?,
            TlsTrust::System | TlsTrust::AcceptInvalid => PinFile::at("pinned-certificates"),
        };
        let mut connected = connect_with(context, pins)?;
        connected = kubernetes::beneath(context, groups::OBJECTS, connected)?;
        connected.sources.extend(aws::sources(context, groups::GROUPS));
        Ok(connected)
    }
}

/// The operator of a context without AWS beneath it, with a pin file of one's own choice.
///
/// # Errors
/// `Misconfigured`, naming the setting.
pub fn connect_with(context: &ContextConfig, pins: PinFile) -> Result<Connected, Failure> {
    let operator = Operator::new(context, pins)?;
    let name = context.name.as_str().into();
    let source = CortexSource::new(&name, Arc::clone(&operator));
    Ok(Connected { sources: vec![Box::new(source)], logs: Some(Arc::new(CortexLogs::new(operator))) })
}
