//! The list of platforms. Adding one is one line here.

use super::Platform;

/// All platforms, in the order of the documentation.
pub static PLATFORMS: &[&dyn Platform] = &[
    &super::cortex::Cortex,
    &super::kubernetes::Kubernetes,
    &super::ray::Ray,
    &super::azure::Azure,
    &super::modelarts::ModelArts,
    &super::gateway::ComputeGateway,
];

/// The platform with this id.
pub fn platform(id: &str) -> Option<&'static dyn Platform> {
    PLATFORMS.iter().copied().find(|platform| platform.id() == id)
}
