//! One thing that happened, and the folding of those that are alike.

use std::collections::BTreeMap;

use crate::console::meaning::Meaning;
use crate::console::model::Model;
use crate::console::navigation::ObjectId;
use crate::console::view::content::{Cell, Row};
use crate::console::view::{contexts, groups};
use crate::domain::condition::StatusCondition;
use crate::domain::event::Event;
use crate::domain::group::{ActivityOutcome, ScalingActivity};
use crate::domain::history::PhaseChange;
use crate::domain::id::ResourceKey;
use crate::domain::rollout::{Revision, Rollout};
use crate::domain::time::Timestamp;
use crate::domain::workload::Phase;

/// Sorts of moments, to see one of them alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// Warnings of the cluster or the platform.
    Warnings,
    /// All its events.
    Events,
    /// What node groups tried.
    Scaling,
    /// Rollouts and phases.
    Rollouts,
}

impl Sort {
    /// The words for a heading.
    pub fn word(self) -> &'static str {
        match self {
            Self::Warnings => "warnings",
            Self::Events => "events that are no warnings",
            Self::Scaling => "scaling activities",
            Self::Rollouts => "rollouts and phases",
        }
    }

    /// The next one of a round through all and each.
    pub fn next(now: Option<Self>) -> Option<Self> {
        match now {
            None => Some(Self::Warnings),
            Some(Self::Warnings) => Some(Self::Events),
            Some(Self::Events) => Some(Self::Scaling),
            Some(Self::Scaling) => Some(Self::Rollouts),
            Some(Self::Rollouts) => None,
        }
    }
}

/// Something that happened, not yet a row.
pub enum Moment<'a> {
    Event(&'a Event),
    Activity(&'a ScalingActivity),
    Phase(&'a ResourceKey, &'a PhaseChange),
    Condition(&'a Rollout, &'a StatusCondition, Timestamp),
    Revision(&'a Rollout, &'a Revision, Timestamp),
}

/// What a rollout tells of its past: revisions made, conditions that changed.
pub fn of_rollout(rollout: &Rollout) -> impl Iterator<Item = Moment<'_>> {
    let made = rollout.revisions.iter().filter_map(move |revision| Some(Moment::Revision(rollout, revision, revision.created_at?)));
    let changed = rollout.conditions.iter().filter_map(move |condition| Some(Moment::Condition(rollout, condition, condition.since?)));
    made.chain(changed)
}

impl<'a> Moment<'a> {
    fn at(&self) -> Timestamp {
        match self {
            Self::Event(event) => event.at,
            Self::Activity(activity) => activity.started_at,
            Self::Phase(_, change) => change.at,
            Self::Condition(_, _, at) | Self::Revision(_, _, at) => *at,
        }
    }

    fn first_at(&self) -> Timestamp {
        match self {
            Self::Event(event) => event.first_at.unwrap_or(event.at),
            other => other.at(),
        }
    }

    fn of(&self) -> &'a ResourceKey {
        match self {
            Self::Event(event) => &event.of,
            Self::Activity(activity) => &activity.group,
            Self::Phase(key, _) => key,
            Self::Condition(rollout, ..) | Self::Revision(rollout, ..) => &rollout.key,
        }
    }

    /// Its sort.
    pub fn sort(&self) -> Sort {
        match self {
            Self::Event(event) if event.warning => Sort::Warnings,
            Self::Event(_) => Sort::Events,
            Self::Activity(_) => Sort::Scaling,
            Self::Phase(..) | Self::Condition(..) | Self::Revision(..) => Sort::Rollouts,
        }
    }

    fn count(&self) -> u64 {
        if let Self::Event(event) = self { u64::from(event.count.max(1)) } else { 1 }
    }

    /// What makes two moments alike, if anything can.
    fn likeness(&self, owners: &Owners<'a>) -> Option<(&'a ResourceKey, &'a str, &'a str)> {
        match self {
            Self::Event(event) => Some((owners.get(&event.of).copied().unwrap_or(&event.of), &event.reason, &event.message)),
            Self::Activity(activity) => {
                let message = activity.message.as_ref().filter(|_| activity.outcome == ActivityOutcome::Failed)?;
                Some((&activity.group, &activity.native, message))
            }
            Self::Phase(..) | Self::Condition(..) | Self::Revision(..) => None,
        }
    }

    /// Glyph with its meaning, what, said, whether it is a problem.
    fn words(&self) -> ((&'static str, Meaning), String, String, bool) {
        match self {
            Self::Event(event) => {
                let look = if event.warning { ("✖", Meaning::Warning) } else { ("·", Meaning::Plain) };
                (look, event.reason.to_string(), event.message.to_string(), event.warning)
            }
            Self::Activity(activity) => {
                let said = activity.message.as_ref().unwrap_or(&activity.description);
                let what = format!("{} {}", groups::kind(activity.kind), activity.native);
                (groups::outcome(activity.outcome), what, said.to_string(), activity.outcome == ActivityOutcome::Failed)
            }
            Self::Phase(_, change) => {
                let said = if change.observed { "holdup saw it change" } else { "as holdup saw it first" };
                (("▸", Meaning::Subject), phase(change.phase).to_owned(), said.to_owned(), false)
            }
            Self::Condition(_, condition, _) => {
                let holds = match condition.holds {
                    Some(true) => "",
                    Some(false) => "not ",
                    None => "unknown: ",
                };
                let said = format!("{} {}", condition.reason, condition.message);
                (("▸", Meaning::Subject), format!("{holds}{}", condition.name), said.trim().to_owned(), false)
            }
            Self::Revision(rollout, revision, _) => {
                let number = revision.number.map(|number| format!(" #{number}")).unwrap_or_default();
                let images: Vec<&str> = revision.images.iter().map(crate::domain::text::Text::as_str).collect();
                let said = format!("{} of {} with {}", revision.name, rollout.workload.name, images.join(", "));
                (("▸", Meaning::Subject), format!("revision{number} made"), said, false)
            }
        }
    }

    fn id(&self) -> ObjectId {
        match self {
            Self::Event(event) => ObjectId::Event { of: event.of.clone(), reason: event.reason.clone(), message: event.message.clone() },
            Self::Activity(activity) => ObjectId::Resource(activity.key.clone()),
            Self::Phase(key, change) => {
                ObjectId::Event { of: (*key).clone(), reason: phase(change.phase).into(), message: change.at.to_string().into() }
            }
            Self::Condition(rollout, condition, _) => {
                ObjectId::Event { of: rollout.key.clone(), reason: condition.name.clone(), message: "condition".into() }
            }
            Self::Revision(rollout, revision, _) => {
                ObjectId::Event { of: rollout.key.clone(), reason: revision.name.clone(), message: "revision".into() }
            }
        }
    }
}

/// Which workload a replica belongs to.
pub type Owners<'a> = BTreeMap<&'a ResourceKey, &'a ResourceKey>;

/// The workloads of all replicas.
pub fn owners(model: &Model) -> Owners<'_> {
    let replicas = model.snapshot().views.values().flat_map(|source| &source.view.replicas);
    replicas.filter_map(|replica| Some((&replica.key, replica.workload.as_ref()?))).collect()
}

/// Moments that are alike, as one.
pub struct Folded<'a> {
    newest: Moment<'a>,
    first_at: Timestamp,
    count: u64,
    others: u32,
}

/// Alike moments as one each, the newest first.
pub fn fold<'a>(mut moments: Vec<Moment<'a>>, owners: &Owners<'a>) -> Vec<Folded<'a>> {
    moments.sort_by_key(|moment| std::cmp::Reverse(moment.at()));
    let mut places: BTreeMap<(&ResourceKey, &str, &str), usize> = BTreeMap::new();
    let mut folded: Vec<Folded<'a>> = Vec::new();
    for moment in moments {
        let likeness = moment.likeness(owners);
        if let Some(known) = likeness.and_then(|likeness| folded.get_mut(*places.get(&likeness)?)) {
            known.first_at = known.first_at.min(moment.first_at());
            known.count = known.count.saturating_add(moment.count());
            known.others += u32::from(moment.of() != known.newest.of());
            continue;
        }
        if let Some(likeness) = likeness {
            places.insert(likeness, folded.len());
        }
        folded.push(Folded { first_at: moment.first_at(), count: moment.count(), others: 0, newest: moment });
    }
    folded
}

impl Folded<'_> {
    /// The row of a table.
    pub fn row(&self, model: &Model, now: Timestamp) -> Row {
        let ((glyph, tone), what, said, problem) = self.newest.words();
        let at = self.newest.at();
        let of = self.newest.of();
        let others = if self.others > 0 { format!(" +{}", self.others) } else { String::new() };
        let times = if self.count > 1 { format!(" ×{}", self.count) } else { String::new() };
        let since =
            if self.count > 1 && self.first_at < at { format!(" (since {})", self.first_at.strftime("%H:%M")) } else { String::new() };
        let cells = vec![
            Cell::new(glyph, tone),
            Cell::age(now, Some(at)),
            contexts::cell(model, &of.context),
            Cell::muted(at.strftime("%H:%M:%S").to_string()),
            Cell::muted(format!("{of}{others}")),
            Cell::new(format!("{what}{times}"), tone),
            Cell::plain(format!("{said}{since}")),
        ];
        Row::new(self.newest.id(), cells).problem(problem)
    }
}

/// The words for a phase.
fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Live => "live",
        Phase::Short => "short of replicas",
        Phase::Updating => "updating",
        Phase::Failed => "failed",
        Phase::Zero => "at zero",
        Phase::Idle => "idle",
        Phase::Stopping => "stopping",
        Phase::Unrecognized => "unknown phase",
    }
}
