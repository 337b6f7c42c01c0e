//! Huawei `ModelArts` real-time services, on Huawei Cloud and Open Telekom Cloud.
//!
//! Reads the service API in its first version, and the log service where a service has a channel;
//! changes nothing, and sends no predictions.

pub mod client;
pub mod credential;
mod describe;
pub mod environment;
mod logs;
pub mod normalize;
pub mod place;
mod poll;
pub mod refusal;
mod session;
pub mod sign;
pub mod stage;
mod tails;
pub mod wire;

use std::sync::Arc;

use self::client::Cloud;
use self::environment::Variables;
use super::{Connected, Discovery, Platform};
use crate::config::ContextConfig;
use crate::domain::source::Failure;

pub use self::logs::ModelArtsLogs;
pub use self::poll::{ModelArtsSource, SOURCE};

/// The platform.
pub struct ModelArts;

impl Platform for ModelArts {
    fn id(&self) -> &'static str {
        "modelarts"
    }

    fn title(&self) -> &'static str {
        "Huawei ModelArts"
    }

    fn discover(&self) -> Discovery {
        environment::discover(&Variables::of_this_process())
    }

    fn connect(&self, context: &ContextConfig) -> Result<Connected, Failure> {
        connect_with(context, Variables::of_this_process())
    }
}

/// A context, connected, with environment variables of one's own choice.
///
/// # Errors
/// `Misconfigured`, naming the setting.
pub fn connect_with(context: &ContextConfig, variables: Variables) -> Result<Connected, Failure> {
    let cloud = Cloud::new(context, variables)?;
    let channels = poll::no_channels();
    let settings = context.modelarts.clone().unwrap_or_default();
    let source = ModelArtsSource::new(&context.name.as_str().into(), Arc::clone(&cloud), settings, Arc::clone(&channels));
    Ok(Connected { sources: vec![Box::new(source)], logs: Some(Arc::new(ModelArtsLogs::new(cloud, channels))) })
}
