//! Folds what sources bring into the snapshot. Total: whatever arrives, a snapshot comes out.
//!
//! An equal view moves only its age and keeps the generation: no new explanation, no redraw.

use std::cmp::Ordering;
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
        slot.stats.changed = snapshot.generation;
        let view = Arc::clone(&slot.view);
        remember(Arc::make_mut(&mut snapshot.history), &update.source.context, &view, update.at);
    }
    change
}

fn accept(slot: &mut SourceView, fresh: Arc<View>, at: Timestamp) -> Change {
    let was_good = matches!(slot.health, Health::Fresh { .. });
    slot.health = Health::Fresh { at };
    slot.stats.failures = 0;
    if was_good && (Arc::ptr_eq(&slot.view, &fresh) || adds_nothing(&slot.view, &fresh)) {
        return Change::Age;
    }
    slot.view = append(&slot.view, fresh);
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

/// Whether a fresh view says nothing that is not known: its lists are the same, and its
/// activities and events are all there already. Looks at what is fresh, not at the whole ring.
fn adds_nothing(old: &View, fresh: &View) -> bool {
    // Named one by one, so that a list that is added to a view is not forgotten here.
    let View {
        cluster,
        kubectl_context,
        aws_profile,
        workloads,
        replicas,
        rollouts,
        nodes,
        groups,
        activities,
        quotas,
        namespace_quotas,
        limit_rules,
        scalers,
        budgets,
        claims,
        autoscaler,
        node_pools,
        node_claims,
        node_classes,
        events,
        log_tails,
        gaps,
        raw,
    } = fresh;
    *cluster == old.cluster
        && *kubectl_context == old.kubectl_context
        && *aws_profile == old.aws_profile
        && *workloads == old.workloads
        && *replicas == old.replicas
        && *rollouts == old.rollouts
        && *nodes == old.nodes
        && *groups == old.groups
        && *quotas == old.quotas
        && *namespace_quotas == old.namespace_quotas
        && *limit_rules == old.limit_rules
        && *scalers == old.scalers
        && *budgets == old.budgets
        && *claims == old.claims
        && *autoscaler == old.autoscaler
        && *node_pools == old.node_pools
        && *node_claims == old.node_claims
        && *node_classes == old.node_classes
        && *gaps == old.gaps
        && *log_tails == old.log_tails
        && *raw == old.raw
        && has_all(&old.activities, activities, activity_order)
        && has_all(&old.events, events, event_order)
}

/// Whether a sorted ring has every one of these. A source that tells all again tells the same, mostly.
fn has_all<T: PartialEq>(ring: &[T], fresh: &[T], order: impl Fn(&T, &T) -> Ordering + Copy) -> bool {
    ring == fresh
        || fresh.iter().all(|one| {
            let begin = ring.partition_point(|other| order(other, one).is_lt());
            ring.get(begin..).unwrap_or_default().iter().take_while(|other| order(other, one).is_eq()).any(|other| other == one)
        })
}

/// The fresh view with the older activities and events that it does not repeat.
fn append(old: &View, fresh: Arc<View>) -> Arc<View> {
    if old.activities.is_empty() && old.events.is_empty() {
        return fresh;
    }
    let mut view = Arc::unwrap_or_clone(fresh);
    view.activities = merge(&old.activities, view.activities, activity_order, |a, b| a.key.cmp(&b.key));
    view.events = merge(&old.events, view.events, event_order, same_event);
    Arc::new(view)
}

/// Newest first.
fn activity_order(a: &ScalingActivity, b: &ScalingActivity) -> Ordering {
    b.started_at.cmp(&a.started_at).then_with(|| a.key.cmp(&b.key))
}

/// Newest first.
fn event_order(a: &Event, b: &Event) -> Ordering {
    b.at.cmp(&a.at).then_with(|| a.of.cmp(&b.of))
}

/// What makes two events one that was repeated.
fn same_event(a: &Event, b: &Event) -> Ordering {
    a.of.cmp(&b.of).then_with(|| a.reason.cmp(&b.reason)).then_with(|| a.message.cmp(&b.message))
}

/// A sorted ring with fresh ones in their places, each of which takes that of an older one that is
/// the same. Looks each old one up among the fresh ones, so that few fresh ones cost little.
fn merge<T: Clone>(
    old: &[T],
    fresh: Vec<T>,
    order: impl Fn(&T, &T) -> Ordering + Copy,
    identity: impl Fn(&T, &T) -> Ordering + Copy,
) -> Vec<T> {
    // What a source brings first in one view counts, as it does between views: the last wins.
    let mut by_identity = fresh;
    by_identity.reverse();
    by_identity.sort_by(identity);
    by_identity.dedup_by(|later, earlier| identity(later, earlier).is_eq());
    let mut kept: Vec<T> = Vec::with_capacity((old.len() + by_identity.len()).min(RING));
    let is_repeated = |one: &T| by_identity.binary_search_by(|other| identity(other, one)).is_ok();
    let mut rest = old.iter().filter(|one| !is_repeated(one)).peekable();
    let mut fresh = by_identity.clone();
    fresh.sort_by(order);
    for one in fresh {
        while kept.len() < RING
            && let Some(older) = rest.next_if(|older| order(older, &one).is_le())
        {
            kept.push(older.clone());
        }
        kept.push(one);
    }
    let room = RING.saturating_sub(kept.len());
    kept.extend(rest.take(room).cloned());
    kept.truncate(RING);
    kept
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

    fn event(second: i64, of: &str, count: u32) -> Event {
        Event {
            of: ResourceKey::new(&"prod".into(), ResourceKind::Replica, of),
            at: Timestamp::from_second(second).unwrap(),
            first_at: None,
            count,
            warning: false,
            reason: "Pulled".into(),
            message: "x".into(),
        }
    }

    fn brought(events: Vec<Event>) -> Update {
        let source = SourceId::new(&"prod".into(), "kubernetes.events");
        let outcome = Ok(Arc::new(View { events, ..View::default() }));
        Update { source, at: Timestamp::UNIX_EPOCH, took: Duration::ZERO, outcome }
    }

    fn told(snapshot: &Snapshot) -> Vec<(i64, String, u32)> {
        let events = snapshot.views.values().flat_map(|view| view.view.events.iter());
        events.map(|event| (event.at.as_second(), event.of.name.to_string(), event.count)).collect()
    }

    #[test]
    fn events_are_added_in_order_repeated_ones_move_and_known_ones_change_nothing() {
        let mut snapshot = Snapshot::default();
        apply(&mut snapshot, brought(vec![event(30, "c", 1), event(20, "b", 1), event(10, "a", 1)]));
        assert_eq!(apply(&mut snapshot, brought(vec![event(25, "d", 1), event(40, "a", 2)])), Change::Data);
        let expected = [(40, "a", 2), (30, "c", 1), (25, "d", 1), (20, "b", 1)].map(|(at, of, count)| (at, of.to_owned(), count));
        assert_eq!(told(&snapshot), expected);
        let generation = snapshot.generation;
        assert_eq!(apply(&mut snapshot, brought(vec![event(40, "a", 2), event(20, "b", 1)])), Change::Age);
        assert_eq!(apply(&mut snapshot, brought(Vec::new())), Change::Age);
        assert_eq!((told(&snapshot), snapshot.generation), (expected.to_vec(), generation));
        assert_eq!(apply(&mut snapshot, brought(vec![event(40, "a", 3)])), Change::Data);
        assert_eq!(told(&snapshot)[0], (40, "a".to_owned(), 3));
    }

    #[test]
    fn the_ring_keeps_the_newest() {
        let mut snapshot = Snapshot::default();
        let of = |seconds: std::ops::Range<i64>| seconds.rev().map(|second| event(second, &second.to_string(), 1)).collect::<Vec<_>>();
        let ring = i64::try_from(RING).unwrap();
        apply(&mut snapshot, brought(of(0..ring)));
        apply(&mut snapshot, brought(of(ring..ring + 5)));
        let all = told(&snapshot);
        assert_eq!((all.len(), all[0].0, all[RING - 1].0), (RING, ring + 4, 5));
    }

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
