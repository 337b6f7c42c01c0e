//! Ray Serve applications on any Ray cluster (2.40 to 2.60, older ones as far as they answer), and
//! Anyscale's services above them.
//!
//! Two planes, each a source of its own: the cluster's dashboard tells applications, deployments,
//! replicas, machines and the autoscaler's demand; Anyscale's service API tells services, versions
//! with their share of the traffic, and events. Either works without the other. Nothing is changed.

mod address;
mod client;
mod dashboard;
mod discover;
mod logs;
pub mod normalize;
mod refusal;
mod services;
mod tails;
mod token;
pub mod wire;

use std::sync::Arc;

use self::client::{Api, Plane};
use super::trust::PinFile;
use super::{Connected, Discovery, Platform, Source};
use crate::config::{ContextConfig, TlsTrust};
use crate::domain::source::{Failure, FailureKind};
use crate::domain::text::Text;

pub use self::dashboard::DashboardSource;
pub use self::discover::{Surroundings, found};
pub use self::logs::RayLogs;
pub use self::services::ServicesSource;

/// The platform's id.
pub const PLATFORM: &str = "anyscale";
/// The kind of the dashboard's source, as the JSON contract shows it.
pub const DASHBOARD: &str = "ray.dashboard";
/// The kind of the service API's source.
pub const SERVICES: &str = "anyscale.services";

/// The platform.
pub struct Ray;

impl Platform for Ray {
    fn id(&self) -> &'static str {
        PLATFORM
    }

    fn title(&self) -> &'static str {
        "Anyscale and Ray Serve"
    }

    fn discover(&self) -> Discovery {
        found(&Surroundings::of_this_process())
    }

    fn connect(&self, context: &ContextConfig) -> Result<Connected, Failure> {
        let pins = match context.tls {
            TlsTrust::Pin => PinFile::of_this_user()?,
            TlsTrust::System | TlsTrust::AcceptInvalid => PinFile::at("pinned-certificates"),
        };
        connect_with(context, &pins)
    }
}

/// The sources of a context, with a pin file of one's own choice.
///
/// # Errors
/// `Misconfigured`, naming the setting.
pub fn connect_with(context: &ContextConfig, pins: &PinFile) -> Result<Connected, Failure> {
    let ray = context.ray.clone().unwrap_or_default();
    let name: Text = context.name.as_str().into();
    let mut sources: Vec<Box<dyn Source>> = Vec::new();
    let mut logs = None;
    if context.endpoint.is_some() {
        let api = Arc::new(Api::new(context, Plane::Services, pins.clone())?);
        sources.push(Box::new(ServicesSource::new(&name, api, &ray)));
    }
    if ray.dashboard.is_some() {
        let api = Arc::new(Api::new(context, Plane::Dashboard, pins.clone())?);
        // Beneath Anyscale an application may have the name of its service.
        let prefix = if context.endpoint.is_some() { "ray/" } else { "" };
        sources.push(Box::new(DashboardSource::new(&name, Arc::clone(&api), prefix)));
        logs = Some(Arc::new(RayLogs::new(api, prefix)) as Arc<dyn super::LogReader>);
    }
    if sources.is_empty() {
        return Err(Failure::new(
            FailureKind::Misconfigured,
            format!("context {} names neither a Ray dashboard nor Anyscale's service API", context.name),
            "set dashboard = \"http://HOST:8265\" in its [ray] table, or endpoint = \"https://console.anyscale.com\"",
        ));
    }
    Ok(Connected { sources, logs })
}
