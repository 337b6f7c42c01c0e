//! One index over a snapshot, built once per run, so that no rule searches twice.
//!
//! It joins and counts; it does not judge.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::finding::{Confidence, Evidence};
use super::inside::Inside;
use super::places::{Kind, Places};
use super::refusal::{self, Reason};
use super::roster::Roster;
use super::shape::{self, Shape};
use crate::domain::capacity::Resources;
use crate::domain::event::Event;
use crate::domain::group::{ActivityKind, ActivityOutcome, NodeGroup, ScalingActivity};
use crate::domain::id::{ResourceKey, ResourceKind, SourceId};
use crate::domain::job::Job;
use crate::domain::log::LogTail;
use crate::domain::node::Node;
use crate::domain::quota::Quota;
use crate::domain::replica::Replica;
use crate::domain::snapshot::{Cluster, Snapshot, SourceView};
use crate::domain::source::Health;
use crate::domain::text::Text;
use crate::domain::time::{Duration, Timestamp, age};
use crate::domain::workload::Workload;

/// Something a source said.
pub type Said<'a, T> = (&'a SourceId, &'a T);

/// Data older than this no longer makes a finding certain.
const STALE_AFTER: Duration = Duration::from_mins(10);

/// How far back a failed launch counts where nobody says since when the group is wanted.
const UNATTRIBUTED: Duration = Duration::from_hours(6);

/// Events that announce that the machine is taken away.
pub const RECLAIMED: &[&str] = &[
    "SpotInterrupted",
    "SpotInterruption",
    "SpotInterruptionWarning",
    "SpotRebalanceRecommendation",
    "RebalanceRecommendation",
    "PreemptScheduled",
    "InstanceTerminating",
];

/// A snapshot, indexed.
pub struct World<'a> {
    /// The snapshot itself.
    pub snapshot: &'a Snapshot,
    /// The present.
    pub now: Timestamp,
    contexts: BTreeMap<&'a Text, Context<'a>>,
    roster: Roster<'a>,
    jobs: BTreeMap<&'a ResourceKey, (Said<'a, Workload>, &'a Job)>,
    events: BTreeMap<&'a ResourceKey, Vec<Said<'a, Event>>>,
    logs: BTreeMap<&'a ResourceKey, Vec<Said<'a, LogTail>>>,
    nobody: Context<'a>,
    /// What [`super::places`] worked out, by kind of replica.
    pub(super) places: RefCell<BTreeMap<Kind<'a>, Rc<Places<'a>>>>,
    /// What [`super::survey`] worked out, by kind of replica.
    pub(super) surveys: RefCell<super::survey::Known<'a>>,
}

/// One context, indexed.
#[derive(Default)]
pub struct Context<'a> {
    /// Its sources.
    pub sources: Vec<(&'a SourceId, &'a SourceView)>,
    /// What the sources say of the cluster and the account, the platform's own word first.
    pub clusters: Vec<Said<'a, Cluster>>,
    /// Node groups by short name.
    pub groups: BTreeMap<&'a Text, Group<'a>>,
    /// Nodes of no known group.
    pub loose_nodes: Vec<Said<'a, Node>>,
    /// Quotas.
    pub quotas: Vec<Said<'a, Quota>>,
    /// Workloads.
    pub workloads: Vec<Said<'a, Workload>>,
    /// Who holds accelerators and how many, the largest first.
    pub holders: Vec<(&'a ResourceKey, i64)>,
    /// Accelerators held in all.
    pub held: i64,
    /// What the cluster tells from inside.
    pub inside: Inside<'a>,
    /// Notices that a machine is taken back: the machine itself may be gone.
    pub notices: Vec<Said<'a, Event>>,
    /// Events of machines that pools asked for: the machines themselves may be gone.
    pub claim_events: Vec<Said<'a, Event>>,
}

/// A node group with all that hangs on it.
pub struct Group<'a> {
    /// Its identity.
    pub key: &'a ResourceKey,
    /// What the platform configured.
    pub configured: Option<Said<'a, NodeGroup>>,
    /// What the cloud reports.
    pub actual: Option<Said<'a, NodeGroup>>,
    /// Its machines, as the platform sees them.
    pub nodes: Vec<Said<'a, Node>>,
    /// Its history, newest first.
    pub activities: Vec<Said<'a, ScalingActivity>>,
    refusals: Vec<Said<'a, ScalingActivity>>,
    /// Why the newest of them were refused, if their words are known.
    pub reason: Option<Reason<'a>>,
    /// Shapes of the machine types it may launch, the preferred first.
    pub shapes: Vec<Shape>,
    /// What replicas without a place ask of it in all.
    pub wanted: Resources,
    /// Since when the first of them has been waiting.
    pub wanted_since: Option<Timestamp>,
}

impl<'a> Group<'a> {
    fn new(key: &'a ResourceKey) -> Self {
        Self {
            key,
            configured: None,
            actual: None,
            nodes: Vec::new(),
            activities: Vec::new(),
            refusals: Vec::new(),
            reason: None,
            shapes: Vec::new(),
            wanted: Resources::default(),
            wanted_since: None,
        }
    }

    /// The richest single view: the cloud's if there is one.
    pub fn said(&self) -> Option<Said<'a, NodeGroup>> {
        self.actual.or(self.configured)
    }

    /// Whether workloads run on it.
    pub fn is_worker(&self) -> bool {
        self.configured.or(self.actual).is_some_and(|(_, group)| group.is_worker)
    }

    /// Whether it launches reclaimable machines.
    pub fn is_spot(&self) -> bool {
        self.said().is_some_and(|(_, group)| group.spot)
    }

    /// Never more machines than this, with who says so.
    pub fn max(&self) -> Option<(&'a SourceId, u32)> {
        self.said().map(|(source, group)| (source, group.max))
    }

    /// Machines that run, as far as anybody counts them.
    pub fn running(&self) -> u32 {
        let counted = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.actual.and_then(|(_, group)| group.in_service).unwrap_or(counted)
    }

    /// The machine type it prefers.
    pub fn preferred_type(&self) -> Option<&'a Text> {
        let configured = self.configured.and_then(|(_, group)| group.instance_types.first());
        configured
            .or_else(|| self.actual.and_then(|(_, group)| group.instance_types.first()))
            .or_else(|| self.nodes.first().map(|(_, node)| &node.instance_type))
    }

    fn learn_shapes(&mut self) {
        let preferred = self.preferred_type().cloned();
        let listed = self.configured.into_iter().chain(self.actual).flat_map(|(_, group)| group.instance_types.iter().cloned());
        let mut names: Vec<Text> = Vec::new();
        for name in preferred.into_iter().chain(listed) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        self.shapes = names.iter().filter_map(|name| shape::of(name)).collect();
    }

    /// The shape of the machine type it prefers.
    pub fn shape(&self) -> Option<&Shape> {
        self.shapes.first()
    }

    /// The cloud's name of it, or its own.
    pub fn cloud_name(&self) -> &'a Text {
        self.actual.and_then(|(_, group)| group.cloud_name.as_ref()).unwrap_or(&self.key.name)
    }

    /// Launches, newest first.
    pub fn launches(&self) -> impl Iterator<Item = Said<'a, ScalingActivity>> + '_ {
        self.activities.iter().copied().filter(|(_, activity)| activity.kind == ActivityKind::Launch)
    }

    /// When a machine last arrived.
    pub fn last_success(&self) -> Option<Said<'a, ScalingActivity>> {
        self.launches().find(|(_, launch)| launch.outcome == ActivityOutcome::Succeeded)
    }

    /// Launches that failed after the last success and after somebody began to wait for the
    /// group, newest first: what is older explains an older wait.
    pub fn refusals(&self) -> &[Said<'a, ScalingActivity>] {
        &self.refusals
    }

    fn learn_refusals(&mut self, now: Timestamp) {
        let success = self.last_success().map(|(_, launch)| launch.started_at);
        let from = self.wanted_since.or_else(|| now.checked_sub(UNATTRIBUTED).ok());
        self.refusals = self
            .launches()
            .filter(|(_, launch)| launch.outcome == ActivityOutcome::Failed)
            .filter(|(_, launch)| success.is_none_or(|success| launch.started_at > success))
            .filter(|(_, launch)| from.is_none_or(|from| launch.started_at >= from))
            .collect();
        self.reason = refusal::read(&self.refusals);
    }
}

impl<'a> World<'a> {
    /// Indexes a snapshot.
    pub fn new(snapshot: &'a Snapshot, now: Timestamp) -> Self {
        let mut world = Self {
            snapshot,
            now,
            contexts: BTreeMap::new(),
            roster: Roster::new(snapshot),
            jobs: BTreeMap::new(),
            events: BTreeMap::new(),
            logs: BTreeMap::new(),
            nobody: Context::default(),
            places: RefCell::default(),
            surveys: RefCell::default(),
        };
        for (id, source) in &snapshot.views {
            world.add(id, source);
        }
        for context in world.contexts.values_mut() {
            context.inside.settle();
        }
        for (id, source) in &snapshot.views {
            world.add_to_groups(id, source);
        }
        for context in world.contexts.values_mut() {
            context.clusters.sort_by_key(|(_, cluster)| cluster.platform.as_str() == "aws");
            for group in context.groups.values_mut() {
                group.learn_shapes();
                group.activities.sort_by(|(_, a), (_, b)| b.started_at.cmp(&a.started_at).then_with(|| a.key.cmp(&b.key)));
            }
        }
        super::placement::count_wanted(world.contexts.values_mut(), &world.roster);
        for group in world.contexts.values_mut().flat_map(|context| context.groups.values_mut()) {
            group.learn_refusals(now);
        }
        world
    }

    fn add(&mut self, id: &'a SourceId, source: &'a SourceView) {
        let context = self.contexts.entry(&id.context).or_default();
        context.sources.push((id, source));
        let view = &source.view;
        context.inside.add(id, source);
        context.clusters.extend(view.cluster.iter().map(|cluster| (id, cluster)));
        context.quotas.extend(view.quotas.iter().map(|quota| (id, quota)));
        context.workloads.extend(view.workloads.iter().map(|workload| (id, workload)));
        for group in &view.groups {
            let slot = context.groups.entry(&group.key.name).or_insert_with(|| Group::new(&group.key));
            if group.cloud_name.is_some() {
                slot.actual = Some((id, group));
            } else {
                slot.configured = Some((id, group));
            }
        }
        for workload in &view.workloads {
            for job in &workload.jobs {
                self.jobs.insert(&job.key, ((id, workload), job));
            }
        }
        for tail in &view.log_tails {
            self.logs.entry(tail.workload.as_ref().unwrap_or(&tail.of)).or_default().push((id, tail));
        }
        let is_claim = |event: &&Event| match event.of.kind {
            ResourceKind::NodeClaim => true,
            ResourceKind::Object => event.of.name.starts_with("NodeClaim"),
            _ => false,
        };
        context.claim_events.extend(view.events.iter().filter(is_claim).map(|event| (id, event)));
        let is_notice = |event: &&Event| event.of.kind == ResourceKind::Node && RECLAIMED.contains(&event.reason.as_str());
        context.notices.extend(view.events.iter().filter(is_notice).map(|event| (id, event)));
        for event in &view.events {
            self.events.entry(&event.of).or_default().push((id, event));
        }
    }

    /// Nodes and activities, once all groups are known. A node that two sources tell of counts once.
    fn add_to_groups(&mut self, id: &'a SourceId, source: &'a SourceView) {
        let context = self.contexts.entry(&id.context).or_default();
        for node in &source.view.nodes {
            let Some(known) = context.inside.nodes.get(&node.key.name).copied() else { continue };
            let is_it = std::ptr::eq(known.1, node);
            // Who saw the machine itself may not know the platform's name of its group.
            let group = if is_it { node.group.as_ref() } else { node.group.as_ref().filter(|_| known.1.group.is_none()) };
            match group.and_then(|name| context.groups.get_mut(name)) {
                Some(group) => group.nodes.push(known),
                None if is_it => context.loose_nodes.push(known),
                None => {}
            }
        }
        for activity in &source.view.activities {
            context.groups.entry(&activity.group.name).or_insert_with(|| Group::new(&activity.group)).activities.push((id, activity));
        }
    }

    /// One context; an empty one if nothing is known of it.
    pub fn context(&self, name: &Text) -> &Context<'a> {
        self.contexts.get(name).unwrap_or(&self.nobody)
    }

    /// All contexts by name.
    pub fn contexts(&self) -> impl Iterator<Item = (&'a Text, &Context<'a>)> {
        self.contexts.iter().map(|(name, context)| (*name, context))
    }

    /// One workload with its source.
    pub fn workload(&self, key: &ResourceKey) -> Option<Said<'a, Workload>> {
        self.roster.find(key).map(|entry| entry.said)
    }

    /// All workloads with what is worked out about each.
    pub(super) fn roster(&self) -> &Roster<'a> {
        &self.roster
    }

    /// Since when a workload has not been what it should be, as far as anybody knows.
    pub fn since(&self, workload: &Workload) -> Option<Timestamp> {
        self.roster.find(&workload.key)?.since
    }

    /// All workloads with their sources, in order.
    pub fn workloads(&self) -> impl Iterator<Item = Said<'a, Workload>> + '_ {
        self.roster.iter().map(|entry| entry.said)
    }

    /// One job with its workload.
    pub fn job(&self, key: &ResourceKey) -> Option<(Said<'a, Workload>, &'a Job)> {
        self.jobs.get(key).copied()
    }

    /// One group.
    pub fn group(&self, key: &ResourceKey) -> Option<&Group<'a>> {
        self.context(&key.context).groups.get(&key.name)
    }

    /// What the cluster of a context tells from inside.
    pub fn inside(&self, context: &Text) -> &Inside<'a> {
        &self.context(context).inside
    }

    /// One replica, where replicas are listed one by one.
    pub fn replica(&self, key: &ResourceKey) -> Option<Said<'a, Replica>> {
        if key.kind != ResourceKind::Replica {
            return None;
        }
        self.inside(&key.context).replicas.get(&key.name).copied()
    }

    /// What happened to a resource, the newest first.
    pub fn events(&self, of: &ResourceKey) -> Vec<Said<'a, Event>> {
        let mut events: Vec<Said<'a, Event>> = self.events.get(of).cloned().unwrap_or_default();
        events.sort_by(|(_, a), (_, b)| b.at.cmp(&a.at).then_with(|| a.reason.cmp(&b.reason)).then_with(|| a.message.cmp(&b.message)));
        events
    }

    /// The last lines of the logs of a workload's replicas that are in trouble, or of its own.
    pub fn logs(&self, workload: &ResourceKey) -> &[Said<'a, LogTail>] {
        self.logs.get(workload).map_or(&[], Vec::as_slice)
    }

    /// The newest event of a resource with one of these reasons.
    pub fn event(&self, of: &ResourceKey, reasons: &[&str]) -> Option<Said<'a, Event>> {
        let events = self.events.get(of)?;
        events.iter().copied().filter(|(_, event)| reasons.contains(&event.reason.as_str())).max_by_key(|(_, event)| event.at)
    }

    /// An event as evidence, at the time it last happened.
    pub fn told(&self, (source, event): Said<'_, Event>) -> Evidence {
        let mut evidence = self.evidence(source, &event.of, &event.reason, event.message.clone());
        evidence.observed_at = event.at;
        evidence
    }

    /// Warnings about a resource with this reason, newest first.
    pub fn warnings(&self, of: &ResourceKey, reason: &str) -> Option<Said<'a, Event>> {
        let events = self.events.get(of)?;
        events.iter().copied().filter(|(_, event)| event.warning && event.reason.as_str() == reason).max_by_key(|(_, event)| event.at)
    }

    /// The region of a context, if any source says.
    pub fn region(&self, context: &Text) -> Option<&'a Text> {
        self.context(context).clusters.iter().find_map(|(_, cluster)| cluster.region.as_ref())
    }

    /// The profile that reaches the account of a context, if its configuration names one.
    pub fn aws_profile(&self, context: &Text) -> Option<&'a Text> {
        self.context(context).sources.iter().find_map(|(_, source)| source.view.aws_profile.as_ref())
    }

    /// The platform's name of the cluster.
    pub fn cluster_name(&self, context: &Text) -> Option<&'a Text> {
        self.context(context).clusters.iter().find(|(_, cluster)| cluster.platform.as_str() != "aws").map(|(_, cluster)| &cluster.name)
    }

    /// What `source` said of a field, as evidence, observed when the source was read.
    pub fn evidence(&self, source: &SourceId, resource: &ResourceKey, field: &str, value: impl Into<Text>) -> Evidence {
        let observed_at = self.snapshot.read_at(source).unwrap_or(self.now);
        Evidence { source: source.clone(), resource: resource.clone(), field: field.into(), value: value.into(), observed_at }
    }

    /// `wanted`, unless the source's data is too old for certainty.
    pub fn confidence(&self, source: &SourceId, wanted: Confidence) -> Confidence {
        let stale = match self.snapshot.views.get(source).map(|view| &view.health) {
            Some(Health::Stale { since, .. }) => age(self.now, *since) > STALE_AFTER,
            _ => false,
        };
        if stale { wanted.min(Confidence::Likely) } else { wanted }
    }
}
