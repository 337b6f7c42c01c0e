//! A machine has room: the replica will be placed, nothing holds it up.

use super::Rule;
use crate::domain::id::ResourceKey;
use crate::domain::time::{Duration, age};
use crate::explain::condition::Condition;
use crate::explain::engine::Verdict;
use crate::explain::finding::Progress;
use crate::explain::placement::Waiting;
use crate::explain::places;
use crate::explain::world::World;

pub(super) const RULE: Rule = Rule { slug: "room", explains: Condition::NodesRefuse, causes: &[], check };

/// How long a scheduler and the next reading of the nodes take together.
const USUAL: Duration = Duration::from_mins(1);

/// Room that is still not used after this long is not room: something unseen keeps replicas off.
const BELIEVED: Duration = Duration::from_mins(5);

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some(waiting) = Waiting::find(world, key) else { return Verdict::Clear };
    let elapsed = waiting.since(world).map(|since| age(world.now, since)).unwrap_or_default();
    let moving = |stage: &str| Verdict::Moving(Progress { stage: stage.into(), elapsed, usual: USUAL });
    if elapsed < USUAL {
        return moving("looking for a place");
    }
    let found = waiting.demand().is_some() && places::of(world, waiting.workload).room.is_some();
    if found && elapsed < BELIEVED { moving("being placed") } else { Verdict::Clear }
}
