//! What the rules ask of the catalogue: recognise a message, prefer one cause over another.

use super::catalogue;
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

/// The cause a message names.
pub fn recognise(message: &str) -> Option<(CauseId, Confidence)> {
    CODES.iter().find(|(code, _)| message.contains(code)).map(|(_, cause)| (CauseId::from(*cause), Confidence::Certain))
}

/// Whether `one` is the better name where `other` holds too.
pub fn prefers(one: &CauseId, other: &CauseId) -> bool {
    let mut seen: Vec<&CauseId> = vec![one];
    let mut at = 0;
    while let Some(cause) = seen.get(at).copied() {
        for worse in catalogue::find(cause).map(|cause| cause.prefer_over.as_slice()).unwrap_or_default() {
            if worse == other {
                return true;
            }
            if !seen.contains(&worse) {
                seen.push(worse);
            }
        }
        at += 1;
    }
    false
}

/// The catalogue's title of a cause.
pub fn title(cause: &CauseId) -> Option<&'static str> {
    catalogue::find(cause).map(|cause| cause.title.as_str())
}

/// The catalogue's ways out, with names filled in.
pub fn remedies(cause: &CauseId, fill: &[(&str, &str)]) -> Vec<Remedy> {
    catalogue::find(cause).map(|cause| cause.remedies(fill)).unwrap_or_default()
}
