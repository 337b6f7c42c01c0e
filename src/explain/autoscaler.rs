//! Whether a cluster's autoscaler is alive, by its own report, and what it says of a group.

use super::finding::Evidence;
use super::obstacle::{self, Need};
use super::words::of;
use super::world::{Group, World};
use crate::domain::id::ResourceKey;
use crate::domain::provisioner::AutoscalerGroup;
use crate::domain::text::Text;
use crate::domain::time::{Duration, age, words};

/// It writes every ten seconds or so: a report older than this means that it does not run.
const SILENT: Duration = Duration::from_mins(5);

/// How the autoscaler does.
#[derive(Debug)]
pub enum State<'a> {
    /// It does not run, or does not look: in words, with the report's key and what it rests on.
    Down(String, &'a ResourceKey, Vec<Evidence>),
    /// It reports that the whole cluster is not healthy, and does nothing.
    Unhealthy(&'a ResourceKey, Vec<Evidence>),
    /// It works.
    Works,
    /// Its report could not be read.
    Unread,
    /// There is no report.
    Absent,
}

/// How the autoscaler of a context does.
pub fn state<'a>(world: &World<'a>, context: &Text) -> State<'a> {
    let Some((source, status)) = world.inside(context).autoscaler else {
        let unread = obstacle::failure(world, context, Need::Autoscaler).is_some();
        return if unread { State::Unread } else { State::Absent };
    };
    if let Some((ready, wanted)) = status.replicas.filter(|(ready, _)| *ready == 0) {
        let says = if wanted == 0 { "it is scaled to zero".to_owned() } else { format!("{} of its replicas are ready", of(ready, wanted)) };
        let mut evidence = vec![world.evidence(source, &status.key, "ready replicas / wanted", format!("{ready} / {wanted}"))];
        evidence.extend(reported(world, source, status));
        return State::Down(says, &status.key, evidence);
    }
    // Compared with when it was read: a source that has gone stale says nothing about it.
    let seen = world.snapshot.read_at(source).unwrap_or(world.now);
    if let Some(at) = status.reported_at.filter(|at| age(seen, *at) > SILENT) {
        let says = format!("its last report is {} old", words(age(world.now, at)));
        return State::Down(says, &status.key, reported(world, source, status).into_iter().collect());
    }
    if status.health.eq_ignore_ascii_case("unhealthy") {
        return State::Unhealthy(&status.key, vec![world.evidence(source, &status.key, "health", status.health.clone())]);
    }
    State::Works
}

fn reported(
    world: &World<'_>,
    source: &crate::domain::id::SourceId,
    status: &crate::domain::provisioner::AutoscalerStatus,
) -> Option<Evidence> {
    status.reported_at.map(|at| world.evidence(source, &status.key, "last report", format!("{} ago", words(age(world.now, at)))))
}

/// The autoscaler's view of a group, joined by the cloud's name of it.
pub fn group<'a>(world: &World<'a>, group: &Group<'_>) -> Option<(&'a crate::domain::id::SourceId, &'a ResourceKey, &'a AutoscalerGroup)> {
    let (source, status) = world.inside(&group.key.context).autoscaler?;
    let own = group.cloud_name();
    let exact = status.groups.iter().find(|told| told.cloud_name == *own);
    // Without the cloud's own view only the short name is known, which the long one contains.
    let loose = || {
        let dashed = format!("-{}-", group.key.name);
        status.groups.iter().find(|told| told.cloud_name == group.key.name || format!("-{}-", told.cloud_name).contains(&dashed))
    };
    let told = exact.or_else(|| if group.actual.is_none() { loose() } else { None })?;
    Some((source, &status.key, told))
}

/// Whether it pauses with a group after a failure.
pub fn pauses(told: &AutoscalerGroup) -> bool {
    told.scale_up.eq_ignore_ascii_case("backoff")
}
