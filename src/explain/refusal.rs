//! Why the provider refused a machine, read from its own words. Shared by the rules of rank 4.

use std::collections::BTreeSet;

use super::finding::{CauseId, Confidence};
use super::known;
use super::world::{Group, Said};
use crate::domain::group::ScalingActivity;
use crate::domain::time::{Duration, age};

/// The on-demand vCPU quota is used up.
pub const ON_DEMAND_QUOTA: &str = "aws/vcpu-quota-on-demand";
/// The spot vCPU quota is used up.
pub const SPOT_QUOTA: &str = "aws/vcpu-quota-spot";
/// There are no reclaimable machines of the types asked for.
pub const SPOT_CAPACITY: &str = "aws/insufficient-capacity-spot";
/// There are no on-demand machines of the type in the zone.
pub const ZONE_CAPACITY: &str = "aws/insufficient-capacity-az";

/// Refusals this close together belong to one wish, tried in several zones.
const ONE_WISH: Duration = Duration::from_mins(15);

/// A recognised reason.
#[derive(Clone, Debug)]
pub struct Reason<'a> {
    /// Which cause.
    pub cause: CauseId,
    /// How sure the recognition is.
    pub confidence: Confidence,
    /// The refusal that says so.
    pub said: Said<'a, ScalingActivity>,
}

impl Reason<'_> {
    /// The provider's words.
    pub fn text(&self) -> &str {
        text(self.said.1)
    }
}

/// Whether a cause is one of the two vCPU quotas.
pub fn is_vcpu_quota(cause: &CauseId) -> bool {
    matches!(cause.as_str(), ON_DEMAND_QUOTA | SPOT_QUOTA)
}

/// The reason of a group's newest refusals. Among those of one wish a quota comes first: zones
/// without capacity hide it, and more zones would not help.
pub fn reason<'g, 'a>(group: &'g Group<'a>) -> Option<&'g Reason<'a>> {
    group.reason.as_ref()
}

/// Reads refusals, newest first. The same words are recognised once.
pub(super) fn read<'a>(refusals: &[Said<'a, ScalingActivity>]) -> Option<Reason<'a>> {
    let newest = refusals.first()?.1.started_at;
    let together = refusals.iter().copied().filter(|(_, launch)| age(newest, launch.started_at) <= ONE_WISH).take(10);
    let mut read: BTreeSet<&str> = BTreeSet::new();
    let mut reasons: Vec<Reason<'a>> = Vec::new();
    for said in together {
        if read.insert(text(said.1))
            && let Some((cause, confidence)) = known::recognise(text(said.1))
        {
            reasons.push(Reason { cause, confidence, said });
        }
    }
    let at = reasons.iter().position(|reason| is_vcpu_quota(&reason.cause)).unwrap_or(0);
    (at < reasons.len()).then(|| reasons.swap_remove(at))
}

fn text(launch: &ScalingActivity) -> &str {
    launch.message.as_deref().unwrap_or(&launch.description)
}

/// The limit that a refusal names: it is the quota's value.
pub fn limit_told(message: &str) -> Option<u64> {
    let (_, after) = message.split_once("vCPU limit of ")?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_limit_stands_in_the_refusal() {
        let message = "You have requested more vCPU capacity than your current vCPU limit of 4 allows for the instance bucket";
        assert_eq!(super::limit_told(message), Some(4));
        assert_eq!(super::limit_told("vCPU limit of many"), None);
    }
}
