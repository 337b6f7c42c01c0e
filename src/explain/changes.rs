//! What changed between two explanations of the world: a workload that was held up and is not any
//! more says for a while what freed it. Pure; whoever explains again and again keeps the last ones.

use super::finding::{Explanation, Explanations, Freed, Verdict};
use super::words::short_name;
use crate::domain::id::ResourceKey;
use crate::domain::snapshot::Snapshot;
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp, age};
use crate::domain::workload::Phase;

/// How long it is told.
const TOLD: Duration = Duration::from_mins(15);

/// Adds to the next explanations what freed the workloads that the previous ones held up.
pub fn changes(previous: &Explanations, next: &mut Explanations, snapshot: &Snapshot, now: Timestamp) {
    for explanation in next.values_mut().filter(|explanation| explanation.verdict == Verdict::Clear) {
        let Some(before) = previous.get(&explanation.workload) else { continue };
        explanation.freed = match (&before.root, &before.freed) {
            (Some(_), _) if before.verdict == Verdict::Held => freed(before, snapshot, now),
            (_, Some(freed)) if age(now, freed.at) < TOLD => Some(freed.clone()),
            _ => None,
        };
        if let Some(freed) = explanation.freed.as_ref().filter(|_| explanation.headline.is_empty()) {
            explanation.headline = freed.says();
        }
    }
}

fn freed(before: &Explanation, snapshot: &Snapshot, now: Timestamp) -> Option<Freed> {
    let by = by(&before.workload, before.since, snapshot, now);
    Some(Freed { root: before.root.clone()?, was: before.headline.clone(), since: before.since, at: now, by })
}

/// What happened last that may have freed it: a machine that joined, or its replicas themselves.
fn by(workload: &ResourceKey, since: Option<Timestamp>, snapshot: &Snapshot, now: Timestamp) -> Option<Text> {
    let from = since.or(now.checked_sub(TOLD).ok())?;
    let nodes = snapshot.sources(&workload.context).flat_map(|(_, source)| &source.view.nodes);
    let joined = nodes.filter(|node| node.is_worker && node.ready != Some(false));
    let newest = joined.filter_map(|node| Some((node.created_at?, node))).filter(|(at, _)| *at > from && age(now, *at) < TOLD);
    if let Some((_, node)) = newest.max_by(|(a, one), (b, other)| a.cmp(b).then_with(|| other.key.cmp(&one.key))) {
        return Some(format!("node {} joined", short_name(&node.key.name)).into());
    }
    let (_, workload) = snapshot.workload(workload)?;
    match workload.status.phase {
        Phase::Live => Some("all it asked for became ready".into()),
        Phase::Zero | Phase::Idle | Phase::Stopping => Some(format!("it went to {}", workload.status.native).into()),
        _ => None,
    }
}
