//! Folds what sources bring into the snapshot. Total: whatever arrives, a snapshot comes out.
//!
//! An equal view moves only its age and keeps the generation: no new explanation, no redraw.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::group::ScalingActivity;
use super::history::{GroupSample, History, PhaseChange};
use super::id::{ResourceKey, SourceId};
use super::snapshot::{Snapshot, SourceView, View};
use super::source::{Failure, Health, PollStats};
use super::text::Text;
use super::time::{Duration, Timestamp};

/// The most activities and events kept per source.
pub const RING: usize = 20_000;

/// What a source brought, or why it brought nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// Which source.
    pub source: SourceId,
    /// When the poll ended.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// The outcome.
    pub outcome: Result<Arc<View>, Failure>,
}

/// How much an update changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Data or health differ: explain and draw again.
    Data,
    /// Only the age moved.
    Age,
}

/// Makes room for a source before its first poll, so that the screen can say "waiting".
pub fn announce(snapshot: &mut Snapshot, source: SourceId) {
    snapshot.views.entry(source).or_insert_with(|| SourceView {
        health: Health::Waiting,
        view: Arc::new(View::default()),
        stats: PollStats::default(),
    });
}

/// Applies one update.
pub fn apply(snapshot: &mut Snapshot, update: Update) -> Change {
    announce(snapshot, update.source.clone());
    let Some(slot) = snapshot.views.get_mut(&update.source) else { return Change::Age };
    slot.stats.polls += 1;
    slot.stats.took = update.took;
    let change = match update.outcome {
        Ok(fresh) => accept(slot, fresh, update.at),
        Err(failure) => refuse(slot, failure, update.at),
    };
    if change == Change::Data {
        snapshot.generation += 1;
        let view = Arc::clone(&slot.view);
        remember(Arc::make_mut(&mut snapshot.history), &update.source.context, &view, update.at);
    }
    change
}

fn accept(slot: &mut SourceView, fresh: Arc<View>, at: Timestamp) -> Change {
    let was_good = matches!(slot.health, Health::Fresh { .. });
    slot.health = Health::Fresh { at };
    slot.stats.failures = 0;
    let merged = append(&slot.view, fresh);
    if was_good && *merged == *slot.view {
        return Change::Age;
    }
    slot.view = merged;
    Change::Data
}

fn refuse(slot: &mut SourceView, failure: Failure, at: Timestamp) -> Change {
    slot.stats.failures = slot.stats.failures.saturating_add(1);
    let same = slot.health.failure() == Some(&failure);
    slot.health = match slot.health.read_at() {
        Some(since) => Health::Stale { since, failure },
        None => Health::Failed { at, failure },
    };
    if same { Change::Age } else { Change::Data }
}

/// The fresh view with the older activities and events that it does not repeat.
fn append(old: &View, fresh: Arc<View>) -> Arc<View> {
    if old.activities.is_empty() && old.events.is_empty() {
        return fresh;
    }
    let mut view = Arc::unwrap_or_clone(fresh);
    view.activities = merge_activities(&old.activities, view.activities);
    view.events = merge_events(&old.events, view.events);
    Arc::new(view)
}

fn merge_activities(old: &[ScalingActivity], fresh: Vec<ScalingActivity>) -> Vec<ScalingActivity> {
    let mut by_key: BTreeMap<ResourceKey, ScalingActivity> = old.iter().map(|a| (a.key.clone(), a.clone())).collect();
    by_key.extend(fresh.into_iter().map(|a| (a.key.clone(), a)));
    let mut all: Vec<ScalingActivity> = by_key.into_values().collect();
    all.sort_by(|a, b| b.started_at.cmp(&a.started_at).then_with(|| a.key.cmp(&b.key)));
    all.truncate(RING);
    all
}

fn merge_events(old: &[Event], fresh: Vec<Event>) -> Vec<Event> {
    let identity = |e: &Event| (e.of.clone(), e.reason.clone(), e.message.clone());
    let mut by_identity: BTreeMap<_, Event> = old.iter().map(|e| (identity(e), e.clone())).collect();
    by_identity.extend(fresh.into_iter().map(|e| (identity(&e), e)));
    let mut all: Vec<Event> = by_identity.into_values().collect();
    all.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.of.cmp(&b.of)));
    all.truncate(RING);
    all
}

fn remember(history: &mut History, context: &Text, view: &View, at: Timestamp) {
    for group in &view.groups {
        let (Some(desired), Some(in_service)) = (group.desired, group.in_service) else { continue };
        let series = history.groups.entry(group.key.clone()).or_default();
        let changed = series.back().is_none_or(|last| (last.desired, last.in_service) != (desired, in_service));
        if changed {
            push_bounded(series, GroupSample { at, desired, in_service });
        }
    }
    for workload in &view.workloads {
        let phase = workload.status.phase;
        let series = history.phases.entry(workload.key.clone()).or_default();
        let observed = !series.is_empty();
        if series.back().is_none_or(|last| last.phase != phase) {
            push_bounded(series, PhaseChange { at, phase, observed });
        }
    }
    forget_gone(&mut history.groups, context, view.groups.iter().map(|group| &group.key));
    forget_gone(&mut history.phases, context, view.workloads.iter().map(|workload| &workload.key));
}

/// Drops the series of what the context no longer has, once there are very many.
fn forget_gone<'k, T>(series: &mut BTreeMap<ResourceKey, VecDeque<T>>, context: &Text, present: impl Iterator<Item = &'k ResourceKey>) {
    if series.len() <= History::RESOURCES {
        return;
    }
    let present: BTreeSet<&ResourceKey> = present.collect();
    // A view without any says nothing about which there are.
    if !present.is_empty() {
        series.retain(|key, _| key.context != *context || present.contains(key));
    }
}

fn push_bounded<T>(series: &mut VecDeque<T>, sample: T) {
    if series.len() == History::SAMPLES {
        series.pop_front();
    }
    series.push_back(sample);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::ResourceKind;

    #[test]
    fn what_is_gone_is_forgotten_once_there_is_too_much_of_it() {
        let key = |context: &str, name: usize| ResourceKey::new(&context.into(), ResourceKind::NodeGroup, name.to_string().as_str());
        let many = |count: usize| (0..count).map(|name| (key("prod", name), VecDeque::from([name]))).collect::<BTreeMap<_, _>>();
        let present = key("prod", 1);
        let mut few = many(History::RESOURCES - 1);
        few.insert(key("staging", 1), VecDeque::new());
        forget_gone(&mut few, &"prod".into(), std::iter::once(&present));
        assert_eq!(few.len(), History::RESOURCES);
        few.insert(key("prod", usize::MAX), VecDeque::new());
        forget_gone(&mut few, &"prod".into(), std::iter::empty());
        assert_eq!(few.len(), History::RESOURCES + 1, "a view without groups says nothing");
        forget_gone(&mut few, &"prod".into(), std::iter::once(&present));
        assert_eq!(few.into_keys().collect::<Vec<_>>(), [present, key("staging", 1)]);
    }
}
