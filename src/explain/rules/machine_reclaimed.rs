//! The provider took the machine under a replica back. Replica and machine are both gone by the time
//! anybody looks: what stays is the notice, and a replica that was made anew right after it. Why that
//! one finds no place is the next question.

use super::Rule;
use crate::domain::group::{ActivityKind, ScalingActivity};
use crate::domain::id::{ResourceKey, ResourceKind};
use crate::domain::time::{Duration, Timestamp, age};
use crate::explain::broken;
use crate::explain::condition::Condition;
use crate::explain::engine::{Held, Verdict};
use crate::explain::fill::Fill;
use crate::explain::finding::{Confidence, Evidence};
use crate::explain::placement::{self, Waiting};
use crate::explain::unplaced;
use crate::explain::words::{clock_time, list, short_name};
use crate::explain::world::World;

pub(super) const RULE: Rule =
    Rule { slug: "machine_reclaimed", explains: Condition::ReplicaLost, causes: &["kubernetes/node-spot-interruption"], check };

/// A replica is made anew this soon after the notice, at the latest.
const FOLLOWS: Duration = Duration::from_mins(5);

/// Clocks of a cluster and its provider agree to this.
const SKEW: Duration = Duration::from_secs(30);

/// A machine that was taken back.
struct Loss {
    machine: String,
    at: Timestamp,
    evidence: Evidence,
}

/// Whether a replica waits because its machine was taken back.
pub(super) fn applies(world: &World<'_>, waiting: Waiting<'_>) -> bool {
    !losses(world, waiting).is_empty()
}

fn check(world: &World<'_>, key: &ResourceKey) -> Verdict {
    let Some((waiting, _)) = broken::find(world, key).filter(|(waiting, _)| waiting.job.is_none()) else { return Verdict::Clear };
    let mut losses = losses(world, waiting);
    losses.truncate(3);
    let Some(last) = losses.last() else { return Verdict::Clear };
    let names: Vec<&str> = losses.iter().map(|loss| loss.machine.as_str()).collect();
    let (at, machines) = (clock_time(world.now, last.at), list(&names));
    let many = if names.len() == 1 { "machine" } else { "machines" };
    let fill = Fill::of(world, &key.context).workload(key);
    Held::new(
        "kubernetes/node-spot-interruption",
        key,
        world.confidence(&last.evidence.source, Confidence::Likely),
        format!("the provider took the {many} {machines} back at {at}, and with it a replica; the one made in its place has none yet"),
        format!("{many} {machines} taken back at {at}"),
    )
    .remedies(fill.commands("kubernetes/node-spot-interruption"))
    .evidence(losses.into_iter().map(|loss| loss.evidence))
    .asks_each(unplaced::asks(world, waiting))
    .verdict()
}

/// Machines whose loss comes right before a wish for a new place, the oldest first.
fn losses(world: &World<'_>, waiting: Waiting<'_>) -> Vec<Loss> {
    let workload = waiting.workload;
    let context = world.context(&workload.key.context);
    if waiting.job.is_some() || workload.replicas.is_none_or(|counts| counts.unplaced() == 0) {
        return Vec::new();
    }
    let wishes = wishes(world, waiting);
    let follows = |at: Timestamp| {
        let soon = |wish: &Timestamp| age(at, *wish) <= SKEW && age(*wish, at) <= FOLLOWS;
        wishes.iter().any(soon)
    };
    let mut losses: Vec<Loss> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for said in context.notices.iter().copied().filter(|(_, event)| follows(event.first_at.unwrap_or(event.at))) {
        let name = short_name(&said.1.of.name);
        if !seen.contains(&name) {
            seen.push(name);
            losses.push(Loss { machine: name.to_owned(), at: said.1.first_at.unwrap_or(said.1.at), evidence: world.told(said) });
        }
    }
    if losses.is_empty() {
        // Where no notice is to be read, the group's own history has the end of the machine.
        let groups = context.groups.values().filter(|group| group.is_spot() && placement::may_use(workload, group));
        let ended =
            groups.flat_map(|group| group.activities.iter().copied()).filter(|(_, ended)| was_taken(ended) && follows(ended.started_at));
        losses.extend(ended.map(|(source, ended)| {
            let machine = ended.instance.as_ref().map_or_else(|| "machine".to_owned(), ToString::to_string);
            let key = ResourceKey::new(&workload.key.context, ResourceKind::Activity, ended.key.name.clone());
            let mut evidence = world.evidence(source, &key, "Cause", ended.cause.clone());
            evidence.observed_at = ended.started_at;
            Loss { machine, at: ended.started_at, evidence }
        }));
    }
    losses.sort_by_key(|loss| loss.at);
    losses
}

/// When replicas without a place were made; where they are not listed, when the trouble began.
fn wishes(world: &World<'_>, waiting: Waiting<'_>) -> Vec<Timestamp> {
    let unplaced = world.inside(&waiting.workload.key.context).unplaced(&waiting.workload.key);
    let made: Vec<Timestamp> = unplaced.iter().filter_map(|(_, replica)| replica.created_at).collect();
    if made.is_empty() { world.since(waiting.workload).into_iter().collect() } else { made }
}

/// Whether a machine ended by somebody else's will than the group's.
fn was_taken(ended: &ScalingActivity) -> bool {
    let cause = ended.cause.to_ascii_lowercase();
    ended.kind == ActivityKind::Terminate
        && ["terminated or stopped", "interruption", "rebalance recommendation"].iter().any(|word| cause.contains(word))
}
