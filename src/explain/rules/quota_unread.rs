//! The provider could not be asked why a machine does not come, or about its quotas.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::explain::condition::Condition;
use crate::explain::engine::Verdict;
use crate::explain::obstacle::{self, Need};
use crate::explain::refusal;
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule { slug: "quota_unread", explains: Condition::LaunchRefused, causes: &[], check };

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(group) = world.group(key) else { return Verdict::Clear };
    let is_quota = refusal::reason(group).map(|reason| refusal::is_vcpu_quota(&reason.cause));
    match is_quota {
        // Refused for something else: the quota is no open question.
        Some(false) => Verdict::Clear,
        Some(true) | None => obstacle::verdict(world, &key.context, Need::Quotas),
    }
}
