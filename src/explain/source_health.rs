//! Contexts of which nothing was ever read: there is no workload to explain, and that itself is
//! the answer.

use super::finding::{Explanation, Link, Verdict};
use super::obstacle;
use super::world::World;
use crate::domain::id::{ResourceKey, ResourceKind, SourceId};
use crate::domain::snapshot::{Snapshot, SourceView};
use crate::domain::source::Health;
use crate::domain::text::Text;
use crate::domain::time::Timestamp;

/// One explanation (verdict "cannot tell", about the cluster) for each context whose platform has
/// never answered. Contexts that were read once keep their workloads, with their age.
pub fn context_health(snapshot: &Snapshot, now: Timestamp) -> Vec<Explanation> {
    let world = World::new(snapshot, now);
    world.contexts().filter_map(|(name, context)| unreadable(&world, name, &context.sources)).collect()
}

fn unreadable(world: &World<'_>, context: &Text, sources: &[(&SourceId, &SourceView)]) -> Option<Explanation> {
    let mut platforms = sources.iter().filter(|(id, _)| !id.kind.starts_with("aws")).peekable();
    platforms.peek()?;
    let failed = platforms.clone().find_map(|(id, source)| match &source.health {
        Health::Failed { at, failure } => Some((*id, *at, failure)),
        _ => None,
    });
    let read = platforms.any(|(_, source)| source.health.read_at().is_some());
    let (source, at, failure) = failed.filter(|_| !read)?;
    let found = obstacle::obstacle(world, source, failure, "how the workloads of this context do");
    Some(Explanation {
        workload: ResourceKey::new(context, ResourceKind::Cluster, context.clone()),
        verdict: Verdict::CannotTell,
        since: Some(at),
        root: found.finding.as_ref().map(|finding| finding.cause.clone()),
        also: Vec::new(),
        headline: found.headline,
        chain: found.finding.into_iter().map(|finding| Link { depth: 0, finding }).collect(),
        missing: found.missing,
        progress: None,
        pace: None,
        next_update: None,
        freed: None,
    })
}
