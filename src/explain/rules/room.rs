//! A machine has room: the replica will be placed, nothing holds it up.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::domain::time::age;
use crate::explain::condition::Condition;
use crate::explain::durations::{self, Stage};
use crate::explain::engine::Verdict;
use crate::explain::placement::Waiting;
use crate::explain::places;
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule { slug: "room", explains: Condition::NodesRefuse, causes: &[], check };

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let elapsed = waiting.since(world).map(|since| age(world.now, since)).unwrap_or_default();
    let typical = durations::of(&waiting.workload.platform, Stage::Placing);
    if elapsed < typical.most {
        return typical.moving("looking for a place", elapsed);
    }
    let found = waiting.demand().is_some() && places::of(world, waiting.workload).room.is_some();
    // Room that is still not used after a while is not room: something unseen keeps replicas off.
    if found && elapsed < typical.stuck { typical.moving("being placed", elapsed) } else { Verdict::Clear }
}
