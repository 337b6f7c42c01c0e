//! What the rules ask of the catalogue: recognise a message, prefer one cause over another.

use super::finding::{CauseId, Confidence, Remedy};

/// Codes in the provider's words, the more telling first: a quota wall can come wrapped as a lack
/// of capacity.
const CODES: &[(&str, &str)] = &[
    ("VcpuLimitExceeded", "aws/vcpu-quota-on-demand"),
    ("more vCPU capacity than your current vCPU limit", "aws/vcpu-quota-on-demand"),
    ("MaxSpotInstanceCountExceeded", "aws/vcpu-quota-spot"),
    ("Max spot instance count exceeded", "aws/vcpu-quota-spot"),
    ("no Spot capacity", "aws/insufficient-capacity-spot"),
    ("UnfulfillableCapacity", "aws/insufficient-capacity-spot"),
    ("Could not launch Spot Instances. InsufficientInstanceCapacity", "aws/insufficient-capacity-spot"),
    ("do not have sufficient", "aws/insufficient-capacity-az"),
    ("InsufficientInstanceCapacity", "aws/insufficient-capacity-az"),
];

/// Pairs of causes where the first, if both hold, is the one to name.
const PREFERENCES: &[(&str, &str)] = &[
    ("cortex/update-oom", "cortex/update-crash"),
    ("cortex/update-fragmentation", "cortex/update-max-instances"),
    ("cortex/update-node-groups-pin", "cortex/update-max-instances"),
    ("cortex/update-gpu-not-allocatable", "cortex/update-max-instances"),
    ("cortex/update-gpu-held", "cortex/update-max-instances"),
];

/// The cause a message names.
pub fn recognise(message: &str) -> Option<(CauseId, Confidence)> {
    CODES.iter().find(|(code, _)| message.contains(code)).map(|(_, cause)| (CauseId::from(*cause), Confidence::Certain))
}

/// Whether `one` is the better name where `other` holds too.
pub fn prefers(one: &CauseId, other: &CauseId) -> bool {
    PREFERENCES.iter().any(|(better, worse)| *better == one.as_str() && *worse == other.as_str())
}

/// The catalogue's title of a cause.
pub fn title(_cause: &CauseId) -> Option<&'static str> {
    None
}

/// The catalogue's ways out, with names filled in.
pub fn remedies(_cause: &CauseId, _fill: &[(&str, &str)]) -> Vec<Remedy> {
    Vec::new()
}
