//! A part of the cluster that would decide could not be read.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::explain::condition::Condition;
use crate::explain::engine::Verdict;
use crate::explain::inside;
use crate::explain::obstacle::{self, Need};
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule { slug: "cluster_unread", explains: Condition::ClusterUnread, causes: &[], check };

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let need = if key.name.as_str() == inside::NODES { Need::Nodes } else { Need::Replicas };
    obstacle::verdict(world, &key.context, need)
}
